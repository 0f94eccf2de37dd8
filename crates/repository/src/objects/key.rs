//! Which texts may be keys. One rule for every store, checked before any back end sees the key.

use millrace_domain::ports::ObjectError;

/// Longest key in bytes; S3's own limit.
const MAX_KEY: usize = 1024;
/// Longest segment in bytes; the limit of the usual file systems.
const MAX_SEGMENT: usize = 255;

/// Checks a key: relative segments of ASCII letters, digits, `.`, `_`, `-` and `=`, none of which starts with a dot.
///
/// Narrow on purpose. Keys are made of ids, and within this alphabet a file path, an S3 key and a URL path are the same
/// text, so no store has to encode anything and no key can reach outside its prefix or into `.staging`.
///
/// # Errors
/// [`ObjectError::InvalidKey`].
pub(super) fn check_key(key: &str) -> Result<(), ObjectError> {
    if key.len() <= MAX_KEY && key.split('/').all(is_segment) {
        Ok(())
    } else {
        Err(ObjectError::InvalidKey(key.to_owned()))
    }
}

/// The folder that a listing starts from: the prefix without its trailing slash, `""` for everything.
///
/// # Errors
/// [`ObjectError::InvalidKey`].
pub(super) fn check_prefix(prefix: &str) -> Result<&str, ObjectError> {
    let folder = prefix.strip_suffix('/').unwrap_or(prefix);
    if !folder.is_empty() {
        check_key(folder).map_err(|_not_a_folder| ObjectError::InvalidKey(prefix.to_owned()))?;
    } else if !prefix.is_empty() {
        return Err(ObjectError::InvalidKey(prefix.to_owned()));
    }
    Ok(folder)
}

fn is_segment(segment: &str) -> bool {
    !segment.is_empty()
        && segment.len() <= MAX_SEGMENT
        && !segment.starts_with('.')
        && segment.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-=".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_relative_keys_pass() {
        for good in ["a", "users/1/raw/2/3.pdf", "users/1/processed/2/9-4.json", "exports/a_b=c/x.tar.gz"] {
            assert!(check_key(good).is_ok(), "{good}");
        }
        for bad in
            ["", "/a", "a/", "a//b", ".", "..", "a/../b", "a/./b", ".staging/x", "a\0b", "a\\b", "a b", "é", "%2e"]
        {
            assert!(matches!(check_key(bad), Err(ObjectError::InvalidKey(key)) if key == bad), "{bad:?}");
        }
        assert!(check_key(&"a".repeat(MAX_SEGMENT + 1)).is_err());
        assert!(check_key(&vec!["a".repeat(200); 6].join("/")).is_err());
    }

    #[test]
    fn a_prefix_is_a_folder() {
        assert_eq!(check_prefix("").ok(), Some(""));
        assert_eq!(check_prefix("users/1/").ok(), Some("users/1"));
        assert_eq!(check_prefix("users/1").ok(), Some("users/1"));
        for bad in ["/", "../", "/users", "users//"] {
            assert!(check_prefix(bad).is_err(), "{bad}");
        }
    }
}
