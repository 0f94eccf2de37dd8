//! Parts of an Office package and the relations among them (ECMA-376 part 2).

use std::collections::HashMap;
use std::io::{Cursor, Read};

use zip::ZipArchive;

use crate::xml::tree::{self, Element};

/// Most bytes read from one package. Its size is checked before, but relations may lead to one part many times.
const MAX_READ_BYTES: u64 = 2 << 30;

/// A package that is open.
pub(crate) struct Package<'a> {
    archive: ZipArchive<Cursor<&'a [u8]>>,
    left: u64,
}

/// Where a relation leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Relation {
    /// The last word of its type: `slide`, `chart`, `hyperlink`.
    pub(crate) kind: String,
    /// A part of the package, or an address when it is outside.
    pub(crate) target: String,
    /// Whether the target is outside the package.
    pub(crate) is_external: bool,
}

/// Relations of one part by their id.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Relations {
    by_id: HashMap<String, Relation>,
    /// In the order of the file.
    order: Vec<String>,
}

impl Relations {
    /// A relation by its id.
    pub(crate) fn get(&self, id: &str) -> Option<&Relation> {
        self.by_id.get(id)
    }

    /// The part that an id leads to.
    pub(crate) fn part(&self, id: &str) -> Option<&str> {
        self.get(id).filter(|relation| !relation.is_external).map(|relation| relation.target.as_str())
    }

    /// Parts that relations of a kind lead to, in order.
    pub(crate) fn parts<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a str> {
        let all = self.order.iter().filter_map(|id| self.by_id.get(id));
        all.filter(move |relation| relation.kind == kind && !relation.is_external)
            .map(|relation| relation.target.as_str())
    }
}

impl<'a> Package<'a> {
    /// Opens a package; `None` when the archive cannot be read.
    pub(crate) fn open(bytes: &'a [u8]) -> Option<Self> {
        ZipArchive::new(Cursor::new(bytes)).ok().map(|archive| Self { archive, left: MAX_READ_BYTES })
    }

    /// The text of a part; `None` when there is none, or it cannot be read.
    pub(crate) fn text(&mut self, part: &str) -> Option<String> {
        let mut bytes = Vec::new();
        let mut entry = self.archive.by_name(part).ok()?.take(self.left);
        let read = entry.read_to_end(&mut bytes).ok()?;
        self.left = self.left.checked_sub(read as u64).filter(|left| *left > 0)?;
        if matches!(bytes.as_slice(), [0xFE, 0xFF, ..] | [0xFF, 0xFE, ..]) {
            // `decode` looks at the byte order mark.
            return Some(encoding_rs::UTF_16LE.decode(&bytes).0.into_owned());
        }
        let text =
            String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
        Some(match text.strip_prefix('\u{FEFF}') {
            Some(stripped) => stripped.to_owned(),
            None => text,
        })
    }

    /// A small part as a tree; `None` when there is none, or it cannot be read.
    pub(crate) fn tree(&mut self, part: &str) -> Option<Element> {
        tree::tree(&self.text(part)?).ok()?
    }

    /// The relations of a part; of the package itself for an empty name.
    pub(crate) fn relations(&mut self, part: &str) -> Relations {
        let (folder, name) = part.rsplit_once('/').unwrap_or(("", part));
        let path = if folder.is_empty() { format!("_rels/{name}.rels") } else { format!("{folder}/_rels/{name}.rels") };
        let mut relations = Relations::default();
        let Some(root) = self.tree(&path) else {
            return relations;
        };
        for relation in root.all("Relationship") {
            let (Some(id), Some(target)) = (relation.attribute("Id"), relation.attribute("Target")) else {
                continue;
            };
            let kind = relation.attribute("Type").unwrap_or_default().rsplit('/').next().unwrap_or_default().to_owned();
            let is_external = relation.attribute("TargetMode") == Some("External");
            let target = if is_external { target.to_owned() } else { resolve(folder, target) };
            if relations.by_id.insert(id.to_owned(), Relation { kind, target, is_external }).is_none() {
                relations.order.push(id.to_owned());
            }
        }
        relations
    }

    /// The part that the package is about, or the name that it usually has.
    pub(crate) fn main_part(&mut self, usual: &str) -> String {
        let relations = self.relations("");
        let found = relations.parts("officeDocument").next().map(str::to_owned);
        found.filter(|part| self.archive.index_for_name(part).is_some()).unwrap_or_else(|| usual.to_owned())
    }
}

/// The name of a part, from the folder of the part that speaks of it.
fn resolve(folder: &str, target: &str) -> String {
    let (mut steps, rest): (Vec<&str>, &str) = match target.strip_prefix('/') {
        Some(rest) => (Vec::new(), rest),
        None => (folder.split('/').filter(|step| !step.is_empty()).collect(), target),
    };
    for step in rest.split('/') {
        match step {
            "" | "." => {}
            ".." => {
                steps.pop();
            }
            name => steps.push(name),
        }
    }
    steps.join("/")
}

#[cfg(test)]
mod tests {
    use super::resolve;

    #[test]
    fn targets_are_relative_to_their_part() {
        assert_eq!(resolve("ppt/slides", "../charts/chart1.xml"), "ppt/charts/chart1.xml");
        assert_eq!(resolve("word", "/word/styles.xml"), "word/styles.xml");
        assert_eq!(resolve("", "word/document.xml"), "word/document.xml");
        assert_eq!(resolve("xl", "../../../../x.xml"), "x.xml");
    }
}
