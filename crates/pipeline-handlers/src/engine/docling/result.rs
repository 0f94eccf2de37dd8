//! The result of docling-serve: a `DoclingDocument` as JSON (`json_content`) and what the service thinks of it.
//!
//! The document is a tree of references: `body.children` name texts, tables, pictures and groups by JSON pointers such as
//! `#/texts/3`. Boxes are in points; their origin is named, and by default the bottom left corner.

use millrace_domain::document::{PageInfo, Quality};
use millrace_domain::parse_options::PageRanges;
use serde_json::Value;

use super::SERVICE;
use super::blocks::Walk;
use super::wire::{Body, Confidence, Document, ErrorItem, Exported};
use crate::blocks::{Markers, scan};
use crate::draft::Draft;
use crate::engine::markdown;
use crate::engine::remote::form::{Understood, not_understood};
use crate::failure::{FailureCode, ParseFailure};
use crate::limits::ParserLimits;

/// Reads a result.
///
/// # Errors
/// `unreadable_file` when the service failed at the file, `unsupported_type` when it passed over it; when it is no
/// result.
pub(in crate::engine) fn read(
    bytes: &[u8],
    asked: Option<&PageRanges>,
    limits: &ParserLimits,
) -> Result<Understood, ParseFailure> {
    let body: Body = serde_json::from_slice(bytes).map_err(|error| not_understood(SERVICE, error))?;
    let mut warnings: Vec<String> = body.errors.iter().map(ErrorItem::told).collect();
    match body.status.as_str() {
        "success" | "partial_success" => {}
        "failure" => {
            let detail = warnings.first().map_or("it says no more", String::as_str);
            return Err(ParseFailure::new(FailureCode::UnreadableFile, format!("docling could not read it: {detail}")));
        }
        "skipped" => return Err(ParseFailure::new(FailureCode::UnsupportedType, "docling passes over such files")),
        other => return Err(not_understood(SERVICE, format!("its status is {other:?}"))),
    }
    if body.status == "partial_success" {
        warnings.insert(0, "docling read the file in part only".to_owned());
    }
    let Exported { md_content, json_content } = body.document.unwrap_or_default();
    let confidence = body.confidence.unwrap_or_default();
    let quality = confidence.mean_score.map(Quality::of);
    let Some(document) = json_content else {
        let Some(markdown) = md_content else {
            return Err(not_understood(SERVICE, "it holds neither a document nor Markdown"));
        };
        warnings.push("the service gave Markdown alone: pages and positions are not known".to_owned());
        let blocks = scan(&markdown, Markers::Ignored);
        let draft = Draft { markdown, blocks, pages: 1, warnings, quality, ..Draft::default() };
        return Ok(Understood { draft, version: "1".to_owned() });
    };
    let version = document.version.clone();
    let page_info = document.page_info(&confidence, asked);
    let Walk { mut blocks, pictures, .. } = Walk::through(&document, limits)?;
    blocks.retain(|block| block.page == 0 || asked.is_none_or(|asked| asked.contains(block.page)));
    if pictures > 0 {
        warnings.push(format!("{pictures} pictures are known by their captions only"));
    }
    let last = page_info.iter().map(|info| info.page).chain(blocks.iter().map(|block| block.page)).max();
    let draft = Draft {
        markdown: markdown::write(&blocks),
        blocks,
        pages: last.unwrap_or(1).max(1),
        warnings,
        page_info,
        quality,
        ..Draft::default()
    };
    Ok(Understood { draft, version })
}

impl ErrorItem {
    fn told(&self) -> String {
        let text = crate::engine::remote::told(&self.error_message);
        self.page_no.map_or(text.clone(), |page| format!("page {page}: {text}"))
    }
}

impl Document {
    fn page_info(&self, confidence: &Confidence, asked: Option<&PageRanges>) -> Vec<PageInfo> {
        let mut pages: Vec<PageInfo> = self
            .pages
            .values()
            .filter(|page| page.page_no > 0 && asked.is_none_or(|asked| asked.contains(page.page_no)))
            .map(|page| PageInfo {
                page: page.page_no,
                size: page.size.as_ref().map(|size| [size.width, size.height]),
                text_layer: None,
                quality: confidence
                    .pages
                    .get(&page.page_no.to_string())
                    .and_then(|page| page.mean_score)
                    .map(Quality::of),
            })
            .collect();
        // Their keys are texts: 10 comes before 2.
        pages.sort_by_key(|info| info.page);
        pages
    }
}

/// Whether an answer is that of a task that failed, which docling-serve gives with status 200.
pub(super) fn failure_of(answer: &Value) -> Option<&Value> {
    (answer.get("kind")?.as_str()? == "TaskFailureResult").then(|| answer.get("failure"))?
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn understood(body: &Value, asked: Option<&str>) -> Result<Draft, ParseFailure> {
        let asked = asked.map(|text| PageRanges::parse(text).expect("pages"));
        read(body.to_string().as_bytes(), asked.as_ref(), &ParserLimits::default()).map(|understood| understood.draft)
    }

    fn at(page: u32, origin: &str) -> Value {
        json!([{"page_no": page, "bbox": {"l": 10, "t": 700, "r": 100, "b": 650, "coord_origin": origin}}])
    }

    fn body() -> Value {
        json!({
            "status": "success",
            "confidence": {"mean_score": 0.9, "ocr_score": null, "pages": {"1": {"mean_score": 0.97}}},
            "document": {"json_content": {
                "version": "1.7.0",
                "body": {"children": [{"$ref": "#/texts/0"}, {"$ref": "#/texts/1"}, {"$ref": "#/groups/0"}, {"$ref": "#/tables/0"}, {"$ref": "#/pictures/0"}, {"$ref": "#/texts/5"}]},
                "groups": [{"label": "list", "children": [{"$ref": "#/texts/2"}]}],
                "texts": [
                    {"label": "title", "text": "Report", "prov": at(1, "BOTTOMLEFT")},
                    {"label": "section_header", "level": 2, "text": "Part", "prov": at(1, "TOPLEFT")},
                    {"label": "list_item", "text": "entry", "prov": at(2, "BOTTOMLEFT")},
                    {"label": "caption", "text": "Table 1", "prov": at(2, "BOTTOMLEFT")},
                    {"label": "page_footer", "text": "3", "content_layer": "furniture"},
                    {"label": "formula", "text": "a^2", "prov": at(10, "BOTTOMLEFT")},
                ],
                "tables": [{"prov": at(2, "BOTTOMLEFT"), "captions": [{"$ref": "#/texts/3"}], "children": [{"$ref": "#/texts/3"}], "data": {"num_rows": 2, "num_cols": 2, "table_cells": [
                    {"text": "H", "start_row_offset_idx": 0, "end_row_offset_idx": 1, "start_col_offset_idx": 0, "end_col_offset_idx": 2, "column_header": true},
                    {"text": "1", "start_row_offset_idx": 1, "end_row_offset_idx": 2, "start_col_offset_idx": 0, "end_col_offset_idx": 1},
                    {"text": "2", "start_row_offset_idx": 1, "end_row_offset_idx": 9, "start_col_offset_idx": 1, "end_col_offset_idx": 9},
                ]}}],
                "pictures": [{"prov": at(2, "BOTTOMLEFT")}],
                "pages": {"1": {"page_no": 1, "size": {"width": 600, "height": 800}}, "10": {"page_no": 10, "size": {"width": 600, "height": 800}}, "2": {"page_no": 2, "size": {"width": 600, "height": 800}}},
            }},
        })
    }

    #[test]
    fn the_tree_becomes_blocks() {
        let draft = understood(&body(), None).expect("understood");
        let texts: Vec<_> = draft.blocks.iter().map(|block| (block.page, block.text.as_str())).collect();
        assert_eq!(
            texts,
            [(1, "Report"), (1, "Part"), (2, "entry"), (2, "Table 1"), (2, "H\tH\n1\t2"), (10, "$$a^2$$")]
        );
        assert_eq!(draft.blocks[0].bbox, Some([10.0, 100.0, 100.0, 150.0]));
        assert_eq!(draft.blocks[1].bbox, Some([10.0, 700.0, 100.0, 650.0]));
        assert_eq!((draft.blocks[0].level, draft.blocks[1].level), (Some(1), Some(3)));
        assert!(draft.blocks[4].table.as_ref().is_some_and(|table| table.has_header));
        assert_eq!(draft.page_info.iter().map(|info| info.page).collect::<Vec<_>>(), [1, 2, 10]);
        assert_eq!(draft.page_info[0].quality, Some(Quality::of(0.97)));
        assert_eq!((draft.pages, draft.quality), (10, Some(Quality::of(0.9))));
        let some = understood(&body(), Some("2")).expect("understood");
        assert!(some.blocks.iter().all(|block| block.page == 2));
    }

    #[test]
    fn statuses_are_told_apart() {
        let with = |status: &str| {
            let mut body = body();
            body["status"] = status.into();
            body["errors"] = json!([{"error_message": "page is broken", "page_no": 3}]);
            understood(&body, None)
        };
        assert!(with("partial_success").expect("a part").warnings.contains(&"page 3: page is broken".to_owned()));
        assert_eq!(with("failure").expect_err("failed").code, FailureCode::UnreadableFile);
        assert_eq!(with("skipped").expect_err("skipped").code, FailureCode::UnsupportedType);
        assert_eq!(with("odd").expect_err("odd").code, FailureCode::ParserProtocol);
        let markdown =
            understood(&json!({"status": "success", "document": {"md_content": "# T"}}), None).expect("some");
        assert_eq!(markdown.blocks[0].text, "T");
    }

    #[test]
    fn circles_and_absurd_tables_harm_nobody() {
        let mut circle = body();
        circle["document"]["json_content"]["groups"] = json!([{"children": [{"$ref": "#/groups/0"}]}]);
        assert_eq!(understood(&circle, None).expect_err("a circle").code, FailureCode::ParserProtocol);
        let mut absurd = body();
        absurd["document"]["json_content"]["tables"][0]["data"]["num_rows"] = json!(u64::MAX);
        assert!(understood(&absurd, None).expect("the rest").blocks.iter().all(|block| block.table.is_none()));
    }
}
