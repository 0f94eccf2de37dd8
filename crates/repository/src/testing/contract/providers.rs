//! Providers of language models.

use std::collections::BTreeMap;

use millrace_domain::ProviderId;
use millrace_domain::provider::{ProviderDefinition, ProviderProfile, TokenPrice};
use millrace_domain::stored_provider::{KeyChange, SealedSecret, StoredProvider};

use super::{Account, Subject, refused};
use crate::{Clash, Page, RepositoryError};

fn definition(name: &str) -> ProviderDefinition {
    ProviderDefinition {
        profile: ProviderProfile::JsonObject,
        default_model: Some("m".into()),
        vision: true,
        prices: BTreeMap::from([("*".to_owned(), TokenPrice { input: 0.25, output: 1.5 })]),
        ..ProviderDefinition::new(name, "https://models.example/v1")
    }
}

fn sealed(bytes: &[u8]) -> SealedSecret {
    SealedSecret { key_id: "k1".into(), bytes: bytes.to_vec() }
}

async fn provider(s: &Subject<'_>, account: Account, name: &str) -> StoredProvider {
    let (definition, key) = (definition(name), sealed(name.as_bytes()));
    let created = s.stores.providers.create(account.user, &definition, Some(&key), s.now(), None).await;
    created.expect("stored")
}

/// A provider comes back as it was stored, with its key sealed as it came, or without one.
pub async fn a_provider_is_stored_as_given(s: &Subject<'_>) {
    let account = s.account().await;
    let one = provider(s, account, "one").await;
    assert_eq!((&one.definition, &one.api_key), (&definition("one"), &Some(sealed(b"one"))));
    assert_eq!((one.user_id, one.created_at), (account.user, one.updated_at));
    assert_eq!(s.stores.providers.get(account.user, one.id).await.expect("read"), Some(one.clone()));
    let open = s.stores.providers.create(account.user, &definition("open"), None, s.now(), None).await;
    let open = open.expect("stored");
    assert_eq!(s.stores.providers.get(account.user, open.id).await.expect("read").expect("there").api_key, None);
    let find = |name| s.stores.providers.find(account.user, name);
    assert_eq!(find(Some("open")).await.expect("read"), Some(open));
    assert_eq!(find(None).await.expect("read"), Some(one), "the first");
    assert_eq!(find(Some("other")).await.expect("read"), None);
}

/// A user's names are unique; another user may have the same.
pub async fn names_of_providers_are_unique(s: &Subject<'_>) {
    let (account, other) = (s.account().await, s.account().await);
    let one = provider(s, account, "one").await;
    provider(s, other, "one").await;
    let second = s.stores.providers.create(account.user, &definition("one"), None, s.now(), None).await;
    refused!(second, RepositoryError::Conflict(Clash::Name));
    let two = provider(s, account, "two").await;
    let update = |id, name| {
        let (definition, now) = (definition(name), s.now());
        async move { s.stores.providers.update(account.user, id, &definition, &KeyChange::Keep, now).await }
    };
    refused!(update(two.id, "one").await, RepositoryError::Conflict(Clash::Name));
    assert_eq!(update(one.id, "one").await.expect("its own name").id, one.id);
}

/// A change keeps, removes or replaces the key.
pub async fn a_provider_changes(s: &Subject<'_>) {
    let account = s.account().await;
    let one = provider(s, account, "one").await;
    let changed = ProviderDefinition { vision: false, ..definition("renamed") };
    for (change, expected) in [
        (KeyChange::Keep, Some(sealed(b"one"))),
        (KeyChange::Replace(sealed(b"new")), Some(sealed(b"new"))),
        (KeyChange::Keep, Some(sealed(b"new"))),
        (KeyChange::Remove, None),
    ] {
        let now = s.now();
        let updated = s.stores.providers.update(account.user, one.id, &changed, &change, now).await.expect("updated");
        assert_eq!((&updated.definition, &updated.api_key, updated.updated_at), (&changed, &expected, now));
        assert_eq!((updated.id, updated.created_at), (one.id, one.created_at));
        assert_eq!(s.stores.providers.get(account.user, one.id).await.expect("read"), Some(updated));
    }
    s.stores.providers.delete(account.user, one.id).await.expect("removed");
    assert_eq!(s.stores.providers.get(account.user, one.id).await.expect("read"), None);
    refused!(s.stores.providers.delete(account.user, one.id).await, RepositoryError::NotFound("provider"));
}

/// Somebody else's provider is as if it were not there.
pub async fn strangers_see_no_provider(s: &Subject<'_>) {
    let (account, stranger) = (s.account().await, s.account().await);
    let one = provider(s, account, "one").await;
    let providers = &s.stores.providers;
    assert_eq!(providers.get(stranger.user, one.id).await.expect("read"), None);
    assert_eq!(providers.find(stranger.user, Some("one")).await.expect("read"), None);
    assert_eq!(providers.find(stranger.user, None).await.expect("read"), None);
    assert_eq!(providers.list(stranger.user, Page { before: None, limit: 9 }).await.expect("read"), []);
    let update = providers.update(stranger.user, one.id, &definition("x"), &KeyChange::Remove, s.now()).await;
    refused!(update, RepositoryError::NotFound("provider"));
    refused!(providers.delete(stranger.user, one.id).await, RepositoryError::NotFound("provider"));
    assert_eq!(providers.get(account.user, one.id).await.expect("read"), Some(one));
}

/// Lists are newest first, in pages.
pub async fn providers_are_listed_in_pages(s: &Subject<'_>) {
    let account = s.account().await;
    let mut expected = Vec::new();
    for name in ["one", "two", "three"] {
        expected.insert(0, provider(s, account, name).await);
    }
    let list = |before: Option<ProviderId>, limit| s.stores.providers.list(account.user, Page { before, limit });
    assert_eq!(list(None, 2).await.expect("read"), expected[..2]);
    assert_eq!(list(Some(expected[1].id), 2).await.expect("read"), expected[2..]);
}

/// A repeated request stores no provider.
pub async fn a_repeated_provider_request_stores_nothing(s: &Subject<'_>) {
    let account = s.account().await;
    let receipt = s.receipt(account);
    let create = |name| {
        let (definition, now, receipt) = (definition(name), s.now(), &receipt);
        async move { s.stores.providers.create(account.user, &definition, None, now, Some(receipt)).await }
    };
    create("one").await.expect("stored");
    assert!(s.receipt_body(&receipt.key).await.is_some());
    refused!(create("two").await, RepositoryError::Conflict(Clash::IdempotencyKey));
    assert_eq!(s.stores.providers.find(account.user, Some("two")).await.expect("read"), None);
}
