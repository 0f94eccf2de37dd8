//! How attempts end.

use chrono::TimeDelta;
use millrace_domain::artifact::ArtifactKind;
use millrace_domain::mount::MountRejection;
use millrace_domain::task::TaskFailure;
use millrace_domain::usage::Spent;
use millrace_domain::{ErrorStage, Stage, Task, TaskState};
use serde_json::json;

use super::Subject;
use super::attempts::{applied, artifact, automatic, completed, failure, finish, intent, progress, result};
use crate::{EventFilter, Finish, FinishKind, FinishOutcome};

/// Name and code of the last event about a task.
async fn last_event(s: &Subject<'_>, task: &Task) -> Option<(String, serde_json::Value)> {
    let filter = EventFilter { project: None, task: Some(task.id) };
    let mut events = s.stores.events.list(task.user_id, filter, None, 100).await.expect("read");
    events.pop().map(|event| (event.content.name, event.content.payload["code"].clone()))
}

/// Success: result, progress 100, no owner, no error, end noted.
pub async fn a_completed_task_reports_its_result(s: &Subject<'_>) {
    let (account, owner) = (s.account().await, s.node().await);
    let task = s.task(account, owner).await;
    let (started, transforming) = (s.now(), s.now());
    let ending = Finish {
        attempt: 2,
        started_at: Some(started),
        transforming_at: Some(transforming),
        ..finish(&task, completed(None))
    };
    let done = applied(s.finish_all(vec![ending]).await.remove(0));
    assert_eq!((done.state, done.progress, done.owner), (TaskState::Completed, 100, None));
    assert_eq!((done.result.as_deref(), done.error.as_deref()), (Some(&result()), None));
    assert_eq!((done.attempt, done.started_at, done.transforming_at), (2, Some(started), Some(transforming)));
    assert_eq!((done.finished_at, done.updated_at), (Some(s.clock.now()), s.clock.now()));
    assert_eq!(s.stored(&task).await, done);
    assert_eq!(last_event(s, &task).await.map(|event| event.0).as_deref(), Some("task.completed"));
}

/// Failure: the error as it was given, and what earlier stages stored is kept.
pub async fn a_failed_task_reports_its_error(s: &Subject<'_>) {
    let (account, owner) = (s.account().await, s.node().await);
    let task = s.task(account, owner).await;
    let error = failure("no_text_layer");
    let parsed = artifact(&task, ArtifactKind::Parsed, task.attempt_epoch);
    let ending = Finish { artifacts: vec![parsed], ..finish(&task, FinishKind::Failed(error.clone())) };
    let failed = applied(s.finish_all(vec![ending]).await.remove(0));
    assert_eq!((failed.state, failed.owner, &failed.error), (TaskState::Failed, None, &Some(error)));
    assert!(failed.finished_at.is_some() && failed.result.is_none());
    assert_eq!(s.stored(&task).await, failed);
    assert_eq!(s.stores.artifacts.list(task.id).await.expect("read").len(), 1);
    assert_eq!(last_event(s, &task).await, Some(("task.failed".into(), json!("no_text_layer"))));
}

/// Retry: the same owner holds it, pending until `run_at`, at the wanted stage, with a new guard and the last error.
pub async fn a_retried_task_waits_with_its_owner(s: &Subject<'_>) {
    let (account, owner) = (s.account().await, s.node().await);
    let task = s.task(account, owner).await;
    assert!(s.stores.tasks.record_progress(&progress(&task, Stage::Parse, 30, s.now()), s.now()).await.expect("ok"));
    let run_at = s.now() + TimeDelta::seconds(30);
    let error = std::sync::Arc::new(TaskFailure::transient(ErrorStage::Postprocess, "llm_busy", "busy"));
    let retry = FinishKind::Retry { failure: error.clone(), run_at, start_stage: Stage::Transform };
    let waiting = applied(s.finish(&task, retry).await);
    assert_eq!((waiting.state, waiting.owner, waiting.run_at), (TaskState::Pending, Some(owner), Some(run_at)));
    assert_eq!((waiting.start_stage(), waiting.attempt, &waiting.error), (Stage::Transform, 1, &Some(error)));
    assert_eq!((waiting.finished_at, waiting.progress), (None, 0));
    assert!(waiting.attempt_epoch > task.attempt_epoch);
    assert_eq!(s.stored(&task).await, waiting);
    assert_eq!(last_event(s, &task).await, Some(("task.retrying".into(), json!("llm_busy"))));
    assert!(matches!(s.finish(&task, completed(None)).await, FinishOutcome::Stale));
    let done = applied(s.finish(&waiting, completed(None)).await);
    assert_eq!((done.state, &done.error), (TaskState::Completed, &None));
}

/// What models took is kept whatever the end, and an end that knows of nothing leaves it.
pub async fn what_models_took_is_kept(s: &Subject<'_>) {
    let (account, owner) = (s.account().await, s.node().await);
    let spent = |tokens| Some(Spent { tokens, cost_usd: Some(0.25) });
    for kind in [completed(None), FinishKind::Failed(failure("x")), FinishKind::Cancelled, FinishKind::Released] {
        for (at_end, expected) in [(spent(8), spent(8)), (None, spent(3))] {
            let task = s.task(account, owner).await;
            let retry = FinishKind::Retry { failure: failure("x"), run_at: s.now(), start_stage: Stage::Parse };
            let ending = Finish { spent: spent(3), ..finish(&task, retry) };
            let waiting = applied(s.finish_all(vec![ending]).await.remove(0));
            assert_eq!((s.stored(&task).await, waiting.spent), (waiting.clone(), spent(3)));
            let ending = Finish { spent: at_end, ..finish(&waiting, kind.clone()) };
            let ended = applied(s.finish_all(vec![ending]).await.remove(0));
            assert_eq!((s.stored(&task).await, ended.spent), (ended.clone(), expected), "{kind:?}");
        }
    }
    // A cancel that was asked for wins over the result, but not over what that has cost.
    let task = s.task(account, owner).await;
    let live = Some(TaskState::Active(Stage::Transform));
    s.stores.tasks.request_cancel(account.user, task.id, live, s.now(), None).await.expect("asked");
    let ending = Finish { spent: spent(5), ..finish(&task, completed(None)) };
    let cancelled = applied(s.finish_all(vec![ending]).await.remove(0));
    assert_eq!((cancelled.state, cancelled.spent), (TaskState::Cancelled, spent(5)));
    assert_eq!(s.stored(&task).await, cancelled);
    // It stays when the task runs again.
    let again = s.stores.tasks.reopen(account.user, task.id, Stage::Parse, Some(owner), s.now(), None).await;
    assert_eq!(again.expect("reopened").spent, spent(5));
    assert_eq!(s.stored(&task).await.spent, spent(5));
}

/// Released: nobody owns it, any node may take it, the attempt does not count.
pub async fn a_released_task_is_nobodys(s: &Subject<'_>) {
    let (account, owner) = (s.account().await, s.node().await);
    let task = s.task(account, owner).await;
    let released = applied(s.finish(&task, FinishKind::Released).await);
    assert_eq!((released.state, released.owner, released.attempt), (TaskState::Pending, None, 0));
    assert!(released.attempt_epoch > task.attempt_epoch);
    assert_eq!((released.finished_at, &released.error), (None, &None));
    assert_eq!(s.stored(&task).await, released);
    assert_eq!(last_event(s, &task).await, None);
}

/// What a running attempt has made already is recorded under its guard, and again with its outcome; not once it is to stop.
pub async fn artifacts_are_recorded_before_the_end(s: &Subject<'_>) {
    let (account, owner) = (s.account().await, s.node().await);
    let task = s.task(account, owner).await;
    let parsed = [artifact(&task, ArtifactKind::Parsed, 1)];
    let record = |id, attempt_epoch| s.stores.tasks.record_artifacts(id, attempt_epoch, &parsed, s.now());
    let list = || async {
        let artifacts = s.stores.artifacts.list(task.id).await.expect("read");
        artifacts.into_iter().map(|artifact| artifact.content).collect::<Vec<_>>()
    };
    assert!(!record(task.id, task.attempt_epoch + 1).await.expect("asked"));
    assert!(!record(s.stores.tasks.next_ids(1).await.expect("ids")[0], task.attempt_epoch).await.expect("asked"));
    assert!(list().await.is_empty());
    for _ in 0..2 {
        assert!(record(task.id, task.attempt_epoch).await.expect("recorded"));
        assert_eq!(list().await, parsed);
    }
    assert_eq!(s.stored(&task).await, task);
    s.finish_all(vec![Finish { artifacts: parsed.to_vec(), ..finish(&task, completed(None)) }]).await;
    assert_eq!(list().await, parsed);
    assert!(!record(task.id, task.attempt_epoch).await.expect("asked"));
    let other = s.task(account, owner).await;
    s.stores.tasks.record_progress(&progress(&other, Stage::Parse, 10, s.now()), s.now()).await.expect("running");
    s.stores.tasks.request_cancel(account.user, other.id, None, s.now(), None).await.expect("asked to stop");
    assert!(!record(other.id, other.attempt_epoch).await.expect("asked"));
    assert!(s.stores.artifacts.list(other.id).await.expect("read").is_empty());
}

/// A finish with another guard, of an ended or of a missing task changes nothing, artifacts included.
pub async fn a_stale_finish_changes_nothing(s: &Subject<'_>) {
    let (account, owner) = (s.account().await, s.node().await);
    let task = s.task(account, owner).await;
    let table = s.table(account, None).await;
    let parsed = artifact(&task, ArtifactKind::Parsed, 1);
    let mount = intent(&task, table.id, "/data", "k", &json!(1));
    let stale = Finish {
        attempt_epoch: task.attempt_epoch + 1,
        artifacts: vec![parsed.clone()],
        ..finish(&task, completed(Some(mount.clone())))
    };
    let missing = Finish { id: s.stores.tasks.next_ids(1).await.expect("ids")[0], ..stale.clone() };
    for outcome in s.finish_all(vec![stale, missing]).await {
        assert!(matches!(outcome, FinishOutcome::Stale), "{outcome:?}");
    }
    assert_eq!(s.stored(&task).await, task);
    let ended = applied(s.finish(&task, FinishKind::Failed(failure("x"))).await);
    let late = Finish { artifacts: vec![parsed], ..finish(&task, completed(Some(mount))) };
    assert!(matches!(s.finish_all(vec![late]).await[0], FinishOutcome::Stale));
    assert_eq!(s.stored(&task).await, ended);
    assert!(s.stores.artifacts.list(task.id).await.expect("read").is_empty());
    assert_eq!(s.data(account, table.id, "").await, Some(json!({})));
}

/// The same batch again, as after a commit whose outcome was unknown: all stale, nothing done twice.
pub async fn a_repeated_batch_is_stale(s: &Subject<'_>) {
    let (account, owner) = (s.account().await, s.node().await);
    let tasks = [s.task(account, owner).await, s.task(account, owner).await];
    let table = s.table(account, Some(json!({"list": []}))).await;
    let batch: Vec<Finish> = tasks
        .iter()
        .map(|task| finish(task, completed(Some(intent(task, table.id, "/list", "k", &json!(task.id))))))
        .collect();
    assert!(s.finish_all(batch.clone()).await.iter().all(|outcome| matches!(outcome, FinishOutcome::Applied(_))));
    assert!(s.finish_all(batch).await.iter().all(|outcome| matches!(outcome, FinishOutcome::Stale)));
    assert_eq!(s.data(account, table.id, "/list").await, Some(json!([tasks[0].id, tasks[1].id])));
}

/// The same task twice in one batch ends once.
pub async fn a_task_twice_in_one_batch_ends_once(s: &Subject<'_>) {
    let (account, owner) = (s.account().await, s.node().await);
    let task = s.task(account, owner).await;
    let batch = vec![finish(&task, completed(None)), finish(&task, FinishKind::Failed(failure("x")))];
    let outcomes = s.finish_all(batch).await;
    let stale = outcomes.iter().filter(|outcome| matches!(outcome, FinishOutcome::Stale)).count();
    assert_eq!(stale, 1, "{outcomes:?}");
    assert!(s.stored(&task).await.state.is_terminal());
}

/// Whatever the worker says, a task that was to be cancelled is cancelled, and mounts nothing.
pub async fn a_cancel_request_is_never_lost(s: &Subject<'_>) {
    let (account, owner) = (s.account().await, s.node().await);
    let table = s.table(account, None).await;
    for case in 0..5 {
        let task = s.task(account, owner).await;
        let live = Some(TaskState::Active(Stage::Parse));
        s.stores.tasks.request_cancel(account.user, task.id, live, s.now(), None).await.expect("asked");
        let kind = match case {
            0 => completed(Some(intent(&task, table.id, "/data", "k", &json!(1)))),
            1 => FinishKind::Failed(failure("x")),
            2 => FinishKind::Retry { failure: failure("x"), run_at: s.now(), start_stage: Stage::Parse },
            3 => FinishKind::Released,
            _ => FinishKind::Cancelled,
        };
        let ended = applied(s.finish(&task, kind).await);
        assert_eq!((ended.state, ended.owner), (TaskState::Cancelled, None), "case {case}");
        assert!(ended.finished_at.is_some() && ended.mounted.is_none(), "case {case}");
        assert_eq!(s.stored(&task).await, ended, "case {case}");
    }
    assert_eq!(s.data(account, table.id, "").await, Some(json!({})));
}

/// The mount is in the table and the task says where, from the moment it is completed.
pub async fn a_mount_commits_with_the_end(s: &Subject<'_>) {
    let (account, owner) = (s.account().await, s.node().await);
    let task = s.task(account, owner).await;
    let done = applied(s.finish(&task, completed(Some(automatic(&task, "auto", &json!({"a": 1}))))).await);
    let mounted = done.mounted.clone().expect("mounted");
    assert_eq!((mounted.json_path.as_str(), mounted.key.as_str()), ("/data", "k"));
    assert_eq!(s.data(account, mounted.table_id, "").await, Some(json!({"data": {"k": {"a": 1}}})));
    let mounts = s.mounts_of(&task).await;
    assert_eq!(mounts.len(), 1);
    assert_eq!((mounts[0].id, mounts[0].automatic), (mounted.mount_id, true));
    assert_eq!(s.stored(&task).await, done);
}

/// One mount that cannot be keeps its own task as it was; its neighbours in the batch end.
pub async fn a_rejected_mount_leaves_its_neighbours_alone(s: &Subject<'_>) {
    let (account, owner) = (s.account().await, s.node().await);
    let table = s.table(account, Some(json!({"scalar": 1}))).await;
    let mut tasks = Vec::new();
    for _ in 0..3 {
        tasks.push(s.task(account, owner).await);
    }
    let paths = ["/data", "/scalar/x", "/data"];
    let batch = tasks.iter().zip(paths).map(|(task, path)| {
        let mount = intent(task, table.id, path, &task.id.to_string(), &json!(task.id));
        let artifacts = vec![artifact(task, ArtifactKind::Result, 1)];
        Finish { artifacts, ..finish(task, completed(Some(mount))) }
    });
    let outcomes = s.finish_all(batch.collect()).await;
    assert!(matches!(outcomes[0], FinishOutcome::Applied(_)), "{outcomes:?}");
    assert!(
        matches!(&outcomes[1], FinishOutcome::Rejected(MountRejection::ParentNotContainer(at)) if at.as_str() == "/scalar"),
        "{outcomes:?}"
    );
    assert!(matches!(outcomes[2], FinishOutcome::Applied(_)), "{outcomes:?}");
    assert_eq!(s.stored(&tasks[1]).await, tasks[1]);
    assert!(s.stores.artifacts.list(tasks[1].id).await.expect("read").is_empty());
    let expected = json!({tasks[0].id.to_string(): tasks[0].id, tasks[2].id.to_string(): tasks[2].id});
    assert_eq!(s.data(account, table.id, "/data").await, Some(expected));
    let mount_failure = TaskFailure::permanent(ErrorStage::Mount, "mount_parent_not_container", "no");
    let failed = applied(s.finish(&tasks[1], FinishKind::Failed(mount_failure.into())).await);
    assert_eq!(failed.state, TaskState::Failed);
}

/// A large batch ends every task, each with its own outcome, in order.
pub async fn a_large_batch_ends_in_order(s: &Subject<'_>) {
    let (account, owner) = (s.account().await, s.node().await);
    let tasks = s.insert(Some(owner), s.new_tasks(account, 300).await).await;
    let table = s.table(account, None).await;
    let batch = tasks.iter().enumerate().map(|(number, task)| {
        let mount = intent(task, table.id, "/data", &task.id.to_string(), &json!(number));
        finish(task, if number % 3 == 0 { FinishKind::Failed(failure("third")) } else { completed(Some(mount)) })
    });
    let outcomes = s.finish_all(batch.collect()).await;
    for ((number, task), outcome) in tasks.iter().enumerate().zip(outcomes) {
        let ended = applied(outcome);
        let expected = if number % 3 == 0 { TaskState::Failed } else { TaskState::Completed };
        assert_eq!((ended.id, ended.state), (task.id, expected));
    }
    let data = s.data(account, table.id, "/data").await.expect("data");
    assert_eq!(data.as_object().map(serde_json::Map::len), Some(200));
}
