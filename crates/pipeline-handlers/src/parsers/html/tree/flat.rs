//! A tree of elements as the flat list that is stored.

use millrace_domain::document::HtmlNode;

use super::Node;

/// Elements whose text nobody sees.
const UNSEEN: [&str; 5] = ["script", "style", "noscript", "template", "iframe"];
/// Elements that hold elements and no text of their own.
const WITHOUT_TEXT: [&str; 10] = ["html", "head", "table", "thead", "tbody", "tfoot", "tr", "ul", "ol", "dl"];

/// The nodes in the order of the page, parents before children.
pub(super) fn flat(nodes: &[Node]) -> Vec<HtmlNode> {
    let mut list = Vec::new();
    let mut open: Vec<(usize, Option<u32>)> = nodes[0].children.iter().rev().map(|child| (*child, None)).collect();
    while let Some((index, parent)) = open.pop() {
        let node = &nodes[index];
        let Some(name) = &node.name else {
            let is_shown = !node.text.is_empty() && (!node.text.trim().is_empty() || has_text(&list, parent));
            if is_shown {
                list.push(HtmlNode { parent, text: one_blank(&node.text), ..HtmlNode::default() });
            }
            continue;
        };
        let tag = name.local.to_ascii_lowercase().to_string();
        let is_unseen = UNSEEN.contains(&tag.as_str());
        let own = u32::try_from(list.len()).ok();
        list.push(HtmlNode { parent, tag, attributes: node.attributes.clone(), text: String::new() });
        if !is_unseen {
            open.extend(node.children.iter().rev().map(|child| (*child, own)));
        }
    }
    list
}

/// Whether blanks in an element mean something.
fn has_text(list: &[HtmlNode], parent: Option<u32>) -> bool {
    let parent = parent.and_then(|parent| list.get(usize::try_from(parent).ok()?));
    parent.is_some_and(|parent| !WITHOUT_TEXT.contains(&parent.tag.as_str()))
}

/// Runs of blanks as one.
fn one_blank(text: &str) -> String {
    let mut short = String::with_capacity(text.len());
    for character in text.chars() {
        match character.is_whitespace() && character != '\u{a0}' {
            true if short.ends_with(' ') => {}
            true => short.push(' '),
            false => short.push(character),
        }
    }
    short
}
