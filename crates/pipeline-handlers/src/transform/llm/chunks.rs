//! Cuts a long document into parts that fit into requests. Every character of it is in exactly one part.

use super::tokens;
use crate::table;

/// Parts below this are not cut further: there is nothing left to gain.
const LEAST_TOKENS: u32 = 64;

/// What a reader must know who begins in the middle: the headings above, and the header of a table that goes on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Context {
    headings: Vec<(usize, String)>,
    table: Option<String>,
}

/// One part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Chunk {
    /// Its text.
    pub(super) text: String,
    context: Context,
}

impl Chunk {
    /// A part that is the whole.
    pub(super) fn whole(text: &str) -> Self {
        Self { text: text.to_owned(), context: Context::default() }
    }

    /// What stands before the part and belongs to it; empty at the beginning.
    pub(super) fn preface(&self) -> String {
        let headings: Vec<&str> = self.context.headings.iter().map(|(_, text)| text.as_str()).collect();
        let mut preface = headings.join("\n");
        if let Some(table) = &self.context.table {
            if !preface.is_empty() {
                preface.push_str("\n\n");
            }
            preface.push_str(table.trim_end());
        }
        preface
    }

    /// The part cut into smaller ones; `None` when it is too small for that.
    pub(super) fn halves(&self) -> Option<Vec<Self>> {
        let tokens = tokens::estimate(&self.text);
        if tokens < LEAST_TOKENS {
            return None;
        }
        let parts = cut(&self.text, tokens / 2 + 1, self.context.clone());
        (parts.len() > 1).then_some(parts)
    }
}

/// Cuts Markdown into parts of at most so many tokens, before headings where it can be, else between paragraphs, else
/// between lines; inside a line only where that alone is too long.
pub(super) fn split(markdown: &str, max_tokens: u32) -> Vec<Chunk> {
    cut(markdown, max_tokens, Context::default())
}

fn cut(markdown: &str, max_tokens: u32, mut context: Context) -> Vec<Chunk> {
    let pieces = pieces(markdown, max_tokens);
    let mut chunks = Vec::new();
    let mut first = 0;
    while first < pieces.len() {
        let end = end_of_chunk(&pieces, first, max_tokens);
        let text: String = pieces[first..end].iter().map(|piece| piece.text).collect();
        chunks.push(Chunk { text, context: context.clone() });
        for piece in &pieces[first..end] {
            context.pass(piece);
        }
        if pieces.get(end).is_none_or(|next| next.kind != Kind::Row) {
            context.table = None;
        }
        first = end;
    }
    chunks
}

/// How many pieces from `first` on make a part: as many as fit, back to the best place in their second half.
fn end_of_chunk(pieces: &[Piece<'_>], first: usize, max_tokens: u32) -> usize {
    let (mut tokens, mut fitting, mut half) = (0_u32, first, first + 1);
    for piece in &pieces[first..] {
        if fitting > first && tokens.saturating_add(piece.tokens) > max_tokens {
            break;
        }
        tokens = tokens.saturating_add(piece.tokens);
        fitting += 1;
        if tokens < max_tokens / 2 {
            half = fitting;
        }
    }
    if fitting == pieces.len() {
        return fitting;
    }
    // Of equally good places the last.
    (half..=fitting).max_by_key(|at| pieces[*at].rank()).unwrap_or(fitting)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Goes on with what stands before.
    Inside,
    /// A row of a table.
    Row,
    /// The first line behind an empty one.
    Paragraph,
    /// A heading of this level.
    Heading(usize),
}

/// A line, or a piece of one that is too long.
#[derive(Debug)]
struct Piece<'a> {
    text: &'a str,
    tokens: u32,
    kind: Kind,
}

impl Piece<'_> {
    /// How good a place to cut the one before this piece is.
    fn rank(&self) -> usize {
        match self.kind {
            Kind::Inside => 0,
            Kind::Row => 1,
            Kind::Paragraph => 2,
            Kind::Heading(level) => 10 - level.min(7),
        }
    }
}

impl Context {
    fn pass(&mut self, piece: &Piece<'_>) {
        match piece.kind {
            Kind::Heading(level) => {
                self.headings.retain(|(above, _)| *above < level);
                self.headings.push((level, piece.text.trim().to_owned()));
                self.table = None;
            }
            Kind::Row => {
                let header = self.table.get_or_insert_with(String::new);
                // The header ends with the row of dashes; a table without one has its first row for a header.
                let ended = header.lines().count() > 1 || header.lines().last().is_some_and(is_dashes);
                if header.is_empty() || (!ended && is_dashes(piece.text)) {
                    header.push_str(piece.text);
                }
            }
            Kind::Paragraph => self.table = None,
            Kind::Inside if piece.text.trim().is_empty() => self.table = None,
            Kind::Inside => {}
        }
    }
}

fn is_dashes(line: &str) -> bool {
    table::is_delimiter_row(&table::split_row(line.trim()))
}

fn pieces(markdown: &str, max_tokens: u32) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let (mut in_fence, mut behind_empty) = (false, false);
    for line in markdown.split_inclusive('\n') {
        let text = line.trim_start();
        let is_fence = text.starts_with("```") || text.starts_with("~~~");
        let level = text.bytes().take_while(|byte| *byte == b'#').count();
        let kind = if in_fence {
            Kind::Inside
        } else if (1..=6).contains(&level) && text[level..].starts_with(' ') {
            Kind::Heading(level)
        } else if text.starts_with('|') {
            Kind::Row
        } else if behind_empty && !text.trim().is_empty() {
            Kind::Paragraph
        } else {
            Kind::Inside
        };
        in_fence ^= is_fence;
        behind_empty = text.trim().is_empty();
        push(&mut pieces, line, kind, max_tokens);
    }
    pieces
}

fn push<'a>(pieces: &mut Vec<Piece<'a>>, line: &'a str, kind: Kind, max_tokens: u32) {
    let (mut rest, mut kind) = (line, kind);
    loop {
        let tokens = tokens::estimate(rest);
        if tokens <= max_tokens {
            if !rest.is_empty() {
                pieces.push(Piece { text: rest, tokens, kind });
            }
            return;
        }
        let (head, tail) = rest.split_at(end_within(rest, max_tokens));
        pieces.push(Piece { text: head, tokens: tokens::estimate(head), kind });
        (rest, kind) = (tail, Kind::Inside);
    }
}

/// The byte before which a line that is too long is cut: behind the last blank that fits, else in the middle of a word.
fn end_within(line: &str, max_tokens: u32) -> usize {
    // Every character counts at most two tokens.
    let most = (max_tokens / 2).max(1) as usize;
    let hard = line.char_indices().nth(most).map_or(line.len(), |(at, _)| at);
    let soft =
        line[..hard].rfind(char::is_whitespace).map(|at| at + line[at..].chars().next().map_or(1, char::len_utf8));
    soft.filter(|at| *at > hard / 2).unwrap_or(hard)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(chunks: &[Chunk]) -> Vec<&str> {
        chunks.iter().map(|chunk| chunk.text.as_str()).collect()
    }

    #[test]
    fn nothing_is_dropped_and_nothing_too_long() {
        let mut document = String::new();
        for section in 0..40 {
            document.push_str(&format!("# Section {section}\n\nSome words about it, über alles. 第一章\n\n"));
            document.push_str("| a | b |\n|---|---|\n");
            for row in 0..section {
                document.push_str(&format!("| {row} | value {row} |\n"));
            }
            document.push_str(&"x".repeat(section * 37));
            document.push_str("\n\n```\n# no heading\n```\n");
        }
        for max in [70, 100, 333, 5_000, 1_000_000] {
            let chunks = split(&document, max);
            assert_eq!(texts(&chunks).concat(), document, "{max}");
            for chunk in &chunks {
                assert!(tokens::estimate(&chunk.text) <= max, "{max}: {}", chunk.text);
            }
        }
        assert_eq!(split(&document, 1_000_000).len(), 1);
    }

    #[test]
    fn cuts_are_made_before_headings() {
        let document = "# One\n\nFirst words here.\n\nSecond words here.\n\n# Two\n\nThird words.\n";
        let chunks = split(document, 30);
        assert_eq!(texts(&chunks)[1], "# Two\n\nThird words.\n");
        assert_eq!(chunks[1].preface(), "# One");
    }

    #[test]
    fn a_table_that_goes_on_has_its_header() {
        let rows: String = (0..20).map(|row| format!("| {row} | item {row} |\n")).collect();
        let document = format!("# Prices\n\n| no | item |\n|---|---|\n{rows}\nThe end.\n");
        let chunks = split(&document, 80);
        assert!(chunks.len() > 2, "{chunks:?}");
        for chunk in &chunks[1..chunks.len() - 1] {
            assert_eq!(chunk.preface(), "# Prices\n\n| no | item |\n|---|---|", "{chunk:?}");
        }
        let halves = chunks[1].halves().expect("two rows are enough");
        assert_eq!(texts(&halves).concat(), chunks[1].text);
        assert!(halves.iter().all(|half| half.preface().contains("| no | item |")), "{halves:?}");
        assert_eq!(Chunk::whole("a few words").halves(), None);
    }
}
