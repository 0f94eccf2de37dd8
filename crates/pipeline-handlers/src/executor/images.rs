//! The pages of a file as pictures: of a file that is a picture, itself; of a PDF, made one by one in parser processes.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use millrace_domain::ports::{ObjectError, ObjectStore};
use millrace_domain::task::SourceFile;
use millrace_domain::{ErrorStage, TaskFailure};
use tokio::sync::OnceCell;

use super::{ExecutorParts, storage};
use crate::engine::Source;
use crate::limits::ParserLimits;
use crate::pool::ParserPool;
use crate::render::{PictureForm, RenderPage};
use crate::transform::{PageImage, PageImages};

/// Pictures that models of the OpenAI protocol read.
const MEDIA_TYPES: [&str; 4] = ["image/png", "image/jpeg", "image/webp", "image/gif"];
const PDF: &str = "application/pdf";

/// How the pages of files are shown to models.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImageSettings {
    /// Most pages of one file.
    pub max_pages: u32,
    /// Pixels per inch of pictures of PDF pages.
    pub dpi: u32,
    /// Most pixels of such a picture; larger pages are made less finely.
    pub max_pixels: u64,
    /// Largest picture, in bytes.
    pub max_bytes: u64,
}

impl Default for ImageSettings {
    fn default() -> Self {
        // As much as models look at: they scale larger pictures down. In bytes, what OpenAI takes, less its encoding.
        Self { max_pages: 50, dpi: 150, max_pixels: 2_500_000, max_bytes: 20 << 20 }
    }
}

/// Where the bytes of a file are.
#[derive(Clone)]
enum FileBytes {
    Memory(Bytes),
    Stored(Arc<dyn ObjectStore>, String),
}

/// The pages of a stored file, if it can be shown.
pub(super) fn of_stored(parts: &ExecutorParts, source: &SourceFile) -> Option<Arc<dyn PageImages>> {
    let bytes = FileBytes::Stored(Arc::clone(&parts.store), source.key.clone());
    of_file(parts, bytes, source.size, &source.media_type)
}

/// The pages of a file in memory, if it can be shown.
pub(super) fn of_bytes(parts: &ExecutorParts, bytes: &Bytes, media_type: &str) -> Option<Arc<dyn PageImages>> {
    of_file(parts, FileBytes::Memory(bytes.clone()), bytes.len() as u64, media_type)
}

fn of_file(parts: &ExecutorParts, bytes: FileBytes, size: u64, media_type: &str) -> Option<Arc<dyn PageImages>> {
    let settings = parts.images;
    if media_type == PDF {
        let pool = Arc::clone(parts.pool.as_ref()?);
        let limits = parts.limits.clone();
        return Some(Arc::new(PdfFile { bytes, size, source: OnceCell::new(), pool, limits, settings }));
    }
    let media_type = MEDIA_TYPES.into_iter().find(|known| *known == media_type)?;
    Some(Arc::new(PictureFile { bytes, size, media_type, settings }))
}

/// A file that is one picture.
struct PictureFile {
    bytes: FileBytes,
    size: u64,
    media_type: &'static str,
    settings: ImageSettings,
}

#[async_trait]
impl PageImages for PictureFile {
    fn max_pages(&self) -> u32 {
        self.settings.max_pages
    }

    async fn image(&self, page: u32) -> Result<Option<PageImage>, TaskFailure> {
        if page != 1 {
            return Ok(None);
        }
        check_size("the picture", self.size, &self.settings)?;
        let bytes = match &self.bytes {
            FileBytes::Memory(bytes) => bytes.clone(),
            FileBytes::Stored(store, key) => store.get(key).await.map_err(|error| unreadable(&error))?,
        };
        Ok(Some(PageImage { page, media_type: self.media_type, bytes }))
    }
}

/// A PDF. Its readers are large and its bytes untrusted, so parser processes make the pictures, within their limits.
struct PdfFile {
    bytes: FileBytes,
    size: u64,
    /// The bytes where a parser process can read them; fetched once for all pages.
    source: OnceCell<Source>,
    pool: Arc<ParserPool>,
    limits: ParserLimits,
    settings: ImageSettings,
}

impl PdfFile {
    async fn fetch(&self) -> Result<Source, TaskFailure> {
        match &self.bytes {
            FileBytes::Memory(bytes) => Ok(Source::Memory(bytes.clone())),
            FileBytes::Stored(store, key) => {
                let fetched = Source::fetch(&**store, key, self.size, self.limits.max_in_process_bytes).await;
                fetched.map_err(|error| unreadable(&error))
            }
        }
    }
}

#[async_trait]
impl PageImages for PdfFile {
    fn max_pages(&self) -> u32 {
        self.settings.max_pages
    }

    async fn image(&self, page: u32) -> Result<Option<PageImage>, TaskFailure> {
        let source = self.source.get_or_try_init(|| self.fetch()).await?;
        #[expect(clippy::cast_precision_loss, reason = "some hundred")]
        let dpi = self.settings.dpi as f32;
        let request = RenderPage { page, dpi, max_pixels: self.settings.max_pixels, form: PictureForm::Png };
        let made = self.pool.render(source.worker_input(), request, self.limits.clone()).await;
        let made = made.map_err(|failure| TaskFailure { stage: ErrorStage::Postprocess, ..failure.into() })?;
        if made.picture.is_empty() {
            return Ok(None);
        }
        check_size(&format!("the picture of page {page}"), made.picture.len() as u64, &self.settings)?;
        Ok(Some(PageImage { page, media_type: "image/png", bytes: made.picture }))
    }
}

fn check_size(what: &str, size: u64, settings: &ImageSettings) -> Result<(), TaskFailure> {
    let most = settings.max_bytes;
    if size <= most {
        return Ok(());
    }
    let text = format!("{what} has {size} bytes; llm.images.max_bytes is {most}");
    Err(TaskFailure::permanent(ErrorStage::Postprocess, "image_too_large", text))
}

fn unreadable(error: &ObjectError) -> TaskFailure {
    storage::unavailable(ErrorStage::Postprocess, error)
}
