//! What is fuzzed: how an input becomes a file, what may go wrong with it, and what must hold of whatever is read from it.
//! `docs/parsers.md` says how to run it.

mod check;
mod contained;
mod limits;
mod parse;
mod plain;
mod pointers;
mod rules;
mod services;
mod targets;
mod text;

pub use contained::install;
pub use targets::{Run, find};
