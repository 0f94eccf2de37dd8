//! Files of one kind, through the registry as every upload goes.

use std::fs;
use std::io::Write as _;
use std::sync::LazyLock;

use millrace_domain::document::ParsedDocument;
use millrace_domain::parse_options::ParseOptions;
use millrace_pipeline_handlers::failure::ParseFailure;
use millrace_pipeline_handlers::limits::ParserLimits;
use millrace_pipeline_handlers::registry::{ParserRegistry, builtin};
use millrace_pipeline_handlers::render::{PictureForm, RenderPage, render_page};

use crate::limits::LIMITS;
use crate::{check, contained, plain};

pub(crate) static REGISTRY: LazyLock<ParserRegistry> = LazyLock::new(builtin);

/// Text that the server may read itself.
pub fn in_server(filename: &str, data: &[u8]) {
    judge(&parsed(filename, data));
}

/// A file that only parser processes read.
pub fn in_child(filename: &str, data: &[u8]) {
    contained::in_child(|| judge(&parsed(filename, data)));
}

/// A ZIP-based file, also in its [`plain`] form.
pub fn archive(filename: &str, data: &[u8]) {
    let bytes = plain::to_zip(data);
    in_child(filename, &bytes);
}

/// A file of rows: whole, and piece by piece as large ones are read. Both ways must find as many rows.
pub fn rows(filename: &str, data: &[u8]) {
    let whole = parsed(filename, data);
    judge(&whole);
    let limits = ParserLimits { max_inline_bytes: 64, max_inline_rows: 2, ..LIMITS.clone() };
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    file.write_all(data).expect("its bytes");
    let beside = tempfile::NamedTempFile::new().expect("a file");
    let options = ParseOptions::default();
    let streamed = REGISTRY.parse_file(file.path(), filename, &limits, &options, Some(beside.path()));
    judge(&streamed);
    let (Ok(whole), Ok(streamed)) = (whole, streamed) else { return };
    let Some(reference) = &streamed.rows_ref else { return };
    let written = fs::read(beside.path()).expect("the rows");
    assert_eq!(reference.size, written.len() as u64, "bytes of the rows");
    assert_eq!(reference.rows as usize, written.split(|byte| *byte == b'\n').count() - 1, "lines of the rows");
    if let Some(rows) = &whole.rows
        && whole.parser == streamed.parser
    {
        assert_eq!(reference.rows as usize, rows.len(), "rows of the whole file");
    }
}

/// The first page of a PDF as a picture.
pub fn picture(data: &[u8]) {
    let page = RenderPage { page: 1, dpi: 36.0, max_pixels: 250_000, form: PictureForm::Png };
    contained::in_child(|| {
        let _drawn_or_refused = render_page(data.to_vec(), &page, &LIMITS);
    });
}

pub(crate) fn parsed(filename: &str, data: &[u8]) -> Result<ParsedDocument, ParseFailure> {
    REGISTRY.parse(data, filename, &LIMITS, &ParseOptions::default())
}

pub(crate) fn judge(outcome: &Result<ParsedDocument, ParseFailure>) {
    match outcome {
        Ok(document) => check::document(document),
        Err(failure) => {
            assert!(!failure.message.is_empty(), "{:?} without a word", failure.code);
            assert!(!failure.message.contains('\0'), "U+0000 in what is told of a failure");
        }
    }
}
