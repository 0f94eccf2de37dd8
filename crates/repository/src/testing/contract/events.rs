//! The event log.

use millrace_domain::event::NewEvent;
use millrace_domain::{EventId, ProjectId, TaskId};
use serde_json::{Value, json};

use super::attempts::{at, completed, intent};
use super::{Account, Subject, refused};
use crate::{EventFilter, FinishKind, RepositoryError};

fn event(account: Account, name: &str) -> NewEvent {
    NewEvent {
        user_id: account.user,
        project_id: account.project,
        task_id: None,
        table_id: None,
        name: name.into(),
        payload: json!({"n": 1}),
    }
}

async fn names(s: &Subject<'_>, account: Account, project: Option<ProjectId>, task: Option<TaskId>) -> Vec<String> {
    let filter = EventFilter { project, task };
    let events = s.stores.events.list(account.user, filter, None, 1000).await.expect("read");
    assert!(events.is_sorted_by_key(|event| event.id), "oldest first");
    events.into_iter().map(|event| event.content.name).collect()
}

/// Events come back oldest first, as they were stored, after any id, and only to their owner.
pub async fn events_are_read_in_order(s: &Subject<'_>) {
    let (account, stranger) = (s.account().await, s.account().await);
    let now = s.now();
    let new: Vec<NewEvent> = ["a.one", "a.two", "a.three", "a.four"].map(|name| event(account, name)).to_vec();
    s.stores.events.append(&new[..3], now).await.expect("stored");
    s.stores.events.append(&[event(stranger, "b.one")], now).await.expect("stored");
    s.stores.events.append(&new[3..], s.now()).await.expect("stored");
    let (mut seen, mut after): (Vec<NewEvent>, Option<EventId>) = (Vec::new(), None);
    loop {
        let some = s.stores.events.list(account.user, EventFilter::default(), after, 3).await.expect("read");
        let Some(last) = some.last() else { break };
        assert!(some.len() <= 3);
        after = Some(last.id);
        seen.extend(some.into_iter().map(|event| event.content));
    }
    assert_eq!(seen, new);
    let first = s.stores.events.list(account.user, EventFilter::default(), None, 1).await.expect("read");
    assert_eq!(first[0].created_at, now);
    assert_eq!(names(s, stranger, None, None).await, ["b.one"]);
    assert!(names(s, stranger, Some(account.project), None).await.is_empty());
    s.stores.events.append(&[], now).await.expect("nothing to do");
}

/// Events are filtered by project and by task.
pub async fn events_are_filtered(s: &Subject<'_>) {
    let (account, owner) = (s.account().await, s.node().await);
    let other = Account { project: s.project(account.user).await, ..account };
    let task = s.done(account, owner).await;
    s.stores.events.append(&[event(other, "a.other")], s.now()).await.expect("stored");
    assert_eq!(names(s, account, None, None).await, ["task.completed", "a.other"]);
    assert_eq!(names(s, account, Some(other.project), None).await, ["a.other"]);
    assert_eq!(names(s, account, None, Some(task.id)).await, ["task.completed"]);
    assert!(names(s, account, Some(other.project), Some(task.id)).await.is_empty());
}

/// Everything that happens to a table's data leaves one event; what was refused or changed nothing leaves none.
pub async fn changes_of_data_leave_events(s: &Subject<'_>) {
    let (account, owner) = (s.account().await, s.node().await);
    let (task, table) = (s.done(account, owner).await, s.table(account, None).await);
    let tables = &s.stores.tables;
    let mount = s.mount(&intent(&task, table.id, "/data", "k", &json!(1))).await;
    tables.write(account.user, table.id, &at("/n"), &json!(1), s.now()).await.expect("written");
    refused!(tables.write(account.user, table.id, &at("/n/x"), &json!(1), s.now()).await, RepositoryError::Write(_));
    tables.remove(account.user, table.id, &at("/n"), s.now()).await.expect("removed");
    assert_eq!(tables.remove(account.user, table.id, &at("/n"), s.now()).await.expect("nothing there"), None);
    for _ in 0..2 {
        s.stores.mounts.unmount(account.user, mount.id, s.now()).await.expect("unmounted");
    }
    let events = s.stores.events.list(account.user, EventFilter::default(), None, 100).await.expect("read");
    let of_table: Vec<_> = events.iter().filter(|event| event.content.table_id == Some(table.id)).collect();
    let names: Vec<&str> = of_table.iter().map(|event| event.content.name.as_str()).collect();
    assert_eq!(names, ["table.mounted", "table.written", "table.removed", "table.unmounted"]);
    let mounted = &of_table[0].content;
    assert_eq!((mounted.task_id, mounted.project_id), (Some(task.id), account.project));
    assert_eq!(mounted.payload.get("pointer"), Some(&Value::from("/data/k")));
    assert_eq!(mounted.payload.get("table_id"), Some(&json!(table.id)));
}

/// Admission and progress leave no event: the row says so itself.
pub async fn admission_and_progress_leave_no_event(s: &Subject<'_>) {
    let (account, owner) = (s.account().await, s.node().await);
    let task = s.task(account, owner).await;
    let update = super::attempts::progress(&task, millrace_domain::Stage::Parse, 5, s.now());
    s.stores.tasks.record_progress(&update, s.now()).await.expect("recorded");
    assert!(names(s, account, None, None).await.is_empty());
    s.finish(&task, FinishKind::Released).await;
    assert!(names(s, account, None, None).await.is_empty());
    s.finish(&task, completed(None)).await;
    assert!(names(s, account, None, None).await.is_empty(), "a stale finish leaves none either");
}
