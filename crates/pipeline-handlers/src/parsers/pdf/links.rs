//! Links of text, carried through the joining of lines.
//!
//! Lines are joined by rules that know nothing of links. So where a link begins and ends is marked in the text with two
//! control characters, which no text of a PDF holds, until it is joined.

use unpdf::parser::{TextBlock, TextSpan};

/// Where a link begins and ends.
pub(super) const BEGIN: char = '\u{11}';
pub(super) const END: char = '\u{12}';

/// Marks the links of a block and gives their targets, in order.
pub(super) fn mark(block: &mut TextBlock) -> Vec<String> {
    let mut targets = Vec::new();
    for span in block.lines.iter_mut().flat_map(|line| &mut line.spans).filter(|span| !span.links.is_empty()) {
        mark_span(span, &mut targets);
    }
    targets
}

fn mark_span(span: &mut TextSpan, targets: &mut Vec<String>) {
    let mut marked = String::with_capacity(span.text.len() + 2 * span.links.len());
    let mut at = 0;
    for link in &span.links {
        let (start, end) = (link.range.start, link.range.end.min(span.text.len()));
        let (Some(before), Some(label)) = (span.text.get(at..start), span.text.get(start..end)) else {
            continue;
        };
        marked.push_str(before);
        if label.trim().is_empty() {
            marked.push_str(label);
        } else {
            marked.push(BEGIN);
            marked.push_str(label);
            marked.push(END);
            targets.push(link.value.target.uri().to_owned());
        }
        at = end;
    }
    marked.push_str(&span.text[at..]);
    span.text = marked;
}

/// Text without the marks.
pub(super) fn unmarked(text: &str) -> String {
    text.chars().filter(|character| !matches!(*character, BEGIN | END)).collect()
}

/// The pieces of marked text, each with the target it links to; pieces of one link in a row are one.
pub(super) fn pieces(text: &str, targets: &[String]) -> Vec<(String, Option<String>)> {
    let mut pieces: Vec<(String, Option<String>)> = Vec::new();
    let mut targets = targets.iter();
    for part in text.split_inclusive([BEGIN, END]) {
        let is_link = part.ends_with(END);
        let piece = part.trim_end_matches([BEGIN, END]);
        let target = if is_link { targets.next().cloned() } else { None };
        match pieces.as_slice() {
            [.., (_, before), (gap, None)] if target.is_some() && *before == target && gap.trim().is_empty() => {
                let gap = pieces.pop().map_or_else(String::new, |(gap, _)| gap);
                if let Some((label, _)) = pieces.last_mut() {
                    label.push_str(&gap);
                    label.push_str(piece);
                }
            }
            _ => pieces.push((piece.to_owned(), target)),
        }
    }
    pieces.retain(|(piece, _)| !piece.is_empty());
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_of_one_link_are_one() {
        let text = format!("see {BEGIN}the{END} {BEGIN}docs{END} or {BEGIN}not{END}");
        let targets = ["a", "a", "b"].map(str::to_owned);
        let found = pieces(&text, &targets);
        let expected = [("see ", None), ("the docs", Some("a")), (" or ", None), ("not", Some("b"))];
        assert_eq!(found, expected.map(|(piece, target)| (piece.to_owned(), target.map(str::to_owned))));
        assert_eq!(unmarked(&text), "see the docs or not");
        assert_eq!(pieces("plain", &[]), [("plain".to_owned(), None)]);
    }
}
