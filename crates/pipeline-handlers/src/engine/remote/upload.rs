//! Files as bodies of requests.

use reqwest::Body;
use reqwest::multipart::Part;
use tokio_util::io::ReaderStream;

use super::tried;
use crate::engine::{EngineFailure, EngineRequest, Source};
use crate::failure::{FailureCode, ParseFailure};

/// Formats that services read, by media type, with the extension that tells them.
const EXTENSIONS: [(&str, &str); 16] = [
    ("application/pdf", "pdf"),
    ("image/png", "png"),
    ("image/jpeg", "jpg"),
    ("image/tiff", "tiff"),
    ("image/bmp", "bmp"),
    ("image/webp", "webp"),
    ("image/gif", "gif"),
    ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", "docx"),
    ("application/vnd.openxmlformats-officedocument.presentationml.presentation", "pptx"),
    ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx"),
    ("application/msword", "doc"),
    ("application/vnd.ms-powerpoint", "ppt"),
    ("text/html", "html"),
    ("text/markdown", "md"),
    ("text/csv", "csv"),
    ("application/vnd.ms-excel", "xls"),
];

/// The extension of a media type, without the dot.
pub(in crate::engine) fn extension(media_type: &str) -> Option<&'static str> {
    EXTENSIONS.iter().find(|(known, _)| *known == media_type).map(|(_, extension)| *extension)
}

/// The bytes of a file, streamed; `Content-Length` is the caller's.
///
/// # Errors
/// When the file is gone.
pub(in crate::engine) async fn body(request: &EngineRequest) -> Result<Body, EngineFailure> {
    let path = match &*request.source {
        Source::Memory(bytes) => return Ok(Body::from(bytes.clone())),
        Source::Local(path) => path.as_path(),
        Source::Spooled(path) => path,
    };
    let file = tokio::fs::File::open(path).await;
    let file = file.map_err(|error| EngineFailure::last(crate::engine::local::unreadable(error)))?;
    Ok(Body::wrap_stream(ReaderStream::new(file)))
}

/// The file as a part of a form. Its name tells no more than its format: the real one is nobody's business.
///
/// # Errors
/// As [`body`]; a format without an extension.
pub(in crate::engine) async fn part(request: &EngineRequest) -> Result<Part, EngineFailure> {
    let Some(extension) = extension(request.media_type) else {
        return Err(ParseFailure::unsupported(request.media_type).into());
    };
    let part = Part::stream_with_length(body(request).await?, request.size).file_name(format!("document.{extension}"));
    part.mime_str(request.media_type).map_err(|_error| tried(FailureCode::UnsupportedType, "no media type"))
}
