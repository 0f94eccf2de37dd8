//! What documents and slides are made of, before it is written as Markdown and blocks.

use super::chart::Chart;
use super::line::{Line, Segment};

/// How an item of a list is marked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Marker {
    Bullet,
    /// The number as people see it: `3.`, `1.2`, `(a)`.
    Label(String),
    /// A box, ticked or not.
    Check(bool),
}

impl Marker {
    /// What stands before the item in Markdown. Numbers that Markdown does not know follow a bullet.
    pub(crate) fn markdown(&self) -> String {
        match self {
            Self::Bullet => "- ".to_owned(),
            Self::Check(true) => "- [x] ".to_owned(),
            Self::Check(false) => "- [ ] ".to_owned(),
            Self::Label(label) if is_plain_number(label) => format!("{label} "),
            Self::Label(label) => format!("- {label} "),
        }
    }

    /// What stands before the item in plain text: nothing that a list item of its own does not say.
    pub(crate) fn plain(&self) -> String {
        match self {
            Self::Bullet => String::new(),
            Self::Check(true) => "[x] ".to_owned(),
            Self::Check(false) => "[ ] ".to_owned(),
            Self::Label(label) if is_plain_number(label) => String::new(),
            Self::Label(label) => format!("{label} "),
        }
    }
}

/// `12.` or `12)`.
fn is_plain_number(label: &str) -> bool {
    let digits = label.strip_suffix(['.', ')']).unwrap_or_default();
    (1..=9).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// One cell of a table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct CellText {
    pub(crate) markdown: String,
    pub(crate) plain: String,
}

/// A table, its spans resolved.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Table {
    pub(crate) has_header: bool,
    pub(crate) rows: Vec<Vec<CellText>>,
}

/// One piece of content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Content {
    Heading {
        level: u8,
        line: Line,
    },
    /// `fixed` is set when all of it is in a font of fixed width.
    Paragraph {
        line: Line,
        fixed: bool,
    },
    /// Beside the text: speaker notes and comments.
    Aside(Line),
    Item {
        depth: usize,
        marker: Marker,
        line: Line,
        list: u32,
    },
    Table(Table),
    Code(String),
    /// LaTeX on a line of its own.
    Formula(String),
    /// A picture with its description.
    Image(String),
    Chart(Chart),
    /// A note of the margin, by its number.
    Note {
        number: usize,
        text: CellText,
    },
}

/// Content as the text of a cell: one line for each paragraph.
pub(crate) fn flatten(contents: &[Content]) -> CellText {
    let (mut markdown, mut plain) = (Vec::new(), Vec::new());
    let mut push = |first: String, second: String| {
        if !first.is_empty() {
            markdown.push(first);
            plain.push(second);
        }
    };
    for content in contents {
        match content {
            Content::Heading { line, .. } | Content::Paragraph { line, .. } | Content::Aside(line) => {
                push(line.markdown(), line.plain());
            }
            Content::Item { line, .. } if line.is_blank() => {}
            Content::Item { marker, line, .. } => {
                let mark = marker.markdown();
                push(format!("{mark}{}", line.markdown()), format!("{mark}{}", line.plain()));
            }
            Content::Table(table) => {
                for row in &table.rows {
                    let texts =
                        |text: fn(&CellText) -> &String| row.iter().map(text).map(String::as_str).collect::<Vec<_>>();
                    push(texts(|cell| &cell.markdown).join(" "), texts(|cell| &cell.plain).join("\t"));
                }
            }
            Content::Code(code) => push(code.clone(), code.clone()),
            Content::Formula(latex) => push(format!("${latex}$"), format!("${latex}$")),
            Content::Image(text) => push(comment(text), text.clone()),
            Content::Chart(chart) => {
                for line in chart.title.iter().chain([&chart.kind]) {
                    push(line.clone(), line.clone());
                }
                for row in &chart.rows {
                    push(row.join(" "), row.join("\t"));
                }
            }
            Content::Note { text, .. } => push(text.markdown.clone(), text.plain.clone()),
        }
    }
    plain.retain(|line| !line.is_empty());
    CellText { markdown: markdown.join("\n"), plain: plain.join("\n") }
}

/// A paragraph, its formulas on lines of their own where they belong.
pub(crate) fn paragraph(line: Line, fixed: bool) -> Vec<Content> {
    let contents = line.segments().into_iter().map(|segment| match segment {
        Segment::Text(line) => Content::Paragraph { line, fixed },
        Segment::Formula(latex) => Content::Formula(latex),
    });
    contents.collect()
}

/// A picture in Markdown: its description, and no link that would lead nowhere.
pub(crate) fn comment(description: &str) -> String {
    let words = description.split_whitespace().collect::<Vec<_>>().join(" ").replace("--", "- ").replace('>', "");
    if words.is_empty() { "<!-- image -->".to_owned() } else { format!("<!-- image: {words} -->") }
}
