//! A sheet as rows of cells at their addresses.

use std::collections::BTreeMap;

use millrace_domain::document::SheetCells;
use serde_json::Value;

/// A sheet.
pub(super) struct SheetGrid {
    pub(super) page: u32,
    pub(super) name: String,
    /// Filled cells by row and column, both from 1.
    rows: BTreeMap<u32, BTreeMap<u32, Value>>,
}

impl SheetGrid {
    /// The cells of a sheet, blank texts left out.
    pub(super) fn new(sheet: SheetCells) -> Self {
        let mut rows: BTreeMap<u32, BTreeMap<u32, Value>> = BTreeMap::new();
        for run in sheet.runs {
            let row = rows.entry(run.row).or_default();
            for (column, cell) in (run.column..).zip(run.cells) {
                let is_blank = cell.is_null() || cell.as_str().is_some_and(|text| text.trim().is_empty());
                if !is_blank {
                    row.insert(column, cell);
                }
            }
        }
        rows.retain(|_, row| !row.is_empty());
        Self { page: sheet.page, name: sheet.name, rows }
    }

    /// Rows with a filled cell, from a row to another (both included), with their filled cells.
    pub(super) fn rows(&self, top: u32, bottom: u32) -> impl Iterator<Item = (u32, &BTreeMap<u32, Value>)> {
        (top <= bottom).then(|| self.rows.range(top..=bottom)).into_iter().flatten().map(|(row, cells)| (*row, cells))
    }

    /// A cell, if it is filled.
    pub(super) fn cell(&self, row: u32, column: u32) -> Option<&Value> {
        self.rows.get(&row)?.get(&column)
    }

    /// The last row with a filled cell; 0 for an empty sheet.
    pub(super) fn last_row(&self) -> u32 {
        self.rows.last_key_value().map_or(0, |(row, _)| *row)
    }

    /// The last filled column of rows; 0 where there is none.
    pub(super) fn last_column(&self, top: u32, bottom: u32) -> u32 {
        self.rows(top, bottom)
            .filter_map(|(_, cells)| cells.last_key_value())
            .map(|(column, _)| *column)
            .max()
            .unwrap_or(0)
    }
}
