//! Bytes and code units → characters, and where they go.

use super::{MAX_NAME, Walk};
use crate::parsers::rtf::state::Target;

impl Walk {
    pub(super) fn byte(&mut self, byte: u8) {
        if self.fallback_left > 0 {
            self.fallback_left -= 1;
        } else {
            self.pending.push(byte);
        }
    }

    pub(super) fn unicode(&mut self, number: i32) {
        self.flush();
        self.fallback_left = self.state.fallback;
        // Sixteen bits, written as a signed number.
        let Ok(unit) = u16::try_from(number & 0xFFFF) else { return };
        let units = self.high_surrogate.take().into_iter().chain([unit]);
        for decoded in char::decode_utf16(units) {
            match decoded {
                Ok(character) => self.push(character),
                Err(_) if (0xD800..0xDC00).contains(&unit) => self.high_surrogate = Some(unit),
                Err(_) => self.push(char::REPLACEMENT_CHARACTER),
            }
        }
    }

    pub(super) fn character(&mut self, character: char) {
        self.flush();
        self.push(character);
    }

    /// Decodes the bytes that wait.
    pub(super) fn flush(&mut self) {
        self.fallback_left = 0;
        if self.pending.is_empty() {
            return;
        }
        let bytes = std::mem::take(&mut self.pending);
        if self.state.target == Target::Nowhere {
            return;
        }
        let encoding = self.state.encoding.unwrap_or(self.code_page);
        let (text, _) = encoding.decode_without_bom_handling(&bytes);
        for character in text.chars() {
            self.push(character);
        }
    }

    pub(super) fn push(&mut self, character: char) {
        match self.state.target {
            Target::Body if !self.state.is_hidden => self.text.push(character),
            Target::Styles if self.name.len() < MAX_NAME => self.name.push(character),
            Target::Mark if self.mark.len() < MAX_NAME => self.mark.push(character),
            _ => {}
        }
    }
}
