//! Rules from the shell, and how files are parsed.

use std::fs;

use serde_json::Value;

use crate::home::Home;

#[test]
fn rules_are_moved_and_tried() {
    let home = Home::new().with("MILLRACE_STORE", "memory");
    home.file("a.txt", "some text");
    let rule = r#"{"name": "draft", "postprocess_mode": "skip"}"#;
    home.file("draft.json", rule);
    home.file("rules.json", format!(r#"{{"format": "millrace-rules", "version": 1, "rules": [{rule}, {rule}]}}"#));
    let server = home.serve();
    let ids: Vec<String> = {
        let imported = server.run(&home, &["rules", "import", "rules.json"]).good();
        imported.out.lines().map(|line| line.split_whitespace().nth(1).unwrap().to_owned()).collect()
    };
    assert_eq!(ids.len(), 2);
    server.run(&home, &["rules", "list"]).good().says("draft").says("default");
    server.run(&home, &["rules", "export", &ids[0], &ids[1], "-o", "out.json"]).good();
    let file: Value = serde_json::from_slice(&fs::read(home.path().join("out.json")).unwrap()).unwrap();
    assert_eq!(file["rules"].as_array().map(Vec::len), Some(2), "{file}");
    server.run(&home, &["rules", "import", "out.json"]).good();

    let tried = server.run(&home, &["rules", "test", &ids[0], "a.txt"]).good();
    assert_eq!(serde_json::from_str::<Value>(&tried.out).unwrap()["content"], "some text");
    server.run(&home, &["upload", "a.txt", "--wait"]).good();
    let tried = server.run(&home, &["rules", "test", "draft.json", "--task", "1", "--all"]).good();
    let whole: Value = serde_json::from_str(&tried.out).unwrap();
    assert_eq!((&whole["value"]["content"], &whole["trace"][0]["step"]), (&"some text".into(), &"parse".into()));
    assert_eq!(server.run(&home, &["tasks"]).good().out.lines().count(), 2, "a header and the one upload");

    home.file("empty.txt", "");
    server.run(&home, &["rules", "test", &ids[0], "empty.txt"]).bad("the file is empty");
    server.run(&home, &["rules", "test", "999999", "a.txt"]).bad("no such rule");
    server.run(&home, &["rules", "test", "missing.json", "a.txt"]).bad("missing.json cannot be read");
    server.run(&home, &["rules", "import", "draft.json"]).bad("there is no field 'name'");
}

#[test]
fn how_files_are_parsed_can_be_said() {
    let home = Home::new().with("MILLRACE_STORE", "memory");
    home.file("a.txt", "some text");
    let server = home.serve();
    let refused = server.run(&home, &["upload", "a.txt", "--parser", "nonsense"]);
    refused.bad("there is no parser 'nonsense' here");
    server.run(&home, &["upload", "a.txt", "--pages", "3-1"]).bad("names no page");
    server.run(&home, &["upload", "a.txt", "--parser", "local", "--pages", "1", "--wait"]).good();
}
