//! The cells of a workbook at their addresses, for rules that ask for `B2:D9`.

use millrace_domain::document::{CellRun, SheetCells};

use super::cell;
use super::sheets::Sheet;

/// Cells of a workbook; one with more is a table, whose rows are there without addresses.
const MAX_CELLS: usize = 200_000;

/// The filled cells of all sheets; nothing when there are very many.
pub(super) fn cells(sheets: &[Sheet]) -> Vec<SheetCells> {
    let count: usize = sheets.iter().flat_map(|sheet| sheet.grid.rows()).map(|row| row.cells.len()).sum();
    if count > MAX_CELLS {
        return Vec::new();
    }
    sheets.iter().map(sheet_cells).collect()
}

fn sheet_cells(sheet: &Sheet) -> SheetCells {
    let mut runs: Vec<CellRun> = Vec::new();
    for row in sheet.grid.rows() {
        let first = runs.len();
        for cell in &row.cells {
            let column = cell.column + 1;
            match runs[first..].last_mut() {
                Some(run) if run.column as usize + run.cells.len() == column as usize => {
                    run.cells.push(cell::value(&cell.data));
                }
                _ => runs.push(CellRun { row: row.row + 1, column, cells: vec![cell::value(&cell.data)] }),
            }
        }
    }
    SheetCells { page: sheet.number, name: sheet.name.clone(), runs }
}

#[cfg(test)]
mod tests {
    use calamine::Data;
    use serde_json::json;

    use super::super::grid::Grid;
    use super::*;

    fn sheet(cells: Vec<(u32, u32, Data)>) -> Sheet {
        Sheet { number: 2, name: "S".into(), grid: Grid::new(cells) }
    }

    #[test]
    fn neighbours_are_one_run() {
        let text = |text: &str| Data::String(text.into());
        let cells = vec![(1, 1, text("a")), (1, 2, Data::Float(2.5)), (1, 9, text("z")), (4, 0, Data::Bool(true))];
        let found = cells_json(&[sheet(cells)]);
        let run = |row: u32, column: u32, cells| json!({"row": row, "column": column, "cells": cells});
        let runs = [run(2, 2, json!(["a", 2.5])), run(2, 10, json!(["z"])), run(5, 1, json!([true]))];
        assert_eq!(found, json!([{"page": 2, "name": "S", "runs": runs}]));
    }

    fn cells_json(sheets: &[Sheet]) -> serde_json::Value {
        serde_json::to_value(cells(sheets)).expect("JSON")
    }

    #[test]
    fn very_many_cells_have_no_addresses() {
        let count = u32::try_from(MAX_CELLS).expect("small");
        let column = |count| (0..count).map(|row| (row, 0, Data::Int(1))).collect();
        assert_eq!(cells(&[sheet(column(count))]).len(), 1);
        assert!(cells(&[sheet(column(count)), sheet(column(1))]).is_empty());
    }
}
