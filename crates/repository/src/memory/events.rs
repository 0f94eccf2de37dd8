//! The event log.

use std::ops::Bound;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use millrace_domain::event::{Event, NewEvent};
use millrace_domain::{EventId, Task, UserId};
use serde_json::json;

use super::MemoryStore;
use super::state::State;
use crate::{Clash, EventFilter, EventRepository, RepositoryError, Result};

impl State {
    /// Appends one event in the present transaction.
    pub(super) fn append_event(&mut self, content: NewEvent, now: DateTime<Utc>) -> Result<()> {
        let id = self.sequences.events.next()?;
        self.events.insert(id, Event { id, content, created_at: now });
        Ok(())
    }

    /// Appends `task.<what>`.
    pub(super) fn append_task_event(&mut self, task: &Task, what: &str, now: DateTime<Utc>) -> Result<()> {
        let payload = match (what, &task.error) {
            ("failed" | "retrying", Some(failure)) => json!({"code": failure.code, "stage": failure.stage}),
            ("reopened", _) => json!({"from_stage": task.start_stage()}),
            _ => json!({}),
        };
        let content = NewEvent {
            user_id: task.user_id,
            project_id: task.project_id,
            task_id: Some(task.id),
            table_id: None,
            name: format!("task.{what}"),
            payload,
        };
        self.append_event(content, now)
    }
}

#[async_trait]
impl EventRepository for MemoryStore {
    async fn append(&self, events: &[NewEvent], now: DateTime<Utc>) -> Result<()> {
        let mut state = self.lock();
        if !events.iter().all(|event| state.owns_project(event.user_id, event.project_id)) {
            return Err(RepositoryError::Conflict(Clash::Reference));
        }
        events.iter().try_for_each(|event| state.append_event(event.clone(), now))
    }

    async fn list(
        &self,
        user: UserId,
        filter: EventFilter,
        after: Option<EventId>,
        limit: usize,
    ) -> Result<Vec<Event>> {
        let state = self.lock();
        let start = after.map_or(Bound::Unbounded, Bound::Excluded);
        let matching = state.events.range((start, Bound::Unbounded)).map(|(_, event)| event).filter(|event| {
            event.content.user_id == user
                && filter.project.is_none_or(|project| event.content.project_id == project)
                && filter.task.is_none_or(|task| event.content.task_id == Some(task))
        });
        Ok(matching.take(limit).cloned().collect())
    }
}
