//! Query strings: unknown parameters are refused, lists may be repeated or comma-separated.

use std::borrow::Cow;
use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use serde::de::DeserializeOwned;

use super::{every_place, read_error};
use crate::problem::Problem;

/// The parameters of one operation.
pub trait QueryParameters: DeserializeOwned + 'static {
    /// Names of the parameters that are lists; `a=1&a=2` reads like `a=1,2`.
    const LISTS: &'static [&'static str] = &[];
}

/// The query string of a request.
#[derive(Debug)]
pub struct QueryOf<T>(pub T);

/// For operations without parameters: any is refused.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

impl QueryParameters for Nothing {}

/// No query string.
pub type NoQuery = QueryOf<Nothing>;

impl<T: QueryParameters> FromRequest for QueryOf<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(parse(request.query_string()).map(Self))
    }
}

/// Reads a query string.
pub fn parse<T: QueryParameters>(query: &str) -> Result<T, Problem> {
    let query = merge_lists(query, T::LISTS);
    read(&query).map_err(|first| {
        if query.len() > every_place::LARGEST {
            return first;
        }
        let pairs: Vec<(String, String)> = form_pairs(&query).into_owned().collect();
        every_place::collect(first, pairs, |pairs| {
            let text = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
            read::<T>(&text).map(|_| ())
        })
    })
}

fn read<T: QueryParameters>(query: &str) -> Result<T, Problem> {
    let pairs = serde_urlencoded::Deserializer::new(form_pairs(query));
    serde_path_to_error::deserialize(pairs)
        .map_err(|error| read_error::explain(&error.inner().to_string(), error.path()))
}

fn form_pairs(query: &str) -> form_urlencoded::Parse<'_> {
    form_urlencoded::parse(query.as_bytes())
}

/// Joins the values of repeated list parameters with commas.
fn merge_lists<'q>(query: &'q str, lists: &[&str]) -> Cow<'q, str> {
    let repeated = |name: &&&str| form_pairs(query).filter(|(key, _)| key == **name).count() > 1;
    if lists.is_empty() || !lists.iter().any(|name| repeated(&name)) {
        return Cow::Borrowed(query);
    }
    let mut merged: Vec<(Cow<'_, str>, String)> = Vec::new();
    for (key, value) in form_pairs(query) {
        match merged.iter_mut().find(|(known, _)| *known == key && lists.contains(&key.as_ref())) {
            Some((_, values)) => {
                values.push(',');
                values.push_str(&value);
            }
            None => merged.push((key, value.into_owned())),
        }
    }
    Cow::Owned(form_urlencoded::Serializer::new(String::new()).extend_pairs(merged).finish())
}

/// The parts of a comma-separated list, without empty ones.
pub fn parts(text: Option<&str>) -> impl Iterator<Item = &str> {
    text.unwrap_or_default().split(',').map(str::trim).filter(|part| !part.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Listing {
        limit: Option<u32>,
        status: Option<String>,
    }

    impl QueryParameters for Listing {
        const LISTS: &'static [&'static str] = &["status"];
    }

    #[test]
    fn lists_may_be_repeated() {
        let read = parse::<Listing>("status=a&limit=5&status=b%2Cc").expect("readable");
        assert_eq!(read, Listing { limit: Some(5), status: Some("a,b,c".into()) });
        assert_eq!(parts(read.status.as_deref()).collect::<Vec<_>>(), ["a", "b", "c"]);
        assert_eq!(parse::<Listing>("").expect("readable"), Listing { limit: None, status: None });
    }

    #[test]
    fn refusals_name_code_and_place() {
        let check = |query: &str, code: &str, pointer: &str| {
            let problem = parse::<Listing>(query).expect_err(query);
            assert_eq!((problem.code(), problem.pointers()), (code, vec![pointer]), "{query}");
        };
        check("offset=1", "unknown_field", "/offset");
        check("limit=x", "invalid_value", "/limit");
        check("limit=-1", "invalid_value", "/limit");
        check("limit=1&limit=2", "invalid_value", "/limit");
        let problem = parse::<Listing>("limit=x&offset=1&status=a&page=2").expect_err("three");
        assert_eq!(problem.pointers(), ["/limit", "/offset", "/page"]);
        let problem = parse::<Nothing>("a=1").expect_err("no parameters");
        assert_eq!(problem.code(), "unknown_field");
    }
}
