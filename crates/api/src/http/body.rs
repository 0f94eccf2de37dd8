//! JSON bodies: read with a limit, refused with a code and a pointer.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap};
use actix_web::{FromRequest, HttpRequest, web};
use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{every_place, read_error};
use crate::problem::Problem;
use crate::state::Api;

/// A JSON body, and its bytes for the fingerprint of an idempotent request.
#[derive(Debug)]
pub struct JsonBody<T> {
    /// What was read.
    pub value: T,
    /// The body as it came.
    pub bytes: Bytes,
}

type Extraction<T> = Pin<Box<dyn Future<Output = Result<T, Problem>>>>;

impl<T: DeserializeOwned + 'static> FromRequest for JsonBody<T> {
    type Error = Problem;
    type Future = Extraction<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let incoming = Incoming::new(request, payload);
        Box::pin(async move {
            let bytes = incoming.typed().await?;
            let value = parse_object(&bytes)?;
            Ok(Self { value, bytes })
        })
    }
}

/// A JSON body that may be absent, which means the default.
#[derive(Debug)]
pub struct OptionalJsonBody<T>(pub JsonBody<T>);

impl<T: DeserializeOwned + Default + 'static> FromRequest for OptionalJsonBody<T> {
    type Error = Problem;
    type Future = Extraction<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let incoming = Incoming::new(request, payload);
        Box::pin(async move {
            let checked = incoming.checked_type.clone();
            let bytes = incoming.untyped().await?;
            if bytes.is_empty() {
                return Ok(Self(JsonBody { value: T::default(), bytes }));
            }
            checked.map_err(not_json)?;
            let value = parse_object(&bytes)?;
            Ok(Self(JsonBody { value, bytes }))
        })
    }
}

/// Any JSON value as a body.
#[derive(Debug)]
pub struct AnyJsonBody(pub Value);

impl FromRequest for AnyJsonBody {
    type Error = Problem;
    type Future = Extraction<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let incoming = Incoming::new(request, payload);
        Box::pin(async move { Ok(Self(parse(&incoming.typed().await?)?)) })
    }
}

/// A body that is about to be read.
struct Incoming {
    checked_type: Result<(), WrongType>,
    declared: Option<u64>,
    limit: usize,
    payload: Payload,
}

#[derive(Clone)]
struct WrongType;

fn not_json(_: WrongType) -> Problem {
    Problem::new("unsupported_media_type", "the body must be application/json")
}

impl Incoming {
    fn new(request: &HttpRequest, payload: &mut Payload) -> Self {
        Self {
            checked_type: check_content_type(request.headers()),
            declared: content_length(request.headers()),
            limit: request.app_data::<web::Data<Api>>().map_or(0, |api| api.limits().max_json_bytes),
            payload: payload.take(),
        }
    }

    async fn typed(self) -> Result<Bytes, Problem> {
        self.checked_type.clone().map_err(not_json)?;
        self.untyped().await
    }

    async fn untyped(self) -> Result<Bytes, Problem> {
        read(self.payload, self.declared, self.limit).await
    }
}

/// Reads a JSON object. The reader of a struct would take an array of its fields as well; a client means something else.
pub fn parse_object<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
    if matches!(first, Some(b'{') | None) {
        return parse(bytes);
    }
    // A body that is no JSON at all is told so.
    parse::<serde::de::IgnoredAny>(bytes)?;
    Err(Problem::new("invalid_value", "the body must be a JSON object").at(""))
}

/// Reads JSON, refusing trailing bytes.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        if error.inner().is_data() {
            with_all_places::<T>(read_error::explain(&error.inner().to_string(), error.path()), bytes)
        } else {
            Problem::new("invalid_json", error.inner().to_string())
        }
    })?;
    reader.end().map_err(|error| Problem::new("invalid_json", error.to_string()))?;
    Ok(value)
}

/// Adds the other places of a body that cannot be read as it should.
fn with_all_places<T: DeserializeOwned>(first: Problem, bytes: &[u8]) -> Problem {
    if bytes.len() > every_place::LARGEST {
        return first;
    }
    let Ok(document) = serde_json::from_slice::<Value>(bytes) else { return first };
    every_place::collect(first, document, |document| match serde_path_to_error::deserialize::<_, T>(document) {
        Ok(_) => Ok(()),
        Err(error) => Err(read_error::explain(&error.inner().to_string(), error.path())),
    })
}

/// A missing Content-Type is taken for JSON; any other type is refused.
fn check_content_type(headers: &HeaderMap) -> Result<(), WrongType> {
    let Some(value) = headers.get(CONTENT_TYPE) else { return Ok(()) };
    let essence = value.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim();
    let subtype = essence.split_once('/').filter(|(main, _)| main.eq_ignore_ascii_case("application"));
    match subtype {
        Some((_, subtype)) if subtype.eq_ignore_ascii_case("json") || subtype.ends_with("+json") => Ok(()),
        _ => Err(WrongType),
    }
}

/// The declared length, if any.
pub fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

async fn read(mut payload: Payload, declared: Option<u64>, limit: usize) -> Result<Bytes, Problem> {
    let too_large = || Problem::new("request_too_large", format!("a JSON body has at most {limit} bytes"));
    if declared.is_some_and(|length| length > limit as u64) {
        return Err(too_large());
    }
    let mut body = BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|error| payload_problem(&error))?;
        if body.len() + chunk.len() > limit {
            return Err(too_large());
        }
        // Small bodies come in one piece; then nothing is copied.
        if body.is_empty() && declared == Some(chunk.len() as u64) {
            return Ok(chunk);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

/// Why a body could not be read to its end.
pub fn payload_problem(error: &PayloadError) -> Problem {
    match error {
        PayloadError::Overflow => Problem::new("request_too_large", "the body is too large"),
        PayloadError::UnknownLength => Problem::new("invalid", "the body's length is not known"),
        _ => Problem::new("invalid", "the body ended too early or is malformed"),
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Outer {
        #[serde(rename = "a")]
        _a: i32,
        #[serde(default, rename = "inner")]
        _inner: Option<Inner>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        #[serde(rename = "b")]
        _b: bool,
    }

    fn check(body: &str, code: &str, pointer: Option<&str>) {
        let problem = parse_object::<Outer>(body.as_bytes()).expect_err(body);
        assert_eq!(problem.code(), code, "{body}");
        assert_eq!(problem.pointers().first().copied(), pointer, "{body}");
    }

    #[test]
    fn refusals_name_code_and_place() {
        check("", "invalid_json", None);
        check("{", "invalid_json", None);
        check(r#"{"a":1} x"#, "invalid_json", None);
        check(&"[".repeat(1000), "invalid_json", None);
        check("[1]", "invalid_value", Some(""));
        check("\"a\"", "invalid_value", Some(""));
        assert_eq!(parse::<Value>("[".repeat(1000).as_bytes()).expect_err("too deep").code(), "invalid_json");
        check(r#"{"a":1,"z":2}"#, "unknown_field", Some("/z"));
        check(r#"{}"#, "missing_field", Some("/a"));
        check(r#"{"a":"x"}"#, "invalid_value", Some("/a"));
        check(r#"{"a":1,"a":2}"#, "invalid_value", Some("/a"));
        check(r#"{"a":1,"inner":{"b":1}}"#, "invalid_value", Some("/inner/b"));
        check(r#"{"a":1,"inner":{"c/d":1}}"#, "unknown_field", Some("/inner/c~1d"));
        check(r#"{"a":1,"inner":{}}"#, "missing_field", Some("/inner/b"));
        assert!(parse::<Outer>(br#" {"a":1} "#).is_ok());
    }

    #[test]
    fn every_place_is_told() {
        let places = |body: &str| {
            let problem = parse_object::<Outer>(body.as_bytes()).expect_err(body);
            problem.pointers().into_iter().map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(places(r#"{"a":"x","z":2,"inner":{"b":1,"c":0}}"#), ["/a", "/z", "/inner/b", "/inner/c"]);
        assert_eq!(places(r#"{"inner":{}}"#), ["/inner/b", "/a"]);
        assert_eq!(places(r#"{"a":1,"a":2,"z":1}"#), ["/a", "/z"], "given twice");
        // Nothing but an object fits, and its members are not told as if they had been sent.
        assert_eq!(places(r#"{"a":1,"inner":7,"z":1}"#), ["/inner", "/z"]);
        let many: String = (0..100).map(|n| format!(r#""u{n}":0,"#)).collect();
        assert_eq!(places(&format!(r#"{{{many}"a":1}}"#)).len(), 20);
        let large = format!(r#"{{"a":"{}","z":1}}"#, "x".repeat(every_place::LARGEST));
        assert_eq!(places(&large), ["/a"]);
    }

    #[test]
    fn only_json_is_read() {
        let check = |value: &'static str, good: bool| {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, actix_web::http::header::HeaderValue::from_static(value));
            assert_eq!(check_content_type(&headers).is_ok(), good, "{value}");
        };
        check("application/json", true);
        check("Application/JSON; charset=utf-8", true);
        check("application/merge-patch+json", true);
        check("text/plain", false);
        check("application/x-www-form-urlencoded", false);
        assert!(check_content_type(&HeaderMap::new()).is_ok());
    }
}
