//! The results of a document's parts as one: put together, checked, and corrected by the model where the rule's schema
//! refuses what they say together.

use std::collections::BTreeMap;

use millrace_domain::TaskFailure;
use serde_json::{Value, json};

use super::call::prompt_tokens;
use super::contract::{Contract, Given};
use super::converse::{Conversation, invalid_answer};
use super::merge::{Merged, below, merge};
use super::prompt::{self, Together};
use super::run::Run;
use super::tokens;
use crate::transform::schema::SchemaViolation;
use crate::transform::unworkable;

/// Name of the conversation about the whole, where parts have numbers.
const NAME: &str = "whole";

impl Run<'_> {
    /// Puts the results of the parts together. Where the schema refuses the whole, the model is shown it with what is
    /// wrong, as often as it may repair.
    ///
    /// # Errors
    /// `invalid_answer` when it stays wrong or there is no room to correct it; those of requests.
    pub(super) async fn put_together(&self, mut given: Vec<Given>) -> Result<(Merged, Vec<Given>), TaskFailure> {
        let values: Vec<Value> = given.iter().map(|given| given.value.clone()).collect();
        let mut merged = merge(&values, self.options.duplicates);
        let violations = self.whole.check(&mut merged.value);
        self.input.trace.note("merge", "", || json!({"parts": values.len(), "violations": violations.len()}));
        if violations.is_empty() {
            return Ok((merged, given));
        }
        let value = self.corrected(&merged, &violations).await?;
        self.warn(
            "what the parts of the document say together was against the schema; the model corrected it without seeing \
             the document again"
                .to_owned(),
        );
        let origins = carried(&merged, &value, given.len());
        given.push(Given { value: value.clone(), quotes: Vec::new() });
        Ok((Merged { value, origins, warnings: merged.warnings }, given))
    }

    async fn corrected(&self, merged: &Merged, violations: &[SchemaViolation]) -> Result<Value, TaskFailure> {
        let refused = || {
            let told = violations.iter().map(SchemaViolation::without_value).collect();
            invalid_answer("what the parts of the document say together is not valid", told)
        };
        // Without quotes: the parts have given them.
        let contract = Contract::new(&self.input.rule.json_schema, false).map_err(|fault| unworkable(&fault))?;
        let first = prompt::together(&Together {
            rule: &self.input.rule,
            schema: contract.prompt(),
            value: &merged.value,
            differences: &merged.warnings,
            problems: &prompt::told(violations),
            is_wrapped: contract.is_wrapped(),
        });
        let context = self.provider.definition.context_tokens;
        let answer = tokens::estimate(&merged.value.to_string());
        let fits = prompt_tokens(&first).saturating_add(self.max_output) <= context && answer <= self.max_output;
        if !fits || self.options.repairs() == 0 {
            return Err(refused());
        }
        // Being shown what is wrong is the first repair already.
        match self.converse(first, &contract, NAME, 1).await? {
            Conversation::Answer(given) => Ok(given.value),
            Conversation::TooLong(_) => Err(refused()),
        }
    }
}

/// Where the values of a corrected result come from: what was kept from where it came before, what was changed from the
/// part `by`.
fn carried(merged: &Merged, value: &Value, by: usize) -> BTreeMap<String, (usize, String)> {
    let mut origins = merged.origins.clone();
    changed("", Some(&merged.value), value, &mut |pointer| {
        let below_it = format!("{pointer}/");
        origins.retain(|place, _| place != pointer && !place.starts_with(&below_it));
        origins.insert(pointer.to_owned(), (by, pointer.to_owned()));
    });
    origins
}

/// Tells the pointer of every subtree that is not what it was.
fn changed(pointer: &str, before: Option<&Value>, after: &Value, tell: &mut impl FnMut(&str)) {
    match (before, after) {
        (Some(before), after) if before == after => {}
        (Some(Value::Object(before)), Value::Object(after)) => {
            for (name, member) in after {
                changed(&below(pointer, name), before.get(name), member, tell);
            }
        }
        (Some(Value::Array(before)), Value::Array(after)) => {
            for (index, member) in after.iter().enumerate() {
                changed(&format!("{pointer}/{index}"), before.get(index), member, tell);
            }
        }
        _ => tell(pointer),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transform::llm::options::Duplicates;

    #[test]
    fn what_was_kept_keeps_its_origin() {
        let parts = [json!({"no": "7", "to": {"city": "Bonn"}}), json!({"total": 5, "lines": [{"n": 1}, {"n": 2}]})];
        let merged = merge(&parts, Duplicates::Drop);
        let value = json!({"no": "7", "to": {"city": "Bonn", "zip": 5}, "total": "5", "lines": [{"n": 1}, {"n": 3}]});
        let origins = carried(&merged, &value, 2);
        assert_eq!(origins["/no"], (0, "/no".to_owned()));
        assert_eq!(origins["/to/city"], (0, "/to/city".to_owned()));
        assert_eq!(origins["/to/zip"], (2, "/to/zip".to_owned()));
        assert_eq!(origins["/total"], (2, "/total".to_owned()));
        assert_eq!(origins["/lines/0"], (1, "/lines/0".to_owned()));
        assert_eq!(origins["/lines/1/n"], (2, "/lines/1/n".to_owned()));
        let whole = carried(&merged, &json!([1]), 2);
        assert_eq!(whole, BTreeMap::from([(String::new(), (2, String::new()))]));
    }
}
