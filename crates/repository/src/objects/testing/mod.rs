//! The contract that every object store keeps: one function per behaviour.
//!
//! A store's own tests call [`contract`]; each behaviour works under a folder of its own, so that one store serves all.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _};
use millrace_domain::ports::{ObjectError, ObjectStore};

use super::digest::Digest;

/// Runs every behaviour against an empty store.
///
/// # Errors
/// Names the first behaviour that the store does not show.
pub async fn contract(store: &dyn ObjectStore) -> Result<()> {
    store.check().await.context("check")?;
    reads_back_what_was_put(store).await.context("reads back what was put")?;
    overwrites(store).await.context("overwrites")?;
    says_what_is_missing(store).await.context("says what is missing")?;
    deletes(store).await.context("deletes")?;
    lists_by_folder(store).await.context("lists by folder")?;
    refuses_hostile_keys(store).await.context("refuses hostile keys")?;
    writes_piece_by_piece(store).await.context("writes piece by piece")?;
    streams_large_objects(store).await.context("streams large objects")?;
    aborted_leaves_nothing(store).await.context("aborted leaves nothing")?;
    dropped_leaves_nothing(store).await.context("dropped leaves nothing")?;
    takes_many_at_once(store).await.context("takes many at once")
}

/// What a folder of the store lists, sorted.
async fn keys(store: &dyn ObjectStore, prefix: &str) -> Result<Vec<String>> {
    let mut keys: Vec<String> = store.list(prefix).map_ok(|object| object.key).try_collect().await?;
    keys.sort();
    Ok(keys)
}

async fn collect(store: &dyn ObjectStore, key: &str) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut chunks = store.stream(key).await?;
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk?;
        ensure!(chunk.len() <= 8 * 1024 * 1024, "a chunk of {} bytes is not bounded", chunk.len());
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// Bytes that do not repeat with any block size, so that a lost or doubled block changes the digest.
fn pattern(length: usize) -> Bytes {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let next = move |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state.to_be_bytes()[0]
    };
    (0..length).map(next).collect()
}

async fn reads_back_what_was_put(store: &dyn ObjectStore) -> Result<()> {
    let abc = store.put("put/abc", Bytes::from_static(b"abc")).await?;
    ensure!(abc.size == 3);
    ensure!(abc.sha256 == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    for (name, length) in
        [("empty", 0), ("one", 1), ("kilobyte", 1024), ("block", 256 * 1024), ("part", 9 * 1024 * 1024)]
    {
        let (key, bytes) = (format!("put/{name}"), pattern(length));
        ensure!(store.put(&key, bytes.clone()).await? == Digest::of(&bytes), "{name}");
        ensure!(store.get(&key).await? == bytes, "{name}: get");
        ensure!(collect(store, &key).await? == bytes, "{name}: stream");
        if let Some(path) = store.local_path(&key) {
            ensure!(std::fs::read(path)? == bytes, "{name}: file");
        }
    }
    Ok(())
}

async fn overwrites(store: &dyn ObjectStore) -> Result<()> {
    store.put("overwrite/x", pattern(5000)).await?;
    store.put("overwrite/x", Bytes::from_static(b"short")).await?;
    ensure!(store.get("overwrite/x").await? == "short");
    let mut writer = store.writer("overwrite/x").await?;
    writer.write(Bytes::from_static(b"written")).await?;
    ensure!(store.get("overwrite/x").await? == "short", "visible before it is finished");
    writer.finish().await?;
    ensure!(store.get("overwrite/x").await? == "written");
    ensure!(keys(store, "overwrite").await? == ["overwrite/x"]);
    Ok(())
}

async fn says_what_is_missing(store: &dyn ObjectStore) -> Result<()> {
    store.put("missing/folder/x", Bytes::new()).await?;
    for key in ["missing/x", "missing/folder", "missing/folder/y"] {
        let got = store.get(key).await;
        ensure!(matches!(&got, Err(ObjectError::NotFound(named)) if named == key), "get {key}: {got:?}");
        let streamed = store.stream(key).await.map(|_| "a stream");
        ensure!(matches!(&streamed, Err(ObjectError::NotFound(named)) if named == key), "stream {key}: {streamed:?}");
    }
    ensure!(keys(store, "missing/nowhere").await?.is_empty());
    Ok(())
}

async fn deletes(store: &dyn ObjectStore) -> Result<()> {
    store.put("delete/x", Bytes::from_static(b"x")).await?;
    store.put("delete/y", Bytes::from_static(b"y")).await?;
    store.delete("delete/x").await?;
    store.delete("delete/x").await.context("a second time")?;
    store.delete("delete/never").await.context("what never was")?;
    ensure!(matches!(store.get("delete/x").await, Err(ObjectError::NotFound(_))));
    ensure!(keys(store, "delete").await? == ["delete/y"]);
    store.put("delete/x", Bytes::from_static(b"again")).await?;
    ensure!(store.get("delete/x").await? == "again");
    Ok(())
}

async fn lists_by_folder(store: &dyn ObjectStore) -> Result<()> {
    for (key, size) in [("list/1/a", 1), ("list/1/b/c", 20), ("list/10/d", 300)] {
        store.put(key, pattern(size)).await?;
    }
    ensure!(keys(store, "list/1").await? == ["list/1/a", "list/1/b/c"], "a folder is not a prefix of its name");
    ensure!(keys(store, "list/1/").await? == ["list/1/a", "list/1/b/c"]);
    ensure!(keys(store, "list").await?.len() == 3);
    let everything: BTreeSet<String> = keys(store, "").await?.into_iter().collect();
    ensure!(everything.contains("list/10/d") && everything.contains("put/abc"));
    ensure!(everything.iter().all(|key| !key.starts_with('.') && !key.contains("probe")), "{everything:?}");
    let listed: Vec<_> = store.list("list/10").try_collect().await?;
    ensure!(listed.len() == 1 && listed[0].size == 300);
    store.put("list/later", Bytes::new()).await?;
    let later: Vec<_> =
        store.list("list").try_filter(|o| std::future::ready(o.key == "list/later")).try_collect().await?;
    // Stores may date to the second.
    ensure!((later[0].modified_at - listed[0].modified_at).num_seconds() >= 0, "time runs backwards");
    ensure!(store.list("../").try_collect::<Vec<_>>().await.is_err(), "a hostile prefix");
    Ok(())
}

async fn refuses_hostile_keys(store: &dyn ObjectStore) -> Result<()> {
    for key in ["", "/etc/passwd", "../x", "a/../../x", "a//b", "a/", ".staging/x", "a\0b", "a\\b", "a b"] {
        let refused =
            |error: Option<ObjectError>| matches!(error, Some(ObjectError::InvalidKey(named)) if named == key);
        ensure!(refused(store.put(key, Bytes::new()).await.err()), "put {key:?}");
        ensure!(refused(store.writer(key).await.err()), "writer {key:?}");
        ensure!(refused(store.get(key).await.err()), "get {key:?}");
        ensure!(refused(store.stream(key).await.err()), "stream {key:?}");
        ensure!(refused(store.delete(key).await.err()), "delete {key:?}");
        ensure!(store.local_path(key).is_none(), "local_path {key:?}");
    }
    Ok(())
}

async fn writes_piece_by_piece(store: &dyn ObjectStore) -> Result<()> {
    let empty = store.writer("pieces/empty").await?.finish().await?;
    ensure!(empty == Digest::of(b""));
    ensure!(store.get("pieces/empty").await?.is_empty());
    // Around the sizes at which stores change their ways.
    for length in [3_000, 256 * 1024 - 1, 256 * 1024, 8 * 1024 * 1024, 8 * 1024 * 1024 + 1] {
        let (key, bytes) = (format!("pieces/{length}"), pattern(length));
        let mut writer = store.writer(&key).await?;
        for piece in bytes.chunks(65_521) {
            writer.write(Bytes::copy_from_slice(piece)).await?;
        }
        ensure!(matches!(store.get(&key).await, Err(ObjectError::NotFound(_))), "{length}: visible too early");
        ensure!(writer.finish().await? == Digest::of(&bytes), "{length}: digest");
        ensure!(store.get(&key).await? == bytes, "{length}: content");
    }
    Ok(())
}

async fn streams_large_objects(store: &dyn ObjectStore) -> Result<()> {
    let bytes = pattern(20 * 1024 * 1024 + 17);
    let mut writer = store.writer("large/object").await?;
    // One piece larger than anything a store buffers, then small ones.
    writer.write(bytes.slice(..10 * 1024 * 1024)).await?;
    for piece in bytes[10 * 1024 * 1024..].chunks(100_003) {
        writer.write(Bytes::copy_from_slice(piece)).await?;
    }
    let stored = writer.finish().await?;
    ensure!(stored == Digest::of(&bytes));
    ensure!(Digest::of(&collect(store, "large/object").await?) == stored);
    let listed: Vec<_> = store.list("large").try_collect().await?;
    ensure!(listed.len() == 1 && listed[0].size == stored.size);
    Ok(())
}

async fn aborted_leaves_nothing(store: &dyn ObjectStore) -> Result<()> {
    for length in [0, 100, 1024 * 1024, 17 * 1024 * 1024] {
        let mut writer = store.writer(&format!("aborted/{length}")).await?;
        writer.write(pattern(length)).await?;
        writer.abort().await;
    }
    ensure!(keys(store, "aborted").await?.is_empty());
    Ok(())
}

async fn dropped_leaves_nothing(store: &dyn ObjectStore) -> Result<()> {
    for length in [0, 100, 1024 * 1024, 17 * 1024 * 1024] {
        let mut writer = store.writer(&format!("dropped/{length}")).await?;
        writer.write(pattern(length)).await?;
        drop(writer);
        ensure!(matches!(store.get(&format!("dropped/{length}")).await, Err(ObjectError::NotFound(_))));
    }
    ensure!(keys(store, "dropped").await?.is_empty());
    Ok(())
}

async fn takes_many_at_once(store: &dyn ObjectStore) -> Result<()> {
    const OBJECTS: usize = 400;
    let puts = futures::stream::iter(0..OBJECTS).map(|n| async move {
        let bytes = pattern(n);
        let (key, expected) = (format!("many/{}/{n}", n % 7), Digest::of(&bytes));
        let stored = if n % 2 == 0 {
            store.put(&key, bytes).await?
        } else {
            let mut writer = store.writer(&key).await?;
            writer.write(bytes).await?;
            writer.finish().await?
        };
        ensure!(stored == expected, "{key}");
        ensure!(Digest::of(&store.get(&key).await?) == expected, "{key}: read after the acknowledgement");
        Ok(())
    });
    puts.buffer_unordered(64).try_collect::<()>().await?;
    ensure!(keys(store, "many").await?.len() == OBJECTS);
    Ok(())
}
