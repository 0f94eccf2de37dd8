//! Tokens → paragraphs, items, tables and notes.

mod blocks;
mod text;

use std::collections::HashMap;

use encoding_rs::Encoding;

use super::charset;
use super::state::{State, Target, character_of, target_of};
use super::token::{Token, Tokens};
use crate::writer::Writer;

/// Groups inside groups. Writers stay below a few dozen.
const MAX_DEPTH: usize = 10_000;
/// Longest name of a style, and longest mark of a list's item, in bytes.
const MAX_NAME: usize = 256;

/// What was read.
pub(super) struct Content {
    pub(super) writer: Writer,
    pub(super) warnings: Vec<String>,
}

struct Walk {
    writer: Writer,
    state: State,
    saved: Vec<State>,
    code_page: &'static Encoding,
    fonts: HashMap<i32, Option<&'static Encoding>>,
    font: i32,
    /// Levels of headings by the number of their style.
    styles: HashMap<i32, u8>,
    style: i32,
    /// Bytes not decoded yet.
    pending: Vec<u8>,
    /// The first half of a character beyond 16 bits.
    high_surrogate: Option<u16>,
    /// Characters to leave out after `\u`.
    fallback_left: usize,
    text: String,
    name: String,
    mark: String,
    row: Vec<String>,
    rows: Vec<Vec<String>>,
    /// How deep the open note began, and the text that it interrupts.
    note: Option<(usize, String)>,
    notes: Vec<String>,
    pictures: usize,
}

/// Reads a document.
///
/// # Errors
/// What is wrong, for people.
pub(super) fn read(bytes: &[u8]) -> Result<Content, String> {
    let mut walk = Walk {
        writer: Writer::default(),
        state: State::new(),
        saved: Vec::new(),
        code_page: encoding_rs::WINDOWS_1252,
        fonts: HashMap::new(),
        font: 0,
        styles: HashMap::new(),
        style: 0,
        pending: Vec::new(),
        high_surrogate: None,
        fallback_left: 0,
        text: String::new(),
        name: String::new(),
        mark: String::new(),
        row: Vec::new(),
        rows: Vec::new(),
        note: None,
        notes: Vec::new(),
        pictures: 0,
    };
    let mut tokens = Tokens::of(bytes);
    let mut is_optional = false;
    let mut is_closed = false;
    while let Some(token) = tokens.next() {
        let was_optional = std::mem::take(&mut is_optional);
        match token {
            Token::Open => {
                walk.flush();
                if walk.saved.len() >= MAX_DEPTH {
                    return Err(format!("groups are nested deeper than {MAX_DEPTH}"));
                }
                walk.saved.push(walk.state);
            }
            Token::Close => {
                walk.close();
                if walk.saved.is_empty() {
                    is_closed = true;
                    break;
                }
            }
            Token::Word("bin", count) => tokens.pass_over(usize::try_from(count.unwrap_or(0)).unwrap_or(0)),
            Token::Word(word, number) => walk.word(word, number, was_optional),
            Token::Symbol(b'*') => is_optional = true,
            Token::Symbol(symbol) => walk.symbol(symbol),
            Token::Byte(byte) => walk.byte(byte),
        }
    }
    Ok(walk.finish(is_closed))
}

impl Walk {
    fn symbol(&mut self, symbol: u8) {
        match symbol {
            b'\\' | b'{' | b'}' => self.byte(symbol),
            b'~' => self.character('\u{A0}'),
            b'_' => self.character('\u{2011}'),
            b'\r' | b'\n' => self.end_paragraph(),
            _ => {}
        }
    }

    fn word(&mut self, word: &str, number: Option<i32>, is_optional: bool) {
        if let Some(target) = target_of(word) {
            self.flush();
            self.pictures += usize::from(word == "pict" && self.state.target == Target::Body);
            // Nothing inside a part that is left out comes back.
            if self.state.target != Target::Nowhere {
                self.state.target = target;
            }
            return;
        }
        // Optional destinations may be passed over, but for notes, and for shapes: their text boxes are text.
        if is_optional && !matches!(word, "shpinst" | "footnote") {
            self.flush();
            self.state.target = Target::Nowhere;
            return;
        }
        if self.state.target == Target::Nowhere {
            return;
        }
        if let Some(character) = character_of(word) {
            return self.character(character);
        }
        match word {
            "ansicpg" => self.code_page = charset::of_code_page(number.unwrap_or(1252)),
            "mac" => self.code_page = encoding_rs::MACINTOSH,
            "u" => self.unicode(number.unwrap_or(0)),
            "uc" => self.state.fallback = usize::try_from(number.unwrap_or(1)).unwrap_or(1),
            "f" => {
                self.flush();
                self.font = number.unwrap_or(0);
                self.state.encoding = self.fonts.get(&self.font).copied().flatten();
            }
            "fcharset" if self.state.target == Target::Fonts => {
                self.fonts.insert(self.font, charset::of_font(number.unwrap_or(0)));
            }
            "plain" => {
                self.flush();
                self.state.is_hidden = false;
                self.state.encoding = None;
            }
            "v" | "deleted" => {
                self.flush();
                self.state.is_hidden = number != Some(0);
            }
            "s" if self.state.target == Target::Styles => self.style = number.unwrap_or(0),
            "s" => self.state.level = self.styles.get(&number.unwrap_or(0)).copied(),
            "outlinelevel" => self.outline(number.unwrap_or(9)),
            "ilvl" => self.state.depth = usize::try_from(number.unwrap_or(0)).unwrap_or(0),
            "pard" if self.state.target == Target::Body => self.state.reset_paragraph(),
            "intbl" => self.state.in_table = true,
            "par" | "sect" | "page" => self.end_paragraph(),
            "cell" | "nestcell" => self.end_cell(word == "nestcell"),
            "row" => self.end_row(),
            "footnote" if self.note.is_none() => {
                self.flush();
                self.note = Some((self.saved.len(), std::mem::take(&mut self.text)));
            }
            _ => {}
        }
    }

    /// `\outlinelevel`: 0 is the highest, 9 is no heading.
    fn outline(&mut self, number: i32) {
        let level = u8::try_from(number).ok().filter(|level| *level < 9).map(|level| level + 1);
        match (self.state.target, level) {
            (Target::Styles, Some(level)) => {
                self.styles.insert(self.style, level);
            }
            (Target::Styles, None) => {}
            _ => self.state.level = level,
        }
    }

    fn close(&mut self) {
        self.flush();
        if self.state.target == Target::Styles {
            self.end_style();
        }
        if let Some((_, before)) = self.note.take_if(|(depth, _)| *depth == self.saved.len()) {
            let note = std::mem::replace(&mut self.text, before);
            self.notes.push(note.trim().to_owned());
            self.text.push_str(&format!("[^{}]", self.notes.len()));
        }
        if let Some(state) = self.saved.pop() {
            self.state = state;
        }
    }

    /// A style whose name says that it is a heading is one, whatever its outline says.
    fn end_style(&mut self) {
        let name = std::mem::take(&mut self.name).trim_end_matches(';').trim().to_ascii_lowercase();
        let level = match name.as_str() {
            "title" => Some(1),
            "subtitle" => Some(2),
            _ => name.strip_prefix("heading ").and_then(|level| level.parse().ok()),
        };
        if let Some(level) = level {
            self.styles.entry(self.style).or_insert(level);
        }
        self.style = 0;
    }
}
