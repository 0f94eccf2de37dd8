//! Wire types: what clients send and read. Made from domain types and turned into them here, and nowhere else known.

pub mod api_key;
pub mod common;
pub mod project;

pub use common::{Id, Listing, PageQuery};
