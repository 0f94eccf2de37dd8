//! `[llm]`: language models.

use std::collections::BTreeMap;

use millrace_domain::Fault;
use millrace_domain::provider::{ProviderDefinition, ProviderOrigin, ProviderProfile, ProviderWithSecret, TokenPrice};
use serde::{Deserialize, Serialize};

use super::Secret;

/// `[llm]`: how rules of mode `llm` run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LlmConfig {
    /// Endpoints of the installation, which every user may use. Default: none.
    pub providers: Vec<ProviderConfig>,
    /// The provider of rules that name none. Default: the only one, if there is one.
    pub default_provider: Option<String>,
    /// Model tokens that a project may use in a day (UTC). Default: any number.
    pub daily_tokens_per_project: Option<u64>,
    /// Parts that a long document is cut into at most. Default 500.
    pub max_chunks: u32,
    /// Tries of one request before the task waits for its next attempt. Default 3.
    pub request_attempts: u32,
    /// Whether users may name providers in private networks. Default false.
    pub allow_private_networks: bool,
}

impl Default for LlmConfig {
    fn default() -> Self {
        Self {
            providers: Vec::new(),
            default_provider: None,
            daily_tokens_per_project: None,
            max_chunks: 500,
            request_attempts: 3,
            allow_private_networks: false,
        }
    }
}

// A price is an amount of dollars, which is never NaN once checked.
impl Eq for LlmConfig {}

/// `[[llm.providers]]`: one endpoint that speaks the OpenAI chat completions protocol.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProviderConfig {
    /// Name, as rules have it.
    pub name: String,
    /// Address without `/chat/completions`.
    pub base_url: String,
    /// Sent as a bearer token.
    #[serde(default)]
    pub api_key: Option<Secret>,
    /// `json_schema`, `relaxed`, `json_object` or `prompt`. Default `relaxed`.
    #[serde(default)]
    pub profile: ProviderProfile,
    /// Model of rules that name none.
    #[serde(default)]
    pub default_model: Option<String>,
    /// Tokens that prompt and answer may have together. Default 16384.
    #[serde(default)]
    pub context_tokens: Option<u32>,
    /// Tokens of one answer. Default 4096.
    #[serde(default)]
    pub max_output_tokens: Option<u32>,
    /// Requests at once. Default 4.
    #[serde(default)]
    pub max_concurrency: Option<u32>,
    /// How long one request may take, in seconds. Default 120.
    #[serde(default)]
    pub timeout_seconds: Option<u32>,
    /// Whether its models can be shown images. Default false.
    #[serde(default)]
    pub vision: bool,
    /// US dollars per million tokens by model, `*` for the others: `{ input, output }`. Default: none.
    #[serde(default)]
    pub prices: BTreeMap<String, TokenPrice>,
}

impl ProviderConfig {
    /// The provider as it is called.
    pub fn provider(&self) -> ProviderWithSecret {
        let defaults = ProviderDefinition::new(&self.name, &self.base_url);
        let definition = ProviderDefinition {
            profile: self.profile,
            default_model: self.default_model.clone(),
            context_tokens: self.context_tokens.unwrap_or(defaults.context_tokens),
            max_output_tokens: self.max_output_tokens.unwrap_or(defaults.max_output_tokens),
            max_concurrency: self.max_concurrency.unwrap_or(defaults.max_concurrency),
            timeout_seconds: self.timeout_seconds.unwrap_or(defaults.timeout_seconds),
            vision: self.vision,
            prices: self.prices.clone(),
            ..defaults
        };
        ProviderWithSecret { definition, api_key: self.api_key.clone(), origin: ProviderOrigin::Configuration }
    }
}

impl LlmConfig {
    /// What does not go together, for people.
    pub(super) fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        for (index, one) in self.providers.iter().enumerate() {
            if let Err(Fault { message, pointer, .. }) = one.provider().definition.check() {
                let field = pointer.unwrap_or_default().trim_start_matches('/').to_owned();
                problems.push(format!("llm.providers '{}': {field}: {message}", one.name));
            }
            if self.providers.iter().take(index).any(|other| other.name == one.name) {
                problems.push(format!("llm.providers names '{}' twice", one.name));
            }
        }
        let known = |name: &String| self.providers.iter().any(|one| one.name == *name);
        if let Some(name) = self.default_provider.as_ref().filter(|name| !known(name)) {
            problems.push(format!("llm.default_provider '{name}' is not one of llm.providers"));
        }
        problems
    }
}
