//! Taking over tasks. These behaviours take whatever is there to be taken, so they need the data to themselves.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::TimeDelta;
use millrace_domain::submission::NewTask;
use millrace_domain::task::Owner;
use millrace_domain::{ErrorStage, Stage, Task, TaskId, TaskState};

use super::Subject;
use super::attempts::{applied, completed};
use super::fixture::unique;
use crate::{FinishKind, FinishOutcome, RecoverSource, Recovered};

const POISON_AFTER: i32 = 3;

/// Takes over everything there is, two at a time.
async fn recover_all(s: &Subject<'_>, owner: Owner, source: RecoverSource) -> Recovered {
    let mut all = Recovered::default();
    loop {
        let some = s.stores.tasks.recover(owner, source, POISON_AFTER, 2, s.now()).await.expect("recovered");
        let count = some.adopted.len() + some.ended.len();
        assert!(count <= 2, "no more than asked");
        all.adopted.extend(some.adopted);
        all.ended.extend(some.ended);
        if count == 0 {
            return all;
        }
    }
}

fn by_id(tasks: &[Arc<Task>]) -> BTreeMap<TaskId, Arc<Task>> {
    let map: BTreeMap<_, _> = tasks.iter().map(|task| (task.id, task.clone())).collect();
    assert_eq!(map.len(), tasks.len(), "each once");
    map
}

/// At a start, the tasks of the dead incarnation come back: pending, owned anew, with a new guard.
pub async fn a_restart_takes_its_own_tasks_back(s: &Subject<'_>) {
    let account = s.account().await;
    let name = unique("node");
    let dead = s.node_named(&name).await;
    let mine = s.insert(Some(dead), s.new_tasks(account, 5).await).await;
    let ended = s.done(account, dead).await;
    let elsewhere = s.task(account, s.node().await).await;
    let owner = s.node_named(&name).await;
    let recovered = recover_all(s, owner, RecoverSource::EarlierSelf).await;
    let adopted = by_id(&recovered.adopted);
    for before in &mine {
        let task = adopted.get(&before.id).expect("taken over");
        assert_eq!((task.state, task.owner, task.recovered), (TaskState::Pending, Some(owner), true));
        assert_eq!(task.recoveries, 0, "its start was not recorded");
        assert!(task.attempt_epoch > before.attempt_epoch);
        assert_eq!(s.stored(before).await, *task);
        assert!(matches!(s.finish(before, completed(None)).await, FinishOutcome::Stale), "the dead one's guard");
    }
    assert!(!adopted.contains_key(&ended.id) && !adopted.contains_key(&elsewhere.id));
    assert_eq!(s.stored(&elsewhere).await, elsewhere);
    assert!(recover_all(s, owner, RecoverSource::EarlierSelf).await.adopted.is_empty(), "each once");
}

/// A running task comes back pending too.
pub async fn a_running_task_comes_back_pending(s: &Subject<'_>) {
    let account = s.account().await;
    let name = unique("node");
    let dead = s.node_named(&name).await;
    let task = s.task(account, dead).await;
    let update = super::attempts::progress(&task, Stage::Transform, 70, s.now());
    assert!(s.stores.tasks.record_progress(&update, s.now()).await.expect("recorded"));
    let owner = s.node_named(&name).await;
    let adopted = by_id(&recover_all(s, owner, RecoverSource::EarlierSelf).await.adopted);
    assert_eq!(adopted.get(&task.id).map(|task| (task.state, task.progress)), Some((TaskState::Pending, 0)));
    let done = applied(s.finish(&adopted[&task.id], completed(None)).await);
    assert_eq!(done.state, TaskState::Completed);
}

/// Tasks of a node whose lease is over go to who asks; those of living nodes stay.
pub async fn lapsed_nodes_lose_their_tasks(s: &Subject<'_>) {
    let account = s.account().await;
    let (dead, living, owner) = (s.dead_node().await, s.node().await, s.node().await);
    let lost = s.task(account, dead).await;
    let kept = s.task(account, living).await;
    let own = s.task(account, owner).await;
    // A store may leave a lapsed lease a short grace, on its own clock; so the question is asked until it is over.
    let taken = async {
        loop {
            let recovered = recover_all(s, owner, RecoverSource::LapsedNodes).await;
            if let Some(task) = recovered.adopted.into_iter().find(|task| task.id == lost.id) {
                return task;
            }
            tokio::task::yield_now().await;
        }
    };
    let task = tokio::time::timeout(std::time::Duration::from_secs(20), taken).await.expect("taken over in the end");
    assert_eq!((task.owner, task.recovered, task.state), (Some(owner), true, TaskState::Pending));
    assert_eq!(s.stored(&kept).await, kept);
    assert_eq!(s.stored(&own).await, own);
}

/// Unowned tasks are taken when their time has come; nobody died under them.
pub async fn unowned_tasks_are_taken_when_due(s: &Subject<'_>) {
    let (account, owner) = (s.account().await, s.node().await);
    let now = s.now();
    let mut new: Vec<NewTask> = s.new_tasks(account, 3).await;
    new[1].run_at = Some(now);
    new[2].run_at = Some(now + TimeDelta::hours(5));
    let tasks = s.insert(None, new).await;
    assert!(tasks.iter().all(|task| task.owner.is_none()));
    let released = s.task(account, owner).await;
    let released = applied(s.finish(&released, FinishKind::Released).await);
    let taker = s.node().await;
    let adopted = by_id(&recover_all(s, taker, RecoverSource::Unowned).await.adopted);
    for due in [&tasks[0], &tasks[1], &released] {
        let task = adopted.get(&due.id).expect("taken over");
        assert_eq!((task.owner, task.recovered, task.recoveries), (Some(taker), false, 0));
        assert!(task.attempt_epoch > due.attempt_epoch);
    }
    assert_eq!(s.stored(&tasks[2]).await, tasks[2], "not before its time");
    s.clock.advance(std::time::Duration::from_secs(6 * 3600));
    assert!(by_id(&recover_all(s, taker, RecoverSource::Unowned).await.adopted).contains_key(&tasks[2].id));
}

/// Two nodes that take over at once never take the same task.
pub async fn concurrent_takers_share(s: &Subject<'_>) {
    let account = s.account().await;
    let tasks = s.insert(None, s.new_tasks(account, 40).await).await;
    let (left, right) = (s.node().await, s.node().await);
    let (one, two) =
        tokio::join!(recover_all(s, left, RecoverSource::Unowned), recover_all(s, right, RecoverSource::Unowned));
    let all: Vec<Arc<Task>> = one.adopted.into_iter().chain(two.adopted).collect();
    let taken = by_id(&all);
    assert!(tasks.iter().all(|task| taken.contains_key(&task.id)));
}

/// A task that was to be cancelled when its process died is cancelled.
pub async fn a_cancelling_task_ends_as_cancelled(s: &Subject<'_>) {
    let account = s.account().await;
    let name = unique("node");
    let dead = s.node_named(&name).await;
    let task = s.task(account, dead).await;
    let live = Some(TaskState::Active(Stage::Parse));
    s.stores.tasks.request_cancel(account.user, task.id, live, s.now(), None).await.expect("asked");
    let owner = s.node_named(&name).await;
    let recovered = recover_all(s, owner, RecoverSource::EarlierSelf).await;
    assert!(!by_id(&recovered.adopted).contains_key(&task.id));
    let ended = by_id(&recovered.ended);
    assert_eq!(ended.get(&task.id).map(|task| (task.state, task.owner)), Some((TaskState::Cancelled, None)));
    assert_eq!(s.stored(&task).await, ended[&task.id]);
}

/// Only those starts are recorded whose guard still matches.
pub async fn stale_starts_are_not_recorded(s: &Subject<'_>) {
    let (account, owner) = (s.account().await, s.node().await);
    let (good, stale, ended) =
        (s.task(account, owner).await, s.task(account, owner).await, s.done(account, owner).await);
    let starts = [(good.id, good.attempt_epoch), (stale.id, stale.attempt_epoch + 1), (ended.id, ended.attempt_epoch)];
    assert_eq!(s.stores.tasks.record_starts(&starts, s.now()).await.expect("recorded"), [good.id]);
    assert_eq!(s.stores.tasks.record_starts(&[], s.now()).await.expect("nothing to do"), []);
}

/// A task that kills its process again and again ends as failed; one that merely waited beside it does not.
pub async fn a_poison_task_ends_as_failed(s: &Subject<'_>) {
    let account = s.account().await;
    let name = unique("node");
    let mut owner = s.node_named(&name).await;
    let (mut killer, mut bystander) = (s.task(account, owner).await, s.task(account, owner).await);
    for round in 1..=POISON_AFTER {
        let starts = [(killer.id, killer.attempt_epoch)];
        assert_eq!(s.stores.tasks.record_starts(&starts, s.now()).await.expect("recorded"), [killer.id]);
        owner = s.node_named(&name).await;
        let recovered = recover_all(s, owner, RecoverSource::EarlierSelf).await;
        let (adopted, ended) = (by_id(&recovered.adopted), by_id(&recovered.ended));
        bystander = adopted.get(&bystander.id).expect("taken over").clone();
        assert_eq!(bystander.recoveries, 0);
        if round < POISON_AFTER {
            killer = adopted.get(&killer.id).expect("taken over").clone();
            assert_eq!((killer.recoveries, killer.recovered), (round, true));
        } else {
            killer = ended.get(&killer.id).expect("ended").clone();
        }
    }
    assert_eq!((killer.state, killer.owner), (TaskState::Failed, None));
    let error = killer.error.clone().expect("an error");
    assert_eq!((error.code.as_str(), error.stage, error.retryable), ("poison", ErrorStage::Mineru, false));
    assert!(killer.finished_at.is_some());
    assert_eq!(s.stored(&killer).await, killer);
    let filter = crate::EventFilter { project: None, task: Some(killer.id) };
    let events = s.stores.events.list(account.user, filter, None, 10).await.expect("read");
    assert_eq!(events.last().map(|event| event.content.name.as_str()), Some("task.failed"));
}

/// A start counts for one death: a task that did not start again is not blamed again.
pub async fn a_recorded_start_counts_once(s: &Subject<'_>) {
    let account = s.account().await;
    let name = unique("node");
    let owner = s.node_named(&name).await;
    let task = s.task(account, owner).await;
    s.stores.tasks.record_starts(&[(task.id, task.attempt_epoch)], s.now()).await.expect("recorded");
    for _ in 0..POISON_AFTER {
        let owner = s.node_named(&name).await;
        recover_all(s, owner, RecoverSource::EarlierSelf).await;
    }
    let stored = s.stored(&task).await;
    assert_eq!((stored.state, stored.recoveries), (TaskState::Pending, 1));
}
