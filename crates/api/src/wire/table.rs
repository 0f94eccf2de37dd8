//! JSON tables on the wire.

use chrono::{DateTime, Utc};
use millrace_domain::json_table::{JsonTable, JsonTableDefinition};
use millrace_domain::{ProjectId, TableId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::common::{Id, checked_title, optional_id};
use crate::http::query::QueryParameters;
use crate::problem::Problem;

/// A new table.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"project_id": 7, "name": "Contracts", "description": "", "data": {"data": {}}}))]
pub struct NewTable {
    /// Where it belongs.
    #[serde(deserialize_with = "super::common::id")]
    #[schema(value_type = Id)]
    pub project_id: ProjectId,
    /// Name for people.
    #[schema(min_length = 1, max_length = 200)]
    pub name: String,
    /// Description for people.
    #[serde(default)]
    #[schema(max_length = 10000)]
    pub description: Option<String>,
    /// The document to begin with; an empty object by default.
    #[serde(default)]
    #[schema(value_type = Option<Value>)]
    pub data: Option<Value>,
}

/// What a caller chooses about a table.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "Contracts", "description": "Signed ones"}))]
pub struct TableInput {
    /// Name for people.
    #[schema(min_length = 1, max_length = 200)]
    pub name: String,
    /// Description for people.
    #[serde(default)]
    #[schema(max_length = 10000)]
    pub description: Option<String>,
}

impl TableInput {
    /// Checks it.
    ///
    /// # Errors
    /// `invalid_value`, `nul_character`.
    pub fn checked(self) -> Result<JsonTableDefinition, Problem> {
        let (name, description) = checked_title(&self.name, self.description.as_deref())?;
        Ok(JsonTableDefinition { name, description })
    }
}

/// A table without its data.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Table, example = json!({
    "table_id": 31, "project_id": 7, "name": "Contracts", "description": "",
    "created_at": "2026-11-22T08:00:00Z", "updated_at": "2026-11-22T08:00:00Z"
}))]
pub struct TableBody {
    /// Its id.
    #[schema(value_type = Id)]
    pub table_id: TableId,
    /// Where it belongs.
    #[schema(value_type = Id)]
    pub project_id: ProjectId,
    /// Name for people.
    pub name: String,
    /// Description for people.
    pub description: String,
    /// Stored at.
    pub created_at: DateTime<Utc>,
    /// Last change of name or description; changes of data do not count.
    pub updated_at: DateTime<Utc>,
}

impl From<&JsonTable> for TableBody {
    fn from(table: &JsonTable) -> Self {
        Self {
            table_id: table.id,
            project_id: table.project_id,
            name: table.name.clone(),
            description: table.description.clone(),
            created_at: table.created_at,
            updated_at: table.updated_at,
        }
    }
}

/// Which tables.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TablesQuery {
    /// Only of this project.
    #[serde(default, deserialize_with = "optional_id")]
    #[param(value_type = Option<i64>, minimum = 1)]
    pub project_id: Option<ProjectId>,
    /// Most objects to return; 50 by default, larger values are cut to 200.
    #[param(minimum = 1, example = 50)]
    pub limit: Option<u32>,
    /// Continues a list: `next_page_token` of the page before.
    pub page_token: Option<String>,
}

impl QueryParameters for TablesQuery {}

/// Which part of a table's data to read.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ReadQuery {
    /// JSON Pointer (RFC 6901); the whole document by default.
    #[param(example = "/data")]
    pub pointer: Option<String>,
    /// For an object: most members to return; 50 by default, larger values are cut to 200.
    #[param(minimum = 1, example = 50)]
    pub limit: Option<u32>,
    /// For an object: continues with the members after the page before.
    pub page_token: Option<String>,
}

impl QueryParameters for ReadQuery {}

/// Which part of a table's data to change.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PointerQuery {
    /// JSON Pointer (RFC 6901); the whole document by default.
    #[param(example = "/data/report")]
    pub pointer: Option<String>,
}

impl QueryParameters for PointerQuery {}

/// What was read.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "table_id": 31, "pointer": "/data", "value": {"report-1a2b3c4d": {"filename": "report.txt", "content": "..."}},
    "next_page_token": null, "warnings": []
}))]
pub struct DataBody {
    /// The table.
    #[schema(value_type = Id)]
    pub table_id: TableId,
    /// Where it was read.
    pub pointer: String,
    /// The value. An object that is larger than the page holds the members of this page alone.
    #[schema(value_type = Value)]
    pub value: Value,
    /// Continues an object with its next members; null when there are no more.
    pub next_page_token: Option<String>,
    /// What the caller should know about the request.
    pub warnings: Vec<String>,
}

/// What a change did.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"table_id": 31, "pointer": "/data/report", "mounts_ended": 1, "warnings": []}))]
pub struct DataChanged {
    /// The table.
    #[schema(value_type = Id)]
    pub table_id: TableId,
    /// Where it was changed.
    pub pointer: String,
    /// How many mounts stood at or below the pointer and ended with the change.
    pub mounts_ended: u64,
    /// What the caller should know about the request.
    pub warnings: Vec<String>,
}
