//! `[llm]`: language models.

use millrace_domain::Fault;
use millrace_domain::provider::{ProviderDefinition, ProviderOrigin, ProviderWithSecret, check_api_key};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

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
    /// Most days that one answer about usage tells of, 1 to 3660. Default 366.
    pub max_usage_days: u32,
    /// Parts that a long document is cut into at most. Default 500.
    pub max_chunks: u32,
    /// Tries of one request before the task waits for its next attempt. Default 3.
    pub request_attempts: u32,
    /// Whether users may name providers in private networks. Default false.
    pub allow_private_networks: bool,
    /// Pages as pictures.
    pub images: ImagesConfig,
}

/// `[llm.images]`: how rules with the option `images` show pages to models.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ImagesConfig {
    /// Most pages of one document. Default 50.
    pub max_pages: u32,
    /// Pixels per inch of pictures of PDF pages, 36 to 600. Default 150.
    pub dpi: u32,
    /// Most pixels of such a picture; larger pages are made less finely. Default 2500000.
    pub max_pixels: u64,
    /// Largest picture, in bytes. Default 20 MiB.
    pub max_bytes: u64,
}

impl Default for ImagesConfig {
    fn default() -> Self {
        Self { max_pages: 50, dpi: 150, max_pixels: 2_500_000, max_bytes: 20 << 20 }
    }
}

impl Default for LlmConfig {
    fn default() -> Self {
        Self {
            providers: Vec::new(),
            default_provider: None,
            daily_tokens_per_project: None,
            max_usage_days: 366,
            max_chunks: 500,
            request_attempts: 3,
            allow_private_networks: false,
            images: ImagesConfig::default(),
        }
    }
}

// A price is an amount of dollars, which is never NaN once checked.
impl Eq for LlmConfig {}

/// `[[llm.providers]]`: one endpoint that speaks the OpenAI chat completions protocol. Its fields and their defaults are those of
/// [`ProviderDefinition`], with `api_key` among them.
#[derive(Debug, Clone, PartialEq)]
pub struct ProviderConfig {
    /// What it is.
    pub definition: ProviderDefinition,
    /// Sent as a bearer token.
    pub api_key: Option<Secret>,
}

impl ProviderConfig {
    /// The provider as it is called.
    pub fn provider(&self) -> ProviderWithSecret {
        let Self { definition, api_key } = self.clone();
        ProviderWithSecret { definition, api_key, origin: ProviderOrigin::Configuration }
    }

    /// What is wrong with it.
    fn faults(&self) -> Vec<Fault> {
        let mut faults = self.definition.faults();
        faults.extend(self.api_key.as_ref().and_then(|key| check_api_key(key).err()));
        faults
    }
}

// By hand, since a flattened struct would take unknown fields without a word.
impl<'de> Deserialize<'de> for ProviderConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut fields = Map::deserialize(deserializer)?;
        let api_key = fields.remove("api_key").unwrap_or_default();
        let api_key = serde_json::from_value(api_key).map_err(|_error| D::Error::custom("api_key must be a text"))?;
        let definition = serde_json::from_value(Value::Object(fields)).map_err(D::Error::custom)?;
        Ok(Self { definition, api_key })
    }
}

impl Serialize for ProviderConfig {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Fields<'a> {
            #[serde(skip_serializing_if = "Option::is_none")]
            api_key: &'a Option<Secret>,
            #[serde(flatten)]
            definition: &'a ProviderDefinition,
        }
        Fields { api_key: &self.api_key, definition: &self.definition }.serialize(serializer)
    }
}

impl LlmConfig {
    /// What does not go together, for people.
    pub(super) fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        for (index, one) in self.providers.iter().enumerate() {
            for Fault { message, pointer, .. } in one.faults() {
                let field = pointer.unwrap_or_default().trim_start_matches('/').to_owned();
                problems.push(format!("llm.providers '{}': {field}: {message}", one.definition.name));
            }
            if self.providers.iter().take(index).any(|other| other.definition.name == one.definition.name) {
                problems.push(format!("llm.providers names '{}' twice", one.definition.name));
            }
        }
        if !(1..=3_660).contains(&self.max_usage_days) {
            problems.push("llm.max_usage_days must be from 1 to 3660".to_owned());
        }
        if !(36..=600).contains(&self.images.dpi) {
            problems.push("llm.images.dpi must be from 36 to 600".to_owned());
        }
        let known = |name: &String| self.providers.iter().any(|one| one.definition.name == *name);
        if let Some(name) = self.default_provider.as_ref().filter(|name| !known(name)) {
            problems.push(format!("llm.default_provider '{name}' is not one of llm.providers"));
        }
        problems
    }
}
