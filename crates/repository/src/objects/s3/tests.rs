//! The S3 store against a real server process.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path as FilePath;
use std::process::{Child, Command, Stdio};

use bytes::Bytes;
use millrace_domain::ports::{ObjectError, ObjectStore as _};

use super::{S3ObjectStore, S3Options, writer};
use crate::objects::{open, testing};

/// An S3 server process of one test, with one bucket.
struct Server {
    process: Child,
    address: String,
}

impl Server {
    fn start() -> Self {
        let script = FilePath::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/s3-server.sh");
        let mut process = Command::new(script).stderr(Stdio::piped()).spawn().expect("the script starts");
        let mut lines = BufReader::new(process.stderr.take().expect("standard error")).lines();
        let mut seen = Vec::new();
        let address = loop {
            let Some(line) = lines.next() else { panic!("no S3 server: {}", seen.join("\n")) };
            let line = line.expect("a line");
            if let Some((_, address)) = line.split_once("Running on http://") {
                break address.trim().to_owned();
            }
            seen.push(line);
        };
        // The server logs every request; a full pipe would stop it.
        std::thread::spawn(move || lines.for_each(drop));
        let server = Self { process, address };
        assert!(server.request("PUT", "/bucket").starts_with("HTTP/1.1 200"));
        server
    }

    /// Plain HTTP, without the code under test.
    fn request(&self, method: &str, path: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).expect("connected");
        let head =
            format!("{method} {path} HTTP/1.1\r\nhost: {}\r\ncontent-length: 0\r\nconnection: close\r\n", self.address);
        // The server finds the service in the credential scope.
        let scope = "authorization: AWS4-HMAC-SHA256 Credential=id/20260101/us-east-1/s3/aws4_request\r\n\r\n";
        stream.write_all(format!("{head}{scope}").as_bytes()).expect("sent");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).expect("an answer");
        String::from_utf8_lossy(&answer).into_owned()
    }

    fn options(&self) -> S3Options {
        S3Options {
            endpoint: Some(format!("http://{}", self.address)),
            access_key_id: Some("id".to_owned()),
            secret_access_key: Some("secret".to_owned()),
            allow_http: true,
            ..S3Options::default()
        }
    }

    fn unfinished_uploads(&self) -> usize {
        let answer = self.request("GET", "/bucket?uploads");
        assert!(answer.contains("ListMultipartUploadsResult"), "{answer}");
        answer.matches("<UploadId>").count()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.process.kill().expect("killed");
        self.process.wait().expect("gone");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn s3_keeps_the_contract_with_and_without_a_prefix() {
    let server = Server::start();
    assert!(server.request("PUT", "/other").starts_with("HTTP/1.1 200"));
    for location in ["s3://bucket/some/prefix", "s3://other"] {
        let store = open(location, &server.options()).expect("a store");
        if let Err(error) = testing::contract(&*store).await {
            panic!("{location}: {error:#}");
        }
    }
    assert!(server.request("HEAD", "/bucket/some/prefix/put/abc").starts_with("HTTP/1.1 200"), "below the prefix");
    assert!(server.request("HEAD", "/other/put/abc").starts_with("HTTP/1.1 200"));
}

#[tokio::test(flavor = "multi_thread")]
async fn uploads_that_are_given_up_leave_no_parts() {
    let server = Server::start();
    let store = S3ObjectStore::open("bucket", "", &server.options()).expect("a store");
    let mut writers = Vec::new();
    for n in 0..2 {
        let mut writer = store.writer(&format!("large/{n}")).await.expect("a writer");
        writer.write(Bytes::from(vec![7; 2 * writer::PART + 1])).await.expect("written");
        writers.push(writer);
    }
    assert_eq!(server.unfinished_uploads(), 2);
    writers.pop().expect("one").abort().await;
    assert_eq!(server.unfinished_uploads(), 1);
    drop(writers);
    store.settle().await;
    assert_eq!(server.unfinished_uploads(), 0);

    let mut small = store.writer("small").await.expect("a writer");
    small.write(Bytes::from(vec![7; writer::PART])).await.expect("written");
    assert_eq!(server.unfinished_uploads(), 0, "one part is one request");
    assert_eq!(small.finish().await.expect("finished").size, writer::PART as u64);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_bucket_is_no_missing_object() {
    let server = Server::start();
    let store = S3ObjectStore::open("nowhere", "", &server.options()).expect("a store");
    assert!(matches!(store.check().await, Err(ObjectError::Unavailable(_))));
    assert!(matches!(store.put("a", Bytes::from_static(b"x")).await, Err(ObjectError::Unavailable(_))));
    let mut writer = store.writer("a").await.expect("a writer");
    writer.write(Bytes::from_static(b"x")).await.expect("buffered");
    assert!(matches!(writer.finish().await, Err(ObjectError::Unavailable(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_overwritten_while_it_streams_is_an_error() {
    use futures::StreamExt as _;
    let server = Server::start();
    let store = S3ObjectStore::open("bucket", "", &server.options()).expect("a store");
    store.put("a", Bytes::from(vec![1; 5 * 1024 * 1024])).await.expect("stored");
    let mut chunks = store.stream("a").await.expect("a stream");
    assert!(chunks.next().await.is_some_and(|chunk| chunk.is_ok()));
    store.put("a", Bytes::from(vec![2; 5 * 1024 * 1024])).await.expect("stored");
    assert!(matches!(chunks.next().await, Some(Err(ObjectError::Unavailable(_)))));
}
