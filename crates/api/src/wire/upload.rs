//! Uploads on the wire.

use millrace_domain::UploadId;
use millrace_domain::upload::Upload;
use serde::Serialize;
use utoipa::ToSchema;

use super::common::Id;

// For the document only: the parts are streamed.
/// The multipart body of `upload`.
#[derive(Debug, ToSchema)]
pub struct UploadForm {
    /// Where the files belong.
    #[schema(value_type = Id)]
    #[expect(dead_code, reason = "describes the multipart body")]
    pub project_id: i64,
    /// The file; repeat the part for several.
    #[schema(value_type = Vec<String>, format = Binary)]
    #[expect(dead_code, reason = "describes the multipart body")]
    pub file: Vec<String>,
    /// Relative paths, one for each file in the same order.
    #[expect(dead_code, reason = "describes the multipart body")]
    pub paths: Option<Vec<String>>,
}

// For the document only: the parts are streamed.
/// The multipart body of `upload_and_submit`.
#[derive(Debug, ToSchema)]
pub struct UploadAndSubmitForm {
    /// Where the files belong.
    #[schema(value_type = Id)]
    #[expect(dead_code, reason = "describes the multipart body")]
    pub project_id: i64,
    /// The files; one part for each.
    #[schema(value_type = Vec<String>, format = Binary)]
    #[expect(dead_code, reason = "describes the multipart body")]
    pub files: Vec<String>,
    /// Relative paths in the uploaded folder, one for each file in the same order.
    #[expect(dead_code, reason = "describes the multipart body")]
    pub paths: Option<Vec<String>>,
    /// The rule to apply; the built-in one (`skip`) by default.
    #[schema(value_type = Option<Id>)]
    #[expect(dead_code, reason = "describes the multipart body")]
    pub rule_id: Option<i64>,
    /// The table to mount the results in; a new one for each file by default.
    #[schema(value_type = Option<Id>)]
    #[expect(dead_code, reason = "describes the multipart body")]
    pub table_id: Option<i64>,
    /// The container, a JSON Pointer; the root of a given table, `/data` of a new one by default.
    #[expect(dead_code, reason = "describes the multipart body")]
    pub json_path: Option<String>,
    /// What happens when a mount's key is taken; `overwrite` by default.
    #[expect(dead_code, reason = "describes the multipart body")]
    pub conflict: Option<super::mount::Conflict>,
    /// Whether missing containers are made, as objects; true by default.
    #[expect(dead_code, reason = "describes the multipart body")]
    pub create_missing: Option<bool>,
    /// Higher runs first within a project.
    #[schema(minimum = -100, maximum = 100)]
    #[expect(dead_code, reason = "describes the multipart body")]
    pub priority: Option<i16>,
    /// How the files are to be parsed: a JSON object with `parser`, `pages`, `ocr_languages`, `force_ocr`.
    #[schema(example = "{\"pages\": \"1-3\"}")]
    #[expect(dead_code, reason = "describes the multipart body")]
    pub parse_options: Option<String>,
}

/// What became of an upload.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "upload_id": 9, "key": "users/1/raw/7/9.txt", "size": 11, "content_type": "text/plain", "etag": "1a2b3c4d",
    "total": 1, "items": [{"filename": "report.txt", "path": null, "upload_id": 9, "key": "users/1/raw/7/9.txt",
        "size": 11, "content_type": "text/plain", "sha256": "1a2b3c4d", "error": null}]
}))]
pub struct Uploaded {
    /// With one file: its upload.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Id>)]
    pub upload_id: Option<UploadId>,
    /// With one file: its key in the object store.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// With one file: its bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// With one file: its sniffed media type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    /// With one file: its SHA-256.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    /// One per file, in the order of the files.
    pub items: Vec<UploadedItem>,
    /// How many files there were.
    pub total: usize,
}

/// One file of an upload.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct UploadedItem {
    /// The file's name.
    pub filename: String,
    /// Relative path in the uploaded folder.
    pub path: Option<String>,
    /// The upload; null when the file could not be stored.
    #[schema(value_type = Option<Id>)]
    pub upload_id: Option<UploadId>,
    /// Key in the object store.
    pub key: Option<String>,
    /// Bytes.
    pub size: Option<u64>,
    /// Sniffed media type.
    pub content_type: Option<String>,
    /// Lowercase hex SHA-256.
    pub sha256: Option<String>,
    /// Why the file could not be stored.
    pub error: Option<UploadError>,
}

/// Why a file could not be stored.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct UploadError {
    /// Machine code.
    pub code: &'static str,
    /// Text for people.
    pub message: String,
}

impl From<&Upload> for UploadedItem {
    fn from(upload: &Upload) -> Self {
        Self {
            filename: upload.filename.clone(),
            path: upload.path.clone(),
            upload_id: Some(upload.id),
            key: Some(upload.key.clone()),
            size: Some(upload.size),
            content_type: Some(upload.media_type.clone()),
            sha256: Some(upload.sha256.clone()),
            error: None,
        }
    }
}

impl UploadedItem {
    /// A file that could not be stored.
    pub fn failed(filename: String, path: Option<String>, error: UploadError) -> Self {
        Self {
            filename,
            path,
            upload_id: None,
            key: None,
            size: None,
            content_type: None,
            sha256: None,
            error: Some(error),
        }
    }
}

impl Uploaded {
    /// From the files in order.
    pub fn new(items: Vec<UploadedItem>) -> Self {
        let only = if let [item] = items.as_slice() { Some(item.clone()) } else { None };
        Self {
            upload_id: only.as_ref().and_then(|item| item.upload_id),
            key: only.as_ref().and_then(|item| item.key.clone()),
            size: only.as_ref().and_then(|item| item.size),
            content_type: only.as_ref().and_then(|item| item.content_type.clone()),
            etag: only.and_then(|item| item.sha256),
            total: items.len(),
            items,
        }
    }
}
