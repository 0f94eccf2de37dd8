//! Endpoints that serve language models by the OpenAI chat completions protocol.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use crate::error::Fault;
use crate::pointer::push_escaped;
use crate::secret::Secret;

/// Longest name of a provider, in characters.
pub const MAX_PROVIDER_NAME: usize = 64;
/// Longest address of a provider, in bytes.
pub const MAX_BASE_URL: usize = 2048;
/// Longest API key, in bytes.
pub const MAX_API_KEY: usize = 8192;
/// The key of [`ProviderDefinition::prices`] that stands for every model without a price of its own.
pub const ANY_MODEL: &str = "*";

/// How an endpoint is made to answer by a JSON Schema. Whatever it is, the schema stands in the prompt too and the
/// answer is checked against the rule's own schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProviderProfile {
    /// `response_format` `json_schema` with `strict`: the schema is rewritten into the subset that OpenAI accepts.
    JsonSchema,
    /// `response_format` `json_schema` without `strict`, the schema as it is: vLLM, llama.cpp, Ollama.
    #[default]
    Relaxed,
    /// `response_format` `json_object`: some JSON object.
    JsonObject,
    /// Nothing but the prompt.
    Prompt,
}

impl ProviderProfile {
    /// All profiles, the most capable first.
    pub const ALL: [Self; 4] = [Self::JsonSchema, Self::Relaxed, Self::JsonObject, Self::Prompt];

    /// The text of the API, the configuration and the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::JsonSchema => "json_schema",
            Self::Relaxed => "relaxed",
            Self::JsonObject => "json_object",
            Self::Prompt => "prompt",
        }
    }

    /// Reads [`as_str`](Self::as_str).
    pub fn from_text(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|profile| profile.as_str() == text)
    }
}

/// What tokens of one model cost, in US dollars per million.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenPrice {
    /// Tokens sent.
    pub input: f64,
    /// Tokens received, those of hidden reasoning included.
    pub output: f64,
}

/// What a provider is, without its key. Stored as JSON.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProviderDefinition {
    /// Name, as rules have it: lowercase letters, digits, `-` and `_`, at most [`MAX_PROVIDER_NAME`].
    pub name: String,
    /// Address up to and without `/chat/completions`, such as `https://api.openai.com/v1`.
    pub base_url: String,
    /// How it is made to answer by a schema.
    #[serde(default)]
    pub profile: ProviderProfile,
    /// Model of rules that name none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_model: Option<String>,
    /// Tokens that prompt and answer may have together.
    #[serde(default = "default_context_tokens")]
    pub context_tokens: u32,
    /// Tokens that one answer may have; asked for as `max_tokens`.
    #[serde(default = "default_output_tokens")]
    pub max_output_tokens: u32,
    /// Requests at once, over all tasks of this process.
    #[serde(default = "default_concurrency")]
    pub max_concurrency: u32,
    /// How long one request may take, in seconds.
    #[serde(default = "default_timeout")]
    pub timeout_seconds: u32,
    /// Whether its models can be shown images.
    #[serde(default)]
    pub vision: bool,
    /// Prices by model; [`ANY_MODEL`] for the others. Without a price, no cost is told.
    #[serde(default)]
    pub prices: BTreeMap<String, TokenPrice>,
}

fn default_context_tokens() -> u32 {
    16_384
}

fn default_output_tokens() -> u32 {
    4_096
}

fn default_concurrency() -> u32 {
    4
}

fn default_timeout() -> u32 {
    120
}

impl ProviderDefinition {
    /// A provider with the defaults.
    pub fn new(name: impl Into<String>, base_url: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            base_url: base_url.into(),
            profile: ProviderProfile::default(),
            default_model: None,
            context_tokens: default_context_tokens(),
            max_output_tokens: default_output_tokens(),
            max_concurrency: default_concurrency(),
            timeout_seconds: default_timeout(),
            vision: false,
            prices: BTreeMap::new(),
        }
    }

    /// The price of a model.
    pub fn price(&self, model: &str) -> Option<TokenPrice> {
        self.prices.get(model).or_else(|| self.prices.get(ANY_MODEL)).copied()
    }

    /// What is wrong with it that the types do not tell: every field, in their order; empty when all are well. Each is
    /// `invalid_value` or `nul_character`, with a pointer to the field.
    pub fn faults(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        let mut wrong = |pointer: &str, text: String| faults.push(Fault::invalid("invalid_value", text).at(pointer));
        if !is_name(&self.name) {
            wrong("/name", format!("a name has 1 to {MAX_PROVIDER_NAME} characters of a-z, 0-9, '-' and '_'"));
        }
        if let Err(text) = check_base_url(&self.base_url) {
            wrong("/base_url", text.to_owned());
        }
        if self.default_model.as_ref().is_some_and(|model| model.is_empty() || model.len() > 200) {
            wrong("/default_model", "the name of a model has 1 to 200 bytes".to_owned());
        }
        let mut is_in_range = |pointer: &str, value: u32, range: RangeInclusive<u32>| {
            let is_in = range.contains(&value);
            if !is_in {
                wrong(pointer, format!("between {} and {}", range.start(), range.end()));
            }
            is_in
        };
        let has_context = is_in_range("/context_tokens", self.context_tokens, 1_024..=100_000_000);
        let has_output = is_in_range("/max_output_tokens", self.max_output_tokens, 64..=10_000_000);
        is_in_range("/max_concurrency", self.max_concurrency, 1..=1_000);
        is_in_range("/timeout_seconds", self.timeout_seconds, 1..=3_600);
        if has_context && has_output && self.max_output_tokens > self.context_tokens / 2 {
            wrong("/max_output_tokens", "at most half of context_tokens, so that a document fits in".to_owned());
        }
        for (model, price) in &self.prices {
            if !is_price(price.input) || !is_price(price.output) {
                wrong(&price_of(model), format!("the price of '{model}' is no amount of dollars"));
            }
        }
        let default = self.default_model.iter().map(|model| ("/default_model".to_owned(), model));
        let named = default.chain(self.prices.keys().map(|model| (price_of(model), model)));
        for (pointer, _) in named.filter(|(_, model)| model.contains('\0')) {
            let text = "the name of a model holds the character U+0000";
            faults.push(Fault::invalid("nul_character", text).at(pointer));
        }
        faults
    }
}

/// Where the price of a model stands.
fn price_of(model: &str) -> String {
    let mut pointer = "/prices/".to_owned();
    push_escaped(&mut pointer, model);
    pointer
}

/// Checks a key: it is sent in a header, so it is visible ASCII. The text of the refusal does not repeat it.
///
/// # Errors
/// `invalid_value` at `/api_key`.
pub fn check_api_key(key: &Secret) -> Result<(), Fault> {
    let text = key.expose();
    if text.is_empty() || text.len() > MAX_API_KEY || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        let text = format!("an API key has 1 to {MAX_API_KEY} visible ASCII characters");
        return Err(Fault::invalid("invalid_value", text).at("/api_key"));
    }
    Ok(())
}

fn is_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_';
    (1..=MAX_PROVIDER_NAME).contains(&name.len()) && name.bytes().all(allowed)
}

/// Only `http` and `https`, with a host, and without credentials, query or fragment: the key is sent as a header, and
/// the path of the operation is put behind.
fn check_base_url(url: &str) -> Result<(), &'static str> {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    let rest = rest.ok_or("an address begins with http:// or https://")?;
    let host = rest.split('/').next().unwrap_or_default();
    if url.len() > MAX_BASE_URL || url.bytes().any(|byte| byte <= b' ' || byte == 0x7f || byte == b'\\') {
        return Err("an address has at most 2048 bytes and no blanks");
    }
    if host.is_empty() || host.starts_with(':') || host.contains('@') || url.contains(['?', '#']) {
        return Err("an address has a host, and no user, query or fragment");
    }
    Ok(())
}

fn is_price(dollars: f64) -> bool {
    dollars.is_finite() && (0.0..=1_000_000.0).contains(&dollars)
}

/// Who said where a provider is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProviderOrigin {
    /// The configuration of the installation: any address will do.
    Configuration,
    /// A user, over the API: addresses of private networks are refused unless the configuration allows them.
    User,
}

/// A provider as it is called.
#[derive(Debug, Clone, PartialEq)]
pub struct ProviderWithSecret {
    /// What it is.
    pub definition: ProviderDefinition,
    /// Sent as `Authorization: Bearer`; most servers of one's own need none.
    pub api_key: Option<Secret>,
    /// Who said where it is.
    pub origin: ProviderOrigin,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_those_of_the_text_form() {
        let read: ProviderDefinition =
            serde_json::from_str(r#"{"name": "local", "base_url": "http://127.0.0.1:11434/v1"}"#).expect("a provider");
        assert_eq!(read, ProviderDefinition::new("local", "http://127.0.0.1:11434/v1"));
        assert!(read.faults().is_empty());
        assert!(serde_json::from_str::<ProviderDefinition>(r#"{"name":"a","base_url":"b","keys":1}"#).is_err());
    }

    fn pointers(definition: &ProviderDefinition) -> Vec<String> {
        definition.faults().into_iter().filter_map(|fault| fault.pointer).collect()
    }

    #[test]
    fn nonsense_is_refused_with_a_pointer() {
        let good = ProviderDefinition::new("local", "https://h/v1");
        for name in ["", "A", "a b", "a/b", &"x".repeat(65)] {
            assert_eq!(pointers(&ProviderDefinition { name: name.into(), ..good.clone() }), ["/name"]);
        }
        for url in
            ["", "h", "ftp://h", "http://", "http://u:p@h", "http://h?x", "http://h#x", "http://h h", "http://:1"]
        {
            assert_eq!(pointers(&ProviderDefinition { base_url: url.into(), ..good.clone() }), ["/base_url"], "{url}");
        }
        let long = ProviderDefinition { max_output_tokens: 9_000, ..good.clone() };
        assert_eq!(pointers(&long), ["/max_output_tokens"]);
        let price = TokenPrice { input: f64::NAN, output: 0.0 };
        let priced = ProviderDefinition { prices: BTreeMap::from([("a/m".into(), price)]), ..good };
        assert_eq!(pointers(&priced), ["/prices/a~1m"]);
    }

    #[test]
    fn every_wrong_field_is_told() {
        let price = TokenPrice { input: -1.0, output: 0.0 };
        let one = ProviderDefinition {
            default_model: Some("m\0".to_owned()),
            context_tokens: 0,
            max_output_tokens: u32::MAX,
            max_concurrency: 0,
            timeout_seconds: 0,
            prices: BTreeMap::from([("a".into(), price), ("b".into(), TokenPrice::default()), ("c".into(), price)]),
            ..ProviderDefinition::new("A", "h")
        };
        let expected = [
            "/name",
            "/base_url",
            // Of two fields that are out of range, nobody is told how they should go together.
            "/context_tokens",
            "/max_output_tokens",
            "/max_concurrency",
            "/timeout_seconds",
            "/prices/a",
            "/prices/c",
            "/default_model",
        ];
        assert_eq!(pointers(&one), expected);
    }

    #[test]
    fn what_cannot_be_stored_or_sent_is_refused() {
        let model = Some("m\0".to_owned());
        let prices = BTreeMap::from([("n\0".to_owned(), TokenPrice::default())]);
        let one =
            ProviderDefinition { default_model: model, prices, ..ProviderDefinition::new("local", "https://h/v1") };
        assert!(one.faults().iter().all(|fault| fault.code == "nul_character"));
        assert_eq!(pointers(&one), ["/default_model", "/prices/n\0"]);
        let check = |key: &str| check_api_key(&Secret::new(key)).map_err(|fault| fault.message);
        assert!(check("sk-1").is_ok() && check(&"k".repeat(MAX_API_KEY)).is_ok());
        for key in ["", "two words", "line\n", "schlüssel", &"k".repeat(MAX_API_KEY + 1)] {
            let text = check(key).expect_err("refused");
            assert!(key.is_empty() || !text.contains(key), "{text}");
        }
    }

    #[test]
    fn a_price_of_its_own_goes_before_that_of_all() {
        let price = |input| TokenPrice { input, output: 1.0 };
        let mut one = ProviderDefinition::new("local", "https://h/v1");
        assert_eq!(one.price("m"), None);
        one.prices = BTreeMap::from([(ANY_MODEL.into(), price(2.0)), ("m".into(), price(3.0))]);
        assert_eq!((one.price("m"), one.price("n")), (Some(price(3.0)), Some(price(2.0))));
    }
}
