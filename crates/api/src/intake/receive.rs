//! Reads a multipart body part by part.

use actix_multipart::{Field, Multipart, MultipartError};
use bytes::{Bytes, BytesMut};
use futures::TryStreamExt;
use millrace_domain::object_key::upload_key;
use millrace_domain::ports::StoredObject;
use millrace_domain::{ProjectId, UserId, ids::MAX_ID};
use sha2::{Digest, Sha256};

use super::form::{Form, ReceivedFile};
use super::names;
use super::storing::{FileFailure, StoredFile, Storing};
use super::streaming::{Writing, abort, write};
use crate::http::body::payload_problem;
use crate::problem::Problem;
use crate::state::Api;

/// Files up to this are held in memory and stored while the next ones are received.
const SMALL: usize = 64 * 1024;
/// Longest text field, in bytes.
const MAX_FIELD: usize = 64 * 1024;
/// Most text fields, paths not counted.
const MAX_FIELDS: usize = 100;

struct Receiver<'a> {
    api: &'a Api,
    user: UserId,
    storing: &'a mut Storing,
    /// Whether digests are needed.
    digests: bool,
    received: u64,
    form: Form,
}

/// Receives a body. Files go to the object store as they come; the caller owns `storing` and must end its duty.
///
/// `check_early` is asked once, before the first file, whether the fields so far can lead anywhere.
///
/// # Errors
/// What refuses the whole request. A file that cannot be stored is no error.
pub async fn receive(
    api: &Api,
    user: UserId,
    storing: &mut Storing,
    digests: bool,
    mut body: Multipart,
    check_early: impl AsyncFn(Option<ProjectId>) -> Result<(), Problem>,
) -> Result<Form, Problem> {
    let mut receiver = Receiver { api, user, storing, digests, received: 0, form: Form::default() };
    while let Some(field) = in_time(api, body.try_next()).await?.map_err(|error| multipart_problem(&error))? {
        let name = field.name().unwrap_or_default().to_owned();
        match name.as_str() {
            "file" | "files" => {
                if receiver.form.files.is_empty() {
                    check_early(receiver.form.project()).await?;
                }
                receiver.file(field).await?;
            }
            "path" | "paths" => {
                let text = receiver.text(field, &name).await?;
                if receiver.form.paths.len() >= api.limits().max_files_per_request {
                    return Err(too_many_files(api));
                }
                receiver.form.paths.push(text);
            }
            _ => {
                let text = receiver.text(field, &name).await?;
                if receiver.form.fields.len() >= MAX_FIELDS {
                    return Err(Problem::new("invalid_multipart", format!("more than {MAX_FIELDS} fields")));
                }
                receiver.form.fields.push((name, text));
            }
        }
    }
    while receiver.storing.running() > 0 {
        receiver.settle_one().await?;
    }
    Ok(receiver.form)
}

/// Waits for the client's next bytes, but not for ever: a stalled upload holds memory and a connection.
pub(super) async fn in_time<T>(api: &Api, next: impl Future<Output = T>) -> Result<T, Problem> {
    let limit = api.limits().upload_idle;
    let stalled = |_elapsed| {
        Problem::new(
            "invalid_multipart",
            format!("nothing came for {} seconds in the middle of the body", limit.as_secs()),
        )
    };
    tokio::time::timeout(limit, next).await.map_err(stalled)
}

fn too_many_files(api: &Api) -> Problem {
    Problem::new("too_many_files", format!("at most {} files in one request", api.limits().max_files_per_request))
}

pub(super) fn multipart_problem(error: &MultipartError) -> Problem {
    match error {
        MultipartError::ContentTypeMissing
        | MultipartError::ContentTypeParse
        | MultipartError::ContentTypeIncompatible => {
            Problem::new("unsupported_media_type", "the body must be multipart/form-data")
        }
        MultipartError::Payload(error @ actix_web::error::PayloadError::Overflow) => payload_problem(error),
        MultipartError::Incomplete | MultipartError::Payload(_) => {
            Problem::new("invalid_multipart", "the body ended before its last boundary")
        }
        error => Problem::new("invalid_multipart", error.to_string().to_lowercase()),
    }
}

impl Receiver<'_> {
    async fn chunk(&mut self, field: &mut Field) -> Result<Option<Bytes>, Problem> {
        let chunk = in_time(self.api, field.try_next()).await?.map_err(|error| multipart_problem(&error))?;
        self.received += chunk.as_ref().map_or(0, |chunk| chunk.len() as u64);
        let most = self.api.limits().max_request_bytes;
        if self.received > most {
            return Err(Problem::new("request_too_large", format!("a request has at most {most} bytes")));
        }
        Ok(chunk)
    }

    async fn text(&mut self, mut field: Field, name: &str) -> Result<String, Problem> {
        let mut bytes = Vec::new();
        while let Some(chunk) = self.chunk(&mut field).await? {
            bytes.extend_from_slice(&chunk);
            if bytes.len() > MAX_FIELD {
                let detail = format!("a field has at most {MAX_FIELD} bytes");
                return Err(Problem::new("invalid_value", detail).at(format!("/{name}")));
            }
        }
        String::from_utf8(bytes)
            .map_err(|_error| Problem::new("invalid_value", "a field is text in UTF-8").at(format!("/{name}")))
    }

    async fn file(&mut self, mut field: Field) -> Result<(), Problem> {
        if self.form.files.len() >= self.api.limits().max_files_per_request {
            return Err(too_many_files(self.api));
        }
        let disposition = field.content_disposition();
        let name = disposition.and_then(|disposition| {
            disposition.get_filename().map(str::to_owned).or_else(|| {
                let extended = disposition.get_filename_ext()?;
                String::from_utf8(extended.value.clone()).ok()
            })
        });
        let name = name.unwrap_or_default();
        let mut head = BytesMut::new();
        let mut digest = self.digests.then(Sha256::new);
        let rest = loop {
            match self.chunk(&mut field).await? {
                None => break None,
                Some(chunk) if head.len() + chunk.len() <= SMALL => {
                    update(&mut digest, &chunk);
                    head.extend_from_slice(&chunk);
                }
                Some(chunk) => break Some(chunk),
            }
        };
        let refused = names::check(&name, None)
            .failure
            .or_else(|| names::check_extension(&name, &self.api.limits().allowed_extensions));
        let project = self.form.project();
        let key_project = match project {
            Some(project) => project,
            None => staging_project()?,
        };
        let upload_id = self.api.next_upload_id().await?;
        let key = upload_key(self.user, key_project, upload_id, &name);
        let media_type = self.api.sniff(&head, &name);
        let object = StoredObject { size: 0, sha256: String::new() };
        let mut file = ReceivedFile {
            name,
            key: key.clone(),
            outcome: Ok(StoredFile { upload_id, key: key.clone(), object, media_type }),
            digest: [0; 32],
            staged: project.is_none(),
        };
        let index = self.form.files.len();
        match (refused, rest) {
            (Some(failure), rest) => {
                file.outcome = Err(failure);
                self.drain(rest, &mut field, &mut digest).await?;
            }
            (None, None) => {
                while self.storing.running() >= self.api.limits().concurrent_stores {
                    self.settle_one().await?;
                }
                if head.len() as u64 > self.api.limits().max_file_bytes {
                    file.outcome = Err(self.too_large());
                } else {
                    self.storing.spawn_put(index, &key, head.freeze());
                }
            }
            (None, Some(chunk)) => {
                let stored = self.stream(&key, head.freeze(), chunk, &mut field, &mut digest).await?;
                match (stored, &mut file.outcome) {
                    (Ok(object), Ok(stored)) => stored.object = object,
                    (Err(failure), outcome) => *outcome = Err(failure),
                    (Ok(_), Err(_)) => {}
                }
            }
        }
        file.digest = digest.map(|digest| digest.finalize().into()).unwrap_or_default();
        self.form.files.push(file);
        Ok(())
    }

    /// Streams a file that is not small. What the store refuses is read to its end all the same, for its neighbours.
    async fn stream(
        &mut self,
        key: &str,
        head: Bytes,
        first: Bytes,
        field: &mut Field,
        digest: &mut Option<Sha256>,
    ) -> Result<Result<StoredObject, FileFailure>, Problem> {
        self.storing.begin(key);
        let most = self.api.limits().max_file_bytes;
        let mut writer: Writing =
            self.storing.objects().writer(key).await.map_err(|error| FileFailure::of_store(&error));
        let mut size = 0_u64;
        let mut next = Some(head);
        let mut after = Some(first);
        while let Some(chunk) = next {
            size += chunk.len() as u64;
            writer = write(writer, chunk, size <= most, || self.too_large()).await;
            next = match after.take() {
                Some(chunk) => Some(chunk),
                None => match self.chunk(field).await {
                    Ok(chunk) => chunk,
                    Err(problem) => {
                        abort(writer).await;
                        return Err(problem);
                    }
                },
            };
            // The head was counted when it was received.
            if let Some(chunk) = &next {
                update(digest, chunk);
            }
        }
        match writer {
            Ok(writer) => Ok(writer.finish().await.map_err(|error| FileFailure::of_store(&error))),
            Err(failure) => Ok(Err(failure)),
        }
    }

    async fn drain(
        &mut self,
        first: Option<Bytes>,
        field: &mut Field,
        digest: &mut Option<Sha256>,
    ) -> Result<(), Problem> {
        let mut next = first;
        while let Some(chunk) = next {
            update(digest, &chunk);
            next = self.chunk(field).await?;
        }
        Ok(())
    }

    fn too_large(&self) -> FileFailure {
        FileFailure::new("file_too_large", format!("a file has at most {} bytes", self.api.limits().max_file_bytes))
    }

    async fn settle_one(&mut self) -> Result<(), Problem> {
        let Some((index, stored)) = self.storing.next().await else { return Ok(()) };
        let Some(file) = self.form.files.get_mut(index) else {
            return Err(millrace_domain::Fault::internal("a file was lost while it was stored").into());
        };
        match (stored, &mut file.outcome) {
            (Ok(object), Ok(stored)) => stored.object = object,
            (Err(error), outcome) => *outcome = Err(FileFailure::of_store(&error)),
            (Ok(_), Err(_)) => {}
        }
        Ok(())
    }
}

fn update(digest: &mut Option<Sha256>, chunk: &[u8]) {
    if let Some(digest) = digest {
        digest.update(chunk);
    }
}

/// The project in the keys of files that come before `project_id`. No project has this id; the sweeper takes such a
/// file for what it is, an upload that nobody vouches for.
fn staging_project() -> Result<ProjectId, Problem> {
    ProjectId::new(MAX_ID).map_err(|error| millrace_domain::Fault::internal(error).into())
}
