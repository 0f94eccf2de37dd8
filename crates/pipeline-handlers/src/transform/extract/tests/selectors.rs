//! What selectors find, and where it stands.

use super::*;

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
