//! The body of an OpenDocument file, walked element by element without recursion.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use quick_xml::name::QName;

use super::styles::Styles;
use super::tables::Tables;
use crate::writer::Writer;
use crate::xml::{self, attribute};

/// Most spaces that one element stands for.
const MAX_SPACES: usize = 1_000;
/// Elements whose content is not the text of the document.
const LEFT_OUT: [&str; 8] = [
    "annotation",
    "note-citation",
    "tracked-changes",
    "forms",
    "scripts",
    "font-face-decls",
    "automatic-styles",
    "event-listeners",
];

/// What was read.
#[derive(Default)]
pub(super) struct Content {
    pub(super) writer: Writer,
    /// Slides, or pages as far as the file says where they end; 0 when it does not.
    pub(super) pages: u32,
    pub(super) warnings: Vec<String>,
}

/// A paragraph or heading that is not closed yet. Text boxes nest them.
struct Paragraph {
    text: String,
    level: Option<u8>,
}

struct List {
    style: String,
    items: u32,
    /// Whether the open item still waits for its first paragraph.
    is_fresh: bool,
}

struct Walk {
    content: Content,
    styles: Styles,
    is_slides: bool,
    paragraphs: Vec<Paragraph>,
    lists: Vec<List>,
    tables: Tables,
    /// The text of the note that is open, and those that are complete.
    note: Option<String>,
    notes: Vec<String>,
    /// Whether the frame that is open holds the title of a slide.
    in_title: bool,
    objects: usize,
}

/// Reads the body.
///
/// # Errors
/// What is wrong, for people.
pub(super) fn read(content: &str, styles: &str, is_slides: bool) -> Result<Content, String> {
    let mut known = Styles::default();
    known.add(styles);
    known.add(content);
    let mut walk = Walk {
        content: Content::default(),
        styles: known,
        is_slides,
        paragraphs: Vec::new(),
        lists: Vec::new(),
        tables: Tables::default(),
        note: None,
        notes: Vec::new(),
        in_title: false,
        objects: 0,
    };
    let mut reader = Reader::from_str(content);
    // How many elements are open inside one that is left out.
    let mut skipped = 0_usize;
    loop {
        match reader.read_event().map_err(|error| error.to_string())? {
            Event::Start(_) if skipped > 0 => skipped += 1,
            Event::Start(tag) if LEFT_OUT.contains(&tag.local_name().as_ref()) => skipped = 1,
            Event::Start(tag) => walk.start(&tag)?,
            Event::Empty(tag) if skipped == 0 => {
                walk.start(&tag)?;
                walk.end(key(tag.name()))?;
            }
            Event::End(_) if skipped > 0 => skipped -= 1,
            Event::End(tag) => walk.end(key(tag.name()))?,
            Event::Text(text) if skipped == 0 => walk.text(&xml::text(&text)),
            Event::CData(text) if skipped == 0 => walk.text(&text),
            Event::GeneralRef(reference) if skipped == 0 => {
                let mut buffer = [0; 4];
                if let Some(character) = xml::character(&reference) {
                    walk.text(character.encode_utf8(&mut buffer));
                }
            }
            Event::Eof => break,
            _ => {}
        }
    }
    Ok(walk.finish())
}

impl Walk {
    fn start(&mut self, tag: &BytesStart<'_>) -> Result<(), String> {
        match key(tag.name()) {
            "h" => {
                let level = attribute(tag, "outline-level").and_then(|level| level.parse().ok()).unwrap_or(1);
                self.paragraphs.push(Paragraph { text: String::new(), level: Some(level) });
            }
            "p" => {
                let of_style = attribute(tag, "style-name").and_then(|style| self.styles.title_level(&style));
                let level = if self.is_slides { self.in_title.then_some(1) } else { of_style };
                self.paragraphs.push(Paragraph { text: String::new(), level });
            }
            "s" => {
                let count = attribute(tag, "c").and_then(|count| count.parse().ok()).unwrap_or(1);
                self.push_text(&" ".repeat(usize::min(count, MAX_SPACES)));
            }
            "tab" => self.push_text("\t"),
            "line-break" => self.push_text("\n"),
            "list" => {
                // A list inside another has its style unless it names one.
                let inherited = self.lists.last().map(|list| list.style.clone()).unwrap_or_default();
                let style = attribute(tag, "style-name").unwrap_or(inherited);
                self.lists.push(List { style, items: 0, is_fresh: false });
            }
            "list-item" => {
                if let Some(list) = self.lists.last_mut() {
                    list.items += 1;
                    list.is_fresh = true;
                }
            }
            "table" => self.tables.start(),
            "table-row" => self.tables.start_row(tag),
            "table-cell" => self.tables.start_cell(tag),
            "covered-table-cell" => self.tables.start_covered_cell(tag),
            "note" => self.note = Some(String::new()),
            "page" if self.is_slides => {
                self.content.pages += 1;
                self.content.writer.page(self.content.pages, Some("slide"));
            }
            "soft-page-break" if !self.is_slides => {
                // The first one tells that there are pages; what stands before it is on page 1.
                self.content.pages = self.content.pages.max(1) + 1;
                self.content.writer.page(self.content.pages, None);
            }
            "frame" => self.in_title = attribute(tag, "class").is_some_and(|class| class == "title"),
            "title" | "desc" => self.paragraphs.push(Paragraph { text: String::new(), level: None }),
            "object" => self.objects += 1,
            _ => {}
        }
        Ok(())
    }

    fn end(&mut self, name: &str) -> Result<(), String> {
        match name {
            "p" | "h" => {
                if let Some(paragraph) = self.paragraphs.pop() {
                    self.paragraph(&paragraph);
                }
            }
            "title" | "desc" => {
                if let Some(description) = self.paragraphs.pop()
                    && self.tables.is_empty()
                {
                    self.content.writer.image(&description.text);
                }
            }
            "list" => {
                self.lists.pop();
            }
            "table-cell" | "covered-table-cell" => self.tables.end_cell()?,
            "table-row" => self.tables.end_row()?,
            "table" => {
                if let Some(rows) = self.tables.end() {
                    self.content.writer.table(rows);
                }
            }
            "note" => {
                if let Some(note) = self.note.take() {
                    self.notes.push(note.trim().to_owned());
                    let mark = format!("[^{}]", self.notes.len());
                    self.push_text(&mark);
                }
            }
            "frame" => self.in_title = false,
            _ => {}
        }
        Ok(())
    }

    /// Text as the file has it: runs of blanks are one space.
    fn text(&mut self, text: &str) {
        let Some(paragraph) = self.paragraphs.last_mut() else { return };
        for character in text.chars() {
            if !matches!(character, ' ' | '\t' | '\n' | '\r') {
                paragraph.text.push(character);
            } else if !paragraph.text.is_empty() && !paragraph.text.ends_with(char::is_whitespace) {
                paragraph.text.push(' ');
            }
        }
    }

    fn push_text(&mut self, text: &str) {
        if let Some(paragraph) = self.paragraphs.last_mut() {
            paragraph.text.push_str(text);
        }
    }

    fn paragraph(&mut self, paragraph: &Paragraph) {
        let text = paragraph.text.trim();
        if text.is_empty() {
            return;
        }
        if let Some(note) = &mut self.note {
            note.push_str(text);
            note.push('\n');
        } else if let Some(cell) = self.tables.next_line() {
            cell.push_str(text);
        } else if let Some(level) = paragraph.level {
            self.content.writer.heading(level, text);
        } else if let Some(list) = self.lists.last_mut().filter(|list| list.is_fresh) {
            list.is_fresh = false;
            let (style, number) = (list.style.clone(), list.items);
            let depth = self.lists.len();
            let number = self.styles.is_numbered(&style, depth).then_some(number);
            self.content.writer.item(depth - 1, number, text);
        } else {
            self.content.writer.paragraph(text);
        }
    }

    fn finish(mut self) -> Content {
        for (index, note) in std::mem::take(&mut self.notes).into_iter().enumerate() {
            self.content.writer.paragraph(&format!("[^{}]: {note}", index + 1));
        }
        if self.objects > 0 {
            self.content.warnings.push(format!("{} embedded objects (charts, formulas) were left out", self.objects));
        }
        self.content
    }
}

/// The name by which an element is known here: without its prefix, but for a field that has the name of a description.
fn key<'a>(name: QName<'a>) -> &'a str {
    match name.into_inner() {
        "text:title" => "field",
        _ => name.local_name().into_inner(),
    }
}
