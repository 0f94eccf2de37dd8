//! What slides inherit from their layout and its master: which paragraphs have bullets.

use std::collections::HashMap;
use std::rc::Rc;

use super::bullets::Levels;
use crate::parsers::office::package::Package;
use crate::xml::tree::Element;

/// Kind and index of a placeholder.
pub(super) fn placeholder(shape: &Element) -> Option<(&str, Option<&str>)> {
    let properties = shape.children().find(|child| child.name.starts_with("nv"))?;
    let placeholder = properties.at(&["nvPr", "ph"])?;
    Some((placeholder.attribute("type").unwrap_or("obj"), placeholder.attribute("idx")))
}

/// Kinds that hold the text of a slide, and share the style of bodies.
fn is_body(kind: &str) -> bool {
    matches!(kind, "body" | "obj" | "subTitle" | "tbl" | "chart" | "dgm" | "media" | "clipArt" | "pic")
}

#[derive(Debug)]
struct Placeholder {
    kind: String,
    index: Option<String>,
    levels: Levels,
}

fn placeholders(root: &Element) -> Vec<Placeholder> {
    let mut shapes = Vec::new();
    root.find_all("sp", &mut shapes);
    let found = shapes.into_iter().filter_map(|shape| {
        let (kind, index) = placeholder(shape)?;
        let levels = Levels::of(shape.at(&["txBody", "lstStyle"]));
        Some(Placeholder { kind: kind.to_owned(), index: index.map(str::to_owned), levels })
    });
    found.collect()
}

#[derive(Debug, Default)]
struct Master {
    placeholders: Vec<Placeholder>,
    body: Levels,
    other: Levels,
}

/// A layout with its master.
#[derive(Debug, Default)]
pub(super) struct Layout {
    placeholders: Vec<Placeholder>,
    master: Rc<Master>,
}

impl Layout {
    /// The bullets that a shape inherits, nearest first.
    pub(super) fn levels(&self, shape: Option<(&str, Option<&str>)>) -> Vec<&Levels> {
        let Some((kind, index)) = shape else {
            return vec![&self.master.other];
        };
        let by_index = |own: &&Placeholder| index.is_some() && own.index.as_deref() == index;
        let by_kind = |own: &&Placeholder| own.kind == kind || (is_body(&own.kind) && is_body(kind));
        let own = self.placeholders.iter().find(by_index).or_else(|| self.placeholders.iter().find(by_kind));
        let own_kind = own.map_or(kind, |own| own.kind.as_str());
        let mut levels: Vec<&Levels> = own.map(|own| &own.levels).into_iter().collect();
        let in_master = |other: &&Placeholder| other.kind == own_kind || (other.kind == "body" && is_body(own_kind));
        levels.extend(self.master.placeholders.iter().find(in_master).map(|other| &other.levels));
        if is_body(own_kind) {
            levels.push(&self.master.body);
        }
        levels
    }
}

/// Layouts that were read, each once.
#[derive(Debug, Default)]
pub(super) struct Layouts {
    layouts: HashMap<String, Rc<Layout>>,
    masters: HashMap<String, Rc<Master>>,
}

impl Layouts {
    /// A layout by its part; one that cannot be read leaves everything to the slide.
    pub(super) fn get(&mut self, package: &mut Package<'_>, part: &str) -> Rc<Layout> {
        if let Some(known) = self.layouts.get(part) {
            return Rc::clone(known);
        }
        let placeholders = package.tree(part).map(|root| placeholders(&root)).unwrap_or_default();
        let master = package.relations(part).parts("slideMaster").next().map(str::to_owned);
        let master = master.map(|part| self.master(package, &part)).unwrap_or_default();
        let layout = Rc::new(Layout { placeholders, master });
        self.layouts.insert(part.to_owned(), Rc::clone(&layout));
        layout
    }

    fn master(&mut self, package: &mut Package<'_>, part: &str) -> Rc<Master> {
        if let Some(known) = self.masters.get(part) {
            return Rc::clone(known);
        }
        let master = package.tree(part).map(|root| Master {
            placeholders: placeholders(&root),
            body: Levels::of(root.at(&["txStyles", "bodyStyle"])),
            other: Levels::of(root.at(&["txStyles", "otherStyle"])),
        });
        let master = Rc::new(master.unwrap_or_default());
        self.masters.insert(part.to_owned(), Rc::clone(&master));
        master
    }
}
