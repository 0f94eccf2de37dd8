//! What must not be sent: a clear error with a code and a place, or a failed task; nothing half stored, nothing lost, the
//! server up.

use std::time::Duration;

use futures::TryStreamExt;
use millrace_pipeline_handlers::pool::WorkerCommand;
use millrace_testkit::client::post_bytes;
use millrace_testkit::world::Backend;
use millrace_testkit::{Form, TestApp, files};
use serde_json::{Value, json};

use crate::support::{completed, failed, finish, on_both, problem_pointer, real, scripted, start, world};

on_both!(
    requests_that_name_nothing,
    bodies_that_are_no_bodies,
    ids_and_pointers_that_are_none,
    names_that_would_leave_their_folder,
    too_much_of_anything,
    a_body_that_ends_too_soon,
    the_same_name_twice,
    files_that_attack_the_parser,
    a_parser_that_hangs,
    a_parser_that_dies,
);

const UPLOAD: &str = "/api/v1/etl/upload_and_submit";

/// The server is up, and a good file goes all the way.
async fn is_well(app: &TestApp, project: i64) {
    completed(&app.client.run(project, "good.txt", "still here").await);
    app.client.get("/readyz").await.expect(200);
}

async fn stored(app: &TestApp) -> (usize, Value) {
    let objects: Vec<_> = app.world.objects.list("").try_collect().await.expect("a listing");
    let tasks = app.client.get("/api/v1/etl/tasks?include_total=true").await.expect(200);
    (objects.len(), tasks["total"].clone())
}

async fn requests_that_name_nothing(backend: Backend) {
    let app = scripted(backend).await;
    app.client.get("/nowhere").await.problem(404, "route_not_found");
    app.client.get("/api/v1/etl/nowhere").await.problem(404, "route_not_found");
    let wrong = app.client.json("PATCH", "/api/v1/projects", Value::Null).await;
    wrong.problem(405, "method_not_allowed");
    assert!(wrong.header("allow").is_some_and(|allow| allow.contains("POST")), "{:?}", wrong.headers);
    let stranger = millrace_testkit::Client::new(app.base().to_owned(), Some("mr_nonsense".to_owned()));
    stranger.get("/api/v1/projects").await.problem(401, "invalid_credentials");
    finish(app).await;
}

async fn bodies_that_are_no_bodies(backend: Backend) {
    let app = scripted(backend).await;
    let project = app.client.project().await;
    let before = stored(&app).await;
    let send = |body: &'static str, kind: &'static str| {
        app.client.send(app.client.request("POST", "/api/v1/projects").header("content-type", kind).body(body))
    };
    let json = "application/json";
    send("{\"name\": ", json).await.problem(400, "invalid_json");
    send("", json).await.problem(400, "invalid_json");
    send("[]", json).await.expect(400);
    send("name=x", "application/x-www-form-urlencoded").await.problem(415, "unsupported_media_type");
    let unknown = send("{\"name\": \"x\", \"colour\": \"red\"}", json).await;
    unknown.problem(400, "unknown_field");
    assert_eq!(problem_pointer(&unknown), "/colour");
    let missing = send("{}", json).await;
    missing.problem(400, "missing_field");
    assert_eq!(problem_pointer(&missing), "/name");
    let wrong = send("{\"name\": 7}", json).await;
    wrong.expect(400);
    assert_eq!(problem_pointer(&wrong), "/name");
    send("{\"name\": \"a\\u0000b\"}", json).await.problem(400, "invalid_value");
    app.client.get("/api/v1/etl/tasks?colour=red").await.problem(400, "unknown_field");
    app.client.get("/api/v1/etl/tasks?status=tired").await.problem(400, "invalid_value");
    app.client.get("/api/v1/etl/tasks?page_token=nonsense").await.problem(400, "invalid_page_token");
    let not_multipart = app.client.request("POST", UPLOAD).header("content-type", json).body("{}");
    app.client.send(not_multipart).await.problem(415, "unsupported_media_type");
    let unknown = Form::of(project).field("colour", "red").file("a.txt", "x");
    app.client.upload_and_submit(unknown).await.problem(400, "unknown_field");
    app.client.upload_and_submit(Form::of(project)).await.problem(400, "missing_field");
    assert_eq!(stored(&app).await, before, "nothing half stored");
    is_well(&app, project).await;
    finish(app).await;
}

async fn ids_and_pointers_that_are_none(backend: Backend) {
    let app = scripted(backend).await;
    let project = app.client.project().await;
    let table = app.client.table(project, json!({"a": [1]})).await;
    let before = stored(&app).await;
    for id in ["x", "0", "-1", "1.5", "9007199254740992", "99999999999999999999", "1%20"] {
        app.client.get(&format!("/api/v1/etl/tasks/{id}")).await.problem(400, "invalid_id");
    }
    app.client.get("/api/v1/etl/tasks/9007199254740991").await.problem(404, "task_not_found");
    app.client.get("/api/v1/etl/tasks/batch?task_ids=1,x").await.problem(400, "invalid_id");
    for project in [json!("seven"), json!(0), json!(-7), json!(1.5), json!(9_007_199_254_740_992_i64), Value::Null] {
        let body = json!({"project_id": project, "name": "t"});
        let reply = app.client.post("/api/v1/tables", body).await;
        reply.expect(400);
        assert_eq!(problem_pointer(&reply), "/project_id", "{}", reply.excerpt());
    }
    let form = Form::new().field("project_id", "seven").file("a.txt", "x");
    app.client.upload_and_submit(form).await.problem(400, "invalid_id");
    let form = Form::of(987_654).file("a.txt", "x");
    app.client.upload_and_submit(form).await.problem(404, "project_not_found");
    let form = Form::of(project).field("table_id", 987_654).file("a.txt", "x");
    app.client.upload_and_submit(form).await.problem(404, "table_not_found");
    let form = Form::of(project).field("rule_id", 987_654).file("a.txt", "x");
    app.client.upload_and_submit(form).await.problem(404, "rule_not_found");
    for pointer in ["a", "/a~2", "/~"] {
        let form = Form::of(project).field("json_path", pointer).file("a.txt", "x");
        let refused = app.client.upload_and_submit(form).await;
        refused.problem(400, "invalid_pointer");
        assert_eq!(problem_pointer(&refused), "/json_path");
        let path = format!("/api/v1/tables/{table}/data?pointer={pointer}");
        app.client.get(&path).await.problem(400, "invalid_pointer");
    }
    let data = |pointer: &str| format!("/api/v1/tables/{table}/data?pointer={pointer}");
    app.client.get(&data("/nothing")).await.problem(404, "data_not_found");
    app.client.json("PUT", &data("/b"), json!("nul\u{0}")).await.problem(400, "nul_character");
    app.client.json("PUT", &data("/a/9"), json!(1)).await.problem(409, "not_a_container");
    assert_eq!(stored(&app).await, before, "nothing half stored");
    is_well(&app, project).await;
    finish(app).await;
}

async fn names_that_would_leave_their_folder(backend: Backend) {
    let app = scripted(backend).await;
    let project = app.client.project().await;
    let bad = ["../evil.txt", "a/../../evil.txt", "/etc/../../passwd", "..", "nul\0.txt"];
    for name in bad {
        let body = app.client.upload_and_submit(Form::of(project).file(name, "x").file("good.txt", "y")).await;
        if body.status == 400 {
            // What is no header field at all is refused with the whole request.
            body.problem(400, "invalid_multipart");
            continue;
        }
        let body = body.expect(202);
        let task = app.client.task(body["items"][0]["task_id"].as_i64().expect("an id")).await;
        failed(&task, "upload", "invalid_name");
        completed(&app.client.wait(body["items"][1]["task_id"].as_i64().expect("an id")).await);
    }
    for path in ["../../evil.txt", "a/\0/b.txt"] {
        let form = Form::of(project).field("paths", path).file("evil.txt", "x");
        let body = app.client.upload_and_submit(form).await.expect(202);
        let task = app.client.task(body["task_id"].as_i64().expect("an id")).await;
        failed(&task, "upload", "invalid_name");
    }
    // Whatever was said, every key was generated here.
    let keys: Vec<_> = app.world.objects.list("").try_collect().await.expect("a listing");
    assert!(keys.iter().all(|object| object.key.starts_with("users/") && !object.key.contains("evil")), "{keys:?}");
    let more = Form::of(project).field("paths", "a.txt").field("paths", "b.txt").file("a.txt", "x");
    app.client.upload_and_submit(more).await.problem(400, "invalid_value");
    finish(app).await;
}

async fn too_much_of_anything(backend: Backend) {
    let builder = world(backend).await.app().scripted().config(|config| {
        config.server.max_body_bytes = 2000;
        config.upload.max_file_bytes = 100_000;
        config.upload.max_request_bytes = 500_000;
        config.upload.max_files_per_request = 5;
    });
    let app = start(builder).await;
    let project = app.client.project().await;
    let before = stored(&app).await;
    let long = json!({"name": "x", "description": "y".repeat(3000)});
    app.client.post("/api/v1/projects", long).await.problem(413, "request_too_large");
    let six = (0..6).fold(Form::of(project), |form, number| form.file(&format!("{number}.txt"), "x"));
    app.client.upload_and_submit(six).await.problem(400, "too_many_files");
    let heavy = (0..5).fold(Form::of(project), |form, number| form.file(&format!("{number}.txt"), vec![b'x'; 110_000]));
    app.client.upload_and_submit(heavy).await.problem(413, "request_too_large");
    assert_eq!(stored(&app).await, before, "nothing half stored");
    // One that is too large fails alone.
    let form = Form::of(project).file("large.txt", vec![b'x'; 100_001]).file("small.txt", "y").file("zero.txt", "");
    let body = app.client.upload_and_submit(form).await.expect(202);
    let ids: Vec<i64> = body["task_ids"].as_array().expect("ids").iter().filter_map(Value::as_i64).collect();
    failed(&app.client.task(ids[0]).await, "upload", "file_too_large");
    completed(&app.client.wait(ids[1]).await);
    completed(&app.client.wait(ids[2]).await);
    let uploads = app.world.objects.list("").try_collect::<Vec<_>>().await.expect("a listing");
    assert_eq!(uploads.iter().filter(|object| object.key.contains("/raw/")).count(), 2, "{uploads:?}");
    finish(app).await;
}

async fn a_body_that_ends_too_soon(backend: Backend) {
    let app = scripted(backend).await;
    let project = app.client.project().await;
    let before = stored(&app).await;
    let whole = Form::of(project).file("first.txt", "stored at once").file("second.txt", vec![b'x'; 200_000]).bytes();
    for length in [whole.len() - 100_000, whole.len() - 10, 150, 20, 0] {
        let cut = whole[..length].to_vec();
        app.client.send(post_bytes(&app.client, UPLOAD, cut)).await.problem(400, "invalid_multipart");
    }
    assert_eq!(stored(&app).await, before, "the first file went with the second");
    is_well(&app, project).await;
    finish(app).await;
}

async fn the_same_name_twice(backend: Backend) {
    let app = scripted(backend).await;
    let project = app.client.project().await;
    let table = app.client.table(project, json!({})).await;
    let form = Form::of(project).field("table_id", table).field("conflict", "rename");
    let ids = app.client.submitted(form.file("same.txt", "1").file("same.txt", "2").file("same.txt", "2")).await;
    for task in app.client.wait_all(&ids).await {
        completed(&task);
    }
    let data = app.client.data(table, "").await;
    let mut texts: Vec<_> = data.as_object().expect("mounts").values().map(|value| value["content"].clone()).collect();
    texts.sort_by_key(Value::to_string);
    assert_eq!(texts, [json!("1"), json!("2"), json!("2")], "{data}");
    finish(app).await;
}

async fn files_that_attack_the_parser(backend: Backend) {
    let builder = world(backend).await.app().config(|config| config.parsers.memory_bytes = 256 << 20);
    let app = start(builder).await;
    let project = app.client.project().await;
    let attacks = Form::of(project)
        .file("bomb.xlsx", files::zip_bomb().expect("a file"))
        .file("endless.pdf", files::pdf(10_000))
        .file("repeats.ods", files::memory_eater().expect("a file"))
        .file("empty.pdf", "")
        .file("no.docx", files::zip(&[("a.bin", b"\0\x01\x02\x03")]).expect("a file"))
        .file("good.pdf", files::pdf(2));
    let ids = app.client.submitted(attacks).await;
    let tasks = app.client.wait_all(&ids).await;
    failed(&tasks[0], "mineru", "archive_too_large");
    failed(&tasks[1], "mineru", "too_many_pages");
    failed(&tasks[2], "mineru", "parser_memory");
    failed(&tasks[3], "mineru", "empty_file");
    failed(&tasks[4], "mineru", "unsupported_type");
    assert_eq!(completed(&tasks[5])["result"]["pages"], 2);
    is_well(&app, project).await;
    finish(app).await;
}

/// An application whose parser processes run a line of shell.
async fn with_parser(backend: Backend, script: &str) -> TestApp {
    let builder = world(backend).await.app().config(|config| {
        config.parsers.wall_seconds = 1;
        config.parsers.warm_workers = 0;
    });
    start(builder.parse_worker(WorkerCommand::new("/bin/sh").arg("-c").arg(script))).await
}

async fn a_parser_that_hangs(backend: Backend) {
    let app = with_parser(backend, "exec sleep 1000").await;
    let project = app.client.project().await;
    let waiting = app.client.run(project, "a.pdf", files::pdf(1));
    let task = tokio::time::timeout(Duration::from_secs(60), waiting).await.expect("it is stopped");
    failed(&task, "mineru", "parser_timeout");
    is_well(&app, project).await;
    finish(app).await;
}

async fn a_parser_that_dies(backend: Backend) {
    let app = with_parser(backend, "kill -9 $$").await;
    let project = app.client.project().await;
    let task = app.client.run(project, "a.pdf", files::pdf(1)).await;
    failed(&task, "mineru", "parser_crashed");
    assert_eq!(task["attempt"], 3, "it may have been an accident, so it was tried again");
    is_well(&app, project).await;
    finish(app).await;
}

#[tokio::test]
async fn an_upload_that_stops_half_way_leaves_nothing() {
    let app = real(Backend::Memory).await;
    let project = app.client.project().await;
    let before = stored(&app).await;
    let whole = Form::of(project).file("first.txt", "stored at once").file("second.txt", vec![b'x'; 200_000]).bytes();
    let (length, half) = (whole.len(), whole[..100_000].to_vec());
    // The body is declared whole, sent half, and then the connection ends.
    let body = futures::stream::iter([Ok(half), Err(std::io::Error::other("the cable was pulled"))]);
    let request = post_bytes(&app.client, UPLOAD, Vec::new()).body(reqwest::Body::wrap_stream(body));
    assert!(app.client.try_send(request.header("content-length", length)).await.is_err());
    // What is written meanwhile is removed in the background: the listing settles at what was there.
    let settled = async {
        while stored(&app).await != before {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), settled).await.expect("nothing half stored");
    is_well(&app, project).await;
    finish(app).await;
}
