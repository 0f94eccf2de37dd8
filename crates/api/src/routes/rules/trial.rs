//! Trying a rule: result and trace, nothing stored.

use std::time::Instant;

use actix_multipart::Multipart;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::{FromRequest, HttpRequest, HttpResponse, post, web};
use millrace_domain::artifact::ArtifactKind;
use millrace_domain::rule::RuleDefinition;
use millrace_domain::rule_test::{RuleTest, RuleTestFailure, RuleTestInput};
use millrace_domain::task::SourceFile;
use millrace_domain::{ErrorStage, Fault, ProjectId, RuleId, TaskFailure, TaskId, UploadId, UserId};
use millrace_repository::RepositoryError;

use crate::auth::Principal;
use crate::http::body::JsonBody;
use crate::http::path::At;
use crate::http::query::NoQuery;
use crate::http::respond;
use crate::idempotency::Attempt;
use crate::intake::{FileInMemory, file_too_large_for_trial};
use crate::problem::{Problem, all};
use crate::state::Api;
use crate::wire::parse::AskedParse;
use crate::wire::trial::{RULE, TrialBody, TrialFields, TrialForm, TrialInput, checked_rule, rule_of_form};

/// Try a stored rule
///
/// Applies the rule, or the one in the request in its place, to one document and answers with the result, where its
/// values stand, and what was done. Nothing is stored, so an `Idempotency-Key` only keeps two from running at once: a
/// repeat runs again. A document that cannot be processed answers 422 with `failure`, as its task would have had it, and
/// the steps that led there in `trace`.
#[utoipa::path(
    tag = "rules",
    params(("Idempotency-Key" = Option<String>, Header,
        description = "Refuses a repeat while the first is being answered. The answer is not kept.")),
    request_body(content(
        (TrialInput = "application/json"),
        (TrialForm = "multipart/form-data", example = json!({"project_id": 7, "file": "(bytes of report.pdf)"})),
    )),
    responses((status = 200, description = "What came of it.", body = TrialBody)),
    extensions(("x-error-codes" = json!([
        "rule_not_found", "invalid_rule", "rule_mode_unsupported", "unknown_provider", "unknown_model", "vision_not_supported",
        "unsupported", "nul_character", "unknown_parser",
        "project_not_found", "task_not_found", "upload_not_found", "artifact_missing", "invalid_multipart",
        "invalid_name", "too_many_files", "file_too_large", "too_many_requests", "rule_test_failed"]))),
)]
#[post("/api/v1/etl/rules/{rule_id}/test")]
pub async fn test_rule(
    principal: Principal,
    id: At<RuleId>,
    _query: NoQuery,
    api: web::Data<Api>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let _attempt = Attempt::begin(&api, principal.user, &request)?;
    let stored = api.stores().rules.get(principal.user, id.0).await?.ok_or(RepositoryError::NotFound("rule"))?;
    let asked = Asked::read(&request, payload, &api).await?;
    run(&api, principal, asked, Some(stored.definition)).await
}

/// Try a rule before it is stored
///
/// The same for a rule that comes with the request, in `rule`.
#[utoipa::path(
    tag = "rules",
    params(("Idempotency-Key" = Option<String>, Header,
        description = "Refuses a repeat while the first is being answered. The answer is not kept.")),
    request_body(content(
        (TrialInput = "application/json"),
        (TrialForm = "multipart/form-data", example = json!({
            "project_id": 7, "file": "(bytes of report.pdf)",
            "rule": "{\"name\": \"Plain text\", \"postprocess_mode\": \"skip\"}"})),
    )),
    responses((status = 200, description = "What came of it.", body = TrialBody)),
    extensions(("x-error-codes" = json!([
        "invalid_rule", "rule_mode_unsupported", "unknown_provider", "unknown_model", "vision_not_supported",
        "unsupported", "nul_character", "unknown_parser",
        "project_not_found", "task_not_found", "upload_not_found", "artifact_missing", "invalid_multipart",
        "invalid_name", "too_many_files", "file_too_large", "too_many_requests", "rule_test_failed"]))),
)]
#[post("/api/v1/etl/rules/test")]
pub async fn test_new_rule(
    principal: Principal,
    _query: NoQuery,
    api: web::Data<Api>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let _attempt = Attempt::begin(&api, principal.user, &request)?;
    let asked = Asked::read(&request, payload, &api).await?;
    run(&api, principal, asked, None).await
}

/// Which document.
enum Document {
    File(FileInMemory),
    Upload(UploadId),
    Task(TaskId),
}

/// A trial as it was asked for.
struct Asked {
    document: Document,
    project: Option<ProjectId>,
    rule: Option<RuleDefinition>,
    parse: AskedParse,
}

impl Asked {
    async fn read(request: &HttpRequest, payload: web::Payload, api: &Api) -> Result<Self, Problem> {
        let media_type = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if media_type.trim_start().to_ascii_lowercase().starts_with("multipart/") {
            let file = FileInMemory::receive(api, Multipart::new(request.headers(), payload)).await?;
            return Self::of_form(file);
        }
        let body = JsonBody::<TrialInput>::from_request(request, &mut payload.into_inner()).await?;
        Self::of_json(body.value)
    }

    fn of_form(file: FileInMemory) -> Result<Self, Problem> {
        let fields: TrialFields = file.fields()?;
        let (rule, parse) =
            all((rule_of_form(fields.rule.as_deref()), AskedParse::of_form(fields.parse_options.as_deref())))?;
        Ok(Self { document: Document::File(file), project: Some(fields.project_id), rule, parse })
    }

    fn of_json(input: TrialInput) -> Result<Self, Problem> {
        let document = match (input.task_id, input.upload_id) {
            (Some(task), None) => Document::Task(task),
            (None, Some(upload)) => Document::Upload(upload),
            (None, None) => {
                let detail = "task_id or upload_id must say which document; or send a file as multipart/form-data";
                return Err(Problem::new("missing_field", detail).at("/task_id"));
            }
            (Some(_), Some(_)) => {
                let detail = "only one of task_id and upload_id can say which document";
                return Err(Problem::new("invalid_value", detail).at("/task_id"));
            }
        };
        if let (Document::Task(_), Some(_)) = (&document, &input.parse) {
            return Err(Problem::new("invalid_value", "the document of a task is parsed already").at("/parse"));
        }
        let (rule, parse) = all((input.rule.map(checked_rule).transpose(), AskedParse::of_json(input.parse)))?;
        Ok(Self { document, project: input.project_id, rule, parse })
    }
}

async fn run(
    api: &Api,
    principal: Principal,
    asked: Asked,
    stored: Option<RuleDefinition>,
) -> Result<HttpResponse, Problem> {
    let definition = checked_definition(api, principal.user, asked.rule, stored).await?;
    asked.parse.check(api.catalog())?;
    let (input, home) = document(api, principal, asked.document).await?;
    let project_id = match asked.project.or(home) {
        Some(project) => project,
        None => return Err(Problem::new("missing_field", "the field 'project_id' is missing").at("/project_id")),
    };
    api.lookups().project(principal.user, project_id).await?;
    let Ok(_place) = api.trials().try_acquire() else {
        let detail = format!("{} rules are being tried at this moment", api.limits().concurrent_tests);
        return Err(Problem::new("too_many_requests", detail));
    };
    let began = Instant::now();
    let test = RuleTest { user_id: principal.user, project_id, definition, input, parse: asked.parse.options };
    let limit = api.limits().test_timeout;
    // Dropping the trial stops the parser that works for it.
    let outcome = tokio::select! {
        outcome = api.rule_tester().test(test) => outcome,
        () = api.clock().sleep(limit) => Err(RuleTestFailure::from(TaskFailure::transient(
            ErrorStage::Postprocess,
            "deadline_exceeded",
            format!("the trial took longer than {} seconds", limit.as_secs()),
        ))),
    };
    match outcome {
        Ok(outcome) => respond::ok(&TrialBody::new(outcome, began.elapsed().as_secs_f64())),
        Err(RuleTestFailure { failure, trace }) => {
            Err(Problem::new("rule_test_failed", failure.message.clone()).caused_by_task(failure).after(trace))
        }
    }
}

/// The definition to try: the one in the request before the stored one.
async fn checked_definition(
    api: &Api,
    user: UserId,
    sent: Option<RuleDefinition>,
    stored: Option<RuleDefinition>,
) -> Result<RuleDefinition, Problem> {
    match (sent, stored) {
        (Some(sent), _) => {
            let there = |fault| Problem::from(fault).below(RULE);
            api.catalog().check_rule(&sent).map_err(there)?;
            api.catalog().check_references(user, &sent).await.map_err(there)?;
            Ok(sent)
        }
        (None, Some(stored)) => {
            // The pointer would lead into the rule, which is not part of this request.
            let here = |fault: Fault| Fault { pointer: Some("/rule_id".to_owned()), ..fault };
            api.catalog().check_rule(&stored).map_err(here)?;
            Ok(stored)
        }
        (None, None) => Err(Problem::new("missing_field", "the field 'rule' is missing").at(RULE)),
    }
}

/// The document, and the project it belongs to.
async fn document(
    api: &Api,
    principal: Principal,
    document: Document,
) -> Result<(RuleTestInput, Option<ProjectId>), Problem> {
    match document {
        Document::File(file) => Ok((RuleTestInput::Bytes { filename: file.filename, bytes: file.bytes }, None)),
        Document::Upload(id) => {
            let upload = api.stores().uploads.get(principal.user, id).await?;
            let upload =
                upload.ok_or_else(|| Fault::not_found("upload_not_found", "no such upload").at("/upload_id"))?;
            if upload.size > api.limits().max_test_bytes {
                return Err(file_too_large_for_trial(api.limits().max_test_bytes).at("/upload_id"));
            }
            let source =
                SourceFile { key: upload.key, sha256: upload.sha256, size: upload.size, media_type: upload.media_type };
            Ok((RuleTestInput::Stored { filename: upload.filename, source }, Some(upload.project_id)))
        }
        Document::Task(id) => {
            let task = api.queue().get(principal.user, id).await.map_err(|fault| fault.at("/task_id"))?;
            let artifacts = api.stores().artifacts.list(task.id).await?;
            let parsed = artifacts.into_iter().find(|artifact| artifact.content.kind == ArtifactKind::Parsed);
            let parsed = parsed.ok_or_else(|| {
                Problem::new("artifact_missing", "the task has no parsed document (yet)").at("/task_id")
            })?;
            let filename = task.filename.to_string();
            Ok((RuleTestInput::Parsed { filename, artifact: parsed.content }, Some(task.project_id)))
        }
    }
}
