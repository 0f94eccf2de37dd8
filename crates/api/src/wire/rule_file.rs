//! Rules as a file: what travels between installations. No ids, no owners, no secrets.

use millrace_domain::rule::{Rule, RuleDefinition};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::rule::{Mode, RuleBody, RuleInput};
use crate::problem::Problem;

/// Tells such a file from others.
const FORMAT: &str = "millrace-rules";
/// Version of the file's form. A reader refuses those it does not know.
const VERSION: u32 = 1;

/// Rules as a file.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RuleFile, example = json!({"format": "millrace-rules", "version": 1, "rules": [{
    "name": "Plain text", "description": "Keeps the parsed text", "postprocess_mode": "skip",
    "json_schema": {"type": "object"}, "system_prompt": null, "model": null, "options": {}
}]}))]
pub struct RuleFile<'a> {
    /// Always `millrace-rules`.
    format: &'static str,
    /// Version of the file's form.
    version: u32,
    /// The rules.
    rules: Vec<ExportedRule<'a>>,
}

/// One rule of a file.
#[derive(Debug, Serialize, ToSchema)]
pub struct ExportedRule<'a> {
    /// Name for people.
    name: &'a str,
    /// Description for people.
    description: &'a str,
    /// The way the rule works.
    postprocess_mode: Mode,
    /// JSON Schema of the result.
    #[schema(value_type = Object)]
    json_schema: &'a Value,
    /// System prompt for `llm`.
    system_prompt: Option<&'a str>,
    /// Model for `llm`.
    model: Option<&'a str>,
    /// Settings of the mode.
    #[schema(value_type = Object)]
    options: &'a Value,
}

impl<'a> RuleFile<'a> {
    /// A file of one rule.
    pub fn of(rule: &'a Rule) -> Self {
        let RuleDefinition { name, description, mode, json_schema, system_prompt, model, options } = &rule.definition;
        let exported = ExportedRule {
            name,
            description,
            postprocess_mode: (*mode).into(),
            json_schema,
            system_prompt: system_prompt.as_deref(),
            model: model.as_deref(),
            options,
        };
        Self { format: FORMAT, version: VERSION, rules: vec![exported] }
    }
}

/// A file of rules to be stored.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"format": "millrace-rules", "version": 1, "rules": [{
    "name": "Plain text", "postprocess_mode": "skip", "json_schema": {"type": "object"}
}]}))]
pub struct RuleFileInput {
    /// Always `millrace-rules`.
    pub format: String,
    /// Version of the file's form; 1.
    pub version: u32,
    /// The rules, each as for `create_rule`.
    pub rules: Vec<RuleInput>,
}

impl RuleFileInput {
    /// Checks all rules, so that all that is wrong is told at once. `check` asks whether a rule can run here.
    ///
    /// # Errors
    /// That of the first rule that cannot be stored, with the places of all.
    pub fn checked(
        self,
        most: usize,
        check: impl Fn(&RuleDefinition) -> Result<(), Problem>,
    ) -> Result<Vec<RuleDefinition>, Problem> {
        if self.format != FORMAT {
            return Err(Problem::new("invalid_value", format!("the format is '{FORMAT}'")).at("/format"));
        }
        if self.version != VERSION {
            let detail = format!("files of version {VERSION} are read here");
            return Err(Problem::new("invalid_value", detail).at("/version"));
        }
        if self.rules.is_empty() || self.rules.len() > most {
            return Err(Problem::new("invalid_value", format!("a file has 1 to {most} rules")).at("/rules"));
        }
        let mut definitions = Vec::with_capacity(self.rules.len());
        let mut refused: Option<Problem> = None;
        for (index, input) in self.rules.into_iter().enumerate() {
            match input.checked().and_then(|definition| check(&definition).map(|()| definition)) {
                Ok(definition) => definitions.push(definition),
                Err(problem) => {
                    Problem::collect(&mut refused, problem.below(&format!("/rules/{index}")));
                }
            }
        }
        match refused {
            Some(problem) => Err(problem),
            None => Ok(definitions),
        }
    }
}

/// The rules that a file brought.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"items": [{
    "rule_id": 12, "version": 1, "name": "Plain text", "description": "", "postprocess_mode": "skip",
    "json_schema": {"type": "object"}, "system_prompt": null, "model": null, "options": {}, "builtin": false,
    "created_at": "2026-11-22T08:00:00Z", "updated_at": "2026-11-22T08:00:00Z"
}], "total": 1}))]
pub struct ImportedRules {
    /// The stored rules, in the order of the file.
    pub items: Vec<RuleBody>,
    /// How many they are.
    pub total: usize,
}

impl ImportedRules {
    /// From the stored rules.
    pub fn of(rules: &[Rule]) -> Self {
        Self { items: rules.iter().map(RuleBody::from).collect(), total: rules.len() }
    }
}
