//! Storage: one trait per aggregate, with three implementations under one contract suite.
//!
//! - [`memory`]: everything in one process; for demos and fast tests. Production code, not a mock.
//! - [`postgres`]: diesel-async over PostgreSQL 15 or later; the only module of the workspace that knows SQL.
//! - [`dual`]: hot memory over a cold store; what the server runs on.
//!
//! No trait shows a connection or a transaction: each method is one atomic step. Rows are private to [`postgres`].

pub mod dual;
mod ending;
pub mod error;
pub mod memory;
pub mod objects;
pub mod parse_cache;
pub mod postgres;
pub mod provider_directory;
pub mod receipt;
pub mod stores;
#[cfg(feature = "testing")]
pub mod testing;
pub mod token_budget;
pub mod traits;
pub mod vault;

pub use error::{Clash, RepositoryError, Result};
pub use receipt::{Receipt, ReceiptKey, StoredReceipt, StoredResponse};
pub use stores::Stores;
pub use traits::*;
