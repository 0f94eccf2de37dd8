//! `[parsers.*]`: ways to parse beside the built-in parsers.

use millrace_domain::secret::Secret;
use millrace_pipeline_handlers::engine::docling::OcrEngine;
use serde::{Deserialize, Serialize};

const MIB: u64 = 1 << 20;

/// A way to parse whole files, by the name that requests use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EngineName {
    /// The built-in parsers.
    Local,
    /// Text in pictures, by the program Tesseract on this machine.
    Tesseract,
    /// A MinerU of one's own.
    Mineru,
    /// mineru.net.
    MineruCloud,
    /// docling-serve.
    Docling,
}

impl EngineName {
    /// All, in the order of the default.
    pub const ALL: [Self; 5] = [Self::Local, Self::Tesseract, Self::Mineru, Self::MineruCloud, Self::Docling];

    /// The name in requests and in the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Tesseract => "tesseract",
            Self::Mineru => "mineru",
            Self::MineruCloud => "mineru_cloud",
            Self::Docling => "docling",
        }
    }
}

/// `limits` of a remote parser: what its use may cost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RemoteLimits {
    /// Largest file sent, in bytes. Default 200 MiB.
    pub max_file_bytes: u64,
    /// Largest answer read, in bytes. Default 256 MiB.
    pub max_result_bytes: u64,
    /// Files at the service at a time. Default 4.
    pub concurrency: u32,
    /// Time of one file at the service, waiting there included, in milliseconds. Default 540000.
    pub deadline_ms: u64,
    /// Time of one request, uploads and downloads aside, in milliseconds. Default 30000.
    pub request_timeout_ms: u64,
    /// Pause before the first question how far a task is, in milliseconds; it doubles from there. Default 500.
    pub poll_first_ms: u64,
    /// Longest pause between two such questions, in milliseconds. Default 15000.
    pub poll_max_ms: u64,
    /// How often a task that the service lost is sent again. Default 2.
    pub resubmissions: u32,
}

impl Default for RemoteLimits {
    fn default() -> Self {
        Self {
            max_file_bytes: 200 * MIB,
            max_result_bytes: 256 * MIB,
            concurrency: 4,
            deadline_ms: 540_000,
            request_timeout_ms: 30_000,
            poll_first_ms: 500,
            poll_max_ms: 15_000,
            resubmissions: 2,
        }
    }
}

/// `[parsers.mineru]`: a MinerU of one's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MineruSection {
    /// Its address, as in `http://127.0.0.1:8000`. Default: not used.
    pub url: Option<String>,
    /// `pipeline`, `vlm-engine`, `hybrid-engine`, …. Default: the server's own.
    pub backend: Option<String>,
    /// Language when a request names none that MinerU knows. Default `ch`, which is Chinese, English and more.
    pub language: String,
    /// Whether formulas are read. Default true.
    pub formulas: bool,
    /// Whether tables are read. Default true.
    pub tables: bool,
    /// What its use may cost.
    pub limits: RemoteLimits,
}

impl Default for MineruSection {
    fn default() -> Self {
        Self {
            url: None,
            backend: None,
            language: "ch".to_owned(),
            formulas: true,
            tables: true,
            limits: RemoteLimits::default(),
        }
    }
}

/// `[parsers.mineru_cloud]`: mineru.net.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MineruCloudSection {
    /// The token of the account. Default: not used; files leave the machine only with one.
    pub token: Option<Secret>,
    /// Address of the API. Default `https://mineru.net/api/v4`.
    pub url: String,
    /// Hosts that take uploads and give results; one with a dot in front stands for all below it.
    pub hosts: Vec<String>,
    /// `pipeline` or `vlm`. Default `pipeline`.
    pub model_version: String,
    /// Language when a request names none that MinerU knows. Default `ch`.
    pub language: String,
    /// Whether formulas are read. Default true.
    pub formulas: bool,
    /// Whether tables are read. Default true.
    pub tables: bool,
    /// Address at which the service can fetch files itself, with `{sha256}` in the place of their hash. Default: files
    /// are uploaded.
    pub source_url: Option<String>,
    /// Address of this server as the service reaches it, for its callbacks. Default: it is asked, and sends nothing.
    pub callback_url: Option<String>,
    /// Id of the account, which the checksums of callbacks are made with.
    pub uid: Option<String>,
    /// What its use may cost.
    pub limits: RemoteLimits,
}

impl Default for MineruCloudSection {
    fn default() -> Self {
        Self {
            token: None,
            url: "https://mineru.net/api/v4".to_owned(),
            hosts: [".mineru.net", ".openxlab.org.cn", ".aliyuncs.com"].map(str::to_owned).to_vec(),
            model_version: "pipeline".to_owned(),
            language: "ch".to_owned(),
            formulas: true,
            tables: true,
            source_url: None,
            callback_url: None,
            uid: None,
            limits: RemoteLimits::default(),
        }
    }
}

/// `[parsers.docling]`: docling-serve.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DoclingSection {
    /// Its address, as in `http://127.0.0.1:5001`. Default: not used.
    pub url: Option<String>,
    /// Its key, if it wants one.
    pub api_key: Option<Secret>,
    /// What it recognises text with, where it is to be told: `easyocr`, `tesseract`, `tesserocr`, `rapidocr`. Default: its own
    /// choice.
    pub ocr_engine: Option<OcrEngine>,
    /// Languages of recognition, as that names them, of requests that name none it knows. Default: its own.
    pub ocr_languages: Vec<String>,
    /// `accurate` or `fast`. Default `accurate`.
    pub table_mode: String,
    /// How long one question how far a task is may wait for news, in seconds. Default 10.
    pub wait_seconds: u64,
    /// What its use may cost.
    pub limits: RemoteLimits,
}

impl Default for DoclingSection {
    fn default() -> Self {
        Self {
            url: None,
            api_key: None,
            ocr_engine: None,
            ocr_languages: Vec::new(),
            table_mode: "accurate".to_owned(),
            wait_seconds: 10,
            limits: RemoteLimits::default(),
        }
    }
}
