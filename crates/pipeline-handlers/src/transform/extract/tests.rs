//! The language over documents made by hand; `tests/extract_truth.rs` has whole files.

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

#[test]
fn labels_and_expressions() {
    let doc = document(vec![
        on(1, text("Invoice No: A-1\nDate: 01.03.2024")),
        on(2, text("Total due: 1.234,56 EUR\nPhone +49 30 1234")),
    ]);
    check(
        &doc,
        json!({
            "number": {"from": {"key": ["Invoice Number", "Invoice No."]}, "required": true},
            "date": {"from": {"key": "Date"}, "type": "date", "locale": "de"},
            "total": {"from": {"regex": "Total due: (?<value>.+)"}, "type": "money", "locale": "de"},
            "phone": {"from": {"regex": "\\+(?P<country>\\d+) (?P<area>\\d+)", "group": "area"}, "type": "integer"},
            "last": {"from": {"page": 2, "then": {"regex": "\\d+$"}}},
            "fallback": {"from": [{"key": "Nothing"}, {"regex": "Phone"}]},
            "gone": {"from": {"key": "Nothing"}},
            "default": {"from": {"key": "Nothing"}, "default": null},
            "fixed": {"default": {"a": [1]}},
        }),
        json!({
            "number": "A-1", "date": "2024-03-01", "total": {"amount": 1234.56, "currency": "EUR"}, "phone": 30,
            "last": "1234", "fallback": "Phone", "default": null, "fixed": {"a": [1]},
        }),
    );
}

#[test]
fn citations_have_the_place_of_the_value() {
    let doc = document(vec![on(1, text("No: 7")), on(2, text("Total: 5,00 EUR"))]);
    let fields = json!({
        "total": {"from": {"key": "Total"}, "type": "money", "locale": "de"},
        "none": {"from": {"key": "None"}, "default": 3},
    });
    let citations = extracted(&doc, json!({ "fields": fields })).expect("a result").citations.expect("citations");
    let pointers: Vec<&str> = citations.keys().map(String::as_str).collect();
    assert_eq!(pointers, ["/none", "/total/amount", "/total/currency"]);
    let total = &citations["/total/amount"];
    assert_eq!((total.page, total.quote.as_str(), total.verified), (Some(2), "5,00 EUR", true));
    assert_eq!(total.bbox, Some([1.0, 2.0, 3.0, 2.0]));
    assert!(!citations["/none"].verified && citations["/none"].quote.is_empty());
}

#[test]
fn tables_by_their_header() {
    let doc = document(vec![
        table(&[&["Name", "Value"], &["x", "1"]]),
        on(1, table(&[&["Pos", "Item", "Qty.", "Price"], &["1", "Apple", "2", "1,50"], &["2", "Pear", "3", "2,00"]])),
        on(2, table(&[&["3", "Plum", "1", "9,99"], &["", "Total", "", "13,49"]])),
    ]);
    let items = json!({"table": {
        "header": ["item", ["Quantity", "qty"], {"regex": "^Pr"}],
        "skip": [{"column": "Item", "is": {"regex": "^Total"}}],
    }});
    let members = json!({
        "name": {"from": {"column": "ITEM"}},
        "quantity": {"from": {"column": ["Quantity", "Qty"]}, "type": "integer"},
        "price": {"from": {"column": 4}, "type": "number", "locale": "de"},
    });
    let rows = json!([
        {"name": "Apple", "quantity": 2, "price": 1.5},
        {"name": "Pear", "quantity": 3, "price": 2},
        {"name": "Plum", "quantity": 1, "price": 9.99},
    ]);
    check(&doc, json!({ "items": {"each": items, "fields": members} }), json!({ "items": rows }));
    let made = extracted(&doc, json!({ "each": items, "fields": members })).expect("a result");
    assert_eq!(serde_json::from_str::<Value>(made.value.get()).expect("JSON"), rows);
    assert_eq!(made.citations.expect("citations")["/2/name"].page, Some(2));
    check(
        &doc,
        json!({
            "total": {"from": {"table": {"header": ["Item"], "where": [{"column": "Item", "is": "total"}]},
                               "then": {"column": "Price"}}},
            "second": {"from": {"table": {"header": ["Item"]}, "nth": 2, "then": {"column": "Item"}}},
            "last": {"from": {"table": {"header": ["Item"], "nth": -1}, "nth": -2, "then": {"column": "Item"}}},
            "second_table": {"each": {"table": {"header": ["Item"], "nth": 2}, "then": {"column": 1}}},
        }),
        json!({"total": "13,49", "second": "Pear", "last": "Plum", "second_table": []}),
    );
}

#[test]
fn sections_pages_and_blocks() {
    let doc = document(vec![
        on(1, heading(1, "1. Terms")),
        on(1, heading(2, "Payment")),
        on(1, text("Within 30 days.")),
        on(1, Block::new(BlockKind::ListItem, "by transfer")),
        on(2, heading(2, "Delivery")),
        on(2, text("Within 60 days.")),
        on(2, heading(1, "Payment")),
        on(2, text("Annex")),
    ]);
    let days = json!({"regex": "(\\d+) days"});
    check(
        &doc,
        json!({
            "payment": {"from": {"heading": [{"regex": "Terms$"}, "payment"], "then": days}, "type": "integer"},
            "terms": {"from": {"heading": "1. Terms", "then": {"block": "list_item"}}},
            "headings": {"each": {"block": "heading", "matches": {"regex": "^[PD]"}}},
            "annex": {"from": {"heading": "Payment", "nth": 2, "then": {"text": "all"}}},
            "pages": {"each": {"page": "all"}, "fields": {
                "days": {"from": days, "type": "integer"},
                "titles": {"each": {"block": "heading"}},
            }},
        }),
        json!({
            "payment": 30, "terms": "by transfer", "headings": ["Payment", "Delivery", "Payment"], "annex": "Annex",
            "pages": [
                {"days": 30, "titles": ["1. Terms", "Payment"]},
                {"days": 60, "titles": ["Delivery", "Payment"]},
            ],
        }),
    );
}

#[test]
fn data_and_rows_by_pointer() {
    let mut doc = document(Vec::new());
    doc.data = Some(json!({"order": {"id": 7, "when": "2024-03-01", "lines": [{"n": "a"}, {"n": "b"}], "x/y": true}}));
    check(
        &doc,
        json!({
            "id": {"from": {"pointer": "/data/order/id"}, "type": "integer"},
            "id_text": {"from": {"pointer": "/data/order/id"}},
            "when": {"from": {"pointer": "/data/order/when"}, "type": "date", "locale": "de"},
            "flag": {"from": {"pointer": "/data/order/x~1y"}, "type": "boolean"},
            "lines": {"each": {"pointer": "/data/order/lines"}, "fields": {"n": {"from": {"pointer": "/n"}}}},
            "raw": {"from": {"pointer": "/data/order/lines"}, "type": "json"},
            "file": {"from": {"pointer": "/filename"}},
            "none": {"from": {"pointer": "/data/order/lines/01"}},
        }),
        json!({
            "id": 7, "id_text": "7", "when": "2024-03-01", "flag": true, "lines": [{"n": "a"}, {"n": "b"}],
            "raw": [{"n": "a"}, {"n": "b"}], "file": "a.pdf",
        }),
    );
    let json = ParsedDocument { parser: "json".into(), markdown: r#"{"a": [1.5]}"#.into(), ..document(Vec::new()) };
    let made = extracted(&json, json!({"fields": {"a": {"from": {"pointer": "/data/a/0"}, "type": "number"}}}));
    assert_eq!(made.expect("a result").value.get(), r#"{"a":1.5}"#);
}

#[test]
fn cells_of_workbooks() {
    let mut doc = document(vec![on(1, heading(2, "Prices 2024")), on(2, heading(2, "Notes"))]);
    let run = |row, cells: Value| CellRun { row, column: 2, cells: cells.as_array().cloned().unwrap_or_default() };
    doc.sheets = vec![
        SheetCells {
            page: 1,
            name: "Prices 2024".into(),
            runs: vec![
                run(1, json!(["Valid from:", "2024-01-01"])),
                run(3, json!(["SKU", "Price", "Stock"])),
                run(4, json!(["007", 1234.5, true])),
                run(5, json!(["008", 2, false])),
                run(7, json!(["009", 3, true])),
            ],
        },
        SheetCells { page: 2, name: "Notes".into(), runs: vec![run(1, json!(["SKU"]))] },
    ];
    check(
        &doc,
        json!({
            "from": {"from": {"key": "Valid from"}, "type": "date"},
            "cell": {"from": {"cells": "'Prices 2024'!C4"}, "type": "number", "locale": "de"},
            "column": {"each": {"cells": "B4:B", "sheet": {"regex": "^Prices"}, "then": {"column": "B"}}},
            "range": {"each": {"cells": "B3:C5", "sheet": "prices 2024", "header": true}, "fields": {
                "sku": {"from": {"column": "SKU"}}, "price": {"from": {"column": "Price"}, "type": "number"},
            }},
            "rows": {"each": {"table": {"header": ["SKU", "Stock"]}}, "fields": {
                "sku": {"from": {"column": "sku"}}, "stock": {"from": {"column": "Stock"}, "type": "boolean"},
            }},
            "second": {"from": {"page": 2, "then": {"cells": "B1"}}},
        }),
        json!({
            "from": "2024-01-01", "cell": 1234.5, "column": ["007", "008", "009"],
            "range": [{"sku": "007", "price": 1234.5}, {"sku": "008", "price": 2}],
            "rows": [{"sku": "007", "stock": true}, {"sku": "008", "stock": false}], "second": "SKU",
        }),
    );
}

#[test]
fn elements_of_pages() {
    let node = |parent: Option<u32>, tag: &str, attributes: &[(&str, &str)], text: &str| HtmlNode {
        parent,
        tag: tag.into(),
        attributes: attributes.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect(),
        text: text.into(),
    };
    let mut doc = document(Vec::new());
    doc.html = vec![
        node(None, "ul", &[("id", "list")], ""),
        node(Some(0), "li", &[], ""),
        node(Some(1), "a", &[("href", "/a")], ""),
        node(Some(2), "", &[], "One"),
        node(Some(0), "li", &[], ""),
        node(Some(4), "a", &[("href", "/b")], ""),
        node(Some(5), "", &[], "Two"),
    ];
    check(
        &doc,
        json!({
            "first": {"from": {"css": "#list a"}},
            "links": {"each": {"css": "li"}, "fields": {
                "text": {"from": {"css": "a"}}, "href": {"from": {"css": "a", "attribute": "href"}},
            }},
        }),
        json!({"first": "One", "links": [{"text": "One", "href": "/a"}, {"text": "Two", "href": "/b"}]}),
    );
    let large = ParsedDocument { parser: "html".into(), ..document(Vec::new()) };
    let failure = extracted(&large, json!({"fields": {"a": {"from": {"css": "a"}}}})).expect_err("no elements");
    assert_eq!(failure.code, "extract_limit");
}

#[test]
fn steps_and_types() {
    let doc =
        document(vec![text("Tags: red, green ,blue\nState: OPEN\nCode: «ab-12»\nPaid: ja\nAt: 2024-03-01 10:20")]);
    let of = |key: &str, more: Value| {
        let mut field = json!({"from": {"key": key}});
        field.as_object_mut().expect("a field").extend(more.as_object().expect("options").clone());
        field
    };
    check(
        &doc,
        json!({
            "tags": of("Tags", json!({"apply": [{"split": ","}]})),
            "last": of("Tags", json!({"apply": [{"split": ","}, {"take": -1}, {"case": "upper"}]})),
            "joined": of("Tags", json!({"apply": [{"split": ","}, {"replace": {"regex": "e+", "with": "<$0>"}}, {"join": "+"}]})),
            "state": of("State", json!({"apply": [{"map": {"open": "o", "closed": "c"}}]})),
            "code": of("Code", json!({"apply": [{"trim": "«»"}, {"match": "-(\\d+)"}], "type": "integer"})),
            "unmatched": of("Code", json!({"apply": [{"match": "x"}]})),
            "paid": of("Paid", json!({"type": "boolean"})),
            "at": of("At", json!({"type": "datetime", "formats": ["%Y-%m-%d %H:%M"]})),
        }),
        json!({
            "tags": ["red", "green", "blue"], "last": "BLUE", "joined": "r<e>d+gr<ee>n+blu<e>", "state": "o",
            "code": 12, "paid": true, "at": "2024-03-01T10:20:00",
        }),
    );
}

#[test]
fn all_required_fields_without_a_value_are_told_at_once() {
    let doc = document(vec![text("A: x\nB: 1,234")]);
    let fields = |required: bool| {
        json!({
            "a": {"from": {"key": "A"}, "type": "integer", "required": required},
            "b": {"from": {"key": "B"}, "type": "number", "required": required},
            "o": {"fields": {"c/d": {"from": {"key": "C"}, "required": required}}},
        })
    };
    let failure = extracted(&doc, json!({ "fields": fields(true) })).expect_err("no values");
    assert_eq!((failure.code.as_str(), failure.stage), ("field_missing", ErrorStage::Postprocess));
    assert!(!failure.retryable);
    for part in ["/a: ", "/b: ", "/o/c~1d: nothing was found", "give the locale"] {
        assert!(failure.message.contains(part), "{}", failure.message);
    }
    let mut invalid_only = fields(true);
    invalid_only.as_object_mut().expect("fields").remove("o");
    assert_eq!(extracted(&doc, json!({ "fields": invalid_only })).expect_err("bad").code, "field_invalid");
    let made = extracted(&doc, json!({ "fields": fields(false) })).expect("a result");
    assert_eq!(made.value.get(), r#"{"o":{}}"#);
    assert!(made.warnings.iter().any(|warning| warning.contains("/a: ") && warning.contains("/b: ")));
}

#[test]
fn numbers_keep_their_digits_or_are_refused() {
    let doc = document(vec![text("N: 0.1234567890123456789\nL: 9007199254740993\nF: 2.50")]);
    let of = |key: &str, kind: &str| json!({"fields": {"n": {"from": {"key": key}, "type": kind, "required": true}}});
    for (key, kind) in [("N", "number"), ("L", "integer"), ("L", "number"), ("F", "integer")] {
        assert_eq!(extracted(&doc, of(key, kind)).expect_err(key).code, "field_invalid", "{key} {kind}");
    }
    assert_eq!(extracted(&doc, of("N", "decimal")).expect("kept").value.get(), r#"{"n":"0.1234567890123456789"}"#);
    assert_eq!(extracted(&doc, of("F", "number")).expect("exact").value.get(), r#"{"n":2.5}"#);
}

#[test]
fn results_are_held_against_the_schema_of_the_rule() {
    let doc = document(vec![text("A: x")]);
    let options = json!({"fields": {"a": {"from": {"key": "A"}}}});
    let with = |schema: Value| {
        let trace = Trace::default();
        let input = input(rule(options.clone(), schema), &doc, trace);
        ExtractTransform::default().extract(&input, &AtomicBool::new(false))
    };
    assert!(with(json!({"required": ["a"]})).is_ok());
    let failure = with(json!({"properties": {"a": {"type": "integer"}}, "required": ["b"]})).expect_err("a mismatch");
    assert_eq!(failure.code, "schema_mismatch");
    assert!(failure.message.contains("/a: ") && failure.message.contains("\"b\""), "{}", failure.message);
}

#[test]
fn bad_programs_are_refused_with_their_place() {
    let transform = ExtractTransform::default();
    let nested = (0..13).fold(json!({"from": {"key": "a"}}), |inner, _| json!({"fields": {"a": inner}}));
    for (field, place) in [
        (json!({"from": {"keys": "a"}}), "/options/fields/f/from/keys"),
        (json!({"from": {}}), "/options/fields/f/from"),
        (json!({"from": {"key": "a", "regex": "b"}}), "/options/fields/f/from"),
        (json!({"from": []}), "/options/fields/f/from"),
        (json!({"from": [{"key": "a"}, {"regex": "("}]}), "/options/fields/f/from/1/regex"),
        (json!({"from": {"regex": "(?=a)"}}), "/options/fields/f/from/regex"),
        (json!({"from": {"regex": "(a{1000}){1000}"}}), "/options/fields/f/from/regex"),
        (json!({"from": {"regex": "a".repeat(4_001)}}), "/options/fields/f/from/regex"),
        (json!({"from": {"regex": "a", "group": "g"}}), "/options/fields/f/from/group"),
        (json!({"from": {"key": "a", "attribute": "b"}}), "/options/fields/f/from/attribute"),
        (json!({"from": {"key": "a", "then": {"css": "a >"}}}), "/options/fields/f/from/then/css"),
        (json!({"from": {"cells": "B0"}}), "/options/fields/f/from/cells"),
        (json!({"from": {"cells": "S!B1", "sheet": "T"}}), "/options/fields/f/from/sheet"),
        (json!({"from": {"pointer": "a"}}), "/options/fields/f/from/pointer"),
        (json!({"from": {"page": "0"}}), "/options/fields/f/from/page"),
        (json!({"from": {"key": "a", "nth": 0}}), "/options/fields/f/from/nth"),
        (json!({"from": {"key": ":"}}), "/options/fields/f/from/key"),
        (json!({"from": {"column": 0}}), "/options/fields/f/from/column"),
        (json!({"from": {"table": {"header": []}}}), "/options/fields/f/from/table/header"),
        (json!({"from": {"table": {"header": ["a"], "rows": 1}}}), "/options/fields/f/from/table/rows"),
        (json!({"from": {"key": "a"}, "each": {"key": "a"}}), "/options/fields/f/each"),
        (json!({"from": {"key": "a"}, "type": "float"}), "/options/fields/f/type"),
        (json!({"from": {"key": "a"}, "locale": "xx"}), "/options/fields/f/locale"),
        (json!({"from": {"key": "a"}, "currency": "EUR"}), "/options/fields/f/currency"),
        (json!({"from": {"key": "a"}, "type": "money", "currency": "Euro"}), "/options/fields/f/currency"),
        (json!({"from": {"key": "a"}, "formats": ["%d"]}), "/options/fields/f/formats"),
        (json!({"from": {"key": "a"}, "type": "date", "formats": ["%d", "%!"]}), "/options/fields/f/formats/1"),
        (json!({"from": {"key": "a"}, "apply": [{"take": 0}]}), "/options/fields/f/apply/0/take"),
        (json!({"from": {"key": "a"}, "apply": [{"chop": 1}]}), "/options/fields/f/apply/0"),
        (json!({"from": {"key": "a"}, "apply": [{"split": ""}]}), "/options/fields/f/apply/0/split"),
        (json!({"from": {"key": "a"}, "required": true, "default": 1}), "/options/fields/f/default"),
        (json!({"type": "string"}), "/options/fields/f"),
        (json!({"fields": {}}), "/options/fields/f/fields"),
        (json!({"type": "string", "fields": {"a": {"default": 1}}}), "/options/fields/f/type"),
        (json!({"from": {"key": "a\0"}}), "/options"),
        (
            nested,
            "/options/fields/f/fields/a/fields/a/fields/a/fields/a/fields/a/fields/a/fields/a/fields/a/fields/a/fields/a/fields/a/fields",
        ),
    ] {
        let fault = transform.check(&rule(json!({"fields": {"f": field}}), json!({}))).expect_err("bad");
        assert_eq!((fault.code, fault.pointer.as_deref()), ("invalid_rule", Some(place)), "{field} {fault}");
    }
    let fault = transform.check(&rule(json!({}), json!({}))).expect_err("no fields");
    assert_eq!(fault.pointer.as_deref(), Some("/options"));
    let fault = transform.check(&rule(json!({"fields": {"a": {"default": 1}}}), json!({"type": 1}))).expect_err("bad");
    assert_eq!(fault.pointer.as_deref(), Some("/json_schema/type"));
    let many: serde_json::Map<_, _> = (0..2_001).map(|index| (index.to_string(), json!({"default": 1}))).collect();
    assert!(transform.check(&rule(json!({ "fields": many }), json!({}))).is_err());
}

#[test]
fn work_is_bounded_and_can_be_stopped() {
    let doc = document(vec![text(&"a1 ".repeat(10_000))]);
    let options = json!({"fields": {"f": {"each": {"regex": "[a-z]"}}, "g": {"each": {"regex": "\\d"}}}});
    let plan = ExtractTransform::default().plan(&options).expect("a plan");
    let outcome = |limits: ExtractLimits, cancelled: bool| {
        let doc = Doc::new("a", doc.clone());
        run::run(&doc, &plan, &limits, &AtomicBool::new(cancelled), &Trace::default()).map(|_| ())
    };
    let default = ExtractLimits::default();
    assert_eq!(outcome(default, false), Ok(()));
    assert_eq!(outcome(default, true), Err(Stop::Cancelled));
    assert!(matches!(outcome(ExtractLimits { max_values: 19_999, ..default }, false), Err(Stop::TooMuch(_))));
    assert!(matches!(outcome(ExtractLimits { max_output_bytes: 10_000, ..default }, false), Err(Stop::TooMuch(_))));
    assert!(matches!(outcome(ExtractLimits { max_scanned_bytes: 50_000, ..default }, false), Err(Stop::TooMuch(_))));
    let huge = json!({"fields": {"f": {"from": {"regex": "(?s).*"}, "apply": [{"replace": {"regex": "", "with": "x".repeat(4_000)}}]}}});
    let made = extracted(&document(vec![text(&"a".repeat(100_000))]), huge).expect("a result");
    assert_eq!(made.value.get(), "{}");
    let mut sparse = document(Vec::new());
    let corner = |row| [(1, row), (16_384, row)];
    let runs = (1..1_000).flat_map(corner).map(|(column, row)| CellRun { row, column, cells: vec![json!(1)] });
    sparse.sheets = vec![SheetCells { page: 1, name: "S".into(), runs: runs.collect() }];
    let failure = extracted(&sparse, json!({"fields": {"f": {"each": {"cells": "A1:XFD1000"}}}})).expect_err("large");
    assert_eq!(failure.code, "extract_limit");
}

#[test]
fn trials_tell_what_selectors_found() {
    let doc = document(vec![on(3, text("A: x\nB: y"))]);
    let options = json!({"fields": {
        "a": {"from": [{"key": "Z"}, {"key": "A"}], "type": "integer"}, "b": {"from": {"key": "Q"}},
    }});
    let input = input(rule(options, json!({})), &doc, Trace::recording());
    ExtractTransform::default().extract(&input, &AtomicBool::new(false)).expect("a result");
    let steps = input.trace.steps();
    let shown: Vec<_> = steps.iter().map(|step| (step.step.as_str(), step.target.as_str())).collect();
    assert_eq!(shown, [("field", "/a"), ("invalid", "/a"), ("field", "/b"), ("validate", "")]);
    let found = json!({"found": true, "selector": "key", "alternative": 2, "items": 1, "text": "x", "page": 3});
    assert_eq!(steps[0].detail, found);
    assert_eq!(steps[2].detail, json!({"found": false}));
}
