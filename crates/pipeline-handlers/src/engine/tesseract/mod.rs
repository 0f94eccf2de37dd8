//! Text in pictures and scans, by the program Tesseract.
//!
//! Pictures are fed to it as they are. The pages of a PDF are made into pictures by a parser process first, several at a
//! time, none of them kept. Every page is a run of its own, so a bad one costs itself alone.

mod config;
mod document;
mod pictures;
mod program;
pub mod tsv;

use std::fs::File;
use std::io::{self, Cursor};
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use millrace_domain::capabilities::EngineCapability;
use tokio::sync::Semaphore;

pub use config::TesseractConfig;
pub use program::{Installation, find};

use self::document::{Page, document};
use self::program::Run;
use self::tsv::Recognised;
use super::local::unreadable;
use super::{Engine, EngineFailure, EngineOutput, EngineRequest, Source};
use crate::failure::{FailureCode, ParseFailure};
use crate::limits::ParserLimits;
use crate::output;
use crate::pages;
use crate::pool::ParserPool;
use crate::render::{POINTS, PictureForm, RenderPage};

/// Name of this engine.
pub const NAME: &str = "tesseract";
/// Grows whenever the same picture may give another document.
const VERSION: &str = "1";
/// Media types of pictures that Tesseract decodes, as Debian builds it.
const PICTURES: [&str; 6] = ["image/png", "image/jpeg", "image/tiff", "image/bmp", "image/webp", "image/gif"];
/// What is read without a word of configuration, where installed.
const USUAL_LANGUAGES: [&str; 2] = ["eng", "chi_sim"];

/// Tesseract.
pub struct TesseractEngine {
    installation: Installation,
    config: TesseractConfig,
    /// What is read when a request names no language.
    languages: Vec<String>,
    pool: Arc<ParserPool>,
    limits: ParserLimits,
    runs: Semaphore,
}

impl TesseractEngine {
    /// An engine over an installation. The pool makes pictures of pages.
    ///
    /// # Errors
    /// The configured language that is not installed, or that there is none at all, for people.
    pub fn new(
        installation: Installation,
        config: TesseractConfig,
        pool: Arc<ParserPool>,
        limits: ParserLimits,
    ) -> Result<Self, String> {
        let has = |code: &str| installation.languages.iter().any(|installed| installed == code);
        if let Some(missing) = config.languages.iter().find(|code| !has(code)) {
            return Err(missing_text(missing, &installation.languages));
        }
        let mut languages = config.languages.clone();
        if languages.is_empty() {
            languages.extend(USUAL_LANGUAGES.into_iter().filter(|code| has(code)).map(str::to_owned));
        }
        if languages.is_empty() {
            languages.extend(installation.languages.first().cloned());
        }
        if languages.is_empty() {
            return Err("no language is installed".to_owned());
        }
        let runs = Semaphore::new(config.workers_or_default().max(1));
        Ok(Self { installation, config, languages, pool, limits, runs })
    }

    /// The languages of a request, joined as Tesseract wants them.
    fn languages_of(&self, request: &EngineRequest) -> Result<String, ParseFailure> {
        let asked = &request.options.ocr_languages;
        let installed = &self.installation.languages;
        match asked.iter().find(|code| !installed.contains(code)) {
            Some(missing) => Err(ParseFailure::new(FailureCode::OcrLanguageMissing, missing_text(missing, installed))),
            None if asked.is_empty() => Ok(self.languages.join("+")),
            None => Ok(asked.join("+")),
        }
    }

    async fn pages(&self, request: &EngineRequest, languages: &str) -> Result<(u32, Vec<Page>), EngineFailure> {
        let total = if request.media_type == PDF {
            // Any page says how many there are, and the first wanted one is needed anyway; only its count is used here.
            self.picture(request, u32::MAX).await?.pages
        } else {
            count_pictures(request, self.config.max_pages).await?
        };
        if total > self.config.max_pages && request.options.pages.is_none() {
            let limits = ParserLimits { max_pages: self.config.max_pages, ..self.limits.clone() };
            return Err(ParseFailure::too_many_pages(total, &limits).into());
        }
        let wanted: Vec<u32> = match &request.options.pages {
            Some(ranges) => ranges.within(total).take(self.config.max_pages as usize + 1).collect(),
            None => (1..=total).collect(),
        };
        if let (true, Some(asked)) = (wanted.is_empty(), &request.options.pages) {
            return Err(pages::no_such_page(asked, total).into());
        }
        let count = u32::try_from(wanted.len()).unwrap_or(u32::MAX);
        if count > self.config.max_pages {
            let limits = ParserLimits { max_pages: self.config.max_pages, ..self.limits.clone() };
            return Err(ParseFailure::too_many_pages(count, &limits).into());
        }
        request.progress.pages(0, count);
        let mut done = 0;
        let pages = futures::stream::iter(wanted)
            .map(|number| self.page(request, languages, number, total))
            // No more than can run, so that pictures do not pile up.
            .buffered(self.config.workers_or_default().max(1))
            .inspect_ok(|_| {
                done += 1;
                request.progress.pages(done, count);
            })
            .try_collect()
            .await?;
        Ok((total, pages))
    }

    /// Reads one page. What is wrong with the page is its own; only what another attempt may mend ends the whole.
    async fn page(
        &self,
        request: &EngineRequest,
        languages: &str,
        number: u32,
        total: u32,
    ) -> Result<Page, EngineFailure> {
        let read = if request.media_type == PDF {
            self.pdf_page(request, languages, number).await
        } else {
            let run = Run { languages, dpi: None, page: (total > 1).then_some(number - 1) };
            self.read_source(&request.source, &run).await.map(|recognised| (recognised.size, recognised))
        };
        match read {
            Ok((size, recognised)) => Ok(Page { number, size, outcome: Ok(recognised) }),
            Err(failure) if failure.code.retryable() => Err(failure.into()),
            Err(failure) => Ok(Page { number, size: None, outcome: Err(failure) }),
        }
    }

    async fn pdf_page(
        &self,
        request: &EngineRequest,
        languages: &str,
        number: u32,
    ) -> Result<(Option<[f32; 2]>, Recognised), ParseFailure> {
        let image = self.picture(request, number).await?;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 1 and some thousand")]
        let dpi = image.dpi.round().max(1.0) as u32;
        let run = Run { languages, dpi: Some(dpi), page: None };
        let mut recognised = self.read_picture(Cursor::new(image.picture), &run).await?;
        let scale = POINTS / image.dpi;
        for block in &mut recognised.blocks {
            block.bbox = block.bbox.map(|bbox| bbox.map(|pixels| pixels * scale));
        }
        Ok((Some(image.size), recognised))
    }

    async fn picture(&self, request: &EngineRequest, page: u32) -> Result<crate::render::PageImage, ParseFailure> {
        #[expect(clippy::cast_precision_loss, reason = "some hundred")]
        let dpi = self.config.dpi as f32;
        let page = RenderPage { page, dpi, max_pixels: self.config.max_page_pixels, form: PictureForm::Pgm };
        self.pool.render(request.source.worker_input(), page, self.limits.clone()).await
    }

    async fn read_source(&self, source: &Source, run: &Run<'_>) -> Result<Recognised, ParseFailure> {
        let gone = |error: io::Error| {
            ParseFailure::new(FailureCode::ParserUnavailable, format!("the file cannot be opened: {}", error.kind()))
        };
        match source {
            Source::Memory(bytes) => self.read_picture(Cursor::new(bytes.clone()), run).await,
            Source::Local(path) => self.read_picture(tokio::fs::File::open(path).await.map_err(gone)?, run).await,
            Source::Spooled(path) => self.read_picture(tokio::fs::File::open(path).await.map_err(gone)?, run).await,
        }
    }

    async fn read_picture(
        &self,
        picture: impl tokio::io::AsyncRead + Send + Unpin,
        run: &Run<'_>,
    ) -> Result<Recognised, ParseFailure> {
        let closed = |_closed| ParseFailure::new(FailureCode::ParserUnavailable, "the engine is closed");
        let _permit = self.runs.acquire().await.map_err(closed)?;
        let table = program::run(&self.installation.program, &self.config, run, picture).await?;
        Ok(tsv::read(&table))
    }
}

#[async_trait]
impl Engine for TesseractEngine {
    fn name(&self) -> &'static str {
        NAME
    }

    fn version(&self) -> String {
        let TesseractConfig { dpi, max_page_pixels, page_segmentation, data_dir, .. } = &self.config;
        let Installation { version, .. } = &self.installation;
        let languages = self.languages.join("+");
        let data_dir = data_dir.as_deref().map_or_else(String::new, |folder| folder.display().to_string());
        format!("{VERSION}+{version},{languages},{dpi},{max_page_pixels},{page_segmentation},{data_dir}")
    }

    fn reads(&self, media_type: &str) -> bool {
        media_type == PDF || PICTURES.contains(&media_type)
    }

    fn recognises(&self) -> bool {
        true
    }

    async fn parse(&self, request: &EngineRequest) -> Result<EngineOutput, EngineFailure> {
        if !self.reads(request.media_type) {
            return Err(ParseFailure::unsupported(request.media_type).into());
        }
        let languages = self.languages_of(request)?;
        let (total, read) = self.pages(request, &languages).await?;
        if let Some(Page { outcome: Err(first), .. }) = read.first()
            && read.iter().all(|page| page.outcome.is_err())
        {
            return Err(first.clone().into());
        }
        let version = format!("{VERSION}+{}", self.installation.version);
        let mut document = document(total, read, version);
        pages::check(&mut document, &request.options)?;
        let document = output::to_json(&document, &self.limits)?;
        Ok(EngineOutput { document: Bytes::from(document), remote_task_id: None })
    }

    async fn capability(&self) -> EngineCapability {
        EngineCapability {
            name: NAME.to_owned(),
            available: true,
            detail: Some(format!("reads {} unless a request names languages", self.languages.join(", "))),
            version: Some(self.installation.version.clone()),
            formats: ["PDF", "PNG", "JPEG", "TIFF", "BMP", "WebP", "GIF"].map(str::to_owned).to_vec(),
            languages: self.installation.languages.clone(),
        }
    }
}

/// The media type whose pages are made into pictures first.
const PDF: &str = "application/pdf";

fn missing_text(code: &str, installed: &[String]) -> String {
    format!("the language '{code}' is not installed for Tesseract; there is {}", installed.join(", "))
}

/// How many pictures a file holds.
async fn count_pictures(request: &EngineRequest, limit: u32) -> Result<u32, EngineFailure> {
    if request.media_type != "image/tiff" {
        return Ok(1);
    }
    let source = Arc::clone(&request.source);
    let counting = tokio::task::spawn_blocking(move || match &*source {
        Source::Memory(bytes) => pictures::count(&mut Cursor::new(bytes), limit),
        Source::Local(path) => pictures::count(&mut File::open(path)?, limit),
        Source::Spooled(path) => pictures::count(&mut File::open(path)?, limit),
    });
    match counting.await {
        Ok(Ok(count)) => Ok(count),
        Ok(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => {
            Err(ParseFailure::unreadable("TIFF", "it ends too early").into())
        }
        Ok(Err(error)) => Err(EngineFailure::last(unreadable(error))),
        Err(_panic) => Err(ParseFailure::new(FailureCode::ParserCrashed, "the parser failed on this file").into()),
    }
}
