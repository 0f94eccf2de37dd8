//! Projects.

use millrace_domain::ProjectId;
use millrace_domain::project::ProjectDefinition;

use super::{Subject, refused};
use crate::{Clash, Page, RepositoryError};

fn named(name: &str) -> ProjectDefinition {
    ProjectDefinition { name: name.into(), description: format!("about {name}") }
}

/// A project comes back as it was stored; names may repeat.
pub async fn a_project_is_stored_as_given(s: &Subject<'_>) {
    let account = s.account().await;
    let now = s.now();
    let project = s.stores.projects.create(account.user, &named("same"), now, None).await.expect("stored");
    assert_eq!((project.user_id, project.name.as_str()), (account.user, "same"));
    assert_eq!((project.description.as_str(), project.created_at, project.updated_at), ("about same", now, now));
    assert_eq!(s.stores.projects.get(account.user, project.id).await.expect("read"), Some(project.clone()));
    let second = s.stores.projects.create(account.user, &named("same"), now, None).await.expect("stored");
    assert_ne!(second.id, project.id);
}

/// An update replaces name and description and moves `updated_at` alone.
pub async fn an_update_replaces_name_and_description(s: &Subject<'_>) {
    let account = s.account().await;
    let before = s.stores.projects.get(account.user, account.project).await.expect("read").expect("there");
    let now = s.now();
    let after = s.stores.projects.update(account.user, account.project, &named("new"), now).await.expect("updated");
    assert_eq!((after.name.as_str(), after.description.as_str()), ("new", "about new"));
    assert_eq!((after.created_at, after.updated_at), (before.created_at, now));
    assert_eq!(s.stores.projects.get(account.user, account.project).await.expect("read"), Some(after));
}

/// Somebody else's project is as if it were not there, for every method.
pub async fn strangers_see_no_project(s: &Subject<'_>) {
    let (account, stranger) = (s.account().await, s.account().await);
    let id = account.project;
    assert_eq!(s.stores.projects.get(stranger.user, id).await.expect("read"), None);
    let listed = s.stores.projects.list(stranger.user, Page { before: None, limit: 100 }).await.expect("read");
    assert_eq!(listed.iter().map(|project| project.id).collect::<Vec<_>>(), [stranger.project]);
    let updated = s.stores.projects.update(stranger.user, id, &named("mine"), s.now()).await;
    refused!(updated, RepositoryError::NotFound("project"));
    refused!(s.stores.projects.delete(stranger.user, id).await, RepositoryError::NotFound("project"));
    let stored = s.stores.projects.get(account.user, id).await.expect("read").expect("still there");
    assert_eq!(stored.name, "p");
}

/// Pages go from the newest project to the oldest, each once.
pub async fn projects_are_listed_in_pages(s: &Subject<'_>) {
    let account = s.account().await;
    let mut ids = vec![account.project];
    for _ in 0..6 {
        ids.push(s.project(account.user).await);
    }
    ids.reverse();
    let mut seen: Vec<ProjectId> = Vec::new();
    loop {
        let page = Page { before: seen.last().copied(), limit: 3 };
        let projects = s.stores.projects.list(account.user, page).await.expect("read");
        if projects.is_empty() {
            break;
        }
        assert!(projects.len() <= 3);
        seen.extend(projects.iter().map(|project| project.id));
    }
    assert_eq!(seen, ids);
}

/// An empty project can be removed, once.
pub async fn an_empty_project_can_be_removed(s: &Subject<'_>) {
    let account = s.account().await;
    s.stores.projects.delete(account.user, account.project).await.expect("removed");
    assert_eq!(s.stores.projects.get(account.user, account.project).await.expect("read"), None);
    let again = s.stores.projects.delete(account.user, account.project).await;
    refused!(again, RepositoryError::NotFound("project"));
}

/// A project with uploads, tasks or tables stays.
pub async fn a_project_in_use_stays(s: &Subject<'_>) {
    let (with_table, with_task, with_upload) = (s.account().await, s.account().await, s.account().await);
    s.table(with_table, None).await;
    let owner = s.node().await;
    s.done(with_task, owner).await;
    let uploads = s.new_uploads(with_upload, 1).await;
    s.stores.uploads.create_many(&uploads, None).await.expect("stored");
    for account in [with_table, with_task, with_upload] {
        let removed = s.stores.projects.delete(account.user, account.project).await;
        refused!(removed, RepositoryError::Conflict(Clash::InUse));
        assert!(s.stores.projects.get(account.user, account.project).await.expect("read").is_some());
    }
}

/// A table that is gone does not hold its project, nor do the events about it.
pub async fn a_project_can_be_removed_after_its_table(s: &Subject<'_>) {
    let account = s.account().await;
    let table = s.table(account, None).await;
    let at = millrace_domain::JsonPointer::root();
    s.stores.tables.write(account.user, table.id, &at, &serde_json::json!({"a": 1}), s.now()).await.expect("written");
    s.stores.tables.delete(account.user, table.id).await.expect("removed");
    s.stores.projects.delete(account.user, account.project).await.expect("removed");
}

/// A repeated request makes no second project.
pub async fn a_repeated_project_request_stores_nothing(s: &Subject<'_>) {
    let account = s.account().await;
    let receipt = s.receipt(account);
    s.stores.projects.create(account.user, &named("once"), s.now(), Some(&receipt)).await.expect("stored");
    let again = s.stores.projects.create(account.user, &named("twice"), s.now(), Some(&receipt)).await;
    refused!(again, RepositoryError::Conflict(Clash::IdempotencyKey));
    let listed = s.stores.projects.list(account.user, Page { before: None, limit: 10 }).await.expect("read");
    assert_eq!(listed.len(), 2, "the account's own and one more");
}
