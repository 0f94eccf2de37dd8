//! One attempt of one task, from its place in the dispatcher to its outcome in the completer.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures::FutureExt;
use millrace_domain::artifact::NewArtifact;
use millrace_domain::ports::{Job, JobError, JobOutput, TaskControl};
use millrace_domain::task::StageDetail;
use millrace_domain::usage::Spent;
use millrace_domain::{ErrorStage, Fault, Stage, Task, TaskFailure};
use millrace_repository::{Finish, FinishKind, ProgressUpdate};
use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use crate::core::Core;
use crate::resume::restart_stage;
use crate::retry::RetryDecision;

/// How long a handler may take to notice that it is to stop before its future is dropped.
const STOP_GRACE: Duration = Duration::from_secs(5);

/// What the handler has reported and the store has not yet heard.
#[derive(Clone, Copy)]
struct Reported {
    stage: Stage,
    percent: u8,
    detail: StageDetail,
    transforming_at: Option<DateTime<Utc>>,
    spent: Option<Spent>,
}

/// The handler's side of a run.
struct Control {
    token: CancellationToken,
    core: Arc<Core>,
    reported: Mutex<Reported>,
    kept: Mutex<Kept>,
    changed: Notify,
}

/// What the handler wants recorded before it ends.
#[derive(Default)]
struct Kept {
    all: Vec<NewArtifact>,
    /// How many of them the store has.
    recorded: usize,
}

impl TaskControl for Control {
    fn cancellation(&self) -> &CancellationToken {
        &self.token
    }

    fn progress(&self, percent: u8, detail: StageDetail) {
        let mut reported = self.reported.lock();
        reported.percent = percent.min(100).max(reported.percent);
        reported.detail = detail;
        drop(reported);
        self.changed.notify_one();
    }

    fn advance(&self, stage: Stage) {
        let mut reported = self.reported.lock();
        if stage <= reported.stage {
            return;
        }
        reported.stage = stage;
        reported.detail = StageDetail::default();
        if stage == Stage::Transform {
            reported.transforming_at = Some(self.core.clock.now());
        }
        drop(reported);
        self.changed.notify_one();
    }

    fn spent(&self, spent: Spent) {
        // Nobody is woken: it is stored at the end alone.
        self.reported.lock().spent = Some(spent);
    }

    fn keep(&self, artifact: NewArtifact) {
        self.kept.lock().all.push(artifact);
        self.changed.notify_one();
    }
}

impl Control {
    /// What was to be kept, for the outcome of an attempt that returns nothing itself.
    fn take_kept(&self) -> Vec<NewArtifact> {
        std::mem::take(&mut *self.kept.lock()).all
    }
}

/// Why the waiting for a handler ended.
#[expect(clippy::large_enum_variant, reason = "one lives on the stack for a moment")]
enum Ended {
    Returned(Result<JobOutput, JobError>),
    /// Cancelled, or no longer ours.
    Stopped,
    OverDeadline,
}

/// Runs one attempt and hands its outcome to the completer.
pub(crate) async fn attempt(core: Arc<Core>, task: Arc<Task>, token: CancellationToken) {
    let span = tracing::info_span!("task", task.id = task.id.get(), task.kind = task.kind.as_str());
    async {
        let finish = execute(&core, &task, token).await;
        // The place is free only when the outcome has one: a slow database must not let outcomes pile up.
        let place = core.completer.reserve().await;
        core.runs.hand_over(task.id);
        core.look.notify_one();
        match place {
            Some(place) => place.send(finish),
            None => core.runs.end(task.id),
        }
    }
    .instrument(span)
    .await;
}

/// Everything between start and outcome.
async fn execute(core: &Arc<Core>, task: &Arc<Task>, token: CancellationToken) -> Finish {
    let started_at = core.clock.now();
    let attempt = task.attempt + 1;
    let first = task.start_stage();
    let control = Arc::new(Control {
        token,
        core: Arc::clone(core),
        reported: Mutex::new(Reported {
            stage: first,
            percent: 0,
            detail: StageDetail::default(),
            transforming_at: (first == Stage::Transform).then_some(started_at),
            spent: None,
        }),
        kept: Mutex::default(),
        changed: Notify::new(),
    });
    if !record(core, task, &control, attempt, started_at).await {
        // Cancelled between two attempts, or not ours any more: giving it back is right for both, see below.
        return Finish {
            id: task.id,
            task: Arc::clone(task),
            attempt_epoch: task.attempt_epoch,
            kind: FinishKind::Released,
            attempt,
            started_at: task.started_at,
            transforming_at: task.transforming_at,
            spent: None,
            artifacts: Vec::new(),
        };
    }
    let ended = supervise(core, task, &control, attempt, started_at).await;
    let reported = *control.reported.lock();
    let (kind, artifacts) = match ended {
        // A handler that was told to stop may return anything; none of it counts. Whoever stopped it has said why
        // beforehand: a task that is cancelling ends as cancelled, one with another owner is stale, any other waits again.
        Ended::Returned(_) if control.token.is_cancelled() => (FinishKind::Released, control.take_kept()),
        Ended::Returned(Ok(output)) => complete(core, task, &control, output, started_at, attempt).await,
        Ended::Returned(Err(error)) => {
            let restart = restart_stage(reported.stage, &error.artifacts, task);
            (failed(core, reported.stage, restart, attempt, error.failure), error.artifacts)
        }
        Ended::Stopped => (FinishKind::Released, control.take_kept()),
        Ended::OverDeadline => {
            let limit = core.config.task_timeout.as_secs();
            let failure = TaskFailure::permanent(
                ErrorStage::Timeout,
                "deadline_exceeded",
                format!("the task ran longer than {limit} seconds"),
            );
            (FinishKind::Failed(Arc::new(failure)), control.take_kept())
        }
    };
    let Reported { transforming_at, spent, .. } = *control.reported.lock();
    Finish {
        id: task.id,
        task: Arc::clone(task),
        attempt_epoch: task.attempt_epoch,
        kind,
        attempt,
        started_at: Some(started_at),
        transforming_at,
        // Nobody else adds to it while this attempt is the task's own.
        spent: spent.and_then(|spent| Spent::sum([task.spent, Some(spent)])),
        artifacts,
    }
}

/// Waits for the handler, passing its reports on.
async fn supervise(
    core: &Arc<Core>,
    task: &Arc<Task>,
    control: &Arc<Control>,
    attempt: i32,
    started_at: DateTime<Utc>,
) -> Ended {
    let job = match load_job(core, task).await {
        Ok(job) => job,
        Err(fault) => return Ended::Returned(Err(unavailable(task, fault))),
    };
    let handler = core.executor.execute(job, Arc::clone(control) as Arc<dyn TaskControl>);
    let mut handler = std::pin::pin!(AssertUnwindSafe(handler).catch_unwind());
    let mut deadline = std::pin::pin!(core.clock.sleep(core.config.task_timeout));
    loop {
        tokio::select! {
            // In this order, so that a handler which ends at once never sets a timer.
            biased;
            returned = &mut handler => return Ended::Returned(returned.unwrap_or_else(|_panic| Err(panicked(task, control)))),
            () = control.token.cancelled() => {
                // The grace is real time: a stopped handler must not depend on anybody's clock.
                let _ = tokio::time::timeout(STOP_GRACE, &mut handler).await;
                return Ended::Stopped;
            }
            () = &mut deadline => {
                control.token.cancel();
                let _ = tokio::time::timeout(STOP_GRACE, &mut handler).await;
                return Ended::OverDeadline;
            }
            () = control.changed.notified() => {
                let ours = record(core, task, control, attempt, started_at).await;
                if !(ours && record_kept(core, task, control).await) {
                    control.token.cancel();
                }
            }
        }
    }
}

/// The rule and earlier artifacts that the handler needs.
async fn load_job(core: &Core, task: &Arc<Task>) -> Result<Job, Fault> {
    let rule = match task.rule {
        Some((id, version)) => core.rule(id, version).await?,
        None => None,
    };
    let resumes = task.start_stage() != Stage::first(task.kind);
    let artifacts = if resumes { core.artifacts.list(task.id).await? } else { Vec::new() };
    Ok(Job { task: Arc::clone(task), rule, artifacts })
}

fn unavailable(task: &Task, fault: Fault) -> JobError {
    let stage = ErrorStage::of(task.start_stage(), task.kind);
    tracing::warn!(task.id = task.id.get(), error = %fault, "the task's rule or artifacts could not be read");
    JobError { failure: TaskFailure::transient(stage, fault.code, fault.message), artifacts: Vec::new() }
}

fn panicked(task: &Task, control: &Control) -> JobError {
    let stage = ErrorStage::of(control.reported.lock().stage, task.kind);
    tracing::error!(task.id = task.id.get(), "the handler panicked");
    let failure = TaskFailure::transient(stage, "handler_panicked", "the handler failed unexpectedly");
    JobError { failure, artifacts: Vec::new() }
}

/// Publishes what was reported; `false` when the task is not ours any more.
async fn record(core: &Core, task: &Task, control: &Control, attempt: i32, started_at: DateTime<Utc>) -> bool {
    let reported = *control.reported.lock();
    let update = ProgressUpdate {
        id: task.id,
        attempt_epoch: task.attempt_epoch,
        stage: reported.stage,
        percent: reported.percent,
        detail: reported.detail,
        attempt,
        started_at,
        transforming_at: reported.transforming_at,
    };
    let ours = match core.tasks.record_progress(&update, core.clock.now()).await {
        Ok(ours) => ours,
        // Progress is a courtesy: the outcome's own guard decides.
        Err(error) => {
            tracing::debug!(error = %error, "progress was not recorded");
            true
        }
    };
    core.watches.notify(task.id);
    ours
}

/// Records what is to outlive the attempt; `false` when the task is not ours any more.
async fn record_kept(core: &Core, task: &Task, control: &Control) -> bool {
    let (new, count) = {
        let kept = control.kept.lock();
        (kept.all[kept.recorded..].to_vec(), kept.all.len())
    };
    if new.is_empty() {
        return true;
    }
    match core.tasks.record_artifacts(task.id, task.attempt_epoch, &new, core.clock.now()).await {
        Ok(ours) => {
            control.kept.lock().recorded = count;
            ours
        }
        // The outcome has them too; only a kill would lose them.
        Err(error) => {
            tracing::warn!(error = %error, "what the task has made so far was not recorded");
            true
        }
    }
}

/// The handler is done: plan the mount, or fail at stage `mount` with everything kept.
async fn complete(
    core: &Core,
    task: &Task,
    control: &Control,
    output: JobOutput,
    started_at: DateTime<Utc>,
    attempt: i32,
) -> (FinishKind, Vec<NewArtifact>) {
    let JobOutput { mut result, value, artifacts } = output;
    let elapsed = core.clock.now() - started_at;
    result.processing_time = elapsed.num_microseconds().unwrap_or(0) as f64 / 1e6;
    let result = Arc::new(result);
    let (Some(target), Some(value)) = (&task.spec.mount, value) else {
        return (FinishKind::Completed { result, mount: None }, artifacts);
    };
    control.advance(Stage::Mount);
    let planned = AssertUnwindSafe(core.mount_service.plan_automatic(task, target, value)).catch_unwind().await;
    let planned = planned.unwrap_or_else(|_panic| {
        tracing::error!(task.id = task.id.get(), "the mount service panicked");
        Err(TaskFailure::transient(ErrorStage::Mount, "mount_panicked", "mounting failed unexpectedly"))
    });
    match planned {
        Ok(intent) => (FinishKind::Completed { result, mount: Some(Box::new(intent)) }, artifacts),
        Err(failure) => {
            let restart = restart_stage(Stage::Mount, &artifacts, task);
            (failed(core, Stage::Mount, restart, attempt, failure), artifacts)
        }
    }
}

/// Another attempt or the end, as the stage's policy says.
pub(crate) fn failed(core: &Core, stage: Stage, start_stage: Stage, attempt: i32, failure: TaskFailure) -> FinishKind {
    let decision = core.config.retry_of(stage).decide(attempt, &failure, rand::random());
    let failure = Arc::new(failure);
    match decision {
        RetryDecision::After(delay) => FinishKind::Retry {
            failure,
            run_at: core.clock.now() + chrono::Duration::from_std(delay).unwrap_or_default(),
            start_stage,
        },
        RetryDecision::GiveUp => FinishKind::Failed(failure),
    }
}
