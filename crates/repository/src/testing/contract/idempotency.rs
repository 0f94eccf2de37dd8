//! Receipts as such; that each method heeds them is shown beside the method.

use chrono::TimeDelta;
use futures::future::join_all;
use millrace_domain::project::{Project, ProjectDefinition};

use super::{Account, Subject, refused};
use crate::{Clash, Page, Receipt, ReceiptKey, RepositoryError, Result, StoredResponse};

async fn create(s: &Subject<'_>, account: Account, receipt: &Receipt<Project>) -> Result<Project> {
    let definition = ProjectDefinition { name: "once".into(), description: String::new() };
    s.stores.projects.create(account.user, &definition, s.now(), Some(receipt)).await
}

/// What was answered and what was asked come back, rendered from what was stored.
pub async fn a_receipt_is_found_as_it_was_answered(s: &Subject<'_>) {
    let account = s.account().await;
    let receipt = Receipt::<Project> {
        render: Box::new(|project| StoredResponse { status: 201, body: project.id.to_string(), location: None }),
        ..s.receipt(account)
    };
    let project = create(s, account, &receipt).await.expect("stored");
    let ReceiptKey { user_id, operation, key, fingerprint, .. } = &receipt.key;
    let found = s.stores.idempotency.find(*user_id, operation, key, s.now()).await.expect("read").expect("there");
    assert_eq!(found.fingerprint, *fingerprint);
    assert_eq!(found.response, StoredResponse { status: 201, body: project.id.to_string(), location: None });
}

/// The same key of another user, or for another operation, is another key.
pub async fn keys_are_per_user_and_operation(s: &Subject<'_>) {
    let (account, stranger) = (s.account().await, s.account().await);
    let receipt = s.receipt(account);
    create(s, account, &receipt).await.expect("stored");
    let key = &receipt.key;
    let find = |user, operation, text| s.stores.idempotency.find(user, operation, text, s.clock.now());
    assert!(find(account.user, "POST /things", &key.key).await.expect("read").is_some());
    assert_eq!(find(stranger.user, "POST /things", &key.key).await.expect("read"), None);
    assert_eq!(find(account.user, "POST /others", &key.key).await.expect("read"), None);
    assert_eq!(find(account.user, "POST /things", "other").await.expect("read"), None);
    let of_stranger = Receipt { key: ReceiptKey { user_id: stranger.user, ..key.clone() }, ..s.receipt(stranger) };
    create(s, stranger, &of_stranger).await.expect("another user's key does not stand in the way");
    let elsewhere =
        Receipt { key: ReceiptKey { operation: "POST /others".into(), ..key.clone() }, ..s.receipt(account) };
    create(s, account, &elsewhere).await.expect("another operation's key does not stand in the way");
}

/// After its time a receipt is not found, and the key can be used again.
pub async fn an_expired_receipt_is_as_none(s: &Subject<'_>) {
    let account = s.account().await;
    let receipt = s.receipt(account);
    create(s, account, &receipt).await.expect("stored");
    s.clock.advance(std::time::Duration::from_secs(25 * 3600));
    assert_eq!(s.receipt_body(&receipt.key).await, None);
    let key = ReceiptKey { expires_at: s.clock.now() + TimeDelta::hours(1), ..receipt.key.clone() };
    let again = Receipt { key, ..s.receipt(account) };
    create(s, account, &again).await.expect("the key is free again");
    assert!(s.receipt_body(&again.key).await.is_some());
    refused!(create(s, account, &again).await, RepositoryError::Conflict(Clash::IdempotencyKey));
}

/// A sweep forgets expired receipts, no more at once than asked, and leaves the others.
pub async fn a_sweep_forgets_what_has_expired(s: &Subject<'_>) {
    let account = s.account().await;
    let now = s.now();
    let (old, young): (Receipt<Project>, Receipt<Project>) = (s.receipt(account), s.receipt(account));
    let expires_at = now + TimeDelta::minutes(1);
    for _ in 0..3 {
        let fresh = s.receipt(account);
        let short = Receipt { key: ReceiptKey { expires_at, ..fresh.key.clone() }, ..fresh };
        create(s, account, &short).await.expect("stored");
    }
    let old = Receipt { key: ReceiptKey { expires_at, ..old.key.clone() }, ..old };
    create(s, account, &old).await.expect("stored");
    create(s, account, &young).await.expect("stored");
    let later = now + TimeDelta::minutes(2);
    let mut swept = 0;
    loop {
        let count = s.stores.idempotency.sweep(later, 2).await.expect("swept");
        assert!(count <= 2);
        swept += count;
        if count == 0 {
            break;
        }
    }
    assert!(swept >= 4, "{swept}");
    let ReceiptKey { user_id, operation, key, .. } = &old.key;
    assert_eq!(s.stores.idempotency.find(*user_id, operation, key, now).await.expect("read"), None);
    assert!(s.receipt_body(&young.key).await.is_some());
}

/// Of many requests with one key that run at once, one does its work.
pub async fn concurrent_repeats_work_once(s: &Subject<'_>) {
    let account = s.account().await;
    let receipt = s.receipt(account);
    let outcomes = join_all((0..12).map(|_| create(s, account, &receipt))).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    for outcome in outcomes.into_iter().filter(Result::is_err) {
        refused!(outcome, RepositoryError::Conflict(Clash::IdempotencyKey));
    }
    let page = Page { before: None, limit: 100 };
    let projects = s.stores.projects.list(account.user, page).await.expect("read");
    assert_eq!(projects.iter().filter(|project| project.name == "once").count(), 1);
}
