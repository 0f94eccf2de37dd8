//! The real binary, as people use it.

#![expect(clippy::unwrap_used, reason = "tests end when something is not as it must be")]

mod crash;
mod doctor;
mod home;
mod identity;
mod rules;
mod serving;
mod uploading;
