//! PostgreSQL 15 or later through diesel-async: the only module of the workspace that knows SQL.
//!
//! Rows (`*Row`) are private to this module; reading one is a checked conversion, since stored data can be bad. Hot
//! statements take arrays (`unnest`) and are prepared once per connection, see `fixed`; everything else is the query
//! builder. No session state is relied on, so a transaction pooler may stand in between.

mod api_keys;
mod artifacts;
mod diagnosis;
mod elements;
mod error;
mod events;
mod fixed;
mod ids;
mod migrate;
mod mount_batch;
mod mount_one;
mod mount_probe;
mod mounts;
mod nodes;
mod path;
mod projects;
mod providers;
mod receipts;
mod rules;
#[rustfmt::skip]
mod schema;
mod segments;
mod store;
mod table_data;
mod tables;
mod task_change;
mod task_finish;
mod task_finish_sql;
mod task_insert;
mod task_list;
mod task_recover;
mod task_row;
mod tasks;
mod unmount;
mod uploads;
mod usage;
mod users;

pub use diagnosis::Diagnosis;
pub use migrate::MigrateError;
pub use store::{PgOptions, PgStore};
