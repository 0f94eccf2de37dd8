//! RFC 9457 problem details: the body of every answer that is not a success.

mod catalogue;
mod joined;
mod kind;
mod markdown;

use std::borrow::Cow;
use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header::{
    ALLOW, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS,
};
use actix_web::{HttpResponse, ResponseError};
use millrace_domain::rule_test::TraceStep;
use millrace_domain::{Fault, TaskFailure};
use millrace_repository::RepositoryError;
use serde::Serialize;

pub use catalogue::{CATALOGUE, CatalogueEntry, entry};
pub use joined::all;
pub use kind::{ProblemKind, status};
pub use markdown::errors_markdown;

use crate::http::request_id::REQUEST_ID;
use crate::wire::failure::{ErrorBody, TraceBody};

/// Media type of a problem.
pub const PROBLEM_JSON: &str = "application/problem+json";

/// One cause inside the request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(example = json!({"pointer": "/project_id", "code": "invalid_id", "detail": "an id is an integer between 1 and 9007199254740991"}))]
pub struct FieldError {
    /// JSON Pointer (RFC 6901) into the request body, or `/name` of a query or form field.
    pub pointer: String,
    /// Machine code, from the same catalogue as the problem's own.
    pub code: Cow<'static, str>,
    /// Text for people.
    pub detail: String,
}

/// An answer that is not a success.
///
/// Built from a [`Fault`] or from a code of the catalogue; rendered once, at the edge, where the request id is known.
#[derive(Debug)]
pub struct Problem {
    entry: &'static CatalogueEntry,
    about: Box<About>,
}

/// What is particular to this occurrence. Boxed, since every result of a handler has room for it.
#[derive(Debug, Default)]
struct About {
    detail: String,
    errors: Vec<FieldError>,
    retry_after_seconds: Option<u64>,
    allow: Option<String>,
    failure: Option<TaskFailure>,
    trace: Vec<TraceStep>,
    request_id: Option<HeaderValue>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Problem {
    /// A problem with a code of the catalogue.
    pub fn new(code: &str, detail: impl Into<String>) -> Self {
        let entry = entry(code).unwrap_or_else(|| {
            tracing::error!(problem.code = code, "an error code is missing from the catalogue");
            catalogue::internal()
        });
        Self::of_entry(entry, detail.into())
    }

    /// The problem for an error of the framework, of which only the status and a text are known.
    pub fn of_status(code: StatusCode, text: &str) -> Self {
        let entry = catalogue::generic(ProblemKind::of_status(code));
        if entry.kind == ProblemKind::Internal {
            tracing::error!(error = text, "request failed");
            return Self::of_entry(entry, "internal error".to_owned());
        }
        let detail = if text.is_empty() { entry.title } else { text };
        Self::of_entry(entry, detail.to_lowercase())
    }

    fn of_entry(entry: &'static CatalogueEntry, detail: String) -> Self {
        Self { entry, about: Box::new(About { detail, ..About::default() }) }
    }

    /// Names the place in the request.
    #[must_use]
    pub fn at(mut self, pointer: impl Into<String>) -> Self {
        self.about.errors.push(FieldError {
            pointer: pointer.into(),
            code: Cow::Borrowed(self.entry.code),
            detail: self.about.detail.clone(),
        });
        self
    }

    /// Moves the places in the request below a pointer: what was read stands inside something else.
    #[must_use]
    pub fn below(mut self, pointer: &str) -> Self {
        if self.about.errors.is_empty() {
            return self.at(pointer);
        }
        for error in &mut self.about.errors {
            error.pointer.insert_str(0, pointer);
        }
        self
    }

    /// Says when to try again (`Retry-After`).
    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.about.retry_after_seconds = Some(seconds);
        self
    }

    /// Names what a task would have failed with, which also says whether to try again.
    #[must_use]
    pub fn caused_by_task(mut self, failure: TaskFailure) -> Self {
        self.about.retry_after_seconds = failure.retry_after_seconds;
        self.about.failure = Some(failure);
        self
    }

    /// Tells the steps of a trial that led there.
    #[must_use]
    pub fn after(mut self, trace: Vec<TraceStep>) -> Self {
        self.about.trace = trace;
        self
    }

    /// Adds the places of another problem with the same request.
    #[must_use]
    pub fn with_places_of(mut self, other: Self) -> Self {
        self.about.errors.extend(other.about.errors);
        self
    }

    /// The methods of a resource (`Allow`).
    #[must_use]
    pub fn allow(mut self, methods: String) -> Self {
        self.about.allow = Some(methods);
        self
    }

    /// For an answer that is made where the request is not at hand any more.
    #[must_use]
    pub fn with_request_id(mut self, id: HeaderValue) -> Self {
        self.about.request_id = Some(id);
        self
    }

    /// The places in the request.
    pub fn pointers(&self) -> Vec<&str> {
        self.about.errors.iter().map(|error| error.pointer.as_str()).collect()
    }

    /// The kind, which decides the status.
    pub fn kind(&self) -> ProblemKind {
        self.entry.kind
    }

    /// The machine code.
    pub fn code(&self) -> &'static str {
        self.entry.code
    }

    /// Text for the caller.
    pub fn detail(&self) -> &str {
        &self.about.detail
    }

    /// Writes the cause to the log, once, where the request is answered.
    pub fn log(&self, request_id: &HeaderValue) {
        if let Some(source) = &self.about.source {
            let mut chain = source.to_string();
            let mut cause = source.source();
            while let Some(next) = cause {
                chain.push_str(": ");
                chain.push_str(&next.to_string());
                cause = next.source();
            }
            let request_id = request_id.to_str().unwrap_or_default();
            tracing::error!(request.id = request_id, problem.code = self.entry.code, error = chain, "request failed");
        }
    }
}

/// The wire form.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Problem, example = json!({
    "type": "/problems/task_not_found", "title": "Task not found", "status": 404, "detail": "no such task",
    "code": "task_not_found", "request_id": "5f0c1a2b3c4d5e6f", "retryable": false, "errors": []
}))]
pub struct ProblemBody<'a> {
    /// Relative URI of the problem type: `/problems/<code>`.
    #[serde(rename = "type")]
    pub type_uri: String,
    /// Short text, the same for every occurrence.
    pub title: &'a str,
    /// HTTP status, repeated.
    pub status: u16,
    /// What happened this time.
    pub detail: &'a str,
    /// Stable machine code.
    pub code: &'a str,
    /// Id of the request; quote it when asking for help.
    pub request_id: &'a str,
    /// Whether the same request may succeed later unchanged.
    pub retryable: bool,
    /// The places in the request that caused it, where known.
    pub errors: &'a [FieldError],
    /// What the task would have failed with; in answers to trials of rules alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<ErrorBody<'a>>,
    /// What was done before it failed, in order; in answers to trials of rules alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace: Option<Vec<TraceBody>>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.entry.code, self.about.detail)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        status(self.entry.kind)
    }

    /// The layer at the edge renders again with the request's id; this is for answers made outside of it.
    fn error_response(&self) -> HttpResponse {
        self.render(self.about.request_id.as_ref().unwrap_or(&HeaderValue::from_static("")))
    }
}

impl Problem {
    /// The answer.
    pub fn render(&self, request_id: &HeaderValue) -> HttpResponse {
        let status = self.status_code();
        let body = ProblemBody {
            type_uri: format!("/problems/{}", self.entry.code),
            title: self.entry.title,
            status: status.as_u16(),
            detail: &self.about.detail,
            code: self.entry.code,
            request_id: request_id.to_str().unwrap_or_default(),
            retryable: match &self.about.failure {
                Some(failure) => failure.retryable,
                None => self.entry.kind.retryable(),
            },
            errors: &self.about.errors,
            failure: self.about.failure.as_ref().map(ErrorBody::from),
            trace: (!self.about.trace.is_empty())
                .then(|| self.about.trace.iter().cloned().map(TraceBody::from).collect()),
        };
        let body = serde_json::to_vec(&body).unwrap_or_default();
        let mut response = HttpResponse::build(status);
        response.insert_header((CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON)));
        response.insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"));
        response.insert_header((REQUEST_ID, request_id.clone()));
        for (name, value) in self.extra_headers() {
            response.insert_header((name, value));
        }
        response.body(body)
    }

    fn extra_headers(&self) -> Vec<(HeaderName, String)> {
        let mut headers = Vec::new();
        let retry_after = self.about.retry_after_seconds.or_else(|| self.entry.kind.retryable().then_some(1));
        if let Some(seconds) = retry_after {
            headers.push((RETRY_AFTER, seconds.to_string()));
        }
        if let Some(methods) = &self.about.allow {
            headers.push((ALLOW, methods.clone()));
        }
        if self.entry.kind == ProblemKind::Unauthenticated {
            headers.push((WWW_AUTHENTICATE, self.challenge()));
        }
        headers
    }

    /// RFC 6750: no error code when no credentials came.
    fn challenge(&self) -> String {
        match self.entry.code {
            "missing_credentials" => "Bearer realm=\"millrace\"".to_owned(),
            _ => "Bearer realm=\"millrace\", error=\"invalid_token\"".to_owned(),
        }
    }
}

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        let known = entry(fault.code);
        if known.is_none() {
            tracing::error!(problem.code = fault.code, "an error code is missing from the catalogue");
        }
        let entry = known.unwrap_or_else(|| catalogue::generic(fault.kind.into()));
        // What went wrong inside is for the log alone.
        let detail = if entry.kind == ProblemKind::Internal { "internal error".to_owned() } else { fault.message };
        let mut problem = Self::of_entry(entry, detail);
        problem.about.source = fault.source;
        if let Some(pointer) = fault.pointer {
            problem = problem.at(pointer);
        }
        problem
    }
}

impl From<RepositoryError> for Problem {
    fn from(error: RepositoryError) -> Self {
        Fault::from(error).into()
    }
}

#[cfg(test)]
mod tests;
