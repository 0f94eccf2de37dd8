//! What every format that is a ZIP archive has to bear: entries that inflate to very much, and very many entries.

use crate::files::{docx, epub, ods, opendocument, pptx, xlsb, xlsx, zip, zip_with};
use crate::support::{hostile, try_all_with};

#[tokio::test]
async fn bombs_and_crowds() {
    let chapter = r#"<item id="a" href="a.xhtml" media-type="application/xhtml+xml"/>"#;
    let packages = [
        ("a.docx", docx("T", &["text"], &[])),
        ("a.pptx", pptx(&["x"])),
        ("a.xlsx", xlsx(&[("S", "")])),
        ("a.xlsb", xlsb(&[&["name"], &["x"]])),
        ("a.ods", ods("S", "")),
        ("a.odt", opendocument("text", "<text:p>x</text:p>")),
        ("a.odp", opendocument("presentation", "<draw:page/>")),
        ("a.epub", epub(chapter, r#"<itemref idref="a"/>"#, &[("a.xhtml", "<p>x</p>")])),
        ("a.zip", zip(&[("a.txt", b"text")])),
    ];
    let bomb = " ".repeat(8 << 20);
    let names: Vec<String> = (0..2_000).map(|number| format!("x/{number}.xml")).collect();
    let crowd: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "x")).collect();
    let mut files = Vec::new();
    for (name, package) in packages {
        files.push(hostile(name, zip_with(&package, &[("x/bomb.xml", &bomb)]), &["archive_too_large"]));
        files.push(hostile(name, zip_with(&package, &crowd), &["archive_too_large"]));
    }
    try_all_with(|config| config.parsers.max_zip_entries = 1_000, files).await;
}
