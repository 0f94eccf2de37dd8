//! The elements of a page in a flat list, for selectors: names, attributes and text, without what people do not see.

mod flat;

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::cell::{Cell, RefCell};

use html5ever::interface::{ElemName, ElementFlags, NodeOrText, QuirksMode, TreeSink};
use html5ever::tendril::{StrTendril, TendrilSink};
use html5ever::tree_builder::TreeBuilderOpts;
use html5ever::{Attribute, LocalName, Namespace, ParseOpts, QualName, parse_document};
use millrace_domain::document::HtmlNode;

use self::flat::flat;

/// Nodes of a page that is kept; a larger one has no list.
const MAX_NODES: usize = 200_000;
/// Elements inside elements.
const MAX_DEPTH: u32 = 512;
/// Bytes of text and attributes that are kept.
const MAX_TEXT_BYTES: usize = 16 << 20;
/// Attributes of an element, and bytes of one; what is longer is data, not a property.
const MAX_ATTRIBUTES: usize = 32;
const MAX_ATTRIBUTE_BYTES: usize = 2_000;
/// Siblings looked at when nodes are moved, which broken pages ask for.
const MAX_MOVES: usize = 20_000_000;
/// Bytes that are read between two looks at the limits.
const CHUNK_BYTES: usize = 16 << 10;

/// The elements of a page; none when there are too many, or too many in each other.
pub(super) fn nodes(html: &str) -> Vec<HtmlNode> {
    let tree_builder = TreeBuilderOpts { drop_doctype: true, scripting_enabled: false, ..TreeBuilderOpts::default() };
    let mut parser = parse_document(Tree::default(), ParseOpts { tree_builder, ..ParseOpts::default() });
    let mut rest = html;
    while !rest.is_empty() {
        let (chunk, behind) = rest.split_at(rest.ceil_char_boundary(CHUNK_BYTES));
        parser.process(StrTendril::from(chunk));
        if parser.tokenizer.sink.sink.is_over() {
            return Vec::new();
        }
        rest = behind;
    }
    parser.finish()
}

#[derive(Debug, Default)]
struct Node {
    name: Option<QualName>,
    attributes: Vec<(String, String)>,
    text: String,
    parent: Option<usize>,
    children: Vec<usize>,
    depth: u32,
}

/// Takes the elements as they are found. Node 0 is the document.
struct Tree {
    nodes: RefCell<Vec<Node>>,
    bytes: Cell<usize>,
    moves: Cell<usize>,
    deepest: Cell<u32>,
}

impl Default for Tree {
    fn default() -> Self {
        let nodes = RefCell::new(vec![Node::default()]);
        Self { nodes, bytes: Cell::new(0), moves: Cell::new(0), deepest: Cell::new(0) }
    }
}

/// The name of an element, on its own.
#[derive(Debug)]
struct Name(QualName);

impl ElemName for Name {
    fn ns(&self) -> &Namespace {
        &self.0.ns
    }

    fn local_name(&self) -> &LocalName {
        &self.0.local
    }
}

impl Tree {
    fn is_over(&self) -> bool {
        self.nodes.borrow().len() > MAX_NODES
            || self.deepest.get() > MAX_DEPTH
            || self.bytes.get() > MAX_TEXT_BYTES
            || self.moves.get() > MAX_MOVES
    }

    fn push(&self, node: Node) -> usize {
        let mut nodes = self.nodes.borrow_mut();
        nodes.push(node);
        nodes.len() - 1
    }

    /// Puts a node or a text among the children of another, at a place or at the end.
    fn insert(&self, parent: usize, at: Option<usize>, child: NodeOrText<usize>) {
        let mut nodes = self.nodes.borrow_mut();
        let place = at.unwrap_or(nodes[parent].children.len());
        let child = match child {
            NodeOrText::AppendNode(child) => child,
            NodeOrText::AppendText(text) => {
                self.bytes.set(self.bytes.get() + text.len());
                let before = place.checked_sub(1).map(|before| nodes[parent].children[before]);
                if let Some(before) = before.filter(|before| nodes[*before].name.is_none()) {
                    nodes[before].text.push_str(&text);
                    return;
                }
                nodes.push(Node { text: text.to_string(), ..Node::default() });
                nodes.len() - 1
            }
        };
        nodes[child].parent = Some(parent);
        nodes[child].depth = nodes[parent].depth + 1;
        self.deepest.set(self.deepest.get().max(nodes[child].depth));
        self.moves.set(self.moves.get() + nodes[parent].children.len() - place);
        nodes[parent].children.insert(place, child);
    }

    fn place_of(&self, node: usize) -> Option<(usize, usize)> {
        let nodes = self.nodes.borrow();
        let parent = nodes[node].parent?;
        // The youngest are moved most.
        let children = &nodes[parent].children;
        let place = children.iter().rposition(|child| *child == node)?;
        self.moves.set(self.moves.get() + children.len() - place);
        Some((parent, place))
    }

    fn detach(&self, node: usize) {
        if let Some((parent, place)) = self.place_of(node) {
            let mut nodes = self.nodes.borrow_mut();
            nodes[parent].children.remove(place);
            nodes[node].parent = None;
        }
    }
}

impl TreeSink for Tree {
    type Handle = usize;
    type Output = Vec<HtmlNode>;
    type ElemName<'a> = Name;

    fn finish(self) -> Vec<HtmlNode> {
        if self.is_over() {
            return Vec::new();
        }
        flat(&self.nodes.borrow())
    }

    fn parse_error(&self, _message: Cow<'static, str>) {}

    fn get_document(&self) -> usize {
        0
    }

    fn elem_name<'a>(&'a self, target: &'a usize) -> Name {
        let name = self.nodes.borrow()[*target].name.clone();
        Name(name.unwrap_or_else(|| QualName::new(None, Namespace::default(), LocalName::default())))
    }

    fn create_element(&self, name: QualName, attributes: Vec<Attribute>, _flags: ElementFlags) -> usize {
        let kept = attributes.into_iter().filter(|attribute| attribute.value.len() <= MAX_ATTRIBUTE_BYTES);
        let attributes: Vec<(String, String)> = kept
            .take(MAX_ATTRIBUTES)
            .map(|attribute| (attribute.name.local.to_string(), attribute.value.to_string()))
            .collect();
        let bytes: usize = attributes.iter().map(|(name, value)| name.len() + value.len()).sum();
        self.bytes.set(self.bytes.get() + bytes);
        self.push(Node { name: Some(name), attributes, ..Node::default() })
    }

    // Comments and instructions are nodes that are never put anywhere.
    fn create_comment(&self, _text: StrTendril) -> usize {
        self.push(Node::default())
    }

    fn create_pi(&self, _target: StrTendril, _data: StrTendril) -> usize {
        self.push(Node::default())
    }

    fn append(&self, parent: &usize, child: NodeOrText<usize>) {
        self.insert(*parent, None, child);
    }

    fn append_based_on_parent_node(&self, element: &usize, previous: &usize, child: NodeOrText<usize>) {
        if self.nodes.borrow()[*element].parent.is_some() {
            self.append_before_sibling(element, child);
        } else {
            self.append(previous, child);
        }
    }

    fn append_doctype_to_document(&self, _name: StrTendril, _public: StrTendril, _system: StrTendril) {}

    fn get_template_contents(&self, target: &usize) -> usize {
        *target
    }

    fn same_node(&self, one: &usize, other: &usize) -> bool {
        one == other
    }

    fn set_quirks_mode(&self, _mode: QuirksMode) {}

    fn append_before_sibling(&self, sibling: &usize, child: NodeOrText<usize>) {
        if let NodeOrText::AppendNode(node) = &child {
            self.detach(*node);
        }
        if let Some((parent, place)) = self.place_of(*sibling) {
            self.insert(parent, Some(place), child);
        }
    }

    fn add_attrs_if_missing(&self, target: &usize, attributes: Vec<Attribute>) {
        let mut nodes = self.nodes.borrow_mut();
        let known = &mut nodes[*target].attributes;
        for attribute in attributes {
            let name = attribute.name.local.to_string();
            let fits = known.len() < MAX_ATTRIBUTES && attribute.value.len() <= MAX_ATTRIBUTE_BYTES;
            if fits && known.iter().all(|(known, _)| *known != name) {
                known.push((name, attribute.value.to_string()));
            }
        }
    }

    fn remove_from_parent(&self, target: &usize) {
        self.detach(*target);
    }

    fn reparent_children(&self, node: &usize, new_parent: &usize) {
        let mut nodes = self.nodes.borrow_mut();
        let children = std::mem::take(&mut nodes[*node].children);
        self.moves.set(self.moves.get() + children.len());
        for child in &children {
            nodes[*child].parent = Some(*new_parent);
        }
        nodes[*new_parent].children.extend(children);
    }
}
