//! Mounts: applying, repeating, taking out. What a policy does to a taken key is in
//! [`mount_policies`](super::mount_policies).

use futures::future::join_all;
use millrace_domain::mount::{
    AUTO_TABLE_DESCRIPTION, ConflictPolicy, Mount, MountIntent, MountRejection, MountState, Unmounted,
};
use millrace_domain::{MountId, Stage, TableId};
use serde_json::json;

use super::attempts::{applied, automatic, completed, finish, intent};
use super::{Account, Subject, refused};
use crate::{Clash, FinishOutcome, MountFilter, Page, RepositoryError};

/// A mount is recorded as it was applied, and its value is in the table.
pub async fn a_mount_is_recorded(s: &Subject<'_>) {
    let (account, owner) = (s.account().await, s.node().await);
    let (task, table) = (s.done(account, owner).await, s.table(account, None).await);
    let mount = s.mount(&intent(&task, table.id, "/a/b", "x/y", &json!({"v": [1]}))).await;
    assert_eq!((mount.task_id, mount.user_id, mount.table_id), (task.id, account.user, table.id));
    assert_eq!((mount.json_path.as_str(), mount.key.as_str(), mount.pointer.as_str()), ("/a/b", "x/y", "/a/b/x~1y"));
    assert_eq!((mount.conflict, mount.state, mount.automatic), (ConflictPolicy::Overwrite, MountState::Mounted, false));
    assert_eq!((mount.created_at, mount.updated_at), (s.clock.now(), s.clock.now()));
    assert_eq!(s.mount_now(&mount).await, mount);
    assert_eq!(s.data(account, table.id, "").await, Some(json!({"a": {"b": {"x/y": {"v": [1]}}}})));
    assert_eq!(s.stored(&task).await.mounted, None, "a mount by hand is not the task's own");
}

/// A table that is missing or somebody else's is no table.
pub async fn a_mount_needs_a_table_of_ones_own(s: &Subject<'_>) {
    let (account, stranger, owner) = (s.account().await, s.account().await, s.node().await);
    let task = s.done(account, owner).await;
    let theirs = s.table(stranger, Some(json!({"a": 1}))).await;
    for table in [theirs.id, TableId::new(millrace_domain::MAX_ID).expect("an id")] {
        let mounted = s.stores.mounts.apply(&intent(&task, table, "/data", "k", &json!(1)), s.now(), None).await;
        refused!(mounted, RepositoryError::Mount(MountRejection::TableNotFound));
    }
    assert_eq!(s.data(stranger, theirs.id, "").await, Some(json!({"a": 1})));
    assert!(s.mounts_of(&task).await.is_empty());
}

/// A table hangs off a project, and so do tasks: a result is mounted in its own project, by hand and by itself.
pub async fn a_mount_stays_in_its_project(s: &Subject<'_>) {
    let (account, owner) = (s.account().await, s.node().await);
    let elsewhere = Account { project: s.project(account.user).await, ..account };
    let table = s.table(elsewhere, Some(json!({"data": {}}))).await;
    let (done, open) = (s.done(account, owner).await, s.task(account, owner).await);
    let by_hand = s.stores.mounts.apply(&intent(&done, table.id, "/data", "k", &json!(1)), s.now(), None).await;
    refused!(by_hand, RepositoryError::Mount(MountRejection::TableInOtherProject));
    let by_itself = MountIntent { automatic: true, ..intent(&open, table.id, "/data", "k", &json!(1)) };
    let outcome = s.finish(&open, completed(Some(by_itself))).await;
    assert!(matches!(&outcome, FinishOutcome::Rejected(MountRejection::TableInOtherProject)), "{outcome:?}");
    assert!(s.mounts_of(&done).await.is_empty() && s.mounts_of(&open).await.is_empty());
    assert_eq!(s.data(account, table.id, "/data").await, Some(json!({})));
}

/// A path and key that together are no pointer are refused.
pub async fn an_endless_pointer_is_refused(s: &Subject<'_>) {
    let (account, owner) = (s.account().await, s.node().await);
    let (task, table) = (s.done(account, owner).await, s.table(account, None).await);
    let mount = intent(&task, table.id, "/data", &"k".repeat(3000), &json!(1));
    let mounted = s.stores.mounts.apply(&mount, s.now(), None).await;
    refused!(mounted, RepositoryError::Mount(MountRejection::InvalidPointer(_)));
    assert_eq!(s.data(account, table.id, "").await, Some(json!({})));
}

/// The same task mounted again at the same place is the same mount, whatever the policy.
pub async fn the_same_task_mounts_once(s: &Subject<'_>) {
    let (account, owner) = (s.account().await, s.node().await);
    for conflict in ConflictPolicy::ALL {
        let (task, table) = (s.done(account, owner).await, s.table(account, None).await);
        let first = MountIntent { conflict, ..intent(&task, table.id, "/data", "k", &json!({"v": 1})) };
        let mount = s.mount(&first).await;
        let again = s.mount(&MountIntent { value: super::attempts::raw(&json!({"v": 2})), ..first }).await;
        assert_eq!((again.id, again.state, &again.pointer), (mount.id, MountState::Mounted, &mount.pointer));
        assert_eq!(s.data(account, table.id, "").await, Some(json!({"data": {"k": {"v": 2}}})), "{conflict:?}");
        assert_eq!(s.mounts_of(&task).await, [again]);
    }
}

/// The same mount keeps the key that it got, whatever key is asked for when it is repeated; out of place, it is free
/// to take another.
pub async fn a_mount_keeps_its_key(s: &Subject<'_>) {
    let (account, owner) = (s.account().await, s.node().await);
    let (task, table) = (s.done(account, owner).await, s.table(account, None).await);
    let first = s.mount(&intent(&task, table.id, "/data", "old", &json!(1))).await;
    let second = s.mount(&intent(&task, table.id, "/data", "new", &json!(2))).await;
    assert_eq!((second.id, second.key.as_str()), (first.id, "old"));
    assert_eq!(s.data(account, table.id, "").await, Some(json!({"data": {"old": 2}})));
    s.stores.mounts.unmount(account.user, first.id, s.now()).await.expect("unmounted");
    let third = s.mount(&intent(&task, table.id, "/data", "new", &json!(3))).await;
    assert_eq!((third.id, third.key.as_str()), (first.id, "new"));
    assert_eq!(s.mounts_of(&task).await, [third]);
    assert_eq!(s.data(account, table.id, "").await, Some(json!({"data": {"new": 3}})));
}

/// A task can be mounted in several places; each is a mount of its own.
pub async fn a_task_mounts_in_several_places(s: &Subject<'_>) {
    let (account, owner) = (s.account().await, s.node().await);
    let task = s.done(account, owner).await;
    let (one, two) = (s.table(account, None).await, s.table(account, None).await);
    let mut mounts = vec![
        s.mount(&intent(&task, one.id, "/a", "k", &json!(1))).await,
        s.mount(&intent(&task, one.id, "/b", "k", &json!(2))).await,
        s.mount(&intent(&task, two.id, "/a", "k", &json!(3))).await,
    ];
    mounts.reverse();
    assert_eq!(s.mounts_of(&task).await, mounts);
    assert_eq!(s.data(account, one.id, "").await, Some(json!({"a": {"k": 1}, "b": {"k": 2}})));
    assert_eq!(s.data(account, two.id, "").await, Some(json!({"a": {"k": 3}})));
}

/// Mounts are listed by task and by table, newest first, in pages, and only to their owner.
pub async fn mounts_are_listed_in_pages(s: &Subject<'_>) {
    let (account, stranger, owner) = (s.account().await, s.account().await, s.node().await);
    let table = s.table(account, None).await;
    let mut ids = Vec::new();
    for key in ["a", "b", "c", "d", "e"] {
        let task = s.done(account, owner).await;
        ids.push(s.mount(&intent(&task, table.id, "/data", key, &json!(1))).await.id);
    }
    ids.reverse();
    let filter = MountFilter::Table(table.id);
    let mut seen: Vec<MountId> = Vec::new();
    loop {
        let page = Page { before: seen.last().copied(), limit: 2 };
        let mounts = s.stores.mounts.list(account.user, filter, page).await.expect("read");
        if mounts.is_empty() {
            break;
        }
        assert!(mounts.len() <= 2);
        seen.extend(mounts.iter().map(|mount| mount.id));
    }
    assert_eq!(seen, ids);
    let page = Page { before: None, limit: 10 };
    assert!(s.stores.mounts.list(stranger.user, filter, page).await.expect("read").is_empty());
}

/// An automatic mount makes a table of its own, once: a retry goes back to it.
pub async fn a_retry_makes_no_second_table(s: &Subject<'_>) {
    let (account, owner) = (s.account().await, s.node().await);
    let task = s.task(account, owner).await;
    let done = applied(s.finish(&task, completed(Some(automatic(&task, "short-hash", &json!(1))))).await);
    let mounted = done.mounted.clone().expect("mounted");
    let table = s.stores.tables.get(account.user, mounted.table_id).await.expect("read").expect("a table");
    assert_eq!((table.name.as_str(), table.description.as_str()), ("short-hash", AUTO_TABLE_DESCRIPTION));
    assert_eq!(table.project_id, account.project);
    let reopen = s.stores.tasks.reopen(account.user, task.id, Stage::Mount, Some(owner), s.now(), None);
    let open = reopen.await.expect("reopened");
    let again = applied(s.finish(&open, completed(Some(automatic(&open, "short-hash", &json!(2))))).await);
    assert_eq!(again.mounted.as_deref(), Some(&*mounted));
    let tables = s.stores.tables.list(account.user, None, Page { before: None, limit: 10 }).await.expect("read");
    assert_eq!(tables, [table]);
    assert_eq!(s.data(account, mounted.table_id, "").await, Some(json!({"data": {"k": 2}})));
}

/// When the task's own table was deleted, another one is made.
pub async fn a_retry_after_the_table_was_deleted_makes_one(s: &Subject<'_>) {
    let (account, owner) = (s.account().await, s.node().await);
    let task = s.task(account, owner).await;
    let done = applied(s.finish(&task, completed(Some(automatic(&task, "t", &json!(1))))).await);
    let first = done.mounted.clone().expect("mounted").table_id;
    s.stores.tables.delete(account.user, first).await.expect("deleted");
    assert_eq!(s.stored(&task).await.mounted, None, "what it was mounted in is gone");
    let reopen = s.stores.tasks.reopen(account.user, task.id, Stage::Mount, Some(owner), s.now(), None);
    let open = reopen.await.expect("reopened");
    let again = applied(s.finish(&open, completed(Some(automatic(&open, "t", &json!(1))))).await);
    let second = again.mounted.clone().expect("mounted").table_id;
    assert_ne!(first, second);
    assert_eq!(s.data(account, second, "").await, Some(json!({"data": {"k": 1}})));
}

/// Taking a mount out removes its value and nothing else; the answer is the mount as it was.
pub async fn an_unmount_takes_out_its_own_value(s: &Subject<'_>) {
    let (account, owner) = (s.account().await, s.node().await);
    let table = s.table(account, Some(json!({"data": {"written": 1}}))).await;
    let mut mounts: Vec<Mount> = Vec::new();
    for (path, key) in [("/data", "a"), ("/data", "b"), ("/data/a", "deep")] {
        let task = s.done(account, owner).await;
        mounts.push(s.mount(&intent(&task, table.id, path, key, &json!({"v": key}))).await);
    }
    let before = s.stores.mounts.unmount(account.user, mounts[0].id, s.now()).await.expect("unmounted");
    assert_eq!(before, Unmounted { before: mounts[0].clone(), removed: true });
    let after = s.mount_now(&mounts[0]).await;
    assert_eq!((after.state, after.updated_at), (MountState::Unmounted, s.clock.now()));
    let expected = json!({"written": 1, "b": {"v": "b"}, "a": {"deep": {"v": "deep"}}});
    assert_eq!(s.data(account, table.id, "/data").await, Some(expected.clone()));
    let again = s.stores.mounts.unmount(account.user, mounts[0].id, s.now()).await.expect("nothing to do");
    assert_eq!(again, Unmounted { before: after.clone(), removed: false });
    assert_eq!(s.mount_now(&mounts[0]).await, after);
    assert_eq!(s.data(account, table.id, "/data").await, Some(expected));
}

/// Taking out the automatic mount makes the task forget it; taking out another does not.
pub async fn an_unmount_clears_the_tasks_own_mount(s: &Subject<'_>) {
    let (account, owner) = (s.account().await, s.node().await);
    let task = s.task(account, owner).await;
    let done = applied(s.finish(&task, completed(Some(automatic(&task, "t", &json!(1))))).await);
    let mounted = done.mounted.clone().expect("mounted");
    let by_hand = s.mount(&intent(&task, mounted.table_id, "/by_hand", "k", &json!(2))).await;
    s.stores.mounts.unmount(account.user, by_hand.id, s.now()).await.expect("unmounted");
    assert_eq!(s.stored(&task).await.mounted, Some(mounted.clone()));
    s.stores.mounts.unmount(account.user, mounted.mount_id, s.now()).await.expect("unmounted");
    assert_eq!(s.stored(&task).await.mounted, None);
    assert_eq!(s.data(account, mounted.table_id, "").await, Some(json!({})));
    let again = s.mount(&automatic(&task, "t", &json!(3))).await;
    assert_eq!((again.id, again.table_id), (mounted.mount_id, mounted.table_id));
    assert_eq!(s.stored(&task).await.mounted.as_ref().map(|mounted| mounted.mount_id), Some(again.id));
    assert_eq!(s.data(account, mounted.table_id, "").await, Some(json!({"data": {"k": 3}})));
}

/// Strangers take nothing out.
pub async fn strangers_do_not_unmount(s: &Subject<'_>) {
    let (account, stranger, owner) = (s.account().await, s.account().await, s.node().await);
    let (task, table) = (s.done(account, owner).await, s.table(account, None).await);
    let mount = s.mount(&intent(&task, table.id, "/data", "k", &json!(1))).await;
    let unmounted = s.stores.mounts.unmount(stranger.user, mount.id, s.now()).await;
    refused!(unmounted, RepositoryError::NotFound("mount"));
    assert_eq!(s.mount_now(&mount).await, mount);
    assert_eq!(s.data(account, table.id, "/data/k").await, Some(json!(1)));
}

/// A repeated request mounts nothing.
pub async fn a_repeated_mount_request_changes_nothing(s: &Subject<'_>) {
    let (account, owner) = (s.account().await, s.node().await);
    let (task, table) = (s.done(account, owner).await, s.table(account, None).await);
    let receipt = s.receipt(account);
    let first = intent(&task, table.id, "/data", "k", &json!(1));
    let mount = s.stores.mounts.apply(&first, s.now(), Some(&receipt)).await.expect("mounted");
    let second = intent(&task, table.id, "/elsewhere", "k", &json!(2));
    let again = s.stores.mounts.apply(&second, s.now(), Some(&receipt)).await;
    refused!(again, RepositoryError::Conflict(Clash::IdempotencyKey));
    assert_eq!(s.mounts_of(&task).await, [mount]);
    assert_eq!(s.data(account, table.id, "").await, Some(json!({"data": {"k": 1}})));
}

/// A rejected mount leaves no receipt.
pub async fn a_rejected_mount_leaves_no_receipt(s: &Subject<'_>) {
    let (account, owner) = (s.account().await, s.node().await);
    let (task, table) = (s.done(account, owner).await, s.table(account, Some(json!(1))).await);
    let receipt = s.receipt(account);
    let mounted = s.stores.mounts.apply(&intent(&task, table.id, "", "k", &json!(1)), s.now(), Some(&receipt)).await;
    refused!(mounted, RepositoryError::Mount(MountRejection::ParentNotContainer(_)));
    assert_eq!(s.receipt_body(&receipt.key).await, None);
    assert!(s.mounts_of(&task).await.is_empty());
}

/// Mounts that run at once into one table lose nothing, by hand and with the end of a task.
pub async fn concurrent_mounts_lose_nothing(s: &Subject<'_>) {
    let (account, owner) = (s.account().await, s.node().await);
    let table = s.table(account, Some(json!({"list": []}))).await;
    let (done, open) = (
        s.insert(Some(owner), s.new_tasks(account, 24).await).await,
        s.insert(Some(owner), s.new_tasks(account, 24).await).await,
    );
    let now = s.now();
    let by_hand: Vec<MountIntent> = done
        .iter()
        .enumerate()
        .map(|(number, task)| {
            let path = if number % 2 == 0 { "/list" } else { "/data" };
            intent(task, table.id, path, &task.id.to_string(), &json!(task.id))
        })
        .collect();
    let ends: Vec<_> = open
        .iter()
        .map(|task| {
            [finish(task, completed(Some(intent(task, table.id, "/data", &task.id.to_string(), &json!(task.id)))))]
        })
        .collect();
    let applies = by_hand.iter().map(|intent| s.stores.mounts.apply(intent, now, None));
    let finishes = ends.iter().map(|batch| s.stores.tasks.finish_many(batch, now));
    let (applies, finishes) = tokio::join!(join_all(applies), join_all(finishes));
    assert!(applies.iter().all(Result::is_ok), "{applies:?}");
    for outcomes in finishes {
        applied(outcomes.expect("finished").remove(0));
    }
    let data = s.data(account, table.id, "").await.expect("data");
    assert_eq!(data["list"].as_array().map(Vec::len), Some(12));
    assert_eq!(data["data"].as_object().map(serde_json::Map::len), Some(36));
    for task in open.iter() {
        assert_eq!(data["data"][task.id.to_string()], json!(task.id));
    }
}
