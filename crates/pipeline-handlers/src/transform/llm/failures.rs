//! What tasks fail with when a provider or a model does not do what it should.

use millrace_domain::{ErrorKind, ErrorStage, Fault, TaskFailure};

use super::client::{HttpAnswer, NoAnswer};
use super::protocol::{Feature, server_error};

/// Why one request came to nothing.
#[derive(Debug)]
pub(super) enum CallError {
    /// Prompt and answer do not fit into the model's context.
    TooLong,
    /// The server does not take this member of the request.
    Refused(Feature, String),
    /// The task fails with this.
    Failed(TaskFailure),
}

impl From<TaskFailure> for CallError {
    fn from(failure: TaskFailure) -> Self {
        Self::Failed(failure)
    }
}

/// A failure that another attempt cannot mend.
pub(super) fn permanent(code: &str, message: impl Into<String>) -> TaskFailure {
    TaskFailure::permanent(ErrorStage::Postprocess, code, message)
}

/// A failure that another attempt may mend.
pub(super) fn transient(code: &str, message: impl Into<String>) -> TaskFailure {
    TaskFailure::transient(ErrorStage::Postprocess, code, message)
}

/// What a status other than success means.
pub(super) fn of_status(provider: &str, model: &str, answer: &HttpAnswer) -> CallError {
    let error = server_error(&answer.body);
    let status = answer.status;
    let says = &error.message;
    let failure = match status {
        // Its words are not told: some servers repeat a part of the key.
        401 | 403 => permanent(
            "provider_auth_failed",
            format!(
                "provider '{provider}' does not accept the API key (status {status}); check the key and what it may do"
            ),
        ),
        404 => permanent(
            "model_not_found",
            format!("provider '{provider}' knows no model '{model}', or has no such path: {says}"),
        ),
        429 if error.code.contains("insufficient_quota") => {
            permanent("provider_quota_exceeded", format!("the account at provider '{provider}' is used up: {says}"))
        }
        429 => transient("provider_rate_limited", format!("provider '{provider}' asks to send less: {says}")),
        408 | 504 => timeout(provider),
        500 | 502.. => {
            transient("provider_unavailable", format!("provider '{provider}' answers with status {status}: {says}"))
        }
        _ if error.is_too_long() => return CallError::TooLong,
        400 | 415 | 422 | 501 => match error.refused() {
            Some(feature) => return CallError::Refused(feature, says.clone()),
            None => rejected(provider, status, says),
        },
        _ => rejected(provider, status, says),
    };
    CallError::Failed(TaskFailure {
        retry_after_seconds: failure.retryable.then_some(answer.retry_after).flatten(),
        ..failure
    })
}

/// The failure of a request that can never work.
pub(super) fn rejected(provider: &str, status: u16, says: &str) -> TaskFailure {
    permanent("provider_rejected", format!("provider '{provider}' does not take the request (status {status}): {says}"))
}

/// The failure of a request that was not answered.
pub(super) fn of_no_answer(provider: &str, error: NoAnswer) -> TaskFailure {
    match error {
        NoAnswer::Timeout => timeout(provider),
        NoAnswer::Forbidden => permanent(
            "provider_address_forbidden",
            format!("provider '{provider}' is in a private network; llm.allow_private_networks permits that"),
        ),
        NoAnswer::TooLarge => bad_answer(provider, "the answer is larger than 32 MiB"),
        NoAnswer::Broken(error) => {
            tracing::warn!(provider, error = &error as &dyn std::error::Error, "a provider cannot be reached");
            let what = if error.is_connect() { "cannot be reached" } else { "broke off the connection" };
            transient("provider_unavailable", format!("provider '{provider}' {what}"))
        }
    }
}

/// The failure of an answer that is not of the protocol. Proxies in trouble give such answers, so it may pass.
pub(super) fn bad_answer(provider: &str, what: &str) -> TaskFailure {
    transient("provider_bad_answer", format!("provider '{provider}' does not answer as the protocol says: {what}"))
}

fn timeout(provider: &str) -> TaskFailure {
    transient("provider_timeout", format!("provider '{provider}' did not answer in time"))
}

/// The failure of a port that the transform needs.
pub(super) fn of_fault(fault: &Fault) -> TaskFailure {
    if matches!(fault.kind, ErrorKind::Internal | ErrorKind::Unavailable) {
        tracing::error!(error = fault as &dyn std::error::Error, "a language model cannot be called");
    }
    match fault.kind {
        ErrorKind::Unavailable => transient(fault.code, fault.message.clone()),
        _ => permanent(fault.code, fault.message.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(status: u16, body: &str) -> CallError {
        of_status("p", "m", &HttpAnswer { status, retry_after: Some(7), body: body.to_owned().into() })
    }

    #[test]
    fn statuses_are_told_apart() {
        for (status, body, code, retryable) in [
            (
                401,
                r#"{"error":{"message":"Incorrect API key provided: sk-12","code":"invalid_api_key"}}"#,
                "provider_auth_failed",
                false,
            ),
            (403, "Forbidden", "provider_auth_failed", false),
            (
                404,
                r#"{"error":{"message":"model 'x' not found","type":"api_error","param":null,"code":null}}"#,
                "model_not_found",
                false,
            ),
            (
                429,
                r#"{"error":{"message":"quota","type":"insufficient_quota","code":"insufficient_quota"}}"#,
                "provider_quota_exceeded",
                false,
            ),
            (429, r#"{"error":{"message":"slow down","code":"rate_limit_exceeded"}}"#, "provider_rate_limited", true),
            (
                503,
                r#"{"error":{"code":503,"message":"Loading model","type":"unavailable_error"}}"#,
                "provider_unavailable",
                true,
            ),
            (504, "<html>", "provider_timeout", true),
            (
                400,
                r#"{"object":"error","message":"bad","type":"BadRequestError","param":null,"code":400}"#,
                "provider_rejected",
                false,
            ),
            (302, "", "provider_rejected", false),
        ] {
            let CallError::Failed(failure) = told(status, body) else { panic!("{status} {body}") };
            assert_eq!((failure.code.as_str(), failure.retryable), (code, retryable), "{status} {body}");
            assert_eq!(failure.retry_after_seconds, retryable.then_some(7));
            assert!(!failure.message.contains("sk-12"), "{}", failure.message);
        }
    }

    #[test]
    fn what_can_be_done_otherwise_is_no_failure() {
        for (body, feature) in [
            (
                r#"{"error":{"message":"Invalid parameter: 'response_format' of type 'json_schema' is not supported with this model.","param":"response_format"}}"#,
                Feature::ResponseFormat,
            ),
            (
                r#"{"error":{"code":400,"message":"Either \"json_schema\" or \"grammar\" can be specified, but not both","type":"invalid_request_error"}}"#,
                Feature::ResponseFormat,
            ),
            (
                r#"{"error":{"message":"Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.","param":"max_tokens","code":"unsupported_parameter"}}"#,
                Feature::TokenLimit,
            ),
            (
                r#"{"error":{"message":"Unsupported value: 'temperature' does not support 0 with this model.","param":"temperature"}}"#,
                Feature::Temperature,
            ),
        ] {
            assert!(matches!(told(400, body), CallError::Refused(refused, _) if refused == feature), "{body}");
        }
        for body in [
            r#"{"error":{"code":400,"message":"request (20031 tokens) exceeds the available context size (8192 tokens), try increasing it","type":"exceed_context_size_error","n_prompt_tokens":20031,"n_ctx":8192}}"#,
            r#"{"error":{"message":"This model's maximum context length is 8192 tokens.","code":"context_length_exceeded","param":"messages"}}"#,
            r#"{"object":"error","message":"This model's maximum context length is 4096 tokens. However, you requested 5000","type":"BadRequestError","code":400}"#,
        ] {
            assert!(matches!(told(400, body), CallError::TooLong), "{body}");
        }
    }
}
