//! Progress, cancelling and reopening.

use millrace_domain::{Stage, Task, TaskState};

use super::attempts::{applied, completed, failure, progress};
use super::{Account, Subject, refused};
use crate::{Clash, FinishKind, FinishOutcome, RepositoryError, Result};

async fn cancel(s: &Subject<'_>, task: &Task) -> Result<std::sync::Arc<Task>> {
    s.stores.tasks.request_cancel(task.user_id, task.id, None, s.now(), None).await
}

async fn running(s: &Subject<'_>, account: Account) -> std::sync::Arc<Task> {
    let owner = s.node().await;
    let task = s.task(account, owner).await;
    let update = progress(&task, Stage::Parse, 10, s.now());
    assert!(s.stores.tasks.record_progress(&update, s.now()).await.expect("recorded"));
    task
}

async fn event_names(s: &Subject<'_>, task: &Task) -> Vec<String> {
    let filter = crate::EventFilter { project: None, task: Some(task.id) };
    let events = s.stores.events.list(task.user_id, filter, None, 100).await.expect("read");
    events.into_iter().map(|event| event.content.name).collect()
}

/// Progress is seen by `get`, `get_many`, `list` and `count`.
pub async fn progress_is_seen(s: &Subject<'_>) {
    let account = s.account().await;
    let owner = s.node().await;
    let task = s.task(account, owner).await;
    let started_at = s.now();
    for (stage, percent) in [(Stage::Parse, 20), (Stage::Transform, 60)] {
        let transforming_at = (stage == Stage::Transform).then(|| s.now());
        let update = crate::ProgressUpdate { transforming_at, ..progress(&task, stage, percent, started_at) };
        assert!(s.stores.tasks.record_progress(&update, s.now()).await.expect("recorded"));
        let stored = s.stored(&task).await;
        assert_eq!((stored.state.as_str(), stored.progress), (TaskState::Active(stage).as_str(), percent));
        assert_eq!((stored.started_at, stored.transforming_at), (Some(started_at), transforming_at));
        assert_eq!((stored.attempt, stored.attempt_epoch), (1, task.attempt_epoch));
        let many = s.stores.tasks.get_many(account.user, &[task.id]).await.expect("read");
        assert_eq!(many, std::slice::from_ref(&stored));
        let filter = crate::TaskFilter { statuses: vec![stored.state.as_str()], ..Default::default() };
        let page = crate::TaskPage::Keyset { before: None, limit: 10 };
        assert_eq!(s.stores.tasks.list(account.user, &filter, page).await.expect("read"), [stored]);
        assert_eq!(s.stores.tasks.count(account.user, &filter).await.expect("counted"), 1);
    }
}

/// Progress of another attempt, of an ended task and of a missing one says stop and changes nothing.
pub async fn stale_progress_says_stop(s: &Subject<'_>) {
    let account = s.account().await;
    let task = running(s, account).await;
    let before = s.stored(&task).await;
    let stale = crate::ProgressUpdate {
        attempt_epoch: task.attempt_epoch + 1,
        ..progress(&task, Stage::Transform, 50, s.now())
    };
    assert!(!s.stores.tasks.record_progress(&stale, s.now()).await.expect("asked"));
    assert_eq!(s.stored(&task).await, before);
    let ended = applied(s.finish(&task, completed(None)).await);
    let late = progress(&task, Stage::Transform, 50, s.now());
    assert!(!s.stores.tasks.record_progress(&late, s.now()).await.expect("asked"));
    assert_eq!(s.stored(&task).await, ended);
    let missing = crate::ProgressUpdate { id: s.stores.tasks.next_ids(1).await.expect("ids")[0], ..late };
    assert!(!s.stores.tasks.record_progress(&missing, s.now()).await.expect("asked"));
}

/// A pending task is cancelled at once.
pub async fn a_pending_task_is_cancelled_at_once(s: &Subject<'_>) {
    let (account, owner) = (s.account().await, s.node().await);
    let task = s.task(account, owner).await;
    let cancelled = cancel(s, &task).await.expect("cancelled");
    assert_eq!((cancelled.state, cancelled.owner), (TaskState::Cancelled, None));
    assert!(cancelled.finished_at.is_some() && cancelled.cancel_requested_at.is_some());
    assert_eq!(s.stored(&task).await, cancelled);
    assert!(matches!(s.finish(&task, completed(None)).await, FinishOutcome::Stale), "its worker comes too late");
    assert_eq!(event_names(s, &task).await, ["task.cancelled"]);
}

/// A running task is marked; its worker is told to stop, and confirms.
pub async fn a_running_task_is_asked_to_stop(s: &Subject<'_>) {
    let account = s.account().await;
    let task = running(s, account).await;
    let asked = cancel(s, &task).await.expect("asked");
    assert_eq!(asked.state, TaskState::Cancelling);
    assert!(asked.cancel_requested_at.is_some() && asked.finished_at.is_none());
    assert_eq!(s.stored(&task).await.state, TaskState::Cancelling);
    let update = progress(&task, Stage::Transform, 50, s.now());
    assert!(!s.stores.tasks.record_progress(&update, s.now()).await.expect("asked"));
    assert_eq!(s.stored(&task).await.state, TaskState::Cancelling);
    let again = cancel(s, &task).await.expect("asked again");
    assert_eq!((again.state, again.cancel_requested_at), (TaskState::Cancelling, asked.cancel_requested_at));
    assert!(event_names(s, &task).await.is_empty());
    let ended = applied(s.finish(&task, FinishKind::Cancelled).await);
    assert_eq!((ended.state, ended.owner), (TaskState::Cancelled, None));
    assert_eq!(event_names(s, &task).await, ["task.cancelled"]);
}

/// What a fresher source knows counts: a task that is stored as pending but runs is asked to stop.
pub async fn a_live_state_counts_when_cancelling(s: &Subject<'_>) {
    let (account, owner) = (s.account().await, s.node().await);
    let task = s.task(account, owner).await;
    let live = Some(TaskState::Active(Stage::Parse));
    let asked = s.stores.tasks.request_cancel(account.user, task.id, live, s.now(), None).await.expect("asked");
    assert_eq!(asked.state, TaskState::Cancelling);
}

/// An ended task is not cancelled, whatever a source that lags behind says.
pub async fn an_ended_task_is_not_cancelled(s: &Subject<'_>) {
    let (account, owner) = (s.account().await, s.node().await);
    let task = s.done(account, owner).await;
    refused!(cancel(s, &task).await, RepositoryError::IllegalTransition(error) if error.from == TaskState::Completed);
    let live = Some(TaskState::Active(Stage::Mount));
    let lagging = s.stores.tasks.request_cancel(account.user, task.id, live, s.now(), None).await;
    refused!(lagging, RepositoryError::IllegalTransition(_));
    assert_eq!(s.stored(&task).await, task);
}

/// Strangers neither cancel nor reopen.
pub async fn strangers_do_not_cancel_or_reopen(s: &Subject<'_>) {
    let (account, stranger, owner) = (s.account().await, s.account().await, s.node().await);
    let (pending, ended) = (s.task(account, owner).await, s.done(account, owner).await);
    let cancelled = s.stores.tasks.request_cancel(stranger.user, pending.id, None, s.now(), None).await;
    refused!(cancelled, RepositoryError::NotFound("task"));
    let reopened = s.stores.tasks.reopen(stranger.user, ended.id, Stage::Parse, None, s.now(), None).await;
    refused!(reopened, RepositoryError::NotFound("task"));
    assert_eq!(s.stored(&pending).await, pending);
    assert_eq!(s.stored(&ended).await, ended);
}

/// A repeated cancel request is told apart from one that the state refuses.
pub async fn a_repeated_cancel_request_changes_nothing(s: &Subject<'_>) {
    let (account, owner) = (s.account().await, s.node().await);
    let task = s.task(account, owner).await;
    let receipt = s.receipt(account);
    let request = || s.stores.tasks.request_cancel(account.user, task.id, None, s.now(), Some(&receipt));
    let cancelled = request().await.expect("cancelled");
    assert!(s.receipt_body(&receipt.key).await.is_some());
    refused!(request().await, RepositoryError::Conflict(Clash::IdempotencyKey));
    assert_eq!(s.stored(&task).await, cancelled);
}

/// A request that the state refuses leaves no receipt.
pub async fn a_refused_request_leaves_no_receipt(s: &Subject<'_>) {
    let (account, owner) = (s.account().await, s.node().await);
    let task = s.done(account, owner).await;
    let receipt = s.receipt(account);
    let refused = s.stores.tasks.request_cancel(account.user, task.id, None, s.now(), Some(&receipt)).await;
    refused!(refused, RepositoryError::IllegalTransition(_));
    assert_eq!(s.receipt_body(&receipt.key).await, None);
}

/// Each kind of end can be reopened: pending, owned, at the wanted stage, with a new guard and without its error.
pub async fn an_ended_task_starts_over(s: &Subject<'_>) {
    let (account, owner) = (s.account().await, s.node().await);
    for kind in [completed(None), FinishKind::Failed(failure("bad_file")), FinishKind::Cancelled] {
        let task = s.task(account, owner).await;
        let ended = applied(s.finish(&task, kind).await);
        let next = s.node().await;
        let reopen = s.stores.tasks.reopen(account.user, task.id, Stage::Transform, Some(next), s.now(), None);
        let open = reopen.await.expect("reopened");
        assert_eq!((open.state, open.owner, open.start_stage()), (TaskState::Pending, Some(next), Stage::Transform));
        assert!(open.attempt_epoch > ended.attempt_epoch);
        assert_eq!((&open.error, open.finished_at, open.cancel_requested_at), (&None, None, None));
        assert_eq!((open.progress, open.recoveries, open.recovered), (0, 0, false));
        assert_eq!(s.stored(&task).await, open);
        assert!(matches!(s.finish(&ended, completed(None)).await, FinishOutcome::Stale), "the old guard is void");
        let again = applied(s.finish(&open, completed(None)).await);
        assert_eq!((again.state, again.progress), (TaskState::Completed, 100));
        assert_eq!(event_names(s, &task).await[1..], ["task.reopened", "task.completed"]);
    }
}

/// A task that has not ended is not reopened.
pub async fn an_open_task_is_not_reopened(s: &Subject<'_>) {
    let (account, owner) = (s.account().await, s.node().await);
    let (pending, active) = (s.task(account, owner).await, running(s, account).await);
    for task in [pending, active] {
        let before = s.stored(&task).await;
        let reopened = s.stores.tasks.reopen(account.user, task.id, Stage::Parse, None, s.now(), None).await;
        refused!(reopened, RepositoryError::IllegalTransition(_));
        assert_eq!(s.stored(&task).await, before);
    }
}

/// A repeated request does not reopen twice.
pub async fn a_repeated_reopen_request_changes_nothing(s: &Subject<'_>) {
    let (account, owner) = (s.account().await, s.node().await);
    let task = s.done(account, owner).await;
    let receipt = s.receipt(account);
    let request = || s.stores.tasks.reopen(account.user, task.id, Stage::Parse, Some(owner), s.now(), Some(&receipt));
    let open = request().await.expect("reopened");
    refused!(request().await, RepositoryError::Conflict(Clash::IdempotencyKey));
    assert_eq!(s.stored(&task).await, open);
}
