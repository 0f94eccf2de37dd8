use serde_json::json;

use super::*;
use crate::limits::ParserLimits;

#[track_caller]
fn parse(bytes: &[u8]) -> Draft {
    let limits = ParserLimits::default();
    CsvParser.parse(Input::new(bytes, Format::Csv, &limits)).expect("a document")
}

#[track_caller]
fn check(text: &str, rows: Value) {
    assert_eq!(json!(parse(text.as_bytes()).rows), rows, "{text:?}");
}

#[test]
fn dialects_are_told_apart() {
    let expected = json!([{"a": "1,5", "b": "x"}, {"a": "2,5", "b": "y"}]);
    check("a;b\n1,5;x\n2,5;y\n", expected.clone());
    check("a\tb\n1,5\tx\n2,5\ty\n", expected.clone());
    check("a|b\r\n1,5|x\r\n2,5|y\r\n", expected.clone());
    check("a,b\n\"1,5\",x\n\"2,5\",y", expected.clone());
    check("sep=;\r\na;b\r\n1,5;x\r\n2,5;y\r\n", expected);
    check("only\none\n", json!([{"only": "one"}]));
}

#[test]
fn cells_stay_text() {
    check("id,n\n00123,1e5\n,true\n", json!([{"id": "00123", "n": "1e5"}, {"id": "", "n": "true"}]));
    check("a,b\n\"x\ny\",\"say \"\"hi\"\"\"\n", json!([{"a": "x\ny", "b": "say \"hi\""}]));
}

#[test]
fn odd_headers_become_unique() {
    let draft = parse(b"a,,a,a_2\n1,2,3,4\n");
    assert_eq!(json!(draft.rows), json!([{"a": "1", "column_2": "2", "a_3": "3", "a_2": "4"}]));
    assert_eq!(draft.warnings.len(), 2, "{:?}", draft.warnings);
}

#[test]
fn ragged_rows_lose_nothing() {
    let draft = parse(b"a,b\n1\n1,2,3\n");
    assert_eq!(json!(draft.rows), json!([{"a": "1", "b": "", "column_3": ""}, {"a": "1", "b": "2", "column_3": "3"}]));
    assert_eq!(draft.markdown, "| a | b |  |\n| --- | --- | --- |\n| 1 |  |  |\n| 1 | 2 | 3 |\n");
    assert!(draft.warnings.iter().any(|warning| warning.contains("fewer")));
    assert!(draft.warnings.iter().any(|warning| warning.contains("more")));
}

#[test]
fn other_encodings_are_read() {
    let (bytes, _, _) = encoding_rs::GBK.encode("姓名,城市\n张三,北京\n李四,上海\n");
    let draft = parse(&bytes);
    assert_eq!(json!(draft.rows), json!([{"姓名": "张三", "城市": "北京"}, {"姓名": "李四", "城市": "上海"}]));
    assert_eq!(draft.warnings, ["decoded from gb18030"]);
}

#[test]
fn small_files_do_not_become_tables_without_end() {
    let limits = ParserLimits { max_output_bytes: 1 << 20, ..ParserLimits::default() };
    let wide = format!("{}\n{}", ",".repeat(3_000), "x\n".repeat(3_000));
    let named = format!("{}\n{}", "n".repeat(3_000), "x\n".repeat(3_000));
    for text in [wide, named] {
        let failure = CsvParser.parse(Input::new(text.as_bytes(), Format::Csv, &limits)).expect_err("too large");
        assert_eq!(failure.code, FailureCode::OutputTooLarge, "{failure}");
    }
}
