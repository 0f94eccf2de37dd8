//! JSON tables as such; their data is in [`table_data`](super::table_data).

use millrace_domain::json_table::{DataQuery, JsonTable, JsonTableDefinition};
use millrace_domain::{JsonPointer, ProjectId};
use serde_json::json;

use super::attempts::{at, intent};
use super::{Account, Subject, refused};
use crate::{Clash, MountFilter, Page, RepositoryError};

fn named(name: &str) -> JsonTableDefinition {
    JsonTableDefinition { name: name.into(), description: format!("about {name}") }
}

/// A table comes back as it was stored, with its data.
pub async fn a_table_is_stored_as_given(s: &Subject<'_>) {
    let account = s.account().await;
    let (now, data) = (s.now(), json!({"a": [1, {"b": null}], "c": "d"}));
    let definition = named("t");
    let create = |data| s.stores.tables.create(account.user, account.project, &definition, data, now, None);
    let table = create(Some(&data)).await.expect("stored");
    assert_eq!((table.user_id, table.project_id), (account.user, account.project));
    assert_eq!((table.name.as_str(), table.description.as_str()), ("t", "about t"));
    assert_eq!((table.created_at, table.updated_at), (now, now));
    assert_eq!(s.stores.tables.get(account.user, table.id).await.expect("read"), Some(table.clone()));
    assert_eq!(s.data(account, table.id, "").await, Some(data.clone()));
    let empty = create(None).await.expect("names may repeat");
    assert_ne!(empty.id, table.id);
    assert_eq!(s.data(account, empty.id, "").await, Some(json!({})));
    assert_eq!(s.data(account, empty.id, "/a").await, None);
}

/// A table cannot be made in a project that is missing or somebody else's.
pub async fn a_table_needs_a_project_of_ones_own(s: &Subject<'_>) {
    let (account, stranger) = (s.account().await, s.account().await);
    let missing = ProjectId::new(millrace_domain::MAX_ID).expect("an id");
    for project in [missing, stranger.project] {
        let created = s.stores.tables.create(account.user, project, &named("t"), None, s.now(), None).await;
        refused!(created, RepositoryError::NotFound("project"));
    }
}

/// An update replaces name and description and leaves the data.
pub async fn an_update_leaves_the_data(s: &Subject<'_>) {
    let account = s.account().await;
    let table = s.table(account, Some(json!({"a": 1}))).await;
    let now = s.now();
    let updated = s.stores.tables.update(account.user, table.id, &named("new"), now).await.expect("updated");
    let expected = JsonTable { name: "new".into(), description: "about new".into(), updated_at: now, ..table.clone() };
    assert_eq!(updated, expected);
    assert_eq!(s.stores.tables.get(account.user, table.id).await.expect("read"), Some(expected));
    assert_eq!(s.data(account, table.id, "").await, Some(json!({"a": 1})));
}

/// Somebody else's table is as if it were not there, for every method.
pub async fn strangers_see_no_table(s: &Subject<'_>) {
    let (account, stranger) = (s.account().await, s.account().await);
    let table = s.table(account, Some(json!({"a": 1}))).await;
    let (tables, user, root) = (&s.stores.tables, stranger.user, JsonPointer::root());
    assert_eq!(tables.get(user, table.id).await.expect("read"), None);
    assert!(tables.list(user, None, Page { before: None, limit: 10 }).await.expect("read").is_empty());
    let by_project = tables.list(user, Some(account.project), Page { before: None, limit: 10 }).await.expect("read");
    assert!(by_project.is_empty());
    let query = DataQuery { pointer: root.clone(), limit: 10, after_key: None };
    refused!(tables.read(user, table.id, &query).await, RepositoryError::NotFound("table"));
    let written = tables.write(user, table.id, &at("/a"), &json!(2), s.now()).await;
    refused!(written, RepositoryError::NotFound("table"));
    refused!(tables.remove(user, table.id, &root, s.now()).await, RepositoryError::NotFound("table"));
    refused!(tables.update(user, table.id, &named("x"), s.now()).await, RepositoryError::NotFound("table"));
    refused!(tables.delete(user, table.id).await, RepositoryError::NotFound("table"));
    assert_eq!(tables.get(account.user, table.id).await.expect("read"), Some(table.clone()));
    assert_eq!(s.data(account, table.id, "").await, Some(json!({"a": 1})));
}

/// Pages go from the newest table to the oldest, of one project or of all.
pub async fn tables_are_listed_in_pages(s: &Subject<'_>) {
    let account = s.account().await;
    let other = Account { project: s.project(account.user).await, ..account };
    let mut all = Vec::new();
    for number in 0..7 {
        all.push(s.table(if number % 2 == 0 { account } else { other }, None).await);
    }
    all.reverse();
    for project in [None, Some(account.project), Some(other.project)] {
        let expected: Vec<&JsonTable> =
            all.iter().filter(|table| project.is_none_or(|project| table.project_id == project)).collect();
        let mut seen: Vec<JsonTable> = Vec::new();
        loop {
            let page = Page { before: seen.last().map(|table| table.id), limit: 2 };
            let tables = s.stores.tables.list(account.user, project, page).await.expect("read");
            if tables.is_empty() {
                break;
            }
            assert!(tables.len() <= 2);
            seen.extend(tables);
        }
        assert_eq!(seen.iter().collect::<Vec<_>>(), expected);
    }
}

/// A deleted table takes its data and the records of its mounts with it.
pub async fn a_deleted_table_takes_everything_with_it(s: &Subject<'_>) {
    let (account, owner) = (s.account().await, s.node().await);
    let task = s.done(account, owner).await;
    let (table, other) = (s.table(account, Some(json!({"a": 1}))).await, s.table(account, None).await);
    let mount = s.mount(&intent(&task, table.id, "/data", "k", &json!(1))).await;
    let kept = s.mount(&intent(&task, other.id, "/data", "k", &json!(2))).await;
    s.stores.tables.delete(account.user, table.id).await.expect("deleted");
    assert_eq!(s.stores.tables.get(account.user, table.id).await.expect("read"), None);
    let query = DataQuery { pointer: JsonPointer::root(), limit: 10, after_key: None };
    refused!(s.stores.tables.read(account.user, table.id, &query).await, RepositoryError::NotFound("table"));
    let filter = MountFilter::Table(table.id);
    let mounts = s.stores.mounts.list(account.user, filter, Page { before: None, limit: 10 }).await.expect("read");
    assert!(mounts.is_empty());
    assert_eq!(s.mounts_of(&task).await, [kept]);
    let unmounted = s.stores.mounts.unmount(account.user, mount.id, s.now()).await;
    refused!(unmounted, RepositoryError::NotFound("mount"));
    refused!(s.stores.tables.delete(account.user, table.id).await, RepositoryError::NotFound("table"));
    assert_eq!(s.data(account, other.id, "").await, Some(json!({"data": {"k": 2}})));
}

/// A repeated request makes no second table.
pub async fn a_repeated_table_request_stores_nothing(s: &Subject<'_>) {
    let account = s.account().await;
    let receipt = s.receipt(account);
    let definition = named("once");
    let create = || s.stores.tables.create(account.user, account.project, &definition, None, s.now(), Some(&receipt));
    let table = create().await.expect("stored");
    refused!(create().await, RepositoryError::Conflict(Clash::IdempotencyKey));
    let listed = s.stores.tables.list(account.user, None, Page { before: None, limit: 10 }).await.expect("read");
    assert_eq!(listed, [table]);
}
