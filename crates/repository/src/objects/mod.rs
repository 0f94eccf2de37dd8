//! The object store: where the bytes of uploads, artifacts and exports lie.
//!
//! - [`local`]: files under one folder, fsynced; the default.
//! - [`s3`]: anything that speaks S3 (AWS, MinIO, R2, Supabase Storage).
//! - [`memory`]: for demos and tests; nothing is kept.
//!
//! All pass the same contract (`testing`). [`sweep`] removes what no row vouches for. Knows keys and bytes; which row
//! an object belongs to is the business of `millrace_domain::object_key` and of the oracle that the sweep asks.

mod digest;
mod key;
pub mod local;
pub mod location;
pub mod memory;
pub mod s3;
pub mod sweep;
#[cfg(any(test, feature = "testing"))]
pub mod testing;

pub use local::LocalObjectStore;
pub use location::{OpenError, clear_staging, open};
pub use memory::MemoryObjectStore;
pub use s3::{S3ObjectStore, S3Options};
