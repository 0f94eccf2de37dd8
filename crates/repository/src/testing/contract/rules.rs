//! Rules and their versions.

use millrace_domain::RuleId;
use millrace_domain::rule::{BUILTIN_RULE_ID, PostprocessMode, Rule, RuleDefinition};
use serde_json::json;

use super::{Account, Subject, refused};
use crate::{Clash, Page, RepositoryError};

fn named(name: &str) -> RuleDefinition {
    RuleDefinition {
        name: name.into(),
        description: "d".into(),
        mode: PostprocessMode::Llm,
        json_schema: json!({"type": "object", "properties": {"a": {"type": "string"}}}),
        system_prompt: Some("be brief".into()),
        model: Some("m".into()),
        options: json!({"temperature": 0}),
    }
}

async fn rule(s: &Subject<'_>, account: Account) -> Rule {
    s.stores.rules.create(account.user, &named("first"), s.now(), None).await.expect("stored")
}

fn builtin() -> RuleId {
    RuleId::new(BUILTIN_RULE_ID).expect("an id")
}

/// A rule begins at version 1 and comes back as it was stored.
pub async fn a_rule_is_stored_as_version_one(s: &Subject<'_>) {
    let account = s.account().await;
    let now = s.now();
    let rule = s.stores.rules.create(account.user, &named("first"), now, None).await.expect("stored");
    assert_eq!((rule.user_id, rule.version, &rule.definition), (Some(account.user), 1, &named("first")));
    assert_eq!((rule.created_at, rule.updated_at), (now, now));
    assert_eq!(s.stores.rules.get(account.user, rule.id).await.expect("read"), Some(rule.clone()));
    assert_eq!(s.stores.rules.get_version(rule.id, 1).await.expect("read"), Some(rule));
}

/// An update makes the next version and leaves the earlier ones.
pub async fn an_update_makes_the_next_version(s: &Subject<'_>) {
    let account = s.account().await;
    let first = rule(s, account).await;
    let now = s.now();
    let second = s.stores.rules.update(account.user, first.id, &named("second"), now).await.expect("updated");
    assert_eq!((second.id, second.version, &second.definition), (first.id, 2, &named("second")));
    assert_eq!((second.created_at, second.updated_at), (first.created_at, now));
    assert_eq!(s.stores.rules.get(account.user, first.id).await.expect("read"), Some(second.clone()));
    assert_eq!(s.stores.rules.get_version(first.id, 1).await.expect("read"), Some(first.clone()));
    assert_eq!(s.stores.rules.get_version(first.id, 2).await.expect("read"), Some(second));
    assert_eq!(s.stores.rules.get_version(first.id, 3).await.expect("read"), None);
}

/// Several rules are stored in order, with one receipt, and a repeat stores none.
pub async fn several_rules_are_stored_all_or_none(s: &Subject<'_>) {
    let account = s.account().await;
    let definitions = [named("first"), named("second"), named("third")];
    let receipt = s.receipt(account);
    let now = s.now();
    let create = || s.stores.rules.create_many(account.user, &definitions, now, Some(&receipt));
    let rules = create().await.expect("stored");
    let names: Vec<_> = rules.iter().map(|rule| rule.definition.name.as_str()).collect();
    assert_eq!(names, ["first", "second", "third"]);
    assert!(rules.iter().all(|rule| (rule.version, rule.user_id) == (1, Some(account.user))));
    assert!(s.receipt_body(&receipt.key).await.is_some());
    refused!(create().await, RepositoryError::Conflict(Clash::IdempotencyKey));
    let nobody = millrace_domain::UserId::new(millrace_domain::MAX_ID).expect("an id");
    let refused = s.stores.rules.create_many(nobody, &definitions, now, None).await;
    refused!(refused, RepositoryError::Conflict(Clash::Reference));
    let page = Page { before: Some(RuleId::new(millrace_domain::MAX_ID).expect("an id")), limit: 100 };
    let listed = s.stores.rules.list(account.user, page).await.expect("read");
    assert_eq!(listed.iter().filter(|rule| rule.user_id.is_some()).count(), 3, "the repeat stored nothing");
}

/// Versions come newest first, in pages, to those who see the rule.
pub async fn versions_are_listed_in_pages(s: &Subject<'_>) {
    let (account, stranger) = (s.account().await, s.account().await);
    let first = rule(s, account).await;
    let mut expected = vec![first.clone()];
    for name in ["second", "third"] {
        let now = s.now();
        expected.insert(0, s.stores.rules.update(account.user, first.id, &named(name), now).await.expect("updated"));
    }
    let list = |user, before, limit| s.stores.rules.versions(user, first.id, Page { before, limit });
    assert_eq!(list(account.user, None, 10).await.expect("read"), expected);
    assert_eq!(list(account.user, None, 2).await.expect("read"), expected[..2]);
    assert_eq!(list(account.user, Some(2), 10).await.expect("read"), expected[2..]);
    assert_eq!(list(account.user, Some(1), 10).await.expect("read"), []);
    assert_eq!(list(stranger.user, None, 10).await.expect("read"), []);
    let builtin = s.stores.rules.versions(stranger.user, builtin(), Page { before: None, limit: 10 }).await;
    assert_eq!(builtin.expect("read").len(), 1, "the built-in rule is everybody's");
    s.stores.rules.delete(account.user, first.id, s.now()).await.expect("deleted");
    assert_eq!(list(account.user, None, 10).await.expect("read"), []);
}

/// Two updates at once are two versions.
pub async fn concurrent_updates_lose_no_version(s: &Subject<'_>) {
    let account = s.account().await;
    let first = rule(s, account).await;
    let now = s.now();
    let definition = named("later");
    let updates = (0..6).map(|_| s.stores.rules.update(account.user, first.id, &definition, now));
    let updated = futures::future::join_all(updates).await;
    let mut versions: Vec<i32> = updated.into_iter().map(|rule| rule.expect("updated").version).collect();
    versions.sort_unstable();
    assert_eq!(versions, [2, 3, 4, 5, 6, 7]);
}

/// A deleted rule is hidden; its versions stay for the tasks that ran with them.
pub async fn a_deleted_rule_keeps_its_versions(s: &Subject<'_>) {
    let account = s.account().await;
    let rule = rule(s, account).await;
    s.stores.rules.delete(account.user, rule.id, s.now()).await.expect("deleted");
    assert_eq!(s.stores.rules.get(account.user, rule.id).await.expect("read"), None);
    assert_eq!(s.stores.rules.get_version(rule.id, 1).await.expect("read"), Some(rule.clone()));
    let listed = s.stores.rules.list(account.user, Page { before: None, limit: 100 }).await.expect("read");
    assert!(listed.iter().all(|listed| listed.id != rule.id));
    let updated = s.stores.rules.update(account.user, rule.id, &named("x"), s.now()).await;
    refused!(updated, RepositoryError::NotFound("rule"));
    refused!(s.stores.rules.delete(account.user, rule.id, s.now()).await, RepositoryError::NotFound("rule"));
}

/// Everybody sees the built-in rule and nobody changes it.
pub async fn the_builtin_rule_is_everybodys(s: &Subject<'_>) {
    let account = s.account().await;
    let rule = s.stores.rules.get(account.user, builtin()).await.expect("read").expect("there");
    assert_eq!((rule.user_id, rule.version, &rule.definition), (None, 1, &RuleDefinition::builtin()));
    assert_eq!(s.stores.rules.get_version(builtin(), 1).await.expect("read"), Some(rule.clone()));
    let listed = s.stores.rules.list(account.user, Page { before: None, limit: 100 }).await.expect("read");
    assert_eq!(listed, std::slice::from_ref(&rule));
    let updated = s.stores.rules.update(account.user, builtin(), &named("x"), s.now()).await;
    refused!(updated, RepositoryError::NotFound("rule"));
    refused!(s.stores.rules.delete(account.user, builtin(), s.now()).await, RepositoryError::NotFound("rule"));
    assert_eq!(s.stores.rules.get(account.user, builtin()).await.expect("read"), Some(rule));
}

/// Somebody else's rule is as if it were not there; only a task's version is read regardless.
pub async fn strangers_see_no_rule(s: &Subject<'_>) {
    let (account, stranger) = (s.account().await, s.account().await);
    let rule = rule(s, account).await;
    assert_eq!(s.stores.rules.get(stranger.user, rule.id).await.expect("read"), None);
    let listed = s.stores.rules.list(stranger.user, Page { before: None, limit: 100 }).await.expect("read");
    assert!(listed.iter().all(|listed| listed.id != rule.id));
    let updated = s.stores.rules.update(stranger.user, rule.id, &named("x"), s.now()).await;
    refused!(updated, RepositoryError::NotFound("rule"));
    refused!(s.stores.rules.delete(stranger.user, rule.id, s.now()).await, RepositoryError::NotFound("rule"));
    assert_eq!(s.stores.rules.get(account.user, rule.id).await.expect("read"), Some(rule));
}

/// Pages go from the newest rule to the built-in one; an updated rule keeps its place.
pub async fn rules_are_listed_in_pages(s: &Subject<'_>) {
    let account = s.account().await;
    let mut ids = vec![builtin()];
    for _ in 0..4 {
        ids.push(rule(s, account).await.id);
    }
    s.stores.rules.update(account.user, ids[1], &named("second"), s.now()).await.expect("updated");
    ids.reverse();
    let mut seen: Vec<Rule> = Vec::new();
    loop {
        let page = Page { before: seen.last().map(|rule| rule.id), limit: 2 };
        let rules = s.stores.rules.list(account.user, page).await.expect("read");
        if rules.is_empty() {
            break;
        }
        assert!(rules.len() <= 2);
        seen.extend(rules);
    }
    assert_eq!(seen.iter().map(|rule| rule.id).collect::<Vec<_>>(), ids);
    assert_eq!(seen.iter().map(|rule| rule.version).collect::<Vec<_>>(), [1, 1, 1, 2, 1]);
}

/// A repeated request makes no second rule.
pub async fn a_repeated_rule_request_stores_nothing(s: &Subject<'_>) {
    let account = s.account().await;
    let receipt = s.receipt(account);
    s.stores.rules.create(account.user, &named("once"), s.now(), Some(&receipt)).await.expect("stored");
    let again = s.stores.rules.create(account.user, &named("twice"), s.now(), Some(&receipt)).await;
    refused!(again, RepositoryError::Conflict(Clash::IdempotencyKey));
    let listed = s.stores.rules.list(account.user, Page { before: None, limit: 10 }).await.expect("read");
    assert_eq!(listed.len(), 2, "this one and the built-in one");
}
