//! Providers of language models: keys go in and never come out.

use std::sync::Arc;

use millrace_domain::ports::{ProviderDirectory, SecretVault};
use millrace_domain::provider::{ProviderDefinition, ProviderOrigin, ProviderWithSecret};
use millrace_domain::{Fault, UserId};
use millrace_repository::provider_directory::StoredProviders;
use millrace_repository::vault::{Vault, VaultKey};
use serde_json::{Value, json};

use crate::app::TestApi;

const PATH: &str = "/api/v1/providers";
const KEY: &str = "sk-very-secret";

fn openai() -> Value {
    json!({"name": "openai", "base_url": "https://api.example/v1", "api_key": KEY, "profile": "json_schema",
        "default_model": "m", "prices": {"*": {"input": 0.5, "output": 1.0}}})
}

/// Providers of an installation; the first is that of rules which name none.
struct Installed(Vec<Arc<ProviderWithSecret>>);

#[async_trait::async_trait]
impl ProviderDirectory for Installed {
    async fn get(&self, _user: UserId, name: Option<&str>) -> Result<Option<Arc<ProviderWithSecret>>, Fault> {
        let mut all = self.0.iter();
        Ok(all.find(|one| name.is_none_or(|name| one.definition.name == name)).cloned())
    }
}

/// A vault with the key of the application under test.
fn vault() -> Vault {
    Vault::new(VaultKey::new(&[7; 32]), Vec::new())
}

#[actix_web::test]
async fn a_key_is_kept_sealed_and_never_shown() {
    let api = TestApi::new().await;
    let caller = api.caller("a").await;
    let send = || {
        let request = caller.request("POST", PATH).insert_header(("idempotency-key", "k"));
        api.send(request.set_json(openai()))
    };
    let made = send().await;
    let provider = made.expect(201);
    assert_eq!((&provider["has_api_key"], &provider["profile"]), (&json!(true), &json!("json_schema")));
    assert_eq!(send().await.expect(201), provider, "a repeat makes none");
    let path = format!("{PATH}/{}", provider["provider_id"]);
    assert_eq!(made.header("location"), Some(path.as_str()));
    let renamed = json!({"name": "renamed", "base_url": "https://api.example/v1"});
    for (method, path, body) in
        [("GET", path.as_str(), Value::Null), ("GET", PATH, Value::Null), ("PUT", path.as_str(), renamed.clone())]
    {
        let reply = api.json(&caller, method, path, body).await;
        reply.expect(200);
        assert!(!String::from_utf8_lossy(&reply.body).contains(KEY), "{method} {path}");
    }
    let id = provider["provider_id"].to_string().parse().expect("an id");
    let stored = async || api.stores.providers.get(caller.user, id).await.expect("read").expect("there");
    let sealed = stored().await.api_key.expect("kept by the update");
    assert!(
        !format!("{sealed:?}").contains(KEY) && !sealed.bytes.windows(KEY.len()).any(|part| part == KEY.as_bytes())
    );
    assert_eq!(vault().open(caller.user, &sealed).expect("open").expose(), KEY);
    let mut change = renamed;
    change["api_key"] = json!("other");
    assert_eq!(api.json(&caller, "PUT", &path, change.clone()).await.expect(200)["has_api_key"], true);
    let sealed = stored().await.api_key.expect("replaced");
    assert_eq!(vault().open(caller.user, &sealed).expect("open").expose(), "other");
    change["api_key"] = Value::Null;
    assert_eq!(api.json(&caller, "PUT", &path, change).await.expect(200)["has_api_key"], false);
    api.json(&caller, "DELETE", &path, Value::Null).await.expect(204);
    api.get(&caller, &path).await.problem(404, "provider_not_found");
    api.json(&caller, "DELETE", &path, Value::Null).await.problem(404, "provider_not_found");
}

#[actix_web::test]
async fn bad_providers_are_refused_with_their_place() {
    let api = TestApi::new().await;
    let caller = api.caller("a").await;
    let first = api.json(&caller, "POST", PATH, openai()).await.expect(201);
    api.json(&caller, "POST", PATH, openai()).await.problem(409, "name_taken");
    let second = json!({"name": "second", "base_url": "https://api.example/v1"});
    let second = api.json(&caller, "POST", PATH, second).await.expect(201);
    let path = format!("{PATH}/{}", second["provider_id"]);
    api.json(&caller, "PUT", &path, openai()).await.problem(409, "name_taken");
    let listed = api.get(&caller, &format!("{PATH}?limit=1")).await.expect(200);
    assert_eq!(listed["items"][0]["provider_id"], second["provider_id"]);
    let token = listed["next_page_token"].as_str().expect("a next page");
    let rest = api.get(&caller, &format!("{PATH}?page_token={token}")).await.expect(200);
    assert_eq!(rest["items"][0]["provider_id"], first["provider_id"]);
    for (member, value, code, pointer) in [
        ("name", json!("Open AI"), "invalid_value", "/name"),
        ("base_url", json!("ftp://x"), "invalid_value", "/base_url"),
        ("base_url", json!("https://user:pass@x"), "invalid_value", "/base_url"),
        ("api_key", json!(""), "invalid_value", "/api_key"),
        ("api_key", json!("two words"), "invalid_value", "/api_key"),
        ("api_key", json!("line\nbreak"), "invalid_value", "/api_key"),
        ("profile", json!("magic"), "invalid_value", "/profile"),
        ("timeout_seconds", json!(0), "invalid_value", "/timeout_seconds"),
        ("prices", json!({"*": {"input": -1.0, "output": 0.0}}), "invalid_value", "/prices/*"),
        ("colour", json!("red"), "unknown_field", "/colour"),
    ] {
        let mut body = json!({"name": "third", "base_url": "https://api.example/v1"});
        body[member] = value;
        let reply = api.json(&caller, "POST", PATH, body).await;
        assert_eq!(reply.problem(400, code)["errors"][0]["pointer"], pointer);
    }
    let body = json!({"name": "A", "base_url": "x", "timeout_seconds": 0, "api_key": "", "default_model": "m\u{0}"});
    let refused = api.json(&caller, "POST", PATH, body).await.problem(400, "invalid_value");
    let told: Vec<_> =
        refused["errors"].as_array().into_iter().flatten().map(|one| (&one["pointer"], &one["code"])).collect();
    let (wrong, nul) = (json!("invalid_value"), json!("nul_character"));
    let places = ["/name", "/base_url", "/timeout_seconds", "/default_model", "/api_key"].map(Value::from);
    assert_eq!(told, places.iter().zip([&wrong, &wrong, &wrong, &nul, &wrong]).collect::<Vec<_>>());
}

#[actix_web::test]
async fn a_rule_finds_the_callers_own_before_those_of_the_installation() {
    let api = TestApi::new().await;
    let (caller, other) = (api.caller("a").await, api.caller("b").await);
    api.json(&caller, "POST", PATH, openai()).await.expect(201);
    let installed = |name: &str| {
        Arc::new(ProviderWithSecret {
            definition: ProviderDefinition::new(name, "https://installed.example/v1"),
            api_key: None,
            origin: ProviderOrigin::Configuration,
        })
    };
    let installed = Arc::new(Installed(vec![installed("first"), installed("openai")]));
    let stored = || Arc::clone(&api.stores.providers);
    let vault = Arc::new(vault());
    let directory = StoredProviders::new(installed, stored(), vault.clone());
    let origin = async |user, name| {
        let found = directory.get(user, name).await.expect("read");
        found.map(|provider| (provider.origin, provider.api_key.as_ref().map(|key| key.expose().to_owned())))
    };
    let (own, theirs) = (ProviderOrigin::User, ProviderOrigin::Configuration);
    assert_eq!(origin(caller.user, Some("openai")).await, Some((own, Some(KEY.to_owned()))));
    assert_eq!(origin(other.user, Some("openai")).await, Some((theirs, None)));
    assert_eq!(origin(caller.user, Some("first")).await, Some((theirs, None)));
    assert_eq!(origin(caller.user, Some("nobody")).await, None);
    let unnamed = directory.get(caller.user, None).await.expect("read").expect("a provider");
    assert_eq!(unnamed.definition.name, "first", "the installation's own comes first for rules that name none");
    let none = || Arc::new(Installed(Vec::new()));
    let alone = StoredProviders::new(none(), stored(), vault);
    assert_eq!(alone.get(caller.user, None).await.expect("read").expect("a provider").definition.name, "openai");
    assert!(alone.get(other.user, None).await.expect("read").is_none());
    let lost = Vault::new(VaultKey::new(&[8; 32]), Vec::new());
    let lost = StoredProviders::new(none(), stored(), Arc::new(lost));
    assert_eq!(lost.get(caller.user, None).await.expect_err("another key").code, "internal");
}
