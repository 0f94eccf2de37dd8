//! The loopback installation answers without credentials, so a web page of another site must not reach it.

use actix_web::http::header::{HOST, HeaderMap, ORIGIN};
use millrace_domain::{ErrorKind, Fault};

/// Refuses what a browser sends for another site: a foreign `Origin`, or (after DNS rebinding) a `Host` that is no name
/// of this machine's loopback.
///
/// # Errors
/// `forbidden`.
pub fn check_origin(headers: &HeaderMap) -> Result<(), Fault> {
    let refused = || {
        Err(Fault::new(
            ErrorKind::Forbidden,
            "forbidden",
            "without credentials, only this machine is served: configure an API key or an issuer",
        ))
    };
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    if text(HOST).is_some_and(|host| !is_loopback(host)) {
        return refused();
    }
    match text(ORIGIN) {
        None => Ok(()),
        Some(origin) => match origin.split_once("://") {
            Some((_, host)) if is_loopback(host) => Ok(()),
            _ => refused(),
        },
    }
}

fn is_loopback(authority: &str) -> bool {
    let host = match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    #[test]
    fn other_sites_are_refused() {
        let check = |host: &'static str, origin: Option<&'static str>, good: bool| {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, HeaderValue::from_static(host));
            if let Some(origin) = origin {
                headers.insert(ORIGIN, HeaderValue::from_static(origin));
            }
            assert_eq!(check_origin(&headers).is_ok(), good, "{host} {origin:?}");
        };
        check("localhost:8080", None, true);
        check("127.0.0.1:8080", Some("http://127.0.0.1:8080"), true);
        check("[::1]:8080", Some("http://localhost:3000"), true);
        check("evil.example", None, false);
        check("localhost.evil.example:8080", None, false);
        check("localhost:8080", Some("https://evil.example"), false);
        check("localhost:8080", Some("null"), false);
        assert!(check_origin(&HeaderMap::new()).is_ok());
    }
}
