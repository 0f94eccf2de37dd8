//! Text of a large file as UTF-8, piece by piece.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::rc::Rc;

use encoding_rs::{CoderResult, Decoder, Encoding, UTF_8};

use crate::encoding::{self, Decoded};
use crate::failure::ParseFailure;
use crate::file;

/// Bytes read at a time, and looked at to guess an encoding.
const PIECE_BYTES: usize = 256 << 10;

/// How the text of a large file is encoded.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LargeText {
    encoding: &'static Encoding,
    /// Length of the byte order mark.
    mark: u64,
}

impl LargeText {
    /// Tells the encoding as [`encoding::decode`] does for small files, except that statistics see the first piece only
    /// that is no UTF-8. `None` for UTF-32, which only small files are read from.
    ///
    /// # Errors
    /// `parser_unavailable` when the file cannot be read.
    pub(crate) fn of(mut file: &File) -> Result<Option<Self>, ParseFailure> {
        let unavailable = |error: io::Error| file::unavailable(&error);
        file.seek(SeekFrom::Start(0)).map_err(unavailable)?;
        let mut piece = Vec::with_capacity(PIECE_BYTES);
        fill(file, &mut piece).map_err(unavailable)?;
        if encoding::is_utf32(&piece) {
            return Ok(None);
        }
        if let Some((encoding, mark)) = Encoding::for_bom(&piece) {
            return Ok(Some(Self { encoding, mark: mark as u64 }));
        }
        if let Some(encoding) = encoding::utf16_without_mark(&piece) {
            return Ok(Some(Self { encoding, mark: 0 }));
        }
        loop {
            let valid = match std::str::from_utf8(&piece) {
                Ok(_) => piece.len(),
                // A character that the end of the piece cuts.
                Err(error) if error.error_len().is_none() => error.valid_up_to(),
                Err(error) => {
                    let line =
                        piece[..error.valid_up_to()].iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
                    piece.drain(..line);
                    fill(file, &mut piece).map_err(unavailable)?;
                    // The last line may end in half a character.
                    let end = piece.iter().rposition(|byte| *byte == b'\n').map_or(piece.len(), |at| at + 1);
                    return Ok(Some(Self { encoding: encoding::guess(&piece[..end]), mark: 0 }));
                }
            };
            // Half a character at the very end of the file is replaced, as any other that is not whole.
            piece.drain(..valid);
            if fill(file, &mut piece).map_err(unavailable)? == 0 {
                return Ok(Some(Self { encoding: UTF_8, mark: 0 }));
            }
        }
    }

    /// Reads the text from its start.
    ///
    /// # Errors
    /// `parser_unavailable` when the file cannot be read.
    pub(crate) fn reader(self, mut file: &File) -> Result<TextReader<'_>, ParseFailure> {
        file.seek(SeekFrom::Start(self.mark)).map_err(|error| file::unavailable(&error))?;
        Ok(TextReader {
            file,
            decoder: self.encoding.new_decoder_without_bom_handling(),
            input: vec![0; PIECE_BYTES],
            start: 0,
            end: 0,
            // What it has room for is what is decoded at a time.
            text: String::with_capacity(PIECE_BYTES),
            text_at: 0,
            at_end: false,
            finished: false,
            lossy: false,
            allowance: None,
        })
    }

    /// What the reader should know about the decoding.
    pub(crate) fn warnings(self, lossy: bool) -> Vec<String> {
        Decoded { text: String::new(), encoding: self.encoding.name(), lossy }.warnings()
    }
}

/// Reads until the buffer is full or the file ends; gives how many bytes came.
fn fill(file: &File, buffer: &mut Vec<u8>) -> io::Result<usize> {
    file.take(PIECE_BYTES.saturating_sub(buffer.len()) as u64).read_to_end(buffer)
}

/// Text of a file as UTF-8.
pub(crate) struct TextReader<'a> {
    file: &'a File,
    decoder: Decoder,
    input: Vec<u8>,
    start: usize,
    end: usize,
    /// Decoded text, handed out up to `text_at`.
    text: String,
    text_at: usize,
    at_end: bool,
    finished: bool,
    lossy: bool,
    allowance: Option<Allowance>,
}

/// Bytes that a reader may still give before somebody says that a record has ended.
#[derive(Debug, Clone)]
pub(crate) struct Allowance {
    left: Rc<Cell<u64>>,
    most: u64,
}

impl Allowance {
    /// So many bytes a record, and never less than one piece.
    pub(crate) fn new(most: u64) -> Self {
        let most = most.max(PIECE_BYTES as u64);
        Self { left: Rc::new(Cell::new(most)), most }
    }

    /// A record has ended.
    pub(crate) fn renew(&self) {
        self.left.set(self.most);
    }
}

impl TextReader<'_> {
    /// Fails once more bytes were read than a record may have: a quote that nobody closes must not fill the memory.
    pub(crate) fn limited(self, allowance: Allowance) -> Self {
        Self { allowance: Some(allowance), ..self }
    }

    /// Whether some bytes could not be decoded so far.
    pub(crate) fn is_lossy(&self) -> bool {
        self.lossy
    }
}

impl TextReader<'_> {
    /// Decodes the next piece; leaves none at the end of the file.
    fn decode(&mut self) -> io::Result<()> {
        self.text_at = 0;
        self.text.clear();
        while self.text.is_empty() && !self.finished {
            if self.start == self.end && !self.at_end {
                self.start = 0;
                self.end = self.file.read(&mut self.input)?;
                self.at_end = self.end == 0;
            }
            let input = &self.input[self.start..self.end];
            let (result, read, had_errors) = self.decoder.decode_to_string(input, &mut self.text, self.at_end);
            self.start += read;
            self.lossy |= had_errors;
            // A decoder that has seen the end must not be asked again.
            self.finished = self.at_end && result == CoderResult::InputEmpty;
        }
        Ok(())
    }
}

impl Read for TextReader<'_> {
    fn read(&mut self, output: &mut [u8]) -> io::Result<usize> {
        let allowed = self.allowance.as_ref().map_or(u64::MAX, |allowance| allowance.left.get());
        if allowed == 0 {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a record is too long"));
        }
        if self.text_at == self.text.len() {
            self.decode()?;
        }
        let text = &self.text.as_bytes()[self.text_at..];
        let length = text.len().min(output.len());
        output[..length].copy_from_slice(&text[..length]);
        self.text_at += length;
        if let Some(allowance) = &self.allowance {
            allowance.left.set(allowed.saturating_sub(length as u64));
        }
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[track_caller]
    fn check(bytes: &[u8], text: &str, warnings: &[&str]) {
        let mut file = tempfile::tempfile().expect("a file");
        file.write_all(bytes).expect("written");
        let large = LargeText::of(&file).expect("readable").expect("not UTF-32");
        let mut reader = large.reader(&file).expect("a reader");
        let mut read = String::new();
        reader.read_to_string(&mut read).expect("text");
        assert!(read == text, "{} of {} bytes", read.len(), text.len());
        assert_eq!(large.warnings(reader.is_lossy()), warnings);
    }

    #[test]
    fn large_files_decode_as_small_ones_do() {
        let filler = "plain line\n".repeat(60_000);
        for (tail, encoding) in [("数据,处理,平台\n北京,上海,广州\n", encoding_rs::GB18030), ("", UTF_8)] {
            let text = format!("{filler}{tail}{filler}");
            let (bytes, _, _) = encoding.encode(&text);
            let warnings = if tail.is_empty() { vec![] } else { vec!["decoded from gb18030"] };
            check(&bytes, &text, &warnings);
        }
        // Three bytes a character, so that every piece ends within one.
        let text = "字".repeat(200_000);
        check(text.as_bytes(), &text, &[]);
        let marked = [b"\xEF\xBB\xBF", text.as_bytes()].concat();
        check(&marked, &text, &[]);
        let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        check(&[b"\xFF\xFE", wide.as_slice()].concat(), &text, &["decoded from UTF-16LE"]);
        check(b"\xEF\xBB\xBFa\xFFb", "a\u{FFFD}b", &["some bytes are not valid UTF-8 and were replaced"]);
        check(b"cut \xE5\xAD", "cut \u{FFFD}", &["some bytes are not valid UTF-8 and were replaced"]);
    }

    #[test]
    fn a_record_has_an_end() {
        let mut file = tempfile::tempfile().expect("a file");
        file.write_all(&[b'x'; 1_000_000]).expect("written");
        let large = LargeText::of(&file).expect("readable").expect("not UTF-32");
        let allowance = Allowance::new(100_000);
        let mut reader = large.reader(&file).expect("a reader").limited(allowance.clone());
        let error = reader.read_to_string(&mut String::new()).expect_err("too long");
        assert_eq!(error.to_string(), "a record is too long");
        allowance.renew();
        assert!(reader.read(&mut [0; 10]).is_ok());
    }
}
