//! From a page's lines, headings and tables to blocks in reading order.

use millrace_domain::document::{Block, BlockKind};
use unpdf::parser::{BlockType, LayoutAnalyzer, TextBlock, TextLine};

use super::frame::Area;
use super::headings::Heading;
use super::labels;
use super::links;
use super::look::Look;
use super::markdown::Item;
use super::page::Page;
use super::prose::{self, Compounds};
use super::tables::{Content, Piece};

/// Baselines this close are of one row, in points.
const SAME_ROW: f32 = 6.0;
/// Blank lines kept between two lines of code.
const MOST_BLANK_LINES: usize = 2;
/// Columns that code is indented by at most.
const DEEPEST_INDENT: usize = 200;

/// A block of a page, and the heading it is.
pub(super) struct Placed {
    pub(super) item: Item,
    pub(super) heading: Option<Heading>,
    area: Area,
    is_line: bool,
}

/// The blocks of a page in reading order. Levels of headings are for later, when all of the document's are known.
pub(super) fn blocks(
    page: Page,
    analyzer: &LayoutAnalyzer<'_>,
    headings: &[Option<Heading>],
    compounds: &Compounds,
) -> Vec<Placed> {
    let Page { number, frame, mut lines, pieces, .. } = page;
    // The grouping joins headings that follow one another; their levels, for now, tell them apart.
    let mut shade = 1;
    for index in 0..lines.len() {
        let (before, heading) = (index.checked_sub(1).and_then(|before| headings[before]), headings[index]);
        if heading.is_some() && heading != before {
            shade = 3 - shade;
        }
        lines[index].is_heading = heading.is_some();
        lines[index].heading_level = heading.map_or(0, |_| shade);
    }
    let mut starts = headings.iter().flatten().copied().fold(Vec::<Heading>::new(), |mut all, heading| {
        if all.last() != Some(&heading) {
            all.push(heading);
        }
        all
    });
    starts.reverse();
    let mut placed = Vec::new();
    for block in analyzer.group_lines_into_blocks_pub(lines) {
        for (is_heading, lines) in parts(block.lines.clone()) {
            let heading = if is_heading { starts.pop() } else { None };
            if is_heading {
                placed.extend(text_block(TextBlock::new(lines, BlockType::Heading), number, heading, compounds));
            } else if block.block_type == BlockType::ListItem {
                placed.extend(text_block(block.clone(), number, None, compounds));
            } else {
                placed.extend(labels::parts(lines).into_iter().filter_map(|lines| {
                    text_block(TextBlock::new(lines, BlockType::Paragraph), number, None, compounds)
                }));
            }
        }
    }
    let has_pieces = !pieces.is_empty();
    let mut placed = among(placed, pieces, number, compounds);
    if has_pieces {
        placed = joined_rows(placed);
    }
    for one in &mut placed {
        one.item.block.bbox = Some(frame.place(&one.area));
    }
    placed
}

/// Lines of a block, split where one heading ends and another begins.
fn parts(lines: Vec<TextLine>) -> Vec<(bool, Vec<TextLine>)> {
    let mut parts: Vec<(u8, Vec<TextLine>)> = Vec::new();
    for line in lines {
        let shade = if line.is_heading { line.heading_level } else { 0 };
        match parts.last_mut() {
            Some((last, part)) if *last == shade => part.push(line),
            _ => parts.push((shade, vec![line])),
        }
    }
    parts.into_iter().map(|(shade, lines)| (shade > 0, lines)).collect()
}

fn text_block(block: TextBlock, page: u32, heading: Option<Heading>, compounds: &Compounds) -> Option<Placed> {
    let area = Area::around(block.lines.iter().map(Area::of_line))?;
    let is_code = heading.is_none() && block.lines.iter().all(|line| Look::of(line).is_code);
    let kind = match block.block_type {
        _ if is_code => BlockKind::Code,
        BlockType::Heading => BlockKind::Heading,
        BlockType::ListItem => BlockKind::ListItem,
        BlockType::Paragraph | BlockType::Unknown => BlockKind::Paragraph,
    };
    let (number, is_line) = (block.list_item_number.filter(|_| kind == BlockKind::ListItem), block.lines.len() == 1);
    let (marked, targets) = if is_code { (code(&block.lines), Vec::new()) } else { prose::text(block, compounds) };
    let block = Block { page, ..Block::new(kind, links::unmarked(&marked)) };
    let linked = if targets.is_empty() { Vec::new() } else { links::pieces(&marked, &targets) };
    let item = Item { block, number, linked };
    (!item.block.text.is_empty()).then_some(Placed { item, heading, area, is_line })
}

/// Lines of code, indented as they stand on the page.
fn code(lines: &[TextLine]) -> String {
    let left = lines.iter().map(|line| line.x).fold(f32::INFINITY, f32::min);
    let pitch = lines
        .windows(2)
        .map(|pair| (pair[0].y - pair[1].y).abs())
        .filter(|gap| *gap > 0.0)
        .min_by(f32::total_cmp)
        .unwrap_or(0.0);
    let mut code = String::new();
    for (index, line) in lines.iter().enumerate() {
        let width = line
            .spans
            .iter()
            .find(|span| span.width > 0.0 && !span.text.is_empty())
            .map_or(line.font_size * 0.6, |span| span.width / span.text.chars().count() as f32);
        if let Some(before) = index.checked_sub(1).map(|before| &lines[before]) {
            let drops = if pitch > 0.0 { ((before.y - line.y).abs() / pitch).round() as usize } else { 1 };
            code.push_str(&"\n".repeat(drops.clamp(1, MOST_BLANK_LINES + 1)));
        }
        let indent = if width > 0.0 { ((line.x - left) / width).round() as usize } else { 0 };
        code.push_str(&" ".repeat(indent.min(DEEPEST_INDENT)));
        code.push_str(line.text().trim_end());
    }
    code
}

/// Puts what stands among the lines into their order: before the first text that starts below its top in the same
/// columns, else after the last text of those columns.
fn among(text: Vec<Placed>, mut pieces: Vec<Piece>, page: u32, compounds: &Compounds) -> Vec<Placed> {
    pieces.sort_by(|one, other| other.area.top.total_cmp(&one.area.top));
    let mut before: Vec<Vec<Piece>> = (0..=text.len()).map(|_| Vec::new()).collect();
    for piece in pieces {
        let is_below = |placed: &Placed| placed.area.top <= piece.area.top + 1.0;
        let shares = |placed: &Placed| placed.area.shares_columns(&piece.area);
        let at = text
            .iter()
            .position(|placed| is_below(placed) && shares(placed))
            .or_else(|| text.iter().rposition(shares).map(|index| index + 1))
            .or_else(|| text.iter().position(is_below))
            .unwrap_or(text.len());
        before[at].push(piece);
    }
    let mut all = Vec::new();
    let mut text = text.into_iter();
    for pieces in before {
        all.extend(pieces.into_iter().flat_map(|piece| placed_piece(piece, page, compounds)));
        all.extend(text.next());
    }
    all
}

fn placed_piece(piece: Piece, page: u32, compounds: &Compounds) -> Vec<Placed> {
    match piece.content {
        Content::Table(table) => {
            let text = table.rows.iter().map(|row| row.join("\t")).collect::<Vec<_>>().join("\n");
            let block = Block { page, table: Some(table), ..Block::new(BlockKind::Table, text) };
            vec![Placed {
                item: Item { block, number: None, linked: Vec::new() },
                heading: None,
                area: piece.area,
                is_line: false,
            }]
        }
        Content::Rows(rows) => rows
            .into_iter()
            .filter_map(|row| text_block(TextBlock::new(vec![row], BlockType::Paragraph), page, None, compounds))
            .collect(),
    }
}

/// Single lines of text on one baseline, made one: the cells of a row that no table was seen in.
fn joined_rows(placed: Vec<Placed>) -> Vec<Placed> {
    let mut joined: Vec<Placed> = Vec::with_capacity(placed.len());
    for one in placed {
        let is_cell = |placed: &Placed| placed.is_line && placed.item.block.kind == BlockKind::Paragraph;
        match joined.last_mut() {
            Some(last) if is_cell(last) && is_cell(&one) && (last.area.bottom - one.area.bottom).abs() <= SAME_ROW => {
                if !last.item.linked.is_empty() || !one.item.linked.is_empty() {
                    last.item.link_with(&one.item);
                }
                last.item.block.text.push(' ');
                last.item.block.text.push_str(&one.item.block.text);
                last.area = Area::around([last.area, one.area]).unwrap_or(last.area);
            }
            _ => joined.push(one),
        }
    }
    joined
}
