//! The one list of targets.

use crate::{parse, pointers, rules, services, text};

/// What is done with an input.
pub type Run = fn(&[u8]);

/// Every target by its name, which is that of its folder in `corpus/`.
const TARGETS: [(&str, Run); 34] = [
    // Read in the server, up to a size.
    ("text", |data| parse::in_server("a.txt", data)),
    ("markdown", |data| parse::in_server("a.md", data)),
    ("json", |data| parse::in_server("a.json", data)),
    ("xml", |data| parse::in_server("a.xml", data)),
    ("rtf", |data| parse::in_server("a.rtf", data)),
    ("code", |data| parse::in_server("a.rs", data)),
    ("csv", |data| parse::rows("a.csv", data)),
    ("ndjson", |data| parse::rows("a.ndjson", data)),
    ("sniff", text::kind),
    ("encodings", text::encodings),
    ("pointer", pointers::pointer),
    ("page_ranges", pointers::page_ranges),
    ("extract", rules::rule),
    ("tesseract_tsv", services::tesseract),
    // Read in parser processes only.
    ("yaml", |data| parse::in_child("a.yaml", data)),
    ("html", |data| parse::in_child("a.html", data)),
    ("eml", |data| parse::in_child("a.eml", data)),
    ("pdf", |data| parse::in_child("a.pdf", data)),
    ("pdf_picture", parse::picture),
    ("doc", |data| parse::in_child("a.doc", data)),
    ("ppt", |data| parse::in_child("a.ppt", data)),
    ("xls", |data| parse::in_child("a.xls", data)),
    ("docx", |data| parse::archive("a.docx", data)),
    ("pptx", |data| parse::archive("a.pptx", data)),
    ("xlsx", |data| parse::archive("a.xlsx", data)),
    ("xlsb", |data| parse::archive("a.xlsb", data)),
    ("ods", |data| parse::archive("a.ods", data)),
    ("odt", |data| parse::archive("a.odt", data)),
    ("odp", |data| parse::archive("a.odp", data)),
    ("epub", |data| parse::archive("a.epub", data)),
    ("zip", |data| parse::archive("a.zip", data)),
    ("mineru", services::mineru),
    ("mineru_cloud", services::mineru_cloud),
    ("docling", services::docling),
];

/// The target of this name.
///
/// # Panics
/// When there is none.
pub fn find(name: &str) -> Run {
    let names = || TARGETS.map(|(name, _)| name).join(" ");
    TARGETS
        .iter()
        .find(|(known, _)| *known == name)
        .map_or_else(|| panic!("FUZZ_TARGET is one of {}", names()), |(_, run)| *run)
}
