//! Uploads, well-formed and not.

use reqwest::RequestBuilder;

use super::Client;

const BOUNDARY: &str = "----millrace7MA4YWxk";

/// A multipart body, written by hand so that tests can send what no library would.
#[derive(Debug, Clone, Default)]
pub struct Form {
    body: Vec<u8>,
}

impl Form {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// One that begins with the project.
    pub fn of(project: i64) -> Self {
        Self::new().field("project_id", project)
    }

    /// Adds a text field.
    #[must_use]
    pub fn field(self, name: &str, value: impl ToString) -> Self {
        self.part(&format!("name=\"{name}\""), value.to_string().as_bytes())
    }

    /// Adds a file to `files`.
    #[must_use]
    pub fn file(self, filename: &str, content: impl AsRef<[u8]>) -> Self {
        self.part(&format!("name=\"files\"; filename=\"{filename}\""), content.as_ref())
    }

    /// Adds a file with a relative path.
    #[must_use]
    pub fn file_at(self, path: &str, content: impl AsRef<[u8]>) -> Self {
        let name = path.rsplit('/').next().unwrap_or(path);
        self.field("paths", path).file(name, content)
    }

    /// Adds any part.
    #[must_use]
    pub fn part(mut self, disposition: &str, content: &[u8]) -> Self {
        let head = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; {disposition}\r\n\r\n");
        self.body.extend_from_slice(head.as_bytes());
        self.body.extend_from_slice(content);
        self.body.extend_from_slice(b"\r\n");
        self
    }

    /// The body.
    pub fn bytes(mut self) -> Vec<u8> {
        self.body.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
        self.body
    }

    /// The request.
    pub fn post(self, client: &Client, path: &str) -> RequestBuilder {
        post_bytes(client, path, self.bytes())
    }
}

/// Posts bytes as a multipart body, whatever they are.
pub fn post_bytes(client: &Client, path: &str, body: Vec<u8>) -> RequestBuilder {
    let kind = format!("multipart/form-data; boundary={BOUNDARY}");
    client.request("POST", path).header("content-type", kind).body(body)
}
