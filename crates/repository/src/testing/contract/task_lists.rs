//! Lists of tasks: filters, pages, counts, and fresher facts laid over them.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use millrace_domain::task::TaskSpec;
use millrace_domain::{Task, TaskId, TaskKind};

use super::attempts::{completed, failure};
use super::{Account, Subject};
use crate::{FinishKind, StatusOverlay, TaskFilter, TaskPage};

const ALL: TaskPage = TaskPage::Keyset { before: None, limit: 10_000 };

async fn ids(s: &Subject<'_>, account: Account, filter: &TaskFilter) -> Vec<TaskId> {
    let tasks = s.stores.tasks.list(account.user, filter, ALL).await.expect("read");
    let count = s.stores.tasks.count(account.user, filter).await.expect("counted");
    assert_eq!(count, tasks.len() as u64, "{filter:?}");
    tasks.iter().map(|task| task.id).collect()
}

fn newest_first<'a>(tasks: impl IntoIterator<Item = &'a Arc<Task>>) -> Vec<TaskId> {
    let mut ids: Vec<TaskId> = tasks.into_iter().map(|task| task.id).collect();
    ids.sort_unstable();
    ids.reverse();
    ids
}

/// Keyset pages show every task once, newest first, in pages of the wanted size.
pub async fn keyset_pages_show_each_task_once(s: &Subject<'_>) {
    let (account, owner) = (s.account().await, s.node().await);
    let tasks = s.insert(Some(owner), s.new_tasks(account, 257).await).await;
    let mut seen: Vec<TaskId> = Vec::new();
    loop {
        let page = TaskPage::Keyset { before: seen.last().copied(), limit: 50 };
        let rows = s.stores.tasks.list(account.user, &TaskFilter::default(), page).await.expect("read");
        seen.extend(rows.iter().map(|task| task.id));
        if rows.len() < 50 {
            break;
        }
    }
    assert_eq!(seen, newest_first(&tasks));
}

/// Offset pages are slices of the same order; past the end there is nothing.
pub async fn offset_pages_are_slices(s: &Subject<'_>) {
    let (account, owner) = (s.account().await, s.node().await);
    let all = newest_first(&s.insert(Some(owner), s.new_tasks(account, 25).await).await);
    for (offset, limit) in [(0, 10), (10, 10), (20, 10), (25, 10), (100, 1), (3, 0)] {
        let page = TaskPage::Offset { offset, limit };
        let rows = s.stores.tasks.list(account.user, &TaskFilter::default(), page).await.expect("read");
        let expected: Vec<TaskId> = all.iter().copied().skip(offset).take(limit).collect();
        assert_eq!(rows.iter().map(|task| task.id).collect::<Vec<_>>(), expected, "{offset} {limit}");
    }
}

/// A status filter gives tasks of these statuses alone.
pub async fn tasks_are_filtered_by_status(s: &Subject<'_>) {
    let (account, owner) = (s.account().await, s.node().await);
    let (pending, done, failed) =
        (s.task(account, owner).await, s.done(account, owner).await, s.task(account, owner).await);
    s.finish(&failed, FinishKind::Failed(failure("x"))).await;
    let with = |statuses: &[&'static str]| TaskFilter { statuses: statuses.to_vec(), ..Default::default() };
    assert_eq!(ids(s, account, &with(&["pending"])).await, [pending.id]);
    assert_eq!(ids(s, account, &with(&["completed"])).await, [done.id]);
    assert_eq!(ids(s, account, &with(&["failed", "pending"])).await, newest_first([&pending, &failed]));
    assert!(ids(s, account, &with(&["cancelled", "running"])).await.is_empty());
    assert_eq!(ids(s, account, &with(&[])).await, newest_first([&pending, &done, &failed]));
}

/// Project, kind and time each filter, and all together.
pub async fn tasks_are_filtered_by_project_kind_and_time(s: &Subject<'_>) {
    let (account, owner) = (s.account().await, s.node().await);
    let other = Account { project: s.project(account.user).await, ..account };
    let document = s.task(account, owner).await;
    let mut new = s.new_tasks(other, 1).await;
    new[0].kind = TaskKind::Load;
    new[0].spec = Arc::new(TaskSpec::default());
    let load = s.insert(Some(owner), new).await.remove(0);
    let between: DateTime<Utc> = load.created_at;
    let none = TaskFilter::default;
    assert_eq!(ids(s, account, &TaskFilter { project: Some(other.project), ..none() }).await, [load.id]);
    assert_eq!(ids(s, account, &TaskFilter { kinds: vec![TaskKind::Document], ..none() }).await, [document.id]);
    let both = TaskFilter { kinds: vec![TaskKind::Load, TaskKind::Document], ..none() };
    assert_eq!(ids(s, account, &both).await, newest_first([&document, &load]));
    assert_eq!(ids(s, account, &TaskFilter { created_from: Some(between), ..none() }).await, [load.id]);
    assert_eq!(ids(s, account, &TaskFilter { created_before: Some(between), ..none() }).await, [document.id]);
    let contradiction = TaskFilter { project: Some(account.project), kinds: vec![TaskKind::Load], ..none() };
    assert!(ids(s, account, &contradiction).await.is_empty());
}

/// A part of the file name is found whatever its case; what SQL takes for wildcards is text.
pub async fn tasks_are_filtered_by_part_of_the_name(s: &Subject<'_>) {
    let (account, owner) = (s.account().await, s.node().await);
    let names = ["Annual REPORT.pdf", "100%_sure.txt", "100 and sure.txt", "back\\slash.md", "年度报告.docx"];
    let mut new = s.new_tasks(account, names.len()).await;
    for (task, name) in new.iter_mut().zip(names) {
        task.filename = name.into();
    }
    let tasks = s.insert(Some(owner), new).await;
    let check = [
        ("report", vec![0]),
        ("REPORT.P", vec![0]),
        ("100", vec![1, 2]),
        ("0%", vec![1]),
        ("%_s", vec![1]),
        ("_", vec![1]),
        ("k\\s", vec![3]),
        ("报告", vec![4]),
        ("nothing", vec![]),
    ];
    for (text, expected) in check {
        let filter = TaskFilter { filename_contains: Some(text.into()), ..Default::default() };
        let expected = newest_first(expected.into_iter().map(|index: usize| &tasks[index]));
        assert_eq!(ids(s, account, &filter).await, expected, "{text}");
    }
}

/// Nobody else's tasks are listed or counted.
pub async fn strangers_tasks_are_not_listed(s: &Subject<'_>) {
    let (account, stranger, owner) = (s.account().await, s.account().await, s.node().await);
    let mine = s.task(account, owner).await;
    s.insert(Some(owner), s.new_tasks(stranger, 3).await).await;
    assert_eq!(ids(s, account, &TaskFilter::default()).await, [mine.id]);
    let foreign = TaskFilter { project: Some(stranger.project), ..Default::default() };
    assert!(ids(s, account, &foreign).await.is_empty());
}

/// Fresher facts decide a status filter before pages are cut; all other filters and the owner still hold.
pub async fn an_overlay_decides_the_status(s: &Subject<'_>) {
    let (account, stranger, owner) = (s.account().await, s.account().await, s.node().await);
    let tasks = s.insert(Some(owner), s.new_tasks(account, 4).await).await;
    s.finish(&tasks[3], completed(None)).await;
    let theirs = s.task(stranger, owner).await;
    let overlay = StatusOverlay { include: vec![tasks[0].id, theirs.id], exclude: vec![tasks[1].id] };
    let filter = |statuses: &[&'static str]| TaskFilter {
        statuses: statuses.to_vec(),
        overlay: Some(overlay.clone()),
        ..Default::default()
    };
    assert_eq!(ids(s, account, &filter(&["mineru_parsing"])).await, [tasks[0].id], "included by the overlay alone");
    let pending = newest_first([&tasks[0], &tasks[2]]);
    assert_eq!(ids(s, account, &filter(&["pending"])).await, pending);
    let page = TaskPage::Keyset { before: None, limit: 1 };
    let first = s.stores.tasks.list(account.user, &filter(&["pending"]), page).await.expect("read");
    assert_eq!(first.iter().map(|task| task.id).collect::<Vec<_>>(), pending[..1]);
    let elsewhere = TaskFilter { kinds: vec![TaskKind::Query], ..filter(&["mineru_parsing"]) };
    assert!(ids(s, account, &elsewhere).await.is_empty());
    assert_eq!(ids(s, account, &filter(&[])).await, newest_first(&tasks), "without a status it does not filter");
}
