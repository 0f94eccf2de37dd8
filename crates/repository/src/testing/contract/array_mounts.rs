//! Mounts that are members of arrays: their records follow their values.

use std::sync::Arc;

use futures::future::join_all;
use millrace_domain::mount::{Mount, MountIntent, MountState, Unmounted};
use millrace_domain::{TableId, Task};
use serde_json::{Value, json};

use super::attempts::{applied, at, completed, intent};
use super::{Account, Subject};

impl Subject<'_> {
    /// Mounts one value after another into an array, each by a task of its own.
    async fn appended(
        &self,
        account: Account,
        table: TableId,
        array: &str,
        values: &[Value],
    ) -> Vec<(Arc<Task>, Mount)> {
        let owner = self.node().await;
        let mut members = Vec::new();
        for value in values {
            let task = self.done(account, owner).await;
            let mount = self.mount(&intent(&task, table, array, "k", value)).await;
            members.push((task, mount));
        }
        members
    }

    /// Where a mount is, if it is in place.
    async fn place(&self, mount: &Mount) -> Option<String> {
        let now = self.mount_now(mount).await;
        (now.state == MountState::Mounted).then(|| now.pointer.as_str().to_owned())
    }

    async fn places(&self, members: &[(Arc<Task>, Mount)]) -> Vec<Option<String>> {
        let mut places = Vec::new();
        for (_, mount) in members {
            places.push(self.place(mount).await);
        }
        places
    }

    async fn take_out(&self, mount: &Mount) -> Unmounted {
        self.stores.mounts.unmount(mount.user_id, mount.id, self.now()).await.expect("unmounted")
    }
}

fn places(texts: &[&str]) -> Vec<Option<String>> {
    texts.iter().map(|text| (!text.is_empty()).then(|| (*text).to_owned())).collect()
}

/// In an array the value goes to the end, once per task, and its index is its pointer.
pub async fn arrays_take_mounts_at_the_end(s: &Subject<'_>) {
    let (account, owner) = (s.account().await, s.node().await);
    let table = s.table(account, Some(json!({"list": ["a"]}))).await.id;
    let (one, two) = (s.done(account, owner).await, s.done(account, owner).await);
    let first = s.mount(&intent(&one, table, "/list", "k", &json!("one"))).await;
    let second = s.mount(&intent(&two, table, "/list", "k", &json!("two"))).await;
    assert_eq!((first.pointer.as_str(), second.pointer.as_str()), ("/list/1", "/list/2"));
    let again = s.mount(&intent(&one, table, "/list", "k", &json!("ONE"))).await;
    assert_eq!((again.id, again.pointer.as_str()), (first.id, "/list/1"));
    assert_eq!(s.data(account, table, "/list").await, Some(json!(["a", "ONE", "two"])));
    s.stores.mounts.unmount(account.user, second.id, s.now()).await.expect("unmounted");
    assert_eq!(s.data(account, table, "/list").await, Some(json!(["a", "ONE"])));
    assert_eq!(s.mount_now(&second).await.state, MountState::Unmounted);
}

/// When a member is taken out, those behind it move up and are still the mounts that they were: they can be taken out and
/// mounted again. Nothing else of their records changes.
pub async fn members_behind_an_unmounted_one_move_up(s: &Subject<'_>) {
    let account = s.account().await;
    let table = s.table(account, Some(json!({"list": ["written"], "other": ["x", "y"]}))).await.id;
    // Equal values are told apart by their places; more than ten, so that places are compared as numbers.
    let values: Vec<Value> = (0..12).map(|number| json!(number % 3)).collect();
    let members = s.appended(account, table, "/list", &values).await;
    let beside = s.appended(account, table, "/other", &[json!(1)]).await;
    let unmounted = s.take_out(&members[1].1).await;
    assert_eq!(unmounted, Unmounted { before: members[1].1.clone(), removed: true });
    let expected: Vec<String> =
        (0..12).map(|n| if n == 1 { String::new() } else { format!("/list/{}", if n == 0 { 1 } else { n }) }).collect();
    let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
    assert_eq!(s.places(&members).await, places(&expected));
    assert_eq!(s.places(&beside).await, places(&["/other/2"]));
    let moved = s.mount_now(&members[11].1).await;
    assert_eq!(moved, Mount { pointer: at("/list/11"), ..members[11].1.clone() });

    let again = s.mount(&intent(&members[2].0, table, "/list", "k", &json!("again"))).await;
    assert_eq!((again.id, again.pointer.as_str()), (members[2].1.id, "/list/2"));
    assert!(s.take_out(&members[3].1).await.removed);
    assert!(s.take_out(&members[11].1).await.removed);
    assert!(s.take_out(&members[10].1).await.removed);
    let expected = json!(["written", 0, "again", 1, 2, 0, 1, 2, 0]);
    assert_eq!(s.data(account, table, "/list").await, Some(expected));
    assert_eq!(s.data(account, table, "/other").await, Some(json!(["x", "y", 1])));
}

/// A member that is removed by hand ends its own mount alone, and those behind it move up.
pub async fn members_behind_a_removed_one_move_up(s: &Subject<'_>) {
    let account = s.account().await;
    let table = s.table(account, Some(json!({"list": ["written"]}))).await.id;
    let members = s.appended(account, table, "/list", &[json!("a"), json!("b"), json!({"c": [1, 2]})]).await;
    let remove = async |pointer: &str| {
        let removed = s.stores.tables.remove(account.user, table, &at(pointer), s.now()).await.expect("answered");
        removed.map(|removed| removed.mounts)
    };
    assert_eq!(remove("/list/0").await, Some(0));
    assert_eq!(s.places(&members).await, places(&["/list/0", "/list/1", "/list/2"]));
    assert_eq!(remove("/list/0").await, Some(1));
    assert_eq!(s.mount_now(&members[0].1).await.state, MountState::Unmounted);
    assert_eq!(s.places(&members).await, places(&["", "/list/0", "/list/1"]));
    for nothing in ["/list/2", "/list/-", "/list/+0", "/list/00"] {
        assert_eq!(remove(nothing).await, None, "{nothing}");
    }
    // Inside a member nothing moves outside of it.
    assert_eq!(remove("/list/1/c/0").await, Some(0));
    assert_eq!(s.places(&members).await, places(&["", "/list/0", "/list/1"]));
    assert!(s.take_out(&members[1].1).await.removed);
    assert_eq!(s.data(account, table, "/list").await, Some(json!([{"c": [2]}])));
}

/// A member that was changed by hand is not the task's any more: unmounting leaves it, and what is behind it, in place.
pub async fn a_member_changed_by_hand_stays(s: &Subject<'_>) {
    let account = s.account().await;
    let table = s.table(account, Some(json!({"list": []}))).await.id;
    let members = s.appended(account, table, "/list", &[json!({"v": 1}), json!("b"), json!("c")]).await;
    let write = async |pointer: &str, value: Value| {
        s.stores.tables.write(account.user, table, &at(pointer), &value, s.now()).await.expect("written").mounts
    };
    assert_eq!(write("/list/0/v", json!(2)).await, 0);
    assert_eq!(write("/list/1", json!("mine")).await, 1);
    assert_eq!(write("/list/-", json!("end")).await, 0);
    assert_eq!(s.places(&members).await, places(&["/list/0", "", "/list/2"]));
    assert_eq!(s.mount_now(&members[1].1).await.state, MountState::Replaced);
    for (_, mount) in &members[..2] {
        assert!(!s.take_out(mount).await.removed);
    }
    assert_eq!(s.data(account, table, "/list").await, Some(json!([{"v": 2}, "mine", "c", "end"])));
    assert_eq!(s.mount_now(&members[0].1).await.state, MountState::Unmounted);
    let again = s.mount(&intent(&members[0].0, table, "/list", "k", &json!("A"))).await;
    assert_eq!((again.id, again.pointer.as_str()), (members[0].1.id, "/list/4"));
    assert!(s.take_out(&members[2].1).await.removed);
    assert_eq!(s.place(&again).await.as_deref(), Some("/list/3"));
    assert_eq!(s.data(account, table, "/list").await, Some(json!([{"v": 2}, "mine", "end", "A"])));
}

/// The root can be an array, and so can a member of a mounted value.
pub async fn members_move_up_in_any_array(s: &Subject<'_>) {
    let account = s.account().await;
    let root = s.table(account, Some(json!([]))).await.id;
    let mounted = s.table(account, None).await.id;
    let holder = s.done(account, s.node().await).await;
    s.mount(&intent(&holder, mounted, "/a~0b", "k/1", &json!({"10": []}))).await;
    for (table, array) in [(root, ""), (mounted, "/a~0b/k~11/10")] {
        let members = s.appended(account, table, array, &[json!(1), json!(2), json!(3)]).await;
        assert!(s.take_out(&members[0].1).await.removed);
        let [first, second] = [format!("{array}/0"), format!("{array}/1")];
        assert_eq!(s.places(&members).await, places(&["", &first, &second]), "{array:?}");
        assert!(s.take_out(&members[2].1).await.removed);
        assert_eq!(s.data(account, table, array).await, Some(json!([2])), "{array:?}");
    }
}

/// A task need not be written when its automatic mount moves, and still finds it.
pub async fn an_automatic_mount_is_found_after_it_moved(s: &Subject<'_>) {
    let (account, owner) = (s.account().await, s.node().await);
    let table = s.table(account, Some(json!({"list": []}))).await.id;
    let mut ended = Vec::new();
    for value in ["a", "b"] {
        let task = s.task(account, owner).await;
        let mount = MountIntent { automatic: true, ..intent(&task, table, "/list", "k", &json!(value)) };
        ended.push(applied(s.finish(&task, completed(Some(mount))).await));
    }
    let first = s.mounts_of(&ended[0]).await.remove(0);
    s.take_out(&first).await;
    assert_eq!(s.stored(&ended[0]).await.mounted, None);
    assert_eq!(s.stored(&ended[1]).await, ended[1]);
    let second = s.mounts_of(&ended[1]).await.remove(0);
    assert_eq!(Some(second.id), ended[1].mounted.as_ref().map(|mounted| mounted.mount_id));
    assert_eq!(second.pointer.as_str(), "/list/0");
    assert!(s.take_out(&second).await.removed);
    assert_eq!(s.stored(&ended[1]).await.mounted, None);
    assert_eq!(s.data(account, table, "/list").await, Some(json!([])));
}

/// Members that are taken out, appended and removed at once are all told apart.
pub async fn concurrent_unmounts_take_out_their_own(s: &Subject<'_>) {
    let account = s.account().await;
    let table = s.table(account, Some(json!({"list": ["written"]}))).await.id;
    let values: Vec<Value> = (0..16).map(|number| json!({"member": number / 2})).collect();
    let members = s.appended(account, table, "/list", &values).await;
    let newcomers: Vec<Arc<Task>> = {
        let owner = s.node().await;
        join_all((0..4).map(|_| s.done(account, owner))).await
    };
    let now = s.now();
    let leaving: Vec<&Mount> = members.iter().step_by(2).map(|(_, mount)| mount).collect();
    let coming: Vec<MountIntent> =
        newcomers.iter().map(|task| intent(task, table, "/list", "k", &json!(task.id))).collect();
    let written = at("/list/0");
    let (unmounted, mounted, removed) = tokio::join!(
        join_all(leaving.iter().map(|mount| s.stores.mounts.unmount(account.user, mount.id, now))),
        join_all(coming.iter().map(|intent| s.stores.mounts.apply(intent, now, None))),
        s.stores.tables.remove(account.user, table, &written, now),
    );
    assert!(unmounted.iter().all(|answer| answer.as_ref().is_ok_and(|answer| answer.removed)), "{unmounted:?}");
    assert_eq!(removed.expect("removed").map(|removed| removed.mounts), Some(0));
    let mounted: Vec<Mount> = mounted.into_iter().map(|mount| mount.expect("mounted")).collect();
    let Some(Value::Array(left)) = s.data(account, table, "/list").await else { panic!("no array") };
    assert_eq!(left.len(), 8 + 4, "{left:?}");
    for (number, (_, mount)) in members.iter().enumerate().skip(1).step_by(2) {
        let place = s.place(mount).await.expect("in place");
        assert_eq!(s.data(account, table, &place).await.as_ref(), Some(&values[number]), "{place}");
    }
    for (task, mount) in newcomers.iter().zip(&mounted) {
        let place = s.place(mount).await.expect("in place");
        assert_eq!(s.data(account, table, &place).await, Some(json!(task.id)), "{place}");
    }
}
