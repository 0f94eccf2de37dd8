//! Pieces of a file that is not small on their way to the object store.

use bytes::Bytes;
use millrace_domain::ports::ObjectWriter;

use super::storing::FileFailure;

/// A writer, or why there is none any more. What follows a failure is read and dropped.
pub type Writing = Result<Box<dyn ObjectWriter>, FileFailure>;

/// Writes one piece, unless the file does not fit or failed before.
pub async fn write(writer: Writing, chunk: Bytes, fits: bool, too_large: impl Fn() -> FileFailure) -> Writing {
    let mut writer = writer?;
    if !fits {
        writer.abort().await;
        return Err(too_large());
    }
    match writer.write(chunk).await {
        Ok(()) => Ok(writer),
        Err(error) => {
            writer.abort().await;
            Err(FileFailure::of_store(&error))
        }
    }
}

/// Gives up.
pub async fn abort(writer: Writing) {
    if let Ok(writer) = writer {
        writer.abort().await;
    }
}
