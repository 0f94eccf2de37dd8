//! The text of one paragraph with its looks, as Markdown and as plain text.

mod marks;

use std::rc::Rc;

pub(crate) use self::marks::escape_starts;
use self::marks::{push_link, push_styled};

/// How text looks, as far as Markdown can say it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Style {
    pub(crate) bold: bool,
    pub(crate) italic: bool,
    pub(crate) strike: bool,
    pub(crate) script: Script,
}

/// Height of text on its line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Script {
    #[default]
    Normal,
    Super,
    Sub,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text {
        text: String,
        style: Style,
        link: Option<Rc<str>>,
    },
    Break,
    /// LaTeX without its dollar signs, and whether it stands on a line of its own.
    Math {
        latex: String,
        display: bool,
    },
    Note(usize),
}

/// The content of one paragraph.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Line {
    pieces: Vec<Piece>,
}

/// A part of a paragraph: text, or a formula that stands alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Segment {
    Text(Line),
    Formula(String),
}

impl Line {
    /// A line of plain text.
    pub(crate) fn of(text: &str) -> Self {
        let mut line = Self::default();
        line.push_text(text, Style::default(), None);
        line
    }

    /// Adds text; joined with what is before it when it looks the same.
    pub(crate) fn push_text(&mut self, added: &str, style: Style, link: Option<&Rc<str>>) {
        if added.is_empty() {
            return;
        }
        match self.pieces.last_mut() {
            Some(Piece::Text { text, style: last, link: to }) if *last == style && to.as_ref() == link => {
                text.push_str(added);
            }
            _ => self.pieces.push(Piece::Text { text: added.to_owned(), style, link: link.cloned() }),
        }
    }

    /// Adds the end of a line inside the paragraph.
    pub(crate) fn push_break(&mut self) {
        self.pieces.push(Piece::Break);
    }

    /// Adds a formula.
    pub(crate) fn push_math(&mut self, latex: String, display: bool) {
        if !latex.is_empty() {
            self.pieces.push(Piece::Math { latex, display });
        }
    }

    /// Adds the mark of a note.
    pub(crate) fn push_note(&mut self, number: usize) {
        self.pieces.push(Piece::Note(number));
    }

    /// Adds another line, after a blank.
    pub(crate) fn append(&mut self, other: Self) {
        if !self.is_blank() {
            self.push_text(" ", Style::default(), None);
        }
        self.pieces.extend(other.pieces);
    }

    /// Puts text before everything else.
    pub(crate) fn prepend(&mut self, text: &str) {
        self.pieces.insert(0, Piece::Text { text: text.to_owned(), style: Style::default(), link: None });
    }

    /// Whether it shows nothing.
    pub(crate) fn is_blank(&self) -> bool {
        self.pieces.iter().all(is_blank)
    }

    /// Without emphasis: headings are bold anyway.
    pub(crate) fn unstyled(mut self) -> Self {
        for piece in &mut self.pieces {
            if let Piece::Text { style, .. } = piece {
                *style = Style { script: style.script, ..Style::default() };
            }
        }
        self
    }

    /// Text and the formulas that stand on lines of their own. In a paragraph of nothing but formulas they all do.
    pub(crate) fn segments(self) -> Vec<Segment> {
        let only_math = self.pieces.iter().all(|piece| matches!(piece, Piece::Math { .. }) || is_blank(piece));
        let mut segments = Vec::new();
        let mut open = Self::default();
        for piece in self.pieces {
            match piece {
                Piece::Math { latex, display } if display || only_math => {
                    let text = std::mem::take(&mut open);
                    if !text.is_blank() {
                        segments.push(Segment::Text(text));
                    }
                    segments.push(Segment::Formula(latex));
                }
                other => open.pieces.push(other),
            }
        }
        if !open.is_blank() {
            segments.push(Segment::Text(open));
        }
        segments
    }

    /// Plain text; lines end with `\n`.
    pub(crate) fn plain(&self) -> String {
        let mut plain = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text { text, .. } => plain.push_str(text),
                Piece::Break => plain.push('\n'),
                Piece::Math { latex, display } => plain.push_str(&dollars(latex, *display)),
                Piece::Note(number) => plain.push_str(&format!("[{number}]")),
            }
        }
        trimmed_lines(&plain, "\n")
    }

    /// Its text as it stands, blanks and all: for code.
    pub(crate) fn raw(&self) -> String {
        let pieces = self.pieces.iter().map(|piece| match piece {
            Piece::Text { text, .. } => text.as_str(),
            Piece::Break => "\n",
            Piece::Math { .. } | Piece::Note(_) => "",
        });
        pieces.collect::<String>().trim_end().to_owned()
    }

    /// Markdown; lines end with a hard break.
    pub(crate) fn markdown(&self) -> String {
        let mut markdown = String::new();
        let mut index = 0;
        while index < self.pieces.len() {
            match &self.pieces[index] {
                Piece::Text { link: Some(target), .. } => {
                    // A link may look different from piece to piece.
                    let mut label = String::new();
                    while let Some(Piece::Text { text, style, link: Some(next) }) = self.pieces.get(index)
                        && next == target
                    {
                        push_styled(&mut label, text, *style);
                        index += 1;
                    }
                    push_link(&mut markdown, &label, target);
                    continue;
                }
                Piece::Text { text, style, link: None } => push_styled(&mut markdown, text, *style),
                Piece::Break => markdown.push('\n'),
                Piece::Math { latex, display } => {
                    // Two formulas side by side would share their dollar signs.
                    if markdown.ends_with('$') {
                        markdown.push(' ');
                    }
                    markdown.push_str(&dollars(latex, *display));
                }
                Piece::Note(number) => markdown.push_str(&format!("[^{number}]")),
            }
            index += 1;
        }
        trimmed_lines(&markdown, "  \n")
    }
}

fn is_blank(piece: &Piece) -> bool {
    match piece {
        Piece::Text { text, .. } => text.trim().is_empty(),
        Piece::Break => true,
        Piece::Math { .. } | Piece::Note(_) => false,
    }
}

fn dollars(latex: &str, display: bool) -> String {
    if display { format!("$${latex}$$") } else { format!("${latex}$") }
}

/// Lines without blanks at their ends; empty lines go, since they would end the paragraph.
fn trimmed_lines(text: &str, end: &str) -> String {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOLD: Style = Style { bold: true, italic: false, strike: false, script: Script::Normal };

    #[test]
    fn marks_stand_at_words() {
        let mut line = Line::of("a ");
        line.push_text("big ", BOLD, None);
        line.push_text("x", Style { script: Script::Super, ..Style::default() }, None);
        line.push_break();
        line.push_text(" snake_case *x* <b> \\frac [1](2) ", Style::default(), None);
        assert_eq!(line.markdown(), "a **big** <sup>x</sup>  \nsnake_case \\*x\\* \\<b> \\frac [1\\](2)");
        assert_eq!(line.plain(), "a big x\nsnake_case *x* <b> \\frac [1](2)");
    }

    #[test]
    fn links_are_whole() {
        let target: Rc<str> = "https://x.y/a (b)".into();
        let mut line = Line::of("see ");
        line.push_text("the ", Style::default(), Some(&target));
        line.push_text("docs ", BOLD, Some(&target));
        line.push_text("now", Style::default(), None);
        assert_eq!(line.markdown(), "see [the **docs**](https://x.y/a%20%28b%29) now");
    }

    #[test]
    fn formulas_alone_are_displayed() {
        let mut line = Line::of(" ");
        line.push_math("a".into(), false);
        line.push_math("b".into(), false);
        assert_eq!(line.clone().segments(), [Segment::Formula("a".into()), Segment::Formula("b".into())]);
        line.push_text("is", Style::default(), None);
        assert_eq!(line.markdown(), "$a$ $b$is");
        assert_eq!(line.segments().len(), 1);
    }
}
