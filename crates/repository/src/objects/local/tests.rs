//! What only the local store promises: paths, staging, durability's order. The rest is in the contract.

use std::fs;
use std::path::Path;

use bytes::Bytes;
use futures::TryStreamExt;
use millrace_domain::ports::{ObjectError, ObjectStore as _};

use super::{LocalObjectStore, staging, writer};
use crate::objects::testing;

fn staged(root: &Path) -> usize {
    fs::read_dir(root.join(staging::FOLDER)).expect("a staging folder").count()
}

#[tokio::test(flavor = "multi_thread")]
async fn local_keeps_the_contract() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = LocalObjectStore::open(folder.path()).expect("a store");
    if let Err(error) = testing::contract(&store).await {
        panic!("{error:#}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_a_path_and_staging_ends_empty() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = LocalObjectStore::open(&folder.path().join("new/objects")).expect("a store");
    store.put("users/1/raw/2/3.txt", Bytes::from_static(b"abc")).await.expect("stored");
    let path = store.local_path("users/1/raw/2/3.txt").expect("a path");
    assert_eq!(fs::read(&path).expect("a file"), b"abc");
    assert!(path.ends_with("new/objects/users/1/raw/2/3.txt"));
    assert_eq!(store.local_path("../3.txt"), None);
    assert_eq!(staged(&folder.path().join("new/objects")), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn large_objects_wait_in_staging_and_leave_it_however_they_end() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = LocalObjectStore::open(folder.path()).expect("a store");
    let block = Bytes::from(vec![7; writer::BLOCK]);
    for ending in ["finish", "abort", "drop"] {
        let mut writer = store.writer(&format!("large/{ending}")).await.expect("a writer");
        writer.write(block.clone()).await.expect("written");
        writer.write(block.clone()).await.expect("written");
        assert_eq!(staged(folder.path()), 1, "{ending}");
        match ending {
            "finish" => drop(writer.finish().await.expect("finished")),
            "abort" => writer.abort().await,
            // Outside the runtime the file is removed by the dropping thread itself, so there is nothing to wait for.
            _ => std::thread::spawn(move || drop(writer)).join().expect("dropped"),
        }
        assert_eq!(staged(folder.path()), 0, "{ending}");
    }
    let keys: Vec<_> = store.list("").map_ok(|object| object.key).try_collect().await.expect("a list");
    assert_eq!(keys, ["large/finish"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_crash_leaves_is_invisible_and_cleared() {
    let folder = tempfile::tempdir().expect("a folder");
    assert_eq!(LocalObjectStore::clear_staging(folder.path()).expect("nothing there"), 0);
    let store = LocalObjectStore::open(folder.path()).expect("a store");
    for name in ["0123456789abcdef-0", "0123456789abcdef-1"] {
        fs::write(folder.path().join(staging::FOLDER).join(name), b"half").expect("written");
    }
    assert_eq!(store.list("").try_collect::<Vec<_>>().await.expect("a list"), []);
    assert!(matches!(store.get(".staging/0123456789abcdef-0").await, Err(ObjectError::InvalidKey(_))));
    assert_eq!(LocalObjectStore::clear_staging(folder.path()).expect("cleared"), 2);
    assert_eq!(staged(folder.path()), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn folders_removed_behind_our_back_come_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = LocalObjectStore::open(folder.path()).expect("a store");
    store.put("a/b/1", Bytes::from_static(b"1")).await.expect("stored");
    fs::remove_dir_all(folder.path().join("a")).expect("removed");
    store.put("a/b/2", Bytes::from_static(b"2")).await.expect("stored");
    assert_eq!(store.get("a/b/2").await.expect("read"), "2");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_bad_object_does_not_fail_its_batch() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = LocalObjectStore::open(folder.path()).expect("a store");
    store.put("taken", Bytes::from_static(b"x")).await.expect("stored");
    // `taken` is a file, so nothing can lie below it.
    let keys: Vec<String> =
        (0..60).map(|n| if n % 3 == 0 { format!("taken/{n}") } else { format!("ok/{n}") }).collect();
    let puts = keys.iter().map(|key| store.put(key, Bytes::from_static(b"y")));
    let results = futures::future::join_all(puts).await;
    for (key, result) in keys.iter().zip(results) {
        match key.starts_with("taken") {
            true => assert!(matches!(result, Err(ObjectError::Unavailable(_))), "{key}: {result:?}"),
            false => assert!(result.is_ok(), "{key}: {result:?}"),
        }
    }
    assert_eq!(staged(folder.path()), 0);
    assert!(matches!(store.get("ok").await, Err(ObjectError::NotFound(_))), "a folder is no object");
    assert!(matches!(store.stream("ok").await.map(|_| ()), Err(ObjectError::NotFound(_))));
    assert!(matches!(store.get("taken/0").await, Err(ObjectError::NotFound(_))));
    store.delete("ok").await.expect("nothing to delete");
    assert_eq!(store.get("ok/1").await.expect("read"), "y");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_is_gone_fails_the_check() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = LocalObjectStore::open(folder.path()).expect("a store");
    store.check().await.expect("writable");
    assert_eq!(staged(folder.path()), 0);
    fs::remove_dir_all(folder.path().join(staging::FOLDER)).expect("removed");
    assert!(matches!(store.check().await, Err(ObjectError::Unavailable(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn removals_and_writes_share_their_batches() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = LocalObjectStore::open(folder.path()).expect("a store");
    for n in 0..60 {
        store.put(&format!("old/{n}"), Bytes::from_static(b"x")).await.expect("stored");
    }
    let puts = futures::future::join_all((0..60).map(|n| {
        let store = &store;
        async move { store.put(&format!("new/{n}"), Bytes::from_static(b"y")).await }
    }));
    let deletes = futures::future::join_all((0..60).map(|n| {
        let store = &store;
        async move { store.delete(&format!("old/{n}")).await }
    }));
    let (puts, deletes) = tokio::join!(puts, deletes);
    assert!(puts.iter().all(Result::is_ok) && deletes.iter().all(Result::is_ok), "{puts:?} {deletes:?}");
    for n in 0..60 {
        assert!(matches!(store.get(&format!("old/{n}")).await, Err(ObjectError::NotFound(_))), "{n}");
        assert_eq!(store.get(&format!("new/{n}")).await.expect("read"), "y");
    }
    // Gone with its folder, never there, or a folder itself: nothing to delete.
    fs::remove_dir_all(folder.path().join("old")).expect("removed");
    for key in ["old/1", "nowhere/1", "new", "new/1/below"] {
        store.delete(key).await.expect(key);
    }
    assert_eq!(store.get("new/1").await.expect("read"), "y");
}
