//! Styles of a Word document, as far as they say what a paragraph is.

use std::collections::HashMap;

use crate::xml::tree::{Element, Part};

/// Most styles that one may be based on in turn.
const MAX_CHAIN: usize = 20;

/// The number of a list and the level in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct ListReference {
    pub(super) number: Option<String>,
    pub(super) level: Option<usize>,
}

impl ListReference {
    /// Reads `numPr`.
    pub(super) fn of(properties: &Element) -> Option<Self> {
        let list = properties.child("numPr")?;
        let level = list.value_at(&["ilvl"]).and_then(|level| level.parse().ok());
        Some(Self { number: list.value_at(&["numId"]).map(str::to_owned), level })
    }
}

#[derive(Debug, Clone, Default)]
struct Style {
    /// Lower case: Word writes the names of its own styles in either.
    name: String,
    based_on: Option<String>,
    outline: Option<u8>,
    list: Option<ListReference>,
    font: Option<String>,
    looks: Looks,
}

/// What a style of characters says about looks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Looks {
    pub(super) bold: Option<bool>,
    pub(super) italic: Option<bool>,
    pub(super) strike: Option<bool>,
}

impl Looks {
    /// Reads `rPr`.
    pub(super) fn of(properties: Option<&Element>) -> Self {
        let Some(properties) = properties else {
            return Self::default();
        };
        let switch = |name: &str| properties.child(name).map(|_| properties.is_on(name));
        Self { bold: switch("b"), italic: switch("i"), strike: switch("strike").or_else(|| switch("dstrike")) }
    }

    fn or(self, other: Self) -> Self {
        Self {
            bold: self.bold.or(other.bold),
            italic: self.italic.or(other.italic),
            strike: self.strike.or(other.strike),
        }
    }
}

/// All styles of a document.
#[derive(Debug, Default)]
pub(super) struct Styles {
    by_id: HashMap<String, Style>,
    default_paragraph: Option<String>,
}

impl Styles {
    /// Reads `styles.xml`. Styles of tables are the most of it, and say nothing that is asked here.
    pub(super) fn read(text: &str) -> Self {
        let mut styles = Self::default();
        let mut part = Part::new(text);
        if !part.enter("styles").unwrap_or(false) {
            return styles;
        }
        let is_wanted =
            |tag: &Element| tag.name == "style" && matches!(tag.attribute("type"), Some("paragraph" | "character"));
        // A broken part costs the styles that follow, not the document.
        while let Ok(Some(style)) = part.next_where(is_wanted) {
            let Some(id) = style.attribute("styleId") else {
                continue;
            };
            let kind = style.attribute("type");
            let is_default = matches!(style.attribute("default"), Some("1" | "true" | "on"));
            if kind == Some("paragraph") && is_default {
                styles.default_paragraph = Some(id.to_owned());
            }
            let (paragraph, run) = (style.child("pPr"), style.child("rPr"));
            let read = Style {
                name: style.value_at(&["name"]).unwrap_or_default().to_lowercase(),
                based_on: style.value_at(&["basedOn"]).map(str::to_owned),
                outline: paragraph.and_then(outline_level),
                list: paragraph.and_then(ListReference::of),
                font: run.and_then(font),
                // What a style of paragraphs looks like is no emphasis: all of its text looks so.
                looks: if kind == Some("character") { Looks::of(run) } else { Looks::default() },
            };
            styles.by_id.insert(id.to_owned(), read);
        }
        styles
    }

    /// A style and what it is based on, nearest first.
    fn chain<'a>(&'a self, id: Option<&'a str>) -> impl Iterator<Item = &'a Style> {
        let first = id.or(self.default_paragraph.as_deref()).and_then(|id| self.by_id.get(id));
        let next = |style: &&'a Style| style.based_on.as_deref().and_then(|id| self.by_id.get(id));
        std::iter::successors(first, next).take(MAX_CHAIN)
    }

    /// The level of a heading's style, from 1; `None` for other text.
    pub(super) fn heading_level(&self, id: Option<&str>) -> Option<u8> {
        for style in self.chain(id) {
            if let Some(level) = style.outline {
                return (level < 9).then_some(level + 1);
            }
            if style.name == "title" {
                return Some(1);
            }
            if let Some(level) = style.name.strip_prefix("heading ").and_then(|level| level.trim().parse::<u8>().ok()) {
                return (1..=9).contains(&level).then_some(level);
            }
        }
        None
    }

    /// The list that a style puts its paragraphs into, and the id of the style that says so.
    pub(super) fn list(&self, id: Option<&str>) -> Option<ListReference> {
        let mut found: Option<ListReference> = None;
        for list in self.chain(id).filter_map(|style| style.list.as_ref()) {
            let reference = found.get_or_insert_with(ListReference::default);
            reference.number = reference.number.take().or_else(|| list.number.clone());
            reference.level = reference.level.or(list.level);
        }
        found
    }

    /// Whether a style is meant for code.
    pub(super) fn is_code(&self, id: Option<&str>) -> bool {
        const NAMES: [&str; 8] = [
            "source code",
            "sourcecode",
            "code",
            "code block",
            "codeblock",
            "html preformatted",
            "preformatted text",
            "macro",
        ];
        self.chain(id).any(|style| NAMES.contains(&style.name.as_str()))
    }

    /// The font of a style.
    pub(super) fn font<'a>(&'a self, id: Option<&'a str>) -> Option<&'a str> {
        self.chain(id).find_map(|style| style.font.as_deref())
    }

    /// The looks of a style of characters.
    pub(super) fn looks(&self, id: &str) -> Looks {
        self.chain(Some(id)).fold(Looks::default(), |looks, style| looks.or(style.looks))
    }
}

/// `outlineLvl` of paragraph properties, from 0; 9 is body text.
pub(super) fn outline_level(properties: &Element) -> Option<u8> {
    properties.value_at(&["outlineLvl"])?.parse().ok()
}

/// The font of run properties.
pub(super) fn font(properties: &Element) -> Option<String> {
    let fonts = properties.child("rFonts")?;
    fonts.attribute("ascii").or_else(|| fonts.attribute("hAnsi")).map(str::to_owned)
}

/// Whether all characters of a font are equally wide.
pub(super) fn is_fixed(font: &str) -> bool {
    const NAMES: [&str; 12] = [
        "courier",
        "consolas",
        "menlo",
        "monaco",
        "mono",
        "lucida console",
        "source code",
        "fira code",
        "cascadia",
        "inconsolata",
        "andale",
        "fixedsys",
    ];
    let font = font.to_lowercase();
    NAMES.iter().any(|name| font.contains(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn styles_inherit() {
        let xml = r#"<w:styles><w:style w:type="paragraph" w:default="1" w:styleId="N"><w:name w:val="Normal"/></w:style>
            <w:style w:type="paragraph" w:styleId="b2"><w:name w:val="heading 2"/><w:basedOn w:val="N"/></w:style>
            <w:style w:type="paragraph" w:styleId="x"><w:name w:val="My"/><w:basedOn w:val="b2"/>
              <w:pPr><w:numPr><w:numId w:val="7"/></w:numPr></w:pPr></w:style>
            <w:style w:type="paragraph" w:styleId="body"><w:name w:val="B"/><w:basedOn w:val="x"/>
              <w:pPr><w:numPr><w:ilvl w:val="1"/></w:numPr><w:outlineLvl w:val="9"/></w:pPr></w:style>
            <w:style w:type="paragraph" w:styleId="loop"><w:name w:val="L"/><w:basedOn w:val="loop"/></w:style>
            <w:style w:type="character" w:styleId="s"><w:name w:val="Strong"/><w:rPr><w:b/></w:rPr></w:style></w:styles>"#;
        let styles = Styles::read(xml);
        assert_eq!(styles.heading_level(Some("x")), Some(2));
        assert_eq!(styles.heading_level(Some("body")), None);
        assert_eq!(styles.heading_level(Some("loop")), None);
        assert_eq!(styles.heading_level(None), None);
        assert_eq!(styles.list(Some("body")), Some(ListReference { number: Some("7".into()), level: Some(1) }));
        assert_eq!(styles.looks("s").bold, Some(true));
    }
}
