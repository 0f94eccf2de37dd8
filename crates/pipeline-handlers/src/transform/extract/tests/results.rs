//! What becomes of what was found: types, failures, limits, traces.

use super::*;

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
