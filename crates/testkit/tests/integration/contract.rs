//! What clients rely on: the document, waiting, entity tags, paging, repeats.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use millrace_testkit::world::Backend;
use millrace_testkit::{Client, Form, Reply};
use serde_json::{Value, json};

use crate::support::{completed, finish, on_both, scripted};

on_both!(
    a_wait_ends_with_the_task,
    an_entity_tag_saves_the_body,
    a_head_says_how_long_the_content_is,
    pages_miss_nothing_while_tasks_come_in,
    a_repeat_is_answered_as_before,
    repeats_at_the_same_time_do_the_work_once,
    every_post_takes_a_key,
);

/// `openapi.yaml` is what the code says. `make openapi` writes it.
#[test]
fn the_committed_document_is_that_of_the_code() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../openapi.yaml");
    let committed = std::fs::read_to_string(path).expect("openapi.yaml is committed");
    let generated = millrace_api::openapi_yaml().expect("the document");
    let differs = committed.trim_end().lines().zip(generated.trim_end().lines()).enumerate().find(|(_, (a, b))| a != b);
    assert_eq!(differs, None, "run make openapi and commit the result");
    assert_eq!(committed.trim_end().len(), generated.trim_end().len(), "run make openapi and commit the result");
}

async fn a_wait_ends_with_the_task(backend: Backend) {
    let app = scripted(backend).await;
    let project = app.client.project().await;
    let task = app.client.submitted(Form::of(project).file("hold.txt", "x")).await[0];
    app.executor().wait_for_runs("hold.txt", 1).await;
    let client = app.client.clone();
    let waiting = tokio::spawn(async move { client.get(&format!("/api/v1/etl/tasks/{task}?wait=30")).await });
    // With a tag, the wait ends at the next change, here none: it comes back when the time is over.
    let seen = app.client.get(&format!("/api/v1/etl/tasks/{task}")).await;
    let tag = seen.header("etag").expect("a tag").to_owned();
    let request = app.client.request("GET", &format!("/api/v1/etl/tasks/{task}?wait=1"));
    let unchanged = app.client.send(request.header("if-none-match", tag)).await;
    assert_eq!(unchanged.status, 304);
    assert!(!waiting.is_finished(), "the task has not ended");
    let released = Instant::now();
    app.executor().release();
    completed(&waiting.await.expect("an answer").expect(200));
    assert!(released.elapsed() < Duration::from_secs(10), "the wait of 30 seconds ended with the task");
    app.client.get(&format!("/api/v1/etl/tasks/{task}?wait=3600")).await.problem(400, "invalid_value");
    finish(app).await;
}

async fn an_entity_tag_saves_the_body(backend: Backend) {
    let app = scripted(backend).await;
    let project = app.client.project().await;
    let task = app.client.run(project, "a.txt", "x").await["task_id"].clone();
    for path in [format!("/api/v1/etl/tasks/{task}"), format!("/api/v1/etl/tasks/{task}/result")] {
        let first = app.client.get(&path).await;
        let tag = first.header("etag").expect("a tag").to_owned();
        let again = app.client.send(app.client.request("GET", &path).header("if-none-match", &tag)).await;
        assert_eq!((again.status, again.body.len(), again.header("etag")), (304, 0, Some(tag.as_str())), "{path}");
        let other = app.client.send(app.client.request("GET", &path).header("if-none-match", "\"other\"")).await;
        assert_eq!(other.expect(200), first.json(), "{path}");
    }
    let path = format!("/api/v1/etl/tasks/{task}");
    let before = app.client.get(&path).await.header("etag").map(str::to_owned);
    app.client.post(&format!("{path}/retry"), Value::Null).await.expect(202);
    app.client.wait(task.as_i64().expect("an id")).await;
    assert_ne!(app.client.get(&path).await.header("etag").map(str::to_owned), before, "it has run again");
    finish(app).await;
}

async fn a_head_says_how_long_the_content_is(backend: Backend) {
    let app = scripted(backend).await;
    let project = app.client.project().await;
    let task = app.client.run(project, "a.txt", "x").await["task_id"].clone();
    for path in [format!("/api/v1/etl/tasks/{task}"), format!("/api/v1/etl/tasks/{task}/result"), "/livez".to_owned()] {
        let get = app.client.get(&path).await;
        let head = app.client.send(app.client.request("HEAD", &path)).await;
        assert_eq!((head.status, head.body.len()), (200, 0), "{path}");
        assert_eq!(head.header("content-length"), Some(get.body.len().to_string().as_str()), "{path}");
        // The connection is in step: what comes next is answered in full.
        assert_eq!(app.client.get(&path).await.body, get.body, "{path}");
    }
    finish(app).await;
}

async fn pages_miss_nothing_while_tasks_come_in(backend: Backend) {
    let app = scripted(backend).await;
    let project = app.client.project().await;
    let many = |from: usize, count: usize| {
        (from..from + count)
            .fold(Form::of(project), |form, number| form.file(&format!("{number}.txt"), number.to_string()))
    };
    let first: BTreeSet<i64> = app.client.submitted(many(0, 30)).await.into_iter().collect();
    let mut seen = Vec::new();
    let (mut token, mut pages) = (String::new(), 0);
    loop {
        let path = format!("/api/v1/etl/tasks?project_id={project}&limit=7&page_token={token}");
        let page = app.client.get(&path).await.expect(200);
        seen.extend(page["tasks"].as_array().expect("tasks").iter().filter_map(|task| task["task_id"].as_i64()));
        pages += 1;
        app.client.submitted(many(100 * pages, 5)).await;
        match page["next_page_token"].as_str() {
            Some(next) => token = next.to_owned(),
            None => break,
        }
    }
    let unique: BTreeSet<i64> = seen.iter().copied().collect();
    assert_eq!(unique.len(), seen.len(), "none twice");
    assert_eq!(unique, first, "all that were there, and none that came later");
    assert!(seen.is_sorted_by(|a, b| a > b), "newest first");
    app.run_until_idle().await.expect("everything ends");
    let counted =
        app.client.get(&format!("/api/v1/etl/tasks?project_id={project}&limit=10&offset=20")).await.expect(200);
    assert_eq!(counted["total"], 30 + 5 * pages);
    let ended = "/api/v1/etl/tasks?status=completed&filename=104&include_total=true";
    assert_eq!(app.client.get(ended).await.expect(200)["total"], 1);
    finish(app).await;
}

async fn with_key(client: &Client, project: i64, key: &str, content: &str) -> Reply {
    let form = Form::of(project).file("a.txt", content);
    client.send(form.post(client, "/api/v1/etl/upload_and_submit").header("idempotency-key", key)).await
}

async fn a_repeat_is_answered_as_before(backend: Backend) {
    let app = scripted(backend).await;
    let project = app.client.project().await;
    let first = with_key(&app.client, project, "k", "x").await;
    first.expect(202);
    app.run_until_idle().await.expect("it ends");
    let again = with_key(&app.client, project, "k", "x").await;
    assert_eq!(again.expect(202), first.json(), "the first answer, though the task has ended meanwhile");
    assert_eq!(again.header("location"), first.header("location"));
    with_key(&app.client, project, "k", "y").await.problem(422, "idempotency_key_reused");
    with_key(&app.client, project, &"k".repeat(256), "x").await.problem(400, "invalid_idempotency_key");
    // Keys are each caller's own.
    let other = app.caller("other").await.expect("a caller");
    let others = other.project().await;
    assert_ne!(with_key(&other, others, "k", "x").await.expect(202)["task_id"], first.json()["task_id"]);
    assert_eq!(app.client.get("/api/v1/etl/tasks?include_total=true").await.expect(200)["total"], 1);
    finish(app).await;
}

async fn repeats_at_the_same_time_do_the_work_once(backend: Backend) {
    let app = scripted(backend).await;
    let project = app.client.project().await;
    let sending = (0..8).map(|_| with_key(&app.client, project, "k", "x"));
    let replies = futures::future::join_all(sending).await;
    let mut tasks = BTreeSet::new();
    for reply in &replies {
        match reply.status {
            202 => drop(tasks.insert(reply.json()["task_id"].as_i64().expect("an id"))),
            _ => drop(reply.problem(409, "idempotency_key_in_use")),
        }
    }
    assert_eq!(tasks.len(), 1, "one task, whoever was first");
    assert_eq!(app.client.get("/api/v1/etl/tasks?include_total=true").await.expect(200)["total"], 1);
    finish(app).await;
}

async fn every_post_takes_a_key(backend: Backend) {
    let app = scripted(backend).await;
    let project = app.client.project().await;
    let task = app.client.run(project, "a.txt", "x").await["task_id"].clone();
    let table = app.client.table(project, json!({})).await;
    for (path, body, id) in [
        ("/api/v1/projects".to_owned(), json!({"name": "again"}), "project_id"),
        ("/api/v1/tables".to_owned(), json!({"name": "again", "project_id": project}), "table_id"),
        ("/api/v1/etl/rules".to_owned(), json!({"name": "again", "postprocess_mode": "skip"}), "rule_id"),
        (format!("/api/v1/etl/tasks/{task}/mount"), json!({"table_id": table}), "mount_id"),
        (format!("/api/v1/etl/tasks/{task}/retry"), json!({}), "attempt"),
    ] {
        let send = || app.client.send(app.client.request("POST", &path).header("idempotency-key", "again").json(&body));
        let first = send().await;
        assert!([201, 202].contains(&first.status), "{path}: {}", first.excerpt());
        let again = send().await;
        assert_eq!((again.status, &again.json()[id]), (first.status, &first.json()[id]), "{path}");
    }
    app.run_until_idle().await.expect("the retry ends");
    assert_eq!(app.executor().runs("a.txt"), 2, "one retry, though it was asked for twice");
    finish(app).await;
}
