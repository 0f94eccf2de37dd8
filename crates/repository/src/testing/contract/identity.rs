//! Users and API keys.

use chrono::TimeDelta;
use futures::future::join_all;
use millrace_domain::{ApiKeyId, UserId};

use super::fixture::unique;
use super::{Account, Subject, refused};
use crate::{Clash, NewApiKey, Page, RepositoryError};

fn new_key(account: Account) -> NewApiKey {
    let mut hash = [0; 32];
    hash[..16].copy_from_slice(&rand::random::<u128>().to_be_bytes());
    NewApiKey { user_id: account.user, name: "laptop".into(), prefix: "mr_abc".into(), hash, expires_at: None }
}

/// The same subject of the same issuer is the same user; of another issuer, another.
pub async fn a_subject_is_one_user(s: &Subject<'_>) {
    let (subject, first) = (unique("subject"), s.now());
    let user = s.stores.users.ensure("issuer-a", &subject, first).await.expect("a user");
    assert_eq!((user.issuer.as_str(), &user.subject, user.created_at), ("issuer-a", &subject, first));
    let again = s.stores.users.ensure("issuer-a", &subject, s.now()).await.expect("a user");
    assert_eq!(again, user);
    let other = s.stores.users.ensure("issuer-b", &subject, s.now()).await.expect("a user");
    assert_ne!(other.id, user.id);
}

/// Many first sights at once make one user.
pub async fn concurrent_first_sights_agree(s: &Subject<'_>) {
    let (subject, now) = (unique("subject"), s.now());
    let users = join_all((0..16).map(|_| s.stores.users.ensure("issuer", &subject, now))).await;
    let ids: Vec<UserId> = users.into_iter().map(|user| user.expect("a user").id).collect();
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
}

/// A user is found by id; an id that nobody has is no error.
pub async fn users_are_found_by_id(s: &Subject<'_>) {
    let user = s.stores.users.ensure("issuer", &unique("subject"), s.now()).await.expect("a user");
    assert_eq!(s.stores.users.get(user.id).await.expect("read"), Some(user));
    let nobody = UserId::new(millrace_domain::MAX_ID).expect("an id");
    assert_eq!(s.stores.users.get(nobody).await.expect("read"), None);
}

/// A key comes back by its hash, as it was stored.
pub async fn api_keys_are_found_by_hash(s: &Subject<'_>) {
    let account = s.account().await;
    let now = s.now();
    let new = NewApiKey { expires_at: Some(now + TimeDelta::hours(1)), ..new_key(account) };
    let key = s.stores.api_keys.create(&new, now, None).await.expect("stored");
    assert_eq!((key.user_id, key.name.as_str(), key.prefix.as_str()), (account.user, "laptop", "mr_abc"));
    assert_eq!((key.hash, key.created_at, key.expires_at), (new.hash, now, new.expires_at));
    assert_eq!((key.last_used_at, key.revoked_at), (None, None));
    assert_eq!(s.stores.api_keys.find_by_hash(&new.hash).await.expect("read"), Some(key));
    assert_eq!(s.stores.api_keys.find_by_hash(&new_key(account).hash).await.expect("read"), None);
}

/// Two keys with one hash cannot be.
pub async fn a_second_key_with_the_same_hash_is_refused(s: &Subject<'_>) {
    let account = s.account().await;
    let new = new_key(account);
    s.stores.api_keys.create(&new, s.now(), None).await.expect("stored");
    refused!(s.stores.api_keys.create(&new, s.now(), None).await, RepositoryError::Conflict(_));
}

/// Pages go from the newest key to the oldest and show nobody else's.
pub async fn api_keys_are_listed_in_pages(s: &Subject<'_>) {
    let (account, stranger) = (s.account().await, s.account().await);
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(s.stores.api_keys.create(&new_key(account), s.now(), None).await.expect("stored").id);
        s.stores.api_keys.create(&new_key(stranger), s.now(), None).await.expect("stored");
    }
    ids.reverse();
    let mut seen: Vec<ApiKeyId> = Vec::new();
    loop {
        let page = Page { before: seen.last().copied(), limit: 2 };
        let keys = s.stores.api_keys.list(account.user, page).await.expect("read");
        assert!(keys.len() <= 2);
        if keys.is_empty() {
            break;
        }
        seen.extend(keys.iter().map(|key| key.id));
    }
    assert_eq!(seen, ids);
}

/// The first revocation counts; a revoked key is still found, so that its use can be named.
pub async fn revoking_twice_changes_nothing(s: &Subject<'_>) {
    let account = s.account().await;
    let key = s.stores.api_keys.create(&new_key(account), s.now(), None).await.expect("stored");
    let first = s.now();
    let revoked = s.stores.api_keys.revoke(account.user, key.id, first).await.expect("revoked");
    assert_eq!(revoked.revoked_at, Some(first));
    assert!(!revoked.is_valid_at(first));
    assert_eq!(s.stores.api_keys.revoke(account.user, key.id, s.now()).await.expect("revoked"), revoked);
    assert_eq!(s.stores.api_keys.find_by_hash(&key.hash).await.expect("read"), Some(revoked));
}

/// A stranger's key cannot be revoked.
pub async fn strangers_do_not_revoke(s: &Subject<'_>) {
    let (account, stranger) = (s.account().await, s.account().await);
    let key = s.stores.api_keys.create(&new_key(account), s.now(), None).await.expect("stored");
    let outcome = s.stores.api_keys.revoke(stranger.user, key.id, s.now()).await;
    refused!(outcome, RepositoryError::NotFound("api key"));
    let stored = s.stores.api_keys.find_by_hash(&key.hash).await.expect("read").expect("there");
    assert_eq!(stored.revoked_at, None);
}

/// A valid key opens the installation to others than the local owner.
pub async fn a_valid_key_is_noticed(s: &Subject<'_>) {
    let account = s.account().await;
    let now = s.now();
    let new = NewApiKey { expires_at: Some(now + TimeDelta::hours(1)), ..new_key(account) };
    s.stores.api_keys.create(&new, now, None).await.expect("stored");
    assert!(s.stores.api_keys.any_valid(now).await.expect("read"));
}

/// The last use is noted.
pub async fn the_last_use_is_noted(s: &Subject<'_>) {
    let account = s.account().await;
    let key = s.stores.api_keys.create(&new_key(account), s.now(), None).await.expect("stored");
    let noon = s.now() + TimeDelta::hours(1);
    s.stores.api_keys.touch(key.id, noon).await.expect("noted");
    let stored = s.stores.api_keys.find_by_hash(&key.hash).await.expect("read").expect("there");
    assert_eq!(stored.last_used_at, Some(noon));
}

/// A repeated request makes no second key.
pub async fn a_repeated_key_request_stores_nothing(s: &Subject<'_>) {
    let account = s.account().await;
    let receipt = s.receipt(account);
    s.stores.api_keys.create(&new_key(account), s.now(), Some(&receipt)).await.expect("stored");
    let again = s.stores.api_keys.create(&new_key(account), s.now(), Some(&receipt)).await;
    refused!(again, RepositoryError::Conflict(Clash::IdempotencyKey));
    let keys = s.stores.api_keys.list(account.user, Page { before: None, limit: 10 }).await.expect("read");
    assert_eq!(keys.len(), 1);
}
