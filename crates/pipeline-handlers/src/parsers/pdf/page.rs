//! Reading one page: its lines in reading order, and the tables that stand among them.

use std::collections::BTreeMap;

use unpdf::parser::backend::{PageId, RawBackend};
use unpdf::parser::{LayoutAnalyzer, TableDetector, TextLine, TextSpan};

use super::direction;
use super::frame::{self, Area, Frame};
use super::tables::{self, Piece};
use super::view::PageView;

/// Share of a page's height at its top and at its bottom where running heads and page numbers stand.
pub(super) const MARGIN: f32 = 0.12;
/// A guess at a table that is less sure than this is read row by row, as text.
const SURE_ENOUGH: f32 = 0.4;

/// Shapes that a page of no letters may be decorated with.
const MOST_ORNAMENTS: u32 = 20;

/// One page, read.
pub(super) struct Page {
    /// Its number, from 1.
    pub(super) number: u32,
    /// What of it is shown, and how.
    pub(super) frame: Frame,
    /// Its text outside tables, in reading order.
    pub(super) lines: Vec<TextLine>,
    /// What stands among the lines.
    pub(super) pieces: Vec<Piece>,
    /// Whether it draws lines that could bound tables.
    pub(super) is_ruled: bool,
    /// What reading it found out.
    pub(super) facts: Facts,
}

/// What tells a page that was read well from one that was not.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Facts {
    /// Characters of text, blanks not counted.
    pub(super) characters: usize,
    /// Those that no font gave a meaning.
    pub(super) unknown_characters: usize,
    /// Pieces of text left out since their font cannot be decoded.
    pub(super) lost_runs: usize,
    /// Content streams that could not be decoded.
    pub(super) lost_streams: usize,
    /// Text layers of scans left out as unreadable.
    pub(super) lost_layers: usize,
    /// Pieces of text left out since they stand, or reach, too far off any page.
    pub(super) far_runs: usize,
    /// Characters that nothing paints: what some other program once recognised on a scan.
    pub(super) invisible_characters: usize,
    /// Whether it shows pictures, or shapes that letters could be drawn with.
    pub(super) is_painted: bool,
}

impl Facts {
    /// Adds those of another page.
    pub(super) fn add(&mut self, other: &Self) {
        self.characters += other.characters;
        self.unknown_characters += other.unknown_characters;
        self.lost_runs += other.lost_runs;
        self.lost_streams += other.lost_streams;
        self.lost_layers += other.lost_layers;
        self.far_runs += other.far_runs;
        self.invisible_characters += other.invisible_characters;
        self.is_painted |= other.is_painted;
    }
}

impl Page {
    /// Reads a page.
    pub(super) fn read(document: &RawBackend, number: u32, id: PageId) -> unpdf::Result<Self> {
        let view = PageView::new(document, number, id);
        let analyzer = LayoutAnalyzer::new(&view);
        let mut spans = analyzer.extract_page_spans(number)?;
        let read = spans.len();
        spans.retain(frame::is_within_reach);
        let far_runs = read - spans.len();
        analyzer.filter_spans_for_page(&mut spans, number);
        direction::set_words_apart(&mut spans);
        let frame = Frame::new(view.shown(), view.rotation());
        let (found, counts) = (analyzer.page_facts(), analyzer.page_op_counts());
        let mut facts = Facts {
            lost_runs: analyzer.suppressed_text_runs(),
            lost_streams: analyzer.undecodable_content_streams(),
            lost_layers: usize::from(analyzer.ocr_text_suppressed()),
            far_runs,
            invisible_characters: usize::try_from(found.invisible_text_chars).unwrap_or(usize::MAX),
            is_painted: counts.image > 0 || found.fill_op_count > MOST_ORNAMENTS,
            ..Facts::default()
        };
        for character in spans.iter().flat_map(|span| span.text.chars()).filter(|character| !character.is_whitespace())
        {
            facts.characters += 1;
            facts.unknown_characters += usize::from(means_nothing(character));
        }
        facts.unknown_characters += usize::try_from(found.undecoded_text_codes).unwrap_or(usize::MAX);
        let lines = analyzer.group_spans_into_lines_pub(spans);
        // Who reads ruled tables reads the page by itself, with what is left out here.
        let is_ruled = far_runs == 0 && (found.ruled_grids > 0 || view.could_hold_ruled_tables(&lines));
        let mut page = Self { number, frame, lines, pieces: Vec::new(), is_ruled, facts };
        if !page.is_ruled {
            page.find_columns(&analyzer);
        }
        Ok(page)
    }

    /// Takes out the tables that a closer look at the lines the page draws has found.
    pub(super) fn take_tables(&mut self, document: &RawBackend, id: PageId, found: &[unpdf::Table]) {
        let view = PageView::new(document, self.number, id);
        let analyzer = LayoutAnalyzer::new(&view);
        let mut spans = self.take_spans();
        for table in found {
            if let Some((piece, taken)) = tables::locate(table, &spans) {
                self.pieces.push(piece);
                let mut index = 0;
                spans.retain(|_| {
                    index += 1;
                    !taken.contains(&(index - 1))
                });
            }
        }
        self.lines = analyzer.group_spans_into_lines_pub(spans);
        self.find_columns(&analyzer);
    }

    /// Takes out text that stands in columns without any lines drawn around it.
    fn find_columns(&mut self, analyzer: &LayoutAnalyzer<'_>) {
        let detector = TableDetector::new();
        let spans = self.lines.iter().flat_map(|line| line.spans.iter().cloned()).collect();
        let (found, rest) = detector.detect(spans);
        if found.is_empty() {
            return self.lines.iter_mut().for_each(direction::mark);
        }
        for table in found {
            let area = Area { left: table.left_x, bottom: table.bottom_y, right: table.right_x, top: table.top_y };
            if table.confidence >= SURE_ENOUGH {
                let model = detector.to_table_model(&table);
                let spans: Vec<&TextSpan> = table.rows.iter().flat_map(|row| &row.spans).collect();
                let area = Area::around(spans.iter().map(|span| tables::area_of(span))).unwrap_or(area);
                self.pieces.extend(Piece::table(&model, area));
            } else {
                let rows: Vec<TextLine> = table.rows.into_iter().map(|row| TextLine::from_spans(row.spans)).collect();
                let area = Area::around(rows.iter().map(Area::of_line)).unwrap_or(area);
                self.pieces.push(Piece::rows(rows, area));
            }
        }
        self.lines = analyzer.group_spans_into_lines_pub(rest);
        self.lines.iter_mut().for_each(direction::mark);
    }

    /// The size most of its text is set in.
    pub(super) fn body_size(&self) -> f32 {
        let mut sizes: BTreeMap<i32, usize> = BTreeMap::new();
        for line in &self.lines {
            let length: usize = line.spans.iter().map(|span| span.text.len()).sum();
            *sizes.entry((line.font_size * 2.0).round() as i32).or_default() += length;
        }
        sizes.into_iter().max_by_key(|(_, length)| *length).map_or(0.0, |(size, _)| size as f32 / 2.0)
    }

    fn take_spans(&mut self) -> Vec<TextSpan> {
        std::mem::take(&mut self.lines).into_iter().flat_map(|line| line.spans).collect()
    }

    /// Whether there is any text on it.
    pub(super) fn has_text(&self) -> bool {
        self.facts.characters > self.facts.unknown_characters
    }
}

/// Characters that stand for a glyph nobody could name.
fn means_nothing(character: char) -> bool {
    // U+F000–F0FF are the signs of symbol fonts: bullets, mostly.
    matches!(character, '\u{FFFD}' | '\u{E000}'..='\u{EFFF}' | '\u{F100}'..='\u{F8FF}' | '\u{F0000}'..='\u{10FFFF}')
        || character.is_control()
}
