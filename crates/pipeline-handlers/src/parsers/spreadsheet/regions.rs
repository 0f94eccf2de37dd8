//! Which cells of a sheet belong together: tables side by side or one above the other are told apart by blanks.

use calamine::Data;

use super::grid::{Grid, GridCell, GridRow};

/// More pieces than this are no layout but scattered cells; the sheet counts as one table.
const MAX_PIECES: usize = 500;
/// Rows in which a header is looked for.
const HEADER_SEARCH: usize = 10;

/// A rectangle of cells, ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Region {
    pub(super) top: u32,
    pub(super) left: u32,
    pub(super) bottom: u32,
    pub(super) right: u32,
}

impl Region {
    /// Whether they overlap or touch, corners included.
    fn touches(&self, other: &Self) -> bool {
        self.top <= other.bottom + 1
            && other.top <= self.bottom + 1
            && self.left <= other.right + 1
            && other.left <= self.right + 1
    }

    fn join(&mut self, other: &Self) {
        self.top = self.top.min(other.top);
        self.left = self.left.min(other.left);
        self.bottom = self.bottom.max(other.bottom);
        self.right = self.right.max(other.right);
    }

    /// The cells of a row that are in the region.
    pub(super) fn cells_of<'a>(&self, row: &'a GridRow) -> &'a [GridCell] {
        let start = row.cells.partition_point(|cell| cell.column < self.left);
        let end = row.cells.partition_point(|cell| cell.column <= self.right);
        &row.cells[start..end.max(start)]
    }
}

/// The tables of a sheet, from top to bottom and left to right.
pub(super) fn find(grid: &Grid) -> Vec<Region> {
    let mut done: Vec<Region> = Vec::new();
    let mut open: Vec<Region> = Vec::new();
    for row in grid.rows() {
        // What ended above the previous row grows no more, unless another piece grows into it: that is seen below.
        let (ended, growing) = open.into_iter().partition(|region| region.bottom + 1 < row.row);
        open = growing;
        done.extend::<Vec<_>>(ended);
        open.extend(pieces(row));
        if done.len() + open.len() > 2 * MAX_PIECES {
            return whole(grid);
        }
        merge_touching(&mut open);
        if done.len() + open.len() > MAX_PIECES {
            return whole(grid);
        }
    }
    done.extend(open);
    merge_touching(&mut done);
    done.sort_by_key(|region| (region.top, region.left));
    join_continuations(grid, done)
}

/// Runs of filled cells of one row; one more than is bearable when there are too many.
fn pieces(row: &GridRow) -> Vec<Region> {
    let mut pieces: Vec<Region> = Vec::new();
    for cell in &row.cells {
        let count = pieces.len();
        match pieces.last_mut() {
            Some(last) if last.right + 1 == cell.column => last.right = cell.column,
            _ if count > 2 * MAX_PIECES => break,
            _ => pieces.push(Region { top: row.row, left: cell.column, bottom: row.row, right: cell.column }),
        }
    }
    pieces
}

fn merge_touching(regions: &mut Vec<Region>) {
    let mut changed = true;
    while changed {
        changed = false;
        let mut index = 0;
        while index < regions.len() {
            let mut other = index + 1;
            while other < regions.len() {
                if regions[index].touches(&regions[other]) {
                    let joined = regions.swap_remove(other);
                    regions[index].join(&joined);
                    changed = true;
                } else {
                    other += 1;
                }
            }
            index += 1;
        }
    }
}

fn whole(grid: &Grid) -> Vec<Region> {
    let left = grid.rows().iter().filter_map(|row| row.cells.first()).map(|cell| cell.column).min();
    let right = grid.rows().iter().filter_map(|row| row.cells.last()).map(|cell| cell.column).max();
    match (grid.rows(), left, right) {
        ([first, .., last], Some(left), Some(right)) => {
            vec![Region { top: first.row, left, bottom: last.row, right }]
        }
        ([only], Some(left), Some(right)) => vec![Region { top: only.row, left, bottom: only.row, right }],
        _ => Vec::new(),
    }
}

/// A blank row inside a table parts it from its header. The lower part is joined again when it has the same columns
/// and does not begin with a header of its own.
fn join_continuations(grid: &Grid, regions: Vec<Region>) -> Vec<Region> {
    let mut joined: Vec<Region> = Vec::new();
    for region in regions {
        let above = joined
            .iter_mut()
            .rev()
            .find(|above| above.left == region.left && above.right == region.right && above.bottom < region.top);
        match above {
            Some(above)
                if region.right > region.left && above.bottom > above.top && !begins_with_header(grid, &region) =>
            {
                above.join(&region);
            }
            _ => joined.push(region),
        }
    }
    joined
}

/// A header is all text over data that is not.
fn begins_with_header(grid: &Grid, region: &Region) -> bool {
    let mut rows = grid.between(region.top, region.bottom).iter().map(|row| region.cells_of(row));
    let is_text = |cell: &GridCell| matches!(cell.data, Data::String(_));
    let first_is_text = rows.next().is_some_and(|first| first.iter().all(is_text));
    let second_is_not = rows.next().is_none_or(|second| !second.iter().all(is_text));
    first_is_text && second_is_not
}

/// The row of the header: the first that fills at least half of the columns. What is above it are titles.
pub(super) fn header_row(rows: &[Vec<&Data>]) -> usize {
    let Some(width) = rows.first().map(Vec::len) else {
        return 0;
    };
    let enough = width.div_ceil(2).max(2).min(width);
    let filled = |row: &Vec<&Data>| row.iter().filter(|cell| **cell != &Data::Empty).count();
    let found = rows.iter().take(HEADER_SEARCH).position(|row| filled(row) >= enough).unwrap_or(0);
    // Titles are one cell each; anything fuller that comes first is the header.
    rows[..found].iter().position(|row| filled(row) > 1).unwrap_or(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(lines: &[&str]) -> Grid {
        let mut cells = Vec::new();
        for (row, line) in (0..).zip(lines) {
            for (column, cell) in (0..).zip(line.split(' ')) {
                let value = match (cell, cell.parse::<f64>()) {
                    (".", _) => continue,
                    (_, Ok(number)) => Data::Float(number),
                    (text, Err(_)) => Data::String(text.to_owned()),
                };
                cells.push((row, column, value));
            }
        }
        Grid::new(cells)
    }

    #[track_caller]
    fn check(lines: &[&str], expected: &[(u32, u32, u32, u32)]) {
        let found: Vec<_> =
            find(&grid(lines)).iter().map(|found| (found.top, found.left, found.bottom, found.right)).collect();
        assert_eq!(found, expected, "{lines:?}");
    }

    #[test]
    fn blanks_part_tables() {
        check(&["a b", "1 2"], &[(0, 0, 1, 1)]);
        check(&["a b . x y", "1 2 . 3 4"], &[(0, 0, 1, 1), (0, 3, 1, 4)]);
        check(&["title . .", ". . .", "a b c", "1 2 3"], &[(0, 0, 0, 0), (2, 0, 3, 2)]);
        check(&["a b c", "1 . 2", ". 3 .", "4 . 5"], &[(0, 0, 3, 2)]);
    }

    #[test]
    fn a_blank_row_inside_a_table_is_bridged() {
        check(&["a b", "1 2", ". .", "3 4", "5 6"], &[(0, 0, 4, 1)]);
        check(&["a b", "1 2", ". .", "c d", "5 6"], &[(0, 0, 1, 1), (3, 0, 4, 1)]);
    }

    #[test]
    fn scattered_cells_are_one_table() {
        let lines: Vec<String> = (0..200)
            .map(|row| if row % 2 == 0 { vec!["x"; 30].join(" . ") } else { ". ".repeat(59).trim().to_owned() })
            .collect();
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        check(&lines, &[(0, 0, 198, 58)]);
    }

    #[test]
    fn titles_are_above_the_header() {
        let row = |lines: &[&[&str]]| {
            let cells: Vec<Vec<Data>> = lines
                .iter()
                .map(|line| {
                    let cell = |text: &&str| if *text == "." { Data::Empty } else { Data::String((*text).to_owned()) };
                    line.iter().map(cell).collect()
                })
                .collect();
            header_row(&cells.iter().map(|row| row.iter().collect()).collect::<Vec<_>>())
        };
        assert_eq!(row(&[&["Report", ".", "."], &["a", "b", "c"], &["1", "2", "3"]]), 1);
        assert_eq!(row(&[&["a", "b", "c"], &["1", "2", "3"]]), 0);
        assert_eq!(row(&[&["only"], &["x"]]), 0);
        assert_eq!(row(&[&["Report", ".", ".", ".", "."], &["a", "b", ".", ".", "."], &["1", "2", "3", "4", "5"]]), 1);
    }
}
