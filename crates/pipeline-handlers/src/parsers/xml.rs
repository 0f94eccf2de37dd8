//! XML of any kind, kept as the text it is, and as a JSON value.
//!
//! An element becomes its text when it has nothing else, and an object otherwise: attributes as `@name`, children under
//! their names (an array when a name repeats), text beside them as `#text`. Nothing outside the file is ever loaded.

use millrace_domain::document::{Block, BlockKind};
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use serde_json::{Map, Value};

use super::html::decode_markup;
use super::json::TEXT_ONLY;
use crate::draft::Draft;
use crate::failure::{FailureCode, ParseFailure};
use crate::format::Format;
use crate::parser::{Input, Isolation, Parser};
use crate::xml;

/// Elements inside elements in `data`; deeper documents stay text only, as JSON that deep does.
const MAX_DEPTH: usize = 100;

/// Reads XML.
#[derive(Debug, Clone, Copy, Default)]
pub struct XmlParser;

impl Parser for XmlParser {
    fn name(&self) -> &'static str {
        "xml"
    }

    fn version(&self) -> &'static str {
        "1+quick-xml-0.42"
    }

    fn formats(&self) -> &'static [Format] {
        &[Format::Xml]
    }

    fn isolation(&self) -> Isolation {
        Isolation::InProcess
    }

    fn parse(&self, input: Input<'_>) -> Result<Draft, ParseFailure> {
        let decoded = decode_markup(input.bytes)?;
        let mut warnings = decoded.warnings();
        let read = read(&decoded.text)?;
        if read.unknown_entities > 0 {
            warnings.push(format!("{} references to entities of its own were kept as they are", read.unknown_entities));
        }
        if read.data.is_none() {
            warnings.push(format!("{TEXT_ONLY}: elements are nested deeper than {MAX_DEPTH}"));
        }
        let text = decoded.text.clone();
        let block = Block::new(BlockKind::Code, text);
        Ok(Draft {
            markdown: decoded.text,
            blocks: vec![block],
            pages: 1,
            warnings,
            data: read.data,
            ..Draft::default()
        })
    }
}

struct Read {
    /// `None` when it is nested too deeply.
    data: Option<Value>,
    unknown_entities: usize,
}

/// An element that is not closed yet.
#[derive(Default)]
struct Open {
    name: String,
    fields: Map<String, Value>,
    text: String,
}

impl Open {
    fn of(tag: &BytesStart<'_>) -> Result<Self, ParseFailure> {
        let mut fields = Map::new();
        // The reader's own check for repeats costs the square of their number; the map tells them too.
        for attribute in tag.attributes().with_checks(false) {
            let attribute = attribute.map_err(broken)?;
            let value = attribute.normalized_value(quick_xml::XmlVersion::Implicit1_0);
            // An attribute that refers to an entity of the document's own keeps the reference.
            let value = value.map_or_else(|_unknown| attribute.value.clone().into_owned(), |value| value.into_owned());
            let name = attribute.key.as_ref();
            if fields.insert(format!("@{name}"), Value::from(value)).is_some() {
                return Err(broken(format!("the attribute '{name}' is there twice")));
            }
        }
        Ok(Self { name: tag.name().as_ref().to_owned(), fields, text: String::new() })
    }

    fn into_value(mut self) -> Value {
        let text = self.text.trim();
        if self.fields.is_empty() {
            return Value::from(text);
        }
        if !text.is_empty() {
            self.fields.insert("#text".to_owned(), Value::from(text));
        }
        Value::Object(self.fields)
    }

    fn adopt(&mut self, name: String, value: Value) {
        match self.fields.get_mut(&name) {
            // Only repeats make arrays: no element's value is one itself.
            Some(Value::Array(items)) => items.push(value),
            Some(first) => {
                let items = vec![first.take(), value];
                *first = Value::Array(items);
            }
            None => {
                self.fields.insert(name, value);
            }
        }
    }
}

fn read(text: &str) -> Result<Read, ParseFailure> {
    let mut reader = Reader::from_str(text);
    // The first entry stands for the document itself.
    let mut open = vec![Open::default()];
    // How many elements are open below those that are kept.
    let mut buried = 0_usize;
    let mut too_deep = false;
    let mut unknown_entities = 0;
    loop {
        let event = reader.read_event().map_err(broken)?;
        let depth = open.len();
        let Some(last) = open.last_mut() else { return Err(broken("it ends too early")) };
        match event {
            Event::Start(_) if depth > MAX_DEPTH => {
                too_deep = true;
                buried += 1;
            }
            Event::Start(tag) => open.push(Open::of(&tag)?),
            Event::Empty(tag) if buried == 0 => {
                let element = Open::of(&tag)?;
                last.adopt(element.name.clone(), element.into_value());
            }
            Event::End(_) if buried > 0 => buried -= 1,
            Event::End(_) => {
                if let (Some(mut closed), Some(parent)) = (open.pop(), open.last_mut()) {
                    let name = std::mem::take(&mut closed.name);
                    parent.adopt(name, closed.into_value());
                }
            }
            Event::Text(text) => last.text.push_str(&xml::text(&text)),
            Event::CData(text) => last.text.push_str(&xml::verbatim(&text)),
            Event::GeneralRef(reference) => match xml::character(&reference) {
                Some(character) => last.text.push(character),
                None => {
                    unknown_entities += 1;
                    last.text.push('&');
                    last.text.push_str(&reference.xml10_content());
                    last.text.push(';');
                }
            },
            Event::Eof => break,
            _ => {}
        }
    }
    let [document] = <[Open; 1]>::try_from(open).map_err(|open| {
        let name = open.last().map_or("", |element| &element.name).to_owned();
        broken(format!("it ends inside the element '{name}'"))
    })?;
    if document.fields.len() != 1 || !document.text.trim().is_empty() {
        return Err(broken("there is not exactly one element around everything"));
    }
    Ok(Read { data: (!too_deep).then_some(Value::Object(document.fields)), unknown_entities })
}

fn broken(detail: impl std::fmt::Display) -> ParseFailure {
    ParseFailure::new(FailureCode::UnreadableFile, format!("this XML file cannot be read: {detail}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::limits::ParserLimits;

    fn parse(bytes: &[u8]) -> Result<Draft, ParseFailure> {
        let limits = ParserLimits::default();
        XmlParser.parse(Input::new(bytes, Format::Xml, &limits))
    }

    #[test]
    fn elements_become_values() {
        let draft = parse(
            b"<?xml version=\"1.0\"?>\n<!-- c --><order id=\"007\"><item>a &amp; b</item><item n=\"2\">c</item>\
              <empty/><note><![CDATA[<raw>]]></note></order>\n",
        )
        .expect("a document");
        assert_eq!(
            draft.data,
            Some(json!({"order": {
                "@id": "007",
                "item": ["a & b", {"@n": "2", "#text": "c"}],
                "empty": "",
                "note": "<raw>",
            }}))
        );
        assert!(draft.markdown.starts_with("<?xml"), "{}", draft.markdown);
        assert_eq!(draft.warnings, Vec::<String>::new());
    }

    #[test]
    fn declared_encodings_are_obeyed() {
        let (bytes, _, _) = encoding_rs::GBK.encode("<?xml version=\"1.0\" encoding=\"gb2312\"?><城市>北京</城市>");
        assert_eq!(parse(&bytes).expect("a document").data, Some(json!({"城市": "北京"})));
    }

    #[test]
    fn entities_never_grow() {
        let mut bomb = "<!DOCTYPE b [<!ENTITY a0 \"ha\">".to_owned();
        for level in 1..30 {
            bomb += &format!("<!ENTITY a{level} \"{}\">", format!("&a{};", level - 1).repeat(10));
        }
        bomb += "]><b x=\"&a29;\">&a29;</b>";
        let draft = parse(bomb.as_bytes()).expect("a document");
        assert_eq!(draft.data, Some(json!({"b": {"@x": "&a29;", "#text": "&a29;"}})));
        assert_eq!(draft.warnings.len(), 1, "{:?}", draft.warnings);
        let outside = parse(b"<!DOCTYPE x [<!ENTITY f SYSTEM \"file:///etc/passwd\">]><x>&f;</x>").expect("a document");
        assert_eq!(outside.data, Some(json!({"x": "&f;"})));
    }

    #[test]
    fn depth_is_bounded() {
        let deep = format!("{}x{}", "<a>".repeat(200_000), "</a>".repeat(200_000));
        let draft = parse(deep.as_bytes()).expect("a document");
        assert_eq!(draft.data, None);
        assert!(draft.warnings[0].starts_with(TEXT_ONLY), "{:?}", draft.warnings);
        assert!(
            parse(format!("{}{}", "<a>".repeat(99), "</a>".repeat(99)).as_bytes()).expect("a document").data.is_some()
        );
    }

    #[test]
    fn the_cost_of_attributes_is_linear() {
        let attributes: String = (0..200_000).map(|number| format!(" a{number}=''")).collect();
        let draft = parse(format!("<x{attributes}/>").as_bytes()).expect("a document");
        assert_eq!(draft.data.and_then(|data| data["x"].as_object().map(Map::len)), Some(200_000));
    }

    #[test]
    fn broken_xml_is_unreadable() {
        for text in ["<a><b></a></b>", "<a>", "<a/><b/>", "<a/>text", "<a", "<a b='1' b='2'/>", "<!-- only -->"] {
            let failure = parse(text.as_bytes()).expect_err(text);
            assert_eq!(failure.code, FailureCode::UnreadableFile, "{text}: {failure}");
        }
    }
}
