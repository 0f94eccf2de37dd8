//! Every policy against everything that can stand at the container and at the key, checked by reading the data back.

use millrace_domain::mount::{ConflictPolicy, MountIntent, MountRejection, MountState};
use millrace_domain::task::Owner;
use serde_json::{Value, json};

use super::attempts::{intent, raw};
use super::{Account, Subject, refused};
use crate::{RepositoryError, Result};

/// What stands at `/box/k` before the mount.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Before {
    Nothing,
    WrittenValue,
    WrittenNull,
    OtherMount,
    DeeperMount,
    OwnMount,
}

impl Before {
    const ALL: [Self; 6] =
        [Self::Nothing, Self::WrittenValue, Self::WrittenNull, Self::OtherMount, Self::DeeperMount, Self::OwnMount];

    /// The value as a reader sees it.
    fn value(self) -> Option<Value> {
        match self {
            Self::Nothing => None,
            Self::WrittenValue => Some(json!({"old": "written"})),
            Self::WrittenNull => Some(Value::Null),
            Self::OtherMount => Some(json!({"old": "mount"})),
            Self::DeeperMount => Some(json!({"deep": "mount"})),
            Self::OwnMount => Some(json!({"old": "own"})),
        }
    }
}

/// Each policy has its way with each occupant, in a container that was written and in one that mounts imply.
pub async fn each_policy_has_its_way_with_each_occupant(s: &Subject<'_>) {
    let (account, owner) = (s.account().await, s.node().await);
    for written_container in [true, false] {
        for before in Before::ALL {
            for conflict in ConflictPolicy::ALL {
                check_occupant(s, account, owner, written_container, before, conflict).await;
            }
        }
    }
}

async fn check_occupant(
    s: &Subject<'_>,
    account: Account,
    owner: Owner,
    written_container: bool,
    before: Before,
    conflict: ConflictPolicy,
) {
    let case = format!("written container {written_container}, {before:?}, {conflict:?}");
    let mut written = serde_json::Map::new();
    if written_container {
        written.insert("beside".into(), json!(1));
    }
    if let (Before::WrittenValue | Before::WrittenNull, Some(value)) = (before, before.value()) {
        written.insert("k".into(), value);
    }
    let root = if written.is_empty() { json!({}) } else { json!({"box": written}) };
    let table = s.table(account, Some(root)).await.id;
    let (task, other, neighbour) =
        (s.done(account, owner).await, s.done(account, owner).await, s.done(account, owner).await);
    s.mount(&intent(&neighbour, table, "/box", "neighbour", &json!(2))).await;
    let earlier = match before {
        Before::OtherMount => Some(s.mount(&intent(&other, table, "/box", "k", &json!({"old": "mount"}))).await),
        Before::DeeperMount => Some(s.mount(&intent(&other, table, "/box/k", "deep", &json!("mount"))).await),
        Before::OwnMount => Some(s.mount(&intent(&task, table, "/box", "k", &json!({"old": "own"}))).await),
        _ => None,
    };
    let new = json!({"new": true});
    let mount = MountIntent { conflict, ..intent(&task, table, "/box", "k", &new) };
    let outcome: Result<_> = s.stores.mounts.apply(&mount, s.now(), None).await;

    let mut expected = serde_json::Map::new();
    expected.insert("neighbour".into(), json!(2));
    if written_container {
        expected.insert("beside".into(), json!(1));
    }
    expected.extend(before.value().map(|value| ("k".to_owned(), value)));
    let is_free = matches!(before, Before::Nothing | Before::OwnMount);
    match conflict {
        ConflictPolicy::Error if !is_free => {
            assert!(
                matches!(&outcome, Err(RepositoryError::Mount(MountRejection::KeyExists(at))) if at.as_str() == "/box/k"),
                "{case}: {outcome:?}"
            );
            assert!(s.mounts_of(&task).await.is_empty(), "{case}");
        }
        ConflictPolicy::Skip if !is_free => {
            let mount = outcome.expect("skipped");
            assert_eq!((mount.state, mount.pointer.as_str()), (MountState::Skipped, "/box/k"), "{case}");
            assert_eq!(s.mounts_of(&task).await, [mount], "{case}");
        }
        ConflictPolicy::Rename if !is_free => {
            let mount = outcome.expect("renamed");
            assert_eq!((mount.state, mount.key.as_str()), (MountState::Mounted, "k-2"), "{case}");
            assert_eq!(mount.pointer.as_str(), "/box/k-2", "{case}");
            expected.insert("k-2".into(), new);
        }
        _ => {
            let mount = outcome.expect("mounted");
            assert_eq!((mount.state, mount.key.as_str()), (MountState::Mounted, "k"), "{case}");
            expected.insert("k".into(), new);
            if let (Before::OtherMount | Before::DeeperMount, Some(earlier)) = (before, &earlier) {
                assert_eq!(s.mount_now(earlier).await.state, MountState::Replaced, "{case}");
            }
        }
    }
    assert_eq!(s.data(account, table, "/box").await, Some(Value::Object(expected)), "{case}");
}

/// What stands at the container decides before the key does, whatever the policy.
pub async fn containers_decide_before_keys(s: &Subject<'_>) {
    let (account, owner) = (s.account().await, s.node().await);
    let scalar = |at: &str| Err(format!("the value at '{at}' is not a container"));
    let missing = |at: &str| Err(format!("nothing exists at '{at}' and create_missing is false"));
    type Case = (Value, &'static str, bool, std::result::Result<Value, String>);
    let cases: Vec<Case> = vec![
        (json!({}), "", false, Ok(json!({"k": 9}))),
        (json!({}), "/a/b", true, Ok(json!({"a": {"b": {"k": 9}}}))),
        (json!({}), "/a/b", false, missing("/a/b")),
        (json!({"a": null}), "/a", true, Ok(json!({"a": {"k": 9}}))),
        (json!({"a": null}), "/a", false, missing("/a")),
        (json!({"a": {}}), "/a", false, Ok(json!({"a": {"k": 9}}))),
        (json!({"a": {"x": 1}}), "/a", false, Ok(json!({"a": {"x": 1, "k": 9}}))),
        (json!({"a": [1]}), "/a", false, Ok(json!({"a": [1, 9]}))),
        (json!([]), "", false, Ok(json!([9]))),
        (json!({"a": 5}), "/a", true, scalar("/a")),
        (json!({"a": "x"}), "/a/b/c", true, scalar("/a")),
        (json!("text"), "", true, scalar("")),
        (json!({"a": [{}]}), "/a/0", true, scalar("/a")),
        (json!({"a": [[]]}), "/a/0", true, scalar("/a")),
        (json!({"a": [1]}), "/a/b", true, scalar("/a")),
    ];
    for (root, path, create_missing, expected) in cases {
        for conflict in ConflictPolicy::ALL {
            let case = format!("{root} {path:?} {create_missing} {conflict:?}");
            let table = s.table(account, Some(root.clone())).await.id;
            let task = s.done(account, owner).await;
            let mount = MountIntent { conflict, create_missing, ..intent(&task, table, path, "k", &json!(9)) };
            let outcome = s.stores.mounts.apply(&mount, s.now(), None).await;
            match &expected {
                Ok(data) => {
                    outcome.expect("mounted");
                    assert_eq!(s.data(account, table, "").await.as_ref(), Some(data), "{case}");
                }
                Err(message) => {
                    let Err(RepositoryError::Mount(rejection)) = outcome else { panic!("{case}: {outcome:?}") };
                    assert_eq!(&rejection.to_string(), message, "{case}");
                    assert_eq!(s.data(account, table, "").await.as_ref(), Some(&root), "{case}");
                    assert!(s.mounts_of(&task).await.is_empty(), "{case}");
                }
            }
        }
    }
}

/// Renames go on counting past keys that are taken; a repeat finds the key it got before.
pub async fn renames_count_on(s: &Subject<'_>) {
    let (account, owner) = (s.account().await, s.node().await);
    let table = s.table(account, Some(json!({"box": {"k-3": "written"}}))).await.id;
    let mut keys = Vec::new();
    let mut last = None;
    for number in 0..4 {
        let task = s.done(account, owner).await;
        let conflict = ConflictPolicy::Rename;
        let mount = MountIntent { conflict, ..intent(&task, table, "/box", "k", &json!(number)) };
        keys.push(s.mount(&mount).await.key);
        last = Some(mount);
    }
    assert_eq!(keys, ["k", "k-2", "k-4", "k-5"]);
    let again = s.mount(&MountIntent { value: raw(&json!("again")), ..last.expect("four mounts") }).await;
    assert_eq!(again.key, "k-5");
    let expected = json!({"k": 0, "k-2": 1, "k-3": "written", "k-4": 2, "k-5": "again"});
    assert_eq!(s.data(account, table, "/box").await, Some(expected));
}

/// A skipped mount is applied when the key has become free.
pub async fn a_skipped_mount_can_be_made_good(s: &Subject<'_>) {
    let (account, owner) = (s.account().await, s.node().await);
    let table = s.table(account, Some(json!({"box": {"k": 1}}))).await.id;
    let task = s.done(account, owner).await;
    let mount = MountIntent { conflict: ConflictPolicy::Skip, ..intent(&task, table, "/box", "k", &json!(2)) };
    let skipped = s.mount(&mount).await;
    assert_eq!(skipped.state, MountState::Skipped);
    let unmounted = s.stores.mounts.unmount(account.user, skipped.id, s.now()).await.expect("nothing to do");
    assert_eq!((&unmounted.before, unmounted.removed), (&skipped, false));
    assert_eq!(s.data(account, table, "/box").await, Some(json!({"k": 1})));
    s.stores.tables.remove(account.user, table, &super::attempts::at("/box/k"), s.now()).await.expect("removed");
    let made_good = s.mount(&mount).await;
    assert_eq!((made_good.id, made_good.state), (skipped.id, MountState::Mounted));
    assert_eq!(s.data(account, table, "/box").await, Some(json!({"k": 2})));
}

/// After a direct write at its pointer, what stands there is no longer the task's own.
pub async fn a_mount_written_over_is_no_longer_the_tasks_own(s: &Subject<'_>) {
    let (account, owner) = (s.account().await, s.node().await);
    let table = s.table(account, None).await.id;
    let task = s.done(account, owner).await;
    let mount = MountIntent { conflict: ConflictPolicy::Error, ..intent(&task, table, "/box", "k", &json!(1)) };
    s.mount(&mount).await;
    let at = super::attempts::at("/box/k");
    s.stores.tables.write(account.user, table, &at, &json!("by hand"), s.now()).await.expect("written");
    let again = s.stores.mounts.apply(&mount, s.now(), None).await;
    refused!(again, RepositoryError::Mount(MountRejection::KeyExists(at)) if at.as_str() == "/box/k");
    assert_eq!(s.data(account, table, "/box").await, Some(json!({"k": "by hand"})));
}

/// An element that was mounted into an array of a mounted value is gone with it, and its record says so.
pub async fn elements_go_with_the_value_they_were_mounted_in(s: &Subject<'_>) {
    let (account, owner) = (s.account().await, s.node().await);
    let table = s.table(account, None).await.id;
    let (outer, inner) = (s.done(account, owner).await, s.done(account, owner).await);
    let outer = s.mount(&intent(&outer, table, "/box", "k", &json!({"list": []}))).await;
    let element = s.mount(&intent(&inner, table, "/box/k/list", "x", &json!(1))).await;
    let beside = s.mount(&intent(&inner, table, "/box/k", "beside", &json!([]))).await;
    let deeper = s.mount(&intent(&inner, table, "/box/k/beside", "x", &json!(2))).await;
    s.stores.mounts.unmount(account.user, outer.id, s.now()).await.expect("unmounted");
    assert_eq!(s.data(account, table, "").await, Some(json!({"box": {"k": {"beside": [2]}}})));
    assert_eq!(s.mount_now(&element).await.state, MountState::Replaced);
    assert_eq!(s.mount_now(&beside).await.state, MountState::Mounted);
    assert_eq!(s.mount_now(&deeper).await.state, MountState::Mounted);
}

/// A mount into a mounted value is part of it: gone when the value is replaced, kept out of other tasks' way.
pub async fn an_overwritten_mount_takes_deeper_ones_with_it(s: &Subject<'_>) {
    let (account, owner) = (s.account().await, s.node().await);
    let table = s.table(account, None).await.id;
    let (outer, inner, new) =
        (s.done(account, owner).await, s.done(account, owner).await, s.done(account, owner).await);
    let outer = s.mount(&intent(&outer, table, "/box", "k", &json!({"list": []}))).await;
    let object = s.mount(&intent(&inner, table, "/box/k", "in", &json!(1))).await;
    let array = s.mount(&intent(&inner, table, "/box/k/list", "x", &json!(2))).await;
    assert_eq!(s.data(account, table, "/box/k").await, Some(json!({"list": [2], "in": 1})));
    s.mount(&intent(&new, table, "/box", "k", &json!("new"))).await;
    assert_eq!(s.data(account, table, "").await, Some(json!({"box": {"k": "new"}})));
    for mount in [&outer, &object, &array] {
        assert_eq!(s.mount_now(mount).await.state, MountState::Replaced);
    }
    let blocked = s.stores.mounts.apply(&intent(&inner, table, "/box/k", "in", &json!(1)), s.now(), None).await;
    refused!(blocked, RepositoryError::Mount(MountRejection::ParentNotContainer(at)) if at.as_str() == "/box/k");
}
