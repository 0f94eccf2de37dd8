//! JSON Pointer (RFC 6901), checked at the door.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Longest pointer accepted, in bytes of its text form.
pub const MAX_POINTER_BYTES: usize = 2048;
/// Deepest pointer accepted, in reference tokens.
pub const MAX_POINTER_DEPTH: usize = 64;

/// A valid pointer in its canonical text form: `""` is the whole document, `"/"` the member with the empty key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct JsonPointer(String);

/// Why a text is no pointer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPointer {
    /// A non-empty pointer starts with `/`.
    #[error("a JSON Pointer is empty or starts with '/'")]
    NoLeadingSlash,
    /// `~` is followed by `0` or `1` only.
    #[error("'~' in a JSON Pointer is followed by 0 or 1")]
    BadEscape,
    /// NUL cannot be stored in a key.
    #[error("a JSON Pointer holds no NUL character")]
    Nul,
    /// Longer than [`MAX_POINTER_BYTES`].
    #[error("a JSON Pointer has at most {MAX_POINTER_BYTES} bytes")]
    TooLong,
    /// More than [`MAX_POINTER_DEPTH`] tokens.
    #[error("a JSON Pointer has at most {MAX_POINTER_DEPTH} levels")]
    TooDeep,
}

impl JsonPointer {
    /// The whole document.
    pub const fn root() -> Self {
        Self(String::new())
    }

    /// Checks a pointer's text.
    ///
    /// # Errors
    /// [`InvalidPointer`] says what is wrong.
    pub fn parse(text: &str) -> Result<Self, InvalidPointer> {
        if text.is_empty() {
            return Ok(Self::root());
        }
        if text.len() > MAX_POINTER_BYTES {
            return Err(InvalidPointer::TooLong);
        }
        if !text.starts_with('/') {
            return Err(InvalidPointer::NoLeadingSlash);
        }
        if text.contains('\0') {
            return Err(InvalidPointer::Nul);
        }
        if text.bytes().filter(|byte| *byte == b'/').count() > MAX_POINTER_DEPTH {
            return Err(InvalidPointer::TooDeep);
        }
        let mut bytes = text.bytes();
        while let Some(byte) = bytes.next() {
            if byte == b'~' && !matches!(bytes.next(), Some(b'0' | b'1')) {
                return Err(InvalidPointer::BadEscape);
            }
        }
        Ok(Self(text.to_owned()))
    }

    /// As [`parse`](Self::parse), but takes the lone `"/"` for the root, as older clients write it.
    /// The flag says that this happened, so that the answer can carry a warning.
    ///
    /// # Errors
    /// [`InvalidPointer`] says what is wrong.
    pub fn parse_lenient(text: &str) -> Result<(Self, bool), InvalidPointer> {
        if text == "/" {
            return Ok((Self::root(), true));
        }
        Self::parse(text).map(|pointer| (pointer, false))
    }

    /// Builds a pointer from plain (unescaped) keys.
    ///
    /// # Errors
    /// [`InvalidPointer`] when the result is too long, too deep or holds NUL.
    pub fn from_tokens<I, S>(tokens: I) -> Result<Self, InvalidPointer>
    where
        I: IntoIterator<Item = S>,
        S: AsRef<str>,
    {
        let mut text = String::new();
        for token in tokens {
            text.push('/');
            push_escaped(&mut text, token.as_ref());
        }
        Self::parse(&text)
    }

    /// The canonical text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is the whole document.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// The plain (unescaped) keys from the root down.
    pub fn tokens(&self) -> impl Iterator<Item = String> + '_ {
        self.0.split('/').skip(1).map(unescape)
    }

    /// Number of keys.
    pub fn depth(&self) -> usize {
        self.0.bytes().filter(|byte| *byte == b'/').count()
    }

    /// This pointer and one more plain key.
    ///
    /// # Errors
    /// [`InvalidPointer`] when the result is too long, too deep or holds NUL.
    pub fn join(&self, key: &str) -> Result<Self, InvalidPointer> {
        let mut text = self.0.clone();
        text.push('/');
        push_escaped(&mut text, key);
        Self::parse(&text)
    }

    /// The container's pointer and the plain last key; `None` for the root.
    pub fn split_last(&self) -> Option<(Self, String)> {
        let cut = self.0.rfind('/')?;
        Some((Self(self.0[..cut].to_owned()), unescape(&self.0[cut + 1..])))
    }

    /// The rest of this pointer below `prefix`; `None` if it is not at or below it.
    pub fn strip_prefix(&self, prefix: &Self) -> Option<Self> {
        let rest = self.0.strip_prefix(prefix.as_str())?;
        (rest.is_empty() || rest.starts_with('/')).then(|| Self(rest.to_owned()))
    }

    /// Every pointer from the root down to and including this one.
    pub fn ancestors_and_self(&self) -> Vec<Self> {
        let mut all = vec![Self::root()];
        all.extend(self.0.match_indices('/').skip(1).map(|(cut, _)| Self(self.0[..cut].to_owned())));
        if !self.is_root() {
            all.push(self.clone());
        }
        all
    }

    /// The value at this pointer.
    pub fn resolve<'v>(&self, document: &'v Value) -> Option<&'v Value> {
        document.pointer(&self.0)
    }
}

/// Escapes one key for a pointer: `~` → `~0`, `/` → `~1`.
pub fn push_escaped(text: &mut String, token: &str) {
    for character in token.chars() {
        match character {
            '~' => text.push_str("~0"),
            '/' => text.push_str("~1"),
            other => text.push(other),
        }
    }
}

/// Undoes [`push_escaped`].
pub fn unescape(token: &str) -> String {
    token.replace("~1", "/").replace("~0", "~")
}

impl fmt::Display for JsonPointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for JsonPointer {
    type Error = InvalidPointer;
    fn try_from(text: String) -> Result<Self, InvalidPointer> {
        Self::parse(&text)
    }
}

impl From<JsonPointer> for String {
    fn from(pointer: JsonPointer) -> String {
        pointer.0
    }
}

#[cfg(test)]
#[path = "pointer_tests.rs"]
mod tests;
