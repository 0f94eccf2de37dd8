//! `Idempotency-Key`: the first request does the work and leaves a receipt in the same transaction, repeats get the
//! first answer.
//!
//! Only successes leave receipts. What was refused did nothing, so its repeat may try again.

use std::borrow::Borrow;

use actix_web::http::header::HeaderMap;
use actix_web::{HttpRequest, HttpResponse};
use millrace_domain::{Fault, UserId};
use millrace_repository::{Receipt, ReceiptKey, StoredReceipt, StoredResponse};

use crate::http::canonical::{Fingerprint, FingerprintBuilder};
use crate::http::respond;
use crate::in_flight::Held;
use crate::problem::Problem;
use crate::state::Api;

/// The request header.
pub const IDEMPOTENCY_KEY: &str = "idempotency-key";
const MAX_KEY: usize = 255;
const KEY_IN_USE: &str = "idempotency_key_in_use";

/// One request's part in it. Begin it before the body is read, so that a repeat that overlaps is refused early.
pub struct Attempt {
    api: Api,
    user: UserId,
    query: String,
    held: Option<Held>,
}

/// What became of the work.
#[derive(Debug)]
pub enum Outcome<R> {
    /// Done now; with the answer as the receipt has it.
    Done(R, StoredResponse),
    /// Done before.
    Replayed(StoredResponse),
}

impl<R> Outcome<R> {
    /// The answer.
    pub fn into_response(self) -> HttpResponse {
        match self {
            Self::Done(_, response) => respond::stored(response, false),
            Self::Replayed(response) => respond::stored(response, true),
        }
    }
}

impl Attempt {
    /// Reads the header and takes the key.
    ///
    /// # Errors
    /// `invalid_idempotency_key`; `idempotency_key_in_use` while this node answers a request with the same key.
    pub fn begin(api: &Api, user: UserId, request: &HttpRequest) -> Result<Self, Problem> {
        let held = match key_of(request.headers())? {
            None => None,
            Some(key) => {
                let operation = format!("{} {}", request.method(), request.path());
                let held = api.in_flight().take((user, operation, key));
                Some(held.ok_or_else(|| {
                    Problem::new(KEY_IN_USE, "a request with this Idempotency-Key is still being answered")
                        .retry_after(1)
                })?)
            }
        };
        Ok(Self { api: api.clone(), user, query: request.query_string().to_owned(), held })
    }

    /// Whether there is a key, so that a fingerprint is worth its cost.
    pub fn has_key(&self) -> bool {
        self.held.is_some()
    }

    /// Begins the fingerprint.
    pub fn fingerprint(&self) -> FingerprintBuilder {
        FingerprintBuilder::new(&self.query)
    }

    /// The fingerprint of a request with a JSON body (or none).
    ///
    /// # Errors
    /// `invalid_json`.
    pub fn json_fingerprint(&self, body: &[u8]) -> Result<Fingerprint, Problem> {
        if !self.has_key() {
            return Ok(Fingerprint::default());
        }
        let mut builder = self.fingerprint();
        builder.json(body)?;
        Ok(builder.finish())
    }

    /// Does the work unless it was done before. `render` makes the answer from what was stored; `work` must store the
    /// receipt in its transaction.
    ///
    /// # Errors
    /// `idempotency_key_reused` when the key was used for another request; otherwise those of `work`.
    pub async fn run<T, R, F, W>(&self, fingerprint: Fingerprint, render: F, work: W) -> Result<Outcome<R>, Problem>
    where
        T: ?Sized + 'static,
        R: Borrow<T>,
        F: Fn(&T) -> StoredResponse + Clone + Send + Sync + 'static,
        W: AsyncFnOnce(Option<Receipt<T>>) -> Result<R, Fault>,
    {
        let Some(held) = &self.held else {
            let done = work(None).await?;
            let response = render(done.borrow());
            return Ok(Outcome::Done(done, response));
        };
        if let Some(found) = self.find(held).await? {
            return replay(found, fingerprint);
        }
        match work(Some(self.receipt(held, fingerprint, render.clone()))).await {
            Ok(done) => {
                let response = render(done.borrow());
                Ok(Outcome::Done(done, response))
            }
            // Another node was faster; its receipt has the answer.
            Err(fault) if fault.code == KEY_IN_USE => match self.find(held).await? {
                Some(found) => replay(found, fingerprint),
                None => Err(fault.into()),
            },
            Err(fault) => Err(fault.into()),
        }
    }

    async fn find(&self, held: &Held) -> Result<Option<StoredReceipt>, Fault> {
        let (user, operation, key) = held.scope();
        let now = self.api.clock().now();
        Ok(self.api.stores().idempotency.find(*user, operation, key, now).await?)
    }

    fn receipt<T: ?Sized>(
        &self,
        held: &Held,
        fingerprint: Fingerprint,
        render: impl Fn(&T) -> StoredResponse + Send + Sync + 'static,
    ) -> Receipt<T> {
        let (_, operation, key) = held.scope().clone();
        let expires_at = self.api.clock().now() + self.api.limits().idempotency_retention;
        Receipt {
            key: ReceiptKey { user_id: self.user, operation, key, fingerprint, expires_at },
            render: Box::new(render),
        }
    }
}

fn replay<R>(found: StoredReceipt, fingerprint: Fingerprint) -> Result<Outcome<R>, Problem> {
    if found.fingerprint == fingerprint {
        return Ok(Outcome::Replayed(found.response));
    }
    Err(Problem::new("idempotency_key_reused", "this Idempotency-Key was used for a different request"))
}

/// The key, bare or as a structured-field string.
fn key_of(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let mut values = headers.get_all(IDEMPOTENCY_KEY);
    let Some(value) = values.next() else { return Ok(None) };
    let refused = || {
        Problem::new(
            "invalid_idempotency_key",
            format!("an Idempotency-Key has 1 to {MAX_KEY} printable ASCII characters, and is sent once"),
        )
    };
    if values.next().is_some() {
        return Err(refused());
    }
    let text = value.to_str().map(str::trim).unwrap_or_default();
    let key = match text.strip_prefix('"') {
        Some(rest) => rest.strip_suffix('"').ok_or_else(refused)?,
        None => text,
    };
    let good = (1..=MAX_KEY).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ');
    if good && !key.contains('"') { Ok(Some(key.to_owned())) } else { Err(refused()) }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    fn read(text: &str) -> Result<Option<String>, Problem> {
        let mut headers = HeaderMap::new();
        headers.insert(HeaderName::from_static(IDEMPOTENCY_KEY), HeaderValue::from_str(text).expect("a header"));
        key_of(&headers)
    }

    #[test]
    fn keys_are_bare_or_quoted() {
        let longest = "x".repeat(MAX_KEY);
        for (text, key) in [("abc", "abc"), ("\"abc\"", "abc"), (longest.as_str(), longest.as_str())] {
            assert_eq!(read(text).expect(text).as_deref(), Some(key));
        }
        for text in ["", "\"", "\"\"", "\"abc", "a\"b", &"x".repeat(MAX_KEY + 1)] {
            assert_eq!(read(text).expect_err(text).code(), "invalid_idempotency_key");
        }
        assert_eq!(key_of(&HeaderMap::new()).expect("none"), None);
    }
}
