//! A rule of mode `llm` against a real server with a real model, at `MILLRACE_REAL_MODEL_URL`. Started by
//! `make test-real-model`; built only with the feature `real-model`.

#![expect(clippy::expect_used, reason = "helpers of tests fail as tests do")]

#[path = "llm_cases/support.rs"]
#[expect(dead_code, reason = "this test needs a part of what the others share")]
mod support;

use serde_json::json;
use support::{INVOICE, app, artifact, finish, report, result, run};

#[tokio::test]
async fn a_real_model_fills_a_schema() {
    let url = std::env::var("MILLRACE_REAL_MODEL_URL").expect("make test-real-model sets it");
    let provider = json!({
        "name": "real", "base_url": url, "profile": "relaxed", "default_model": "local", "context_tokens": 8192,
        "max_output_tokens": 512, "max_concurrency": 1, "timeout_seconds": 500
    });
    let app = app(vec![serde_json::from_value(provider).expect("a provider")], None).await;
    let rule = json!({
        "name": "invoice", "postprocess_mode": "llm", "options": {"citations": "lookup", "max_output_tokens": 128},
        "json_schema": {
            "type": "object", "required": ["supplier", "total"],
            "properties": {"supplier": {"type": "string", "maxLength": 60}, "total": {"type": "number"}},
            "additionalProperties": false
        }
    });
    let task = run(&app, rule, "invoice.md", INVOICE.as_bytes()).await;
    let value = result(&app, &task).await;
    let exchange = artifact(&app, &task, "exchange").await;
    println!("{value}\n{}\n{}", task["result"], exchange["turns"][0]["response"]);
    // A model of this size is not asked to be right in every word; what it says has to be of the schema, counted and
    // cited.
    assert!(value["supplier"].is_string() && value["total"].is_number(), "{value}");
    assert_eq!(value.as_object().map(serde_json::Map::len), Some(2), "{value}");
    let usage = &exchange["turns"][0]["response"]["usage"];
    assert!(usage["total_tokens"].as_u64().is_some_and(|tokens| tokens > 50), "{usage}");
    assert!(task["result"]["tokens"].as_u64() >= usage["total_tokens"].as_u64(), "{task}");
    assert_eq!(report(&app, &task).await.citations.map(|count| count.values), Some(2), "{task}");
    finish(app).await;
}
