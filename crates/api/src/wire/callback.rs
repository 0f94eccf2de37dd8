//! What remote services send.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What mineru.net sends when a task is done. Unknown fields are passed over: its form is not ours.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({
    "checksum": "2605226b86059b0d6f7571355a9319968dff3030e97441533d6dfe34ebcf6fa7",
    "content": "{\"batch_id\":\"0d1f7a2b\",\"extract_result\":[]}"
}))]
pub struct MineruCallback {
    /// SHA-256 in hex of account id, seed and content.
    pub checksum: String,
    /// JSON as text: what a question after the task is answered.
    pub content: String,
}

/// That a callback was taken.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"status": "taken"}))]
pub struct CallbackTaken {
    /// Always `taken`.
    pub status: &'static str,
}
