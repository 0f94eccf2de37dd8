//! A cheap HTTP/1.1 client: bytes made beforehand go out over one kept connection, and of the answer only the status and
//! the length are looked at. A full client would take more of the shared processors than some of the handlers it calls.

use std::net::SocketAddr;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// One connection, used for one request after the other.
pub struct Connection {
    address: SocketAddr,
    stream: TcpStream,
    received: Vec<u8>,
}

/// An answer.
pub struct Answer<'a> {
    /// The status code.
    pub status: u16,
    /// The body.
    pub body: &'a [u8],
}

impl Answer<'_> {
    /// The body as JSON.
    ///
    /// # Errors
    /// When the status is another one than expected, or the body is no JSON.
    pub fn json(&self, expected: u16) -> Result<Value> {
        ensure!(self.status == expected, "{} instead of {expected}: {}", self.status, self.text());
        Ok(serde_json::from_slice(self.body)?)
    }

    /// The body as text, for messages.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(self.body).into_owned()
    }
}

/// The bytes of a GET request.
pub fn get_request(address: SocketAddr, path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n").into_bytes()
}

/// The head of a POST request whose body has `length` bytes.
pub fn post_head(address: SocketAddr, path: &str, media_type: &str, length: usize) -> Vec<u8> {
    format!("POST {path} HTTP/1.1\r\nHost: {address}\r\nContent-Type: {media_type}\r\nContent-Length: {length}\r\n\r\n")
        .into_bytes()
}

impl Connection {
    /// Connects.
    ///
    /// # Errors
    /// When nobody listens.
    pub async fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await.with_context(|| format!("nobody listens on {address}"))?;
        stream.set_nodelay(true)?;
        Ok(Self { address, stream, received: Vec::with_capacity(64 * 1024) })
    }

    /// Sends a whole request and reads its answer.
    ///
    /// # Errors
    /// When the connection breaks.
    pub async fn send(&mut self, request: &[u8]) -> Result<Answer<'_>> {
        self.write(request).await?;
        self.answer().await
    }

    /// Sends a part of a request.
    ///
    /// # Errors
    /// When the connection breaks.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.stream.write_all(bytes).await.context("the server closed the connection while it was sent a request")
    }

    /// Reads the next answer.
    ///
    /// # Errors
    /// When the connection breaks, or the answer has no length.
    pub async fn answer(&mut self) -> Result<Answer<'_>> {
        self.received.clear();
        let head = loop {
            if let Some(head) = Head::parse(&self.received)? {
                break head;
            }
            self.read().await?;
        };
        while self.received.len() < head.end + head.length {
            self.read().await?;
        }
        Ok(Answer { status: head.status, body: &self.received[head.end..head.end + head.length] })
    }

    async fn read(&mut self) -> Result<()> {
        let count = self.stream.read_buf(&mut self.received).await?;
        ensure!(count > 0, "the server closed the connection instead of answering");
        Ok(())
    }

    /// The JSON at a path.
    ///
    /// # Errors
    /// When the answer is not 200.
    pub async fn get(&mut self, path: &str) -> Result<Value> {
        let request = get_request(self.address, path);
        self.send(&request).await?.json(200).with_context(|| format!("GET {path}"))
    }

    /// Posts JSON and returns the answer's.
    ///
    /// # Errors
    /// When the answer is not 201.
    pub async fn create(&mut self, path: &str, body: &Value) -> Result<Value> {
        let body = body.to_string();
        let mut request = post_head(self.address, path, "application/json", body.len());
        request.extend_from_slice(body.as_bytes());
        self.send(&request).await?.json(201).with_context(|| format!("POST {path}"))
    }
}

/// What matters of an answer's head.
#[derive(Debug, PartialEq, Eq)]
struct Head {
    status: u16,
    length: usize,
    /// Where the body begins.
    end: usize,
}

impl Head {
    /// `None` until the head is whole.
    fn parse(received: &[u8]) -> Result<Option<Self>> {
        let Some(end) = received.windows(4).position(|bytes| bytes == b"\r\n\r\n") else { return Ok(None) };
        let text = std::str::from_utf8(&received[..end])?;
        let status = text.get(9..12).context("no status line")?.parse()?;
        let length = text.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length").then_some(value.trim())
        });
        let Some(length) = length else { bail!("an answer without Content-Length: {text}") };
        Ok(Some(Self { status, length: length.parse()?, end: end + 4 }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_once_it_is_whole() {
        let text = b"HTTP/1.1 202 Accepted\r\ncontent-length: 12\r\nx: y\r\n\r\n{";
        for end in 0..text.len() - 1 {
            assert_eq!(Head::parse(&text[..end]).unwrap(), None, "{end}");
        }
        assert_eq!(Head::parse(text).unwrap(), Some(Head { status: 202, length: 12, end: text.len() - 1 }));
        assert!(Head::parse(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").is_err());
    }
}
