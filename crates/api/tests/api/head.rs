//! HEAD: the GET of every path, without its content.

use actix_web::http::header::HeaderMap;
use serde_json::Value;

use crate::app::{TestApi, anonymous};
use crate::contract::DOCUMENT;

/// The paths of all GET operations with `id` for every id.
fn readable(id: &str) -> Vec<String> {
    let paths = DOCUMENT["paths"].as_object().expect("paths").iter();
    let readable = paths.filter(|(_, item)| !item["get"].is_null());
    readable
        .map(|(pattern, _)| {
            pattern.split('/').map(|part| if part.starts_with('{') { id } else { part }).collect::<Vec<_>>().join("/")
        })
        .collect()
}

/// The headers of an answer, without what differs between any two.
fn headers(headers: &HeaderMap) -> Vec<(String, String)> {
    let mut all: Vec<_> = headers
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_str().expect("ASCII").to_owned()))
        .filter(|(name, _)| name != "x-request-id")
        .collect();
    all.sort();
    all
}

#[actix_web::test]
async fn head_answers_like_get_without_the_content() {
    let api = TestApi::new().await;
    let caller = api.caller("a").await;
    let project = api.project(&caller).await;
    api.table(&caller, project).await;
    api.task(&caller, project, "a.txt", "hello").await;
    let (mut found, mut missing) = (0, 0);
    for path in readable("1").into_iter().chain(readable("987654")).chain(readable("x")) {
        let get = api.get(&caller, &path).await;
        let head = api.json(&caller, "HEAD", &path, Value::Null).await;
        assert_eq!(head.status, get.status, "{path}");
        assert_eq!(headers(&head.headers), headers(&get.headers), "{path}");
        assert!(head.body.is_empty(), "{path}");
        if get.status.is_success() { found += 1 } else { missing += 1 }
    }
    assert!(found >= 15 && missing >= 15, "{found} found, {missing} missing");
}

#[actix_web::test]
async fn head_asks_for_credentials_and_heeds_tags() {
    let api = TestApi::new().await;
    assert_eq!(api.send(anonymous("HEAD", "/api/v1/projects")).await.status, 401);
    let caller = api.caller("a").await;
    let project = api.project(&caller).await;
    let task = api.task(&caller, project, "a.txt", "hello").await["task_id"].clone();
    let path = format!("/api/v1/etl/tasks/{task}/result");
    let head = api.json(&caller, "HEAD", &path, Value::Null).await;
    let tag = head.header("etag").expect("a tag").to_owned();
    let again = api.send(caller.request("HEAD", &path).insert_header(("if-none-match", tag))).await;
    assert_eq!(again.status, 304);
}

#[actix_web::test]
async fn head_is_refused_where_nothing_can_be_read() {
    let api = TestApi::new().await;
    let caller = api.caller("a").await;
    let reply = api.json(&caller, "HEAD", "/api/v1/etl/upload_and_submit", Value::Null).await;
    assert_eq!((reply.status.as_u16(), reply.header("allow")), (405, Some("POST")));
    assert_eq!(api.json(&caller, "HEAD", "/api/v1/nowhere", Value::Null).await.status, 404);
}
