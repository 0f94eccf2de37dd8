//! The id that ties a request, its log lines and its problem together.

use actix_web::http::header::{HeaderMap, HeaderValue};
use rand::RngCore;

/// Header that carries the id both ways.
pub const REQUEST_ID: &str = "x-request-id";
/// Longest id that is taken from a client.
const MAX_LENGTH: usize = 128;

/// The client's id if it is 1 to 128 printable ASCII characters, else a new one.
pub fn of(headers: &HeaderMap) -> HeaderValue {
    match headers.get(REQUEST_ID) {
        Some(value) if is_acceptable(value.as_bytes()) => value.clone(),
        _ => generate(),
    }
}

fn is_acceptable(bytes: &[u8]) -> bool {
    (1..=MAX_LENGTH).contains(&bytes.len()) && bytes.iter().all(u8::is_ascii_graphic)
}

/// 64 random bits in hex: enough to find one request in a log.
fn generate() -> HeaderValue {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let bits = rand::rng().next_u64();
    let text: [u8; 16] = std::array::from_fn(|at| HEX[(bits >> (60 - 4 * at)) as usize & 15]);
    HeaderValue::from_bytes(&text).unwrap_or_else(|_| HeaderValue::from_static("0000000000000000"))
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderName;

    use super::*;

    fn of_text(text: &'static [u8]) -> String {
        let mut headers = HeaderMap::new();
        headers.insert(HeaderName::from_static(REQUEST_ID), HeaderValue::from_bytes(text).expect("a header value"));
        of(&headers).to_str().expect("ASCII").to_owned()
    }

    #[test]
    fn good_ids_are_kept_and_others_replaced() {
        assert_eq!(of_text(b"abc-123"), "abc-123");
        assert_eq!(of_text(b"with space").len(), 16);
        assert_eq!(of_text(b"\xc3\xa4").len(), 16);
        assert_eq!(of_text(&[b'x'; 129]).len(), 16);
        assert_eq!(of_text(b"").len(), 16);
        assert_ne!(of(&HeaderMap::new()), of(&HeaderMap::new()));
    }
}
