//! The filled cells of a sheet. Blanks take no memory, so a lone cell in the far corner costs what any cell costs.

use calamine::{Data, Dimensions};

use super::cell::{Cell, is_blank};

/// Rows and columns that a sheet can have; cells beyond them are made up.
pub(super) const MAX_ROWS: u32 = 1 << 20;
pub(super) const MAX_COLUMNS: u32 = 1 << 14;
/// Most cells that merged ranges may fill with copies, over one sheet.
const MAX_COPIES: usize = 500_000;
/// Most bytes of text in these copies.
const MAX_COPIED_BYTES: usize = 16 << 20;

/// One filled cell.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct GridCell {
    /// Column, from 0.
    pub(super) column: u32,
    /// What it holds.
    pub(super) data: Data,
    /// What people see in its place; `None` where that is its plain text.
    pub(super) shown: Option<Box<str>>,
}

/// The filled cells of one row.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct GridRow {
    /// Row, from 0.
    pub(super) row: u32,
    /// Its cells from left to right; never empty.
    pub(super) cells: Vec<GridCell>,
}

/// All filled cells of a sheet, from top to bottom.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Grid {
    rows: Vec<GridRow>,
}

impl Grid {
    /// A grid of cells in any order; of two at one place the first stays.
    pub(super) fn new<C: Into<Cell>>(cells: Vec<(u32, u32, C)>) -> Self {
        let mut cells: Vec<(u32, u32, Cell)> =
            cells.into_iter().map(|(row, column, cell)| (row, column, cell.into())).collect();
        cells.retain(|(row, column, cell)| *row < MAX_ROWS && *column < MAX_COLUMNS && !is_blank(&cell.data));
        // A stable sort, and quick on what is in order already.
        cells.sort_by_key(|(row, column, _)| (*row, *column));
        cells.dedup_by_key(|(row, column, _)| (*row, *column));
        let mut rows: Vec<GridRow> = Vec::new();
        for (row, column, Cell { data, shown }) in cells {
            let cell = GridCell { column, data, shown };
            match rows.last_mut() {
                Some(last) if last.row == row => last.cells.push(cell),
                _ => rows.push(GridRow { row, cells: vec![cell] }),
            }
        }
        Self { rows }
    }

    /// All rows.
    pub(super) fn rows(&self) -> &[GridRow] {
        &self.rows
    }

    /// The rows between two, both included.
    pub(super) fn between(&self, top: u32, bottom: u32) -> &[GridRow] {
        let start = self.rows.partition_point(|row| row.row < top);
        let end = self.rows.partition_point(|row| row.row <= bottom);
        &self.rows[start..end.max(start)]
    }

    /// Gives every cell of a merged range the value that is stored in its first one, so that each row is complete.
    /// A range that has its rows to itself is a title and stays one cell. False when copies were left out because
    /// there are too many.
    pub(super) fn fill_merged(&mut self, ranges: &[Dimensions]) -> bool {
        let right_edge = self.rows.iter().filter_map(|row| row.cells.last()).map(|cell| cell.column).max();
        let (Some(right_edge), Some(last)) = (right_edge, self.rows.last()) else {
            return true;
        };
        let bottom_edge = last.row;
        // Filled cells above each row: how many a range of rows holds is then one subtraction.
        let mut above = vec![0_usize];
        for row in &self.rows {
            above.push(above.last().copied().unwrap_or(0) + row.cells.len());
        }
        let mut copies: Vec<(u32, u32, Cell)> = Vec::new();
        let mut bytes = 0;
        for range in ranges {
            let ((top, left), (bottom, right)) = (range.start, range.end);
            let (bottom, right) = (bottom.min(bottom_edge), right.min(right_edge));
            let Ok(at) = self.rows.binary_search_by_key(&top, |row| row.row) else {
                continue;
            };
            let row = &self.rows[at];
            let Ok(column) = row.cells.binary_search_by_key(&left, |cell| cell.column) else {
                continue;
            };
            let end = self.rows.partition_point(|row| row.row <= bottom);
            if bottom < top || right < left || above[end] - above[at] == 1 {
                continue;
            }
            let GridCell { data, shown, .. } = &row.cells[column];
            let area = (bottom - top + 1) as usize * (right - left + 1) as usize;
            let text = if let Data::String(text) = data { text.len() } else { 0 };
            bytes += area * (text + shown.as_ref().map_or(0, |shown| shown.len()));
            if copies.len() + area > MAX_COPIES || bytes > MAX_COPIED_BYTES {
                self.add(copies);
                return false;
            }
            for row in top..=bottom {
                let copy = || Cell { data: data.clone(), shown: shown.clone() };
                copies.extend((left..=right).map(|column| (row, column, copy())));
            }
        }
        self.add(copies);
        true
    }

    /// Adds cells where there are none.
    fn add(&mut self, copies: Vec<(u32, u32, Cell)>) {
        if copies.is_empty() {
            return;
        }
        let mut cells: Vec<(u32, u32, Cell)> = Vec::new();
        for GridRow { row, cells: old } in std::mem::take(&mut self.rows) {
            cells.extend(old.into_iter().map(|GridCell { column, data, shown }| (row, column, Cell { data, shown })));
        }
        cells.extend(copies);
        *self = Self::new(cells);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(row: u32, column: u32, text: &str) -> (u32, u32, Data) {
        (row, column, Data::String(text.to_owned()))
    }

    fn shown(grid: &Grid) -> Vec<String> {
        let cells = grid.rows().iter().flat_map(|row| row.cells.iter().map(move |cell| (row.row, cell)));
        cells.map(|(row, cell)| format!("{row},{}={}", cell.column, cell.data)).collect()
    }

    fn merged(top: u32, left: u32, bottom: u32, right: u32) -> Dimensions {
        Dimensions::new((top, left), (bottom, right))
    }

    #[test]
    fn merged_ranges_fill_their_rows() {
        let mut grid = Grid::new(vec![text(0, 0, "title"), text(1, 0, "a"), text(1, 1, "b"), text(2, 2, "c")]);
        assert!(grid.fill_merged(&[merged(0, 0, 0, 9), merged(1, 0, 2, 0), merged(1, 1, 1, 9), merged(5, 5, 6, 6)]));
        assert_eq!(shown(&grid), ["0,0=title", "1,0=a", "1,1=b", "1,2=b", "2,0=a", "2,2=c"]);
    }

    #[test]
    fn hostile_ranges_are_bounded() {
        let mut grid = Grid::new(vec![text(0, 0, "a"), text(0, 1, "b"), text(1_048_575, 16_383, "z")]);
        let ranges = vec![merged(0, 0, 1_048_575, 16_383); 100_000];
        assert!(!grid.fill_merged(&ranges));
        assert_eq!(shown(&grid), ["0,0=a", "0,1=b", "1048575,16383=z"]);
        assert!(Grid::new(vec![text(u32::MAX, 0, "no"), text(0, u32::MAX, "cells")]).rows().is_empty());
        let mut empty = Grid::default();
        assert!(empty.fill_merged(&ranges));
    }
}
