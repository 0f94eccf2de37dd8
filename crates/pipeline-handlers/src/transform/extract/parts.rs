//! Selectors over the blocks of a document: sections, pages, kinds of blocks, labels.

use std::borrow::Cow;
use std::rc::Rc;

use millrace_domain::document::{Block, BlockKind};

use super::item::{BlockSet, Item, Place, text_of_value};
use super::key::{self, Unit};
use super::matcher::Matcher;
use super::outcome::Stop;
use super::plan::PageChoice;
use super::program::BlockName;
use super::run::Run;

impl<'d> Run<'d> {
    /// What stands below headings, each to the next one of its level.
    pub(super) fn sections(&self, path: &[Matcher], set: &Rc<BlockSet>) -> Result<Vec<Item<'d>>, Stop> {
        let blocks = &self.doc.parsed.blocks;
        let mut found = vec![set.indexes.clone()];
        for matcher in path {
            let mut inner = Vec::new();
            for indexes in &found {
                self.spend(indexes.len() as u64 * 16)?;
                for (at, index) in indexes.iter().enumerate() {
                    let block = &blocks[*index];
                    if block.kind != BlockKind::Heading || !matcher.is_match(&block.text) {
                        continue;
                    }
                    let level = level(block);
                    let ends = |index: &&usize| {
                        blocks[**index].kind == BlockKind::Heading && level_at(blocks, **index) <= level
                    };
                    let length = indexes[at + 1..].iter().take_while(|index| !ends(index)).count();
                    self.spend(length as u64 * 8)?;
                    inner.push(indexes[at + 1..at + 1 + length].to_vec());
                }
            }
            found = inner;
        }
        Ok(found.into_iter().map(|indexes| Item::Blocks(Rc::new(BlockSet::some(indexes)))).collect())
    }

    /// The blocks of each page.
    pub(super) fn pages(&self, choice: &PageChoice, set: &Rc<BlockSet>) -> Vec<Item<'d>> {
        let mut pages: std::collections::BTreeMap<u32, Vec<usize>> = std::collections::BTreeMap::new();
        for index in &set.indexes {
            // Formats without pages are one page.
            let page = self.doc.parsed.blocks[*index].page.max(1);
            if choice.contains(page) {
                pages.entry(page).or_default().push(*index);
            }
        }
        pages.into_values().map(|indexes| Item::Blocks(Rc::new(BlockSet::some(indexes)))).collect()
    }

    /// Blocks of a kind.
    pub(super) fn blocks(
        &self,
        kind: BlockName,
        matches: Option<&Matcher>,
        set: &Rc<BlockSet>,
    ) -> Result<Vec<Item<'d>>, Stop> {
        if matches.is_some() {
            self.spend(self.size(&Item::Blocks(Rc::clone(set))))?;
        }
        let blocks = &self.doc.parsed.blocks;
        let is_meant = |index: &&usize| {
            let block = &blocks[**index];
            is_kind(block.kind, kind) && matches.is_none_or(|matcher| matcher.is_match(&block.text))
        };
        let found = set.indexes.iter().filter(is_meant);
        Ok(found.map(|index| Item::Blocks(Rc::new(BlockSet::some(vec![*index])))).collect())
    }

    /// What stands beside labels.
    pub(super) fn labelled(&self, labels: &[Matcher], item: &Item<'d>) -> Result<Vec<Item<'d>>, Stop> {
        // Lines are gone through several times, and names are folded on the way.
        self.spend(self.size(item) * 8)?;
        let all_labels = &self.plan.labels;
        Ok(match item {
            Item::Blocks(set) => {
                let sheets: Vec<_> = self.sheets_of(set).collect();
                let mut units = Vec::new();
                for index in set.indexes.iter().filter(|_| sheets.is_empty()) {
                    units_of(&self.doc.parsed.blocks[*index], &mut units);
                }
                for sheet in sheets {
                    let place = Place::page(sheet.page);
                    units.extend(sheet.rows(1, u32::MAX).map(|(_, cells)| Unit::Cells {
                        cells: cells.values().map(|cell| (text_of_value(cell), Some(cell))).collect(),
                        place,
                        is_header: false,
                    }));
                }
                key::find(labels, all_labels, &units)
            }
            Item::Row(row) => {
                let cells = row.cells.iter().map(|cell| (Cow::Borrowed(cell.text.as_str()), cell.value.as_ref()));
                let place = row.cells.first().map(|cell| cell.place).unwrap_or_default();
                key::find(labels, all_labels, &[Unit::Cells { cells: cells.collect(), place, is_header: false }])
            }
            other => {
                let piece = self.piece(other);
                let lines = piece.text.lines().filter(|line| !line.trim().is_empty());
                let units: Vec<Unit<'_>> = lines.map(|text| Unit::Line { text, place: piece.place }).collect();
                key::find(labels, all_labels, &units)
            }
        })
    }
}

fn units_of<'a>(block: &'a Block, units: &mut Vec<Unit<'a>>) {
    let place = Place::of(block);
    match &block.table {
        Some(table) => {
            for (at, row) in table.rows.iter().enumerate() {
                let cells = row.iter().map(|cell| (Cow::Borrowed(cell.as_str()), None)).collect();
                units.push(Unit::Cells { cells, place, is_header: at == 0 && table.has_header });
            }
        }
        None => units
            .extend(block.text.lines().filter(|line| !line.trim().is_empty()).map(|text| Unit::Line { text, place })),
    }
}

fn level(block: &Block) -> u8 {
    block.level.unwrap_or(6)
}

fn level_at(blocks: &[Block], index: usize) -> u8 {
    level(&blocks[index])
}

fn is_kind(kind: BlockKind, wanted: BlockName) -> bool {
    match wanted {
        BlockName::Any => true,
        BlockName::Heading => kind == BlockKind::Heading,
        BlockName::Paragraph => kind == BlockKind::Paragraph,
        BlockName::ListItem => kind == BlockKind::ListItem,
        BlockName::Table => kind == BlockKind::Table,
        BlockName::Code => kind == BlockKind::Code,
        BlockName::Image => kind == BlockKind::Image,
    }
}
