//! What waits in memory: fair over projects, by priority within a project.

use std::cmp::Reverse;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use millrace_domain::{ProjectId, Task, TaskId, TaskKind};

/// Order within a project: higher priority first, then older first.
type Rank = (Reverse<i16>, TaskId);

fn rank(task: &Task) -> Rank {
    (Reverse(task.priority), task.id)
}

/// Takes a task in; of two versions of the same task the later attempt stays. Whether it is one more.
fn keep_newer<K: Ord>(place: Entry<'_, K, Arc<Task>>, task: Arc<Task>) -> bool {
    match place {
        Entry::Vacant(place) => {
            place.insert(task);
            true
        }
        Entry::Occupied(mut place) => {
            if task.attempt_epoch > place.get().attempt_epoch {
                place.insert(task);
            }
            false
        }
    }
}

/// The waiting tasks of one kind. Projects take turns: one task each, round and round.
#[derive(Default)]
struct Lane {
    projects: HashMap<ProjectId, BTreeMap<Rank, Arc<Task>>>,
    turn: VecDeque<ProjectId>,
}

impl Lane {
    fn push(&mut self, task: Arc<Task>) -> bool {
        let waiting = self.projects.entry(task.project_id).or_insert_with(|| {
            self.turn.push_back(task.project_id);
            BTreeMap::new()
        });
        keep_newer(waiting.entry(rank(&task)), task)
    }

    fn pop(&mut self) -> Option<Arc<Task>> {
        loop {
            let project = self.turn.pop_front()?;
            let Some(waiting) = self.projects.get_mut(&project) else { continue };
            let task = waiting.pop_first().map(|(_, task)| task);
            if waiting.is_empty() {
                self.projects.remove(&project);
            } else {
                self.turn.push_back(project);
            }
            if task.is_some() {
                return task;
            }
        }
    }

    fn remove(&mut self, task: &Task) -> Option<Arc<Task>> {
        let waiting = self.projects.get_mut(&task.project_id)?;
        let removed = waiting.remove(&rank(task));
        if waiting.is_empty() {
            self.projects.remove(&task.project_id);
            self.turn.retain(|project| *project != task.project_id);
        }
        removed
    }
}

/// Everything that waits on this node. A task is in here at most once.
#[derive(Default)]
pub(crate) struct ReadyQueue {
    lanes: [Lane; TaskKind::ALL.len()],
    delayed: BTreeMap<(DateTime<Utc>, TaskId), Arc<Task>>,
    waiting: usize,
}

fn lane_of(kind: TaskKind) -> usize {
    match kind {
        TaskKind::Document => 0,
        TaskKind::Load => 1,
        TaskKind::Query => 2,
    }
}

impl ReadyQueue {
    /// Takes a task in; one with a `run_at` after `now` waits for that time first.
    pub(crate) fn push(&mut self, task: Arc<Task>, now: DateTime<Utc>) {
        let is_new = match task.run_at {
            Some(at) if at > now => keep_newer(self.delayed.entry((at, task.id)), task),
            _ => self.lanes[lane_of(task.kind)].push(task),
        };
        self.waiting += usize::from(is_new);
    }

    /// Moves what has become due into the lanes; says when the next one does.
    pub(crate) fn promote_due(&mut self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        while let Some(entry) = self.delayed.first_entry() {
            if entry.key().0 > now {
                return Some(entry.key().0);
            }
            let task = entry.remove();
            if !self.lanes[lane_of(task.kind)].push(task) {
                self.waiting -= 1;
            }
        }
        None
    }

    /// The next task of a kind.
    pub(crate) fn pop(&mut self, kind: TaskKind) -> Option<Arc<Task>> {
        let task = self.lanes[lane_of(kind)].pop()?;
        self.waiting -= 1;
        Some(task)
    }

    /// Takes a task out; `None` when it does not wait here.
    pub(crate) fn remove(&mut self, task: &Task) -> Option<Arc<Task>> {
        let delayed = task.run_at.and_then(|at| self.delayed.remove(&(at, task.id)));
        let removed = delayed.or_else(|| self.lanes[lane_of(task.kind)].remove(task))?;
        self.waiting -= 1;
        Some(removed)
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// How many tasks wait.
    pub(crate) fn len(&self) -> usize {
        self.waiting
    }
}

#[cfg(test)]
#[path = "ready_tests.rs"]
mod tests;
