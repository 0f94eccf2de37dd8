//! The `options` of rules of mode `llm`.

use millrace_domain::Fault;
use millrace_domain::provider::MAX_PROVIDER_NAME;
use serde::Deserialize;
use serde_json::Value;

/// Repair turns of rules that do not say.
const DEFAULT_REPAIRS: u32 = 2;

/// Whether and how the values of a result are cited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CitationMode {
    /// The model is asked for the words that say each value; they are looked up in the document.
    #[default]
    Quotes,
    /// The values themselves are looked up.
    Lookup,
    /// No citations.
    Off,
}

/// What becomes of members of an array that are the same in several parts of a long document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Duplicates {
    /// Kept once, with a warning.
    #[default]
    Drop,
    /// All kept.
    Keep,
}

/// Settings of one rule.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct LlmOptions {
    /// Name of the provider; the installation's default when absent.
    pub(crate) provider: Option<String>,
    /// 0 (always the likeliest word, the default) to 2.
    pub(crate) temperature: f64,
    /// Makes answers repeatable where the server can; 0 by default.
    pub(crate) seed: i64,
    /// Tokens of one answer; the provider's `max_output_tokens` when absent or less.
    pub(crate) max_output_tokens: Option<u32>,
    /// Tokens of the document in one request; whatever fits when absent.
    pub(crate) chunk_tokens: Option<u32>,
    /// Times the model is told what is wrong with its answer; 2 by default.
    pub(crate) max_repairs: Option<u32>,
    /// Members of arrays that several parts of a long document give.
    pub(crate) duplicates: Duplicates,
    /// Citations.
    pub(crate) citations: CitationMode,
    /// Whether the pages are shown as images beside their text.
    pub(crate) images: bool,
}

impl LlmOptions {
    /// Reads and checks the options of a rule.
    ///
    /// # Errors
    /// `unknown_field` or `invalid_value` with a pointer below `/options`.
    pub(crate) fn read(options: &Value) -> Result<Self, Fault> {
        let read: Self = serde_path_to_error::deserialize(options).map_err(|error| {
            let path = error.path().to_string();
            let message = error.into_inner().to_string();
            if let Some(rest) = message.strip_prefix("unknown field `") {
                let name = rest.split('`').next().unwrap_or_default().replace('~', "~0").replace('/', "~1");
                return Fault::invalid("unknown_field", message).at(format!("/options/{name}"));
            }
            let pointer = if path == "." { String::new() } else { format!("/{path}") };
            Fault::invalid("invalid_value", message).at(format!("/options{pointer}"))
        })?;
        read.check()?;
        Ok(read)
    }

    /// Times the model is told what is wrong.
    pub(crate) fn repairs(&self) -> u32 {
        self.max_repairs.unwrap_or(DEFAULT_REPAIRS)
    }

    fn check(&self) -> Result<(), Fault> {
        let wrong =
            |field: &str, text: String| Err(Fault::invalid("invalid_value", text).at(format!("/options/{field}")));
        let named = |name: &String| (1..=MAX_PROVIDER_NAME).contains(&name.len());
        if self.provider.as_ref().is_some_and(|name| !named(name)) {
            return wrong("provider", format!("the name of a provider has 1 to {MAX_PROVIDER_NAME} characters"));
        }
        if !(0.0..=2.0).contains(&self.temperature) {
            return wrong("temperature", "between 0 and 2".to_owned());
        }
        for (field, value, least, most) in [
            ("max_output_tokens", self.max_output_tokens, 64, 10_000_000),
            ("chunk_tokens", self.chunk_tokens, 256, 100_000_000),
            ("max_repairs", self.max_repairs, 0, 5),
        ] {
            if value.is_some_and(|value| !(least..=most).contains(&value)) {
                return wrong(field, format!("between {least} and {most}"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn defaults_are_deterministic() {
        let options = LlmOptions::read(&json!({})).expect("no options are options");
        assert_eq!((options.temperature, options.seed, options.repairs()), (0.0, 0, 2));
        assert_eq!(options.citations, CitationMode::Quotes);
        let options = LlmOptions::read(&json!({"provider": "local", "citations": "off", "max_repairs": 0}));
        assert_eq!(options.expect("options").repairs(), 0);
    }

    #[test]
    fn mistakes_have_a_pointer() {
        for (options, code, pointer) in [
            (json!({"modle": 1}), "unknown_field", "/options/modle"),
            (json!({"citations": "some"}), "invalid_value", "/options/citations"),
            (json!({"temperature": "hot"}), "invalid_value", "/options/temperature"),
            (json!({"temperature": 2.5}), "invalid_value", "/options/temperature"),
            (json!({"max_repairs": 6}), "invalid_value", "/options/max_repairs"),
            (json!({"chunk_tokens": 255}), "invalid_value", "/options/chunk_tokens"),
            (json!({"max_output_tokens": -1}), "invalid_value", "/options/max_output_tokens"),
            (json!({"provider": ""}), "invalid_value", "/options/provider"),
        ] {
            let fault = LlmOptions::read(&options).expect_err("a mistake");
            assert_eq!((fault.code, fault.pointer.as_deref()), (code, Some(pointer)), "{options}");
        }
    }
}
