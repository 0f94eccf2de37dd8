//! The catalogue: every error code that an answer can carry.
//!
//! A code never changes its meaning and is never removed. `docs/errors.md` and the OpenAPI document are made from here.

use super::kind::ProblemKind;

/// One error code.
#[derive(Debug, PartialEq, Eq)]
pub struct CatalogueEntry {
    /// Stable machine code, `snake_case`.
    pub code: &'static str,
    /// Decides the status.
    pub kind: ProblemKind,
    /// Short text, the same for every occurrence.
    pub title: &'static str,
    /// What it means and what to do.
    pub description: &'static str,
}

macro_rules! catalogue {
    ($($code:literal $kind:ident $title:literal $description:literal;)+) => {
        /// All codes, by status and then by code.
        pub static CATALOGUE: &[CatalogueEntry] = &[$(CatalogueEntry {
            code: $code, kind: ProblemKind::$kind, title: $title, description: $description,
        }),+];
    };
}

catalogue! {
    "invalid" Invalid "Invalid request"
        "The request can never work as it is; `detail` says why.";
    "invalid_id" Invalid "Invalid id"
        "An id is an integer between 1 and 9007199254740991, as a JSON number or a string of digits.";
    "invalid_idempotency_key" Invalid "Invalid Idempotency-Key"
        "The Idempotency-Key header holds 1 to 255 printable ASCII characters, bare or in double quotes.";
    "invalid_json" Invalid "Invalid JSON"
        "The body is no JSON, or goes deeper than 128 levels.";
    "invalid_multipart" Invalid "Invalid multipart body"
        "The multipart body is malformed or ends too early. Nothing was stored.";
    "invalid_name" Invalid "Invalid file name or path"
        "A file name or relative path is empty, longer than 1024 bytes, holds control characters, or leaves its folder (`..`, absolute, drive letter).";
    "invalid_page_token" Invalid "Invalid page token"
        "A page token is taken from `next_page_token` of an earlier answer with the same filters, unchanged.";
    "invalid_pointer" Invalid "Invalid JSON Pointer"
        "A JSON Pointer (RFC 6901) is empty or starts with `/`, escapes `~` as `~0` and `/` as `~1`, and has at most 64 levels and 2048 bytes.";
    "invalid_query" Invalid "Invalid query string"
        "The query string cannot be read, or a parameter is given twice that is no list.";
    "invalid_rule" Invalid "Invalid rule"
        "The rule's definition cannot work; `errors` points at the part.";
    "invalid_stage" Invalid "No such stage"
        "There is no stage of this name, or a task of this kind does not have it.";
    "invalid_value" Invalid "Invalid value"
        "A field or parameter has the wrong type or is out of its range; `errors` points at it.";
    "missing_field" Invalid "Missing field"
        "A required field or parameter is missing; `errors` points at it.";
    "nul_character" Invalid "NUL character"
        "The data holds the character U+0000, which cannot be stored.";
    "too_many_files" Invalid "Too many files"
        "The request holds more files than one request may.";
    "unknown_field" Invalid "Unknown field"
        "A field or parameter of this name does not exist; `errors` points at it. Misspelt names are refused rather than ignored.";
    "unknown_parser" Invalid "Unknown parser"
        "No parser of this name is configured here; `/api/v1/etl/capabilities` lists those that are.";
    "invalid_credentials" Unauthenticated "Invalid credentials"
        "The API key or token is unknown, revoked, expired, or not meant for this service.";
    "missing_credentials" Unauthenticated "Missing credentials"
        "Send `Authorization: Bearer <API key or token>`.";
    "callback_checksum" Forbidden "Wrong checksum"
        "The checksum of a callback is not that of its content, the seed of its task and the configured account.";
    "forbidden" Forbidden "Forbidden"
        "The caller may not do this.";
    "api_key_not_found" NotFound "API key not found"
        "No such API key, or it belongs to somebody else.";
    "artifact_not_found" NotFound "Artifact not found"
        "The task left no artifact of this kind (yet).";
    "callback_unknown" NotFound "No such callback"
        "No task waits for this callback here: it has ended, or another node runs it. Nothing is lost, since tasks are asked after as well.";
    "data_not_found" NotFound "Nothing at this pointer"
        "The table holds nothing at this pointer.";
    "mount_not_found" NotFound "Mount not found"
        "No such mount, or it belongs to somebody else.";
    "not_found" NotFound "Not found"
        "No such object, or it belongs to somebody else.";
    "project_not_found" NotFound "Project not found"
        "No such project, or it belongs to somebody else.";
    "provider_not_found" NotFound "Provider not found"
        "No such provider, or it belongs to somebody else.";
    "route_not_found" NotFound "No such path"
        "Nothing is served at this path.";
    "rule_not_found" NotFound "Rule not found"
        "No such rule, it belongs to somebody else, or it is built in and cannot be changed.";
    "rule_version_not_found" NotFound "Rule version not found"
        "The rule has no version of this number.";
    "table_not_found" NotFound "Table not found"
        "No such table, or it belongs to somebody else.";
    "task_not_found" NotFound "Task not found"
        "No such task, or it belongs to somebody else.";
    "upload_not_found" NotFound "Upload not found"
        "No such upload in this project, or it belongs to somebody else.";
    "method_not_allowed" MethodNotAllowed "Method not allowed"
        "The path exists; the `Allow` header lists its methods.";
    "artifact_missing" Conflict "Artifact missing"
        "A retry from this stage needs what an earlier stage left, and it left nothing. Retry from an earlier stage.";
    "conflict" Conflict "Conflict"
        "The present state of the object does not allow this.";
    "idempotency_key_in_use" Conflict "Idempotency-Key in use"
        "A request with this Idempotency-Key is still being answered. Repeat it after `Retry-After`.";
    "illegal_transition" Conflict "Not possible in this state"
        "The task's state does not allow this; `detail` names the state.";
    "in_use" Conflict "In use"
        "Other objects still refer to this one; remove them first.";
    "mount_key_exists" Conflict "Key exists"
        "Something stands at the mount's key and the conflict policy is `error`.";
    "mount_parent_missing" Conflict "Container missing"
        "Nothing exists at `json_path` and `create_missing` is false.";
    "mount_parent_not_container" Conflict "Not a container"
        "The value at or above `json_path` is neither an object nor an array.";
    "name_taken" Conflict "Name taken"
        "Something with this name exists.";
    "not_a_container" Conflict "Not a container"
        "The value above the pointer is neither an object nor an array, or an array index is not valid.";
    "no_source" Conflict "File was never stored"
        "The file of this task could not be stored, so there is nothing to run again. Upload it again.";
    "reference_gone" Conflict "Reference gone"
        "Something that the request refers to was removed meanwhile.";
    "result_gone" Conflict "Result gone"
        "The task's result is not stored any more. Retry the task to make it again.";
    "task_not_completed" Conflict "Task not completed"
        "The task has no result yet, or ended without one.";
    "table_in_other_project" Conflict "Table of another project"
        "The table belongs to another project than the task.";
    "file_too_large" TooLarge "File too large"
        "The file is larger than one file may be.";
    "request_too_large" TooLarge "Request too large"
        "The body is larger than this operation accepts.";
    "unsupported_media_type" UnsupportedMediaType "Unsupported media type"
        "The body's Content-Type is not the one this operation reads.";
    "extension_not_allowed" Unprocessable "File type not taken"
        "This installation takes files with certain extensions only (`upload.allowed_extensions`).";
    "idempotency_key_reused" Unprocessable "Idempotency-Key reused"
        "This Idempotency-Key was used for a different request. Take a new key for a new request.";
    "rule_mode_unsupported" Unprocessable "Rule mode not supported here"
        "This installation cannot run rules of this `postprocess_mode`; `detail` says what is missing.";
    "rule_test_failed" Unprocessable "Trial failed"
        "The document could not be processed. `failure` has the code, stage and text that a task would have had, and says whether another try may work.";
    "unknown_model" Unprocessable "No model named"
        "Neither the rule (`model`) nor its provider (`default_model`) names a model.";
    "unknown_provider" Unprocessable "Unknown provider"
        "The rule names a provider that is neither the caller's nor the installation's, or names none and there is no default. `/api/v1/providers` and `/api/v1/etl/capabilities` list those that are.";
    "unsupported" Unprocessable "Not supported here"
        "This installation does not do this; `detail` says what is missing.";
    "vision_not_supported" Unprocessable "Provider sees no images"
        "The rule has `options.images`, and its provider is not configured with `vision`.";
    "queue_full" TooMany "Queue full"
        "The queue is full and nothing was accepted. Repeat the request after `Retry-After`.";
    "too_many_requests" TooMany "Too many requests"
        "Over a limit of rate. Repeat the request after `Retry-After`.";
    "internal" Internal "Internal error"
        "A defect of the service. The log has the cause under the `request_id`.";
    "not_accepting" Unavailable "Not accepting tasks"
        "The server is stopping or has lost its database; it takes no tasks at present. Repeat the request after `Retry-After`.";
    "not_ready" Unavailable "Not ready"
        "A part that is needed to serve requests does not work; `errors` names it.";
    "unavailable" Unavailable "Unavailable"
        "A part that is needed for this request does not answer. Repeat the request after `Retry-After`.";
}

/// Finds a code.
pub fn entry(code: &str) -> Option<&'static CatalogueEntry> {
    CATALOGUE.iter().find(|entry| entry.code == code)
}

/// The entry for defects.
pub(super) fn internal() -> &'static CatalogueEntry {
    static INTERNAL: CatalogueEntry = CatalogueEntry {
        code: "internal",
        kind: ProblemKind::Internal,
        title: "Internal error",
        description: "A defect of the service.",
    };
    entry("internal").unwrap_or(&INTERNAL)
}

/// The entry that says no more than the kind.
pub(super) fn generic(kind: ProblemKind) -> &'static CatalogueEntry {
    let code = match kind {
        ProblemKind::Invalid => "invalid",
        ProblemKind::Unauthenticated => "invalid_credentials",
        ProblemKind::Forbidden => "forbidden",
        ProblemKind::NotFound => "not_found",
        ProblemKind::MethodNotAllowed => "method_not_allowed",
        ProblemKind::Conflict => "conflict",
        ProblemKind::TooLarge => "request_too_large",
        ProblemKind::UnsupportedMediaType => "unsupported_media_type",
        ProblemKind::Unprocessable => "unsupported",
        ProblemKind::TooMany => "too_many_requests",
        ProblemKind::Internal => "internal",
        ProblemKind::Unavailable => "unavailable",
    };
    entry(code).unwrap_or_else(internal)
}
