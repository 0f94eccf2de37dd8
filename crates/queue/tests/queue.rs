//! The queue over the memory store, with handlers and faults that the tests steer.

mod bench;

use std::sync::Arc;
use std::time::Duration;

use bench::{Bench, Script};
use millrace_domain::usage::Spent;
use millrace_domain::{ErrorKind, Stage, TaskState};
use millrace_queue::QueueConfig;
use millrace_repository::testing::faulty::{Moment, TaskMethod};

#[tokio::test]
async fn a_submitted_task_runs_to_its_end() {
    let bench = Bench::start(QueueConfig::default()).await;
    let task = bench.submit(1).await.remove(0);
    bench.queue.run_until_idle().await;
    let done = bench.task(&task).await;
    assert_eq!((done.state, done.progress, done.attempt), (TaskState::Completed, 100, 1));
    assert_eq!(bench.executor.runs(), 1);
}

#[tokio::test]
async fn waiting_wakes_at_the_end() {
    let bench = Bench::start(QueueConfig::default()).await;
    bench.executor.script([Script::WaitForRelease]);
    let task = bench.submit(1).await.remove(0);
    let until = |task: &millrace_domain::Task| task.state.is_terminal();
    let wait = bench.queue.wait(bench.user, task.id, Duration::from_secs(60), &until);
    let (woken, ()) = tokio::join!(wait, async {
        bench.executor.wait_for_runs(1).await;
        bench.executor.release();
    });
    assert_eq!(woken.expect("the task").state, TaskState::Completed);
}

#[tokio::test]
async fn no_more_run_at_once_than_the_limit() {
    let mut config = QueueConfig::default();
    config.concurrency.document = 3;
    let bench = Bench::start(config).await;
    bench.executor.script(std::iter::repeat_n(Script::WaitForRelease, 3));
    bench.submit(10).await;
    bench.executor.wait_for_runs(3).await;
    assert_eq!((bench.queue.health().running, bench.queue.health().pending), (3, 7));
    bench.executor.release();
    bench.queue.run_until_idle().await;
    assert_eq!((bench.executor.runs(), bench.executor.most_at_once()), (10, 3));
}

#[tokio::test]
async fn a_full_queue_takes_nothing() {
    let mut config = QueueConfig { max_pending: 5, ..QueueConfig::default() };
    config.concurrency.document = 1;
    let bench = Bench::start(config).await;
    bench.executor.script([Script::WaitForRelease]);
    bench.submit(1).await;
    bench.executor.wait_for_runs(1).await;
    bench.submit(5).await;
    let refused = bench.try_submit(1, None).await.expect_err("the queue is full");
    assert_eq!((refused.kind, refused.code), (ErrorKind::TooMany, "queue_full"));
    assert_eq!(bench.count().await, 6);
    bench.executor.release();
    bench.queue.run_until_idle().await;
}

#[tokio::test]
async fn a_failure_that_may_pass_is_tried_again_later() {
    let bench = Bench::start(QueueConfig::default()).await;
    bench.executor.script([Script::FailTransiently, Script::FailTransiently]);
    let task = bench.submit(1).await.remove(0);
    while bench.executor.runs() < 3 {
        bench.executor.wait_for_idle().await;
        bench.clock.advance(Duration::from_secs(60));
        tokio::task::yield_now().await;
    }
    bench.queue.run_until_idle().await;
    let done = bench.task(&task).await;
    assert_eq!((done.state, done.attempt), (TaskState::Completed, 3));
}

#[tokio::test]
async fn bad_input_is_not_tried_again() {
    let bench = Bench::start(QueueConfig::default()).await;
    bench.executor.script([Script::FailForGood]);
    let task = bench.submit(1).await.remove(0);
    bench.queue.run_until_idle().await;
    let done = bench.task(&task).await;
    assert_eq!((done.state, bench.executor.runs()), (TaskState::Failed, 1));
    assert_eq!(done.error.as_ref().map(|error| error.code.as_str()), Some("scripted"));
}

#[tokio::test]
async fn a_panic_ends_the_attempt_and_nothing_else() {
    let bench = Bench::start(QueueConfig { retry_parse: bench::once(), ..QueueConfig::default() }).await;
    bench.executor.script([Script::Panic]);
    let tasks = bench.submit(3).await;
    bench.queue.run_until_idle().await;
    let mut states = Vec::new();
    for task in &tasks {
        states.push(bench.task(task).await.state);
    }
    assert_eq!(states.iter().filter(|state| **state == TaskState::Failed).count(), 1);
    assert_eq!(states.iter().filter(|state| **state == TaskState::Completed).count(), 2);
}

#[tokio::test]
async fn an_attempt_over_its_deadline_fails() {
    let bench = Bench::start(QueueConfig::default()).await;
    bench.executor.script([Script::WaitForStop]);
    let task = bench.submit(1).await.remove(0);
    bench.executor.wait_for_runs(1).await;
    bench.clock.advance(QueueConfig::default().task_timeout);
    bench.queue.run_until_idle().await;
    let done = bench.task(&task).await;
    assert_eq!(done.state, TaskState::Failed);
    assert_eq!(done.error.as_ref().map(|error| error.code.as_str()), Some("deadline_exceeded"));
}

#[tokio::test]
async fn cancelling_stops_what_waits_and_what_runs() {
    let mut config = QueueConfig::default();
    config.concurrency.document = 1;
    let bench = Bench::start(config).await;
    bench.executor.script([Script::WaitForStop]);
    let tasks = bench.submit(2).await;
    bench.executor.wait_for_runs(1).await;
    let waiting = bench.queue.cancel(bench.user, tasks[1].id, None).await.expect("cancelled");
    assert_eq!(waiting.state, TaskState::Cancelled);
    let running = bench.queue.cancel(bench.user, tasks[0].id, None).await.expect("asked");
    assert_eq!(running.state, TaskState::Cancelling);
    bench.queue.run_until_idle().await;
    assert_eq!(bench.task(&tasks[0]).await.state, TaskState::Cancelled);
    assert_eq!(bench.executor.runs(), 1);
    let again = bench.queue.cancel(bench.user, tasks[0].id, None).await.expect_err("it has ended");
    assert_eq!(again.kind, ErrorKind::Conflict);
}

#[tokio::test]
async fn what_models_took_is_told_however_attempts_end() {
    let bench = Bench::start(QueueConfig::default()).await;
    let spent = async |task, attempts: u32| {
        let sum = Spent::sum(std::iter::repeat_n(Some(bench::SPENT), attempts as usize));
        assert_eq!(bench.task(task).await.spent, sum, "{attempts} attempts");
    };
    bench.executor.script([Script::FailTransiently]);
    let retried = bench.submit(1).await.remove(0);
    while bench.executor.runs() < 2 {
        bench.executor.wait_for_idle().await;
        bench.clock.advance(Duration::from_secs(60));
        tokio::task::yield_now().await;
    }
    bench.queue.run_until_idle().await;
    spent(&retried, 2).await;
    bench.queue.retry(bench.user, retried.id, None, None).await.expect("reopened");
    bench.queue.run_until_idle().await;
    spent(&retried, 3).await;
    bench.executor.script([Script::FailForGood]);
    let failed = bench.submit(1).await.remove(0);
    bench.queue.run_until_idle().await;
    spent(&failed, 1).await;
    bench.executor.script([Script::WaitForStop, Script::WaitForStop]);
    let over = bench.submit(1).await.remove(0);
    bench.executor.wait_for_runs(5).await;
    bench.clock.advance(QueueConfig::default().task_timeout);
    bench.queue.run_until_idle().await;
    spent(&over, 1).await;
    let cancelled = bench.submit(1).await.remove(0);
    bench.executor.wait_for_runs(6).await;
    bench.queue.cancel(bench.user, cancelled.id, None).await.expect("asked");
    bench.queue.run_until_idle().await;
    spent(&cancelled, 1).await;
    assert_eq!(bench.task(&cancelled).await.state, TaskState::Cancelled);
}

#[tokio::test]
async fn an_unknown_commit_of_an_end_is_repeated_without_doing_it_twice() {
    for moment in [Moment::Before, Moment::After] {
        let bench = Bench::start(QueueConfig::default()).await;
        bench.tasks.fail_next(TaskMethod::FinishMany, 1, moment);
        let task = bench.submit(1).await.remove(0);
        while bench.tasks.faults().calls(TaskMethod::FinishMany) < 2 {
            bench.clock.wait_for_sleepers(1).await;
            bench.clock.advance(Duration::from_secs(1));
            tokio::task::yield_now().await;
        }
        bench.queue.run_until_idle().await;
        assert_eq!(bench.task(&task).await.state, TaskState::Completed, "{moment:?}");
        assert_eq!(bench.executor.runs(), 1);
    }
}

#[tokio::test]
async fn an_unknown_commit_of_a_submit_does_not_leave_its_task_behind() {
    let bench = Bench::start(QueueConfig::default()).await;
    bench.tasks.fail_next(TaskMethod::InsertMany, 1, Moment::After);
    let refused = bench.try_submit(1, None).await.expect_err("nobody knows");
    assert_eq!(refused.kind, ErrorKind::Unavailable);
    while bench.executor.runs() == 0 {
        bench.clock.wait_for_sleepers(1).await;
        bench.clock.advance(Duration::from_secs(1));
        tokio::task::yield_now().await;
    }
    bench.queue.run_until_idle().await;
    assert_eq!(bench.count().await, 1);
}

#[tokio::test]
async fn one_bad_submit_does_not_fail_its_neighbours() {
    let bench = Bench::start(QueueConfig::default()).await;
    let gone = bench.missing_project();
    let (good, bad, also_good) =
        tokio::join!(bench.try_submit(2, None), bench.try_submit(1, Some(gone)), bench.try_submit(2, None));
    assert!(good.is_ok() && also_good.is_ok());
    assert_eq!(bad.expect_err("no such project").code, "reference_gone");
    bench.queue.run_until_idle().await;
    assert_eq!(bench.count().await, 4);
}

#[tokio::test]
async fn a_restart_takes_back_what_was_left() {
    let mut config = QueueConfig::default();
    config.concurrency.document = 1;
    let bench = Bench::start(config.clone()).await;
    bench.executor.script([Script::WaitForStop]);
    let tasks = bench.submit(4).await;
    bench.executor.wait_for_runs(1).await;
    // The old queue is not told: its process is as good as dead.
    let bench = bench.start_again(config).await;
    bench.queue.run_until_idle().await;
    for task in &tasks {
        let done = bench.task(task).await;
        assert_eq!(done.state, TaskState::Completed);
        assert!(done.attempt_epoch > task.attempt_epoch);
    }
    assert_eq!(bench.count().await, 4);
}

#[tokio::test]
async fn a_task_that_kills_its_process_each_time_is_given_up() {
    let config = QueueConfig { poison_after: 2, ..QueueConfig::default() };
    let mut bench = Bench::start(config.clone()).await;
    let mut task = None;
    for start in 0..4 {
        bench.executor.script([Script::WaitForRelease]);
        if task.is_none() {
            task = Some(bench.submit(1).await.remove(0));
        }
        if start < 3 {
            bench.executor.wait_for_runs(start + 1).await;
        }
        if start < 3 {
            bench = bench.start_again(config.clone()).await;
        }
    }
    let task = bench.task(&task.expect("submitted")).await;
    assert_eq!(task.state, TaskState::Failed);
    assert_eq!(task.error.as_ref().map(|error| error.code.as_str()), Some("poison"));
    assert_eq!(bench.executor.runs(), 3);
}

#[tokio::test]
async fn an_ended_task_runs_again_when_asked() {
    let bench = Bench::start(QueueConfig::default()).await;
    bench.executor.script([Script::FailForGood]);
    let task = bench.submit(1).await.remove(0);
    bench.queue.run_until_idle().await;
    let missing = bench.queue.retry(bench.user, task.id, Some(Stage::Mount), None).await.expect_err("no result yet");
    assert_eq!(missing.code, "artifact_missing");
    let reopened = bench.queue.retry(bench.user, task.id, Some(Stage::Parse), None).await.expect("reopened");
    assert_eq!(reopened.state, TaskState::Pending);
    bench.queue.run_until_idle().await;
    assert_eq!(bench.task(&task).await.state, TaskState::Completed);
}

#[tokio::test]
async fn a_stop_gives_back_what_does_not_end_in_time() {
    let config = QueueConfig { drain_timeout: Duration::ZERO, ..QueueConfig::default() };
    let bench = Bench::start(config.clone()).await;
    bench.executor.script([Script::WaitForStop]);
    let task = bench.submit(1).await.remove(0);
    bench.executor.wait_for_runs(1).await;
    bench.queue.shutdown().await;
    let given_back = bench.task(&task).await;
    assert_eq!((given_back.state, given_back.owner, given_back.attempt), (TaskState::Pending, None, 0));
    let refused = bench.try_submit(1, None).await.expect_err("it has stopped");
    assert_eq!(refused.kind, ErrorKind::Unavailable);
    let executor = Arc::clone(&bench.executor);
    assert_eq!(executor.runs(), 1);
}
