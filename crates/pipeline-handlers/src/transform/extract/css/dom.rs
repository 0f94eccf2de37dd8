//! The elements of a page, and which of them a selector matches.

use std::collections::HashMap;
use std::ops::Range;

use millrace_domain::document::HtmlNode;

use super::{AttributeTest, Chain, Combinator, Compound, SelectorList, Test};

/// Elements whose text stands on lines of its own.
const BLOCKS: [&str; 33] = [
    "address",
    "article",
    "aside",
    "blockquote",
    "br",
    "caption",
    "dd",
    "details",
    "div",
    "dl",
    "dt",
    "fieldset",
    "figure",
    "footer",
    "form",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hr",
    "li",
    "main",
    "nav",
    "ol",
    "p",
    "pre",
    "section",
    "table",
    "tr",
    "ul",
];
/// Elements whose text is parted from its neighbours by a tab.
const CELLS: [&str; 2] = ["td", "th"];

/// Places of an element, from 1: among all siblings and among those of its name, from the front and from the back.
#[derive(Debug, Clone, Copy, Default)]
struct Places {
    front: i32,
    back: i32,
    front_of_type: i32,
    back_of_type: i32,
}

/// The elements of a page in their order. Every parent stands before its children.
pub(in super::super) struct Dom {
    nodes: Vec<HtmlNode>,
    /// The element before among those of the same parent.
    previous: Vec<Option<usize>>,
    /// The place of an element among its siblings, from either end.
    places: Vec<Places>,
    /// Where what is inside of a node ends.
    end: Vec<usize>,
}

impl Dom {
    /// A page.
    pub(in super::super) fn new(nodes: Vec<HtmlNode>) -> Self {
        let count = nodes.len();
        let places = vec![Places::default(); count];
        let mut dom = Self { nodes, previous: vec![None; count], places, end: (1..=count).collect() };
        let mut last_child: Vec<Option<usize>> = vec![None; count];
        for index in 0..count {
            if let Some(parent) = dom.parent(index).filter(|_| !dom.nodes[index].tag.is_empty()) {
                dom.previous[index] = last_child[parent].replace(index);
            }
        }
        for (index, (front, front_of_type)) in dom.counted(0..count).into_iter().enumerate() {
            dom.places[index] = Places { front, front_of_type, ..Places::default() };
        }
        for (index, (back, back_of_type)) in (0..count).rev().zip(dom.counted((0..count).rev())) {
            dom.places[index] = Places { back, back_of_type, ..dom.places[index] };
        }
        for index in (0..count).rev() {
            if let Some(parent) = dom.parent(index) {
                dom.end[parent] = dom.end[parent].max(dom.end[index]);
            }
        }
        dom
    }

    /// The number of each element among its siblings and those of its name, in this order of nodes.
    fn counted(&self, order: impl Iterator<Item = usize>) -> Vec<(i32, i32)> {
        let mut all: HashMap<Option<usize>, i32> = HashMap::new();
        let mut of_type: HashMap<(Option<usize>, &str), i32> = HashMap::new();
        let mut numbers = Vec::with_capacity(self.nodes.len());
        for index in order.filter(|index| *index < self.nodes.len()) {
            let tag = self.nodes[index].tag.as_str();
            if tag.is_empty() {
                numbers.push((0, 0));
                continue;
            }
            let parent = self.parent(index);
            let number = all.entry(parent).or_default();
            let number_of_type = of_type.entry((parent, tag)).or_default();
            *number += 1;
            *number_of_type += 1;
            numbers.push((*number, *number_of_type));
        }
        numbers
    }

    /// Whether there is no page.
    pub(in super::super) fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// How many nodes are looked at for an element; all of them for none.
    pub(in super::super) fn extent(&self, within: Option<usize>) -> usize {
        self.scope(within).len()
    }

    fn scope(&self, within: Option<usize>) -> Range<usize> {
        match within {
            Some(node) => node + 1..self.end.get(node).copied().unwrap_or(node + 1),
            None => 0..self.nodes.len(),
        }
    }

    fn parent(&self, index: usize) -> Option<usize> {
        let parent = usize::try_from(self.nodes[index].parent?).ok()?;
        (parent < index).then_some(parent)
    }

    /// An attribute of an element.
    pub(in super::super) fn attribute(&self, index: usize, name: &str) -> Option<&str> {
        let attributes = &self.nodes.get(index)?.attributes;
        attributes.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The text of an element as people see it: blanks joined, a line for each block, a tab between cells.
    pub(in super::super) fn text(&self, index: usize) -> String {
        let mut text = String::new();
        let mut gap = "";
        for inner in index..self.end.get(index).copied().unwrap_or(index) {
            let node = &self.nodes[inner];
            if BLOCKS.contains(&node.tag.as_str()) {
                gap = "\n";
            } else if CELLS.contains(&node.tag.as_str()) && gap != "\n" {
                gap = "\t";
            } else if let Some(parent) = self.parent(inner).filter(|_| node.tag.is_empty()) {
                // A text behind an inner block begins a new line, too.
                let is_behind_block = inner > parent + 1
                    && self.parent(inner - 1) != Some(parent)
                    && self.block_between(inner - 1, parent);
                gap = if is_behind_block { "\n" } else { gap };
                for (at, word) in node.text.split(char::is_whitespace).enumerate() {
                    if at > 0 && gap.is_empty() {
                        gap = " ";
                    }
                    if !word.is_empty() {
                        if !text.is_empty() {
                            text.push_str(gap);
                        }
                        text.push_str(word);
                        gap = "";
                    }
                }
            }
        }
        text
    }

    /// Whether a block lies between a node and one of its ancestors.
    fn block_between(&self, mut node: usize, ancestor: usize) -> bool {
        while node != ancestor {
            if BLOCKS.contains(&self.nodes[node].tag.as_str()) {
                return true;
            }
            match self.parent(node) {
                Some(parent) => node = parent,
                None => return false,
            }
        }
        false
    }

    /// The elements that a selector matches, in their order. Inside an element the selector sees what is in it.
    pub(in super::super) fn select(&self, selector: &SelectorList, within: Option<usize>) -> Vec<usize> {
        let scope = self.scope(within);
        let mut matched = vec![false; scope.len()];
        for chain in &selector.0 {
            for (index, hit) in self.chain(chain, &scope).into_iter().enumerate() {
                matched[index] |= hit;
            }
        }
        matched.iter().enumerate().filter(|(_, hit)| **hit).map(|(index, _)| scope.start + index).collect()
    }

    fn chain(&self, chain: &Chain, scope: &Range<usize>) -> Vec<bool> {
        let mut matched: Vec<bool> = scope.clone().map(|index| self.passes(index, &chain.first)).collect();
        for (combinator, compound) in &chain.rest {
            // For each element: whether an ancestor or an earlier sibling has matched so far.
            let mut reached = vec![false; matched.len()];
            for index in scope.clone() {
                let inside = |node: Option<usize>| node.and_then(|node| node.checked_sub(scope.start));
                let related = match combinator {
                    Combinator::Descendant | Combinator::Child => inside(self.parent(index)),
                    Combinator::Next | Combinator::Sibling => inside(self.previous[index]),
                };
                let is_far = matches!(combinator, Combinator::Descendant | Combinator::Sibling);
                reached[index - scope.start] =
                    related.is_some_and(|related| matched[related] || (is_far && reached[related]));
            }
            for index in scope.clone() {
                let at = index - scope.start;
                matched[at] = reached[at] && self.passes(index, compound);
            }
        }
        matched
    }

    fn passes(&self, index: usize, compound: &Compound) -> bool {
        !self.nodes[index].tag.is_empty() && compound.0.iter().all(|test| self.test(index, test))
    }

    fn test(&self, index: usize, test: &Test) -> bool {
        let node = &self.nodes[index];
        match test {
            Test::Tag(tag) => node.tag == *tag,
            Test::Id(id) => self.attribute(index, "id") == Some(id),
            Test::Class(class) => {
                self.attribute(index, "class").is_some_and(|all| all.split_whitespace().any(|one| one == class))
            }
            Test::Attribute { name, test } => match (self.attribute(index, name), test) {
                (None, _) => false,
                (Some(_), None) => true,
                (Some(value), Some((kind, wanted))) => attribute_is(value, *kind, wanted),
            },
            Test::Nth { step, offset, from_end, of_type } => {
                let places = self.places[index];
                let place = match (from_end, of_type) {
                    (false, false) => places.front,
                    (true, false) => places.back,
                    (false, true) => places.front_of_type,
                    (true, true) => places.back_of_type,
                };
                is_nth(place, *step, *offset)
            }
            Test::Not(inner) => !self.passes(index, inner),
            Test::Contains(wanted) => self.text(index).contains(wanted.as_str()),
            Test::Empty => self.end[index] == index + 1,
        }
    }
}

fn attribute_is(value: &str, test: AttributeTest, wanted: &str) -> bool {
    match test {
        AttributeTest::Equals => value == wanted,
        AttributeTest::Word => value.split_whitespace().any(|word| word == wanted),
        AttributeTest::Starts => !wanted.is_empty() && value.starts_with(wanted),
        AttributeTest::Ends => !wanted.is_empty() && value.ends_with(wanted),
        AttributeTest::Contains => !wanted.is_empty() && value.contains(wanted),
        AttributeTest::Language => {
            value == wanted || value.strip_prefix(wanted).is_some_and(|rest| rest.starts_with('-'))
        }
    }
}

fn is_nth(place: i32, step: i32, offset: i32) -> bool {
    let distance = place - offset;
    if step == 0 { distance == 0 } else { distance % step == 0 && distance / step >= 0 }
}
