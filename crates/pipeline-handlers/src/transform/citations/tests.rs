use millrace_domain::document::{Block, BlockKind};
use serde_json::json;

use super::*;

fn index(blocks: &[(u32, &str)]) -> CitationIndex {
    let blocks = blocks.iter().map(|(page, text)| Block {
        page: *page,
        bbox: (*page > 0).then_some([0.0, 0.0, *page as f32, 1.0]),
        ..Block::new(BlockKind::Paragraph, *text)
    });
    CitationIndex::of(&ParsedDocument { blocks: blocks.collect(), ..ParsedDocument::default() })
}

#[test]
fn a_quote_has_the_place_of_its_block() {
    let index = index(&[(1, "Invoice No: A-1\nTotal"), (2, "The Total is 1.234,56 EUR"), (3, "Total")]);
    let citation = index.verify("  **the total** is ", None);
    assert_eq!((citation.page, citation.verified), (Some(2), true));
    assert_eq!(citation.bbox, Some([0.0, 0.0, 2.0, 1.0]));
    assert_eq!(citation.quote, "**the total** is");
    // The page that is named comes first; a wrong one does no harm.
    assert_eq!(index.verify("Total", Some(3)).page, Some(3));
    assert_eq!(index.verify("1.234,56", Some(3)).page, Some(2));
    assert_eq!(index.verify("total", None).page, Some(1));
}

#[test]
fn what_is_not_there_is_marked() {
    let index = index(&[(1, "amount 1,234 in 2012, total 15.50")]);
    for quote in ["234", "12", "5.50", "15.5", "amounts", "mount", "", " \n", "1234"] {
        let citation = index.verify(quote, Some(1));
        assert!(!citation.verified && citation.page.is_none(), "{quote:?}");
    }
    assert!(index.verify("15.50", None).verified && index.verify("2012,", None).verified);
}

#[test]
fn quotes_run_over_blocks_and_gaps() {
    let index = index(&[(1, "The lessee shall pay"), (2, "rent on the first day of each month.")]);
    assert_eq!(index.verify("shall pay rent on the first day", None).page, Some(1));
    assert_eq!(index.verify("the lessee … first day", None).page, Some(1));
    assert!(index.verify("the lessee ... each month.", Some(1)).verified);
    assert!(!index.verify("first day … the lessee", None).verified);
}

#[test]
fn scripts_without_blanks_have_no_borders() {
    let index = index(&[(1, "合同编号：２０２４－００１ 甲方为上海某公司")]);
    assert!(index.verify("上海某公司", None).verified);
    assert!(index.verify("2024-001", None).verified);
}

#[test]
fn values_are_found_as_people_write_them() {
    let check = |text: &str, value: Value, quote: Option<&str>| {
        let found = index(&[(4, text)]).cite_value(&value);
        assert_eq!(found.as_ref().map(|citation| citation.quote.as_str()), quote, "{text} {value}");
        assert!(found.is_none_or(|citation| citation.verified && citation.page == Some(4)));
    };
    check("Total: 1.234,56 EUR", json!(1234.56), Some("1.234,56"));
    check("Total: $1,234.50", json!(1234.5), Some("1,234.50"));
    check("₹12,34,567", json!(1_234_567), Some("12,34,567"));
    check("12 345,00 €", json!(12345), Some("12 345,00"));
    check("VAT 19%", json!(0.19), Some("19%"));
    check("loss (1,200.00)", json!(-1200), Some("(1,200.00)"));
    check("dated 1 March 2024", json!("2024-03-01"), Some("1 march 2024"));
    check("am 01.03.2024", json!("2024-03-01"), Some("01.03.2024"));
    check("Berlin, 1. März 2024", json!("2024-03-01"), Some("1. märz 2024"));
    check("签订于2024年3月1日", json!("2024-03-01"), Some("2024年3月1日"));
    check("Acme Ltd.", json!("ACME Ltd"), Some("ACME Ltd"));
    check("Total 12345", json!(1234), None);
    check("yes true null", json!(true), None);
    check("null", Value::Null, None);
}

#[test]
fn a_document_without_blocks_is_searched_as_text() {
    let document = ParsedDocument { markdown: "# Some **text**".into(), ..ParsedDocument::default() };
    assert!(CitationIndex::of(&document).verify("some text", None).verified);
}
