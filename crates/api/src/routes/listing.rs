//! Keyset lists that are filtered by little or nothing.

use std::fmt::Display;
use std::str::FromStr;

use millrace_repository::Page;

use crate::http::page;
use crate::problem::{Problem, all};
use crate::state::ApiLimits;
use crate::wire::{Listing, PageQuery};

/// One row more than the page holds is asked for, to know whether there is a next page.
pub struct Plan<Id> {
    filter: u32,
    limit: usize,
    /// The page to ask the store for.
    pub page: Page<Id>,
}

/// Reads the parameters. `filter` is [`page::filter_hash`] of what else the list is filtered by.
///
/// # Errors
/// `invalid_value`, `invalid_page_token`.
pub fn plan<Id: FromStr>(query: &PageQuery, filter: u32, limits: &ApiLimits) -> Result<Plan<Id>, Problem> {
    let limit = page::limit(query.limit, limits);
    let (limit, before) = all((limit, page::read_id_token(query.page_token.as_deref(), filter)))?;
    Ok(Plan { filter, limit, page: Page { before, limit: limit + 1 } })
}

impl<Id> Plan<Id> {
    /// Cuts the rows to the page and makes the token of the next.
    pub fn finish<R, W, I: Display>(
        &self,
        mut rows: Vec<R>,
        id: impl Fn(&R) -> I,
        convert: impl Fn(&R) -> W,
    ) -> Listing<W> {
        let more = rows.len() > self.limit;
        rows.truncate(self.limit);
        let last = rows.last().filter(|_| more);
        let next_page_token = last.map(|row| page::token(&id(row).to_string(), self.filter));
        Listing { items: rows.iter().map(convert).collect(), next_page_token }
    }
}
