//! What the tests share.

use std::sync::Arc;

use millrace_testkit::client::Reply;
use millrace_testkit::world::Backend;
use millrace_testkit::{TestApp, TestAppBuilder, World};
use serde_json::Value;

/// Makes of each `async fn name(backend: Backend)` two tests: `memory::name` and `postgres::name`.
macro_rules! on_both {
    ($($name:ident),+ $(,)?) => {
        mod memory {
            $(#[tokio::test]
            async fn $name() {
                super::$name(millrace_testkit::world::Backend::Memory).await;
            })+
        }
        mod postgres {
            $(#[tokio::test]
            async fn $name() {
                super::$name(millrace_testkit::world::Backend::Postgres).await;
            })+
        }
    };
}
pub(crate) use on_both;

pub async fn world(backend: Backend) -> Arc<World> {
    Arc::new(World::new(backend).await.expect("a world"))
}

pub async fn start(builder: TestAppBuilder) -> TestApp {
    builder.start().await.expect("the application starts")
}

/// Everything real.
pub async fn real(backend: Backend) -> TestApp {
    start(world(backend).await.app()).await
}

/// What a file is called decides what becomes of it.
pub async fn scripted(backend: Backend) -> TestApp {
    start(world(backend).await.app().scripted()).await
}

pub async fn finish(app: TestApp) {
    app.finish().await.expect("nothing is left");
}

/// A task that must have completed.
#[track_caller]
pub fn completed(task: &Value) -> &Value {
    assert_eq!(task["status"], "completed", "{task}");
    task
}

/// A task that must have failed like this.
#[track_caller]
pub fn failed(task: &Value, stage: &str, code: &str) {
    assert_eq!(task["status"], "failed", "{task}");
    assert_eq!((&task["error"]["code"], &task["error"]["stage"]), (&code.into(), &stage.into()), "{task}");
    assert_eq!(task["metadata"]["error_stage"], stage, "{task}");
}

/// The pointer in a problem's first error, or nothing.
pub fn problem_pointer(reply: &Reply) -> String {
    reply.json()["errors"][0]["pointer"].as_str().unwrap_or_default().to_owned()
}

/// Where a task's result was mounted.
#[track_caller]
pub fn mounted_at(task: &Value) -> (i64, String) {
    let metadata = &completed(task)["metadata"];
    assert_eq!(metadata["mount_processed"], true, "{task}");
    let table = metadata["mount_table_id"].as_i64().expect("a table");
    let path = metadata["mount_json_path"].as_str().expect("a container");
    (table, format!("{path}/{}", metadata["mount_key"].as_str().expect("a key")))
}
