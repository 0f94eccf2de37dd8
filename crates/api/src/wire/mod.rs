//! Wire types: what clients send and read. Made from domain types and turned into them here, and nowhere else known.

pub mod api_key;
pub mod callback;
pub mod capabilities;
pub mod common;
pub mod failure;
pub mod mount;
pub mod parse;
pub mod project;
pub mod provider;
pub mod rule;
pub mod rule_file;
pub mod submit;
pub mod table;
pub mod task;
pub mod task_parts;
mod time;
pub mod trial;
pub mod upload;
pub mod usage;
pub mod words;

pub use common::{Id, Listing, PageQuery};
