//! Footnotes and endnotes: numbered as they are met, written at the end.

use std::collections::HashMap;

use super::{Placed, Reader};
use crate::parsers::office::content::{Content, flatten};
use crate::xml::tree::{Element, Part};

/// The notes that the text speaks of.
#[derive(Debug, Default)]
pub(super) struct Notes {
    /// Kind and id, and the page, in the order of their marks.
    met: Vec<((Kind, String), u32)>,
    numbers: HashMap<(Kind, String), usize>,
}

/// Where a note is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    Foot,
    End,
}

impl Notes {
    /// The number of a note, from 1.
    pub(super) fn number(&mut self, kind: Kind, id: &str, page: u32) -> usize {
        let key = (kind, id.to_owned());
        if let Some(number) = self.numbers.get(&key) {
            return *number;
        }
        self.met.push((key.clone(), page));
        self.numbers.insert(key, self.met.len());
        self.met.len()
    }
}

impl Reader<'_> {
    /// Adds the notes that were met.
    pub(super) fn append_notes(&mut self, contents: &mut Vec<Placed>) {
        let notes = std::mem::take(&mut self.notes);
        let mut found: HashMap<usize, Content> = HashMap::new();
        for (kind, relation, name) in [(Kind::Foot, "footnotes", "footnote"), (Kind::End, "endnotes", "endnote")] {
            if notes.met.iter().any(|((met, _), _)| *met == kind) {
                self.read_notes(&notes, kind, relation, name, &mut found);
            }
        }
        for (number, (_, page)) in (1..).zip(&notes.met) {
            contents.extend(found.remove(&number).map(|content| (*page, content)));
        }
    }

    fn read_notes(
        &mut self,
        notes: &Notes,
        kind: Kind,
        relation: &str,
        name: &str,
        found: &mut HashMap<usize, Content>,
    ) {
        let part = self.relations.parts(relation).next().map(str::to_owned);
        let Some(text) = part.and_then(|part| self.package.text(&part)) else {
            return;
        };
        // Links in notes are related to the part of the notes, not to the body: they stay plain text.
        let relations = std::mem::take(&mut self.relations);
        let mut part = Part::new(&text);
        if part.enter(relation).unwrap_or(false) {
            // A broken part costs the notes that follow, not the document.
            while let Ok(Some(note)) = part.next() {
                self.read_note(notes, kind, name, &note, found);
            }
        }
        self.relations = relations;
    }

    fn read_note(
        &mut self,
        notes: &Notes,
        kind: Kind,
        name: &str,
        note: &Element,
        found: &mut HashMap<usize, Content>,
    ) {
        let number = note.attribute("id").and_then(|id| notes.numbers.get(&(kind, id.to_owned())));
        let (Some(number), true) = (number, note.name == name) else {
            return;
        };
        let mut inside = Vec::new();
        self.block(note, &mut inside);
        let inside: Vec<Content> = inside.into_iter().map(|(_, content)| content).collect();
        found.insert(*number, Content::Note { number: *number, text: flatten(&inside) });
    }
}
