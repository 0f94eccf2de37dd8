//! What the integration tests share: documents made on the spot, and doubles at the ports.

#![expect(dead_code, reason = "every test binary uses its own part")]

pub mod files;
pub mod pages;
pub mod pictures;
pub mod ports;

use std::sync::Arc;

use millrace_pipeline_handlers::pool::{ParserPool, PoolConfig, WorkerCommand};

/// The real parser process, built for these tests.
pub fn worker() -> WorkerCommand {
    WorkerCommand::new(env!("CARGO_BIN_EXE_millrace-parse-worker"))
}

/// A pool of one real parser process, so that every document meets the child of the one before.
pub fn pool() -> Arc<ParserPool> {
    ParserPool::start(PoolConfig { size: 1, ..PoolConfig::new(worker()) }).expect("a pool")
}

/// A pool whose children run a line of shell.
pub fn shell_pool(script: &str) -> Arc<ParserPool> {
    let command = WorkerCommand::new("/bin/sh").arg("-c").arg(script);
    ParserPool::start(PoolConfig { size: 1, warm: 0, ..PoolConfig::new(command) }).expect("a pool")
}
