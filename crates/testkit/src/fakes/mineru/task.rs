//! How far a file is, and what came out.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::MineruConditions;
use crate::fakes::mineru_output::{content_list, markdown, middle};
use crate::fakes::paper::Paper;
use crate::fakes::server::Form;

/// A file that was sent.
#[derive(Debug, Clone)]
pub(super) struct Task {
    pub(super) form: Form,
    pub(super) paper: Paper,
    pub(super) asked: u32,
}

/// The id of a file, by its place in the order of submission.
pub(super) fn task_id(number: u32) -> String {
    format!("5e7a61de-0000-4000-8000-{number:012}")
}

impl Task {
    /// How far it is.
    pub(super) fn stage(&self, conditions: &MineruConditions) -> &'static str {
        let MineruConditions { pending, processing, .. } = conditions;
        match self.asked {
            _ if self.paper.wants("hang") => "processing",
            asked if asked <= *pending => "pending",
            asked if asked <= pending + processing => "processing",
            _ if self.paper.wants("fail") => "failed",
            _ => "completed",
        }
    }

    /// What the server says of it.
    pub(super) fn told(&self, status: &str, id: &str) -> Value {
        json!({
            "task_id": id, "status": status, "backend": self.form.get("backend").unwrap_or("hybrid-engine"),
            "file_names": [self.stem()], "created_at": "2026-11-01T00:00:00Z", "started_at": null, "completed_at": null,
            "error": (status == "failed").then_some("list index out of range"),
            "status_url": format!("/tasks/{id}"), "result_url": format!("/tasks/{id}/result"), "queued_ahead": 0,
            "message": "Task submitted successfully",
        })
    }

    /// The stem as the server normalises it: not what was sent.
    fn stem(&self) -> String {
        let name = self.form.files.first().map_or("", |(name, _)| name.as_str());
        format!("{}_1", name.rsplit_once('.').map_or(name, |(stem, _)| stem).replace([' ', '.'], "_").to_lowercase())
    }

    /// Only what was asked for is there, and JSON is in strings.
    pub(super) fn results(&self) -> Value {
        let backend = self.form.get("backend").unwrap_or("hybrid-engine");
        let number =
            |name: &str, default: u32| self.form.get(name).and_then(|text| text.parse().ok()).unwrap_or(default);
        let (start, end) = (number("start_page_id", 0), number("end_page_id", 99_999));
        // From 0, both ends included; what is cut out is counted anew.
        let pages: Vec<u32> = (1..=self.paper.pages).filter(|page| (start..=end).contains(&(page - 1))).collect();
        let mut entry = BTreeMap::new();
        if self.form.flag("return_md", true) {
            entry.insert("md_content", json!(markdown(&pages)));
        }
        if self.form.flag("return_content_list", false) {
            entry.insert("content_list", json!(content_list(&pages).to_string()));
        }
        if self.form.flag("return_middle_json", false) {
            entry.insert("middle_json", json!(middle(pages.len(), backend).to_string()));
        }
        if self.form.flag("return_images", false) {
            entry.insert("images", json!({"t.jpg": "data:image/jpeg;base64,AAAA"}));
        }
        let mut results = serde_json::Map::new();
        results.insert(self.stem(), json!(entry));
        json!({"backend": backend, "version": "3.4.4", "results": results})
    }
}
