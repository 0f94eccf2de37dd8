//! What a project used of language models.

use chrono::NaiveDate;
use millrace_api::ApiLimits;
use millrace_domain::ProjectId;
use millrace_domain::usage::{ModelName, TokenUse};
use serde_json::json;

use crate::app::{Caller, Options, TestApi};

const PATH: &str = "/api/v1/etl/usage";

async fn used(api: &TestApi, project: i64, day: &str, model: &str, used: TokenUse) {
    let day: NaiveDate = day.parse().expect("a day");
    let project = ProjectId::new(project).expect("an id");
    let model = ModelName { provider: "p".to_owned(), model: model.to_owned() };
    let reserved = api.stores.usage.reserve(project, day, 50, None).await.expect("answered").expect("no limit");
    api.stores.usage.settle(&reserved, &model, used).await.expect("settled");
}

fn tokens(input_tokens: u64, output_tokens: u64, cost_usd: f64) -> TokenUse {
    TokenUse { requests: 1, input_tokens, output_tokens, cost_usd }
}

async fn with_use(api: &TestApi) -> (Caller, i64) {
    let caller = api.caller("a").await;
    let project = api.project(&caller).await;
    used(api, project, "2026-01-01", "m", tokens(1, 2, 0.5)).await;
    used(api, project, "2026-01-02", "n", tokens(10, 20, 0.25)).await;
    used(api, project, "2026-01-02", "m", tokens(100, 200, 1.0)).await;
    used(api, project, "2026-01-02", "m", tokens(100, 200, 1.0)).await;
    used(api, project, "2026-01-03", "m", tokens(7, 7, 7.0)).await;
    (caller, project)
}

#[actix_web::test]
async fn use_is_summed_by_day_and_model() {
    let api = TestApi::new().await;
    let (caller, project) = with_use(&api).await;
    // Set aside and never answered: it counts, and nothing was used.
    let id = ProjectId::new(project).expect("an id");
    let day = "2026-01-02".parse().expect("a day");
    let _ = api.stores.usage.reserve(id, day, 1_000, None).await.expect("answered");
    let reply = api.get(&caller, &format!("{PATH}?project_id={project}&from=2026-01-01&to=2026-01-02")).await;
    let item = |day, model, requests, input, output, cost| {
        json!({"day": day, "provider": "p", "model": model, "requests": requests, "input_tokens": input,
            "output_tokens": output, "cost_usd": cost})
    };
    assert_eq!(
        reply.expect(200),
        json!({
            "project_id": project, "from": "2026-01-01", "to": "2026-01-02",
            "total": {"requests": 4, "input_tokens": 211, "output_tokens": 422, "cost_usd": 2.75},
            "items": [
                item("2026-01-01", "m", 1, 1, 2, 0.5), item("2026-01-02", "m", 2, 200, 400, 2.0),
                item("2026-01-02", "n", 1, 10, 20, 0.25),
            ],
            "counted": [{"day": "2026-01-01", "tokens": 3}, {"day": "2026-01-02", "tokens": 1_630}]
        })
    );
    let today = api.get(&caller, &format!("{PATH}?project_id={project}")).await;
    assert_eq!(today.expect(200)["items"], json!([]));
}

#[actix_web::test]
async fn only_the_owner_is_told() {
    let api = TestApi::new().await;
    let (caller, project) = with_use(&api).await;
    let stranger = api.caller("b").await;
    let path = format!("{PATH}?project_id={project}&from=2026-01-01&to=2026-01-02");
    api.get(&caller, &path).await.expect(200);
    assert_eq!(api.get(&stranger, &path).await.expect(404)["code"], "project_not_found");
    let reply = api.get(&caller, &format!("{PATH}?project_id={project}&from=2020-01-01&to=2026-01-01")).await;
    assert_eq!(reply.expect(400)["code"], "invalid_value");
}

#[actix_web::test]
async fn one_answer_tells_of_so_many_days() {
    let limits = ApiLimits { max_usage_days: 2, ..ApiLimits::default() };
    let api = TestApi::with(Options { limits, ..Options::default() }).await;
    let (caller, project) = with_use(&api).await;
    let path = format!("{PATH}?project_id={project}&from=2026-01-01&to=2026-01");
    assert_eq!(api.get(&caller, &format!("{path}-02")).await.expect(200)["total"]["requests"], 4);
    let body = api.get(&caller, &format!("{path}-03")).await.problem(400, "invalid_value");
    assert_eq!(body["errors"][0]["pointer"], "/from");
    assert!(body["detail"].as_str().is_some_and(|text| text.contains("at most 2 days")), "{body}");
    // Without a first day, no more is told than may be.
    let body = api.get(&caller, &format!("{PATH}?project_id={project}&to=2026-01-03")).await.expect(200);
    assert_eq!((&body["from"], &body["total"]["requests"]), (&json!("2026-01-02"), &json!(4)));
}
