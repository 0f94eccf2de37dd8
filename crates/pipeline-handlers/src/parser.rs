//! What every parser is: a synchronous, pure function from bytes to a document.

use millrace_domain::document::{Block, HtmlNode, PageInfo, ParsedDocument, Quality, RowsRef, SheetCells};
use millrace_domain::parse_options::ParseOptions;
use serde_json::{Map, Value};

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

/// What a parser gives; the registry adds the parser's name and version.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Draft {
    /// The whole text as Markdown.
    pub markdown: String,
    /// The same content in pieces.
    pub blocks: Vec<Block>,
    /// Pages, slides or sheets; 1 where the format has none.
    pub pages: u32,
    /// What was left out or looks wrong, for people.
    pub warnings: Vec<String>,
    /// Rows of tabular files.
    pub rows: Option<Vec<Map<String, Value>>>,
    /// Where all rows are, when `rows` holds the first of them only.
    pub rows_ref: Option<RowsRef>,
    /// The value of a file that is data (YAML, XML), or the fields of one that has some (a message's header).
    pub data: Option<Value>,
    /// Pages, where more is known of them than their number.
    pub page_info: Vec<PageInfo>,
    /// How far the whole can be trusted, where the parser can tell.
    pub quality: Option<Quality>,
    /// The cells of a workbook at their addresses.
    pub sheets: Vec<SheetCells>,
    /// The elements of an HTML page.
    pub html: Vec<HtmlNode>,
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

/// Finishes a draft: names the parser and removes what stores of JSON cannot hold.
pub(crate) fn finish(draft: Draft, parser: &dyn Parser) -> ParsedDocument {
    finish_as(draft, parser.name(), parser.version())
}

/// The same for what a service made.
pub(crate) fn finish_as(draft: Draft, parser: &str, version: &str) -> ParsedDocument {
    let mut document = ParsedDocument {
        markdown: draft.markdown,
        blocks: draft.blocks,
        pages: draft.pages,
        warnings: draft.warnings,
        parser: parser.to_owned(),
        version: version.to_owned(),
        rows: draft.rows,
        rows_ref: draft.rows_ref,
        data: draft.data,
        page_info: draft.page_info,
        quality: draft.quality,
        sheets: draft.sheets,
        html: draft.html,
    };
    crate::finite::settle(&mut document);
    if crate::nul::strip_document(&mut document) {
        document.warnings.push("NUL characters were removed".to_owned());
    }
    document
}
