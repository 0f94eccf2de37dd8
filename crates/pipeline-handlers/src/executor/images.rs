//! The pages of a file as pictures: of a file that is a picture, itself.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use millrace_domain::ports::ObjectStore;
use millrace_domain::task::SourceFile;
use millrace_domain::{ErrorStage, TaskFailure};

use super::storage;
use crate::transform::{PageImage, PageImages};

/// Largest picture that is shown to a model, in bytes: what OpenAI accepts in one request, less its encoding.
const MAX_IMAGE_BYTES: u64 = 20 << 20;
/// Pictures that models of the OpenAI protocol read.
const MEDIA_TYPES: [&str; 4] = ["image/png", "image/jpeg", "image/webp", "image/gif"];

enum Picture {
    Memory(Bytes),
    Stored(Arc<dyn ObjectStore>, String),
}

/// A file that is one picture.
struct PictureFile {
    picture: Picture,
    size: u64,
    media_type: &'static str,
}

/// The pages of a stored file, if it is a picture.
pub(super) fn of_stored(store: &Arc<dyn ObjectStore>, source: &SourceFile) -> Option<Arc<dyn PageImages>> {
    let picture = Picture::Stored(Arc::clone(store), source.key.clone());
    of_picture(picture, source.size, &source.media_type)
}

/// The pages of a file in memory, if it is a picture.
pub(super) fn of_bytes(bytes: &Bytes, media_type: &str) -> Option<Arc<dyn PageImages>> {
    of_picture(Picture::Memory(bytes.clone()), bytes.len() as u64, media_type)
}

fn of_picture(picture: Picture, size: u64, media_type: &str) -> Option<Arc<dyn PageImages>> {
    let media_type = MEDIA_TYPES.into_iter().find(|known| *known == media_type)?;
    Some(Arc::new(PictureFile { picture, size, media_type }))
}

#[async_trait]
impl PageImages for PictureFile {
    async fn images(&self) -> Result<Vec<PageImage>, TaskFailure> {
        if self.size > MAX_IMAGE_BYTES {
            let text = format!("the picture has {} bytes; models are shown at most {MAX_IMAGE_BYTES}", self.size);
            return Err(TaskFailure::permanent(ErrorStage::Postprocess, "image_too_large", text));
        }
        let bytes = match &self.picture {
            Picture::Memory(bytes) => bytes.clone(),
            Picture::Stored(store, key) => {
                let read = store.get(key).await;
                read.map_err(|error| storage::unavailable(ErrorStage::Postprocess, &error))?
            }
        };
        Ok(vec![PageImage { page: 1, media_type: self.media_type, bytes }])
    }
}
