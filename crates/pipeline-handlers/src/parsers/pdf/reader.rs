//! Reading a document: its pages in batches, so that memory is bounded by a batch and by what is read.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use millrace_domain::document::{Block, BlockKind, PageInfo};
use unpdf::parser::backend::{PageId, PdfBackend, RawBackend};
use unpdf::parser::raw::RawDocument;
use unpdf::parser::{LayoutAnalyzer, ParseEvent};
use unpdf::{Block as ModelBlock, PageStreamOptions, ParseOptions, PdfParser as ModelParser, Table};

use super::assemble;
use super::excerpt;
use super::furniture::Furniture;
use super::headings::{self, Heading};
use super::levels;
use super::look::Look;
use super::markdown::{self, Item};
use super::outline;
use super::page::{Facts, Page};
use super::profile::Profile;
use super::prose::Compounds;
use super::quality;
use super::refused;
use super::view::PageView;
use crate::draft::Draft;
use crate::failure::{FailureCode, ParseFailure};
use crate::pages::no_such_page;
use crate::parser::Input;

/// Pages read before any is finished: what is learned from them tells headings and furniture apart.
const BATCH: usize = 64;

/// Reads a document, or those pages of it that are wanted; the others cost nothing.
pub(super) fn read(input: Input<'_>) -> Result<Draft, ParseFailure> {
    let document = RawBackend::load_bytes(input.bytes).map_err(refused)?;
    // Finding the pages is cheap; reading them is not.
    let ids = document.pages();
    let pages = u32::try_from(ids.len()).unwrap_or(u32::MAX);
    if pages > input.limits.max_pages {
        return Err(ParseFailure::too_many_pages(pages, input.limits));
    }
    if pages == 0 {
        return Err(ParseFailure::unreadable("PDF", "it has no pages"));
    }
    let wanted = |number: &u32| input.options.pages.as_ref().is_none_or(|wanted| wanted.contains(*number));
    let ids: Vec<(u32, PageId)> = ids.into_iter().filter(|(number, _)| wanted(number)).collect();
    if let (true, Some(asked)) = (ids.is_empty(), &input.options.pages) {
        return Err(no_such_page(asked, pages));
    }
    let mut reading = Reading::new(input.bytes, &document);
    for batch in ids.chunks(BATCH) {
        reading.read(batch)?;
    }
    reading.finish(pages)
}

struct Reading<'a> {
    bytes: &'a [u8],
    document: &'a RawBackend,
    /// The document as objects, once a page draws lines.
    objects: Option<RawDocument>,
    outline: std::collections::HashMap<u32, headings::Outlined>,
    profile: Profile,
    compounds: Compounds,
    furniture: Furniture,
    items: Vec<Item>,
    headings: Vec<(usize, Heading)>,
    facts: Facts,
    page_info: Vec<PageInfo>,
    /// Pages without text: those with pictures, and blank ones.
    pictures: Vec<u32>,
    blanks: Vec<u32>,
    failed: Vec<u32>,
}

impl<'a> Reading<'a> {
    fn new(bytes: &'a [u8], document: &'a RawBackend) -> Self {
        Self {
            bytes,
            document,
            objects: None,
            outline: outline::by_page(document),
            profile: Profile::default(),
            compounds: Compounds::default(),
            furniture: Furniture::default(),
            items: Vec::new(),
            headings: Vec::new(),
            facts: Facts::default(),
            page_info: Vec::new(),
            pictures: Vec::new(),
            blanks: Vec::new(),
            failed: Vec::new(),
        }
    }

    fn read(&mut self, batch: &[(u32, PageId)]) -> Result<(), ParseFailure> {
        let mut pages: Vec<(PageId, Page)> = Vec::with_capacity(batch.len());
        for &(number, id) in batch {
            match Page::read(self.document, number, id) {
                Ok(page) => pages.push((id, page)),
                Err(_damaged) => self.failed.push(number),
            }
        }
        let ruled: Vec<(u32, PageId)> =
            pages.iter().filter(|(_, page)| page.is_ruled).map(|(id, page)| (page.number, *id)).collect();
        let mut tables = self.tables(&ruled)?;
        for (id, page) in &mut pages {
            if page.is_ruled {
                page.take_tables(self.document, *id, &tables.remove(&page.number).unwrap_or_default());
            }
            self.furniture.learn(page);
        }
        for (_, page) in &mut pages {
            self.furniture.clear(page);
            let looks: Vec<Look> = page.lines.iter().map(Look::of).collect();
            self.profile.learn(&looks);
            looks.iter().for_each(|look| self.compounds.learn(&look.text));
        }
        for (id, page) in pages {
            self.place(id, page);
        }
        Ok(())
    }

    fn place(&mut self, id: PageId, page: Page) {
        self.facts.add(&page.facts);
        self.page_info.push(quality::of_page(&page));
        if !page.has_text() {
            let silent = if page.facts.is_painted { &mut self.pictures } else { &mut self.blanks };
            silent.push(page.number);
        }
        let looks: Vec<Look> = page.lines.iter().map(Look::of).collect();
        let outlined = self.outline.remove(&page.number).unwrap_or_default();
        let found = headings::find(&looks, &self.profile, &outlined);
        let view = PageView::new(self.document, page.number, id);
        for placed in assemble::blocks(page, &LayoutAnalyzer::new(&view), &found, &self.compounds) {
            self.headings.extend(placed.heading.map(|heading| (self.items.len(), heading)));
            self.items.push(placed.item);
        }
    }

    /// The tables of pages that draw lines: only the model that `unpdf` makes of a page reads those.
    fn tables(&mut self, pages: &[(u32, PageId)]) -> Result<BTreeMap<u32, Vec<Table>>, ParseFailure> {
        let mut tables = BTreeMap::new();
        if pages.is_empty() {
            return Ok(tables);
        }
        let objects = match &self.objects {
            Some(objects) => objects,
            None => self.objects.insert(RawDocument::load(self.bytes).map_err(refused)?),
        };
        let excerpt = excerpt::of(objects, &pages.iter().map(|(_, id)| *id).collect::<Vec<_>>());
        let options = ParseOptions::default().sequential().lenient();
        let model = ModelParser::from_bytes_with_options(&excerpt, options).map_err(refused)?;
        let all = PageStreamOptions { parallel: false, ..PageStreamOptions::default() };
        let read = model.for_each_page(all, |event| {
            if let ParseEvent::PageParsed(page) = event
                && let Some((number, _)) = (page.number as usize).checked_sub(1).and_then(|index| pages.get(index))
            {
                let found = page.elements.into_iter().filter_map(|block| match block {
                    ModelBlock::Table(table) => Some(table),
                    _ => None,
                });
                tables.insert(*number, found.collect());
            }
            ControlFlow::Continue(())
        });
        read.map_err(refused)?;
        Ok(tables)
    }

    fn finish(mut self, pages: u32) -> Result<Draft, ParseFailure> {
        let found: Vec<Heading> = self.headings.iter().map(|(_, heading)| *heading).collect();
        for ((index, _), level) in self.headings.iter().zip(levels::assign(&found)) {
            self.items[*index].block.level = Some(level);
        }
        self.push_form_fields();
        if !self.items.iter().any(|item| item.block.text.chars().any(char::is_alphanumeric)) {
            let detail = if self.pictures.is_empty() && self.failed.is_empty() {
                "its pages are blank"
            } else {
                "its pages are pictures, and reading them needs OCR"
            };
            return Err(ParseFailure::new(FailureCode::NoTextLayer, format!("the PDF has no text layer: {detail}")));
        }
        let markdown = markdown::write(&self.items);
        let warnings = self.warnings(pages);
        let blocks = self.items.into_iter().map(|item| item.block).collect();
        let quality = quality::of_document(&self.page_info, self.failed.len());
        Ok(Draft { markdown, blocks, pages, warnings, page_info: self.page_info, quality, ..Draft::default() })
    }

    /// What people have filled in is not part of any page's text.
    fn push_form_fields(&mut self) {
        for field in self.document.acroform_fields() {
            let value = field.display_value();
            if value.trim().is_empty() {
                continue;
            }
            let text = format!("{}: {}", field.name, value.trim());
            self.items.push(Item { block: Block::new(BlockKind::ListItem, text), number: None, linked: Vec::new() });
        }
    }

    /// What of the document did not make it into the text.
    fn warnings(&self, pages: u32) -> Vec<String> {
        let mut warnings = Vec::new();
        let mut warn = |count: usize, text: &str| {
            if count > 0 {
                warnings.push(format!("{count} {text}"));
            }
        };
        if self.document.integrity().pages_incomplete() {
            warn(1, "or more pages are missing: the file is damaged");
        }
        warn(self.failed.len(), "pages could not be read");
        warn(self.facts.lost_streams, "content streams could not be decoded");
        warn(self.facts.lost_runs, "pieces of text have fonts that cannot be decoded");
        warn(self.facts.lost_layers, "scanned pages have an unreadable text layer");
        warn(self.facts.far_runs, "pieces of text stand too far off their page and were left out");
        warn(self.facts.unknown_characters, "characters could not be decoded");
        if !self.blanks.is_empty() {
            warnings.push(format!("{} of {pages} pages are blank", self.blanks.len()));
        }
        if !self.pictures.is_empty() {
            warnings.push(format!(
                "{} of {pages} pages have no text layer, and reading them needs OCR: {}",
                self.pictures.len(),
                ranges(&self.pictures)
            ));
        }
        warnings
    }
}

/// Numbers in ascending order as `1–3, 7`.
fn ranges(numbers: &[u32]) -> String {
    let mut ranges: Vec<(u32, u32)> = Vec::new();
    for &number in numbers {
        match ranges.last_mut() {
            Some((_, last)) if *last + 1 == number => *last = number,
            _ => ranges.push((number, number)),
        }
    }
    let shown =
        |(first, last): &(u32, u32)| if first == last { format!("{first}") } else { format!("{first}–{last}") };
    ranges.iter().map(shown).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::ranges;

    #[test]
    fn numbers_in_a_row_are_a_range() {
        assert_eq!(ranges(&[1, 2, 3, 7, 9, 10]), "1–3, 7, 9–10");
        assert_eq!(ranges(&[]), "");
    }
}
