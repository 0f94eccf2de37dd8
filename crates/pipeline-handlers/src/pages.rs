//! Pages that were asked for, held against those that a file has.

use millrace_domain::document::ParsedDocument;
use millrace_domain::parse_options::{PageRanges, ParseOptions};

use crate::failure::{FailureCode, ParseFailure};

/// The failure of a request for pages of which the file has none.
pub(crate) fn no_such_page(asked: &PageRanges, pages: u32) -> ParseFailure {
    let has = if pages == 1 { "1 page".to_owned() } else { format!("{pages} pages") };
    ParseFailure::new(FailureCode::NoSuchPage, format!("the file has {has}, and none of those asked for ({asked})"))
}

/// Holds a document against the pages that were asked for; those beyond its last one become a warning. Formats without
/// pages are one page.
///
/// # Errors
/// `no_such_page` when the file has none of them: an empty result would look like an empty file.
pub(crate) fn check(document: &mut ParsedDocument, options: &ParseOptions) -> Result<(), ParseFailure> {
    let Some(asked) = &options.pages else { return Ok(()) };
    let pages = document.pages.max(1);
    if asked.within(pages).next().is_none() {
        return Err(no_such_page(asked, pages));
    }
    if asked.ranges().iter().any(|(_, last)| *last > pages) {
        document.warnings.push(format!("pages {asked} were asked for, and the file ends with page {pages}"));
    }
    // Not every parser can choose among the pages of its format.
    if document.blocks.iter().any(|block| block.page > 0 && !asked.contains(block.page)) {
        document.warnings.push("pages cannot be chosen in files of this kind: all of them were read".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use millrace_domain::document::{Block, BlockKind};

    use super::*;

    fn checked(asked: &str, pages: u32) -> Result<Vec<String>, FailureCode> {
        let options =
            ParseOptions { pages: Some(PageRanges::parse(asked).expect("ranges")), ..ParseOptions::default() };
        let mut document = ParsedDocument { pages, ..ParsedDocument::default() };
        check(&mut document, &options).map(|()| document.warnings).map_err(|failure| failure.code)
    }

    #[test]
    fn pages_that_are_not_there_are_told() {
        assert_eq!(checked("1-3", 3), Ok(vec![]));
        assert_eq!(checked("2-9", 3).map(|warnings| warnings.len()), Ok(1));
        assert_eq!(checked("4,7-9", 3), Err(FailureCode::NoSuchPage));
        assert_eq!(checked("2", 0), Err(FailureCode::NoSuchPage));
    }

    #[test]
    fn a_document_with_more_than_was_asked_for_says_so() {
        let options = ParseOptions { pages: PageRanges::parse("2").ok(), ..ParseOptions::default() };
        let on = |page| Block { page, ..Block::new(BlockKind::Paragraph, "x") };
        let mut chosen = ParsedDocument { pages: 2, blocks: vec![on(2)], ..ParsedDocument::default() };
        assert_eq!((check(&mut chosen, &options), chosen.warnings.len()), (Ok(()), 0));
        let mut whole = ParsedDocument { pages: 2, blocks: vec![on(1), on(2)], ..ParsedDocument::default() };
        assert_eq!((check(&mut whole, &options), whole.warnings.len()), (Ok(()), 1));
    }
}
