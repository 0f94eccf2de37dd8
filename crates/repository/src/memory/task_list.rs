//! Which tasks a list shows.

use std::sync::Arc;

use millrace_domain::{Task, UserId};

use super::state::State;
use crate::{StatusOverlay, TaskFilter, TaskPage};

impl State {
    pub(super) fn list_tasks(&self, user: UserId, filter: &TaskFilter, page: TaskPage) -> Vec<Arc<Task>> {
        match page {
            TaskPage::Keyset { before, limit } => {
                let older = self.newest_tasks(user).filter(|task| before.is_none_or(|before| task.id < before));
                older.filter(|task| matches(filter, task)).take(limit).cloned().collect()
            }
            TaskPage::Offset { offset, limit } => {
                let matching = self.newest_tasks(user).filter(|task| matches(filter, task));
                matching.skip(offset).take(limit).cloned().collect()
            }
        }
    }

    pub(super) fn count_tasks(&self, user: UserId, filter: &TaskFilter) -> u64 {
        self.newest_tasks(user).filter(|task| matches(filter, task)).count() as u64
    }

    fn newest_tasks(&self, user: UserId) -> impl Iterator<Item = &Arc<Task>> {
        let ids = self.tasks_by_user.get(&user).into_iter().flat_map(|ids| ids.iter().rev());
        ids.filter_map(|id| self.tasks.get(id)).map(|row| &row.task)
    }
}

fn matches(filter: &TaskFilter, task: &Task) -> bool {
    matches_status(filter, task)
        && filter.project.is_none_or(|project| task.project_id == project)
        && (filter.kinds.is_empty() || filter.kinds.contains(&task.kind))
        && filter.created_from.is_none_or(|from| task.created_at >= from)
        && filter.created_before.is_none_or(|before| task.created_at < before)
        && filter.filename_contains.as_ref().is_none_or(|text| contains_ignoring_case(&task.filename, text))
}

fn matches_status(filter: &TaskFilter, task: &Task) -> bool {
    if filter.statuses.is_empty() {
        return true;
    }
    let stored = filter.statuses.contains(&task.state.as_str());
    match &filter.overlay {
        None => stored,
        Some(StatusOverlay { include, exclude }) => {
            include.contains(&task.id) || (stored && !exclude.contains(&task.id))
        }
    }
}

fn contains_ignoring_case(text: &str, part: &str) -> bool {
    text.to_lowercase().contains(&part.to_lowercase())
}
