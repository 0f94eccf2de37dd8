//! The closed set of error kinds and the one error type that use cases return.

use std::fmt;

/// What kind of thing went wrong; the HTTP layer maps each kind to one status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The caller sent something that can never work.
    Invalid,
    /// No valid credentials came with the request.
    Unauthenticated,
    /// The caller is known but may not do this.
    Forbidden,
    /// The object does not exist, or belongs to somebody else.
    NotFound,
    /// The object's present state forbids this.
    Conflict,
    /// Well-formed, but this installation does not do it.
    Unsupported,
    /// Over a configured limit of size.
    TooLarge,
    /// Over a configured limit of rate or queue length; later it may work.
    TooMany,
    /// A dependency does not answer; later it may work.
    Unavailable,
    /// A defect of ours.
    Internal,
}

/// An error with a stable machine code and a text for people outside.
///
/// `message` may be shown to the caller. What only the log may see goes into `source`.
#[derive(Debug)]
pub struct Fault {
    /// The kind, which decides the HTTP status.
    pub kind: ErrorKind,
    /// Stable machine code in `snake_case`, from the catalogue of the API layer.
    pub code: &'static str,
    /// Text for the caller: lowercase, no full stop, nothing internal.
    pub message: String,
    /// JSON Pointer into the request where the cause is known.
    pub pointer: Option<String>,
    /// The cause, for the log.
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Fault {
    /// A fault without a cause.
    pub fn new(kind: ErrorKind, code: &'static str, message: impl Into<String>) -> Self {
        Self { kind, code, message: message.into(), pointer: None, source: None }
    }

    /// [`ErrorKind::Invalid`] with a code.
    pub fn invalid(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Invalid, code, message)
    }

    /// [`ErrorKind::NotFound`], code `<noun>_not_found`.
    pub fn not_found(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(ErrorKind::NotFound, code, message)
    }

    /// [`ErrorKind::Conflict`] with a code.
    pub fn conflict(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Conflict, code, message)
    }

    /// [`ErrorKind::Internal`]; the caller sees only "internal error".
    pub fn internal(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::new(ErrorKind::Internal, "internal", "internal error").caused_by(source)
    }

    /// [`ErrorKind::Unavailable`], code `unavailable`.
    pub fn unavailable(
        message: impl Into<String>,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self::new(ErrorKind::Unavailable, "unavailable", message).caused_by(source)
    }

    /// Names the place in the request body or query, as a JSON Pointer.
    #[must_use]
    pub fn at(mut self, pointer: impl Into<String>) -> Self {
        self.pointer = Some(pointer.into());
        self
    }

    /// Attaches the cause for the log.
    #[must_use]
    pub fn caused_by(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Whether the same request may succeed later unchanged.
    pub fn retryable(&self) -> bool {
        matches!(self.kind, ErrorKind::TooMany | ErrorKind::Unavailable)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Fault {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_ref().map(|cause| &**cause as &(dyn std::error::Error + 'static))
    }
}
