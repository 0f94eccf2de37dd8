//! XML as small trees: the reader goes along a part and hands out one element at a time, so that a
//! large part never stands in memory as a whole.
//!
//! Names are taken without their prefix. Of the alternatives that a newer Office program leaves for an older one, the
//! first is taken.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

/// Elements inside elements; what is nested deeper is refused rather than recursed into.
const MAX_DEPTH: usize = 256;

/// Why a part cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum XmlError {
    /// Not well-formed.
    #[error("the XML is broken: {0}")]
    Broken(String),
    /// Deeper than [`MAX_DEPTH`].
    #[error("the XML is nested too deeply")]
    TooDeep,
}

/// An element or a piece of text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Node {
    /// An element.
    Element(Element),
    /// Text, its references resolved.
    Text(String),
}

/// One element with all that is inside it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Element {
    /// Its name without prefix.
    pub(crate) name: String,
    /// Its attributes, names as they are written.
    attributes: Vec<(String, String)>,
    /// What is inside.
    pub(crate) nodes: Vec<Node>,
}

impl Element {
    fn of(tag: &BytesStart<'_>) -> Self {
        let attributes = tag
            .attributes()
            .flatten()
            .map(|attribute| (attribute.key.as_ref().to_owned(), super::value(&attribute).unwrap_or_default()))
            .collect();
        Self { name: tag.name().local_name().as_ref().to_owned(), attributes, nodes: Vec::new() }
    }

    /// An attribute by its name without prefix.
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(key, _)| key.rsplit(':').next() == Some(name));
        found.map(|(_, value)| value.as_str())
    }

    /// An attribute with any prefix: `r:id` beside `id`.
    pub(crate) fn prefixed(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(key, _)| key.split_once(':').is_some_and(|(_, local)| local == name));
        found.map(|(_, value)| value.as_str())
    }

    /// The `val` attribute.
    pub(crate) fn value(&self) -> Option<&str> {
        self.attribute("val")
    }

    /// The elements inside.
    pub(crate) fn children(&self) -> impl DoubleEndedIterator<Item = &Self> {
        self.nodes.iter().filter_map(|node| match node {
            Node::Element(element) => Some(element),
            Node::Text(_) => None,
        })
    }

    /// The elements inside of one name.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.children().filter(move |child| child.name == name)
    }

    /// The first child of this name.
    pub(crate) fn child(&self, name: &str) -> Option<&Self> {
        self.children().find(|child| child.name == name)
    }

    /// The element at the end of a path of names.
    pub(crate) fn at(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |element, name| element.child(name))
    }

    /// `val` of the element at the end of a path.
    pub(crate) fn value_at(&self, path: &[&str]) -> Option<&str> {
        self.at(path)?.value()
    }

    /// The first element of this name at any depth, itself included.
    pub(crate) fn find(&self, name: &str) -> Option<&Self> {
        if self.name == name { Some(self) } else { self.children().find_map(|child| child.find(name)) }
    }

    /// All elements of this name at any depth, in order; what is inside one of them is not searched.
    pub(crate) fn find_all<'a>(&'a self, name: &str, found: &mut Vec<&'a Self>) {
        for child in self.children() {
            if child.name == name { found.push(child) } else { child.find_all(name, found) }
        }
    }

    /// The text directly inside.
    pub(crate) fn text(&self) -> String {
        let pieces = self.nodes.iter().filter_map(|node| match node {
            Node::Text(text) => Some(text.as_str()),
            Node::Element(_) => None,
        });
        pieces.collect()
    }

    /// Whether a switch is on: present, and not said to be off.
    pub(crate) fn is_on(&self, name: &str) -> bool {
        self.child(name).is_some_and(|switch| !matches!(switch.value(), Some("0" | "off" | "false" | "none")))
    }
}

/// Goes along a part.
pub(crate) struct Part<'a> {
    reader: Reader<&'a [u8]>,
}

impl<'a> Part<'a> {
    /// A part of this text.
    pub(crate) fn new(text: &'a str) -> Self {
        let mut reader = Reader::from_str(text);
        reader.config_mut().allow_dangling_amp = true;
        Self { reader }
    }

    /// Goes into the next element of this name, over whatever comes before; false when there is none.
    ///
    /// # Errors
    /// When the XML is broken.
    pub(crate) fn enter(&mut self, name: &str) -> Result<bool, XmlError> {
        loop {
            match self.event()? {
                Event::Eof => return Ok(false),
                Event::Start(tag) if tag.name().local_name().as_ref() == name => return Ok(true),
                // There is nothing to go into; what follows are its neighbours.
                Event::Empty(tag) if tag.name().local_name().as_ref() == name => return Ok(false),
                _ => {}
            }
        }
    }

    /// The next element inside the one that was entered; `None` at its end.
    ///
    /// # Errors
    /// When the XML is broken or nested too deeply.
    pub(crate) fn next(&mut self) -> Result<Option<Element>, XmlError> {
        self.next_where(|_| true)
    }

    /// Like [`next`](Self::next), passing over elements by what their tag says; those cost no tree.
    ///
    /// # Errors
    /// When the XML is broken or nested too deeply.
    pub(crate) fn next_where(&mut self, is_wanted: impl Fn(&Element) -> bool) -> Result<Option<Element>, XmlError> {
        loop {
            match self.event()? {
                Event::Eof | Event::End(_) => return Ok(None),
                Event::Empty(tag) => {
                    let element = Element::of(&tag);
                    if is_wanted(&element) {
                        return Ok(Some(element));
                    }
                }
                Event::Start(tag) => {
                    let root = Element::of(&tag);
                    if is_wanted(&root) {
                        return self.tree(root).map(Some);
                    }
                    self.reader.read_to_end(tag.name()).map_err(|error| XmlError::Broken(error.to_string()))?;
                }
                _ => {}
            }
        }
    }

    fn event(&mut self) -> Result<Event<'a>, XmlError> {
        self.reader.read_event().map_err(|error| XmlError::Broken(error.to_string()))
    }

    fn tree(&mut self, root: Element) -> Result<Element, XmlError> {
        let mut open = vec![root];
        loop {
            let event = self.event()?;
            let depth = open.len();
            let Some(parent) = open.last_mut() else {
                return Err(XmlError::Broken("an end without a start".to_owned()));
            };
            match event {
                Event::Eof => return Err(XmlError::Broken("it ends too early".to_owned())),
                Event::Start(tag) if depth < MAX_DEPTH => open.push(Element::of(&tag)),
                Event::Start(_) => return Err(XmlError::TooDeep),
                Event::Empty(tag) => parent.nodes.push(Node::Element(Element::of(&tag))),
                Event::Text(text) => push_text(parent, &super::text(&text)),
                Event::CData(text) => push_text(parent, &super::verbatim(&text)),
                Event::GeneralRef(reference) => {
                    if let Some(character) = super::character(&reference) {
                        push_text(parent, character.encode_utf8(&mut [0; 4]));
                    }
                }
                Event::End(_) => {
                    let Some(closed) = open.pop() else {
                        return Err(XmlError::Broken("an end without a start".to_owned()));
                    };
                    match open.last_mut() {
                        Some(parent) if closed.name == "AlternateContent" => parent.nodes.extend(chosen(closed)),
                        Some(parent) => parent.nodes.push(Node::Element(closed)),
                        None => return Ok(closed),
                    }
                }
                _ => {}
            }
        }
    }
}

/// The whole part as one tree; `None` when it holds no element.
///
/// # Errors
/// When the XML is broken or nested too deeply.
pub(crate) fn tree(text: &str) -> Result<Option<Element>, XmlError> {
    Part::new(text).next()
}

/// What stands for several versions of the same content.
fn chosen(alternatives: Element) -> Vec<Node> {
    let mut elements: Vec<Element> = Vec::new();
    for node in alternatives.nodes {
        if let Node::Element(element) = node {
            elements.push(element);
        }
    }
    let at = elements.iter().position(|element| element.name == "Choice").unwrap_or(0);
    if at < elements.len() { elements.swap_remove(at).nodes } else { Vec::new() }
}

fn push_text(parent: &mut Element, text: &str) {
    match parent.nodes.last_mut() {
        Some(Node::Text(last)) => last.push_str(text),
        _ => parent.nodes.push(Node::Text(text.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_read_piece_by_piece() {
        let text = "<?xml version=\"1.0\"?><w:doc><w:body><w:p r:id=\"x\" id='1'>a &lt;&#66;<b/></w:p>\
                    <mc:AlternateContent><mc:Choice><c>new</c></mc:Choice><mc:Fallback><c>old</c></mc:Fallback>\
                    </mc:AlternateContent><s><mc:AlternateContent><mc:Choice><c>new</c></mc:Choice><mc:Fallback/>\
                    </mc:AlternateContent></s></w:body></w:doc>";
        let mut part = Part::new(text);
        assert_eq!(part.enter("body"), Ok(true));
        let first = part.next().expect("XML").expect("an element");
        assert_eq!(
            (first.text().as_str(), first.attribute("id"), first.prefixed("id")),
            ("a <B", Some("x"), Some("x"))
        );
        assert_eq!(part.next().expect("XML").map(|element| element.name), Some("AlternateContent".to_owned()));
        let third = part.next().expect("XML").expect("an element");
        assert_eq!(third.child("c").map(Element::text), Some("new".to_owned()));
        assert_eq!(part.next(), Ok(None));
    }

    #[test]
    fn hostile_parts_are_refused() {
        let deep = "<a>".repeat(100_000);
        assert_eq!(tree(&deep), Err(XmlError::TooDeep));
        assert!(matches!(tree("<a><b></a>"), Err(XmlError::Broken(_))));
        assert!(matches!(tree("<a>text"), Err(XmlError::Broken(_))));
        let bomb = "<!DOCTYPE a [<!ENTITY x \"yyyy\"><!ENTITY z \"&x;&x;\">]><a>1&z;2</a>";
        assert_eq!(tree(bomb).expect("XML").map(|root| root.text()), Some("12".to_owned()));
    }
}
