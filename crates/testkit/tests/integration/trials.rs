//! Rules are tried with the real parsers, and nothing stays.

use futures::TryStreamExt;
use millrace_pipeline_handlers::pool::WorkerCommand;
use millrace_testkit::world::Backend;
use millrace_testkit::{Form, TestApp, files};
use serde_json::{Value, json};

use crate::support::{completed, finish, on_both, real, start, world};

on_both!(
    a_trial_gives_what_a_task_would,
    a_trial_takes_what_was_parsed,
    a_trial_fails_as_a_task_would,
    an_installation_says_what_it_can_do,
);

const NEW: &str = "/api/v1/etl/rules/test";

fn skip() -> Value {
    json!({"name": "as it is", "postprocess_mode": "skip"})
}

async fn keys(app: &TestApp) -> Vec<String> {
    let all: Vec<_> = app.world.objects.list("").try_collect().await.expect("a listing");
    let mut keys: Vec<_> = all.into_iter().map(|object| object.key).collect();
    keys.sort();
    keys
}

async fn a_trial_gives_what_a_task_would(backend: Backend) {
    let app = real(backend).await;
    let project = app.client.project().await;
    for (name, content) in [("a.pdf", files::pdf(2)), ("a.txt", b"some text".to_vec())] {
        let task = app.client.run(project, name, &content).await;
        let result = app.client.result(completed(&task)["task_id"].as_i64().expect("an id")).await;
        let before = keys(&app).await;
        for path in [NEW, "/api/v1/etl/rules/1/test"] {
            let form =
                Form::of(project).field("rule", skip()).part(&format!("name=\"file\"; filename=\"{name}\""), &content);
            let trial = app.client.send(form.post(&app.client, path)).await.expect(200);
            assert_eq!(trial["value"], result, "{name}");
            assert_eq!(trial["trace"][0]["step"], "parse", "{trial}");
        }
        assert_eq!(keys(&app).await, before, "nothing is stored");
    }
    let tasks = app.client.get("/api/v1/etl/tasks?include_total=true").await.expect(200);
    assert_eq!(tasks["total"], 2, "no trial is a task");
    finish(app).await;
}

async fn a_trial_takes_what_was_parsed(backend: Backend) {
    let world = world(backend).await;
    let app = start(world.app()).await;
    let project = app.client.project().await;
    let task = app.client.run(project, "a.pdf", files::pdf(2)).await;
    let result = app.client.result(completed(&task)["task_id"].as_i64().expect("an id")).await;
    finish(app).await;
    // Without a parser, so that a parse would fail.
    let app = start(world.app().parse_worker(WorkerCommand::new("/bin/false"))).await;
    let by_task = json!({"rule": skip(), "task_id": task["task_id"]});
    let by_upload = json!({"rule": skip(), "upload_id": task["metadata"]["upload_id"]});
    for body in [by_task, by_upload] {
        let trial = app.client.post(NEW, body).await.expect(200);
        assert_eq!(trial["value"], result);
        assert_eq!(trial["trace"][0]["detail"]["reused"], true, "{trial}");
    }
    let other = json!({"rule": skip(), "upload_id": task["metadata"]["upload_id"], "parse": {"pages": "1"}});
    let failed = app.client.post(NEW, other).await.problem(422, "rule_test_failed");
    assert_eq!(failed["failure"]["stage"], "mineru", "{failed}");
    finish(app).await;
}

async fn a_trial_fails_as_a_task_would(backend: Backend) {
    let app = real(backend).await;
    let project = app.client.project().await;
    for (name, content) in [("empty.txt", b"".to_vec()), ("broken.pdf", b"%PDF-1.4 nonsense".to_vec())] {
        let task = app.client.run(project, name, &content).await;
        let form = Form::of(project).field("rule", skip()).file(name, &content);
        let problem = app.client.send(form.post(&app.client, NEW)).await.problem(422, "rule_test_failed");
        assert_eq!(problem["failure"], task["error"], "{name}");
    }
    finish(app).await;
}

async fn an_installation_says_what_it_can_do(backend: Backend) {
    let app = real(backend).await;
    let found = app.client.get("/api/v1/etl/capabilities").await.expect(200);
    let local = &found["parsers"].as_array().expect("parsers")[0];
    assert_eq!((&local["name"], &local["available"]), (&json!("local"), &json!(true)), "{found}");
    assert!(local["formats"].as_array().is_some_and(|formats| formats.len() > 5), "{found}");
    assert!(found["rule_modes"].as_array().is_some_and(|modes| modes.contains(&json!("skip"))), "{found}");
    assert!(found["limits"]["max_file_bytes"].is_u64(), "{found}");
    finish(app).await;
}
