//! Comments on slides: who said what, in both ways that PowerPoint has written them.

use std::collections::HashMap;

use crate::parsers::office::content::Content;
use crate::parsers::office::line::Line;
use crate::parsers::office::package::{Package, Relations};
use crate::xml::tree::Element;

/// Names of those who commented, by id.
#[derive(Debug, Default)]
pub(super) struct Authors(HashMap<String, String>);

impl Authors {
    /// Reads the authors that a presentation lists.
    pub(super) fn read(package: &mut Package<'_>, relations: &Relations) -> Self {
        let mut authors = HashMap::new();
        for kind in ["commentAuthors", "authors"] {
            for root in relations.parts(kind).filter_map(|part| package.tree(part)) {
                for author in root.children() {
                    let (Some(id), Some(name)) = (author.attribute("id"), author.attribute("name")) else {
                        continue;
                    };
                    let initials = author.attribute("initials").filter(|initials| !initials.is_empty());
                    let shown = initials.map_or_else(|| name.to_owned(), |initials| format!("{name} ({initials})"));
                    authors.insert(id.to_owned(), shown);
                }
            }
        }
        Self(authors)
    }
}

/// Reads a list of comments with their answers.
pub(super) fn read(root: &Element, authors: &Authors, contents: &mut Vec<Content>) {
    for child in root.children() {
        match child.name.as_str() {
            "cm" | "reply" => {
                contents.extend(comment(child, authors));
                read(child, authors, contents);
            }
            "replyLst" => read(child, authors, contents),
            _ => {}
        }
    }
}

fn comment(comment: &Element, authors: &Authors) -> Option<Content> {
    let text = match comment.child("text") {
        Some(text) => text.text(),
        None => {
            let mut pieces = Vec::new();
            comment.child("txBody")?.find_all("t", &mut pieces);
            pieces.iter().map(|piece| piece.text()).collect()
        }
    };
    let author = comment.attribute("authorId").and_then(|id| authors.0.get(id)).map_or("unknown", String::as_str);
    let time = comment.attribute("dt").or_else(|| comment.attribute("created")).unwrap_or_default();
    let time = if time.is_empty() { String::new() } else { format!(", time: {time}") };
    let text = text.trim();
    (!text.is_empty()).then(|| Content::Aside(Line::of(&format!("Comment, author: {author}{time}: {text}"))))
}
