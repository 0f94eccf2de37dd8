//! Callbacks of mineru.net: it sends us word when a task is done, so that we need not wait for our next question.
//!
//! With a task go an address, which ends in a ticket, and a seed. The service then sends `{checksum, content}` there,
//! `content` being JSON as text and `checksum` the SHA-256 of account id, seed and content in hex. Nothing of what is in it
//! is used but that there is news: the task is asked after at once, as it would have been later. So a forged callback
//! could at worst cost a question, and one that never comes, or comes to another node, costs nothing but time.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use millrace_domain::ports::CallbackInbox;
use millrace_domain::{ErrorKind, Fault};
use parking_lot::Mutex;
use rand::Rng;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use tokio::sync::Notify;

/// Random bytes of a ticket: nobody finds one by trying.
const TICKET_BYTES: usize = 16;
/// Random bytes of a seed; in hex as many characters as the service takes, 64.
const SEED_BYTES: usize = 32;

/// The tasks that callbacks may come for.
pub struct Callbacks {
    base_url: String,
    uid: String,
    waiting: Mutex<HashMap<String, Waiting>>,
}

struct Waiting {
    seed: String,
    /// Of the last callback that was taken: a repeat of it is no news.
    last: Option<String>,
    news: Arc<Notify>,
}

/// A task that a callback may come for, until this is dropped.
pub(in crate::engine) struct Expected {
    callbacks: Arc<Callbacks>,
    ticket: String,
    seed: String,
    news: Arc<Notify>,
}

impl Callbacks {
    /// An inbox at this public address of ours, for an account with this id at the service.
    pub fn new(base_url: &str, uid: &str) -> Self {
        Self {
            base_url: base_url.trim_end_matches('/').to_owned(),
            uid: uid.to_owned(),
            waiting: Mutex::new(HashMap::new()),
        }
    }

    /// Begins to expect a callback.
    pub(in crate::engine) fn expect(self: &Arc<Self>) -> Expected {
        let news = Arc::new(Notify::new());
        let (ticket, seed) = (random_hex::<TICKET_BYTES>(), random_hex::<SEED_BYTES>());
        let waiting = Waiting { seed: seed.clone(), last: None, news: Arc::clone(&news) };
        self.waiting.lock().insert(ticket.clone(), waiting);
        Expected { callbacks: Arc::clone(self), ticket, seed, news }
    }
}

impl CallbackInbox for Callbacks {
    fn deliver(&self, ticket: &str, checksum: &str, content: &str) -> Result<(), Fault> {
        let mut waiting = self.waiting.lock();
        let Entry::Occupied(mut found) = waiting.entry(ticket.to_owned()) else {
            let text = "no task waits for this callback here: it has ended, or another node runs it";
            return Err(Fault::new(ErrorKind::NotFound, "callback_unknown", text));
        };
        let found = found.get_mut();
        let expected = checksum_of(&self.uid, &found.seed, content);
        let given = checksum.to_ascii_lowercase();
        if !bool::from(expected.as_bytes().ct_eq(given.as_bytes())) {
            let text = "the checksum is not that of this content";
            return Err(Fault::new(ErrorKind::Forbidden, "callback_checksum", text));
        }
        // The service repeats what it does not see answered, and so may whoever has overheard it.
        if found.last.as_ref() != Some(&expected) {
            found.last = Some(expected);
            found.news.notify_one();
        }
        Ok(())
    }
}

impl Expected {
    /// Where the callback goes.
    pub(in crate::engine) fn url(&self) -> String {
        format!("{}/callbacks/mineru/{}", self.callbacks.base_url, self.ticket)
    }

    /// What makes its checksum ours.
    pub(in crate::engine) fn seed(&self) -> &str {
        &self.seed
    }

    /// Returns when there is news; at once for news that came before.
    pub(in crate::engine) async fn news(&self) {
        self.news.notified().await;
    }
}

impl Drop for Expected {
    fn drop(&mut self) {
        self.callbacks.waiting.lock().remove(&self.ticket);
    }
}

fn checksum_of(uid: &str, seed: &str, content: &str) -> String {
    let digest = Sha256::new().chain_update(uid).chain_update(seed).chain_update(content).finalize();
    format!("{digest:x}")
}

fn random_hex<const BYTES: usize>() -> String {
    let mut bytes = [0_u8; BYTES];
    rand::rng().fill(&mut bytes[..]);
    bytes.iter().fold(String::with_capacity(BYTES * 2), |mut text, byte| {
        text.push(char::from_digit(u32::from(byte >> 4), 16).unwrap_or('0'));
        text.push(char::from_digit(u32::from(byte & 15), 16).unwrap_or('0'));
        text
    })
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    fn code(outcome: Result<(), Fault>) -> &'static str {
        outcome.map_or_else(|fault| fault.code, |()| "taken")
    }

    #[test]
    fn only_what_has_its_checksum_is_news() {
        let callbacks = Arc::new(Callbacks::new("https://etl.example/", "uid-1"));
        let expected = callbacks.expect();
        let ticket = expected.url().strip_prefix("https://etl.example/callbacks/mineru/").expect("ours").to_owned();
        assert_eq!((ticket.len(), expected.seed().len()), (32, 64));
        let deliver = |checksum: &str, content: &str| code(callbacks.deliver(&ticket, checksum, content));
        let has_news = || expected.news().now_or_never().is_some();
        let good = checksum_of("uid-1", expected.seed(), "{}");
        let forged = checksum_of("uid-2", expected.seed(), "{}");
        for wrong in ["", "00", forged.as_str(), &good[1..], &format!("{good}0")] {
            assert_eq!(deliver(wrong, "{}"), "callback_checksum", "{wrong}");
        }
        assert_eq!(deliver(&good, "{ }"), "callback_checksum");
        assert!(!has_news());
        assert_eq!(deliver(&good.to_uppercase(), "{}"), "taken");
        assert!(has_news());
        assert_eq!(deliver(&good, "{}"), "taken", "a repeat is answered like the first");
        assert!(!has_news(), "and is no news");
        assert_eq!(deliver(&checksum_of("uid-1", expected.seed(), "[]"), "[]"), "taken");
        assert!(has_news());
        drop(expected);
        assert_eq!(deliver(&good, "{}"), "callback_unknown");
    }

    #[test]
    fn the_checksum_is_that_of_the_protocol() {
        // printf '1abc2{"a":1}' | sha256sum
        let expected = "2605226b86059b0d6f7571355a9319968dff3030e97441533d6dfe34ebcf6fa7";
        assert_eq!(checksum_of("1", "abc2", "{\"a\":1}"), expected);
    }
}
