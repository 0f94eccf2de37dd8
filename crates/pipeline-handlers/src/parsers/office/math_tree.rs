//! Office MathML as a plain tree.

use crate::xml::tree::Element;

/// One element.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Node {
    /// Its name without prefix.
    pub(super) name: String,
    /// Its `val` attribute.
    pub(super) value: Option<String>,
    /// Its own text.
    pub(super) text: String,
    /// What is inside.
    pub(super) children: Vec<Node>,
}

impl Node {
    /// An element and all that is inside it.
    pub(super) fn of(element: &Element) -> Self {
        Self {
            name: element.name.clone(),
            value: element.value().map(str::to_owned),
            text: element.text(),
            children: Self::inside_of(element),
        }
    }

    /// What is inside an element.
    pub(super) fn inside_of(element: &Element) -> Vec<Self> {
        element.children().map(Self::of).collect()
    }

    /// The first child of this name.
    pub(super) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The children of the first child of this name.
    pub(super) fn inside(&self, name: &str) -> &[Self] {
        self.child(name).map_or(&[], |child| &child.children)
    }

    /// `val` of a property: `<fPr><type val="noBar"/></fPr>`.
    pub(super) fn property(&self, group: &str, name: &str) -> Option<&str> {
        self.child(group)?.child(name)?.value.as_deref()
    }

    /// Whether a property is switched on: present, and not said to be off.
    pub(super) fn is_on(&self, group: &str, name: &str) -> bool {
        let property = self.child(group).and_then(|group| group.child(name));
        property.is_some_and(|node| !matches!(node.value.as_deref(), Some("0" | "off" | "false")))
    }
}
