//! Archives in a form that can be mutated. A bit changed in compressed data is only ever a wrong checksum, so seeds are
//! kept unpacked: a line `@@ name`, then the bytes of that entry up to the next such line.

use std::io::{Cursor, Write as _};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

const MARK: &[u8] = b"@@ ";

/// Names and bytes of the entries of a plain form; none when it is something else.
pub fn entries(data: &[u8]) -> Vec<(&str, &[u8])> {
    let mut found: Vec<(&str, &[u8])> = Vec::new();
    let mut rest = data;
    while let Some(line) = rest.strip_prefix(MARK) {
        let Some(end) = line.iter().position(|byte| *byte == b'\n') else { break };
        let Ok(name) = std::str::from_utf8(&line[..end]) else { break };
        let body = &line[end + 1..];
        let next = body.windows(4).position(|window| window == b"\n@@ ");
        found.push((name, &body[..next.unwrap_or(body.len())]));
        rest = next.map_or(&[], |next| &body[next + 1..]);
    }
    found
}

/// The archive of a plain form; any other bytes as they are.
pub fn to_zip(data: &[u8]) -> Vec<u8> {
    let entries = entries(data);
    if entries.is_empty() {
        return data.to_vec();
    }
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for (name, content) in entries {
        // Two entries of one name are refused by the writer.
        if writer.start_file(name, options).is_ok() {
            writer.write_all(content).expect("memory takes all bytes");
        }
    }
    writer.finish().map(Cursor::into_inner).unwrap_or_default()
}
