//! `[parsers.*]`: ways to parse beside the built-in parsers.

use std::num::NonZero;
use std::path::PathBuf;

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
}

impl EngineName {
    /// All, in the order of the default.
    pub const ALL: [Self; 2] = [Self::Local, Self::Tesseract];
}

/// `[parsers.tesseract]`: text in pictures and scans.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TesseractSection {
    /// The program. Default: found through `PATH`; without it, pictures are not read.
    pub program: Option<PathBuf>,
    /// Folder with `*.traineddata`. Default: the program's own.
    pub data_dir: Option<PathBuf>,
    /// Languages read when a request names none. Default: of `eng` and `chi_sim` those installed.
    pub languages: Vec<String>,
    /// Pixels per inch of the pictures made of PDF pages. Default 300.
    pub dpi: u32,
    /// Most pixels of such a picture; larger pages are made less finely. Default 40000000.
    pub max_page_pixels: u64,
    /// Tesseract's page segmentation mode (`--psm`). Default 3, automatic.
    pub page_segmentation: u32,
    /// Most pages of one file. Default 500.
    pub max_pages: u32,
    /// Pages read at once, over all files. Default: one per core.
    pub workers: Option<u32>,
    /// Time of one page, wall-clock and processor, in seconds. Default 120.
    pub page_seconds: u64,
    /// Memory of one run, in bytes. Default 1 GiB.
    pub memory_bytes: u64,
}

impl Default for TesseractSection {
    fn default() -> Self {
        Self {
            program: None,
            data_dir: None,
            languages: Vec::new(),
            dpi: 300,
            max_page_pixels: 40_000_000,
            page_segmentation: 3,
            max_pages: 500,
            workers: None,
            page_seconds: 120,
            memory_bytes: 1024 * MIB,
        }
    }
}

impl TesseractSection {
    /// Pages read at once, on this machine.
    pub fn workers_or_default(&self) -> usize {
        self.workers
            .map_or_else(|| std::thread::available_parallelism().map_or(2, NonZero::get), |workers| workers as usize)
    }
}
