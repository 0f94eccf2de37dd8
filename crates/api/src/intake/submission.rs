//! What is checked before a submission is stored, and the tasks it is made of.

use std::sync::Arc;

use millrace_domain::mount::{automatic_key, manual_key};
use millrace_domain::rule::Rule;
use millrace_domain::submission::NewTask;
use millrace_domain::task::{SourceFile, TaskSpec};
use millrace_domain::upload::Upload;
use millrace_domain::{ErrorKind, ErrorStage, Fault, ProjectId, TaskFailure, TaskId, TaskKind, UserId};

use super::storing::{FileFailure, StoredFile};
use crate::state::Api;
use crate::wire::submit::Options;

/// A submission whose references were checked.
pub struct Checked {
    user: UserId,
    options: Options,
    rule: Arc<Rule>,
}

/// Checks whose the references are and whether the rule can run here.
///
/// # Errors
/// `project_not_found`, `table_not_found`, `table_in_other_project`, `rule_not_found`, `invalid_rule`, `unsupported`,
/// `unknown_parser`, `invalid_value`.
pub async fn check(api: &Api, user: UserId, options: Options) -> Result<Checked, Fault> {
    let lookups = api.lookups();
    lookups.project(user, options.project_id).await?;
    if let Some(table) = options.table_id {
        lookups.table(user, options.project_id, table).await?;
    }
    options.parse.check(api.catalog())?;
    let rule = lookups.rule(user, options.rule_id).await?;
    if !api.catalog().supports(TaskKind::Document) {
        return Err(Fault::new(ErrorKind::Unsupported, "unsupported", "no documents are processed here"));
    }
    // The pointer would lead into the rule, which is not part of this request.
    api.catalog()
        .check_rule(&rule.definition)
        .map_err(|fault| Fault { pointer: Some("/rule_id".to_owned()), ..fault })?;
    Ok(Checked { user, options, rule })
}

impl Checked {
    /// The row of a file that was stored for this submission.
    pub fn upload(&self, api: &Api, stored: &StoredFile, name: &str, path: Option<&str>) -> Upload {
        upload_row(api, self.user, self.options.project_id, stored, name, path)
    }
}

/// The row of a stored file.
pub fn upload_row(
    api: &Api,
    user: UserId,
    project: ProjectId,
    stored: &StoredFile,
    name: &str,
    path: Option<&str>,
) -> Upload {
    Upload {
        id: stored.upload_id,
        user_id: user,
        project_id: project,
        key: stored.key.clone(),
        sha256: stored.object.sha256.clone(),
        size: stored.object.size,
        media_type: stored.media_type.clone(),
        filename: name.to_owned(),
        path: path.map(str::to_owned),
        created_at: api.clock().now(),
    }
}

/// The task of one file. A file that was not stored gets one as well, so that its sender has one thing to ask.
pub fn new_task(
    checked: &Checked,
    id: TaskId,
    filename: &str,
    path: Option<String>,
    upload: Result<&Upload, FileFailure>,
) -> NewTask {
    let options = &checked.options;
    let (source, key, born_failed) = match &upload {
        Ok(upload) => {
            let source = SourceFile {
                key: upload.key.clone(),
                sha256: upload.sha256.clone(),
                size: upload.size,
                media_type: upload.media_type.clone(),
            };
            (Some(source), automatic_key(filename, &upload.sha256), None)
        }
        Err(failure) => {
            // The bytes are gone, so no other attempt can mend it.
            let failure = TaskFailure::permanent(ErrorStage::Upload, failure.code, failure.message.clone());
            (None, manual_key(filename), Some(Arc::new(failure)))
        }
    };
    let parse = options.parse.options.clone();
    let spec = TaskSpec { source, path, parse, mount: Some(options.target(key)), ..TaskSpec::default() };
    NewTask {
        id,
        user_id: checked.user,
        project_id: options.project_id,
        kind: TaskKind::Document,
        priority: options.priority,
        filename: filename.into(),
        rule: Some((checked.rule.id, checked.rule.version)),
        upload_id: upload.ok().map(|upload| upload.id),
        spec: Arc::new(spec),
        run_at: None,
        born_failed,
    }
}
