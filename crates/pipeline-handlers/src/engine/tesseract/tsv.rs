//! What Tesseract prints with `tessedit_create_tsv`: one line for each page, block, paragraph, line and word, told apart by
//! `level`; words have a confidence and a text.
//!
//! Columns (Tesseract 4 and 5): level, page_num, block_num, par_num, line_num, word_num, left, top, width, height, conf,
//! text. Boxes are in pixels.

use millrace_domain::document::{Block, BlockKind, Quality};

/// Level of the line that describes a page.
const PAGE: u32 = 1;
/// Larger than any number of pixels. Texts such as `inf` and `nan` are numbers too, and not those of a box.
const MAX_NUMBER: f32 = 1e9;
/// Level of the line that describes a word.
const WORD: u32 = 5;

/// The text of one picture.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Recognised {
    /// Width and height in pixels.
    pub size: Option<[f32; 2]>,
    /// A block for each paragraph, on page 0, its boxes in pixels.
    pub blocks: Vec<Block>,
    /// How sure it is of the words, weighted by their length; `None` without words.
    pub quality: Option<Quality>,
}

/// Reads the output for one picture; what is no line of the form is passed over.
pub fn read(tsv: &str) -> Recognised {
    let mut recognised = Recognised::default();
    let mut open: Option<Paragraph> = None;
    let mut whole = Confidence::default();
    for row in tsv.lines().filter_map(Row::parse) {
        if row.level == PAGE {
            recognised.size = Some([row.width, row.height]);
        }
        if row.level != WORD || row.text.trim().is_empty() {
            continue;
        }
        whole.add(&row);
        match &mut open {
            Some(paragraph) if paragraph.place == row.place => paragraph.add(&row),
            _ => recognised.blocks.extend(open.replace(Paragraph::of(&row)).map(Paragraph::into_block)),
        }
    }
    recognised.blocks.extend(open.map(Paragraph::into_block));
    recognised.quality = whole.mean().map(Quality::of);
    recognised
}

/// One line of the table.
struct Row<'a> {
    level: u32,
    /// Numbers of block and paragraph.
    place: (u32, u32),
    line: u32,
    left: f32,
    top: f32,
    width: f32,
    height: f32,
    confidence: f32,
    text: &'a str,
}

impl<'a> Row<'a> {
    fn parse(line: &'a str) -> Option<Self> {
        let mut cells = line.splitn(12, '\t');
        let mut number = || cells.next()?.parse::<f32>().ok().filter(|number| number.abs() <= MAX_NUMBER);
        let mut numbers = [0.0; 11];
        for slot in &mut numbers {
            *slot = number()?;
        }
        let [level, _page, block, paragraph, line, _word, left, top, width, height, confidence] = numbers;
        let text = cells.next().unwrap_or_default();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small numbers; others saturate")]
        let count = |number: f32| number as u32;
        let place = (count(block), count(paragraph));
        Some(Self { level: count(level), place, line: count(line), left, top, width, height, confidence, text })
    }
}

/// A paragraph in the making.
struct Paragraph {
    place: (u32, u32),
    line: u32,
    text: String,
    bbox: [f32; 4],
    confidence: Confidence,
}

impl Paragraph {
    fn of(row: &Row<'_>) -> Self {
        let bbox = [row.left, row.top, row.left + row.width, row.top + row.height];
        let mut confidence = Confidence::default();
        confidence.add(row);
        Self { place: row.place, line: row.line, text: row.text.trim().to_owned(), bbox, confidence }
    }

    fn add(&mut self, row: &Row<'_>) {
        let word = row.text.trim();
        if row.line != self.line {
            // Lines stay lines: forms and letterheads say one thing in each.
            self.text.push('\n');
        } else if !(self.text.ends_with(is_unspaced) && word.starts_with(is_unspaced)) {
            self.text.push(' ');
        }
        self.text.push_str(word);
        self.line = row.line;
        let [left, top, right, bottom] = &mut self.bbox;
        *left = left.min(row.left);
        *top = top.min(row.top);
        *right = right.max(row.left + row.width);
        *bottom = bottom.max(row.top + row.height);
        self.confidence.add(row);
    }

    fn into_block(self) -> Block {
        let confidence = self.confidence.mean();
        Block { bbox: Some(self.bbox), confidence, ..Block::new(BlockKind::Paragraph, self.text) }
    }
}

/// Whether a character is of a script that puts no blanks between words: Chinese, Japanese, and their punctuation.
fn is_unspaced(character: char) -> bool {
    matches!(u32::from(character), 0x2E80..=0x9FFF | 0xF900..=0xFAFF | 0xFE30..=0xFE4F | 0xFF00..=0xFFEF | 0x20000..=0x3FFFF)
}

/// A mean of confidences, weighted by the length of the words.
#[derive(Default)]
struct Confidence {
    sum: f32,
    weight: f32,
}

impl Confidence {
    fn add(&mut self, row: &Row<'_>) {
        #[expect(clippy::cast_precision_loss, reason = "the length of a word")]
        let weight = row.text.chars().count() as f32;
        // From 0 to 100; -1 would be no word.
        self.sum += row.confidence.clamp(0.0, 100.0) / 100.0 * weight;
        self.weight += weight;
    }

    fn mean(&self) -> Option<f32> {
        (self.weight > 0.0).then(|| self.sum / self.weight)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TSV: &str = "level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext\n\
        1\t1\t0\t0\t0\t0\t0\t0\t600\t400\t-1\t\n\
        2\t1\t1\t0\t0\t0\t40\t40\t300\t90\t-1\t\n\
        5\t1\t1\t1\t1\t1\t40\t42\t100\t20\t96.5\tInvoice\n\
        5\t1\t1\t1\t1\t2\t150\t40\t80\t22\t90.5\tNo:\n\
        5\t1\t1\t1\t2\t1\t42\t80\t60\t20\t50\t17\n\
        5\t1\t1\t2\t1\t1\t40\t120\t20\t20\t80\t合\n\
        5\t1\t1\t2\t1\t2\t62\t120\t20\t20\t80\t同\n\
        5\t1\t1\t2\t1\t3\t90\t120\t20\t20\t80\tA1\n\
        5\t1\t2\t1\t1\t1\t0\t300\t600\t90\t95\t \n";

    #[test]
    fn words_become_paragraphs() {
        let recognised = read(TSV);
        assert_eq!(recognised.size, Some([600.0, 400.0]));
        let texts: Vec<_> = recognised.blocks.iter().map(|block| block.text.as_str()).collect();
        assert_eq!(texts, ["Invoice No:\n17", "合同 A1"]);
        assert_eq!(recognised.blocks[0].bbox, Some([40.0, 40.0, 230.0, 100.0]));
        let expected = (96.5 * 7.0 + 90.5 * 3.0 + 50.0 * 2.0) / 12.0 / 100.0;
        assert!((recognised.blocks[0].confidence.expect("one") - expected).abs() < 1e-5);
        let whole = recognised.quality.expect("a quality").score;
        assert!((whole - (expected * 12.0 + 0.8 * 4.0) / 16.0).abs() < 1e-5);
    }

    #[test]
    fn nonsense_is_passed_over() {
        for tsv in [
            "",
            "no table\n",
            "5\t1\t1\n",
            "5\tx\t1\t1\t1\t1\t0\t0\t1\t1\t9\tword\n",
            "5\t1\t1\t1\t1\t1\tinf\t0\t1\t1\tnan\tword\n",
        ] {
            assert_eq!(read(tsv), Recognised::default(), "{tsv:?}");
        }
        // A tab in a word does not shift its neighbours.
        assert_eq!(read("5\t1\t1\t1\t1\t1\t0\t0\t1\t1\t9\ta\tb").blocks[0].text, "a\tb");
    }
}
