//! Acknowledged means durable, and every mount happens exactly once, wherever the process dies.

use std::sync::Arc;
use std::time::Duration;

use futures::TryStreamExt;
use millrace_repository::testing::faulty::{Moment, ObjectMethod, TaskMethod};
use millrace_server::housekeeping::sweep_orphans;
use millrace_testkit::world::Backend;
use millrace_testkit::{Client, Form, Reply, TestApp, World};
use serde_json::{Value, json};

use crate::support::{completed, failed, finish, mounted_at, on_both, real, scripted, start, world};

on_both!(
    a_crash_after_the_bytes_were_stored,
    a_crash_before_the_insert,
    a_crash_after_the_insert,
    a_crash_in_the_middle_of_the_work,
    a_crash_before_the_completion,
    a_crash_after_the_completion,
    a_completion_of_unknown_outcome,
    an_insert_of_unknown_outcome,
    an_object_store_that_fails_for_a_moment,
    what_kills_the_process_again_and_again_is_poison,
    a_lost_lease_stops_the_work_and_gives_it_to_the_next,
    a_stop_gives_back_what_does_not_end,
    a_stop_waits_for_what_ends,
);

const PATH: &str = "/api/v1/etl/upload_and_submit";

async fn submit_with_key(client: &Client, project: i64, key: &str) -> Reply {
    let form = Form::of(project).file("a.txt", "precious");
    client.send(form.post(client, PATH).header("idempotency-key", key)).await
}

/// Submits without waiting for an answer that will never come.
fn submit_into_the_void(app: &TestApp, project: i64) {
    let client = app.client.clone();
    let form = Form::of(project).file("a.txt", "precious");
    tokio::spawn(async move { client.try_send(form.post(&client, PATH).header("idempotency-key", "k")).await });
}

async fn next(crashed: TestApp) -> TestApp {
    let world = crashed.crash().await.expect("it dies");
    start(world.app().scripted()).await
}

async fn total(client: &Client) -> Value {
    client.get("/api/v1/etl/tasks?include_total=true").await.expect(200)["total"].clone()
}

/// The task has completed, was mounted once, and says so once.
async fn exactly_once(client: &Client, task: i64) {
    let body = client.wait(task).await;
    let (table, pointer) = mounted_at(completed(&body));
    assert_eq!(client.data(table, &pointer).await["content"], "precious");
    let mounts = client.mounts(task).await;
    assert_eq!((mounts.len(), &mounts[0]["state"]), (1, &json!("mounted")), "{mounts:?}");
    let events = client.get(&format!("/api/v1/etl/tasks/{task}/events")).await.expect(200);
    let ends = events["items"].as_array().expect("events").iter().filter(|event| event["name"] == "task.completed");
    assert_eq!(ends.count(), 1, "{events}");
    let tables = client.get("/api/v1/tables").await.expect(200);
    assert_eq!(tables["items"].as_array().map(Vec::len), Some(1), "no table but that of the task: {tables}");
}

async fn objects(world: &World) -> usize {
    world.objects.list("").try_collect::<Vec<_>>().await.expect("a listing").len()
}

/// Removes what nobody vouches for; then there must be one upload, one parsed document and one result.
async fn swept(world: &World) -> u64 {
    let report = sweep_orphans(&world.stores, &world.objects, &world.clock, Duration::ZERO).await.expect("a sweep");
    assert_eq!(objects(world).await, 3, "{report:?}");
    report.deleted
}

async fn a_crash_after_the_bytes_were_stored(backend: Backend) {
    let app = scripted(backend).await;
    let project = app.client.project().await;
    app.objects.fail_next(ObjectMethod::Put, 1, Moment::HangAfter);
    submit_into_the_void(&app, project);
    app.objects.faults().wait_for_hung(1).await;
    let app = next(app).await;
    assert_eq!(total(&app.client).await, 0, "nothing was acknowledged, nothing is there");
    let body = submit_with_key(&app.client, project, "k").await.expect(202);
    exactly_once(&app.client, body["task_id"].as_i64().expect("an id")).await;
    swept(&app.world).await;
    finish(app).await;
}

async fn a_crash_before_the_insert(backend: Backend) {
    let app = scripted(backend).await;
    let project = app.client.project().await;
    app.tasks.fail_next(TaskMethod::InsertMany, 1, Moment::HangBefore);
    submit_into_the_void(&app, project);
    app.tasks.faults().wait_for_hung(1).await;
    let app = next(app).await;
    assert_eq!(total(&app.client).await, 0);
    let body = submit_with_key(&app.client, project, "k").await.expect(202);
    exactly_once(&app.client, body["task_id"].as_i64().expect("an id")).await;
    assert_eq!(swept(&app.world).await, 1, "the bytes of the first try");
    finish(app).await;
}

async fn a_crash_after_the_insert(backend: Backend) {
    let app = scripted(backend).await;
    let project = app.client.project().await;
    app.tasks.fail_next(TaskMethod::InsertMany, 1, Moment::HangAfter);
    submit_into_the_void(&app, project);
    app.tasks.faults().wait_for_hung(1).await;
    let app = next(app).await;
    assert_eq!(total(&app.client).await, 1, "committed, though nobody was told");
    let again = submit_with_key(&app.client, project, "k").await;
    let task = again.expect(202)["task_id"].as_i64().expect("an id");
    assert_eq!(total(&app.client).await, 1, "the repeat is answered, not stored");
    exactly_once(&app.client, task).await;
    assert_eq!(swept(&app.world).await, 0, "the bytes of the repeat are gone already");
    finish(app).await;
}

async fn a_crash_in_the_middle_of_the_work(backend: Backend) {
    let app = scripted(backend).await;
    let project = app.client.project().await;
    let task = app.client.submitted(Form::of(project).file("hold.txt", "precious")).await[0];
    app.executor().wait_for_runs("hold.txt", 1).await;
    let app = next(app).await;
    app.executor().release();
    exactly_once(&app.client, task).await;
    assert_eq!(swept(&app.world).await, 0);
    finish(app).await;
}

async fn crash_at_completion(backend: Backend, moment: Moment, orphans: u64) {
    let app = scripted(backend).await;
    let project = app.client.project().await;
    app.tasks.fail_next(TaskMethod::FinishMany, 1, moment);
    let task = app.client.submitted(Form::of(project).file("a.txt", "precious")).await[0];
    app.tasks.faults().wait_for_hung(1).await;
    let app = next(app).await;
    exactly_once(&app.client, task).await;
    assert_eq!(app.executor().runs("a.txt"), usize::try_from(orphans / 2).expect("few"), "runs after the crash");
    assert_eq!(swept(&app.world).await, orphans, "artifacts of the attempt that was lost");
    finish(app).await;
}

async fn a_crash_before_the_completion(backend: Backend) {
    crash_at_completion(backend, Moment::HangBefore, 2).await;
}

async fn a_crash_after_the_completion(backend: Backend) {
    crash_at_completion(backend, Moment::HangAfter, 0).await;
}

async fn a_completion_of_unknown_outcome(backend: Backend) {
    let app = scripted(backend).await;
    let project = app.client.project().await;
    for (name, moment) in [("a.txt", Moment::After), ("b.txt", Moment::Before)] {
        app.tasks.fail_next(TaskMethod::FinishMany, 1, moment);
        let table = app.client.table(project, json!({})).await;
        let form = Form::of(project).field("table_id", table).file(name, "precious");
        let task = app.client.wait(app.client.submitted(form).await[0]).await;
        let (_, pointer) = mounted_at(&task);
        assert_eq!(app.client.data(table, &pointer).await["content"], "precious");
        assert_eq!(app.client.data(table, "").await.as_object().map(serde_json::Map::len), Some(1));
        assert_eq!(app.client.mounts(task["task_id"].as_i64().expect("an id")).await.len(), 1);
        assert_eq!(app.executor().runs(name), 1, "the work was done; only its end was repeated");
    }
    finish(app).await;
}

async fn an_insert_of_unknown_outcome(backend: Backend) {
    let app = scripted(backend).await;
    let project = app.client.project().await;
    app.tasks.fail_next(TaskMethod::InsertMany, 1, Moment::After);
    let refused = submit_with_key(&app.client, project, "k").await;
    refused.problem(503, "unavailable");
    let body = submit_with_key(&app.client, project, "k").await.expect(202);
    assert_eq!(total(&app.client).await, 1);
    // The task runs in this very process, without a restart.
    exactly_once(&app.client, body["task_id"].as_i64().expect("an id")).await;
    assert_eq!(swept(&app.world).await, 0);
    finish(app).await;
}

async fn an_object_store_that_fails_for_a_moment(backend: Backend) {
    let app = real(backend).await;
    let project = app.client.project().await;
    let form = Form::of(project).part("name=\"file\"; filename=\"a.txt\"", b"precious");
    let upload = app.client.send(form.post(&app.client, "/api/v1/etl/upload")).await.expect(201);
    app.objects.fail_next(ObjectMethod::Put, 1, Moment::Before);
    let body = json!({"project_id": project, "upload_id": upload["upload_id"]});
    let task = app.client.post("/api/v1/etl/submit", body).await.expect(202)["task_id"].as_i64().expect("an id");
    let ended = app.client.wait(task).await;
    assert_eq!((completed(&ended)["attempt"].as_i64(), &ended["error"]), (Some(2), &Value::Null), "{ended}");
    assert_eq!(app.client.mounts(task).await.len(), 1);
    swept(&app.world).await;
    finish(app).await;
}

async fn what_kills_the_process_again_and_again_is_poison(backend: Backend) {
    let world = world(backend).await;
    // One place: what kills the process is alone when it does, and its neighbour waits.
    let builder = |world: &Arc<World>| {
        world.app().scripted().config(|config| {
            config.queue.concurrency.document = Some(1);
            config.queue.poison_after = 3;
        })
    };
    let mut app = start(builder(&world)).await;
    let project = app.client.project().await;
    let tasks = app.client.submitted(Form::of(project).file("stubborn.txt", "x").file("waits.txt", "precious")).await;
    let mut deaths = 0;
    let poisoned = loop {
        let seen = app.client.task(tasks[0]).await;
        if seen["status"] == "failed" {
            break seen;
        }
        app.executor().wait_for_runs("stubborn.txt", 1).await;
        app.crash().await.expect("it dies");
        deaths += 1;
        assert!(deaths <= 5, "it is never given up");
        app = start(builder(&world)).await;
    };
    assert_eq!(poisoned["error"]["code"], "poison", "{poisoned}");
    assert!(deaths >= 3, "given up after {deaths} deaths");
    completed(&app.client.wait(tasks[1]).await);
    finish(app).await;
}

async fn a_lost_lease_stops_the_work_and_gives_it_to_the_next(backend: Backend) {
    let builder = world(backend).await.app().scripted().config(|config| {
        config.queue.lease_seconds = 3;
        config.queue.lease_renew_seconds = 1;
    });
    let app = start(builder).await;
    let project = app.client.project().await;
    let task = app.client.submitted(Form::of(project).file("hold.txt", "precious")).await[0];
    app.executor().wait_for_runs("hold.txt", 1).await;
    // Somebody else takes this node's name: the next renewal is refused, and the node begins again under a new epoch.
    let thief = app.world.stores.nodes.register("local", Duration::from_secs(1)).await.expect("registered");
    app.executor().wait_for_runs("hold.txt", 2).await;
    app.executor().release();
    exactly_once(&app.client, task).await;
    assert!(app.queue.health().lease_held);
    let next = app.world.stores.nodes.register("elsewhere", Duration::from_secs(1)).await.expect("registered");
    assert_ne!(thief.node, next.node);
    finish(app).await;
}

async fn a_stop_gives_back_what_does_not_end(backend: Backend) {
    let quick = |config: &mut millrace_server::config::Config| {
        config.queue.drain_seconds = 1;
        config.queue.lease_renew_seconds = 1;
    };
    let app = start(world(backend).await.app().scripted().config(quick)).await;
    let project = app.client.project().await;
    let task = app.client.submitted(Form::of(project).file("hold.txt", "precious")).await[0];
    app.executor().wait_for_runs("hold.txt", 1).await;
    let world = Arc::clone(&app.world);
    app.stop().await.expect("it stops");
    let (user, id) = (world.users()[0], millrace_domain::TaskId::new(task).expect("an id"));
    let stored = world.stores.tasks.get(user, id).await.expect("read").expect("the task");
    assert_eq!((stored.state.as_str(), stored.owner, stored.attempt), ("pending", None, 0), "given back, not counted");
    let app = start(world.app().scripted().config(quick)).await;
    app.executor().release();
    exactly_once(&app.client, task).await;
    finish(app).await;
}

async fn a_stop_waits_for_what_ends(backend: Backend) {
    let app = scripted(backend).await;
    let project = app.client.project().await;
    let task = app.client.submitted(Form::of(project).file("hold.txt", "precious")).await[0];
    app.executor().wait_for_runs("hold.txt", 1).await;
    let (world, executor) = (Arc::clone(&app.world), Arc::clone(app.executor()));
    let (stopped, ()) = tokio::join!(app.stop(), async { executor.release() });
    stopped.expect("it stops");
    let (user, id) = (world.users()[0], millrace_domain::TaskId::new(task).expect("an id"));
    let stored = world.stores.tasks.get(user, id).await.expect("read").expect("the task");
    assert_eq!(stored.state.as_str(), "completed");
    let app = start(world.app().scripted()).await;
    exactly_once(&app.client, task).await;
    failed(&app.client.run(project, "bad.txt", "x").await, "mineru", "broken_file");
    finish(app).await;
}
