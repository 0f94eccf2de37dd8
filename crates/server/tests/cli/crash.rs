//! Acknowledged means durable.

use serde_json::Value;

use crate::home::{Home, until};

const FILES: usize = 60;

#[test]
fn tasks_survive_a_kill_and_end_mounted_once() {
    let home = Home::new().with("MILLRACE_QUEUE__CONCURRENCY__DOCUMENT", "1");
    for number in 0..FILES {
        home.file(&format!("docs/{number:02}.html"), format!("<p>number {number}</p>"));
    }
    let server = home.serve();
    server.run(&home, &["upload", "docs", "--table", "t"]).good().says("60 of 60 files submitted");
    server.kill();
    assert!(home.postgres().is_some(), "Postgres is meant to outlive a killed millrace; this test would prove less");
    // It depends on the machine how many were done by then.
    let checked = home.run(&["doctor"]).good();
    assert!(
        checked.out.contains(" were interrupted with their node") || checked.out.contains("all is well"),
        "{checked:?}"
    );

    let server = home.serve();
    until("all tasks have ended", || {
        let open = "pending,mineru_parsing,llm_processing";
        server.run(&home, &["tasks", "--status", open]).good().out == "no tasks\n"
    });
    let listed = server.run(&home, &["tasks", "--status", "completed", "--limit", "200"]).good();
    assert_eq!(listed.out.lines().count(), FILES + 1, "{listed:?}");
    let data: Value = serde_json::from_str(&server.run(&home, &["table", "t"]).good().out).unwrap();
    assert_eq!(data.as_object().unwrap().len(), FILES);
}
