//! Keyset pages with opaque tokens.
//!
//! A token holds the last id of the page and a hash of the filters it was made with, so that it cannot continue a
//! different list. It grants nothing: every read is scoped to the caller anyway.

use std::hash::{DefaultHasher, Hash, Hasher};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::problem::Problem;
use crate::state::ApiLimits;

/// The page size to use: the default when absent, the maximum when above it.
///
/// # Errors
/// `invalid_value` for 0.
pub fn limit(asked: Option<u32>, limits: &ApiLimits) -> Result<usize, Problem> {
    match asked {
        Some(0) => Err(Problem::new("invalid_value", "a limit is at least 1").at("/limit")),
        Some(count) => Ok((count as usize).min(limits.max_page_size)),
        None => Ok(limits.default_page_size),
    }
}

/// A hash of what a list was filtered by.
pub fn filter_hash(filter: &impl Hash) -> u32 {
    let mut hasher = DefaultHasher::new();
    filter.hash(&mut hasher);
    hasher.finish() as u32
}

/// Writes the token of the page after `last`.
pub fn token(last: &str, filter: u32) -> String {
    URL_SAFE_NO_PAD.encode(format!("{filter:08x}{last}"))
}

/// Reads a token back.
///
/// # Errors
/// `invalid_page_token` when it is none of ours or was made with other filters.
pub fn read_token(token: &str, filter: u32) -> Result<String, Problem> {
    let refused = || Problem::new("invalid_page_token", "the page token is not one of this list's").at("/page_token");
    let text =
        URL_SAFE_NO_PAD.decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok()).ok_or_else(refused)?;
    match text.strip_prefix(&format!("{filter:08x}")) {
        Some(last) => Ok(last.to_owned()),
        None => Err(refused()),
    }
}

/// Reads a token that holds an id.
///
/// # Errors
/// `invalid_page_token`.
pub fn read_id_token<T: std::str::FromStr>(token: Option<&str>, filter: u32) -> Result<Option<T>, Problem> {
    let Some(token) = token.filter(|token| !token.is_empty()) else { return Ok(None) };
    let last = read_token(token, filter)?;
    match last.parse() {
        Ok(id) => Ok(Some(id)),
        Err(_) => Err(Problem::new("invalid_page_token", "the page token is not one of ours").at("/page_token")),
    }
}

#[cfg(test)]
mod tests {
    use millrace_domain::TaskId;

    use super::*;

    #[test]
    fn tokens_belong_to_their_filter() {
        let token = token("42", filter_hash(&"failed"));
        let read = |text: &str, filter: &str| read_id_token::<TaskId>(Some(text), filter_hash(&filter));
        assert_eq!(read(&token, "failed").expect("readable").map(TaskId::get), Some(42));
        assert!(read(&token, "completed").is_err());
        assert!(read("!!", "failed").is_err());
        assert!(read(&self::token("x", filter_hash(&"failed")), "failed").is_err());
        assert!(read("", "failed").expect("no token").is_none());
    }
}
