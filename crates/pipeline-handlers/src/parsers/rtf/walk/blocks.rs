//! The ends of paragraphs, cells, rows and tables, and of the document.

use super::{Content, Walk};
use crate::parsers::rtf::state::{State, Target};

impl Walk {
    pub(super) fn end_paragraph(&mut self) {
        self.flush();
        if self.state.target != Target::Body {
            return;
        }
        if self.note.is_some() || self.state.in_table {
            self.text.push('\n');
            return;
        }
        self.end_table();
        let text = std::mem::take(&mut self.text);
        let mark = std::mem::take(&mut self.mark);
        let mark = mark.trim();
        match self.state.level {
            Some(level) => self.writer.heading(level, &text),
            None if mark.is_empty() => self.writer.paragraph(&text),
            None => {
                let number = mark.trim_end_matches(['.', ')']).trim_start_matches('(').parse().ok();
                let is_mark_text = number.is_none() && mark.chars().any(|character| character.is_ascii_alphanumeric());
                let text = if is_mark_text { format!("{mark} {}", text.trim()) } else { text };
                self.writer.item(self.state.depth, number, &text);
            }
        }
    }

    pub(super) fn end_cell(&mut self, is_nested: bool) {
        self.flush();
        if is_nested {
            // Markdown knows no tables in tables: the text of the inner one stays in its cell.
            self.text.push('\n');
        } else {
            self.mark.clear();
            self.row.push(std::mem::take(&mut self.text).trim().to_owned());
        }
    }

    pub(super) fn end_row(&mut self) {
        self.flush();
        if !self.row.is_empty() {
            self.rows.push(std::mem::take(&mut self.row));
        }
    }

    pub(super) fn end_table(&mut self) {
        if !self.rows.is_empty() {
            self.writer.table(std::mem::take(&mut self.rows));
        }
    }

    pub(super) fn finish(mut self, is_closed: bool) -> Content {
        self.flush();
        let mut warnings = Vec::new();
        if !is_closed {
            warnings.push("the file is cut off: its last groups are not closed".to_owned());
        }
        if let Some((_, before)) = self.note.take() {
            let note = std::mem::replace(&mut self.text, before);
            self.notes.push(note.trim().to_owned());
        }
        if !self.row.is_empty() || (self.state.in_table && !self.text.trim().is_empty()) {
            self.end_cell(false);
            self.end_row();
        }
        self.state = State { target: Target::Body, in_table: false, ..self.state };
        self.end_paragraph();
        self.end_table();
        for (index, note) in std::mem::take(&mut self.notes).iter().enumerate() {
            self.writer.paragraph(&format!("[^{}]: {note}", index + 1));
        }
        if self.pictures > 0 {
            warnings.push(format!("{} pictures were left out", self.pictures));
        }
        Content { writer: self.writer, warnings }
    }
}
