//! A warm pool of parser processes: one bad file never takes the server down.
//!
//! Every child runs this same program with a hidden subcommand ([`worker::parse_worker_main`]) and speaks the frames
//! of `protocol` over its standard input and output. The child limits its own memory, processor time and files; the
//! parent owns the wall clock and kills. A child that dies costs the one document it was reading.

mod child;
mod command;
mod death;
mod idle;
mod os;
mod parent;
mod protocol;
mod spawner;
mod worker;

pub use command::WorkerCommand;
pub use parent::{ParseJob, ParserPool, PoolConfig, WorkerInput};
pub use worker::parse_worker_main;
