//! One file with fields that is read into memory: for trials, which store nothing.

use actix_multipart::{Field, Multipart};
use bytes::{Bytes, BytesMut};
use futures::TryStreamExt;

use super::form::read_fields;
use super::names::{self, Named};
use super::receive::{in_time, multipart_problem};
use crate::http::query::QueryParameters;
use crate::problem::Problem;
use crate::state::Api;

/// Most text fields.
const MAX_FIELDS: usize = 16;

/// A file and the fields beside it.
pub struct FileInMemory {
    /// Its name.
    pub filename: String,
    /// All its bytes.
    pub bytes: Bytes,
    fields: Vec<(String, String)>,
}

impl FileInMemory {
    /// Reads a body; the file is in the part `file`.
    ///
    /// # Errors
    /// `invalid_multipart`, `too_many_files`, `file_too_large`, `missing_field`, `invalid_name`, `invalid_value`,
    /// `request_too_large`.
    pub async fn receive(api: &Api, mut body: Multipart) -> Result<Self, Problem> {
        let mut fields = Vec::new();
        let mut file = None;
        while let Some(mut field) = in_time(api, body.try_next()).await?.map_err(|error| multipart_problem(&error))? {
            let name = field.name().unwrap_or_default().to_owned();
            if matches!(name.as_str(), "file" | "files") {
                if file.is_some() {
                    return Err(Problem::new("too_many_files", "a rule is tried on one file at a time").at("/file"));
                }
                let disposition = field.content_disposition();
                let sent = disposition.and_then(|disposition| disposition.get_filename()).unwrap_or_default();
                let Named { filename, failure, .. } = names::check(sent, None);
                if let Some(failure) = failure {
                    return Err(Problem::new(failure.code, failure.message).at("/file"));
                }
                let most = usize::try_from(api.limits().max_test_bytes).unwrap_or(usize::MAX);
                let too_large = || too_large(api.limits().max_test_bytes).at("/file");
                file = Some((filename, read(api, &mut field, most, too_large).await?));
                continue;
            }
            if fields.len() >= MAX_FIELDS {
                return Err(Problem::new("invalid_multipart", format!("more than {MAX_FIELDS} fields")));
            }
            let most = api.limits().max_json_bytes;
            let too_large = || {
                Problem::new("request_too_large", format!("a field has at most {most} bytes")).at(format!("/{name}"))
            };
            let text = String::from_utf8(read(api, &mut field, most, too_large).await?.into())
                .map_err(|_error| Problem::new("invalid_value", "a field is text in UTF-8").at(format!("/{name}")))?;
            fields.push((name, text));
        }
        let (filename, bytes) = file.ok_or_else(|| Problem::new("missing_field", "there is no file").at("/file"))?;
        Ok(Self { filename, bytes, fields })
    }

    /// Reads the fields.
    ///
    /// # Errors
    /// `unknown_field`, `missing_field`, `invalid_value`, `invalid_id`.
    pub fn fields<T: QueryParameters>(&self) -> Result<T, Problem> {
        read_fields(&self.fields)
    }
}

/// The refusal of a file that is too large for a trial.
pub fn too_large(most: u64) -> Problem {
    Problem::new("file_too_large", format!("a rule is tried on files of at most {most} bytes"))
}

async fn read(api: &Api, field: &mut Field, most: usize, too_large: impl Fn() -> Problem) -> Result<Bytes, Problem> {
    let mut bytes = BytesMut::new();
    while let Some(chunk) = in_time(api, field.try_next()).await?.map_err(|error| multipart_problem(&error))? {
        if bytes.len() + chunk.len() > most {
            return Err(too_large());
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes.freeze())
}
