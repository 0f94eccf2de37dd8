//! Fairness, priority and delay.

use chrono::TimeZone;
use millrace_domain::task::{StageDetail, TaskSpec};
use millrace_domain::{TaskState, UserId};

use super::*;

fn task(id: i64, project: i64, priority: i16, run_at: Option<DateTime<Utc>>) -> Arc<Task> {
    let now = at(0);
    Arc::new(Task {
        id: TaskId::new(id).expect("id"),
        user_id: UserId::new(1).expect("id"),
        project_id: ProjectId::new(project).expect("id"),
        kind: TaskKind::Document,
        state: TaskState::Pending,
        priority,
        progress: 0,
        detail: StageDetail::default(),
        filename: "f".into(),
        rule: None,
        upload_id: None,
        spec: Arc::new(TaskSpec::default()),
        result: None,
        mounted: None,
        error: None,
        spent: None,
        attempt: 0,
        attempt_epoch: 1,
        recoveries: 0,
        recovered: false,
        owner: None,
        run_at,
        created_at: now,
        updated_at: now,
        started_at: None,
        transforming_at: None,
        cancel_requested_at: None,
        finished_at: None,
    })
}

fn at(second: i64) -> DateTime<Utc> {
    Utc.timestamp_opt(1_000_000 + second, 0).single().expect("a time")
}

fn drain(queue: &mut ReadyQueue) -> Vec<i64> {
    std::iter::from_fn(|| queue.pop(TaskKind::Document)).map(|task| task.id.get()).collect()
}

#[test]
fn projects_take_turns() {
    let mut queue = ReadyQueue::default();
    for (id, project) in [(1, 1), (2, 1), (3, 1), (4, 2), (5, 3), (6, 3)] {
        queue.push(task(id, project, 0, None), at(0));
    }
    assert_eq!(drain(&mut queue), [1, 4, 5, 2, 6, 3]);
    assert_eq!(queue.len(), 0);
}

#[test]
fn priority_counts_within_a_project_only() {
    let mut queue = ReadyQueue::default();
    for (id, project, priority) in [(1, 1, 0), (2, 1, 9), (3, 1, 9), (4, 2, -5)] {
        queue.push(task(id, project, priority, None), at(0));
    }
    assert_eq!(drain(&mut queue), [2, 4, 3, 1]);
}

#[test]
fn delayed_tasks_come_when_due() {
    let mut queue = ReadyQueue::default();
    queue.push(task(1, 1, 0, Some(at(10))), at(0));
    queue.push(task(2, 1, 0, Some(at(0))), at(0));
    assert_eq!(queue.promote_due(at(5)), Some(at(10)));
    assert_eq!(drain(&mut queue), [2]);
    assert_eq!(queue.len(), 1);
    assert_eq!(queue.promote_due(at(10)), None);
    assert_eq!(drain(&mut queue), [1]);
}

#[test]
fn a_task_is_in_at_most_once_and_can_be_taken_out() {
    let mut queue = ReadyQueue::default();
    let (plain, delayed) = (task(1, 1, 0, None), task(2, 1, 0, Some(at(9))));
    for _ in 0..2 {
        queue.push(Arc::clone(&plain), at(0));
        queue.push(Arc::clone(&delayed), at(0));
    }
    assert_eq!(queue.len(), 2);
    assert!(queue.remove(&delayed).is_some());
    assert!(queue.remove(&plain).is_some());
    assert!(queue.remove(&plain).is_none());
    assert_eq!(queue.len(), 0);
    queue.push(task(3, 1, 0, None), at(0));
    assert_eq!(drain(&mut queue), [3]);
}
