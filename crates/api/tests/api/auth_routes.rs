//! API keys over HTTP, and what stands without credentials.

use millrace_api::AuthConfig;
use millrace_domain::UserId;
use serde_json::{Value, json};

use crate::app::{Caller, Options, TestApi, anonymous};

#[actix_web::test]
async fn nothing_without_credentials() {
    let api = TestApi::new().await;
    let reply = api.send(anonymous("GET", "/api/v1/projects")).await;
    reply.problem(401, "missing_credentials");
    assert_eq!(reply.header("www-authenticate"), Some("Bearer realm=\"millrace\""));
    for value in ["Bearer", "Bearer ", "Basic YTpi", "Bearer mlr_live_x", "Bearer a.b.c", "mlr_live_x"] {
        let reply = api.send(anonymous("GET", "/api/v1/projects").insert_header(("authorization", value))).await;
        reply.problem(401, "invalid_credentials");
        assert!(reply.header("www-authenticate").is_some_and(|value| value.contains("invalid_token")));
    }
    // What is not there is not told to strangers either.
    api.send(anonymous("GET", "/api/v1/nowhere")).await.problem(401, "missing_credentials");
}

#[actix_web::test]
async fn a_key_lives_and_is_revoked_at_once() {
    let api = TestApi::new().await;
    let caller = api.caller("a").await;
    let made = api.json(&caller, "POST", "/api/v1/api-keys", json!({"name": "ci"})).await.expect(201);
    let secret = made["key"].as_str().expect("shown once");
    assert!(secret.starts_with("mlr_live_"));
    let other = Caller { user: caller.user, key: secret.to_owned() };
    api.get(&other, "/api/v1/projects").await.expect(200);
    let request = anonymous("GET", "/api/v1/projects").insert_header(("x-api-key", secret));
    api.send(request).await.expect(200);

    let listed = api.get(&caller, "/api/v1/api-keys").await.expect(200);
    let entry = &listed["items"][0];
    assert_eq!(entry["name"], "ci");
    assert!(!listed.to_string().contains(secret), "the secret is shown once");
    assert!(secret.starts_with(entry["prefix"].as_str().expect("a prefix")));

    let path = format!("/api/v1/api-keys/{}", made["api_key_id"]);
    api.json(&caller, "DELETE", &path, Value::Null).await.expect(204);
    api.get(&other, "/api/v1/projects").await.problem(401, "invalid_credentials");
    api.json(&caller, "DELETE", &path, Value::Null).await.expect(204);
    api.json(&caller, "DELETE", "/api/v1/api-keys/99", Value::Null).await.problem(404, "api_key_not_found");
}

#[actix_web::test]
async fn keys_can_expire() {
    let api = TestApi::new().await;
    let caller = api.caller("a").await;
    let body = json!({"name": "x", "expires_at": "2020-01-01T00:00:00Z"});
    let problem = api.json(&caller, "POST", "/api/v1/api-keys", body).await.problem(400, "invalid_value");
    assert_eq!(problem["errors"][0]["pointer"], "/expires_at");
    let body = json!({"name": "x", "expires_at": "2999-01-01T00:00:00Z"});
    let made = api.json(&caller, "POST", "/api/v1/api-keys", body).await.expect(201);
    assert_eq!(made["expires_at"], "2999-01-01T00:00:00Z");
}

#[actix_web::test]
async fn a_repeat_does_not_show_the_secret_again() {
    let api = TestApi::new().await;
    let caller = api.caller("a").await;
    let send = async || {
        let request = caller.request("POST", "/api/v1/api-keys").insert_header(("idempotency-key", "k1"));
        api.send(request.set_json(json!({"name": "once"}))).await
    };
    let (first, second) = (send().await, send().await);
    assert_eq!(second.header("idempotency-replayed"), Some("true"));
    assert_eq!(first.expect(201)["api_key_id"], second.expect(201)["api_key_id"]);
    assert!(first.json()["key"].is_string());
    assert_eq!(second.json()["key"], Value::Null);
}

#[actix_web::test]
async fn the_local_owner_is_not_for_other_sites() {
    let owner = UserId::new(1).expect("an id");
    let auth = AuthConfig { local_owner: Some(owner), ..AuthConfig::default() };
    let api = TestApi::with(Options { auth, ..Options::default() }).await;
    let get = |host: &'static str| anonymous("GET", "/api/v1/projects").insert_header(("host", host));
    api.send(get("127.0.0.1:8080")).await.expect(200);
    api.send(get("localhost:8080").insert_header(("origin", "http://localhost:8080"))).await.expect(200);
    api.send(get("localhost:8080").insert_header(("origin", "https://evil.example"))).await.problem(403, "forbidden");
    api.send(get("rebound.example")).await.problem(403, "forbidden");
    // A wrong credential is an error, not the owner.
    let request = get("localhost").insert_header(("authorization", "Bearer wrong"));
    api.send(request).await.problem(401, "invalid_credentials");
}

#[actix_web::test]
async fn health_needs_no_credentials() {
    let api = TestApi::new().await;
    assert_eq!(api.send(anonymous("GET", "/livez")).await.expect(200), json!({"status": "ok"}));
    assert_eq!(api.send(anonymous("GET", "/readyz")).await.expect(200)["database"], "ok");
    api.send(anonymous("GET", "/metrics")).await.expect(200);
    assert_eq!(api.send(anonymous("GET", "/openapi.json")).await.expect(200)["info"]["title"], "Millrace");
}

#[actix_web::test]
async fn readiness_names_what_is_broken() {
    use millrace_repository::testing::faulty::{Moment, ObjectMethod};
    let api = TestApi::new().await;
    api.objects.fail_next(ObjectMethod::Check, 1, Moment::Before);
    let body = api.send(anonymous("GET", "/readyz")).await.problem(503, "not_ready");
    assert_eq!(body["errors"][0]["pointer"], "/objects");
    assert_eq!(body["retryable"], true);
    api.send(anonymous("GET", "/readyz")).await.expect(200);
}

/// A database that is down.
struct Down;

#[async_trait::async_trait]
impl millrace_repository::StoreHealth for Down {
    async fn ping(&self) -> millrace_repository::Result<()> {
        Err(millrace_repository::RepositoryError::Unavailable("down".into()))
    }
}

#[actix_web::test]
async fn readiness_asks_the_database() {
    let api = TestApi::with(Options { health: Some(std::sync::Arc::new(Down)), ..Options::default() }).await;
    let body = api.send(anonymous("GET", "/readyz")).await.problem(503, "not_ready");
    assert_eq!(body["errors"][0]["pointer"], "/database");
    assert_eq!(body["errors"].as_array().map(Vec::len), Some(1), "the rest works");
    api.send(anonymous("GET", "/livez")).await.expect(200);
}
