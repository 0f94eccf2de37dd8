//! The idempotency keys of requests that this node is answering.

use std::collections::HashSet;
use std::sync::Arc;

use millrace_domain::UserId;
use parking_lot::Mutex;

/// Whose key, for which method and path, and the key.
pub type Scope = (UserId, String, String);

/// Keys that are held.
#[derive(Debug, Clone, Default)]
pub struct InFlight(Arc<Mutex<HashSet<Scope>>>);

/// Holds a key until the request is answered or dropped.
#[derive(Debug)]
pub struct Held {
    scope: Scope,
    keys: InFlight,
}

impl InFlight {
    /// Takes a key; `None` while another request holds it.
    pub fn take(&self, scope: Scope) -> Option<Held> {
        self.0.lock().insert(scope.clone()).then(|| Held { scope, keys: self.clone() })
    }
}

impl Held {
    /// Whose key it is, and of what.
    pub fn scope(&self) -> &Scope {
        &self.scope
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.keys.0.lock().remove(&self.scope);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_held_until_dropped() {
        let keys = InFlight::default();
        let scope = || (UserId::new(1).expect("id"), "POST /x".to_owned(), "k".to_owned());
        let held = keys.take(scope()).expect("free");
        assert!(keys.take(scope()).is_none());
        drop(held);
        assert!(keys.take(scope()).is_some());
    }
}
