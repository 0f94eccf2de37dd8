//! Stores that fail in the middle of an upload.

use millrace_repository::testing::faulty::{Moment, ObjectMethod, TaskMethod};
use serde_json::json;

use crate::app::{Form, TestApi};

const PATH: &str = "/api/v1/etl/upload_and_submit";

#[actix_web::test]
async fn a_store_that_fails_gives_a_failed_task() {
    let cases = [
        (ObjectMethod::Put, Moment::Before, 10),
        (ObjectMethod::Put, Moment::After, 10),
        (ObjectMethod::Writer, Moment::Before, 100_000),
        (ObjectMethod::Write, Moment::Before, 100_000),
        (ObjectMethod::Finish, Moment::Before, 100_000),
        (ObjectMethod::Finish, Moment::After, 100_000),
    ];
    for (method, moment, size) in cases {
        let api = TestApi::new().await;
        let caller = api.caller("a").await;
        let project = api.project(&caller).await;
        api.objects.fail_next(method, 1, moment);
        let form = Form::new().field("project_id", project).file("files", "first.txt", vec![b'x'; size]).file(
            "files",
            "second.txt",
            vec![b'y'; size],
        );
        let body = api.send(form.post(&caller, PATH)).await.expect(202);
        let errors: Vec<_> =
            body["items"].as_array().expect("items").iter().filter(|item| !item["error"].is_null()).collect();
        assert_eq!(errors.len(), 1, "{method:?} {moment:?}: {body}");
        assert_eq!(errors[0]["error"]["code"], "unavailable");
        assert_eq!(errors[0]["error"]["stage"], "upload");
        let raw = api.keys().await.into_iter().filter(|key| key.contains("/raw/")).count();
        assert_eq!(raw, 1, "{method:?} {moment:?} left bytes");
    }
}

#[actix_web::test]
async fn a_result_that_cannot_be_read_is_worth_another_try() {
    let api = TestApi::new().await;
    let caller = api.caller("a").await;
    let project = api.project(&caller).await;
    let task = api.task(&caller, project, "a.txt", "x").await;
    let path = format!("/api/v1/etl/tasks/{}/result", task["task_id"]);
    api.objects.fail_next(ObjectMethod::Stream, 1, Moment::Before);
    let broken = api.get(&caller, &path).await;
    assert_eq!(broken.problem(503, "unavailable")["retryable"], true);
    let whole = api.get(&caller, &path).await;
    assert_eq!(whole.expect(200), json!({"filename": "a.txt", "content": "x"}));
}

/// When the database goes away during the commit, nobody knows whether the task exists: its bytes must stay.
#[actix_web::test]
async fn an_unknown_outcome_keeps_the_bytes_and_a_repeat_ends_well() {
    for moment in [Moment::Before, Moment::After] {
        let api = TestApi::new().await;
        let caller = api.caller("a").await;
        let project = api.project(&caller).await;
        let send = async || {
            let form = Form::new().field("project_id", project).file("files", "slow.txt", "x");
            api.send(form.post(&caller, PATH).insert_header(("idempotency-key", "k"))).await
        };
        api.tasks.fail_next(TaskMethod::InsertMany, 1, moment);
        let first = send().await;
        assert_eq!(first.problem(503, "unavailable")["retryable"], true);
        assert!(first.header("retry-after").is_some());
        assert_eq!(api.keys().await.len(), 1, "{moment:?}");
        let second = send().await;
        second.expect(202);
        let tasks = api.get(&caller, "/api/v1/etl/tasks").await.expect(200);
        assert_eq!(
            tasks["tasks"].as_array().map(Vec::len),
            Some(1),
            "{moment:?}: one task, however often it was asked for"
        );
        let key = tasks["tasks"][0]["metadata"]["upload_key"].as_str().expect("a key").to_owned();
        assert!(api.keys().await.contains(&key), "{moment:?}: the task's bytes are there");
    }
}
