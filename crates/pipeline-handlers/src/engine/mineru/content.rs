//! MinerU's `content_list` and `middle.json` → blocks. Both MinerU's own server and mineru.net give them.
//!
//! Items of the list have a `type`, a `page_idx` from 0, and a `bbox` in thousandths of the page; `middle.json` knows
//! the sizes of the pages, in points, and how sure the models were.

use std::collections::BTreeMap;

use millrace_domain::document::{Block, BlockKind, PageInfo, Quality};
use millrace_domain::parse_options::PageRanges;

use super::numbers::Numbers;
use super::wire::{Item, Middle};
use crate::draft::Draft;
use crate::engine::markdown;
use crate::engine::remote::table;
use crate::limits::ParserLimits;

/// Boxes are in so many parts of the page.
const PARTS: f32 = 1_000.0;

/// Makes a document.
pub(crate) fn draft(items: Vec<Item>, middle: &Middle, asked: Option<&PageRanges>, limits: &ParserLimits) -> Draft {
    let numbers = Numbers::of(&items, middle, asked);
    let sizes: BTreeMap<u32, [f32; 2]> =
        middle.pdf_info.iter().filter_map(|page| Some((page.page_idx, page.page_size?))).collect();
    let mut making = Making { limits, blocks: Vec::new(), pictures: 0, unplaced: 0, unread_tables: 0 };
    for item in items {
        let page = numbers.page(item.page_idx);
        // A service may read more than it was asked for: pages that no single range covers.
        if asked.is_some_and(|asked| !asked.contains(page)) {
            continue;
        }
        let size = sizes.get(&item.page_idx).copied();
        making.add(&item, page, size);
    }
    let mut page_info: Vec<PageInfo> = middle
        .pdf_info
        .iter()
        .map(|page| PageInfo {
            page: numbers.page(page.page_idx),
            size: page.page_size,
            text_layer: None,
            quality: page.score().map(Quality::of),
        })
        .filter(|info| asked.is_none_or(|asked| asked.contains(info.page)))
        .collect();
    page_info.sort_by_key(|info| info.page);
    let pages = page_info.iter().map(|info| info.page).chain(making.blocks.iter().map(|block| block.page)).max();
    let worst = page_info.iter().filter_map(|info| info.quality).min_by(|a, b| a.score.total_cmp(&b.score));
    Draft {
        markdown: markdown::write(&making.blocks),
        pages: pages.unwrap_or(1),
        warnings: making.warnings(),
        blocks: making.blocks,
        page_info,
        quality: worst,
        ..Draft::default()
    }
}

struct Making<'a> {
    limits: &'a ParserLimits,
    blocks: Vec<Block>,
    pictures: usize,
    unplaced: usize,
    unread_tables: usize,
}

impl Making<'_> {
    fn add(&mut self, item: &Item, page: u32, size: Option<[f32; 2]>) {
        let bbox = item.bbox.as_deref().and_then(|bbox| in_points(bbox, size));
        if bbox.is_none() && item.bbox.is_some() {
            self.unplaced += 1;
        }
        let push = |blocks: &mut Vec<Block>, kind, text: &str| {
            let text = text.trim();
            if !text.is_empty() {
                blocks.push(Block { page, bbox, ..Block::new(kind, text) });
            }
        };
        let blocks = &mut self.blocks;
        match item.kind.as_str() {
            // What is printed on every page belongs to none.
            "header" | "footer" | "page_number" => {}
            "list" if !item.list_items.is_empty() => {
                for entry in &item.list_items {
                    push(blocks, BlockKind::ListItem, without_bullet(entry));
                }
            }
            "list" => {
                for line in item.text.lines() {
                    push(blocks, BlockKind::ListItem, without_bullet(line));
                }
            }
            "table" => {
                push(blocks, BlockKind::Paragraph, &item.table_caption.join());
                match table::from_html(&item.table_body, self.limits) {
                    Some(table) => {
                        let text = table::text_of(&table);
                        blocks.push(Block { page, bbox, table: Some(table), ..Block::new(BlockKind::Table, text) });
                    }
                    None => self.unread_tables += 1,
                }
                push(blocks, BlockKind::Paragraph, &item.table_footnote.join());
            }
            "code" => {
                push(blocks, BlockKind::Paragraph, &item.code_caption.join());
                push(blocks, BlockKind::Code, if item.code_body.is_empty() { &item.text } else { &item.code_body });
            }
            "image" | "chart" => {
                self.pictures += 1;
                let parts = [
                    item.image_caption.join(),
                    item.chart_caption.join(),
                    item.content.clone().unwrap_or_default(),
                    item.image_footnote.join(),
                ];
                let told: Vec<&str> = parts.iter().map(|part| part.trim()).filter(|part| !part.is_empty()).collect();
                push(blocks, BlockKind::Image, &told.join("\n"));
            }
            // Formulas are LaTeX between `$$` as they come.
            _ => match item.text_level {
                Some(level @ 1..) => {
                    let text = item.text.trim();
                    if !text.is_empty() {
                        let level = Some(level.min(6));
                        blocks.push(Block { page, bbox, level, ..Block::new(BlockKind::Heading, text) });
                    }
                }
                _ => push(blocks, BlockKind::Paragraph, &item.text),
            },
        }
    }

    fn warnings(&self) -> Vec<String> {
        [
            (self.pictures, "pictures are known by their captions only"),
            (self.unread_tables, "tables are pictures: their cells are not known"),
            (self.unplaced, "positions were left out, since the service gave no size of their page"),
        ]
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, text)| format!("{count} {text}"))
        .collect()
    }
}

/// A box in points; only where the size of the page is known.
fn in_points(bbox: &[f32], size: Option<[f32; 2]>) -> Option<[f32; 4]> {
    let ([left, top, right, bottom], [width, height]) = (<[f32; 4]>::try_from(bbox).ok()?, size?);
    Some([left * width / PARTS, top * height / PARTS, right * width / PARTS, bottom * height / PARTS])
}

fn without_bullet(text: &str) -> &str {
    let text = text.trim();
    ["- ", "* ", "• ", "· "].iter().find_map(|bullet| text.strip_prefix(bullet)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn drafted(list: Value, middle: Value, asked: Option<&str>) -> Draft {
        let items = serde_json::from_value(list).expect("items");
        let middle = serde_json::from_value(middle).expect("middle");
        let asked = asked.map(|text| PageRanges::parse(text).expect("pages"));
        draft(items, &middle, asked.as_ref(), &ParserLimits::default())
    }

    fn texts(draft: &Draft) -> Vec<(u32, &str)> {
        draft.blocks.iter().map(|block| (block.page, block.text.as_str())).collect()
    }

    #[test]
    fn items_become_blocks() {
        let list = json!([
            {"type": "header", "text": "Company Ltd", "page_idx": 0, "bbox": [0, 0, 1000, 20]},
            {"type": "text", "text": "Contract", "text_level": 2, "page_idx": 0, "bbox": [100, 100, 500, 200]},
            {"type": "text", "text": "A body", "page_idx": 0, "bbox": [1, 2, 3]},
            {"type": "equation", "text": "$$\nE = mc^2\n$$", "text_format": "latex", "page_idx": 0},
            {"type": "list", "sub_type": "text", "list_items": ["- one", "two"], "page_idx": 1},
            {"type": "table", "table_body": "<table><tr><td>a</td><td>b</td></tr><tr><td>1</td><td>2</td></tr></table>",
             "table_caption": ["Table 1"], "table_footnote": [], "page_idx": 1, "img_path": "images/x.jpg"},
            {"type": "table", "table_body": "", "page_idx": 1},
            {"type": "image", "img_path": "images/y.jpg", "image_caption": ["A ship"], "page_idx": 1},
            {"type": "code", "code_body": "let a = 1;", "page_idx": 1},
            {"type": "page_number", "text": "2", "page_idx": 1},
        ]);
        let middle = json!({"pdf_info": [
            {"page_idx": 0, "page_size": [600, 800], "para_blocks": [{"lines": [{"spans": [{"content": "x", "score": 0.9}, {"content": "y", "score": 0.7}]}]}]},
            {"page_idx": 1, "para_blocks": []},
        ], "_backend": "pipeline", "_version_name": "3.4.4"});
        let draft = drafted(list, middle, None);
        assert_eq!(
            texts(&draft),
            [
                (1, "Contract"),
                (1, "A body"),
                (1, "$$\nE = mc^2\n$$"),
                (2, "one"),
                (2, "two"),
                (2, "Table 1"),
                (2, "a\tb\n1\t2"),
                (2, "A ship"),
                (2, "let a = 1;")
            ]
        );
        assert_eq!((draft.blocks[0].kind, draft.blocks[0].level), (BlockKind::Heading, Some(2)));
        assert_eq!(draft.blocks[0].bbox, Some([60.0, 80.0, 300.0, 160.0]));
        assert_eq!(draft.blocks[1].bbox, None);
        assert_eq!(draft.page_info[0].quality, Some(Quality::of(0.8)));
        assert_eq!(draft.pages, 2);
        assert!(draft.warnings.iter().any(|warning| warning.starts_with("1 positions")), "{:?}", draft.warnings);
        assert!(draft.warnings.iter().any(|warning| warning.starts_with("1 tables")), "{:?}", draft.warnings);
    }

    #[test]
    fn indexes_find_their_pages() {
        let list = |indexes: &[u32]| {
            json!(
                indexes.iter().map(|index| json!({"type": "text", "text": "x", "page_idx": index})).collect::<Vec<_>>()
            )
        };
        let middle = |indexes: &[u32]| json!({"pdf_info": indexes.iter().map(|index| json!({"page_idx": index})).collect::<Vec<_>>()});
        for (asked, indexes, pages) in [
            // Cut out and counted anew.
            ("3-4", &[0, 1][..], &[3, 4][..]),
            // Counted through the file.
            ("3-4", &[2, 3], &[3, 4]),
            ("1-2", &[0, 1], &[1, 2]),
            // Everything from the first to the last was cut out; what was not wanted goes.
            ("2,4", &[0, 1, 2], &[2, 4]),
            // Exactly the wanted pages were cut out.
            ("2,4-5", &[0, 1, 2], &[2, 4, 5]),
            ("1,4-6", &[0, 1, 2, 3], &[1, 4, 5, 6]),
            ("1,4-6", &[0, 3, 4, 5], &[1, 4, 5, 6]),
        ] {
            let draft = drafted(list(indexes), middle(indexes), Some(asked));
            assert_eq!(draft.blocks.iter().map(|block| block.page).collect::<Vec<_>>(), pages, "{asked} {indexes:?}");
        }
    }
}
