//! Real connections: clients that go away, and clients that send too much.

use actix_web::HttpServer;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::app::{Caller, Form, Options, TestApi};

/// A server on a free port of loopback.
fn serve(api: &TestApi) -> std::net::SocketAddr {
    let state = api.api.clone();
    let server = HttpServer::new(move || millrace_api::app(state.clone())).workers(1).disable_signals();
    let server = server.bind(("127.0.0.1", 0)).expect("a free port");
    let address = server.addrs()[0];
    actix_web::rt::spawn(server.run());
    address
}

fn head(caller: &Caller, length: usize) -> String {
    format!(
        "POST /api/v1/etl/upload_and_submit HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\
         Content-Type: multipart/form-data; boundary=----boundary7MA4YWxk\r\nContent-Length: {length}\r\n\r\n",
        caller.key
    )
}

#[actix_web::test]
async fn a_client_that_goes_away_leaves_nothing() {
    let api = TestApi::new().await;
    let caller = api.caller("a").await;
    let project = api.project(&caller).await;
    let address = serve(&api);
    let form = Form::new().field("project_id", project);
    let form = form.file("files", "small.txt", "x").file("files", "large.bin", vec![7; 150_000]);
    let body = form.file("files", "last.bin", vec![7; 150_000]).bytes();

    let mut connection = TcpStream::connect(address).await.expect("a connection");
    connection.write_all(head(&caller, body.len()).as_bytes()).await.expect("sent");
    // Up to the middle of the last file: two are stored, one is being written.
    connection.write_all(&body[..body.len() - 50_000]).await.expect("sent");
    while api.keys().await.len() < 2 {
        tokio::task::yield_now().await;
    }
    drop(connection);
    while !api.keys().await.is_empty() {
        tokio::task::yield_now().await;
    }
    let tasks = api.get(&caller, "/api/v1/etl/tasks").await.expect(200);
    assert_eq!(tasks["tasks"].as_array().map(Vec::len), Some(0));
}

#[actix_web::test]
async fn a_body_that_is_too_large_is_refused_by_its_length() {
    let mut options = Options::default();
    options.limits.max_request_bytes = 1000;
    let api = TestApi::with(options).await;
    let caller = api.caller("a").await;
    let address = serve(&api);
    let mut connection = TcpStream::connect(address).await.expect("a connection");
    // The client waits for the answer before it sends the body, as with `Expect: 100-continue`.
    connection.write_all(head(&caller, 5_000_000_000).as_bytes()).await.expect("sent");
    let mut answer = Vec::new();
    connection.read_to_end(&mut answer).await.expect("an answer, then the end");
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    assert!(answer.contains("\"code\":\"request_too_large\""), "{answer}");
}

#[actix_web::test]
async fn a_refusal_in_mid_body_reaches_the_client() {
    let api = TestApi::new().await;
    let caller = api.caller("a").await;
    let address = serve(&api);
    let form = Form::new().field("project_id", 987_654).file("files", "a.bin", vec![7; 2_000_000]);
    let body = form.bytes();
    let mut connection = TcpStream::connect(address).await.expect("a connection");
    connection.write_all(head(&caller, body.len()).as_bytes()).await.expect("sent");
    // The project is refused at the first file; the client goes on sending all the same.
    let (mut reader, mut writer) = connection.split();
    let send = async { writer.write_all(&body).await };
    let read = async {
        let mut answer = vec![0; 4096];
        let length = reader.read(&mut answer).await.unwrap_or_default();
        String::from_utf8_lossy(&answer[..length]).into_owned()
    };
    let (_, answer) = futures::join!(send, read);
    assert!(answer.contains("\"code\":\"project_not_found\""), "{answer:?}");
}
