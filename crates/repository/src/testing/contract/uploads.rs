//! Uploads, artifacts, and what vouches for objects.

use millrace_domain::artifact::{ArtifactKind, NewArtifact, ParseKey};
use millrace_domain::object_key::KeyOwner;
use millrace_domain::upload::Upload;
use millrace_domain::{ProjectId, UploadId};

use super::attempts::{applied, artifact, completed, failure, finish};
use super::fixture::unique;
use super::{Subject, refused};
use crate::{Clash, Finish, FinishKind, RepositoryError};

/// Uploads come back as they were stored, by id and by key.
pub async fn uploads_are_stored_as_given(s: &Subject<'_>) {
    let account = s.account().await;
    let uploads = s.new_uploads(account, 2).await;
    s.stores.uploads.create_many(&uploads, None).await.expect("stored");
    for upload in &uploads {
        assert_eq!(s.stores.uploads.get(account.user, upload.id).await.expect("read").as_ref(), Some(upload));
        let found = s.stores.uploads.find_by_key(account.user, &upload.key).await.expect("read");
        assert_eq!(found.as_ref(), Some(upload));
    }
    assert_eq!(s.stores.uploads.find_by_key(account.user, "no/such/key").await.expect("read"), None);
}

/// One upload that cannot be stored keeps out all of its request.
pub async fn uploads_are_stored_all_or_none(s: &Subject<'_>) {
    let account = s.account().await;
    let mut uploads = s.new_uploads(account, 3).await;
    uploads[2].project_id = ProjectId::new(millrace_domain::MAX_ID).expect("an id");
    let stored = s.stores.uploads.create_many(&uploads, None).await;
    refused!(stored, RepositoryError::Conflict(Clash::Reference));
    for upload in &uploads {
        assert_eq!(s.stores.uploads.get(account.user, upload.id).await.expect("read"), None);
    }
}

/// Somebody else's upload is as if it were not there.
pub async fn strangers_see_no_upload(s: &Subject<'_>) {
    let (account, stranger) = (s.account().await, s.account().await);
    let uploads = s.new_uploads(account, 1).await;
    s.stores.uploads.create_many(&uploads, None).await.expect("stored");
    let Upload { id, key, project_id, filename, .. } = &uploads[0];
    assert_eq!(s.stores.uploads.get(stranger.user, *id).await.expect("read"), None);
    assert_eq!(s.stores.uploads.find_by_key(stranger.user, key).await.expect("read"), None);
    let newest = s.stores.uploads.find_newest(stranger.user, *project_id, filename).await.expect("read");
    assert_eq!(newest, None);
}

/// The newest of several uploads with one name is found, within its project.
pub async fn the_newest_upload_of_a_name_is_found(s: &Subject<'_>) {
    let account = s.account().await;
    let mut uploads = s.new_uploads(account, 3).await;
    uploads[2].filename = "b.txt".into();
    for upload in &uploads {
        s.stores.uploads.create_many(std::slice::from_ref(upload), None).await.expect("stored");
    }
    let find = |project, name| s.stores.uploads.find_newest(account.user, project, name);
    assert_eq!(find(account.project, "a.txt").await.expect("read").as_ref(), Some(&uploads[1]));
    assert_eq!(find(account.project, "b.txt").await.expect("read").as_ref(), Some(&uploads[2]));
    assert_eq!(find(account.project, "c.txt").await.expect("read"), None);
    let elsewhere = s.project(account.user).await;
    assert_eq!(find(elsewhere, "a.txt").await.expect("read"), None);
}

/// Ids are taken once, also by callers at the same time.
pub async fn upload_ids_are_taken_once(s: &Subject<'_>) {
    let takes = futures::future::join_all((0..8).map(|_| s.stores.uploads.next_ids(25))).await;
    let mut ids: Vec<UploadId> = takes.into_iter().flat_map(|ids| ids.expect("ids")).collect();
    assert_eq!(ids.len(), 200);
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 200);
}

/// A repeated request stores no uploads.
pub async fn a_repeated_upload_request_stores_nothing(s: &Subject<'_>) {
    let account = s.account().await;
    let receipt = s.receipt(account);
    let (first, second) = (s.new_uploads(account, 1).await, s.new_uploads(account, 1).await);
    s.stores.uploads.create_many(&first, Some(&receipt)).await.expect("stored");
    assert!(s.receipt_body(&receipt.key).await.is_some());
    let again = s.stores.uploads.create_many(&second, Some(&receipt)).await;
    refused!(again, RepositoryError::Conflict(Clash::IdempotencyKey));
    assert_eq!(s.stores.uploads.get(account.user, second[0].id).await.expect("read"), None);
}

/// A later attempt's artifact replaces that of its kind and leaves the other kind.
pub async fn a_later_artifact_replaces_that_of_its_kind(s: &Subject<'_>) {
    let (account, owner) = (s.account().await, s.node().await);
    let task = s.task(account, owner).await;
    let both = vec![artifact(&task, ArtifactKind::Parsed, 1), artifact(&task, ArtifactKind::Result, 1)];
    let retry = FinishKind::Retry {
        failure: failure("later"),
        run_at: s.now(),
        start_stage: millrace_domain::Stage::Transform,
    };
    let ended = s.finish_all(vec![Finish { artifacts: both.clone(), ..finish(&task, retry) }]).await.remove(0);
    let task = applied(ended);
    let newer = artifact(&task, ArtifactKind::Result, 2);
    s.finish_all(vec![Finish { artifacts: vec![newer.clone()], ..finish(&task, completed(None)) }]).await;
    let mut artifacts = s.stores.artifacts.list(task.id).await.expect("read");
    artifacts.sort_by_key(|artifact| artifact.content.kind.as_str());
    assert!(artifacts.iter().all(|artifact| artifact.task_id == task.id));
    let contents: Vec<_> = artifacts.into_iter().map(|artifact| artifact.content).collect();
    assert_eq!(contents, [both[0].clone(), newer]);
}

/// A key that no other behaviour uses.
fn parse_key(fingerprint: &str) -> ParseKey {
    ParseKey { source_sha256: unique("sha"), fingerprint: fingerprint.to_owned() }
}

/// A parsed document is found by source and fingerprint together, by its owner alone, and comes back with its key.
pub async fn a_parse_is_found_by_its_key(s: &Subject<'_>) {
    let (account, stranger, owner) = (s.account().await, s.account().await, s.node().await);
    let task = s.task(account, owner).await;
    // Longer than an entry of an index may be.
    let key = parse_key(&"local=1;".repeat(2000));
    let parsed = NewArtifact { parse_key: Some(key.clone()), ..artifact(&task, ArtifactKind::Parsed, 1) };
    let without = artifact(&task, ArtifactKind::Result, 1);
    let find = |user, key: ParseKey| async move { s.stores.artifacts.find_parse(user, &key).await.expect("read") };
    assert_eq!(find(account.user, key.clone()).await, None);
    let artifacts = vec![parsed.clone(), without.clone()];
    s.finish_all(vec![Finish { artifacts, ..finish(&task, completed(None)) }]).await;
    assert_eq!(find(account.user, key.clone()).await, Some(parsed.clone()));
    assert_eq!(find(stranger.user, key.clone()).await, None);
    let other_file = ParseKey { source_sha256: unique("sha"), ..key.clone() };
    assert_eq!(find(account.user, other_file).await, None);
    let other_version = ParseKey { fingerprint: "local=2;".repeat(2000), ..key };
    assert_eq!(find(account.user, other_version).await, None);
    let mut listed = s.stores.artifacts.list(task.id).await.expect("read");
    listed.sort_by_key(|artifact| artifact.content.kind.as_str());
    assert_eq!(listed.into_iter().map(|artifact| artifact.content).collect::<Vec<_>>(), [parsed, without]);
}

/// When a task is parsed anew, its earlier parse is not found any more; that of another task is.
pub async fn a_later_parse_replaces_the_key(s: &Subject<'_>) {
    let (account, owner) = (s.account().await, s.node().await);
    let (first, second) = (s.task(account, owner).await, s.task(account, owner).await);
    let key = parse_key("local=1");
    let parsed =
        |task, epoch| NewArtifact { parse_key: Some(key.clone()), ..artifact(task, ArtifactKind::Parsed, epoch) };
    let retry = FinishKind::Retry {
        failure: failure("later"),
        run_at: s.now(),
        start_stage: millrace_domain::Stage::Transform,
    };
    let ending = Finish { artifacts: vec![parsed(&first, 1)], ..finish(&first, retry) };
    let first = applied(s.finish_all(vec![ending]).await.remove(0));
    let kept = parsed(&second, 1);
    let ending = Finish { artifacts: vec![kept.clone()], ..finish(&second, completed(None)) };
    s.finish_all(vec![ending]).await;
    let find = || async { s.stores.artifacts.find_parse(account.user, &key).await.expect("read") };
    assert!([parsed(&first, 1), kept.clone()].map(Some).contains(&find().await));
    let keyless = artifact(&first, ArtifactKind::Parsed, 2);
    s.finish_all(vec![Finish { artifacts: vec![keyless], ..finish(&first, completed(None)) }]).await;
    assert_eq!(find().await, Some(kept));
}

/// Objects are vouched for by uploads, by recorded artifacts, and by tasks that still run; nothing else.
pub async fn unknown_objects_are_told_apart(s: &Subject<'_>) {
    let (account, owner) = (s.account().await, s.node().await);
    let uploads = s.new_uploads(account, 2).await;
    s.stores.uploads.create_many(&uploads[..1], None).await.expect("stored");
    let (running, ended) = (s.task(account, owner).await, s.task(account, owner).await);
    let recorded = artifact(&ended, ArtifactKind::Result, ended.attempt_epoch);
    s.finish_all(vec![Finish { artifacts: vec![recorded], ..finish(&ended, completed(None)) }]).await;
    let missing = s.stores.tasks.next_ids(1).await.expect("ids")[0];
    let known = [
        KeyOwner::Upload(uploads[0].id),
        KeyOwner::Artifact(running.id, ArtifactKind::Parsed, 9),
        KeyOwner::Artifact(ended.id, ArtifactKind::Result, ended.attempt_epoch),
    ];
    let unknown = [
        KeyOwner::Upload(uploads[1].id),
        KeyOwner::Artifact(ended.id, ArtifactKind::Result, ended.attempt_epoch + 1),
        KeyOwner::Artifact(ended.id, ArtifactKind::Parsed, ended.attempt_epoch),
        KeyOwner::Artifact(missing, ArtifactKind::Result, 1),
    ];
    let asked: Vec<KeyOwner> = known.into_iter().chain(unknown).collect();
    let answer = s.stores.artifacts.unknown(&asked, s.now()).await.expect("read");
    assert_eq!(answer.len(), unknown.len(), "{answer:?}");
    assert!(unknown.iter().all(|owner| answer.contains(owner)), "{answer:?}");
    assert_eq!(s.stores.artifacts.unknown(&[], s.now()).await.expect("read"), []);
}
