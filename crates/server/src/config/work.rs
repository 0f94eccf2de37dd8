//! The queue, the parsers and the log.

use std::num::NonZero;

use millrace_pipeline_handlers::engine::tesseract::TesseractConfig;
use serde::{Deserialize, Serialize};

use super::engines::{DoclingSection, EngineName, MineruCloudSection, MineruSection};

const MIB: u64 = 1 << 20;

/// `[queue]`: how tasks are taken in, run and repeated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct QueueConfig {
    /// Name of this node, unique among the nodes on one database; a restart under the same name takes its own tasks back at once. Default `local`.
    pub node_name: String,
    /// Tasks waiting on this node at most; more are refused with 429. Default 100000.
    pub max_pending: u32,
    /// Tasks of each kind that run at once.
    pub concurrency: ConcurrencyConfig,
    /// How long the lease of a node lasts unrenewed, in seconds. Default 20.
    pub lease_seconds: u64,
    /// How often it is renewed, in seconds. Default 5.
    pub lease_renew_seconds: u64,
    /// How long a graceful stop waits for running tasks, in seconds. Default 30.
    pub drain_seconds: u64,
    /// Attempts of a stage, the first included. Default 3.
    pub max_attempts: u32,
    /// Upper bound of the delay before the second attempt, in milliseconds; it doubles from there. Default 2000.
    pub retry_base_ms: u64,
    /// Upper bound of any delay, in milliseconds. Default 60000.
    pub retry_max_ms: u64,
    /// Deaths of the process during a task after which the task is given up as poison. Default 3.
    pub poison_after: u32,
    /// How long one attempt may run, in seconds. Default 600.
    pub task_timeout_seconds: u64,
    /// How long a finished task waits for others to be written with while the node is busy, in milliseconds. Default 2.
    pub completion_delay_ms: u64,
    /// Tasks written in one transaction at most. Default 512.
    pub batch_max: u32,
}

impl Default for QueueConfig {
    fn default() -> Self {
        Self {
            node_name: "local".to_owned(),
            max_pending: 100_000,
            concurrency: ConcurrencyConfig::default(),
            lease_seconds: 20,
            lease_renew_seconds: 5,
            drain_seconds: 30,
            max_attempts: 3,
            retry_base_ms: 2_000,
            retry_max_ms: 60_000,
            poison_after: 3,
            task_timeout_seconds: 600,
            completion_delay_ms: 2,
            batch_max: 512,
        }
    }
}

/// `[queue.concurrency]`: tasks of each kind that run at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ConcurrencyConfig {
    /// Documents. Most of their time they wait for storage; the parser processes have a limit of their own
    /// (`parsers.workers`). Default: 16 per core.
    pub document: Option<u32>,
    /// Tabular loads. Default 2.
    pub load: u32,
    /// Queries. Default 2.
    pub query: u32,
}

impl Default for ConcurrencyConfig {
    fn default() -> Self {
        Self { document: None, load: 2, query: 2 }
    }
}

impl ConcurrencyConfig {
    /// Documents that run at once, on this machine.
    pub fn document_or_default(&self) -> u32 {
        self.document.unwrap_or_else(|| cores().saturating_mul(16))
    }
}

/// `[parsers]`: what a file may cost. Parsers of formats that are not plain text run in child processes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ParsersConfig {
    /// Ways to parse in the order in which they are tried. Default: all that are configured or found.
    pub order: Vec<EngineName>,
    /// Text in pictures and scans.
    pub tesseract: TesseractConfig,
    /// A MinerU of one's own.
    pub mineru: MineruSection,
    /// mineru.net.
    pub mineru_cloud: MineruCloudSection,
    /// docling-serve.
    pub docling: DoclingSection,
    /// Child processes at once. Default: one per core, at least 2.
    pub workers: Option<u32>,
    /// Child processes kept while idle. Default 1.
    pub warm_workers: u32,
    /// Documents after which a child process is replaced. Default 200.
    pub documents_per_worker: u32,
    /// Largest file parsed, in bytes. Default 512 MiB.
    pub max_file_bytes: u64,
    /// Largest plain file parsed without a child process, in bytes. Default 4 MiB.
    pub max_in_process_bytes: u64,
    /// Most pages, slides or sheets. Default 5000.
    pub max_pages: u32,
    /// Most bytes an archive (office files are archives) may inflate to. Default 1 GiB.
    pub max_uncompressed_bytes: u64,
    /// Most inflated bytes per stored byte. Default 100.
    pub max_compression_ratio: u64,
    /// Most entries in an archive. Default 20000.
    pub max_zip_entries: u32,
    /// Most levels of files inside files (archives, attached messages). Default 4.
    pub max_archive_depth: u32,
    /// Largest parsed document as JSON, in bytes. Default 256 MiB.
    pub max_output_bytes: u64,
    /// Most rows of a table in the document itself; more become an artifact of their own. Default 10000.
    pub max_inline_rows: u32,
    /// Most bytes of rows as JSON in the document itself. Default 16 MiB.
    pub max_inline_bytes: u64,
    /// Most bytes of rows of one file. Default 4 GiB.
    pub max_rows_bytes: u64,
    /// Memory of a child process, in bytes. Default 1 GiB.
    pub memory_bytes: u64,
    /// Processor time of one file, in seconds. Default 60.
    pub cpu_seconds: u64,
    /// Wall-clock time of one file, in seconds. Default 120.
    pub wall_seconds: u64,
}

impl Default for ParsersConfig {
    fn default() -> Self {
        Self {
            order: EngineName::ALL.to_vec(),
            tesseract: TesseractConfig::default(),
            mineru: MineruSection::default(),
            mineru_cloud: MineruCloudSection::default(),
            docling: DoclingSection::default(),
            workers: None,
            warm_workers: 1,
            documents_per_worker: 200,
            max_file_bytes: 512 * MIB,
            max_in_process_bytes: 4 * MIB,
            max_pages: 5_000,
            max_uncompressed_bytes: 1024 * MIB,
            max_compression_ratio: 100,
            max_zip_entries: 20_000,
            max_archive_depth: 4,
            max_output_bytes: 256 * MIB,
            max_inline_rows: 10_000,
            max_inline_bytes: 16 * MIB,
            max_rows_bytes: 4096 * MIB,
            memory_bytes: 1024 * MIB,
            cpu_seconds: 60,
            wall_seconds: 120,
        }
    }
}

impl ParsersConfig {
    /// Child processes at once, on this machine.
    pub fn workers_or_default(&self) -> u32 {
        self.workers.unwrap_or_else(|| cores().max(2))
    }
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// `[log]`: what is logged, to standard error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogConfig {
    /// `text` or `json`. Default `text`.
    pub format: LogFormat,
    /// Levels by target, as in `info,millrace_queue=debug`. Default `info,actix_server=warn`.
    pub filter: String,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self { format: LogFormat::Text, filter: "info,actix_server=warn".to_owned() }
    }
}

fn cores() -> u32 {
    let found = std::thread::available_parallelism().map_or(1, NonZero::get);
    u32::try_from(found).unwrap_or(u32::MAX)
}
