//! Taking a mount out of its table.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use millrace_domain::mount::{Mount, MountState, Unmounted};
use millrace_domain::{MountId, ProjectId, TableId, UserId};

use super::error::TxError;
use super::mounts::{self, MountRow, Placed};
use super::schema::{json_segment, mount, task};
use super::{elements, events, path, segments, table_data, tables};
use crate::RepositoryError;

/// What a mount that is not there says.
const NOT_FOUND: RepositoryError = RepositoryError::NotFound("mount");

/// Takes out a mount that is in place and records that, with its event.
pub(super) async fn unmount(
    connection: &mut AsyncPgConnection,
    user: UserId,
    id: MountId,
    now: DateTime<Utc>,
) -> Result<Unmounted, TxError> {
    let table: Option<i64> = mount::table
        .find(id.get())
        .filter(mount::user_id.eq(user.get()))
        .select(mount::table_id)
        .first(connection)
        .await
        .optional()?;
    let table = TableId::new(table.ok_or(NOT_FOUND)?).map_err(RepositoryError::from)?;
    // The table before the mount, as everybody takes them: an unmount can move other mounts of its table, and the
    // record must be read when no other one can move it any more.
    tables::lock(connection, user, table).await.map_err(|error| match error {
        TxError::Ours(RepositoryError::NotFound(_)) => NOT_FOUND.into(),
        other => other,
    })?;
    let row: Option<MountRow> =
        mount::table.find(id.get()).select(MountRow::as_select()).for_update().first(connection).await.optional()?;
    let row = row.ok_or(NOT_FOUND)?;
    let before = Mount::try_from(row.clone())?;
    if before.state != MountState::Mounted {
        return Ok(Unmounted { before, removed: false });
    }
    diesel::update(mount::table.find(row.id))
        .set((mount::state.eq(MountState::Unmounted.as_str()), mount::updated_at.eq(now)))
        .execute(connection)
        .await?;
    let removed = take_out(connection, table, &row, now).await?;
    mounts::clear_mounted(connection, &[(row.id, row.task_id)], now).await?;
    let project: i64 = task::table.find(row.task_id).select(task::project_id).first(connection).await?;
    let project = ProjectId::new(project).map_err(RepositoryError::from)?;
    let placed = Placed {
        table,
        pointer: before.pointer.clone(),
        key: before.key.clone(),
        state: MountState::Unmounted,
        element: None,
    };
    let event = mounts::event(before.user_id, project, before.task_id, &placed, "table.unmounted");
    events::append(connection, &[event], now).await?;
    Ok(Unmounted { before, removed })
}

/// Takes the value of a mount that was in place out of its table; whether it was there.
async fn take_out(
    connection: &mut AsyncPgConnection,
    table: TableId,
    row: &MountRow,
    now: DateTime<Utc>,
) -> Result<bool, TxError> {
    let Some(element) = &row.element else {
        let removed = diesel::delete(json_segment::table.find((row.table_id, &row.path)))
            .filter(json_segment::task_id.eq(row.task_id))
            .execute(connection)
            .await?;
        elements::end_lost(connection, table, &row.path, now).await?;
        return Ok(removed > 0);
    };
    // A member that was changed by hand is no longer the task's value.
    if let Some(pointer) = path::decode(&row.path)
        && let Some((_, Some(held))) = segments::covering_value(connection, table, &pointer).await?
        && held == *element
    {
        return table_data::remove_from_covering(connection, table, &pointer, now).await;
    }
    Ok(false)
}
