//! Reading and writing a table's data: segments are nowhere to be seen.

use millrace_domain::TableId;
use millrace_domain::assembly::WriteRefused;
use millrace_domain::json_table::{DataPage, DataQuery, RemovedData};
use millrace_domain::mount::MountState;
use serde_json::{Value, json};

use super::attempts::{at, automatic, completed, intent};
use super::{Account, Subject, refused};
use crate::{RepositoryError, Result};

async fn write(s: &Subject<'_>, account: Account, table: TableId, pointer: &str, value: Value) -> Result<RemovedData> {
    s.stores.tables.write(account.user, table, &at(pointer), &value, s.now()).await
}

async fn remove(s: &Subject<'_>, account: Account, table: TableId, pointer: &str) -> Option<RemovedData> {
    s.stores.tables.remove(account.user, table, &at(pointer), s.now()).await.expect("no error")
}

async fn page(
    s: &Subject<'_>,
    account: Account,
    table: TableId,
    pointer: &str,
    limit: usize,
    after: Option<&str>,
) -> DataPage {
    let query = DataQuery { pointer: at(pointer), limit, after_key: after.map(str::to_owned) };
    s.stores.tables.read(account.user, table, &query).await.expect("read").expect("something there")
}

/// Any value is read at its pointer, however deep, escaped keys included; nothing is `None`.
pub async fn values_are_read_at_their_pointers(s: &Subject<'_>) {
    let account = s.account().await;
    let data = json!({
        "a": {"b": [10, {"c": true}]}, "": "empty key", "x/y": {"t~z": 1}, "null": null, "text": "ü", "n": 1.5
    });
    let table = s.table(account, Some(data.clone())).await.id;
    let cases = [
        ("", Some(data.clone())),
        ("/a", Some(json!({"b": [10, {"c": true}]}))),
        ("/a/b", Some(json!([10, {"c": true}]))),
        ("/a/b/0", Some(json!(10))),
        ("/a/b/1/c", Some(json!(true))),
        ("/a/b/2", None),
        ("/a/x", None),
        ("/n/x", None),
        ("/", Some(json!("empty key"))),
        ("/x~1y/t~0z", Some(json!(1))),
        ("/null", Some(Value::Null)),
        ("/text", Some(json!("ü"))),
        ("/n", Some(json!(1.5))),
    ];
    for (pointer, expected) in cases {
        assert_eq!(s.data(account, table, pointer).await, expected, "{pointer}");
    }
}

/// A table can hold any JSON at its root.
pub async fn the_root_can_be_anything(s: &Subject<'_>) {
    let account = s.account().await;
    for root in [json!([1, 2]), json!("text"), json!(5), json!(null), json!({})] {
        let table = s.table(account, Some(root.clone())).await.id;
        assert_eq!(s.data(account, table, "").await, Some(root));
    }
}

/// Writes make missing objects, replace values, and treat arrays by index and `-`.
pub async fn writes_change_the_document_in_place(s: &Subject<'_>) {
    let account = s.account().await;
    let table = s.table(account, None).await.id;
    let steps = [
        ("/a/b", json!(1), json!({"a": {"b": 1}})),
        ("/a/c", json!({"d": []}), json!({"a": {"b": 1, "c": {"d": []}}})),
        ("/a/c/d/-", json!("x"), json!({"a": {"b": 1, "c": {"d": ["x"]}}})),
        ("/a/c/d/1", json!("y"), json!({"a": {"b": 1, "c": {"d": ["x", "y"]}}})),
        ("/a/c/d/0", json!("z"), json!({"a": {"b": 1, "c": {"d": ["z", "y"]}}})),
        ("/a/b", Value::Null, json!({"a": {"b": null, "c": {"d": ["z", "y"]}}})),
        ("/a/b/e", json!(2), json!({"a": {"b": {"e": 2}, "c": {"d": ["z", "y"]}}})),
        ("/a", json!(3), json!({"a": 3})),
        ("/x~1y/", json!(4), json!({"a": 3, "x/y": {"": 4}})),
        ("", json!([1]), json!([1])),
        ("/-", json!(2), json!([1, 2])),
    ];
    for (pointer, value, expected) in steps {
        assert_eq!(write(s, account, table, pointer, value).await.expect("written"), RemovedData::default());
        assert_eq!(s.data(account, table, "").await, Some(expected), "{pointer}");
    }
}

/// A write that cannot be is refused with the place of the trouble, in terms of the whole document.
pub async fn impossible_writes_are_refused(s: &Subject<'_>) {
    let (account, owner) = (s.account().await, s.node().await);
    let data = json!({"n": 1, "list": [1], "deep": {"s": "x"}});
    let table = s.table(account, Some(data)).await.id;
    let task = s.done(account, owner).await;
    s.mount(&intent(&task, table, "/data", "k", &json!({"n": 5, "list": []}))).await;
    let before = s.data(account, table, "").await;
    for (pointer, scalar) in [("/n/x", "/n"), ("/deep/s/x/y", "/deep/s"), ("/data/k/n/x", "/data/k/n")] {
        refused!(
            write(s, account, table, pointer, json!(0)).await,
            RepositoryError::Write(WriteRefused::NotContainer { at }) if at.as_str() == scalar
        );
    }
    for (pointer, array, token) in [
        ("/list/2", "/list", "2"),
        ("/list/x", "/list", "x"),
        ("/list/01", "/list", "01"),
        ("/data/k/list/1", "/data/k/list", "1"),
    ] {
        refused!(
            write(s, account, table, pointer, json!(0)).await,
            RepositoryError::Write(WriteRefused::BadIndex { at, index }) if at.as_str() == array && index == token
        );
    }
    assert_eq!(s.data(account, table, "").await, before);
}

/// What is mounted reads as part of the document, at every level.
pub async fn mounts_read_as_part_of_the_document(s: &Subject<'_>) {
    let (account, owner) = (s.account().await, s.node().await);
    let table = s.table(account, Some(json!({"data": {"z": 26}, "other": 1}))).await.id;
    let (outer, inner) = (s.done(account, owner).await, s.done(account, owner).await);
    s.mount(&intent(&outer, table, "/data", "k/1", &json!({"v": 1, "in": {"w": 2}}))).await;
    s.mount(&intent(&inner, table, "/data/k~11/in", "deep", &json!([7]))).await;
    let k = json!({"v": 1, "in": {"w": 2, "deep": [7]}});
    for (pointer, expected) in [
        ("", Some(json!({"data": {"z": 26, "k/1": k.clone()}, "other": 1}))),
        ("/data", Some(json!({"z": 26, "k/1": k.clone()}))),
        ("/data/k~11", Some(k)),
        ("/data/k~11/in", Some(json!({"w": 2, "deep": [7]}))),
        ("/data/k~11/in/deep/0", Some(json!(7))),
        ("/data/k~11/in/deep/1", None),
        ("/data/k~11/v", Some(json!(1))),
        ("/data/z", Some(json!(26))),
        ("/data/k", None),
    ] {
        assert_eq!(s.data(account, table, pointer).await, expected, "{pointer}");
    }
}

/// Large objects are read in pages, in byte order of plain keys, whether members were written or mounted.
pub async fn objects_are_read_in_pages(s: &Subject<'_>) {
    let (account, owner) = (s.account().await, s.node().await);
    let written = json!({"b": 1, "B": 2, "a/b": 3, "a": 4, "~": 5, "é": 6, "a0": 7, "": 8});
    let table = s.table(account, Some(json!({"data": written}))).await.id;
    for (key, value) in [("a~b", 10), ("c", 11), ("A", 12), ("文", 13), ("a.b", 14)] {
        let task = s.done(account, owner).await;
        s.mount(&intent(&task, table, "/data", key, &json!({"v": value}))).await;
    }
    let expected = ["", "A", "B", "a", "a.b", "a/b", "a0", "a~b", "b", "c", "~", "é", "文"];
    let whole = s.data(account, table, "/data").await.expect("data");
    for limit in [1, 2, 3, 5, 13, 50] {
        let (mut seen, mut after): (Vec<String>, Option<String>) = (Vec::new(), None);
        loop {
            let page = page(s, account, table, "/data", limit, after.as_deref()).await;
            let members = page.value.as_object().expect("an object");
            assert!(members.len() <= limit);
            assert!(members.iter().all(|(key, value)| whole.get(key) == Some(value)), "{members:?}");
            seen.extend(members.keys().cloned());
            let Some(next) = page.next_after_key else { break };
            assert_eq!(Some(&next), seen.last(), "the last key of the page");
            after = Some(next);
        }
        assert_eq!(seen, expected, "limit {limit}");
    }
    let rest = page(s, account, table, "/data", 3, Some("b!")).await;
    assert_eq!(
        rest.value.as_object().map(|members| members.keys().cloned().collect()),
        Some(vec!["c".to_owned(), "~".into(), "é".into()])
    );
    let none = page(s, account, table, "/data", 3, Some("文")).await;
    assert_eq!(none, DataPage { value: json!({}), next_after_key: None });
    let query = DataQuery { pointer: at("/nothing"), limit: 3, after_key: Some("a".into()) };
    assert_eq!(s.stores.tables.read(account.user, table, &query).await.expect("read"), None);
    let array = s.table(account, Some(json!([1, 2, 3]))).await.id;
    assert_eq!(page(s, account, array, "", 1, None).await, DataPage { value: json!([1, 2, 3]), next_after_key: None });
}

/// A page of a table with very many mounts holds its own members and the way to the next.
pub async fn many_mounts_are_read_in_pages(s: &Subject<'_>) {
    let (account, owner) = (s.account().await, s.node().await);
    let table = s.table(account, None).await.id;
    let tasks = s.insert(Some(owner), s.new_tasks(account, 120).await).await;
    let batch = tasks.iter().enumerate().map(|(number, task)| {
        let mount = intent(task, table, "", &format!("k{number:03}"), &json!(number));
        super::attempts::finish(task, completed(Some(mount)))
    });
    s.finish_all(batch.collect()).await;
    let page = page(s, account, table, "", 50, Some("k049")).await;
    let members = page.value.as_object().expect("an object");
    assert_eq!((members.len(), members.keys().next().map(String::as_str)), (50, Some("k050")));
    assert_eq!(members.get("k099"), Some(&json!(99)));
    assert_eq!(page.next_after_key.as_deref(), Some("k099"));
}

/// A write over a mount replaces it; one inside it changes it and leaves it mounted.
pub async fn a_write_over_a_mount_replaces_it(s: &Subject<'_>) {
    let (account, owner) = (s.account().await, s.node().await);
    let table = s.table(account, None).await.id;
    let mut mounts = Vec::new();
    for key in ["a", "b", "c"] {
        let task = s.done(account, owner).await;
        mounts.push(s.mount(&intent(&task, table, "/data", key, &json!({"v": key}))).await);
    }
    let inside = write(s, account, table, "/data/a/w", json!(1)).await.expect("written");
    assert_eq!(inside, RemovedData { mounts: 0 });
    assert_eq!(s.data(account, table, "/data/a").await, Some(json!({"v": "a", "w": 1})));
    assert_eq!(s.mount_now(&mounts[0]).await.state, MountState::Mounted);
    let exact = write(s, account, table, "/data/a", json!(2)).await.expect("written");
    assert_eq!(exact, RemovedData { mounts: 1 });
    assert_eq!(s.mount_now(&mounts[0]).await.state, MountState::Replaced);
    assert_eq!(s.data(account, table, "/data").await, Some(json!({"a": 2, "b": {"v": "b"}, "c": {"v": "c"}})));
    let above = write(s, account, table, "/data", json!({"new": true})).await.expect("written");
    assert_eq!(above, RemovedData { mounts: 2 });
    for mount in &mounts {
        assert_eq!(s.mount_now(mount).await.state, MountState::Replaced);
        let before = s.mount_now(mount).await;
        let again = s.stores.mounts.unmount(account.user, mount.id, s.now()).await.expect("no-op");
        assert_eq!((again.before, again.removed), (before, false));
    }
    assert_eq!(s.data(account, table, "").await, Some(json!({"data": {"new": true}})));
}

/// A removal takes everything at and below its pointer, and says how many mounts ended with it.
pub async fn a_removal_takes_what_is_at_and_below(s: &Subject<'_>) {
    let (account, owner) = (s.account().await, s.node().await);
    let table = s.table(account, Some(json!({"data": {"x": 1, "list": [1, 2, 3]}, "keep": true}))).await.id;
    let mut mounts = Vec::new();
    for (path, key) in [("/data", "a"), ("/data/a", "deep"), ("/other", "b")] {
        let task = s.done(account, owner).await;
        mounts.push(s.mount(&intent(&task, table, path, key, &json!({"v": key}))).await);
    }
    assert_eq!(remove(s, account, table, "/data/nothing").await, None);
    assert_eq!(remove(s, account, table, "/data/list/7").await, None);
    assert_eq!(remove(s, account, table, "/data/list/1").await, Some(RemovedData { mounts: 0 }));
    assert_eq!(s.data(account, table, "/data/list").await, Some(json!([1, 3])));
    assert_eq!(remove(s, account, table, "/data/a/v").await, Some(RemovedData { mounts: 0 }), "inside a mount");
    assert_eq!(s.data(account, table, "/data/a").await, Some(json!({"deep": {"v": "deep"}})));
    assert_eq!(remove(s, account, table, "/data").await, Some(RemovedData { mounts: 2 }));
    assert_eq!(s.data(account, table, "").await, Some(json!({"keep": true, "other": {"b": {"v": "b"}}})));
    assert_eq!(s.mount_now(&mounts[0]).await.state, MountState::Unmounted);
    assert_eq!(s.mount_now(&mounts[1]).await.state, MountState::Unmounted);
    assert_eq!(s.mount_now(&mounts[2]).await.state, MountState::Mounted);
    assert_eq!(remove(s, account, table, "").await, Some(RemovedData { mounts: 1 }));
    assert_eq!(s.data(account, table, "").await, Some(json!({})));
    assert_eq!(remove(s, account, table, "").await, None);
}

/// A task whose automatic mount was removed with the data does not say that it is mounted.
pub async fn a_removal_ends_the_automatic_mount(s: &Subject<'_>) {
    let (account, owner) = (s.account().await, s.node().await);
    let task = s.task(account, owner).await;
    let done = super::attempts::applied(s.finish(&task, completed(Some(automatic(&task, "t", &json!(1))))).await);
    let mounted = done.mounted.clone().expect("mounted");
    assert_eq!(remove(s, account, mounted.table_id, "/data/k").await, Some(RemovedData { mounts: 1 }));
    assert_eq!(s.stored(&task).await.mounted, None);
}

/// Writes that run at once into one table lose nothing.
pub async fn concurrent_writes_lose_nothing(s: &Subject<'_>) {
    let account = s.account().await;
    let table = s.table(account, Some(json!({"list": []}))).await.id;
    let now = s.now();
    let pointers: Vec<_> = (0..12).map(|number| at(&format!("/data/k{number}"))).collect();
    let (end, value) = (at("/list/-"), json!(1));
    let members = pointers.iter().map(|pointer| s.stores.tables.write(account.user, table, pointer, &value, now));
    let items = (0..12).map(|_| s.stores.tables.write(account.user, table, &end, &value, now));
    let (members, items) = tokio::join!(futures::future::join_all(members), futures::future::join_all(items));
    assert!(members.iter().chain(&items).all(Result::is_ok), "{members:?} {items:?}");
    let data = s.data(account, table, "").await.expect("data");
    assert_eq!(data["data"].as_object().map(serde_json::Map::len), Some(12));
    assert_eq!(data["list"].as_array().map(Vec::len), Some(12));
}
