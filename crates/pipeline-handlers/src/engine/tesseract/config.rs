//! How Tesseract is found and run.

use std::num::NonZero;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// `[parsers.tesseract]`: text in pictures and scans.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TesseractConfig {
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
    /// Memory of one run (its address space), in bytes. Default 1 GiB.
    pub memory_bytes: u64,
}

impl Default for TesseractConfig {
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
            memory_bytes: 1 << 30,
        }
    }
}

impl TesseractConfig {
    /// Whether somebody wants Tesseract, rather than taking it where it is found.
    pub fn is_wanted(&self) -> bool {
        self.program.is_some() || self.data_dir.is_some() || !self.languages.is_empty()
    }

    /// Pages read at once, on this machine.
    pub fn workers_or_default(&self) -> usize {
        self.workers
            .map_or_else(|| std::thread::available_parallelism().map_or(2, NonZero::get), |workers| workers as usize)
    }

    /// What is wrong with it by itself, for people: each begins with the name of a field.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let mut unless = |fine: bool, problem: String| problems.extend((!fine).then_some(problem));
        for (field, value) in [
            ("max_page_pixels", self.max_page_pixels),
            ("max_pages", self.max_pages.into()),
            ("workers", self.workers.map_or(1, u64::from)),
            ("page_seconds", self.page_seconds),
        ] {
            unless(value > 0, format!("{field} must be at least 1"));
        }
        unless((70..=1_200).contains(&self.dpi), "dpi must be from 70 to 1200".to_owned());
        unless(self.page_segmentation <= 13, "page_segmentation must be from 0 to 13".to_owned());
        let least = 256 << 20;
        unless(self.memory_bytes >= least, format!("memory_bytes must be at least {least} (256 MiB)"));
        for code in &self.languages {
            let is_code = !code.is_empty() && code.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
            unless(is_code, format!("languages: {code:?} is no language code"));
        }
        problems
    }
}
