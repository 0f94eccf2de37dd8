//! Names and relative paths that clients send with a file.
//!
//! They are only ever shown and used as keys inside JSON; the object store never sees them. They are checked all the
//! same, so that nobody downstream who does use one as a path is surprised.

use unicode_normalization::UnicodeNormalization;

/// Longest file name or relative path, in bytes of UTF-8.
pub const MAX_PATH_BYTES: usize = 1024;

/// Why a name or path is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidName {
    /// Nothing left of it.
    #[error("a file needs a name")]
    Empty,
    /// NUL or another control character.
    #[error("a file name holds no control characters")]
    Control,
    /// `..`, an absolute path, or a drive letter.
    #[error("a path stays inside the uploaded folder: no '..', no leading '/', no drive letter")]
    Escapes,
    /// Longer than [`MAX_PATH_BYTES`].
    #[error("a path has at most {MAX_PATH_BYTES} bytes")]
    TooLong,
}

/// Checks and normalises (NFC, `\` → `/`, no `.` parts) a relative path.
///
/// # Errors
/// [`InvalidName`] says what is wrong.
pub fn relative_path(text: &str) -> Result<String, InvalidName> {
    if text.len() > MAX_PATH_BYTES {
        return Err(InvalidName::TooLong);
    }
    if text.chars().any(char::is_control) {
        return Err(InvalidName::Control);
    }
    let text: String = text.nfc().collect::<String>().replace('\\', "/");
    let drive = text.as_bytes().get(1) == Some(&b':') && text.as_bytes()[0].is_ascii_alphabetic();
    if text.starts_with('/') || drive {
        return Err(InvalidName::Escapes);
    }
    let mut parts = Vec::new();
    for part in text.split('/') {
        match part.trim() {
            "" | "." => {}
            ".." => return Err(InvalidName::Escapes),
            _ => parts.push(part),
        }
    }
    if parts.is_empty() { Err(InvalidName::Empty) } else { Ok(parts.join("/")) }
}

/// The last part of a checked path.
pub fn base_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The name without its last extension: `a.b` for `a.b.pdf`, `.env` for `.env`.
pub fn stem(filename: &str) -> &str {
    match filename.rsplit_once('.') {
        Some((stem, _)) if !stem.is_empty() => stem,
        _ => filename,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_checked() {
        let check = |text: &str, expected: Result<&str, InvalidName>| {
            assert_eq!(relative_path(text).as_deref(), expected.as_ref().map(|path| *path), "{text:?}");
        };
        check("a/b.txt", Ok("a/b.txt"));
        check("a\\b.txt", Ok("a/b.txt"));
        check("./a//b.txt", Ok("a/b.txt"));
        check("报告.pdf", Ok("报告.pdf"));
        check("../b.txt", Err(InvalidName::Escapes));
        check("a/../../b", Err(InvalidName::Escapes));
        check("/etc/passwd", Err(InvalidName::Escapes));
        check("C:\\x", Err(InvalidName::Escapes));
        check("a\0b", Err(InvalidName::Control));
        check("", Err(InvalidName::Empty));
        check("./", Err(InvalidName::Empty));
        check(&"x".repeat(MAX_PATH_BYTES + 1), Err(InvalidName::TooLong));
    }

    #[test]
    fn stems_keep_hidden_names() {
        assert_eq!(stem("a.b.pdf"), "a.b");
        assert_eq!(stem(".env"), ".env");
        assert_eq!(stem("plain"), "plain");
    }
}
