//! Cancel, retry, backoff, deadline, back-pressure.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures::TryStreamExt;
use millrace_domain::Stage;
use millrace_repository::testing::faulty::{FakeClock, ObjectMethod};
use millrace_testkit::world::Backend;
use millrace_testkit::{Form, TestApp, World};
use serde_json::{Value, json};

use crate::support::{completed, failed, finish, mounted_at, on_both, real, scripted, start, world};

on_both!(
    a_waiting_task_is_cancelled_at_once,
    a_running_task_is_cancelled_when_it_stops,
    a_retry_from_mount_does_not_parse_again,
    a_crashing_mount_service_harms_one_attempt,
    a_passing_failure_is_retried_after_its_delay,
    what_keeps_failing_is_given_up,
    a_panicking_handler_fails_its_task_alone,
    a_task_over_its_deadline_fails,
    a_full_queue_takes_nothing,
    a_file_that_cannot_be_stored_is_a_failed_task,
);

fn id(task: &Value) -> i64 {
    task["task_id"].as_i64().expect("an id")
}

async fn act(app: &TestApp, task: i64, action: &str, body: Value) -> millrace_testkit::Reply {
    app.client.post(&format!("/api/v1/etl/tasks/{task}/{action}"), body).await
}

async fn objects(world: &World) -> Vec<String> {
    let listed: Vec<_> = world.objects.list("").try_collect().await.expect("a listing");
    listed.into_iter().map(|object| object.key).collect()
}

async fn a_waiting_task_is_cancelled_at_once(backend: Backend) {
    let builder = world(backend).await.app().scripted().config(|config| config.queue.concurrency.document = Some(1));
    let app = start(builder).await;
    let project = app.client.project().await;
    let ids = app.client.submitted(Form::of(project).file("hold.txt", "1").file("waits.txt", "2")).await;
    app.executor().wait_for_runs("hold.txt", 1).await;
    let cancelled = act(&app, ids[1], "cancel", Value::Null).await.expect(200);
    assert_eq!(cancelled["status"], "cancelled");
    act(&app, ids[1], "cancel", Value::Null).await.problem(409, "illegal_transition");
    app.executor().release();
    completed(&app.client.wait(ids[0]).await);
    assert_eq!(app.executor().runs("waits.txt"), 0);
    // Cancelled is not the end: it can be run after all.
    act(&app, ids[1], "retry", Value::Null).await.expect(202);
    completed(&app.client.wait(ids[1]).await);
    finish(app).await;
}

async fn a_running_task_is_cancelled_when_it_stops(backend: Backend) {
    let app = scripted(backend).await;
    let project = app.client.project().await;
    let task = app.client.submitted(Form::of(project).file("hold.txt", "1")).await[0];
    app.executor().wait_for_runs("hold.txt", 1).await;
    let running = app.client.task(task).await;
    assert_eq!((&running["status"], &running["attempt"]), (&json!("mineru_parsing"), &json!(1)), "{running}");
    act(&app, task, "retry", Value::Null).await.problem(409, "illegal_transition");
    let cancelling = act(&app, task, "cancel", Value::Null).await;
    assert!([200, 202].contains(&cancelling.status), "{}", cancelling.excerpt());
    let ended = app.client.wait(task).await;
    assert_eq!(ended["status"], "cancelled");
    assert_eq!(app.client.mounts(task).await.len(), 0);
    finish(app).await;
}

async fn a_retry_from_mount_does_not_parse_again(backend: Backend) {
    let app = real(backend).await;
    let project = app.client.project().await;
    app.mounts.fail_next(1, false);
    let task = app.client.run(project, "a.md", "# Kept").await;
    failed(&task, "mount", "mount_refused");
    let before = app.client.get(&format!("/api/v1/etl/tasks/{}/artifacts", id(&task))).await.expect(200);
    assert_eq!(before["items"].as_array().map(Vec::len), Some(2), "{before}");
    let puts = app.objects.faults().calls(ObjectMethod::Put);
    let reopened = act(&app, id(&task), "retry", json!({"from_stage": "mount"})).await.expect(202);
    assert_eq!(reopened["status"], "pending");
    let task = app.client.wait(id(&task)).await;
    let (table, pointer) = mounted_at(&task);
    assert_eq!(app.client.data(table, &pointer).await, app.client.result(id(&task)).await);
    assert_eq!(app.objects.faults().calls(ObjectMethod::Put), puts, "nothing was parsed or stored again");
    let after = app.client.get(&format!("/api/v1/etl/tasks/{}/artifacts", id(&task))).await.expect(200);
    assert_eq!(after, before);
    act(&app, id(&task), "retry", json!({"from_stage": "run"})).await.problem(400, "invalid_stage");
    finish(app).await;
}

async fn a_crashing_mount_service_harms_one_attempt(backend: Backend) {
    let app = scripted(backend).await;
    let project = app.client.project().await;
    app.mounts.crash_next();
    let task = app.client.run(project, "a.txt", "x").await;
    mounted_at(&task);
    assert_eq!(task["attempt"], 2, "{task}");
    assert_eq!(app.executor().stages("a.txt"), [Stage::Parse, Stage::Mount], "the second began at the mount");
    assert_eq!(app.mounts.calls(), 2);
    finish(app).await;
}

fn time(value: &Value) -> DateTime<Utc> {
    value.as_str().and_then(|text| text.parse().ok()).expect("a time")
}

/// An application whose time stands still, with delays of up to an hour.
async fn at_rest(backend: Backend) -> (TestApp, FakeClock) {
    let clock = FakeClock::default();
    let world = Arc::new(World::with_clock(backend, clock.port()).await.expect("a world"));
    let builder = world.app().scripted().config(|config| {
        config.queue.retry_base_ms = 3_600_000;
        config.queue.retry_max_ms = 7_200_000;
    });
    (start(builder).await, clock)
}

/// The task once it waits for its next attempt, as its reader sees it.
async fn waiting_again(app: &TestApp, task: i64, attempt: i64) -> Value {
    let mut seen = app.client.get(&format!("/api/v1/etl/tasks/{task}")).await;
    loop {
        let body = seen.expect(200);
        if body["status"] == "pending" && body["attempt"] == attempt {
            return body;
        }
        let tag = seen.header("etag").expect("a tag").to_owned();
        let next = app.client.request("GET", &format!("/api/v1/etl/tasks/{task}?wait=30"));
        seen = app.client.send(next.header("if-none-match", tag)).await;
    }
}

/// Lets time go on, a millisecond a step, until something has happened. One step would do if the dispatcher were known
/// to sleep already; a clock that stands still cannot tell.
async fn goes_on(clock: &FakeClock, happened: impl Future<Output = ()>) {
    let mut happened = std::pin::pin!(happened);
    for _ in 0..500 {
        clock.advance(Duration::from_millis(1));
        if tokio::time::timeout(Duration::from_millis(20), &mut happened).await.is_ok() {
            return;
        }
    }
    panic!("it did not happen within ten seconds");
}

async fn a_passing_failure_is_retried_after_its_delay(backend: Backend) {
    let (app, clock) = at_rest(backend).await;
    let project = app.client.project().await;
    let task = app.client.submitted(Form::of(project).file("flaky2.txt", "x")).await[0];
    for (attempt, most) in [(1, 3_600), (2, 7_200)] {
        let waiting = waiting_again(&app, task, attempt).await;
        assert_eq!(waiting["error"]["code"], "flaky", "the last error is shown");
        let due = time(&waiting["run_at"]);
        let delay = due - clock.now();
        assert!(delay > chrono::TimeDelta::zero() && delay.num_seconds() <= most, "{delay}");
        let almost = delay - chrono::TimeDelta::milliseconds(1);
        clock.advance(almost.to_std().unwrap_or_default());
        // Another task that runs through shows that the dispatcher has looked at this time.
        completed(&app.client.run(project, "other.txt", attempt.to_string()).await);
        assert_eq!(app.executor().runs("flaky2.txt"), usize::try_from(attempt).expect("few"), "not before its time");
        let next = usize::try_from(attempt + 1).expect("few");
        goes_on(&clock, app.executor().wait_for_runs("flaky2.txt", next)).await;
    }
    let done = app.client.wait(task).await;
    mounted_at(&done);
    assert_eq!((&done["attempt"], &done["error"]), (&json!(3), &Value::Null));
    finish(app).await;
}

async fn what_keeps_failing_is_given_up(backend: Backend) {
    let app = scripted(backend).await;
    let project = app.client.project().await;
    let task = app.client.run(project, "flaky9.txt", "x").await;
    failed(&task, "mineru", "flaky");
    assert_eq!((&task["attempt"], app.executor().runs("flaky9.txt")), (&json!(3), 3));
    // What is wrong for good is not tried again.
    let bad = app.client.run(project, "bad.txt", "x").await;
    failed(&bad, "mineru", "broken_file");
    assert_eq!(bad["attempt"], 1);
    finish(app).await;
}

async fn a_panicking_handler_fails_its_task_alone(backend: Backend) {
    let app = scripted(backend).await;
    let project = app.client.project().await;
    let ids = app.client.submitted(Form::of(project).file("panic.txt", "1").file("fine.txt", "2")).await;
    let tasks = app.client.wait_all(&ids).await;
    failed(&tasks[0], "mineru", "handler_panicked");
    completed(&tasks[1]);
    finish(app).await;
}

async fn a_task_over_its_deadline_fails(backend: Backend) {
    let (app, clock) = at_rest(backend).await;
    let project = app.client.project().await;
    let task = app.client.submitted(Form::of(project).file("hold.txt", "x")).await[0];
    app.executor().wait_for_runs("hold.txt", 1).await;
    // The sweeper sleeps, and the deadline.
    clock.wait_for_sleepers(2).await;
    clock.advance(Duration::from_secs(601));
    let task = app.client.wait(task).await;
    failed(&task, "timeout", "deadline_exceeded");
    finish(app).await;
}

async fn a_full_queue_takes_nothing(backend: Backend) {
    let builder = world(backend).await.app().scripted().config(|config| {
        config.queue.concurrency.document = Some(1);
        config.queue.max_pending = 2;
    });
    let app = start(builder).await;
    let project = app.client.project().await;
    let first = app.client.submitted(Form::of(project).file("hold.txt", "0")).await[0];
    app.executor().wait_for_runs("hold.txt", 1).await;
    let waiting = app.client.submitted(Form::of(project).file("1.txt", "1").file("2.txt", "2")).await;
    let (bytes, total) = (objects(&app.world).await, "/api/v1/etl/tasks?include_total=true");
    let tasks = app.client.get(total).await.expect(200)["total"].clone();
    let refused = app.client.upload_and_submit(Form::of(project).file("3.txt", "3")).await;
    refused.problem(429, "queue_full");
    assert!(refused.header("retry-after").is_some_and(|after| after.parse::<u32>().is_ok()));
    let many = Form::of(project).file("4.txt", "4").file("5.txt", "5");
    app.client.upload_and_submit(many).await.problem(429, "queue_full");
    assert_eq!(objects(&app.world).await.len(), bytes.len(), "no bytes stay");
    assert_eq!(app.client.get(total).await.expect(200)["total"], tasks, "no row stays");
    app.executor().release();
    app.client.wait_all(&waiting).await;
    completed(&app.client.wait(first).await);
    app.client.upload_and_submit(Form::of(project).file("3.txt", "3")).await.expect(202);
    finish(app).await;
}

async fn a_file_that_cannot_be_stored_is_a_failed_task(backend: Backend) {
    use millrace_repository::testing::faulty::Moment;
    let app = scripted(backend).await;
    let project = app.client.project().await;
    app.objects.fail_next(ObjectMethod::Put, 1, Moment::Before);
    let body = app.client.upload_and_submit(Form::of(project).file("lost.txt", "x").file("kept.txt", "y")).await;
    let body = body.expect(202);
    assert_eq!(body["items"][0]["status"], "failed");
    let lost = app.client.task(id(&body["items"][0])).await;
    failed(&lost, "upload", "unavailable");
    completed(&app.client.wait(id(&body["items"][1])).await);
    act(&app, id(&lost), "retry", Value::Null).await.problem(409, "no_source");
    finish(app).await;
}
