//! One string member of a JSON object, decoded while the object is read: however long it is, it is never in memory.

use bytes::Bytes;
use futures::stream::{self, BoxStream, StreamExt};

/// Longest name of a member that is looked at; a longer one is not the one that is sought.
const MAX_NAME: usize = 64;

/// Why there is no such text.
#[derive(Debug, thiserror::Error)]
pub enum MemberError {
    /// The bytes cannot be read.
    #[error("the object cannot be read to its end")]
    Source(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The bytes are no JSON object, or the string has an escape that is none.
    #[error("the object is not JSON")]
    Malformed,
    /// The object ended without the member.
    #[error("the object has no such text")]
    Missing,
}

/// Where the reader stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    /// Between tokens.
    Outside,
    /// In a string that may be the member's name.
    Name,
    /// In a string that is neither the name nor the value.
    Other,
    /// In the value.
    Value,
    /// After the value; nothing more is of interest.
    Done,
}

/// Decodes the value piece by piece.
struct Decoder {
    name: &'static str,
    at: At,
    depth: usize,
    /// At depth 1: whether a name comes next rather than a value.
    name_next: bool,
    /// The name as far as it was read; escapes make it one that is not sought.
    read: Vec<u8>,
    matched: bool,
    /// An escape as far as it was read: empty outside of one.
    escape: Vec<u8>,
    /// The first half of a surrogate pair.
    high: Option<u16>,
}

impl Decoder {
    fn new(name: &'static str) -> Self {
        Self {
            name,
            at: At::Outside,
            depth: 0,
            name_next: false,
            read: Vec::new(),
            matched: false,
            escape: Vec::new(),
            high: None,
        }
    }

    /// The decoded part of the value in the next bytes.
    fn feed(&mut self, bytes: &[u8]) -> Result<Vec<u8>, MemberError> {
        let mut text = Vec::with_capacity(bytes.len());
        for &byte in bytes {
            match self.at {
                At::Done => break,
                At::Outside => self.outside(byte)?,
                At::Name | At::Other | At::Value => self.inside(byte, &mut text)?,
            }
        }
        Ok(text)
    }

    fn outside(&mut self, byte: u8) -> Result<(), MemberError> {
        match byte {
            b'{' | b'[' => {
                if self.depth == 0 && byte == b'[' {
                    return Err(MemberError::Malformed);
                }
                self.depth += 1;
                self.name_next = self.depth == 1;
            }
            b'}' | b']' => self.depth = self.depth.checked_sub(1).ok_or(MemberError::Malformed)?,
            b',' => self.name_next = self.depth == 1,
            b':' => self.name_next = false,
            b'"' if self.depth == 1 && self.name_next => {
                self.read.clear();
                self.at = At::Name;
            }
            b'"' if self.depth == 1 && self.matched => self.at = At::Value,
            b'"' if self.depth > 0 => self.at = At::Other,
            b' ' | b'\t' | b'\r' | b'\n' => {}
            // A number or a word.
            _ if self.depth > 0 => {}
            _ => return Err(MemberError::Malformed),
        }
        if byte == b',' && self.depth == 1 {
            self.matched = false;
        }
        Ok(())
    }

    fn inside(&mut self, byte: u8, text: &mut Vec<u8>) -> Result<(), MemberError> {
        if !self.escape.is_empty() {
            self.escape.push(byte);
            return self.unescape(text);
        }
        match (byte, self.at) {
            (b'\\', _) => self.escape.push(byte),
            (b'"', At::Name) => {
                self.matched = self.read == self.name.as_bytes();
                self.at = At::Outside;
            }
            (b'"', At::Value) => {
                self.lone_half()?;
                self.at = At::Done;
            }
            (b'"', _) => self.at = At::Outside,
            (_, At::Value) => {
                self.lone_half()?;
                text.push(byte);
            }
            (_, At::Name) if self.read.len() <= MAX_NAME => self.read.push(byte),
            _ => {}
        }
        Ok(())
    }

    fn unescape(&mut self, text: &mut Vec<u8>) -> Result<(), MemberError> {
        let plain = match *self.escape.as_slice() {
            [_, b'u'] | [_, b'u', _] | [_, b'u', _, _] | [_, b'u', _, _, _] => return Ok(()),
            [_, b'u', ..] => {
                let digits = std::str::from_utf8(&self.escape[2..]).map_err(|_error| MemberError::Malformed)?;
                let unit = u16::from_str_radix(digits, 16).map_err(|_error| MemberError::Malformed)?;
                self.escape.clear();
                return self.unit(unit, text);
            }
            [_, b'n'] => b'\n',
            [_, b't'] => b'\t',
            [_, b'r'] => b'\r',
            [_, b'b'] => 0x08,
            [_, b'f'] => 0x0c,
            [_, same @ (b'"' | b'\\' | b'/')] => same,
            _ => return Err(MemberError::Malformed),
        };
        self.escape.clear();
        self.lone_half()?;
        self.put(&[plain], text);
        Ok(())
    }

    /// One UTF-16 unit.
    fn unit(&mut self, unit: u16, text: &mut Vec<u8>) -> Result<(), MemberError> {
        if self.at != At::Value && (0xd800..0xe000).contains(&unit) {
            // Of no interest, and in no name that is sought.
            self.put(b"?", text);
            return Ok(());
        }
        let units = match self.high.take() {
            None if (0xd800..0xdc00).contains(&unit) => {
                self.high = Some(unit);
                return Ok(());
            }
            None => vec![unit],
            Some(high) => vec![high, unit],
        };
        let decoded = String::from_utf16(&units).map_err(|_error| MemberError::Malformed)?;
        self.put(decoded.as_bytes(), text);
        Ok(())
    }

    fn put(&mut self, bytes: &[u8], text: &mut Vec<u8>) {
        match self.at {
            At::Value => text.extend_from_slice(bytes),
            At::Name if self.read.len() <= MAX_NAME => self.read.extend_from_slice(bytes),
            _ => {}
        }
    }

    /// Half a surrogate pair without its other half is no character.
    fn lone_half(&self) -> Result<(), MemberError> {
        if self.high.is_some() { Err(MemberError::Malformed) } else { Ok(()) }
    }
}

/// The text of the first member of this name, as it comes. It ends with an error when the object has none.
pub fn text<E: std::error::Error + Send + Sync + 'static>(
    object: BoxStream<'static, Result<Bytes, E>>,
    name: &'static str,
) -> BoxStream<'static, Result<Bytes, MemberError>> {
    let decoding = stream::try_unfold((object, Decoder::new(name)), |(mut object, mut decoder)| async move {
        loop {
            if decoder.at == At::Done {
                return Ok(None);
            }
            let chunk = match object.next().await {
                Some(chunk) => chunk.map_err(|error| MemberError::Source(Box::new(error)))?,
                None => return Err(MemberError::Missing),
            };
            let text = decoder.feed(&chunk)?;
            if !text.is_empty() {
                return Ok(Some((Bytes::from(text), (object, decoder))));
            }
        }
    });
    decoding.boxed()
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use futures::TryStreamExt;
    use serde_json::json;

    use super::*;

    async fn read(object: &str, piece: usize) -> Result<String, MemberError> {
        let pieces: Vec<Result<Bytes, Infallible>> =
            object.as_bytes().chunks(piece).map(|chunk| Ok(Bytes::copy_from_slice(chunk))).collect();
        let text: Vec<Bytes> = text(stream::iter(pieces).boxed(), "markdown").try_collect().await?;
        Ok(String::from_utf8(text.concat()).expect("UTF-8"))
    }

    #[tokio::test]
    async fn the_text_is_that_of_a_whole_reader() {
        let text = "# \"Ti\\tle\"\n\tπ €\u{1f600}\u{0}\u{8}\u{c}\r/ {[,:]}";
        let nested = json!({"markdown": "inner", "a": ["markdown", {"b": "}\"\\"}]});
        for object in [
            json!({"markdown": text, "blocks": [{"text": "x"}]}).to_string(),
            json!({"a": nested, "b": "markdown", "c": 1.5e3, "d": null, "markdown": text}).to_string(),
            format!(" {{ \"x\\\"\" : [ ] , \"mark\\u0064own\" : {} }}", json!(text)),
        ] {
            for piece in [1, 2, 3, 7, 4096] {
                assert_eq!(read(&object, piece).await.expect("a text"), text, "{object} by {piece}");
            }
        }
        assert_eq!(read(r#"{"markdown":"\ud83d\ude00\u00e9\/"}"#, 1).await.expect("a text"), "😀é/");
        assert_eq!(read(r#"{"markdown":""}"#, 3).await.expect("a text"), "");
    }

    #[tokio::test]
    async fn what_is_no_such_object_is_an_error() {
        for object in ["", "{}", r#"{"markdown":7}"#, r#"{"other":"markdown"}"#, r#"{"markdown":"cut of"#] {
            assert!(matches!(read(object, 2).await, Err(MemberError::Missing)), "{object}");
        }
        for object in ["[1]", "x", "}", r#"{"markdown":"\x"}"#, r#"{"markdown":"\ud83dx"}"#, r#"{"markdown":"\u00zz"}"#]
        {
            assert!(matches!(read(object, 2).await, Err(MemberError::Malformed)), "{object}");
        }
    }
}
