use super::*;

fn kinds(markdown: &str) -> Vec<(BlockKind, String, Option<u8>)> {
    scan(markdown, Markers::Ignored).into_iter().map(|block| (block.kind, block.text, block.level)).collect()
}

#[test]
fn headings_of_both_styles_keep_their_level() {
    assert_eq!(
        kinds("# One #\n\nTwo\n===\n\nThree\n---\n\n####### seven\n"),
        vec![
            (BlockKind::Heading, "One".into(), Some(1)),
            (BlockKind::Heading, "Two".into(), Some(1)),
            (BlockKind::Heading, "Three".into(), Some(2)),
            (BlockKind::Paragraph, "####### seven".into(), None),
        ]
    );
}

#[test]
fn lists_code_images_and_rules() {
    assert_eq!(
        kinds(
            "text\nmore\n- a **b**\n  still a\n2) c\n***\n```rust\n# not a heading\n| no | table |\n```\n![An owl](o.png)"
        ),
        vec![
            (BlockKind::Paragraph, "text\nmore".into(), None),
            (BlockKind::ListItem, "a b\nstill a".into(), None),
            (BlockKind::ListItem, "c".into(), None),
            (BlockKind::Code, "# not a heading\n| no | table |".into(), None),
            (BlockKind::Image, "An owl".into(), None),
        ]
    );
}

#[test]
fn tables_are_rectangular_and_unescaped() {
    let blocks = scan("| a | b |\n|---|:-:|\n| 1 \\| 2 | **x** |\n| 3 |\n\nafter", Markers::Ignored);
    let table = blocks[0].table.as_ref().expect("a table");
    assert!(table.has_header);
    assert_eq!(table.rows, vec![vec!["a", "b"], vec!["1 | 2", "x"], vec!["3", ""]]);
    assert_eq!(blocks[1].text, "after");
    let bare = scan("a | b\n--- | ---\n1 | 2", Markers::Ignored);
    assert_eq!(bare[0].table.as_ref().map(|table| table.rows.len()), Some(2));
}

#[test]
fn markers_count_only_where_they_are_ours() {
    let text = "<!-- page 2 -->\n\nA\n\n<!-- slide 3: Title -->\n\nB";
    let pages = |markers| scan(text, markers).iter().map(|block| block.page).collect::<Vec<_>>();
    assert_eq!(pages(Markers::Trusted), vec![2, 3]);
    assert_eq!(pages(Markers::Ignored), vec![0, 0]);
}

#[test]
fn odd_markdown_does_not_panic() {
    for text in ["|", "||", "```", "-", "=", "#", "![](", "1.", "é|\n|é", "\u{2028}", "![a](", "> ", "|-|"] {
        scan(text, Markers::Trusted);
    }
}

#[test]
fn uneven_rows_are_text() {
    let markdown = format!("|{}\n|---|\n{}", "a|".repeat(3_000), "|x|\n".repeat(3_000));
    let blocks = scan(&markdown, Markers::Ignored);
    assert_eq!((blocks.len(), blocks[0].kind), (1, BlockKind::Paragraph));
    assert!(blocks[0].text.ends_with("\nx\nx"));
}
