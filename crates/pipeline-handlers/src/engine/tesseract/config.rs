//! How Tesseract is run.

use std::path::PathBuf;

/// How Tesseract is run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TesseractConfig {
    /// Folder with `*.traineddata`; the program's own when absent.
    pub data_dir: Option<PathBuf>,
    /// Languages read when a request names none; of `eng` and `chi_sim` those installed when empty.
    pub languages: Vec<String>,
    /// Pixels per inch of the pictures made of PDF pages.
    pub dpi: u32,
    /// Most pixels of such a picture; larger pages are made less finely.
    pub max_page_pixels: u64,
    /// Tesseract's page segmentation mode (`--psm`), 3 being automatic.
    pub page_segmentation: u32,
    /// Most pages of one file.
    pub max_pages: u32,
    /// Runs at a time.
    pub workers: usize,
    /// Time of one page, wall-clock and processor, in seconds.
    pub page_seconds: u64,
    /// Address space of one run, in bytes.
    pub memory_bytes: u64,
}

impl Default for TesseractConfig {
    fn default() -> Self {
        Self {
            data_dir: None,
            languages: Vec::new(),
            dpi: 300,
            max_page_pixels: 40_000_000,
            page_segmentation: 3,
            max_pages: 500,
            workers: std::thread::available_parallelism().map_or(2, std::num::NonZero::get),
            page_seconds: 120,
            memory_bytes: 1 << 30,
        }
    }
}
