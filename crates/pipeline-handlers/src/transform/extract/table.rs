//! Tables by their header, and cells of their rows.

use std::collections::BTreeMap;
use std::rc::Rc;

use millrace_domain::document::{Block, TableBlock};
use serde_json::Value;

use super::grid::SheetGrid;
use super::item::{Columns, Item, Piece, Place, Row, text_of_value};
use super::matcher::{Matcher, fold};
use super::plan::{ColumnPlan, TablePlan};

/// Rows of a table in which its header is looked for.
const HEADER_SEARCH: usize = 10;

/// A table that was found: its rows without the header.
pub(super) struct FoundTable {
    columns: Rc<Columns>,
    rows: Vec<Vec<Piece>>,
}

/// The rows that a plan asks for.
pub(super) fn rows(plan: &TablePlan, tables: Vec<FoundTable>) -> Vec<Item<'static>> {
    let chosen = match plan.nth {
        Some(nth) => super::pick(tables, nth).into_iter().collect(),
        None => tables,
    };
    let mut items = Vec::new();
    for table in chosen {
        for cells in table.rows {
            let row = Row { columns: Rc::clone(&table.columns), cells };
            let is_blank = row.cells.iter().all(|cell| cell.text.trim().is_empty());
            let repeats_header = row.columns.names.iter().zip(&row.cells).all(|(name, cell)| *name == cell.text);
            if !is_blank
                && !repeats_header
                && plan.only.iter().all(|test| passes(&row, test))
                && !plan.skip.iter().any(|test| passes(&row, test))
            {
                items.push(Item::Row(Rc::new(row)));
            }
        }
    }
    items
}

fn passes(row: &Row, (column, is): &(ColumnPlan, Matcher)) -> bool {
    let text = position(&row.columns, column).and_then(|at| row.cells.get(at)).map_or("", |cell| cell.text.as_str());
    is.is_match(text)
}

/// A cell of a row.
pub(super) fn cell<'a>(row: &'a Row, column: &ColumnPlan) -> Option<&'a Piece> {
    row.cells.get(position(&row.columns, column)?)
}

fn position(columns: &Columns, column: &ColumnPlan) -> Option<usize> {
    match column {
        ColumnPlan::At(index) => Some(*index),
        ColumnPlan::Named(names) => names.iter().find_map(|name| match name {
            Matcher::Exact(folded) => columns.folded().iter().position(|column| column == folded),
            Matcher::Regex(regex) => columns.names.iter().position(|column| regex.is_match(column)),
        }),
    }
}

/// Whether cells have all columns of a header, each in a cell of its own.
fn is_header(plan: &TablePlan, texts: &[&str]) -> bool {
    let mut taken = vec![false; texts.len()];
    let mut folded: Option<Vec<String>> = None;
    plan.header.iter().all(|names| {
        let found = names.iter().find_map(|name| match name {
            Matcher::Exact(wanted) => {
                let folded = folded.get_or_insert_with(|| texts.iter().map(|text| fold(text)).collect());
                (0..texts.len()).find(|at| !taken[*at] && folded[*at] == *wanted)
            }
            Matcher::Regex(regex) => (0..texts.len()).find(|at| !taken[*at] && regex.is_match(texts[*at])),
        });
        found.map(|at| taken[at] = true).is_some()
    })
}

/// Tables among blocks.
pub(super) fn in_blocks(plan: &TablePlan, blocks: &[Block], indexes: &[usize]) -> Vec<FoundTable> {
    let mut found: Vec<FoundTable> = Vec::new();
    // The block of the table that the last one found goes on in, if any.
    let mut open: Option<usize> = None;
    for index in indexes {
        let Some((block, table)) = blocks.get(*index).and_then(|block| Some((block, block.table.as_ref()?))) else {
            continue;
        };
        if plan.page.as_ref().is_some_and(|page| !page.contains(block.page.max(1))) {
            continue;
        }
        let place = Place::of(block);
        let header = table.rows.iter().take(HEADER_SEARCH).position(|row| {
            let texts: Vec<&str> = row.iter().map(String::as_str).collect();
            is_header(plan, &texts)
        });
        if let Some(header) = header {
            let columns = Rc::new(Columns::new(table.rows[header].clone()));
            found.push(FoundTable { columns, rows: pieces(table, header + 1, place) });
            open = Some(*index);
        } else if let (Some(before), Some(last)) = (open, found.last_mut())
            && goes_on(blocks, before, *index, last.columns.names.len())
        {
            last.rows.extend(pieces(table, 0, place));
            open = Some(*index);
        }
    }
    found
}

fn pieces(table: &TableBlock, from: usize, place: Place) -> Vec<Vec<Piece>> {
    table.rows[from..].iter().map(|row| row.iter().map(|cell| Piece::text(cell.as_str(), place)).collect()).collect()
}

/// Whether a table is the rest of the one on the page before: the same columns, and nothing in between.
fn goes_on(blocks: &[Block], before: usize, index: usize, width: usize) -> bool {
    let same_width = blocks[index].table.as_ref().is_some_and(|table| table.rows.iter().all(|row| row.len() == width));
    index == before + 1 && blocks[index].page == blocks[before].page + 1 && same_width
}

/// Tables on a sheet: a row that has the header, and the filled rows below it.
pub(super) fn in_sheet(plan: &TablePlan, sheet: &SheetGrid) -> Vec<FoundTable> {
    let mut found = Vec::new();
    if plan.page.as_ref().is_some_and(|page| !page.contains(sheet.page)) {
        return found;
    }
    let place = Place::page(sheet.page);
    let mut below: Option<(u32, Vec<u32>, FoundTable)> = None;
    for (row, cells) in sheet.rows(1, u32::MAX) {
        if let Some((last, columns, mut table)) = below.take() {
            let is_next = row == last + 1 && columns.iter().any(|column| cells.contains_key(column));
            if is_next {
                table.rows.push(
                    columns
                        .iter()
                        .map(|column| cells.get(column).map_or_else(Piece::default, |cell| Piece::value(cell, place)))
                        .collect(),
                );
                below = Some((row, columns, table));
                continue;
            }
            found.push(table);
        }
        if let Some(columns) = header_columns(plan, cells) {
            let names =
                columns.iter().map(|column| cells.get(column).map(text_of_value).unwrap_or_default().into_owned());
            let table = FoundTable { columns: Rc::new(Columns::new(names.collect())), rows: Vec::new() };
            below = Some((row, columns, table));
        }
    }
    found.extend(below.map(|(_, _, table)| table));
    found
}

/// The columns of a header among the cells of a row: cells side by side that have all of its names.
fn header_columns(plan: &TablePlan, cells: &BTreeMap<u32, Value>) -> Option<Vec<u32>> {
    let mut runs: Vec<Vec<u32>> = Vec::new();
    for column in cells.keys() {
        match runs.last_mut() {
            Some(run) if run.last().is_some_and(|last| last + 1 == *column) => run.push(*column),
            _ => runs.push(vec![*column]),
        }
    }
    runs.into_iter().filter(|run| run.len() >= plan.header.len()).find(|run| {
        let texts: Vec<_> = run.iter().filter_map(|column| cells.get(column)).map(text_of_value).collect();
        let texts: Vec<&str> = texts.iter().map(AsRef::as_ref).collect();
        is_header(plan, &texts)
    })
}
