//! Starting, stopping, and being refused.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};

use nix::sys::signal::Signal;

use crate::home::{Home, ran, until};

#[test]
fn a_server_starts_is_healthy_and_stops_in_order() {
    let home = Home::new();
    let server = home.serve();
    assert_eq!(server.identity, "requests without credentials act as the local owner (loopback only)");
    server.run(&home, &["healthcheck"]).good().says("ready: 0 tasks wait");
    assert!(home.postgres().is_some());

    // The line that the banner tells people to try.
    let tried = ran(Command::new("sh").args(["-c", &server.attempt])).good();
    assert!(tried.out.contains("\"task_id\":"), "{tried:?}");

    let url = server.url.clone();
    server.signal(Signal::SIGTERM);
    let (status, rest) = server.ended();
    assert_eq!((status.code(), rest.as_str()), (Some(0), "stopped\n"));
    assert_eq!(home.postgres(), None, "Postgres still runs");
    home.run(&["healthcheck", "--url", &url]).bad("no server answers at http://127.0.0.1:");
}

#[test]
fn ctrl_c_stops_in_order_too() {
    let home = Home::new().with("MILLRACE_STORE", "memory");
    let server = home.serve();
    server.signal(Signal::SIGINT);
    assert_eq!(server.ended().0.code(), Some(0));
    assert!(!home.data().exists(), "store=memory wrote a data folder");
}

#[test]
fn a_second_instance_is_refused_and_told_why() {
    let home = Home::new();
    let server = home.serve();
    let refused = home.run(&["serve"]).bad("already uses the data folder");
    assert!(refused.err.contains(&format!("another millrace (process {})", server.pid())), "{refused:?}");
    let address = server.url.strip_prefix("http://").unwrap();
    let other = Home::new().with("MILLRACE_SERVER__BIND", address);
    other.run(&["serve"]).bad(&format!("cannot listen on {address}"));
    server.run(&home, &["healthcheck"]).good();
}

#[test]
fn a_worker_runs_without_http() {
    let home = Home::new();
    let mut worker = home.command(&["worker"]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(worker.stdout.as_mut().unwrap()), &mut line).unwrap();
    assert!(line.starts_with("working on tasks"), "{line}");
    let pid = nix::unistd::Pid::from_raw(worker.id().try_into().unwrap());
    nix::sys::signal::kill(pid, Signal::SIGTERM).unwrap();
    assert_eq!(worker.wait().unwrap().code(), Some(0));
    assert_eq!(home.postgres(), None);
    Home::new().with("MILLRACE_STORE", "memory").run(&["worker"]).bad("store=memory");
}

#[test]
fn what_needs_no_server_needs_none() {
    let home = Home::new();
    home.run(&["openapi"]).good().says("/api/v1/etl/upload_and_submit");
    home.run(&["migrate"]).good().says("applied ");
    home.run(&["migrate"]).good().says("the database schema is up to date");
    let home = home.with("MILLRACE_DATABASE__URL", "postgres://ann:hunter2@db.example/millrace");
    let shown = home.run(&["config"]).good().says("postgres://ann:***@db.example/millrace");
    assert!(!shown.out.contains("hunter2"), "{shown:?}");
    home.with("MILLRACE_QUEUE__MAX_PENDIN", "1").run(&["config"]).bad("MILLRACE_QUEUE__MAX_PENDIN");
}

#[test]
fn whatever_reads_our_output_may_leave() {
    let home = Home::new();
    let binary = env!("CARGO_BIN_EXE_millrace");
    let piped = ran(home.command(&[]).args(["openapi"]).stdout(Stdio::piped()));
    assert!(piped.out.lines().count() > 1000);
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("{{ '{binary}' openapi; echo $? >&2; }} | head -1")]);
    assert_eq!(ran(&mut shell).err, "0\n");
}

#[test]
fn a_second_signal_ends_at_once() {
    let home = Home::new().with("MILLRACE_STORE", "memory");
    let server = home.serve();
    // An upload that never ends holds an orderly stop up.
    let address = server.url.strip_prefix("http://").unwrap();
    let mut upload = TcpStream::connect(address).unwrap();
    let head = "content-type: multipart/form-data; boundary=b\r\ncontent-length: 999\r\nexpect: 100-continue";
    write!(upload, "POST /api/v1/etl/upload HTTP/1.1\r\nhost: {address}\r\n{head}\r\n\r\n").unwrap();
    // The server asks for the body, so the request is being handled.
    let mut answer = [0; 12];
    upload.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 100");
    server.signal(Signal::SIGTERM);
    until("the first signal is noticed", || server.log().contains("a second signal ends at once"));
    server.signal(Signal::SIGTERM);
    let (status, rest) = server.ended();
    assert_eq!((status.code(), rest.as_str()), (Some(130), ""));
}

#[test]
fn whoever_waits_for_a_task_does_not_hold_the_stop_up() {
    let home = Home::new().with("MILLRACE_STORE", "memory").with("MILLRACE_SERVER__MAX_WAIT_SECONDS", "50");
    let file = home.file("a.txt", "a");
    let server = home.serve();
    server.run(&home, &["upload", file.to_str().unwrap(), "--wait"]).good();
    let address = server.url.strip_prefix("http://").unwrap();
    let get = |line: &str| {
        let mut stream = TcpStream::connect(address).unwrap();
        write!(stream, "GET /api/v1/etl/tasks/1{line}\r\nhost: {address}\r\n\r\n").unwrap();
        stream
    };
    let mut known = String::new();
    get(" HTTP/1.1\r\nconnection: close").read_to_string(&mut known).unwrap();
    let header = known.lines().find(|line| line.to_lowercase().starts_with("etag:"));
    let (_, tag) = header.unwrap_or_else(|| panic!("{known}")).split_once(": ").unwrap();
    // Waits for a change of a task that has ended.
    let mut waiter = get(&format!("?wait=50 HTTP/1.1\r\nif-none-match: {tag}"));
    // A request on another connection is answered, so the one before it is being handled.
    server.run(&home, &["healthcheck"]).good();
    let begun = std::time::Instant::now();
    server.signal(Signal::SIGTERM);
    let mut answer = [0; 12];
    waiter.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 304");
    drop(waiter);
    assert_eq!(server.ended().0.code(), Some(0));
    assert!(begun.elapsed().as_secs() < 20, "it took {:?}", begun.elapsed());
}
