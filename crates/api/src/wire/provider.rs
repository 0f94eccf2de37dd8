//! Providers of language models on the wire. Keys come in and never go out.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use millrace_domain::ProviderId;
use millrace_domain::provider::{ProviderDefinition, ProviderProfile, TokenPrice, check_api_key};
use millrace_domain::secret::Secret;
use millrace_domain::stored_provider::StoredProvider;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use super::common::Id;
use crate::problem::Problem;

/// How an endpoint is made to answer by a JSON Schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ProviderProfile)]
pub enum Profile {
    /// `response_format` `json_schema` with `strict`: OpenAI.
    JsonSchema,
    /// `response_format` `json_schema` without `strict`: vLLM, llama.cpp, Ollama.
    Relaxed,
    /// `response_format` `json_object`.
    JsonObject,
    /// Nothing but the prompt.
    Prompt,
}

impl From<Profile> for ProviderProfile {
    fn from(profile: Profile) -> Self {
        match profile {
            Profile::JsonSchema => Self::JsonSchema,
            Profile::Relaxed => Self::Relaxed,
            Profile::JsonObject => Self::JsonObject,
            Profile::Prompt => Self::Prompt,
        }
    }
}

impl From<ProviderProfile> for Profile {
    fn from(profile: ProviderProfile) -> Self {
        match profile {
            ProviderProfile::JsonSchema => Self::JsonSchema,
            ProviderProfile::Relaxed => Self::Relaxed,
            ProviderProfile::JsonObject => Self::JsonObject,
            ProviderProfile::Prompt => Self::Prompt,
        }
    }
}

/// What tokens of one model cost, in US dollars per million.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = TokenPrice)]
pub struct Price {
    /// Tokens sent.
    #[schema(minimum = 0)]
    pub input: f64,
    /// Tokens received.
    #[schema(minimum = 0)]
    pub output: f64,
}

/// What a caller chooses about a provider.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "name": "openai", "base_url": "https://api.openai.com/v1", "profile": "json_schema", "default_model": "gpt-5-mini",
    "api_key": "sk-example", "context_tokens": 128000, "prices": {"gpt-5-mini": {"input": 0.25, "output": 2.0}}
}))]
pub struct ProviderInput {
    /// Name, as rules have it: 1 to 64 of a-z, 0-9, `-` and `_`.
    #[schema(min_length = 1, max_length = 64)]
    pub name: String,
    /// Address up to and without `/chat/completions`.
    #[schema(max_length = 2048)]
    pub base_url: String,
    /// Sent as `Authorization: Bearer`; stored sealed and never shown. In an update, absent keeps it and null removes it.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, max_length = 8192)]
    pub api_key: Option<Option<Secret>>,
    /// How it is made to answer by a schema; `relaxed` by default.
    #[serde(default)]
    pub profile: Option<Profile>,
    /// Model of rules that name none.
    #[serde(default)]
    pub default_model: Option<String>,
    /// Tokens that prompt and answer may have together; 16384 by default.
    #[serde(default)]
    pub context_tokens: Option<u32>,
    /// Tokens that one answer may have; 4096 by default.
    #[serde(default)]
    pub max_output_tokens: Option<u32>,
    /// Requests at once; 4 by default.
    #[serde(default)]
    pub max_concurrency: Option<u32>,
    /// How long one request may take, in seconds; 120 by default.
    #[serde(default)]
    pub timeout_seconds: Option<u32>,
    /// Whether its models can be shown images; false by default.
    #[serde(default)]
    pub vision: Option<bool>,
    /// Prices by model; `*` for all others.
    #[serde(default)]
    pub prices: Option<BTreeMap<String, Price>>,
}

impl std::fmt::Debug for ProviderInput {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("ProviderInput").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Tells null (`Some(None)`) from absent (`None`).
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<Secret>>, D::Error> {
    Option::<Secret>::deserialize(deserializer).map(Some)
}

/// What was asked about the key.
#[derive(Debug, PartialEq, Eq)]
pub enum AskedKey {
    /// Nothing.
    Absent,
    /// To forget it.
    Null,
    /// To take this one.
    Given(Secret),
}

impl ProviderInput {
    /// Checks everything.
    ///
    /// # Errors
    /// `invalid_value` or `nul_character`, with every place that is wrong.
    pub fn checked(self) -> Result<(ProviderDefinition, AskedKey), Problem> {
        let defaults = ProviderDefinition::new(self.name, self.base_url);
        let price = |price: Price| TokenPrice { input: price.input, output: price.output };
        let definition = ProviderDefinition {
            profile: self.profile.map_or(defaults.profile, ProviderProfile::from),
            default_model: self.default_model,
            context_tokens: self.context_tokens.unwrap_or(defaults.context_tokens),
            max_output_tokens: self.max_output_tokens.unwrap_or(defaults.max_output_tokens),
            max_concurrency: self.max_concurrency.unwrap_or(defaults.max_concurrency),
            timeout_seconds: self.timeout_seconds.unwrap_or(defaults.timeout_seconds),
            vision: self.vision.unwrap_or(defaults.vision),
            prices: self.prices.unwrap_or_default().into_iter().map(|(model, one)| (model, price(one))).collect(),
            ..defaults
        };
        let mut faults = definition.faults();
        let key = match self.api_key {
            None => AskedKey::Absent,
            Some(None) => AskedKey::Null,
            Some(Some(key)) => {
                faults.extend(check_api_key(&key).err());
                AskedKey::Given(key)
            }
        };
        match faults.into_iter().map(Problem::from).reduce(Problem::with_places_of) {
            Some(problem) => Err(problem),
            None => Ok((definition, key)),
        }
    }
}

/// A provider. Its key is never shown.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Provider, example = json!({
    "provider_id": 3, "name": "openai", "base_url": "https://api.openai.com/v1", "has_api_key": true,
    "profile": "json_schema", "default_model": "gpt-5-mini", "context_tokens": 128000, "max_output_tokens": 4096,
    "max_concurrency": 4, "timeout_seconds": 120, "vision": false,
    "prices": {"gpt-5-mini": {"input": 0.25, "output": 2.0}},
    "created_at": "2026-11-22T08:00:00Z", "updated_at": "2026-11-22T08:00:00Z"
}))]
pub struct ProviderBody {
    /// Its id.
    #[schema(value_type = Id)]
    pub provider_id: ProviderId,
    /// Name, as rules have it.
    pub name: String,
    /// Address up to and without `/chat/completions`.
    pub base_url: String,
    /// Whether a key is stored.
    pub has_api_key: bool,
    /// How it is made to answer by a schema.
    pub profile: Profile,
    /// Model of rules that name none.
    pub default_model: Option<String>,
    /// Tokens that prompt and answer may have together.
    pub context_tokens: u32,
    /// Tokens that one answer may have.
    pub max_output_tokens: u32,
    /// Requests at once.
    pub max_concurrency: u32,
    /// How long one request may take, in seconds.
    pub timeout_seconds: u32,
    /// Whether its models can be shown images.
    pub vision: bool,
    /// Prices by model.
    pub prices: BTreeMap<String, Price>,
    /// Stored at.
    pub created_at: DateTime<Utc>,
    /// Last change.
    pub updated_at: DateTime<Utc>,
}

impl From<&StoredProvider> for ProviderBody {
    fn from(provider: &StoredProvider) -> Self {
        let definition = provider.definition.clone();
        let price = |price: TokenPrice| Price { input: price.input, output: price.output };
        Self {
            provider_id: provider.id,
            name: definition.name,
            base_url: definition.base_url,
            has_api_key: provider.api_key.is_some(),
            profile: definition.profile.into(),
            default_model: definition.default_model,
            context_tokens: definition.context_tokens,
            max_output_tokens: definition.max_output_tokens,
            max_concurrency: definition.max_concurrency,
            timeout_seconds: definition.timeout_seconds,
            vision: definition.vision,
            prices: definition.prices.into_iter().map(|(model, one)| (model, price(one))).collect(),
            created_at: provider.created_at,
            updated_at: provider.updated_at,
        }
    }
}
