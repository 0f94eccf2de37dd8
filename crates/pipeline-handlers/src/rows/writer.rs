//! Rows as NDJSON: bounded, counted, digested, the first of them kept.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use millrace_domain::document::RowsRef;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::{HEAD_BYTES, HEAD_ROWS};
use crate::failure::{FailureCode, ParseFailure};
use crate::file;
use crate::limits::ParserLimits;

/// Bytes gathered before they are written.
const BUFFER_BYTES: usize = 256 << 10;

/// Writes rows, one JSON object a line. The file is made by the first of them.
pub struct RowWriter<'a> {
    path: &'a Path,
    file: Option<BufWriter<File>>,
    digest: Sha256,
    limit: u64,
    rows: u64,
    size: u64,
    line: Vec<u8>,
    head: Vec<Map<String, Value>>,
}

impl<'a> RowWriter<'a> {
    /// Writes to this file, which need not exist.
    pub fn new(path: &'a Path, limits: &ParserLimits) -> Self {
        Self {
            path,
            file: None,
            digest: Sha256::new(),
            limit: limits.max_rows_bytes,
            rows: 0,
            size: 0,
            line: Vec::new(),
            head: Vec::new(),
        }
    }

    /// Rows so far.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Writes a row.
    ///
    /// # Errors
    /// `output_too_large`, and `parser_unavailable` when the file cannot be written.
    pub fn push(&mut self, row: &Map<String, Value>) -> Result<(), ParseFailure> {
        self.push_with(|line| serde_json::to_writer(line, row))
    }

    /// Writes a row as JSON text that `write` gives: one object, without line ends.
    ///
    /// # Errors
    /// As [`push`](Self::push).
    pub(crate) fn push_with(
        &mut self,
        write: impl FnOnce(&mut Vec<u8>) -> serde_json::Result<()>,
    ) -> Result<(), ParseFailure> {
        self.line.clear();
        write(&mut self.line).map_err(|error| ParseFailure::unreadable("table", error))?;
        let keeps_head = self.head.len() < HEAD_ROWS && self.head.len() as u64 == self.rows;
        if keeps_head
            && self.size + self.line.len() as u64 <= HEAD_BYTES
            && let Ok(row) = serde_json::from_slice(&self.line)
        {
            self.head.push(row);
        }
        self.line.push(b'\n');
        self.rows += 1;
        self.size += self.line.len() as u64;
        if self.size > self.limit {
            return Err(ParseFailure::new(
                FailureCode::OutputTooLarge,
                format!("the rows are larger than {} bytes", self.limit),
            ));
        }
        self.digest.update(&self.line);
        let file = match &mut self.file {
            Some(file) => file,
            None => {
                let file = File::create(self.path).map_err(|error| file::unavailable(&error))?;
                self.file.insert(BufWriter::with_capacity(BUFFER_BYTES, file))
            }
        };
        file.write_all(&self.line).map_err(|error| file::unavailable(&error))
    }

    /// Ends the file; gives the first rows and the reference to all.
    ///
    /// # Errors
    /// `parser_unavailable` when the file cannot be written.
    pub fn finish(&mut self) -> Result<(Vec<Map<String, Value>>, RowsRef), ParseFailure> {
        if let Some(mut file) = self.file.take() {
            file.flush().map_err(|error| file::unavailable(&error))?;
        }
        let digest = std::mem::take(&mut self.digest).finalize();
        let rows = RowsRef { rows: self.rows, size: self.size, sha256: format!("{digest:x}") };
        Ok((std::mem::take(&mut self.head), rows))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(text: &str) -> Map<String, Value> {
        [("a".to_owned(), Value::from(text))].into_iter().collect()
    }

    #[test]
    fn rows_are_counted_digested_and_the_first_kept() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("rows");
        let mut writer = RowWriter::new(&path, &ParserLimits::default());
        for number in 0..250 {
            writer.push(&row(&number.to_string())).expect("written");
        }
        let (head, reference) = writer.finish().expect("finished");
        let bytes = std::fs::read(&path).expect("rows");
        assert_eq!((head.len(), reference.rows, reference.size), (HEAD_ROWS, 250, bytes.len() as u64));
        assert_eq!(reference.sha256, format!("{:x}", Sha256::digest(&bytes)));
        assert_eq!(String::from_utf8(bytes).expect("text").lines().nth(249), Some(r#"{"a":"249"}"#));
    }

    #[test]
    fn long_rows_do_not_stay_and_too_many_bytes_fail() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("rows");
        let limits = ParserLimits { max_rows_bytes: 300_000, ..ParserLimits::default() };
        let mut writer = RowWriter::new(&path, &limits);
        writer.push(&row("short")).expect("written");
        writer.push(&row(&"x".repeat(290_000))).expect("written");
        // What follows a row that was left out is left out too: the head has no holes.
        writer.push(&row("short")).expect("written");
        assert_eq!(
            writer.push(&row(&"x".repeat(20_000))).map_err(|failure| failure.code),
            Err(FailureCode::OutputTooLarge)
        );
        assert_eq!(writer.finish().expect("finished").0.len(), 1);
    }
}
