//! Lines of code, which Word writes as one paragraph each, become one block.

use super::Placed;
use crate::parsers::office::content::Content;

/// What prose in a typewriter's font does not have.
const SIGNS: [&str; 14] = ["{", "}", "()", ");", "==", "!=", "=>", "->", "::", "</", "/>", " = ", "#!/", "$ "];

/// Joins neighbouring lines of code. Paragraphs in a font of fixed width are code when one of them looks like it.
pub(super) fn gather(contents: Vec<Placed>) -> Vec<Placed> {
    let mut gathered: Vec<Placed> = Vec::with_capacity(contents.len());
    let mut open: Vec<Placed> = Vec::new();
    for (page, content) in contents {
        if matches!(content, Content::Code(_) | Content::Paragraph { fixed: true, .. }) {
            open.push((page, content));
        } else {
            close(&mut open, &mut gathered);
            gathered.push((page, content));
        }
    }
    close(&mut open, &mut gathered);
    gathered
}

fn close(open: &mut Vec<Placed>, gathered: &mut Vec<Placed>) {
    let is_code = open.iter().any(|(_, content)| match content {
        Content::Code(_) => true,
        Content::Paragraph { line, .. } => looks_like_code(&line.raw()),
        _ => false,
    });
    if !is_code {
        gathered.append(open);
        return;
    }
    let Some(page) = open.first().map(|(page, _)| *page) else {
        return;
    };
    let lines: Vec<String> = open
        .drain(..)
        .map(|(_, content)| match content {
            Content::Code(code) => code,
            Content::Paragraph { line, .. } => line.raw(),
            _ => String::new(),
        })
        .collect();
    gathered.push((page, Content::Code(lines.join("\n"))));
}

fn looks_like_code(text: &str) -> bool {
    SIGNS.iter().any(|sign| text.contains(sign)) || text.trim_end().ends_with(';')
}
