//! What every parser is: a synchronous, pure function from bytes to a document.

use millrace_domain::parse_options::ParseOptions;

use crate::draft::Draft;
use crate::failure::ParseFailure;
use crate::format::Format;
use crate::limits::ParserLimits;
use crate::members::Members;
use crate::rows::RowStream;

/// Where a parser may run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Isolation {
    /// In the server: memory-safe code whose cost is linear in the input.
    InProcess,
    /// In a parser process with limits of its own.
    Child,
}

/// Nothing was asked for.
pub(crate) static NO_OPTIONS: ParseOptions =
    ParseOptions { parser: None, pages: None, ocr_languages: Vec::new(), force_ocr: false };

/// One file to parse.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    /// All its bytes.
    pub bytes: &'a [u8],
    /// Its sniffed format, one of the parser's [`Parser::formats`].
    pub format: Format,
    /// Limits to keep.
    pub limits: &'a ParserLimits,
    /// What was asked for. Parsers of formats with pages read only the wanted ones.
    pub options: &'a ParseOptions,
    /// Its name, for what only names tell (the language of source code); empty when there is none.
    pub filename: &'a str,
    /// How files inside this one are read; `None` where there is no registry at hand.
    pub members: Option<&'a Members<'a>>,
}

impl<'a> Input<'a> {
    /// A file without a name and options, whose members cannot be read.
    pub fn new(bytes: &'a [u8], format: Format, limits: &'a ParserLimits) -> Self {
        Self { bytes, format, limits, options: &NO_OPTIONS, filename: "", members: None }
    }

    /// Whether a page, slide or sheet was asked for; all are when nothing was said.
    pub(crate) fn wants_page(&self, page: u32) -> bool {
        self.options.pages.as_ref().is_none_or(|pages| pages.contains(page))
    }
}

/// Reads files of some formats.
pub trait Parser: Send + Sync {
    /// Unique name, a noun; stored with every document.
    fn name(&self) -> &'static str;
    /// Grows whenever the same bytes may give another document.
    fn version(&self) -> &'static str;
    /// What it reads.
    fn formats(&self) -> &'static [Format];
    /// Where it may run.
    fn isolation(&self) -> Isolation;
    /// Reads one file.
    ///
    /// # Errors
    /// A [`ParseFailure`] whose code says what is wrong with the file.
    fn parse(&self, input: Input<'_>) -> Result<Draft, ParseFailure>;
    /// How it reads files of rows that are too large to be held in memory; `None` when it cannot.
    fn streaming(&self) -> Option<&dyn RowStream> {
        None
    }
}
