//! Rows, JSON, YAML, Markdown, plain text.

use millrace_server::config::Config;

use crate::support::{hostile, try_all, try_all_with};

const DEEP: usize = 100_000;
/// A third of the memory of the tests with such lines.
const LONG: usize = 32 << 20;

fn less_memory(config: &mut Config) {
    config.parsers.memory_bytes = 96 << 20;
}

#[tokio::test]
async fn json_and_yaml() {
    let laughs = (1..12).fold("a0: &a0 [x, x]\n".to_owned(), |text, level| {
        let last = level - 1;
        text + &format!("a{level}: &a{level} [*a{last}, *a{last}, *a{last}, *a{last}, *a{last}, *a{last}]\n")
    });
    let line = |line: String| format!("{{\"a\": 1}}\n{line}\n{{\"a\": 2}}\n");
    let names: String = (0..DEEP).map(|number| format!("{{\"n{number}\": {number}}}\n")).collect();
    let files = vec![
        hostile("deep.json", ["[".repeat(DEEP), "]".repeat(DEEP)].concat(), &["completed"]),
        hostile("open.json", "[".repeat(DEEP), &["unreadable_file"]),
        hostile("members.json", ["{\"a\":".repeat(DEEP), "1".into(), "}".repeat(DEEP)].concat(), &["completed"]),
        hostile("number.json", format!("{{\"a\": 1{}}}", "0".repeat(1 << 20)), &["completed"]),
        hostile("deep.ndjson", line(["[".repeat(DEEP), "]".repeat(DEEP)].concat()), &["completed"]),
        hostile("long.ndjson", line(format!("{{\"b\": \"{}\"}}", "x".repeat(LONG))), &["unreadable_file"]),
        hostile("names.ndjson", names, &["completed"]),
        hostile("flow.yaml", "[".repeat(DEEP), &["unreadable_file"]),
        hostile("block.yaml", "- ".repeat(DEEP), &["completed"]),
        hostile("laughs.yaml", laughs, &["output_too_large"]),
    ];
    try_all_with(less_memory, files).await;
}

#[tokio::test]
async fn rows() {
    let wide = |rows: usize| format!("{}\n{}", vec!["c"; 100_000].join(","), "1,2,3\n".repeat(rows));
    let files = vec![
        hostile("line.csv", ["a,b\n".to_owned(), "x,".repeat(LONG / 2)].concat(), &["unreadable_file"]),
        hostile("quote.csv", ["a,b\n1,\"".to_owned(), "x".repeat(LONG)].concat(), &["unreadable_file"]),
        hostile("columns.csv", wide(2), &["completed"]),
        hostile("rectangle.csv", wide(2_000), &["output_too_large"]),
        hostile("empty.csv", ",".repeat(1 << 20), &["output_too_large"]),
        hostile("quotes.csv", "\"".repeat(3 << 20), &["completed"]),
    ];
    try_all_with(less_memory, files).await;
}

#[tokio::test]
async fn plain_text_and_markdown() {
    try_all(vec![
        hostile("nul.txt", vec![0; 1 << 20], &["unsupported_type"]),
        hostile("large.txt", "line\n".repeat(4 << 20), &["output_too_large"]),
        hostile("line.txt", "x".repeat(8 << 20), &["output_too_large"]),
        hostile("quotes.md", "> ".repeat(DEEP) + "x", &["completed"]),
        hostile(
            "lists.md",
            (0..2_000).map(|level| format!("{}- x\n", " ".repeat(level * 2))).collect::<String>(),
            &["completed"],
        ),
        hostile("stars.md", "*a **b ".repeat(DEEP), &["completed"]),
        hostile("brackets.md", "[".repeat(DEEP) + &"](x)".repeat(DEEP), &["completed"]),
        hostile("images.md", "![".repeat(DEEP), &["completed"]),
        hostile("ticks.md", (1..2_000).map(|count| "`".repeat(count) + " ").collect::<String>(), &["completed"]),
        hostile("cells.md", format!("|{0}\n|{1}\n|{0}\n", "a|".repeat(DEEP), "-|".repeat(DEEP)), &["completed"]),
        hostile("program.rs", "/*".repeat(DEEP), &["completed"]),
    ])
    .await;
}
