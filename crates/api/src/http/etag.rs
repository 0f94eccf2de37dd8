//! Weak entity tags and `If-None-Match`.

use actix_web::http::header::{HeaderMap, IF_NONE_MATCH};

/// Writes a weak tag of 64 bits.
pub fn weak(bits: u64) -> String {
    format!("W/\"{bits:016x}\"")
}

/// The tags that the client holds.
pub fn held(headers: &HeaderMap) -> impl Iterator<Item = String> + '_ {
    let lists = headers.get_all(IF_NONE_MATCH).filter_map(|value| value.to_str().ok());
    lists.flat_map(|list| list.split(',')).map(|tag| tag.trim().to_owned())
}

/// Whether one of the held tags is this one (weak comparison, RFC 9110 §13.1.2).
pub fn any_matches<'h>(mut held: impl Iterator<Item = &'h str>, tag: &str) -> bool {
    let wanted = opaque(tag);
    held.any(|candidate| candidate == "*" || opaque(candidate) == wanted)
}

/// Whether the client holds this representation already.
pub fn matches(headers: &HeaderMap, tag: &str) -> bool {
    let lists = headers.get_all(IF_NONE_MATCH).filter_map(|value| value.to_str().ok());
    any_matches(lists.flat_map(|list| list.split(',')).map(str::trim), tag)
}

fn opaque(tag: &str) -> &str {
    tag.strip_prefix("W/").unwrap_or(tag)
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    #[test]
    fn comparison_is_weak_and_reads_lists() {
        let check = |sent: &'static str, expected: bool| {
            let mut headers = HeaderMap::new();
            headers.insert(IF_NONE_MATCH, HeaderValue::from_static(sent));
            assert_eq!(matches(&headers, &weak(0xab)), expected, "{sent}");
        };
        check("W/\"00000000000000ab\"", true);
        check("\"00000000000000ab\"", true);
        check("\"x\", W/\"00000000000000ab\"", true);
        check("*", true);
        check("\"00000000000000ac\"", false);
        check("00000000000000ab", false);
        assert!(!matches(&HeaderMap::new(), &weak(1)));
    }
}
