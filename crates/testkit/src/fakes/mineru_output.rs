//! What MinerU makes of a file, in its own forms; its own server and mineru.net share them.

use serde_json::{Value, json};

use super::paper::{HEIGHT, WIDTH, heading, table, text};

/// `content_list` of these pages, whose indexes count what was cut out of the file.
pub(super) fn content_list(pages: &[u32]) -> Value {
    let items = pages.iter().enumerate().flat_map(|(index, page)| {
        let level = if *page == 1 { 1 } else { 2 };
        [
            json!({"type": "header", "text": "Running head", "page_idx": index, "bbox": [0, 0, 1000, 20]}),
            json!({"type": "text", "text": heading(*page), "text_level": level, "page_idx": index, "bbox": [100, 100, 500, 150]}),
            json!({"type": "text", "text": text(*page), "page_idx": index, "bbox": [100, 200, 900, 250]}),
            json!({"type": "equation", "text": "$$\nE = mc^2\n$$", "text_format": "latex", "img_path": "images/e.jpg", "page_idx": index, "bbox": [100, 300, 900, 350]}),
            json!({"type": "table", "img_path": "images/t.jpg", "table_caption": [], "table_footnote": [], "table_body": table(*page), "page_idx": index, "bbox": [100, 400, 900, 500]}),
            json!({"type": "page_number", "text": page.to_string(), "page_idx": index, "bbox": [450, 950, 550, 980]}),
        ]
    });
    Value::Array(items.collect())
}

/// `middle.json` of as many pages.
pub(super) fn middle(pages: usize, backend: &str) -> Value {
    let pages: Vec<Value> = (0..pages)
        .map(|index| {
            json!({
                "page_idx": index,
                "page_size": [WIDTH, HEIGHT],
                "para_blocks": [{"type": "text", "bbox": [60, 160, 540, 200], "lines": [{"spans": [{"type": "text", "content": "x", "score": 0.96}]}]}],
                "discarded_blocks": [],
            })
        })
        .collect();
    json!({"pdf_info": pages, "_backend": backend, "_version_name": "3.4.4"})
}

/// The Markdown of these pages.
pub(super) fn markdown(pages: &[u32]) -> String {
    pages.iter().map(|page| format!("# {}\n\n{}\n\n{}\n\n", heading(*page), text(*page), table(*page))).collect()
}
