//! The contract of the storage traits: one function per behaviour. Every implementation passes all of them.
//!
//! A behaviour assumes neither exact ids nor an empty store; it makes its own users and looks only at their rows.
//! Those in [`recovery`] take over whatever they find, so that no other behaviour may run on the same data meanwhile.
//! [`contract_suite!`](crate::contract_suite) makes one test of each.

pub mod attempts;
pub mod fixture;
mod suite;

pub mod admission;
pub mod array_mounts;
pub mod events;
pub mod finishing;
pub mod idempotency;
pub mod identity;
pub mod lifecycle;
pub mod mount_policies;
pub mod mounts;
pub mod nodes;
pub mod projects;
pub mod providers;
pub mod recovery;
pub mod rules;
pub mod table_data;
pub mod tables;
pub mod task_lists;
pub mod uploads;
pub mod usage;

pub use fixture::{Account, Fixture, Subject};

/// Asserts that a result is an error of this shape.
macro_rules! refused {
    ($result:expr, $pattern:pat $(if $guard:expr)?) => {
        match $result {
            Err($pattern) $(if $guard)? => {}
            other => panic!("{other:?} is not Err({})", stringify!($pattern)),
        }
    };
}
use refused;
