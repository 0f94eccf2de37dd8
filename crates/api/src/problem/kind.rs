//! The kinds of problems and the one place with their HTTP status codes.

use actix_web::http::StatusCode;
use millrace_domain::ErrorKind;

/// [`ErrorKind`] and what only HTTP knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ProblemKind {
    /// The caller sent something that can never work.
    Invalid,
    /// No valid credentials came with the request.
    Unauthenticated,
    /// The caller is known but may not do this.
    Forbidden,
    /// The object does not exist, or belongs to somebody else.
    NotFound,
    /// The resource exists, the method does not.
    MethodNotAllowed,
    /// The object's present state forbids this.
    Conflict,
    /// Over a configured limit of size.
    TooLarge,
    /// The body has a media type nobody reads.
    UnsupportedMediaType,
    /// Well-formed, but not to be processed: this installation does not do it, or it contradicts an earlier request.
    Unprocessable,
    /// Over a configured limit of rate or queue length; later it may work.
    TooMany,
    /// A defect of ours.
    Internal,
    /// A dependency does not answer; later it may work.
    Unavailable,
}

impl ProblemKind {
    /// Whether the same request may succeed later unchanged.
    pub fn retryable(self) -> bool {
        matches!(self, Self::TooMany | Self::Unavailable)
    }

    /// The kind that fits a status of the framework.
    pub fn of_status(code: StatusCode) -> Self {
        const ALL: [ProblemKind; 10] = [
            ProblemKind::Unauthenticated,
            ProblemKind::Forbidden,
            ProblemKind::NotFound,
            ProblemKind::MethodNotAllowed,
            ProblemKind::Conflict,
            ProblemKind::TooLarge,
            ProblemKind::UnsupportedMediaType,
            ProblemKind::Unprocessable,
            ProblemKind::TooMany,
            ProblemKind::Unavailable,
        ];
        let otherwise = if code.is_client_error() { Self::Invalid } else { Self::Internal };
        ALL.into_iter().find(|kind| status(*kind) == code).unwrap_or(otherwise)
    }
}

impl From<ErrorKind> for ProblemKind {
    fn from(kind: ErrorKind) -> Self {
        match kind {
            ErrorKind::Invalid => Self::Invalid,
            ErrorKind::Unauthenticated => Self::Unauthenticated,
            ErrorKind::Forbidden => Self::Forbidden,
            ErrorKind::NotFound => Self::NotFound,
            ErrorKind::Conflict => Self::Conflict,
            ErrorKind::Unsupported => Self::Unprocessable,
            ErrorKind::TooLarge => Self::TooLarge,
            ErrorKind::TooMany => Self::TooMany,
            ErrorKind::Unavailable => Self::Unavailable,
            ErrorKind::Internal => Self::Internal,
        }
    }
}

/// The status of a kind.
pub fn status(kind: ProblemKind) -> StatusCode {
    match kind {
        ProblemKind::Invalid => StatusCode::BAD_REQUEST,
        ProblemKind::Unauthenticated => StatusCode::UNAUTHORIZED,
        ProblemKind::Forbidden => StatusCode::FORBIDDEN,
        ProblemKind::NotFound => StatusCode::NOT_FOUND,
        ProblemKind::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
        ProblemKind::Conflict => StatusCode::CONFLICT,
        ProblemKind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        ProblemKind::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        ProblemKind::Unprocessable => StatusCode::UNPROCESSABLE_ENTITY,
        ProblemKind::TooMany => StatusCode::TOO_MANY_REQUESTS,
        ProblemKind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        ProblemKind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
    }
}
