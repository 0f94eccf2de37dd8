//! Downloads: never shown inline, never run.

use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, HeaderName, HeaderValue};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Characters that RFC 5987 lets stand in an extended value.
const EXTENDED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'.').remove(b'-').remove(b'_').remove(b'~');

/// The headers of a download that is saved under `filename` (RFC 6266, with an ASCII fallback).
pub fn headers(filename: &str) -> [(HeaderName, HeaderValue); 2] {
    let fallback: String =
        filename
            .chars()
            .map(|char| {
                if char.is_ascii_graphic() && !matches!(char, '"' | '\\' | '%' | '/') || char == ' ' {
                    char
                } else {
                    '_'
                }
            })
            .collect();
    let extended = utf8_percent_encode(filename, EXTENDED);
    let disposition = format!("attachment; filename=\"{fallback}\"; filename*=UTF-8''{extended}");
    [
        (
            CONTENT_DISPOSITION,
            HeaderValue::from_str(&disposition).unwrap_or_else(|_| HeaderValue::from_static("attachment")),
        ),
        (CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox; default-src 'none'")),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_any_language_are_safe() {
        let check = |name: &str, expected: &str| {
            assert_eq!(headers(name)[0].1.to_str().expect("ASCII"), expected);
        };
        check("a b.json", "attachment; filename=\"a b.json\"; filename*=UTF-8''a%20b.json");
        check("报告.json", "attachment; filename=\"__.json\"; filename*=UTF-8''%E6%8A%A5%E5%91%8A.json");
        check("x\"\r\n.json", "attachment; filename=\"x___.json\"; filename*=UTF-8''x%22%0D%0A.json");
    }
}
