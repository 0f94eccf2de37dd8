//! Tables that services give as HTML.

use millrace_domain::document::TableBlock;

use crate::format::Format;
use crate::limits::ParserLimits;
use crate::parser::{Input, Parser};
use crate::parsers::html::HtmlParser;

/// The first table in a piece of HTML, spanning cells repeated.
pub(in crate::engine) fn from_html(html: &str, limits: &ParserLimits) -> Option<TableBlock> {
    let draft = HtmlParser.parse(Input::new(html.as_bytes(), Format::Html, limits)).ok()?;
    draft.blocks.into_iter().find_map(|block| block.table)
}

/// Cells as text: a line for each row.
pub(in crate::engine) fn text_of(table: &TableBlock) -> String {
    table.rows.iter().map(|row| row.join("\t")).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_repeated() {
        let html =
            "<html><body><table><tr><td rowspan=\"2\">a</td><td>1</td></tr><tr><td>2</td></tr></table></body></html>";
        let table = from_html(html, &ParserLimits::default()).expect("a table");
        assert_eq!(table.rows, [["a", "1"], ["a", "2"]]);
        assert_eq!(text_of(&table), "a\t1\na\t2");
        assert_eq!(from_html("no table", &ParserLimits::default()), None);
    }
}
