//! `/api/v1/etl/tasks`.

mod actions;
mod files;
mod list;
mod mounts;
mod one;

use utoipa_actix_web::service_config::ServiceConfig;

/// `batch` comes before `{task_id}`, which would match it.
pub fn register(config: &mut ServiceConfig<'_>) {
    config
        .service(list::batch_get_tasks)
        .service(one::get_task)
        .service(list::list_tasks)
        .service(files::get_task_result)
        .service(files::list_task_artifacts)
        .service(files::get_task_artifact)
        .service(files::list_task_events)
        .service(actions::cancel_task)
        .service(actions::retry_task)
        .service(mounts::mount_task)
        .service(mounts::list_task_mounts)
        .service(mounts::delete_task_mount);
}
