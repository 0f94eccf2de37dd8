//! Roles of text in tagged PDFs, carried to the reader's output in the names of fonts.
//!
//! A tagged PDF brackets its content: `/H1 <</MCID 4>> BDC … EMC` (ISO 32000-1 §14.6, §14.8). The reader drops the
//! brackets but keeps each span's font. So a font used inside a bracket that matters gets a marked name.

use unpdf::parser::backend::{ContentOp, PdfValue};

/// What parts a marked name; no name of a font holds it.
const MARK: char = '\u{1}';

/// What the author of a tagged PDF said a piece of text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tag {
    /// A heading of this level, from 1; 0 for the document's title.
    Heading(u8),
    /// A heading whose level its place in the tree tells.
    SomeHeading,
    /// Furniture of the page: a running head, a page number, a watermark.
    Artifact,
}

impl Tag {
    /// Every tag there is a mark for.
    pub(super) const ALL: [Self; 9] = [
        Self::Heading(0),
        Self::Heading(1),
        Self::Heading(2),
        Self::Heading(3),
        Self::Heading(4),
        Self::Heading(5),
        Self::Heading(6),
        Self::SomeHeading,
        Self::Artifact,
    ];

    /// The tag with this standard structure type (ISO 32000-1 §14.8.4).
    fn from_structure_type(name: &[u8]) -> Option<Self> {
        match name {
            b"Artifact" => Some(Self::Artifact),
            b"Title" => Some(Self::Heading(0)),
            b"H" => Some(Self::SomeHeading),
            [b'H', level @ b'1'..=b'6'] => Some(Self::Heading(level - b'0')),
            _ => None,
        }
    }

    fn letter(self) -> char {
        match self {
            Self::Heading(level) => char::from(b'0' + level.min(6)),
            Self::SomeHeading => 'H',
            Self::Artifact => 'A',
        }
    }

    fn from_letter(letter: char) -> Option<Self> {
        Self::ALL.into_iter().find(|tag| tag.letter() == letter)
    }
}

/// The name of a font resource inside a bracket.
pub(super) fn mark(name: &[u8], tag: Tag) -> Vec<u8> {
    let mut marked = name.to_vec();
    marked.extend([MARK as u8, tag.letter() as u8]);
    marked
}

/// The display name of a font inside a bracket.
pub(super) fn mark_name(name: &str, tag: Tag) -> String {
    format!("{name}{MARK}{}", tag.letter())
}

/// The name of a font resource without its mark.
pub(super) fn unmarked(name: &[u8]) -> &[u8] {
    name.iter().position(|byte| *byte == MARK as u8).map_or(name, |at| &name[..at])
}

/// Splits the display name of a font into its name and its mark.
pub(super) fn split_name(name: &str) -> (&str, Option<Tag>) {
    match name.split_once(MARK) {
        Some((font, letter)) => (font, letter.chars().next().and_then(Tag::from_letter)),
        None => (name, None),
    }
}

/// Whether any bracket among these operations matters.
pub(super) fn matter(operations: &[ContentOp]) -> bool {
    operations.iter().any(|operation| bracket(operation).is_some_and(|tag| tag.is_some()))
}

/// Marks the fonts of text inside brackets that matter.
pub(super) fn write_into_fonts(operations: Vec<ContentOp>) -> Vec<ContentOp> {
    let mut writer = Writer { written: Vec::with_capacity(operations.len() + 16), ..Writer::default() };
    for operation in operations {
        writer.write(operation);
    }
    writer.written
}

/// The tag of an operation that opens a bracket; `None` if it opens none.
fn bracket(operation: &ContentOp) -> Option<Option<Tag>> {
    if !matches!(operation.operator.as_str(), "BDC" | "BMC") {
        return None;
    }
    Some(match operation.operands.first() {
        Some(PdfValue::Name(name)) => Tag::from_structure_type(name),
        _ => None,
    })
}

#[derive(Default)]
struct Writer {
    written: Vec<ContentOp>,
    /// The operands of the `Tf` in force, and those saved with the graphics state.
    font: Option<Vec<PdfValue>>,
    saved: Vec<Option<Vec<PdfValue>>>,
    /// The tags in force after each open bracket.
    open: Vec<Option<Tag>>,
}

impl Writer {
    fn write(&mut self, operation: ContentOp) {
        let before = self.tag();
        match operation.operator.as_str() {
            "q" => self.saved.push(self.font.clone()),
            "Q" => {
                if let Some(font) = self.saved.pop() {
                    self.font = font;
                }
                self.written.push(operation);
                // What was saved may have been set under another tag.
                self.set_font();
                return;
            }
            "Tf" => {
                self.font = Some(operation.operands);
                self.set_font();
                return;
            }
            "BDC" | "BMC" => {
                let tag = bracket(&operation).flatten().or(before);
                self.open.push(tag);
            }
            "EMC" => {
                self.open.pop();
            }
            _ => {}
        }
        self.written.push(operation);
        if self.tag() != before {
            self.set_font();
        }
    }

    fn tag(&self) -> Option<Tag> {
        self.open.last().copied().flatten()
    }

    fn set_font(&mut self) {
        let Some(mut operands) = self.font.clone() else {
            return;
        };
        if let (Some(tag), Some(PdfValue::Name(name))) = (self.tag(), operands.first_mut()) {
            *name = mark(name, tag);
        }
        self.written.push(ContentOp::new("Tf", operands));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn operation(operator: &str, name: &str) -> ContentOp {
        let operands = if name.is_empty() { Vec::new() } else { vec![PdfValue::Name(name.as_bytes().to_vec())] };
        ContentOp::new(operator, operands)
    }

    fn fonts(operations: &[(&str, &str)]) -> Vec<String> {
        write_into_fonts(operations.iter().map(|(operator, name)| operation(operator, name)).collect())
            .iter()
            .filter(|operation| operation.operator == "Tf")
            .map(|operation| match operation.operands.first() {
                Some(PdfValue::Name(name)) => String::from_utf8_lossy(name).into_owned(),
                _ => String::new(),
            })
            .collect()
    }

    #[test]
    fn fonts_inside_a_heading_are_marked_and_no_others() {
        let read = [("Tf", "F1"), ("BDC", "H2"), ("Tf", "F2"), ("EMC", ""), ("BDC", "P"), ("Tf", "F3"), ("EMC", "")];
        assert_eq!(fonts(&read), ["F1", "F1\u{1}2", "F2\u{1}2", "F2", "F3"]);
        // A span inside a heading belongs to it; the graphics state brings back what it saved.
        let read = [("BDC", "H1"), ("q", ""), ("BDC", "Span"), ("Tf", "F1"), ("EMC", ""), ("Q", ""), ("EMC", "")];
        assert_eq!(fonts(&read), ["F1\u{1}1"]);
        assert_eq!(fonts(&[("BDC", "P"), ("Tf", "F1"), ("EMC", "")]), ["F1"]);
        assert_eq!(fonts(&[("EMC", ""), ("BMC", "Artifact"), ("Tf", "F1")]), ["F1\u{1}A"]);
    }

    #[test]
    fn marks_come_off_again() {
        for tag in Tag::ALL {
            assert_eq!(unmarked(&mark(b"F1", tag)), b"F1");
            assert_eq!(split_name(&mark_name("Arial", tag)), ("Arial", Some(tag)));
        }
        assert_eq!(split_name("Arial"), ("Arial", None));
    }
}
