//! Documents: parsers from bytes to Markdown and blocks, transforms to result JSON, and the executor that runs both.
//!
//! Knows `millrace-domain` and nothing else of the workspace: no routes, no SQL, no queue. Parsers are synchronous and
//! pure; [`executor`] owns async, storage and cancellation. Binary formats and HTML are read in child processes with
//! limits of their own ([`pool`]), since their readers are large and the bytes are untrusted.

mod blocks;
mod budget;
pub mod catalog;
mod container;
pub mod draft;
pub mod encoding;
pub mod engine;
pub mod executor;
pub mod failure;
mod file;
mod finite;
pub mod format;
mod header;
mod inline;
pub mod limits;
pub mod media;
pub mod members;
mod nul;
mod ole2;
mod output;
mod pages;
mod panics;
pub mod parser;
pub mod parsers;
pub mod pool;
pub mod registry;
pub mod render;
pub mod retry_after;
pub mod rows;
mod sections;
pub mod sniff;
mod table;
pub mod transform;
mod writer;
mod xml;
