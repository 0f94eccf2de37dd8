//! Rules on the wire.

use chrono::{DateTime, Utc};
use millrace_domain::RuleId;
use millrace_domain::rule::{PostprocessMode, Rule, RuleDefinition};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};

use super::common::{Id, checked_object, checked_text, checked_title};
use crate::http::query::QueryParameters;
use crate::problem::{Problem, all};

/// Longest system prompt, in characters.
const MAX_PROMPT: usize = 100_000;
/// Longest name of a model, in characters.
const MAX_MODEL: usize = 200;

/// The way a rule works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = PostprocessMode)]
pub enum Mode {
    /// A language model fills the JSON Schema.
    Llm,
    /// Deterministic selectors, no model.
    Extract,
    /// The parsed text as it is.
    Skip,
}

impl From<Mode> for PostprocessMode {
    fn from(mode: Mode) -> Self {
        match mode {
            Mode::Llm => Self::Llm,
            Mode::Extract => Self::Extract,
            Mode::Skip => Self::Skip,
        }
    }
}

impl From<PostprocessMode> for Mode {
    fn from(mode: PostprocessMode) -> Self {
        match mode {
            PostprocessMode::Llm => Self::Llm,
            PostprocessMode::Extract => Self::Extract,
            PostprocessMode::Skip => Self::Skip,
        }
    }
}

/// What a caller chooses about a rule.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "name": "Plain text", "description": "Keeps the parsed text", "postprocess_mode": "skip",
    "json_schema": {"type": "object"}
}))]
pub struct RuleInput {
    /// Name for people.
    #[schema(min_length = 1, max_length = 200)]
    pub name: String,
    /// Description for people.
    #[serde(default)]
    #[schema(max_length = 10000)]
    pub description: Option<String>,
    /// JSON Schema of the result; any object by default, and for `extract` whatever its fields give.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub json_schema: Option<Value>,
    /// System prompt for `llm`.
    #[serde(default)]
    #[schema(max_length = 100000)]
    pub system_prompt: Option<String>,
    /// The way the rule works; `llm` by default.
    #[serde(default)]
    pub postprocess_mode: Option<Mode>,
    /// Model for `llm`; the installation's default when absent.
    #[serde(default)]
    #[schema(max_length = 200)]
    pub model: Option<String>,
    /// Settings of the mode: the extract language for `extract`; provider, chunks and citations for `llm`.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub options: Option<Value>,
}

impl RuleInput {
    /// Checks what needs no catalogue.
    ///
    /// # Errors
    /// `invalid_value`, `nul_character`.
    pub fn checked(self) -> Result<RuleDefinition, Problem> {
        let optional =
            |text: Option<String>, most, pointer| text.map(|text| checked_text(&text, most, pointer)).transpose();
        let mode: PostprocessMode = self.postprocess_mode.unwrap_or(Mode::Llm).into();
        let (title, json_schema, options, system_prompt, model) = all((
            checked_title(&self.name, self.description.as_deref()),
            checked_object(self.json_schema.unwrap_or_else(|| mode.default_schema()), "/json_schema"),
            checked_object(self.options.unwrap_or_else(|| json!({})), "/options"),
            optional(self.system_prompt, MAX_PROMPT, "/system_prompt"),
            optional(self.model, MAX_MODEL, "/model"),
        ))?;
        let (name, description) = title;
        Ok(RuleDefinition { name, description, mode, json_schema, system_prompt, model, options })
    }
}

/// Which version of a rule.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RuleQuery {
    /// The version; the latest by default.
    #[param(minimum = 1, example = 2)]
    pub version: Option<i32>,
}

impl QueryParameters for RuleQuery {}

/// A rule at one version.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Rule, example = json!({
    "rule_id": 12, "version": 1, "name": "Plain text", "description": "Keeps the parsed text",
    "postprocess_mode": "skip", "json_schema": {"type": "object"}, "system_prompt": null, "model": null, "options": {},
    "builtin": false, "created_at": "2026-11-22T08:00:00Z", "updated_at": "2026-11-22T08:00:00Z"
}))]
pub struct RuleBody {
    /// Its id.
    #[schema(value_type = Id)]
    pub rule_id: RuleId,
    /// Counts from 1; every change makes a new one.
    pub version: i32,
    /// Name for people.
    pub name: String,
    /// Description for people.
    pub description: String,
    /// The way it works.
    pub postprocess_mode: Mode,
    /// JSON Schema of the result.
    #[schema(value_type = Object)]
    pub json_schema: Value,
    /// System prompt for `llm`.
    pub system_prompt: Option<String>,
    /// Model for `llm`.
    pub model: Option<String>,
    /// Settings of the mode.
    #[schema(value_type = Object)]
    pub options: Value,
    /// Whether it is the built-in rule, which everybody sees and nobody changes.
    pub builtin: bool,
    /// First version stored at.
    pub created_at: DateTime<Utc>,
    /// This version stored at.
    pub updated_at: DateTime<Utc>,
}

impl From<&Rule> for RuleBody {
    fn from(rule: &Rule) -> Self {
        let definition = &rule.definition;
        Self {
            rule_id: rule.id,
            version: rule.version,
            name: definition.name.clone(),
            description: definition.description.clone(),
            postprocess_mode: definition.mode.into(),
            json_schema: definition.json_schema.clone(),
            system_prompt: definition.system_prompt.clone(),
            model: definition.model.clone(),
            options: definition.options.clone(),
            builtin: rule.user_id.is_none(),
            created_at: rule.created_at,
            updated_at: rule.updated_at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_without_a_schema_gets_one_that_its_results_fit() {
        let schema = |mode: &str| {
            let input = json!({"name": "r", "postprocess_mode": mode, "options": {}});
            let input: RuleInput = serde_json::from_value(input).expect("a rule");
            input.checked().expect("sound").json_schema
        };
        // Rules with `each` give lists.
        assert_eq!(schema("extract"), json!({}));
        assert_eq!(schema("llm"), json!({"type": "object"}));
    }
}
