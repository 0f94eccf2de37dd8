//! Files go in, their JSON comes out.

use std::fs;

use serde_json::Value;

use crate::home::{Home, Server};

fn documents(home: &Home) {
    home.file("docs/readme.md", "# Hello\n\nworld\n");
    home.file("docs/2026/customers.csv", "id,name\n00017,Mill\n");
    home.file("docs/2026/合同 \"a\".txt", "第一条");
    home.file("docs/page.html", "<h1>Title</h1><p>Text</p>");
    home.file("docs/.hidden", "not this one");
}

fn table(server: &Server, home: &Home, name: &str) -> Value {
    serde_json::from_str(&server.run(home, &["table", name]).good().out).unwrap()
}

#[test]
fn a_folder_becomes_a_table() {
    let home = Home::new();
    documents(&home);
    let server = home.serve();
    let done = server.run(&home, &["upload", "docs", "--wait", "--table", "demo"]).good();
    let done = done.says("4 of 4 files completed").says("docs/2026/customers.csv").says("docs/2026/合同 \"a\".txt");
    assert!(done.err.contains("1 hidden files and folders are left out"), "{done:?}");

    let data = table(&server, &home, "demo");
    let mounted: Vec<&Value> = data.as_object().unwrap().values().collect();
    assert_eq!(mounted.len(), 4, "{data}");
    let names: Vec<_> = mounted.iter().map(|value| value["filename"].as_str().unwrap()).collect();
    assert!(names.contains(&"合同 \"a\".txt"), "{names:?}");
    let customers = mounted.iter().find(|value| value["filename"] == "customers.csv").unwrap();
    assert_eq!(customers["rows"][0]["id"], "00017");

    let key = data.as_object().unwrap().keys().find(|key| key.starts_with("customers-")).unwrap();
    let one = server.run(&home, &["table", "demo", "--pointer", &format!("/{key}/rows/0/name")]).good();
    assert_eq!(one.out, "\"Mill\"\n");
    server.run(&home, &["table", "demo", "--pointer", "/nothing"]).bad("nothing is at this pointer");
    server.run(&home, &["table", "other"]).bad("there is no table 'other'");

    server.run(&home, &["tasks"]).good().says("docs/readme.md").says("completed");
    server.run(&home, &["tasks", "--status", "failed"]).good().says("no tasks");
    server.run(&home, &["tasks", "--project", "default", "--limit", "2"]).good();
    server.run(&home, &["tasks", "--status", "bogus"]).bad("a status is one of");

    // The same files again are the same members.
    server.run(&home, &["upload", "docs", "--wait", "--table", "demo"]).good();
    assert_eq!(table(&server, &home, "demo"), data);
}

#[test]
fn one_bad_file_fails_alone_and_is_named() {
    let home = Home::new();
    home.file("docs/good.txt", "good");
    home.file("docs/broken.pdf", "%PDF-1.7\nnothing else");
    home.file("docs/empty.txt", "");
    let server = home.serve();
    let args = ["upload", "docs", "nowhere", "--wait", "--table", "t"];
    let ended = server.run(&home, &args).bad("failed: docs/broken.pdf: ").says("1 of 4 files completed, 3 failed");
    for line in ["failed: docs/empty.txt: the file is empty [empty_file]", "failed: nowhere: "] {
        assert!(ended.err.contains(line), "{ended:?}");
    }
    server.run(&home, &[&args[..], &["--allow-failures"]].concat()).good();

    let failed = server.run(&home, &["tasks", "--status", "failed", "--limit", "1"]).good();
    let id = failed.out.lines().nth(1).unwrap().split_whitespace().next().unwrap().to_owned();
    server.run(&home, &["tasks", &id]).good().says("status    failed").says(" at stage mineru: ");
    server.run(&home, &["tasks", "999999"]).bad("no such task");
}

#[test]
fn many_files_go_in_many_requests_and_wait_for_a_full_queue() {
    // One at a time and few at once, so that the queue is full now and then.
    let home = Home::new()
        .with("MILLRACE_STORE", "memory")
        .with("MILLRACE_QUEUE__MAX_PENDING", "120")
        .with("MILLRACE_QUEUE__CONCURRENCY__DOCUMENT", "1");
    for number in 0..350 {
        home.file(&format!("many/{number:03}.txt"), format!("number {number}"));
    }
    let server = home.serve();
    let done = server.run(&home, &["upload", "many", "--wait", "--table", "t", "--pointer", "/all"]).good();
    let done = done.says("350 of 350 files completed");
    assert!(done.err.contains("uploaded 350 of 350 files"), "{done:?}");
    assert!(done.err.contains("[queue_full]; trying again in "), "the queue was never full: {done:?}");
    let data = table(&server, &home, "t");
    assert_eq!(data["all"].as_object().unwrap().len(), 350);
    // More members than one page holds, and in the JSON of one document.
    let all: Value = serde_json::from_str(&server.run(&home, &["table", "t", "--pointer", "/all"]).good().out).unwrap();
    assert_eq!(all, data["all"]);
}

#[test]
fn mistakes_are_explained() {
    let home = Home::new().with("MILLRACE_STORE", "memory");
    let file = home.file("a.txt", "a");
    let file = file.to_str().unwrap();
    let server = home.serve();
    let run = |args: &[&str]| server.run(&home, &[&["upload", file], args].concat());
    run(&["--project", "nix"]).bad("there is no project 'nix'; there are 'default' (1)");
    run(&["--project", "77"]).bad("no such project");
    run(&["--table", "77"]).bad("no such table");
    run(&["--pointer", "no-slash", "--table", "t"]).bad("[invalid_pointer]");
    run(&["--rule", "77"]).bad("rule");
    assert_eq!(run(&["--conflict", "bogus"]).code, Some(2));
    home.run(&["upload", file, "--server", "localhost"]).bad("'localhost' is no address");
    home.run(&["upload", file, "--server", "http://127.0.0.1:1"]).bad("start one with 'millrace serve'");
    let policy = ["--table", "t", "--wait", "--conflict"];
    run(&[&policy[..], &["error"]].concat()).good();
    run(&[&policy[..], &["error"]].concat()).bad("[mount_key_exists]");
    run(&[&policy[..], &["rename"]].concat()).good();
    let members = table(&server, &home, "t").as_object().unwrap().len();
    assert_eq!(members, 2, "{}", fs::read_to_string(home.path().join("server.log")).unwrap());
}
