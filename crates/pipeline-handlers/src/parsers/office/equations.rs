//! Equations of Word documents.
//!
//! The document reader passes over Office MathML, which would lose every formula without a word. So each formula is
//! replaced by a token before the document is read, and the token by its LaTeX afterwards.

use std::io::{Cursor, Read};

use quick_xml::Reader;
use quick_xml::events::Event;
use zip::{ZipArchive, ZipWriter};

use super::latex;
use super::math_tree::{self, Node};

/// The part of a Word file that holds its body.
const BODY: &str = "word/document.xml";
/// Private characters around the number of a formula: no other text has them, and no Markdown escapes them.
const OPEN: char = '\u{F8E0}';
const CLOSE: char = '\u{F8E1}';

/// A document whose formulas are tokens.
pub(super) struct Extracted {
    /// The rewritten file.
    pub(super) bytes: Vec<u8>,
    /// LaTeX of each formula, dollar signs included.
    formulas: Vec<String>,
}

impl Extracted {
    /// Puts the formulas back.
    pub(super) fn restore(&self, text: &str) -> String {
        let mut restored = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, token)) = rest.split_once(OPEN) {
            restored.push_str(before);
            let formula = token
                .split_once(CLOSE)
                .and_then(|(number, after)| Some((self.formulas.get(number.parse::<usize>().ok()?)?, after)));
            match formula {
                Some((formula, after)) => {
                    restored.push_str(formula);
                    rest = after;
                }
                None => rest = token,
            }
        }
        restored.push_str(rest);
        restored
    }
}

/// Takes the formulas out of a DOCX file; `None` when it has none, or none that can be read.
pub(super) fn extract(bytes: &[u8]) -> Option<Extracted> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).ok()?;
    let mut body = String::new();
    archive.by_name(BODY).ok()?.read_to_string(&mut body).ok()?;
    if !body.contains("oMath") {
        return None;
    }
    let (rewritten, formulas) = replace(&body)?;
    let mut writer = ZipWriter::new(Cursor::new(Vec::with_capacity(bytes.len())));
    for index in 0..archive.len() {
        let entry = archive.by_index_raw(index).ok()?;
        if entry.name().is_ok_and(|name| name == BODY) {
            continue;
        }
        writer.raw_copy_file(entry).ok()?;
    }
    let options = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    writer.start_file(BODY, options).ok()?;
    std::io::Write::write_all(&mut writer, rewritten.as_bytes()).ok()?;
    Some(Extracted { bytes: writer.finish().ok()?.into_inner(), formulas })
}

/// The body with tokens in place of formulas.
fn replace(body: &str) -> Option<(String, Vec<String>)> {
    let mut reader = Reader::from_str(body);
    let (mut rewritten, mut formulas) = (String::with_capacity(body.len()), Vec::new());
    let mut kept = 0;
    let mut prefix: Option<String> = None;
    loop {
        let start = usize::try_from(reader.buffer_position()).ok()?;
        match reader.read_event().ok()? {
            Event::Eof => break,
            Event::Start(tag) => {
                let name = tag.name();
                // The root names the prefix of Word's own elements.
                let word = prefix.get_or_insert_with(|| qualifier(name.as_ref()));
                let is_display = match name.local_name().as_ref() {
                    "oMathPara" => true,
                    "oMath" => false,
                    _ => continue,
                };
                let formula = math_tree::read(&mut reader)?;
                let end = usize::try_from(reader.buffer_position()).ok()?;
                rewritten.push_str(&body[kept..start]);
                // Two formulas side by side would share their dollar signs.
                let blank = if kept == start { " " } else { "" };
                kept = end;
                if let Some(text) = written(&formula, is_display) {
                    let token = formulas.len();
                    let text_tag = format!("{word}t xml:space=\"preserve\"");
                    rewritten
                        .push_str(&format!("<{word}r><{text_tag}>{blank}{OPEN}{token}{CLOSE}</{word}t></{word}r>"));
                    formulas.push(text);
                }
            }
            _ => {}
        }
    }
    rewritten.push_str(&body[kept..]);
    Some((rewritten, formulas))
}

/// `w:` of `w:document`; empty without a prefix.
fn qualifier(name: &str) -> String {
    name.split_once(':').map_or_else(String::new, |(prefix, _)| format!("{prefix}:"))
}

/// A formula between dollar signs; `None` when it shows nothing.
fn written(formula: &[Node], is_display: bool) -> Option<String> {
    let text = latex::render(formula);
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    Some(if is_display { format!("$${text}$$") } else { format!("${text}$") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_become_tokens_and_come_back() {
        let body = "<w:document><w:p><w:r><w:t>area </w:t></w:r><m:oMath><m:r><m:t>A=π</m:t></m:r><m:sSup><m:e><m:r>\
                    <m:t>r</m:t></m:r></m:e><m:sup><m:r><m:t>2</m:t></m:r></m:sup></m:sSup></m:oMath></w:p>\
                    <w:p><m:oMathPara><m:oMath><m:r><m:t>x</m:t></m:r></m:oMath></m:oMathPara></w:p></w:document>";
        let (bytes, formulas) = replace(body).expect("XML");
        assert_eq!(
            bytes,
            format!(
                "<w:document><w:p><w:r><w:t>area </w:t></w:r><w:r><w:t xml:space=\"preserve\">{OPEN}0{CLOSE}</w:t></w:r></w:p>\
                 <w:p><w:r><w:t xml:space=\"preserve\">{OPEN}1{CLOSE}</w:t></w:r></w:p></w:document>"
            )
        );
        let extracted = Extracted { bytes: Vec::new(), formulas };
        let text = format!("area {OPEN}0{CLOSE}, {OPEN}1{CLOSE}, {OPEN}9{CLOSE} and {OPEN}");
        assert_eq!(extracted.restore(&text), format!("area $A=\\pi r^{{2}}$, $$x$$, 9{CLOSE} and "));
    }

    #[test]
    fn broken_xml_is_left_alone() {
        assert!(replace("<w:document><m:oMath>").is_none());
        assert!(extract(b"no archive").is_none());
    }
}
