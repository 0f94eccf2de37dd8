//! Frames between the server and a parser process: a length of four bytes (little endian), then so many bytes.
//!
//! A request is one frame of JSON ([`Request`]), followed by one frame of file bytes when it carries them inline.
//! A response is one frame of JSON ([`ResponseHead`]), followed by one frame of payload: what the request's [`Work`] is
//! said to give, or a failure.

use std::io::{self, Read, Write};
use std::path::PathBuf;

use millrace_domain::parse_options::ParseOptions;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::engine::remote::form::AnswerForm;
use crate::limits::ParserLimits;
use crate::render::RenderPage;

/// Longest frame of JSON head, in bytes.
pub(super) const HEAD_LIMIT: u64 = 64 << 10;

/// What is to be done with a file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Work {
    /// Parse it with the built-in parser of its format; gives a parsed document as JSON.
    Parse {
        /// What was asked for.
        options: ParseOptions,
        /// Where rows go that are too many for a document; `None` when all of them must stand in it.
        rows: Option<PathBuf>,
    },
    /// Make a picture of one of its pages; gives a [`PageImage`](crate::render::PageImage) in its own encoding.
    Render(RenderPage),
    /// Read it as the answer of a remote parser; gives a parsed document as JSON.
    Answer(AnswerForm),
}

/// One file to work on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Request {
    /// Original name, which breaks ties among kinds of text.
    pub filename: String,
    /// The file; `None` when its bytes follow in a frame.
    pub path: Option<PathBuf>,
    /// Limits to keep.
    pub limits: ParserLimits,
    /// What to do.
    pub work: Work,
}

/// What the payload of a response is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Outcome {
    /// What the request asked for.
    Done,
    /// A [`ParseFailure`](crate::failure::ParseFailure) as JSON.
    Failure,
}

/// Precedes every payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ResponseHead {
    /// What follows.
    pub outcome: Outcome,
    /// The child asks to be replaced: it has grown, or a parser panicked in it.
    pub retire: bool,
}

/// Reads a frame; `None` at the end of the stream between frames.
pub(super) fn read_frame(input: &mut impl Read, limit: u64) -> io::Result<Option<Vec<u8>>> {
    let mut length = [0_u8; 4];
    match input.read_exact(&mut length) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error),
    }
    let mut frame = vec![0_u8; checked_length(length, limit)?];
    input.read_exact(&mut frame)?;
    Ok(Some(frame))
}

/// Writes a frame.
pub(super) fn write_frame(output: &mut impl Write, frame: &[u8]) -> io::Result<()> {
    output.write_all(&length_of(frame)?)?;
    output.write_all(frame)
}

/// Reads a frame.
pub(super) async fn receive(input: &mut (impl AsyncRead + Unpin), limit: u64) -> io::Result<Vec<u8>> {
    let mut length = [0_u8; 4];
    input.read_exact(&mut length).await?;
    let mut frame = vec![0_u8; checked_length(length, limit)?];
    input.read_exact(&mut frame).await?;
    Ok(frame)
}

/// Writes a frame.
pub(super) async fn send(output: &mut (impl AsyncWrite + Unpin), frame: &[u8]) -> io::Result<()> {
    output.write_all(&length_of(frame)?).await?;
    output.write_all(frame).await
}

fn length_of(frame: &[u8]) -> io::Result<[u8; 4]> {
    u32::try_from(frame.len()).map(u32::to_le_bytes).map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))
}

fn checked_length(length: [u8; 4], limit: u64) -> io::Result<usize> {
    let length = u32::from_le_bytes(length);
    if u64::from(length) > limit {
        return Err(io::Error::new(io::ErrorKind::InvalidData, format!("a frame of {length} bytes is over {limit}")));
    }
    usize::try_from(length).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_read_back_and_stay_bounded() {
        let mut wire = Vec::new();
        write_frame(&mut wire, b"one").expect("written");
        write_frame(&mut wire, b"").expect("written");
        let mut input = wire.as_slice();
        assert_eq!(read_frame(&mut input, 3).expect("read").as_deref(), Some(&b"one"[..]));
        assert_eq!(read_frame(&mut input, 3).expect("read").as_deref(), Some(&b""[..]));
        assert_eq!(read_frame(&mut input, 3).expect("end"), None);
        assert!(read_frame(&mut wire.as_slice(), 2).is_err());
        assert!(read_frame(&mut &wire[..5], 3).is_err());
    }
}
