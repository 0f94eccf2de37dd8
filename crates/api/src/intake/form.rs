//! A body that was received: fields, paths, files.

use millrace_domain::object_key::upload_key;
use millrace_domain::{ProjectId, UserId};

use super::names::{self, Named};
use super::storing::{FileFailure, StoredFile, Storing};
use crate::http::canonical::FingerprintBuilder;
use crate::http::query::{QueryParameters, parse};
use crate::problem::Problem;

/// A body that was received.
#[derive(Default)]
pub struct Form {
    /// Text fields in the order they came, paths not among them.
    pub(super) fields: Vec<(String, String)>,
    /// Paths in the order they came.
    pub(super) paths: Vec<String>,
    /// Files in the order they came.
    pub(super) files: Vec<ReceivedFile>,
}

/// A file of a body, before its path is known.
pub(super) struct ReceivedFile {
    /// The name as it came.
    pub name: String,
    /// The key that was begun for it.
    pub key: String,
    /// Where it is, or why it is not.
    pub outcome: Result<StoredFile, FileFailure>,
    /// SHA-256 of what was received, if the request has an `Idempotency-Key`.
    pub digest: [u8; 32],
    /// Stored under a key for files whose project was not known yet.
    pub staged: bool,
}

/// One file of a body, with its name checked.
pub struct NamedFile {
    /// Its name.
    pub filename: String,
    /// Its path in the uploaded folder.
    pub path: Option<String>,
    /// Where it is, or why it is not.
    pub outcome: Result<StoredFile, FileFailure>,
}

/// Reads text fields as a query string would be read.
///
/// # Errors
/// `unknown_field`, `missing_field`, `invalid_value`, `invalid_id`.
pub(super) fn read_fields<T: QueryParameters>(fields: &[(String, String)]) -> Result<T, Problem> {
    let mut text = form_urlencoded::Serializer::new(String::new());
    text.extend_pairs(fields);
    parse(&text.finish())
}

impl Form {
    /// The project, once it was received.
    pub(super) fn project(&self) -> Option<ProjectId> {
        self.fields.iter().find(|(name, _)| name == "project_id").and_then(|(_, text)| text.trim().parse().ok())
    }

    /// Whether there are no files.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// Reads the fields.
    ///
    /// # Errors
    /// `unknown_field`, `missing_field`, `invalid_value`, `invalid_id`.
    pub fn fields<T: QueryParameters>(&self) -> Result<T, Problem> {
        read_fields(&self.fields)
    }

    /// Adds everything that was asked, whatever the order of the fields.
    pub fn add_to(&self, fingerprint: &mut FingerprintBuilder) {
        let mut fields: Vec<_> = self.fields.iter().collect();
        fields.sort();
        for (name, text) in fields {
            fingerprint.part(name.as_bytes());
            fingerprint.part(text.as_bytes());
        }
        for (index, file) in self.files.iter().enumerate() {
            fingerprint.part(b"file");
            fingerprint.part(file.name.as_bytes());
            fingerprint.part(self.paths.get(index).map_or(b"", |path| path.as_bytes()));
            fingerprint.part(&file.digest);
        }
    }

    /// Joins files and paths, and brings files to their place that came before `project_id`.
    ///
    /// # Errors
    /// `invalid_value` when there are more paths than files.
    pub async fn into_files(
        self,
        storing: &mut Storing,
        user: UserId,
        project: ProjectId,
    ) -> Result<Vec<NamedFile>, Problem> {
        if self.paths.len() > self.files.len() {
            return Err(Problem::new("invalid_value", "there are more paths than files").at("/paths"));
        }
        let mut files = Vec::with_capacity(self.files.len());
        for (index, file) in self.files.into_iter().enumerate() {
            let Named { filename, path, failure } = names::check(&file.name, self.paths.get(index).map(String::as_str));
            let mut outcome = match failure {
                Some(failure) => file.outcome.and(Err(failure)),
                None => file.outcome,
            };
            if outcome.is_err() {
                // A store that reported a failure may have kept the bytes all the same.
                storing.discard(&file.key).await;
            }
            if let (Ok(stored), true) = (&mut outcome, file.staged) {
                let key = upload_key(user, project, stored.upload_id, &file.name);
                match storing.relocate(&stored.key, &key).await {
                    Ok(object) => {
                        stored.object = object;
                        stored.key = key;
                    }
                    Err(error) => outcome = Err(FileFailure::of_store(&error)),
                }
            }
            files.push(NamedFile { filename, path, outcome });
        }
        Ok(files)
    }
}
