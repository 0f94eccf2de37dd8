//! Reading XML, for the formats made of it: what its pieces mean, here, and small trees of it ([`tree`]).
//!
//! Entities that a document declares itself are never expanded, so none can grow beyond its file.

pub(crate) mod tree;

use std::borrow::Cow;

use quick_xml::XmlVersion;
use quick_xml::events::attributes::Attribute;
use quick_xml::events::{BytesCData, BytesRef, BytesStart, BytesText};

/// The value of the attribute of this local name; `None` when it is not there or broken.
pub(crate) fn attribute(tag: &BytesStart<'_>, name: &str) -> Option<String> {
    let found =
        tag.attributes().with_checks(false).flatten().find(|attribute| attribute.key.local_name().as_ref() == name)?;
    value(&found)
}

/// The value of an attribute, its references resolved; `None` when it is broken.
pub(crate) fn value(attribute: &Attribute<'_>) -> Option<String> {
    attribute.normalized_value(XmlVersion::Implicit1_0).ok().map(Cow::into_owned)
}

/// Text with its line ends as XML has them.
pub(crate) fn text<'a>(text: &BytesText<'a>) -> Cow<'a, str> {
    text.xml_content(XmlVersion::Implicit1_0)
}

/// Text that was written without references.
pub(crate) fn verbatim<'a>(text: &BytesCData<'a>) -> Cow<'a, str> {
    text.xml_content(XmlVersion::Implicit1_0)
}

/// The character that a reference stands for; `None` for entities that the document declares.
pub(crate) fn character(reference: &BytesRef<'_>) -> Option<char> {
    if let Some(character) = reference.resolve_char_ref().ok()? {
        return Some(character);
    }
    Some(match reference.xml_content(XmlVersion::Implicit1_0).as_ref() {
        "lt" => '<',
        "gt" => '>',
        "amp" => '&',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => '\u{A0}',
        _ => return None,
    })
}
