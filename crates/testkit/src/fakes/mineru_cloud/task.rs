//! How far a file is, and what came out.

use std::io::{Cursor, Write};

use serde_json::{Value, json};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::State;
use crate::fakes::mineru_output::{content_list, markdown, middle};
use crate::fakes::paper::{Paper, suffix};

/// Most pages of a file.
const MAX_PAGES: u32 = 600;

/// A file that was submitted.
#[derive(Debug, Clone)]
pub(super) struct Task {
    /// Absent until it is uploaded.
    pub(super) bytes: Option<Vec<u8>>,
    pub(super) options: Value,
    pub(super) asked: u32,
    /// Whether it was finished before its time.
    pub(super) is_done: bool,
}

/// The id of a file, by its place in the order of submission.
pub(super) fn task_id(number: u32) -> String {
    format!("0d1f7a2b-{number:04}")
}

impl Task {
    /// What the API says of it.
    pub(super) fn told(&self, state: &State, id: &str) -> Value {
        let data_id = &self.options["data_id"];
        let mut told = json!({"task_id": id, "file_name": self.options["name"], "data_id": data_id, "err_msg": ""});
        let Some(bytes) = &self.bytes else {
            told["state"] = "waiting-file".into();
            return told;
        };
        let paper = Paper::of(bytes);
        let failure = match &paper.fate {
            _ if suffix(bytes).is_none() => Some("-60003".to_owned()),
            Some(fate) if fate.starts_with("-6") => Some(fate.clone()),
            _ if paper.pages > MAX_PAGES => Some("-60006".to_owned()),
            _ => None,
        };
        let total = self.pages(&paper).len();
        match self.asked {
            0..=3 if self.is_done && failure.is_none() => Self::finished(&mut told, state, id),
            0 | 1 => told["state"] = "pending".into(),
            2 => {
                told["state"] = "running".into();
                told["extract_progress"] =
                    json!({"extracted_pages": total / 2, "total_pages": total, "start_time": "2026-11-01 00:00:00"});
            }
            _ if failure.is_some() => {
                told["state"] = "failed".into();
                told["err_code"] = json!(failure);
                told["err_msg"] = "it could not be done".into();
            }
            3 => told["state"] = "converting".into(),
            _ => Self::finished(&mut told, state, id),
        }
        told
    }

    fn finished(told: &mut Value, state: &State, id: &str) {
        let host = state.conditions.result_host.as_ref().unwrap_or(&state.base);
        told["state"] = "done".into();
        told["full_zip_url"] = format!("{host}/cdn/{id}.zip").into();
    }

    /// The wanted pages: `2,4-6`, from 1.
    fn pages(&self, paper: &Paper) -> Vec<u32> {
        let Some(ranges) = self.options["page_ranges"].as_str() else { return (1..=paper.pages).collect() };
        let number = |text: &str| text.parse::<u32>().unwrap_or(0);
        let is_wanted = |page: u32| {
            ranges.split(',').any(|range| {
                let (first, last) = range.split_once('-').unwrap_or((range, range));
                (number(first)..=number(last)).contains(&page)
            })
        };
        (1..=paper.pages).filter(|page| is_wanted(*page)).collect()
    }

    /// The archive of its results.
    pub(super) fn archive(&self) -> zip::result::ZipResult<Vec<u8>> {
        let paper = Paper::of(self.bytes.as_deref().unwrap_or_default());
        let pages = self.pages(&paper);
        let backend = self.options["model_version"].as_str().unwrap_or("pipeline");
        let mut entries = vec![
            ("full.md", markdown(&pages).into_bytes()),
            ("6f1e_origin.pdf", vec![0; 10]),
            ("6f1e_content_list.json", content_list(&pages).to_string().into_bytes()),
            ("6f1e_model.json", b"[]".to_vec()),
            ("layout.json", middle(pages.len(), backend).to_string().into_bytes()),
            ("images/t.jpg", vec![0; 10]),
        ];
        if paper.wants("bomb") {
            entries.push(("images/bomb.jpg", vec![0; 64 << 20]));
        }
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, bytes) in entries {
            writer.start_file(name, SimpleFileOptions::default())?;
            writer.write_all(&bytes)?;
        }
        Ok(writer.finish()?.into_inner())
    }
}
