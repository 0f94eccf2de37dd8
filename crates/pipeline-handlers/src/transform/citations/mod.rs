//! Where quotes and values stand in a parsed document. Shared by every transform that cites.
//!
//! A quote is compared after `normalise`: what a renderer, a printer or a language model changes in passing (case,
//! blanks, typographic signs, hyphenation, Markdown marks) does not count; words and digits do.

mod forms;
mod normalise;

use std::ops::Range;

use millrace_domain::citation::Citation;
use millrace_domain::document::ParsedDocument;
use serde_json::Value;

pub(crate) use normalise::normalise;

/// Places looked at for one quote, so that a quote of one letter does not cost the whole document for every value.
const MAX_PLACES: usize = 10_000;
/// Bytes of a quote that are kept and looked for.
const MAX_QUOTE_BYTES: usize = 4_096;
/// Pieces of a quote with gaps (`…`).
const MAX_PIECES: usize = 16;

/// A block of the document inside the normalised text.
#[derive(Debug)]
struct Span {
    start: usize,
    page: u32,
    bbox: Option<[f32; 4]>,
}

/// The text of a document, ready to be searched. Costs about as much memory as the text.
#[derive(Debug)]
pub struct CitationIndex {
    text: String,
    spans: Vec<Span>,
}

impl CitationIndex {
    /// Indexes the blocks of a document; its Markdown where it has no blocks. Behind them come the cells of workbooks
    /// as they are stored, since blocks have them as they are shown: `25%` and `0.25` both stand there.
    pub fn of(document: &ParsedDocument) -> Self {
        let mut index = Self { text: String::new(), spans: Vec::with_capacity(document.blocks.len()) };
        for block in &document.blocks {
            index.push(&block.text, block.page, block.bbox);
        }
        for sheet in &document.sheets {
            for run in &sheet.runs {
                let cells = run.cells.iter().map(|cell| cell.as_str().map_or_else(|| cell.to_string(), str::to_owned));
                index.push(&cells.collect::<Vec<_>>().join("\t"), sheet.page, None);
            }
        }
        if document.blocks.is_empty() {
            index.push(&document.markdown, u32::from(document.pages <= 1), None);
        }
        index
    }

    fn push(&mut self, text: &str, page: u32, bbox: Option<[f32; 4]>) {
        if !self.text.is_empty() {
            // Blocks are parted by a blank, so that a quote may run over from one into the next.
            self.text.push(' ');
        }
        self.spans.push(Span { start: self.text.len(), page, bbox });
        self.text.push_str(&normalise(text));
    }

    /// Looks a quote up, first on the page where it is said to stand. The citation has the page and the box of the
    /// block in which the quote begins; a quote that is not found is marked, and its place is left open.
    ///
    /// A quote with gaps (`…`, `...`) is found when its pieces follow each other.
    pub fn verify(&self, quote: &str, page_hint: Option<u32>) -> Citation {
        let quote = cut(quote.trim(), MAX_QUOTE_BYTES);
        match self.find(quote, page_hint) {
            Some(at) => self.citation(at, quote),
            None => Citation { page: None, quote: quote.to_owned(), bbox: None, verified: false },
        }
    }

    /// Looks a value itself up, in the ways in which people write it: numbers with separators, ISO dates as dates of
    /// several languages. `None` for what nobody quotes (null, booleans, containers) and for what is not found.
    pub fn cite_value(&self, value: &Value) -> Option<Citation> {
        forms::of(value).iter().find_map(|form| {
            let form = cut(form.trim(), MAX_QUOTE_BYTES);
            self.find(form, None).map(|at| self.citation(at, form))
        })
    }

    fn citation(&self, at: usize, quote: &str) -> Citation {
        let span = self.span_at(at);
        Citation {
            page: span.map(|span| span.page).filter(|page| *page > 0),
            quote: quote.to_owned(),
            bbox: span.and_then(|span| span.bbox),
            verified: true,
        }
    }

    fn span_at(&self, at: usize) -> Option<&Span> {
        let after = self.spans.partition_point(|span| span.start <= at);
        self.spans.get(after.checked_sub(1)?)
    }

    /// Where a quote begins in the normalised text.
    fn find(&self, quote: &str, page_hint: Option<u32>) -> Option<usize> {
        if let Some(at) = self.find_whole(&normalise(quote), page_hint) {
            return Some(at);
        }
        let pieces: Vec<String> =
            quote.replace("...", "…").split('…').map(normalise).filter(|piece| !piece.is_empty()).collect();
        if !(2..=MAX_PIECES).contains(&pieces.len()) {
            return None;
        }
        let start = self.find_whole(&pieces[0], page_hint)?;
        let mut from = start + pieces[0].len();
        for piece in &pieces[1..] {
            from = self.places(piece, from..self.text.len()).next()? + piece.len();
        }
        Some(start)
    }

    fn find_whole(&self, quote: &str, page_hint: Option<u32>) -> Option<usize> {
        let Some(page) = page_hint else {
            return self.places(quote, 0..self.text.len()).next();
        };
        let mut first = None;
        for at in self.places(quote, 0..self.text.len()).take(MAX_PLACES) {
            if self.span_at(at).is_some_and(|span| span.page == page) {
                return Some(at);
            }
            first = first.or(Some(at));
        }
        first
    }

    /// Places of a normalised text that are not parts of longer words or numbers.
    fn places<'a>(&'a self, quote: &'a str, within: Range<usize>) -> impl Iterator<Item = usize> + 'a {
        let base = within.start;
        let searched = if quote.is_empty() { "" } else { self.text.get(within).unwrap_or("") };
        searched
            .match_indices(quote)
            .filter(|_| !quote.is_empty())
            .take(MAX_PLACES)
            .map(move |(at, _)| base + at)
            .filter(move |at| self.stands_alone(*at, quote))
    }

    fn stands_alone(&self, at: usize, quote: &str) -> bool {
        let (before, after) = (&self.text[..at], &self.text[at + quote.len()..]);
        let continues = |inside: Option<char>, next: Option<char>, beyond: Option<char>| match (inside, next) {
            (Some(inside), Some(next)) if joins(inside) && joins(next) => true,
            // 234 is no part of 1,234 that anybody means.
            (Some(inside), Some('.' | ',')) if inside.is_ascii_digit() => {
                beyond.is_some_and(|beyond| beyond.is_ascii_digit())
            }
            _ => false,
        };
        let mut back = before.chars().rev();
        let mut ahead = after.chars();
        !continues(quote.chars().next(), back.next(), back.next())
            && !continues(quote.chars().next_back(), ahead.next(), ahead.next())
    }
}

/// Whether a sign makes one word with its neighbour. Scripts without blanks between words have no such borders.
fn joins(character: char) -> bool {
    let is_unspaced = matches!(u32::from(character), 0x0E00..=0x0EFF | 0x1000..=0x109F | 0x1780..=0x17FF
        | 0x3040..=0x30FF | 0x3400..=0x4DBF | 0x4E00..=0x9FFF | 0xF900..=0xFAFF | 0x20000..=0x323AF);
    character.is_alphanumeric() && !is_unspaced
}

/// The beginning of a text, at most so many bytes.
pub(crate) fn cut(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes)]
}

#[cfg(test)]
mod tests;
