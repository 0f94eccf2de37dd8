//! A Word document of two pages: headings, 840 words of text, a table, a page break.

use anyhow::Result;
use millrace_testkit::files;

const MAIN: &str = "http://schemas.openxmlformats.org/wordprocessingml/2006/main";
const PACKAGE: &str = "http://schemas.openxmlformats.org/package/2006";
const OFFICE: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument";
const DOCUMENT_TYPE: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml";
const SENTENCE: &str = "Every delivery is weighed, compared with its papers and entered before it leaves the yard. ";
/// Sentences in a paragraph of 60 words, and paragraphs on a page.
const SENTENCES: usize = 4;
const PARAGRAPHS: usize = 7;

/// A document that no other number has.
///
/// # Errors
/// When the archive cannot be written.
pub fn two_pages(number: u32) -> Result<Vec<u8>> {
    let mut body = String::new();
    for page in 1..=2 {
        body.push_str(&format!("<w:p><w:r><w:t>Handbook {number}, part {page}</w:t></w:r></w:p>"));
        for _ in 0..PARAGRAPHS {
            body.push_str(&paragraph(&SENTENCE.repeat(SENTENCES)));
        }
        if page == 1 {
            body.push_str(r#"<w:p><w:r><w:br w:type="page"/></w:r></w:p>"#);
        }
    }
    body.push_str("<w:tbl>");
    for row in 1..=8 {
        let cells = [format!("Article {row}"), format!("{}", row * 12), "in stock".to_owned()];
        let cells: String = cells.iter().map(|cell| format!("<w:tc>{}</w:tc>", paragraph(cell))).collect();
        body.push_str(&format!("<w:tr>{cells}</w:tr>"));
    }
    body.push_str("</w:tbl>");
    let document = format!(r#"<w:document xmlns:w="{MAIN}"><w:body>{body}</w:body></w:document>"#);
    let types = format!(
        r#"<Types xmlns="{PACKAGE}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/word/document.xml" ContentType="{DOCUMENT_TYPE}"/></Types>"#
    );
    let relations = format!(
        r#"<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="rId1" Type="{OFFICE}" Target="word/document.xml"/></Relationships>"#
    );
    files::zip(&[
        ("[Content_Types].xml", types.as_bytes()),
        ("_rels/.rels", relations.as_bytes()),
        ("word/document.xml", document.as_bytes()),
    ])
}

fn paragraph(text: &str) -> String {
    format!("<w:p><w:r><w:t>{text}</w:t></w:r></w:p>")
}
