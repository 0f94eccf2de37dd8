//! Tokens of outside issuers, and the ways to forge them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use actix_web::http::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::DateTime;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use millrace_api::{AuthConfig, Authenticator, IssuerConfig, IssuerKeys, JwksSource};
use millrace_domain::{Fault, UserId};
use millrace_repository::Stores;
use millrace_repository::testing::faulty::FakeClock;
use serde_json::{Value, json};

use crate::jwt_keys::{p256, rsa};

const NOW: i64 = 1_800_000_000;
const SUPABASE: &str = "https://abc.supabase.co/auth/v1";
const PUBLISHED: &str = "https://login.example";
const SECRET: &[u8] = b"a-shared-secret-of-32-characters";

/// Publishes a key set that a test can change.
#[derive(Default)]
struct Publisher {
    keys: std::sync::Mutex<Vec<Value>>,
    fetches: AtomicUsize,
    down: std::sync::atomic::AtomicBool,
}

#[async_trait]
impl JwksSource for Publisher {
    async fn fetch(&self, url: &str) -> anyhow::Result<Value> {
        assert_eq!(url, "https://login.example/jwks.json");
        self.fetches.fetch_add(1, Ordering::SeqCst);
        anyhow::ensure!(!self.down.load(Ordering::SeqCst), "away");
        Ok(json!({"keys": *self.keys.lock().expect("no panic before")}))
    }
}

impl Publisher {
    fn publish(&self, keys: &[(&EncodingKey, Algorithm, &str)]) {
        let jwk = |(key, algorithm, kid): &(&EncodingKey, Algorithm, &str)| {
            let mut jwk = serde_json::to_value(Jwk::from_encoding_key(key, *algorithm).expect("a JWK")).expect("JSON");
            jwk["kid"] = json!(kid);
            jwk
        };
        // Real sets hold kinds of keys that we do not know.
        let mut all = vec![json!({"kty": "unheard-of", "kid": "x"})];
        all.extend(keys.iter().map(jwk));
        *self.keys.lock().expect("no panic before") = all;
    }
}

struct Setup {
    auth: Authenticator,
    publisher: Arc<Publisher>,
    clock: FakeClock,
}

fn setup() -> Setup {
    let clock = FakeClock::starting_at(DateTime::from_timestamp(NOW, 0).expect("a time"));
    let stores = Stores::memory(clock.port());
    let publisher = Arc::new(Publisher::default());
    publisher.publish(&[(&p256(), Algorithm::ES256, "ec1"), (&rsa(), Algorithm::RS256, "rsa1")]);
    let issuer =
        |name: &str, keys| IssuerConfig { issuer: name.to_owned(), audiences: vec!["authenticated".to_owned()], keys };
    let config = AuthConfig {
        issuers: vec![
            issuer(SUPABASE, IssuerKeys::Secret(SECRET.into())),
            issuer(PUBLISHED, IssuerKeys::Jwks { url: "https://login.example/jwks.json".to_owned() }),
        ],
        local_owner: None,
        refuse_api_keys: false,
    };
    let source: Arc<dyn JwksSource> = Arc::clone(&publisher) as _;
    let auth = Authenticator::new(config, Arc::clone(&stores.users), stores.api_keys, clock.port(), source);
    Setup { auth, publisher, clock }
}

fn claims(issuer: &str) -> Value {
    json!({"iss": issuer, "sub": "d3b0-7384", "aud": "authenticated", "exp": NOW + 3600, "role": "authenticated"})
}

fn header(algorithm: Algorithm, kid: Option<&str>) -> Header {
    let mut header = Header::new(algorithm);
    header.kid = kid.map(str::to_owned);
    header
}

fn hs256(claims: &Value) -> String {
    encode(&header(Algorithm::HS256, None), claims, &EncodingKey::from_secret(SECRET)).expect("a token")
}

fn es256(claims: &Value, kid: &str) -> String {
    encode(&header(Algorithm::ES256, Some(kid)), claims, &p256()).expect("a token")
}

/// A token with any header and signature.
fn raw(header: &Value, claims: &Value, signature: &[u8]) -> String {
    let part = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    format!("{}.{}.{}", part(header.to_string().as_bytes()), part(claims.to_string().as_bytes()), part(signature))
}

impl Setup {
    async fn check(&self, token: &str) -> Result<UserId, Fault> {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, HeaderValue::from_str(&format!("Bearer {token}")).expect("a header"));
        self.auth.authenticate(&headers).await.map(|principal| principal.user)
    }

    async fn refused(&self, token: &str, why: &str) {
        let fault = self.check(token).await.expect_err(why);
        assert_eq!(fault.code, "invalid_credentials", "{why}");
    }
}

#[actix_web::test]
async fn good_tokens_of_both_kinds() {
    let setup = setup();
    let first = setup.check(&hs256(&claims(SUPABASE))).await.expect("good");
    assert_eq!(setup.check(&hs256(&claims(SUPABASE))).await.expect("good"), first);
    let other = setup.check(&es256(&claims(PUBLISHED), "ec1")).await.expect("good");
    assert_ne!(first, other, "the same subject of another issuer is another user");
    let token = encode(&header(Algorithm::RS256, Some("rsa1")), &claims(PUBLISHED), &rsa()).expect("a token");
    assert_eq!(setup.check(&token).await.expect("good"), other);
    let mut many = claims(SUPABASE);
    many["aud"] = json!(["other", "authenticated"]);
    setup.check(&hs256(&many)).await.expect("one of the audiences");
}

#[actix_web::test]
async fn wrong_claims_are_refused() {
    let setup = setup();
    let with = |name: &str, value: Value| {
        let mut claims = claims(SUPABASE);
        claims[name] = value;
        hs256(&claims)
    };
    let without = |name: &str| {
        let mut claims = claims(SUPABASE);
        claims.as_object_mut().expect("claims").remove(name);
        hs256(&claims)
    };
    setup.refused(&with("aud", json!("anon")), "wrong audience").await;
    setup.refused(&with("aud", json!([])), "no audience").await;
    setup.refused(&with("iss", json!("https://evil.example")), "unknown issuer").await;
    setup.refused(&with("exp", json!(NOW - 6)), "expired").await;
    setup.refused(&with("exp", json!(1e300)), "an end that is no time").await;
    setup.refused(&with("nbf", json!(NOW + 6)), "not valid yet").await;
    setup.refused(&with("sub", json!("")), "no subject").await;
    for name in ["aud", "iss", "exp", "sub"] {
        setup.refused(&without(name), name).await;
    }
    setup.check(&with("exp", json!(NOW - 4))).await.expect("clocks differ a little");
    setup.check(&with("nbf", json!(NOW + 4))).await.expect("clocks differ a little");
}

#[actix_web::test]
async fn the_token_does_not_choose_the_algorithm() {
    let setup = setup();
    let secret_claims = claims(SUPABASE);
    let published = claims(PUBLISHED);
    for alg in ["none", "None", "NONE", ""] {
        setup.refused(&raw(&json!({"alg": alg, "typ": "JWT"}), &secret_claims, b""), "alg none").await;
        setup.refused(&raw(&json!({"alg": alg, "kid": "ec1"}), &published, b""), "alg none").await;
    }
    // Key confusion: the public key as the secret of HS256.
    let jwk = Jwk::from_encoding_key(&p256(), Algorithm::ES256).expect("a JWK");
    for secret in [serde_json::to_vec(&jwk).expect("JSON"), p256().as_bytes().to_vec()] {
        let key = EncodingKey::from_secret(&secret);
        let token = encode(&header(Algorithm::HS256, Some("ec1")), &published, &key).expect("a token");
        setup.refused(&token, "key confusion").await;
    }
    // A published key does not open the issuer with the secret, nor the secret the one with the keys.
    setup.refused(&es256(&secret_claims, "ec1"), "wrong family").await;
    setup.refused(&hs256(&published), "wrong family").await;
    // One key's algorithm with the other's id.
    let token = encode(&header(Algorithm::RS256, Some("ec1")), &published, &rsa()).expect("a token");
    setup.refused(&token, "the algorithm of another key").await;
    let other = encode(&header(Algorithm::HS384, None), &secret_claims, &EncodingKey::from_secret(SECRET));
    setup.refused(&other.expect("a token"), "another algorithm of the family").await;
}

#[actix_web::test]
async fn keys_inside_tokens_are_ignored() {
    let setup = setup();
    let own = EncodingKey::from_secret(b"mine");
    let mut header = header(Algorithm::HS256, Some("mine"));
    header.jku = Some("https://evil.example/jwks.json".to_owned());
    let token = encode(&header, &claims(SUPABASE), &own).expect("a token");
    setup.refused(&token, "jku").await;
    header.jku = None;
    header.jwk = Some(Jwk::from_encoding_key(&own, Algorithm::HS256).expect("a JWK"));
    let token = encode(&header, &claims(SUPABASE), &own).expect("a token");
    setup.refused(&token, "jwk").await;
    assert_eq!(setup.publisher.fetches.load(Ordering::SeqCst), 0);
}

#[actix_web::test]
async fn tampering_breaks_the_signature() {
    let setup = setup();
    let token = hs256(&claims(SUPABASE));
    let parts: Vec<&str> = token.split('.').collect();
    let mut forged = claims(SUPABASE);
    forged["sub"] = json!("somebody-else");
    let forged = URL_SAFE_NO_PAD.encode(forged.to_string());
    setup.refused(&format!("{}.{forged}.{}", parts[0], parts[2]), "other claims").await;
    setup.refused(&format!("{}.{}.", parts[0], parts[1]), "no signature").await;
    setup.refused(&format!("{}.{}", parts[0], parts[1]), "two parts").await;
    setup.refused("a.b.c", "nonsense").await;
    setup.refused(&"x".repeat(9000), "too long").await;
}

#[actix_web::test]
async fn keys_rotate_without_a_restart() {
    let setup = setup();
    let fetches = || setup.publisher.fetches.load(Ordering::SeqCst);
    setup.check(&es256(&claims(PUBLISHED), "ec1")).await.expect("good");
    assert_eq!(fetches(), 1);
    // Unknown keys cause one fetch, then none until half a minute is over.
    setup.clock.advance(Duration::from_secs(31));
    for kid in ["a", "b", "c"] {
        setup.refused(&es256(&claims(PUBLISHED), kid), "unknown kid").await;
    }
    assert_eq!(fetches(), 2);
    setup.publisher.publish(&[(&p256(), Algorithm::ES256, "ec2")]);
    setup.clock.advance(Duration::from_secs(31));
    setup.check(&es256(&claims(PUBLISHED), "ec2")).await.expect("the new key");
    assert_eq!(fetches(), 3);
    setup.refused(&es256(&claims(PUBLISHED), "ec1"), "the old key is gone").await;
    // The only key need not be named.
    let token = encode(&header(Algorithm::ES256, None), &claims(PUBLISHED), &p256()).expect("a token");
    setup.check(&token).await.expect("the only key");
}

#[actix_web::test]
async fn an_issuer_that_is_away_is_believed_for_a_while() {
    let setup = setup();
    let mut long = claims(PUBLISHED);
    long["exp"] = json!(NOW + 1_000_000);
    setup.check(&es256(&long, "ec1")).await.expect("good");
    setup.publisher.down.store(true, Ordering::SeqCst);
    setup.clock.advance(Duration::from_secs(3600));
    setup.check(&es256(&long, "ec1")).await.expect("stale is good enough");
    setup.clock.advance(Duration::from_secs(24 * 3600));
    setup.refused(&es256(&long, "ec1"), "too stale").await;
}

#[actix_web::test]
async fn a_token_ends_when_it_says() {
    let setup = setup();
    let mut short = claims(SUPABASE);
    short["exp"] = json!(NOW + 10);
    let token = hs256(&short);
    setup.check(&token).await.expect("good");
    setup.clock.advance(Duration::from_secs(16));
    setup.refused(&token, "expired although it was seen before").await;
}
