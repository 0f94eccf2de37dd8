//! Multipart bodies, written by hand: the load generator shares the processors with the server.

use std::io::Write as _;
use std::net::SocketAddr;

use anyhow::Result;

use crate::connection::post_head;

/// Where a single request uploads and submits.
pub const UPLOAD_AND_SUBMIT: &str = "/api/v1/etl/upload_and_submit";
/// What separates the parts. No body contains it.
const BOUNDARY: &str = "millrace-bench-boundary";
/// Size of the text files.
const TEXT_BYTES: usize = 1024;
const LINE: &[u8] = b"The quick brown fox jumps over the lazy dog, and nothing acknowledged is ever lost.\n";

/// A multipart body in the making.
pub struct UploadForm(Vec<u8>);

impl UploadForm {
    /// For files of this project.
    pub fn new(project: u64) -> Self {
        let mut form = Self(Vec::with_capacity(4096));
        form.field("project_id", &project.to_string());
        form
    }

    /// Adds a text field.
    pub fn field(&mut self, name: &str, value: &str) {
        let part = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        self.0.extend_from_slice(part.as_bytes());
    }

    /// Begins a file; its bytes follow.
    pub fn begin_file(&mut self, name: &str) {
        let head = format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"files\"; filename=\"{name}\"\r\n\
             Content-Type: application/octet-stream\r\n\r\n"
        );
        self.0.extend_from_slice(head.as_bytes());
    }

    /// Adds a file.
    pub fn file(&mut self, name: &str, bytes: &[u8]) {
        self.begin_file(name);
        self.0.extend_from_slice(bytes);
        self.0.extend_from_slice(b"\r\n");
    }

    /// Adds a text file of 1 KB that no other number has.
    ///
    /// # Errors
    /// Never in practice: memory is written.
    pub fn text_file(&mut self, number: u32) -> Result<()> {
        self.begin_file(&format!("note-{number:08}.txt"));
        let begun = self.0.len();
        writeln!(self.0, "note number {number}")?;
        while self.0.len() < begun + TEXT_BYTES {
            let left = begun + TEXT_BYTES - self.0.len();
            self.0.extend_from_slice(&LINE[..left.min(LINE.len())]);
        }
        self.0.extend_from_slice(b"\r\n");
        Ok(())
    }

    /// What comes after the last byte of the last file.
    pub fn end() -> Vec<u8> {
        format!("\r\n--{BOUNDARY}--\r\n").into_bytes()
    }

    /// The head of the request and the body up to here; `rest` bytes of body follow.
    pub fn begin_request(self, address: SocketAddr, path: &str, rest: usize) -> Vec<u8> {
        let media_type = format!("multipart/form-data; boundary={BOUNDARY}");
        let mut request = post_head(address, path, &media_type, self.0.len() + rest);
        request.extend_from_slice(&self.0);
        request
    }

    /// The whole request.
    pub fn into_request(mut self, address: SocketAddr, path: &str) -> Vec<u8> {
        self.0.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
        self.begin_request(address, path, 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_file_has_its_size_and_its_number() {
        let body = |number| {
            let mut form = UploadForm::new(7);
            let before = form.0.len();
            form.text_file(number).unwrap();
            String::from_utf8(form.0.split_off(before)).unwrap()
        };
        let text = body(42);
        let (_, content) = text.split_once("\r\n\r\n").unwrap();
        assert_eq!(content.trim_end_matches("\r\n").len(), TEXT_BYTES);
        assert!(content.starts_with("note number 42\n") && text.contains("filename=\"note-00000042.txt\""));
        assert_ne!(body(1), body(2));
    }
}
