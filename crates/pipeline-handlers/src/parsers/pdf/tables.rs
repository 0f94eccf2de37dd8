//! Tables of a page: where they stand, and their cells.

use std::collections::{HashMap, HashSet};

use millrace_domain::document::TableBlock;
use unpdf::parser::{TextLine, TextSpan};

use super::frame::Area;
use super::prose;

/// Share of the text inside a table's area that must be the table's.
const PURE: f32 = 0.85;
/// Share of a table's text that must be found on the page.
const FOUND: f32 = 0.6;
/// Steps of each search; a page of ordinary shape takes a few.
const MOST_STEPS: usize = 60;
/// How far beyond what was found of a table more of it may stand, in ems.
const REACH: f32 = 3.0;
/// Text this long is nobody else's by chance.
const TELLING: usize = 4;
/// Longer text, in characters, is no label of several columns or rows.
const LONGEST_LABEL: usize = 48;
/// A table with more columns, of which hardly any are filled, is a form.
const MOST_FORM_COLUMNS: usize = 8;
/// Share of the positions that hardly any are.
const SPARSE: f32 = 0.25;

/// Something that stands among the lines of a page.
pub(super) struct Piece {
    pub(super) area: Area,
    pub(super) content: Content,
}

/// What it is.
pub(super) enum Content {
    /// A table.
    Table(TableBlock),
    /// Rows that may or may not be those of a table, read one by one.
    Rows(Vec<TextLine>),
}

impl Piece {
    /// A table; `None` if it has no text.
    pub(super) fn table(table: &unpdf::Table, area: Area) -> Option<Self> {
        let rows = rows_of(table);
        let has_text = rows.iter().flatten().any(|cell| !cell.trim().is_empty());
        let block = TableBlock { has_header: table.header_rows > 0, rows };
        has_text.then_some(Self { area, content: Content::Table(block) })
    }

    /// Rows of text.
    pub(super) fn rows(rows: Vec<TextLine>, area: Area) -> Self {
        Self { area, content: Content::Rows(rows) }
    }
}

/// The cells as a rectangle. What spans several positions stands in each, as labels of columns and rows must; whole
/// sentences, and titles as wide as the table, stand in the first alone.
fn rows_of(table: &unpdf::Table) -> Vec<Vec<String>> {
    let width = table.column_count();
    let mut rows = vec![vec![String::new(); width]; table.rows.len()];
    for (index, (row, columns)) in table.rows.iter().zip(table.cell_columns()).enumerate() {
        for (cell, column) in row.cells.iter().zip(columns) {
            let text = prose::tidy(&cell.plain_text());
            let (high, wide) = (usize::from(cell.rowspan.max(1)), usize::from(cell.colspan.max(1)));
            let is_label = text.chars().count() <= LONGEST_LABEL && (wide < width || width <= 2);
            let (high, wide) = if is_label { (high, wide) } else { (1, 1) };
            for covered in rows.iter_mut().skip(index).take(high) {
                for position in covered.iter_mut().skip(column).take(wide) {
                    text.clone_into(position);
                }
            }
        }
    }
    rows
}

/// Whether the lines are those of a form to be filled in: boxes of many widths, so that what one finds as columns holds
/// next to nothing. Read as a table it would be one of empty cells.
fn is_form(table: &unpdf::Table) -> bool {
    let positions = table.column_count() * table.rows.len();
    let filled = table.rows.iter().flat_map(|row| &row.cells).filter(|cell| !cell.plain_text().trim().is_empty());
    table.column_count() > MOST_FORM_COLUMNS && (filled.count() as f32) < positions as f32 * SPARSE
}

/// The area of a span.
pub(super) fn area_of(span: &TextSpan) -> Area {
    let width = span.ink_width.filter(|_| span.width_measured).unwrap_or(span.width);
    Area::of_run(span.x, span.y, width, span.font_size)
}

/// Finds where a table stands, by its text, and which spans are its own.
///
/// The reader that sees the lines a page draws gives tables without their place. But each of its cells is made of
/// whole spans, so the table stands where they do. `None` if that is not clear: its text then stays among the lines.
pub(super) fn locate(table: &unpdf::Table, spans: &[TextSpan]) -> Option<(Piece, HashSet<usize>)> {
    if is_form(table) {
        return None;
    }
    let cells: Vec<String> =
        table.rows.iter().flat_map(|row| &row.cells).map(|cell| letters(&cell.plain_text())).collect();
    let texts: Vec<String> = spans.iter().map(|span| letters(&span.text)).collect();
    let total: usize = cells.iter().map(String::len).sum();
    let everything = cells.join("\n");
    let mut times: HashMap<&str, usize> = HashMap::new();
    for text in &texts {
        *times.entry(text).or_default() += 1;
    }
    let own: Vec<usize> =
        (0..spans.len()).filter(|&index| !texts[index].is_empty() && everything.contains(&texts[index])).collect();
    let telling = |index: &&usize| texts[**index].len() >= TELLING || times.get(texts[**index].as_str()) == Some(&1);
    let mut anchors: Vec<usize> = own.iter().filter(telling).copied().collect();
    if anchors.is_empty() {
        anchors.clone_from(&own);
    }
    let page = Surroundings { spans, texts: &texts, own: own.iter().copied().collect() };
    let mut area = page.without_strays(anchors)?;
    for _ in 0..MOST_STEPS {
        let near = own.iter().filter(|&&index| {
            let (span, reach) = (area_of(&spans[index]), spans[index].font_size * REACH);
            let wide = Area {
                left: area.left - reach,
                right: area.right + reach,
                top: area.top + reach,
                bottom: area.bottom - reach,
            };
            wide.holds_middle_of(&span) && !area.holds_middle_of(&span)
        });
        let wider = Area::around(near.map(|&index| area_of(&spans[index])).chain([area]))?;
        if wider == area || page.purity(&wider) < PURE {
            break;
        }
        area = wider;
    }
    let taken: HashSet<usize> =
        (0..spans.len()).filter(|&index| area.holds_middle_of(&area_of(&spans[index]))).collect();
    let found: usize = taken.iter().filter(|index| page.own.contains(index)).map(|&index| texts[index].len()).sum();
    if (found as f32) < total as f32 * FOUND {
        return None;
    }
    Some((Piece::table(table, area)?, taken))
}

struct Surroundings<'a> {
    spans: &'a [TextSpan],
    texts: &'a [String],
    own: HashSet<usize>,
}

impl Surroundings<'_> {
    /// Which share of the text in an area is the table's.
    fn purity(&self, area: &Area) -> f32 {
        let (mut own, mut all) = (0, 0);
        for (index, span) in self.spans.iter().enumerate() {
            if area.holds_middle_of(&area_of(span)) {
                all += self.texts[index].len();
                own += if self.own.contains(&index) { self.texts[index].len() } else { 0 };
            }
        }
        if all == 0 { 0.0 } else { own as f32 / all as f32 }
    }

    /// The area around these spans, leaving out those that only look like the table's.
    fn without_strays(&self, mut kept: Vec<usize>) -> Option<Area> {
        for _ in 0..MOST_STEPS {
            let area = self.around(&kept)?;
            if self.purity(&area) >= PURE {
                return Some(area);
            }
            let edge = |position: fn(&Area) -> f32| {
                (0..kept.len()).max_by(|&one, &other| {
                    let of = |index: usize| position(&area_of(&self.spans[kept[index]]));
                    of(one).total_cmp(&of(other))
                })
            };
            let edges =
                [edge(|area| area.top), edge(|area| -area.bottom), edge(|area| area.right), edge(|area| -area.left)];
            let (_, stray) = edges
                .into_iter()
                .flatten()
                .map(|index| {
                    let rest: Vec<usize> =
                        kept.iter().enumerate().filter(|(at, _)| *at != index).map(|(_, &span)| span).collect();
                    (self.around(&rest).map_or(0.0, |area| self.purity(&area)), index)
                })
                .max_by(|one, other| one.0.total_cmp(&other.0))?;
            kept.remove(stray);
        }
        None
    }

    fn around(&self, kept: &[usize]) -> Option<Area> {
        Area::around(kept.iter().map(|&index| area_of(&self.spans[index])))
    }
}

fn letters(text: &str) -> String {
    text.chars().filter(|character| !character.is_whitespace()).collect()
}

#[cfg(test)]
mod tests {
    use unpdf::model::{TableCell, TableRow};

    use super::*;

    fn spanning(text: &str, wide: u8) -> TableCell {
        TableCell { colspan: wide, ..TableCell::text(text) }
    }

    fn table(rows: Vec<Vec<TableCell>>) -> unpdf::Table {
        let mut table = unpdf::Table::new();
        for cells in rows {
            table.add_row(TableRow { cells, ..TableRow::from_strings([""; 0]) });
        }
        table
    }

    #[test]
    fn labels_stand_in_every_column_they_span_but_titles_and_sentences_do_not() {
        let sentence = "A remark that goes on for longer than any label of a column or of a row would.";
        let read = rows_of(&table(vec![
            vec![spanning("Prices of 2026", 3)],
            vec![TableCell::text("Item"), spanning("Price", 2)],
            vec![TableCell::text("Bolt"), spanning(sentence, 2)],
        ]));
        assert_eq!(read, [["Prices of 2026", "", ""], ["Item", "Price", "Price"], ["Bolt", sentence, ""]]);
        let narrow =
            rows_of(&table(vec![vec![spanning("Total", 2)], vec![TableCell::text("a"), TableCell::text("b")]]));
        assert_eq!(narrow, [["Total", "Total"], ["a", "b"]]);
    }

    #[test]
    fn a_wide_grid_of_empty_boxes_is_a_form() {
        let empty = |count| (0..count).map(|_| TableCell::text(""));
        let row = |text: &str| [TableCell::text(text)].into_iter().chain(empty(11)).collect::<Vec<_>>();
        assert!(is_form(&table(vec![row("Name"), row("Street"), row("City")])));
        let full = |text: &str| (0..12).map(|_| TableCell::text(text)).collect::<Vec<_>>();
        assert!(!is_form(&table(vec![full("1"), full("2"), row("Sum")])));
        assert!(!is_form(&table(vec![vec![TableCell::text("a"), TableCell::text("")], empty(2).collect()])));
    }
}
