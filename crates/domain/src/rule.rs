//! How a parsed document becomes JSON.

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::ids::{RuleId, UserId};

/// The way a rule works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PostprocessMode {
    /// A language model fills the JSON Schema.
    Llm,
    /// Deterministic selectors, no model.
    Extract,
    /// The parsed text as it is.
    Skip,
}

impl PostprocessMode {
    /// All modes.
    pub const ALL: [Self; 3] = [Self::Llm, Self::Extract, Self::Skip];

    /// The text of the API and the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Llm => "llm",
            Self::Extract => "extract",
            Self::Skip => "skip",
        }
    }

    /// The JSON Schema of rules that name none. The program of an `extract` rule says itself what comes out, an object or
    /// a list; a model has to be told at least that much.
    pub fn default_schema(self) -> Value {
        match self {
            Self::Extract => serde_json::json!({}),
            Self::Llm | Self::Skip => serde_json::json!({"type": "object"}),
        }
    }

    /// Reads [`as_str`](Self::as_str).
    pub fn from_text(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.as_str() == text)
    }
}

/// What a rule says; every change makes a new version.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleDefinition {
    /// Name for people.
    pub name: String,
    /// Description for people.
    pub description: String,
    /// The way it works.
    pub mode: PostprocessMode,
    /// JSON Schema of the result.
    pub json_schema: Value,
    /// System prompt for `llm`.
    pub system_prompt: Option<String>,
    /// Model for `llm`; the installation's default when absent.
    pub model: Option<String>,
    /// Settings of the mode, a JSON object: the extract language for `extract`; provider, chunking and citations for
    /// `llm`.
    pub options: Value,
}

/// A rule at one version.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// Its id.
    pub id: RuleId,
    /// The owner; `None` for the built-in rule that everybody sees.
    pub user_id: Option<UserId>,
    /// Counts from 1.
    pub version: i32,
    /// What it says.
    pub definition: RuleDefinition,
    /// First version stored at.
    pub created_at: DateTime<Utc>,
    /// This version stored at.
    pub updated_at: DateTime<Utc>,
}

/// The id of the one built-in rule (`skip`), made by the first migration.
pub const BUILTIN_RULE_ID: i64 = 1;
/// The name of the built-in rule.
pub const BUILTIN_RULE_NAME: &str = "default";

impl RuleDefinition {
    /// The built-in rule's definition.
    pub fn builtin() -> Self {
        Self {
            name: BUILTIN_RULE_NAME.to_owned(),
            description: "Keeps the parsed text as it is.".to_owned(),
            mode: PostprocessMode::Skip,
            json_schema: PostprocessMode::Skip.default_schema(),
            system_prompt: None,
            model: None,
            options: serde_json::json!({}),
        }
    }
}
