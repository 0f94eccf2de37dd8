//! The language over documents made by hand; `tests/extract_truth.rs` has whole files.

mod results;
mod selectors;

use millrace_domain::document::{Block, BlockKind, CellRun, HtmlNode, SheetCells, TableBlock};
use millrace_domain::ids::{ProjectId, UserId};
use serde_json::json;

use super::*;
use crate::transform::Trace;
use crate::transform::citations::CitationIndex;

fn table(rows: &[&[&str]]) -> Block {
    let rows: Vec<Vec<String>> = rows.iter().map(|row| row.iter().map(|cell| (*cell).to_owned()).collect()).collect();
    let text = rows.iter().map(|row| row.join("\t")).collect::<Vec<_>>().join("\n");
    Block { table: Some(TableBlock { has_header: true, rows }), ..Block::new(BlockKind::Table, text) }
}

fn heading(level: u8, text: &str) -> Block {
    Block { level: Some(level), ..Block::new(BlockKind::Heading, text) }
}

fn text(text: &str) -> Block {
    Block::new(BlockKind::Paragraph, text)
}

fn on(page: u32, block: Block) -> Block {
    Block { page, bbox: Some([1.0, 2.0, 3.0, page as f32]), ..block }
}

fn document(blocks: Vec<Block>) -> ParsedDocument {
    let markdown = blocks.iter().map(|block| block.text.clone()).collect::<Vec<_>>().join("\n\n");
    ParsedDocument { markdown, blocks, pages: 1, parser: "test".into(), ..ParsedDocument::default() }
}

fn rule(options: Value, json_schema: Value) -> RuleDefinition {
    RuleDefinition { mode: PostprocessMode::Extract, options, json_schema, ..RuleDefinition::builtin() }
}

fn input(rule: RuleDefinition, document: &ParsedDocument, trace: Trace) -> TransformInput {
    TransformInput {
        filename: "a.pdf".into(),
        parsed: serde_json::to_vec(document).expect("JSON").into(),
        rule: Arc::new(rule),
        user_id: UserId::new(1).expect("an id"),
        project_id: ProjectId::new(1).expect("an id"),
        task_id: None,
        progress: Arc::new(|_, _| {}),
        spending: Arc::new(|_| {}),
        trace: Arc::new(trace),
        images: None,
    }
}

/// The result of a rule that works.
pub(super) fn run(document: &ParsedDocument, options: Value, json_schema: Value) -> Value {
    let input = input(rule(options, json_schema), document, Trace::default());
    let made = ExtractTransform::default().extract(&input, &AtomicBool::new(false)).expect("a result");
    serde_json::from_str(made.value.get()).expect("JSON")
}

fn extracted(document: &ParsedDocument, options: Value) -> Result<Transformed, TaskFailure> {
    let transform = ExtractTransform::default();
    transform.extract(&input(rule(options, json!({})), document, Trace::default()), &AtomicBool::new(false))
}

#[track_caller]
fn check(document: &ParsedDocument, fields: Value, expected: Value) {
    let made = extracted(document, json!({ "fields": fields })).expect("a result");
    assert_eq!(serde_json::from_str::<Value>(made.value.get()).expect("JSON"), expected);
    // Whatever is cited as standing in a block is found there.
    let index = CitationIndex::of(document);
    for (pointer, citation) in made.citations.expect("citations") {
        let in_blocks = document.html.is_empty() && document.sheets.is_empty() && document.data.is_none();
        assert!(
            !citation.verified || !in_blocks || index.verify(&citation.quote, None).verified,
            "{pointer} {citation:?}"
        );
    }
}
