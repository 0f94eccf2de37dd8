//! ZIP archives and books.

use crate::files::{epub, zip};
use crate::support::{hostile, try_all, try_all_with};

#[tokio::test]
async fn entries() {
    let names: Vec<String> = (0..100_000).map(|number| format!("{number}.txt")).collect();
    let tiny = |count: usize| {
        let entries: Vec<(&str, &[u8])> = names[..count].iter().map(|name| (name.as_str(), &b"x"[..])).collect();
        zip(&entries)
    };
    let nested = (0..40).fold(b"the innermost".to_vec(), |inner, _| zip(&[("inner.zip", &inner)]));
    let wide = zip(&[("a.zip", &tiny(3_000)), ("b.zip", &tiny(3_000))]);
    let mut locals = zip(&[("a.txt", b"text"), ("b.txt", b"more")]);
    // Every entry of the directory points to the first file.
    let directory = locals.windows(4).position(|window| window == b"PK\x01\x02").expect("a directory");
    for at in directory..locals.len() - 46 {
        if locals[at..].starts_with(b"PK\x01\x02") {
            locals[at + 42..at + 46].fill(0);
        }
    }
    try_all(vec![
        hostile("tiny.zip", tiny(100_000), &["archive_too_large"]),
        hostile("nested.zip", nested, &["unreadable_file"]),
        hostile("wide.zip", wide, &["archive_too_large"]),
        hostile("overlap.zip", locals, &["completed"]),
        hostile(
            "names.zip",
            zip(&[("../../../../etc/passwd", b"root"), ("/abs.txt", b"abs"), ("a\\b.txt", b"back")]),
            &["completed"],
        ),
    ])
    .await;
}

#[tokio::test]
async fn books() {
    let chapter = r#"<item id="a" href="a.xhtml" media-type="application/xhtml+xml"/>"#;
    let text = [("a.xhtml", "<p>chapter</p>")];
    let toc = "<ncx><navMap>".to_owned() + &"<navPoint>".repeat(50_000);
    let itself = r#"<item id="a" href="content.opf"/>"#;
    try_all_with(
        |config| config.parsers.max_compression_ratio = u64::MAX,
        vec![
            hostile("same.epub", epub(chapter, &r#"<itemref idref="a"/>"#.repeat(100_000), &text), &["completed"]),
            hostile(
                "toc.epub",
                epub(
                    &format!(r#"{chapter}<item id="t" href="toc.ncx" media-type="application/x-dtbncx+xml"/>"#),
                    r#"<itemref idref="a"/>"#,
                    &[text[0], ("toc.ncx", &toc)],
                ),
                &["completed"],
            ),
            hostile("itself.epub", epub(itself, r#"<itemref idref="a"/>"#, &[]), &["completed"]),
            hostile(
                "deep.epub",
                epub(chapter, r#"<itemref idref="a"/>"#, &[("a.xhtml", &"<div>".repeat(100_000))]),
                &["completed"],
            ),
        ],
    )
    .await;
}
