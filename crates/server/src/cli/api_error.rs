//! What can go wrong with a request, in words for whoever typed the command.

use std::time::Duration;

use millrace_pipeline_handlers::retry_after::retry_after;
use reqwest::StatusCode;
use reqwest::header::HeaderMap;

use super::wire::{Problem, ProblemPlace};

/// How long to wait when the server says "later" but not when.
const DEFAULT_RETRY: Duration = Duration::from_secs(1);

/// Why a request has no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum ApiError {
    /// Nobody listens there.
    #[error(
        "no server answers at {base} ({cause}); start one with 'millrace serve', or name another with --server or MILLRACE_URL"
    )]
    Unreachable {
        /// Address of the server.
        base: String,
        /// Why not.
        cause: String,
    },
    /// The connection broke while a request was under way.
    #[error("the connection to {base} broke: {cause}")]
    Broken {
        /// Address of the server.
        base: String,
        /// How.
        cause: String,
    },
    /// The server said no.
    #[error("{0}")]
    Refused(Refusal),
    /// The answer is not what this server's API answers.
    #[error("the answer of {base} cannot be read; is it a Millrace server of this version?")]
    Unreadable {
        /// Address of the server.
        base: String,
        /// What is wrong.
        #[source]
        source: reqwest::Error,
    },
}

/// An answer that is no success.
#[derive(Debug)]
pub(super) struct Refusal {
    /// HTTP status.
    pub(super) status: StatusCode,
    /// Machine code; empty when something between us and the server answered.
    pub(super) code: String,
    detail: String,
    request_id: String,
    places: Vec<ProblemPlace>,
    retry_after: Option<Duration>,
}

impl Refusal {
    /// Reads an answer.
    pub(super) fn new(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Self {
        let problem: Problem = serde_json::from_slice(body).unwrap_or_default();
        let detail = [problem.detail, problem.title].into_iter().find(|text| !text.is_empty());
        Self {
            status,
            // What is wrong with the document, rather than that its trial failed.
            code: problem.failure.map(|failure| failure.code).filter(|code| !code.is_empty()).unwrap_or(problem.code),
            detail: detail.unwrap_or_else(|| format!("the server answered {status}")),
            request_id: problem.request_id,
            places: problem.errors.into_iter().filter(|place| !place.pointer.is_empty()).collect(),
            retry_after: retry_after(headers).map(Duration::from_secs),
        }
    }

    /// The text for people, without the code.
    pub(super) fn detail(&self) -> String {
        // What is wrong in other ways elsewhere is told with its own words.
        let mut reasons: Vec<(&str, Vec<&str>)> = vec![(&self.detail, Vec::new())];
        for place in &self.places {
            let reason = if place.detail.is_empty() { self.detail.as_str() } else { &place.detail };
            match reasons.iter_mut().find(|(known, _)| *known == reason) {
                Some((_, pointers)) => pointers.push(&place.pointer),
                None => reasons.push((reason, vec![&place.pointer])),
            }
        }
        let told = reasons.into_iter().map(|(reason, pointers)| match pointers.is_empty() {
            true => reason.to_owned(),
            false => format!("{reason} (at {})", pointers.join(", ")),
        });
        told.collect::<Vec<_>>().join("; ")
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.detail())?;
        if !self.code.is_empty() {
            write!(f, " [{}]", self.code)?;
        }
        match self.status {
            StatusCode::UNAUTHORIZED => {
                f.write_str("; give a key with --api-key or MILLRACE_API_KEY ('millrace keys create NAME' makes one)")
            }
            status if status.is_server_error() && !self.request_id.is_empty() => {
                write!(f, "; the server's log tells more under request {}", self.request_id)
            }
            _ => Ok(()),
        }
    }
}

impl ApiError {
    /// After which time the same request may succeed; `None` when it never will.
    pub(super) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Unreachable { .. } | Self::Broken { .. } => Some(DEFAULT_RETRY),
            Self::Unreadable { .. } => None,
            Self::Refused(refusal) => {
                let later = matches!(
                    refusal.status,
                    StatusCode::TOO_MANY_REQUESTS
                        | StatusCode::SERVICE_UNAVAILABLE
                        | StatusCode::BAD_GATEWAY
                        | StatusCode::GATEWAY_TIMEOUT
                ) || refusal.code == "idempotency_key_in_use";
                later.then(|| refusal.retry_after.unwrap_or(DEFAULT_RETRY))
            }
        }
    }

    /// Whether every further request would end the same way: wrong key, wrong address, no such project.
    pub(super) fn concerns_all(&self) -> bool {
        match self {
            Self::Refused(refusal) => {
                matches!(refusal.status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::NOT_FOUND)
                    || refusal.status.is_server_error()
            }
            Self::Unreachable { .. } | Self::Broken { .. } | Self::Unreadable { .. } => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use reqwest::header::{DATE, RETRY_AFTER};

    use super::*;

    fn refusal(status: u16, retry_after: Option<&str>, body: &str) -> Refusal {
        let mut headers = HeaderMap::new();
        if let Some(text) = retry_after {
            headers.insert(RETRY_AFTER, text.parse().unwrap());
            headers.insert(DATE, "Wed, 21 Oct 2015 07:28:00 GMT".parse().unwrap());
        }
        Refusal::new(StatusCode::from_u16(status).unwrap(), &headers, body.as_bytes())
    }

    #[test]
    fn problems_are_told_in_their_own_words() {
        let body = r#"{"title": "Invalid id", "detail": "an id is an integer", "code": "invalid_id", "errors": [{"pointer": "/project_id"}]}"#;
        for (refusal, text) in [
            (refusal(400, None, body), "an id is an integer (at /project_id) [invalid_id]"),
            (
                refusal(
                    400,
                    None,
                    r#"{"detail": "no", "code": "invalid_rule", "errors": [{"pointer": "/a", "detail": "no"}, {"pointer": "/b", "detail": "why"}, {"pointer": "/c", "detail": "no"}]}"#,
                ),
                "no (at /a, /c); why (at /b) [invalid_rule]",
            ),
            (
                refusal(
                    422,
                    None,
                    r#"{"detail": "the file is empty", "code": "rule_test_failed", "failure": {"code": "empty_file"}}"#,
                ),
                "the file is empty [empty_file]",
            ),
            (refusal(502, None, "<html>"), "the server answered 502 Bad Gateway"),
            (
                refusal(500, None, r#"{"detail": "internal error", "code": "internal", "request_id": "5f0c"}"#),
                "internal error [internal]; the server's log tells more under request 5f0c",
            ),
        ] {
            assert_eq!(refusal.to_string(), text);
        }
        assert!(refusal(401, None, "").to_string().contains("--api-key"));
    }

    #[test]
    fn only_what_may_pass_is_tried_again() {
        let in_use = r#"{"code": "idempotency_key_in_use"}"#;
        for (refusal, seconds) in [
            (refusal(429, Some("7"), ""), Some(7)),
            (refusal(503, None, ""), Some(1)),
            (refusal(503, Some("Wed, 21 Oct 2015 07:28:30 GMT"), ""), Some(30)),
            (refusal(503, Some("soon"), ""), Some(1)),
            (refusal(409, Some("2"), in_use), Some(2)),
            (refusal(409, None, r#"{"code": "in_use"}"#), None),
            (refusal(400, Some("1"), ""), None),
            (refusal(500, None, ""), None),
        ] {
            assert_eq!(ApiError::Refused(refusal).retry_after(), seconds.map(Duration::from_secs));
        }
    }
}
