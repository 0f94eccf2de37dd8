//! Office MathML as a plain tree.

use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

/// Elements inside elements; deeper formulas are refused rather than recursed into.
const MAX_DEPTH: usize = 200;

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
    fn of(tag: &BytesStart<'_>) -> Self {
        let value = tag.attributes().flatten().find(|attribute| attribute.key.local_name().as_ref() == "val").and_then(
            |attribute| attribute.normalized_value(XmlVersion::Implicit1_0).ok().map(|value| value.into_owned()),
        );
        Self { name: tag.name().local_name().as_ref().to_owned(), value, ..Self::default() }
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

/// Reads what is inside the element that was just opened, up to its end; `None` when the XML is broken.
pub(super) fn read(reader: &mut Reader<&[u8]>) -> Option<Vec<Node>> {
    let mut open = vec![Node::default()];
    loop {
        match reader.read_event().ok()? {
            Event::Start(tag) if open.len() < MAX_DEPTH => open.push(Node::of(&tag)),
            Event::Start(_) | Event::Eof => return None,
            Event::Empty(tag) => open.last_mut()?.children.push(Node::of(&tag)),
            Event::Text(text) => open.last_mut()?.text.push_str(&text.xml_content(XmlVersion::Implicit1_0)),
            Event::GeneralRef(reference) => {
                let character = match reference.resolve_char_ref().ok()? {
                    Some(character) => character,
                    None => named(&reference.xml_content(XmlVersion::Implicit1_0))?,
                };
                open.last_mut()?.text.push(character);
            }
            Event::End(_) => {
                let closed = open.pop()?;
                match open.last_mut() {
                    Some(parent) => parent.children.push(closed),
                    None => return Some(closed.children),
                }
            }
            _ => {}
        }
    }
}

fn named(reference: &str) -> Option<char> {
    Some(match reference {
        "lt" => '<',
        "gt" => '>',
        "amp" => '&',
        "quot" => '"',
        "apos" => '\'',
        _ => return None,
    })
}
