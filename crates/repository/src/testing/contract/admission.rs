//! Admission: what is acknowledged is stored, whole or not at all.

use std::sync::Arc;

use chrono::TimeDelta;
use futures::future::join_all;
use millrace_domain::rule::BUILTIN_RULE_ID;
use millrace_domain::submission::{NewTask, Submission};
use millrace_domain::{ErrorStage, ProjectId, RuleId, Task, TaskFailure, TaskId, TaskKind, TaskState, UploadId};

use super::fixture::{admission, full_spec};
use super::{Account, Subject, refused};
use crate::{Admission, AdmissionOutcome, Clash, Receipt, RepositoryError, StoredResponse};

async fn is_absent(s: &Subject<'_>, account: Account, id: TaskId) -> bool {
    s.stores.tasks.get(account.user, id).await.expect("read").is_none()
}

fn stored(outcome: &AdmissionOutcome) -> &[Arc<Task>] {
    match outcome {
        AdmissionOutcome::Stored(tasks) => tasks,
        AdmissionOutcome::DuplicateKey => panic!("a duplicate"),
    }
}

/// Ids are taken once, rising, also by callers at the same time.
pub async fn task_ids_are_taken_once(s: &Subject<'_>) {
    let takes = join_all((0..8).map(|_| s.stores.tasks.next_ids(100))).await;
    let mut all: Vec<TaskId> = Vec::new();
    for ids in takes {
        let ids = ids.expect("ids");
        assert_eq!(ids.len(), 100);
        assert!(ids.is_sorted());
        all.extend(ids);
    }
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), 800);
    assert_eq!(s.stores.tasks.next_ids(0).await.expect("none"), []);
}

/// Everything given comes back, and the task is pending and owned.
pub async fn a_task_is_stored_as_given(s: &Subject<'_>) {
    let (account, owner) = (s.account().await, s.node().await);
    let uploads = s.new_uploads(account, 1).await;
    let run_at = Some(s.now() + TimeDelta::hours(1));
    let builtin = RuleId::new(BUILTIN_RULE_ID).expect("an id");
    let new = NewTask {
        priority: -7,
        filename: "报告 é.pdf".into(),
        rule: Some((builtin, 1)),
        upload_id: Some(uploads[0].id),
        spec: Arc::new(full_spec()),
        run_at,
        ..s.new_tasks(account, 1).await.remove(0)
    };
    let now = s.now();
    let batch =
        [Admission { submission: Submission { uploads: uploads.clone(), tasks: vec![new.clone()] }, receipt: None }];
    let outcomes = s.stores.tasks.insert_many(Some(owner), &batch, now).await.expect("stored");
    let task = stored(&outcomes[0])[0].clone();
    assert_eq!((task.id, task.user_id, task.project_id), (new.id, account.user, account.project));
    assert_eq!((task.kind, task.state, task.priority), (TaskKind::Document, TaskState::Pending, -7));
    assert_eq!((&task.filename, task.rule, task.upload_id), (&new.filename, new.rule, new.upload_id));
    assert_eq!((&task.spec, task.run_at, task.owner), (&new.spec, run_at, Some(owner)));
    assert_eq!((task.progress, task.attempt, task.recoveries, task.recovered), (0, 0, 0, false));
    assert_eq!((task.created_at, task.updated_at), (now, now));
    assert_eq!((task.started_at, task.transforming_at), (None, None));
    assert_eq!((task.finished_at, task.cancel_requested_at), (None, None));
    assert!(task.result.is_none() && task.mounted.is_none() && task.error.is_none());
    assert_eq!(s.stored(&task).await, task);
    assert_eq!(s.stores.uploads.get(account.user, uploads[0].id).await.expect("read").as_ref(), Some(&uploads[0]));
}

/// A task whose bytes could not be stored is a failed task, so that the client polls one thing.
pub async fn a_born_failed_task_is_terminal_and_unowned(s: &Subject<'_>) {
    let (account, owner) = (s.account().await, s.node().await);
    let error = Arc::new(TaskFailure::permanent(ErrorStage::Upload, "storage_failed", "no room"));
    let mut tasks = s.new_tasks(account, 2).await;
    tasks[1].born_failed = Some(error.clone());
    let tasks = s.insert(Some(owner), tasks).await;
    assert_eq!((tasks[0].state, tasks[0].owner), (TaskState::Pending, Some(owner)));
    assert_eq!((tasks[1].state, tasks[1].owner), (TaskState::Failed, None));
    assert_eq!(tasks[1].error, Some(error));
    assert!(tasks[1].finished_at.is_some());
    assert_eq!(s.stored(&tasks[1]).await, tasks[1]);
}

/// Outcomes are in the order of the batch, tasks in the order of their submission.
pub async fn outcomes_are_in_order(s: &Subject<'_>) {
    let (account, owner) = (s.account().await, s.node().await);
    let mut batch = Vec::new();
    let mut ids = Vec::new();
    for _ in 0..4 {
        let mut tasks = s.new_tasks(account, 3).await;
        tasks.reverse();
        ids.push(tasks.iter().map(|task| task.id).collect::<Vec<_>>());
        batch.push(admission(tasks));
    }
    let outcomes = s.stores.tasks.insert_many(Some(owner), &batch, s.now()).await.expect("stored");
    let got: Vec<Vec<TaskId>> =
        outcomes.iter().map(|outcome| stored(outcome).iter().map(|task| task.id).collect()).collect();
    assert_eq!(got, ids);
    assert!(s.stores.tasks.insert_many(Some(owner), &[], s.now()).await.expect("nothing to do").is_empty());
}

/// A receipt is rendered from the stored tasks, in order, and committed with them.
pub async fn a_receipt_is_rendered_from_the_stored_tasks(s: &Subject<'_>) {
    let (account, owner) = (s.account().await, s.node().await);
    let tasks = s.new_tasks(account, 2).await;
    let expected = format!("{} {}", tasks[0].id, tasks[1].id);
    let receipt = Receipt::<[Arc<Task>]> {
        render: Box::new(|tasks| {
            let ids: Vec<String> = tasks.iter().map(|task| task.id.to_string()).collect();
            StoredResponse { status: 202, body: ids.join(" "), location: None }
        }),
        ..s.receipt(account)
    };
    let key = receipt.key.clone();
    let batch = [Admission { receipt: Some(receipt), ..admission(tasks) }];
    s.stores.tasks.insert_many(Some(owner), &batch, s.now()).await.expect("stored");
    assert_eq!(s.receipt_body(&key).await, Some(expected));
}

/// A repeated request among new ones stores nothing, and the new ones are stored.
pub async fn a_repeated_admission_stores_nothing(s: &Subject<'_>) {
    let (account, owner) = (s.account().await, s.node().await);
    let receipt = s.receipt::<[Arc<Task>]>(account);
    let key = receipt.key.clone();
    let again = || Receipt { key: key.clone(), ..s.receipt(account) };
    let first = [Admission { receipt: Some(receipt), ..admission(s.new_tasks(account, 1).await) }];
    s.stores.tasks.insert_many(Some(owner), &first, s.now()).await.expect("stored");
    let body = s.receipt_body(&key).await;
    let (repeated, fresh) = (s.new_tasks(account, 2).await, s.new_tasks(account, 1).await);
    let uploads = s.new_uploads(account, 1).await;
    let (repeated_id, fresh_id, upload_id) = (repeated[0].id, fresh[0].id, uploads[0].id);
    let submission = Submission { uploads, tasks: repeated };
    let batch = [Admission { submission, receipt: Some(again()) }, admission(fresh)];
    let outcomes = s.stores.tasks.insert_many(Some(owner), &batch, s.now()).await.expect("stored");
    assert!(matches!(outcomes[0], AdmissionOutcome::DuplicateKey));
    assert_eq!(stored(&outcomes[1])[0].id, fresh_id);
    assert!(is_absent(s, account, repeated_id).await);
    assert!(!is_absent(s, account, fresh_id).await);
    assert_eq!(s.stores.uploads.get(account.user, upload_id).await.expect("read"), None);
    assert_eq!(s.receipt_body(&key).await, body, "the first answer stands");
}

/// Two requests with one key in one batch: the first is stored.
pub async fn a_key_twice_in_one_batch_is_stored_once(s: &Subject<'_>) {
    let (account, owner) = (s.account().await, s.node().await);
    let receipt = s.receipt::<[Arc<Task>]>(account);
    let again = Receipt { key: receipt.key.clone(), ..s.receipt(account) };
    let (first, second) = (s.new_tasks(account, 1).await, s.new_tasks(account, 1).await);
    let (first_id, second_id) = (first[0].id, second[0].id);
    let batch = [
        Admission { receipt: Some(receipt), ..admission(first) },
        Admission { receipt: Some(again), ..admission(second) },
    ];
    let outcomes = s.stores.tasks.insert_many(Some(owner), &batch, s.now()).await.expect("stored");
    assert!(matches!(outcomes[0], AdmissionOutcome::Stored(_)), "{outcomes:?}");
    assert!(matches!(outcomes[1], AdmissionOutcome::DuplicateKey), "{outcomes:?}");
    assert!(!is_absent(s, account, first_id).await && is_absent(s, account, second_id).await);
}

/// Of many admissions with one key that run at once, one is stored.
pub async fn concurrent_admissions_with_one_key_store_once(s: &Subject<'_>) {
    let (account, owner) = (s.account().await, s.node().await);
    let key = s.receipt::<[Arc<Task>]>(account).key;
    let mut batches = Vec::new();
    for _ in 0..10 {
        let receipt = Receipt { key: key.clone(), ..s.receipt(account) };
        batches.push([Admission { receipt: Some(receipt), ..admission(s.new_tasks(account, 1).await) }]);
    }
    let now = s.now();
    let inserts = batches.iter().map(|batch| s.stores.tasks.insert_many(Some(owner), batch, now));
    let outcomes = join_all(inserts).await.into_iter().map(|outcome| outcome.expect("no error").remove(0));
    let stored = outcomes.filter(|outcome| matches!(outcome, AdmissionOutcome::Stored(_))).count();
    assert_eq!(stored, 1);
    assert_eq!(s.stores.tasks.count(account.user, &crate::TaskFilter::default()).await.expect("counted"), 1);
}

/// A reference to something that is gone keeps out the whole batch: project, rule, upload, somebody else's project.
pub async fn a_broken_reference_stores_nothing(s: &Subject<'_>) {
    let (account, stranger, owner) = (s.account().await, s.account().await, s.node().await);
    let breaks: [fn(&mut NewTask, Account); 4] = [
        |task, _| task.project_id = ProjectId::new(millrace_domain::MAX_ID).expect("an id"),
        |task, _| task.rule = Some((RuleId::new(BUILTIN_RULE_ID).expect("an id"), 99)),
        |task, _| task.upload_id = Some(UploadId::new(millrace_domain::MAX_ID).expect("an id")),
        |task, stranger| task.project_id = stranger.project,
    ];
    for (number, break_it) in breaks.into_iter().enumerate() {
        let (good, mut bad) = (s.new_tasks(account, 1).await, s.new_tasks(account, 1).await);
        break_it(&mut bad[0], stranger);
        let ids = [good[0].id, bad[0].id];
        let receipt = s.receipt(account);
        let key = receipt.key.clone();
        let batch = [Admission { receipt: Some(receipt), ..admission(good) }, admission(bad)];
        let outcome = s.stores.tasks.insert_many(Some(owner), &batch, s.now()).await;
        match outcome {
            Err(RepositoryError::Conflict(Clash::Reference)) => {}
            other => panic!("case {number}: {other:?}"),
        }
        for id in ids {
            assert!(is_absent(s, account, id).await, "case {number}");
        }
        assert_eq!(s.receipt_body(&key).await, None, "case {number}");
    }
    let mut uploads = s.new_uploads(account, 1).await;
    uploads[0].project_id = ProjectId::new(millrace_domain::MAX_ID).expect("an id");
    let tasks = s.new_tasks(account, 1).await;
    let id = tasks[0].id;
    let batch = [Admission { submission: Submission { uploads, tasks }, receipt: None }];
    let outcome = s.stores.tasks.insert_many(Some(owner), &batch, s.now()).await;
    refused!(outcome, RepositoryError::Conflict(Clash::Reference));
    assert!(is_absent(s, account, id).await);
}

/// Somebody else's task is as if it were not there; `get_many` gives those that are one's own.
pub async fn strangers_see_no_task(s: &Subject<'_>) {
    let (account, stranger, owner) = (s.account().await, s.account().await, s.node().await);
    let mine = s.task(account, owner).await;
    let theirs = s.task(stranger, owner).await;
    assert!(is_absent(s, account, theirs.id).await);
    let missing = s.stores.tasks.next_ids(1).await.expect("ids")[0];
    let found = s.stores.tasks.get_many(account.user, &[theirs.id, mine.id, missing, mine.id]).await.expect("read");
    assert_eq!(found, [mine]);
    assert!(s.stores.tasks.get_many(account.user, &[]).await.expect("read").is_empty());
}
