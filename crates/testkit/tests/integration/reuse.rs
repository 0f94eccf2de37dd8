//! A file that was parsed before starts at the transform. That no parser is called is shown by taking it away.

use std::sync::Arc;

use futures::TryStreamExt;
use millrace_pipeline_handlers::pool::WorkerCommand;
use millrace_testkit::client::id;
use millrace_testkit::world::Backend;
use millrace_testkit::{Client, Form, TestApp, World, files};
use serde_json::{Value, json};

use crate::support::{completed, failed, finish, on_both, start, world};

on_both!(
    another_rule_on_the_same_file_starts_at_the_transform,
    other_options_are_another_parse,
    nobody_else_finds_it,
    text_is_parsed_anew,
    the_same_file_twice_at_once,
    a_parse_whose_bytes_are_gone_is_made_anew,
    each_task_keeps_its_own_copy,
);

/// The application without a parser: whatever needs one fails.
async fn without_parser(world: &Arc<World>) -> TestApp {
    start(world.app().parse_worker(WorkerCommand::new("/bin/false"))).await
}

/// A world in which this file was parsed, and the project it was parsed in.
async fn parsed_before(backend: Backend, name: &str, content: &[u8]) -> (Arc<World>, i64) {
    let world = world(backend).await;
    let app = start(world.app()).await;
    let project = app.client.project().await;
    let task = app.client.run(project, name, content).await;
    assert_eq!(completed(&task)["result"]["parse_reused"], false);
    finish(app).await;
    (world, project)
}

async fn run_with(client: &Client, form: Form) -> Value {
    let ids = client.submitted(form).await;
    client.wait(ids[0]).await
}

async fn artifact(client: &Client, task: &Value, kind: &str) -> Value {
    let path = format!("/api/v1/etl/tasks/{}/artifacts/{kind}", task["task_id"]);
    client.get(&path).await.expect(200)
}

async fn another_rule_on_the_same_file_starts_at_the_transform(backend: Backend) {
    let docx = std::fs::read(files::examples().join("quality-handbook.docx")).expect("an example");
    for (name, content) in [("a.pdf", files::pdf(3)), ("a.docx", docx)] {
        let (world, project) = parsed_before(backend, name, &content).await;
        let app = without_parser(&world).await;
        let rule = json!({"name": "another", "postprocess_mode": "skip"});
        let rule = id(&app.client.post("/api/v1/etl/rules", rule).await.expect(201)["rule_id"]);
        let form = Form::of(project).field("rule_id", rule).file(name, &content);
        let task = run_with(&app.client, form).await;
        let result = &completed(&task)["result"];
        assert_eq!((&result["parse_reused"], &task["rule_id"]), (&json!(true), &json!(rule)), "{task}");
        let list = app.client.get(&format!("/api/v1/etl/tasks?project_id={project}")).await.expect(200);
        let first = &list["tasks"][1];
        assert_eq!(result["pages"], first["result"]["pages"]);
        assert_eq!(artifact(&app.client, &task, "parsed").await, artifact(&app.client, first, "parsed").await);
        // A retry finds what its own first run left.
        let path = format!("/api/v1/etl/tasks/{}/retry", task["task_id"]);
        for stage in ["postprocess", "mount", "mineru"] {
            app.client.post(&path, json!({"from_stage": stage})).await.expect(202);
            completed(&app.client.wait(id(&task["task_id"])).await);
        }
        finish(app).await;
    }
}

async fn other_options_are_another_parse(backend: Backend) {
    let content = files::pdf(3);
    let (world, project) = parsed_before(backend, "a.pdf", &content).await;
    let app = without_parser(&world).await;
    let asked = |options: &str| Form::of(project).field("parse_options", options).file("a.pdf", &content);
    let task = run_with(&app.client, asked(r#"{"pages": "1-2"}"#)).await;
    assert_eq!(task["status"], "failed", "{task}");
    assert_eq!(task["parse"], json!({"pages": "1-2"}));
    // Options that ask for nothing are no options; the name of the file does not count.
    let same = Form::of(project).field("parse_options", "{}").file("renamed.pdf", &content);
    let task = run_with(&app.client, same).await;
    assert_eq!(completed(&task)["result"]["parse_reused"], true);
    assert_eq!(task["parse"], Value::Null);
    app.stop().await.expect("it stops");
    let app = start(world.app()).await;
    let first = run_with(&app.client, asked(r#"{"pages": "1-2"}"#)).await;
    assert_eq!(completed(&first)["result"]["parse_reused"], false);
    let text = artifact_text(&app.client, &first).await;
    // The test's pages call themselves by numbers from 0.
    let says = |page: &str| text.lines().any(|line| line == page);
    assert!(says("page 1") && !says("page 2"), "{text}");
    let second = run_with(&app.client, asked(r#"{"pages": "2,1"}"#)).await;
    assert_eq!(completed(&second)["result"]["parse_reused"], true, "the same pages");
    finish(app).await;
}

async fn artifact_text(client: &Client, task: &Value) -> String {
    let path = format!("/api/v1/etl/tasks/{}/artifacts/markdown", task["task_id"]);
    let reply = client.get(&path).await;
    reply.expect(200);
    let text = String::from_utf8(reply.body.to_vec()).expect("UTF-8");
    assert_eq!(artifact(client, task, "parsed").await["markdown"], text.as_str());
    text
}

async fn nobody_else_finds_it(backend: Backend) {
    let content = files::pdf(1);
    let (world, _) = parsed_before(backend, "a.pdf", &content).await;
    let app = without_parser(&world).await;
    let stranger = app.caller("stranger").await.expect("a caller");
    let project = stranger.project().await;
    let task = stranger.run(project, "a.pdf", &content).await;
    assert_eq!(task["status"], "failed", "{task}");
    finish(app).await;
}

async fn text_is_parsed_anew(backend: Backend) {
    let (world, project) = parsed_before(backend, "a.txt", b"some text").await;
    let app = without_parser(&world).await;
    let task = app.client.run(project, "a.txt", "some text").await;
    assert_eq!(completed(&task)["result"]["parse_reused"], false, "parsing it costs less than looking it up");
    finish(app).await;
}

async fn the_same_file_twice_at_once(backend: Backend) {
    let world = world(backend).await;
    let app = start(world.app()).await;
    let project = app.client.project().await;
    let content = files::pdf(2);
    let form = (0..6).fold(Form::of(project), |form, index| form.file(&format!("{index}.pdf"), &content));
    let tasks = app.client.wait_all(&app.client.submitted(form).await).await;
    let first = artifact(&app.client, completed(&tasks[0]), "parsed").await;
    for task in &tasks {
        assert_eq!(artifact(&app.client, completed(task), "parsed").await, first);
    }
    let later = app.client.run(project, "later.pdf", &content).await;
    assert_eq!(completed(&later)["result"]["parse_reused"], true);
    finish(app).await;
}

/// Keys of the parsed documents that are stored.
async fn parsed_keys(world: &World) -> Vec<String> {
    let all: Vec<_> = world.objects.list("").try_collect().await.expect("a listing");
    all.into_iter().map(|object| object.key).filter(|key| key.contains("etl_artifacts")).collect()
}

async fn a_parse_whose_bytes_are_gone_is_made_anew(backend: Backend) {
    let content = files::pdf(2);
    let (world, project) = parsed_before(backend, "a.pdf", &content).await;
    let keys = parsed_keys(&world).await;
    assert_eq!(keys.len(), 1, "{keys:?}");
    world.objects.delete(&keys[0]).await.expect("removed");
    let app = without_parser(&world).await;
    let task = app.client.run(project, "a.pdf", &content).await;
    assert_eq!(task["status"], "failed", "it goes to the parser: {task}");
    app.stop().await.expect("it stops");
    let app = start(world.app()).await;
    let task = app.client.run(project, "a.pdf", &content).await;
    assert_eq!(completed(&task)["result"]["parse_reused"], false);
    finish(app).await;
}

async fn each_task_keeps_its_own_copy(backend: Backend) {
    let content = files::pdf(2);
    let (world, project) = parsed_before(backend, "a.pdf", &content).await;
    let first = parsed_keys(&world).await.remove(0);
    let app = without_parser(&world).await;
    let second = app.client.run(project, "b.pdf", &content).await;
    assert_eq!(completed(&second)["result"]["parse_reused"], true);
    world.objects.delete(&first).await.expect("removed");
    let retry = format!("/api/v1/etl/tasks/{}/retry", second["task_id"]);
    app.client.post(&retry, json!({"from_stage": "postprocess"})).await.expect(202);
    completed(&app.client.wait(id(&second["task_id"])).await);
    let gone = app.client.get(&format!("/api/v1/etl/tasks?project_id={project}")).await.expect(200);
    let path = format!("/api/v1/etl/tasks/{}/artifacts/parsed", gone["tasks"][1]["task_id"]);
    app.client.get(&path).await.problem(409, "result_gone");
    failed_retry(&app, &gone["tasks"][1]).await;
    finish(app).await;
}

/// The task whose copy is gone says so itself.
async fn failed_retry(app: &TestApp, task: &Value) {
    let retry = format!("/api/v1/etl/tasks/{}/retry", task["task_id"]);
    app.client.post(&retry, json!({"from_stage": "postprocess"})).await.expect(202);
    failed(&app.client.wait(id(&task["task_id"])).await, "postprocess", "artifact_missing");
}
