//! Word documents (DOCX) → content.
//!
//! The body is read element by element, so a large document never stands in memory as a tree.

mod code;
mod notes;
mod numbering;
mod pages;
mod paragraph;
mod runs;
mod styles;
mod tables;

use self::notes::Notes;
use self::numbering::Numbering;
use self::pages::Pages;
use self::runs::Fields;
use self::styles::Styles;
use super::assembly::Assembly;
use super::content::Content;
use super::package::{Package, Relations};
use crate::draft::Draft;
use crate::failure::ParseFailure;
use crate::parser::Input;
use crate::xml::tree::{Element, Part};

/// A piece of content and its page.
type Placed = (u32, Content);

/// What is known while a document is read.
struct Reader<'a> {
    package: Package<'a>,
    relations: Relations,
    styles: Styles,
    numbering: Numbering,
    pages: Pages,
    fields: Fields,
    notes: Notes,
    /// Comments of reviewers, which are no part of the text.
    comments: usize,
    /// Bytes that merged cells may still repeat.
    repeatable: usize,
}

/// Reads a document.
///
/// # Errors
/// `unreadable_file`, `too_many_pages`.
pub(super) fn parse(input: &Input<'_>) -> Result<Draft, ParseFailure> {
    let label = input.format.label();
    let unreadable = |detail: &dyn std::fmt::Display| ParseFailure::unreadable(label, detail);
    let mut package = Package::open(input.bytes).ok_or_else(|| unreadable(&"the archive is broken"))?;
    let main = package.main_part("word/document.xml");
    let body = package.text(&main).ok_or_else(|| unreadable(&"its body is missing or broken"))?;
    let pages = Pages::at_least(&body);
    if pages > input.limits.max_pages {
        return Err(ParseFailure::too_many_pages(pages, input.limits));
    }
    let relations = package.relations(&main);
    let mut side = |kind: &str| {
        let part = relations.parts(kind).next().map(str::to_owned);
        part.and_then(|part| package.text(&part)).unwrap_or_default()
    };
    let styles = Styles::read(&side("styles"));
    let numbering = Numbering::read(&side("numbering"));
    let mut reader = Reader {
        package,
        relations,
        styles,
        numbering,
        pages: Pages::scan(&body),
        fields: Fields::default(),
        notes: Notes::default(),
        comments: 0,
        repeatable: tables::MAX_REPEATED_BYTES,
    };
    let mut contents: Vec<Placed> = Vec::new();
    let mut part = Part::new(&body);
    if part.enter("body").map_err(|error| unreadable(&error))? {
        while let Some(element) = part.next().map_err(|error| unreadable(&error))? {
            reader.block(&element, &mut contents);
        }
    }
    let last_page = reader.pages.current();
    reader.append_notes(&mut contents);
    contents.retain(|(page, _)| input.wants_page(*page));
    Ok(assemble(code::gather(contents), last_page, &reader))
}

fn assemble(contents: Vec<Placed>, pages: u32, reader: &Reader<'_>) -> Draft {
    let mut assembly = Assembly::default();
    for (page, content) in &contents {
        // Notes stand at the end, and belong to the page that speaks of them.
        let is_new = *page > assembly.current_page() && !matches!(content, Content::Note { .. });
        let marker = (is_new && pages > 1).then(|| format!("page {page}"));
        assembly.page(*page, marker.as_deref());
        assembly.write(content);
    }
    let (markdown, blocks) = assembly.finish();
    let mut warnings = Vec::new();
    if reader.comments > 0 {
        warnings.push(format!("{} comments of reviewers were left out", reader.comments));
    }
    if reader.repeatable == 0 {
        warnings.push("some merged cells are too large and hold their text once".to_owned());
    }
    Draft { markdown, blocks, pages, warnings, ..Draft::default() }
}

impl Reader<'_> {
    /// Reads what stands on the level of paragraphs.
    fn block(&mut self, element: &Element, contents: &mut Vec<Placed>) {
        match element.name.as_str() {
            "p" => self.paragraph(element, contents),
            "tbl" => self.table(element, contents),
            // What was deleted or moved away, and what says how things look.
            "del" | "moveFrom" | "sdtPr" | "sdtEndPr" | "sectPr" | "customXmlPr" | "Fallback" => {}
            // Wrappers: controls, tracked insertions, custom XML.
            _ => {
                for child in element.children() {
                    self.block(child, contents);
                }
            }
        }
    }
}
