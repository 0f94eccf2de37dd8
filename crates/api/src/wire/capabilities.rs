//! What an installation can do, on the wire.

use std::collections::BTreeMap;

use millrace_domain::capabilities::{Capabilities, EngineCapability, ProviderCapability};
use serde::Serialize;
use utoipa::ToSchema;

/// What this installation can do with documents.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Capabilities, example = json!({
    "parsers": [
        {"name": "local", "available": true, "detail": null, "version": "1", "formats": ["pdf", "docx"], "languages": []},
        {"name": "tesseract", "available": false, "detail": "tesseract was not found in PATH", "version": null,
            "formats": ["png"], "languages": []}
    ],
    "rule_modes": ["skip", "extract"],
    "providers": [{"name": "ollama", "default_model": "qwen3", "structured_output": "json_schema"}],
    "limits": {"max_file_bytes": 536870912, "max_pages": 5000}
}))]
pub struct CapabilitiesBody {
    /// Parsers in the order in which they are tried.
    pub parsers: Vec<ParserBody>,
    /// Modes of rules that run here.
    pub rule_modes: Vec<String>,
    /// Language models.
    pub providers: Vec<ModelProviderBody>,
    /// Limits of parsing, in the unit that the name says.
    pub limits: BTreeMap<String, u64>,
}

/// One way to parse.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ParserCapability)]
pub struct ParserBody {
    /// Its name, as `parser` of a request.
    pub name: String,
    /// Whether it can be used now.
    pub available: bool,
    /// Why not, or what to know.
    pub detail: Option<String>,
    /// Version of the program or protocol behind it.
    pub version: Option<String>,
    /// Names of the formats it reads.
    pub formats: Vec<String>,
    /// Languages it recognises, in its own codes.
    pub languages: Vec<String>,
}

/// One language model endpoint.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ProviderCapability)]
pub struct ModelProviderBody {
    /// Its name, as rules have it.
    pub name: String,
    /// The model that rules get which name none.
    pub default_model: Option<String>,
    /// How it is made to answer by a schema: `json_schema`, `relaxed`, `json_object` or `prompt`.
    pub structured_output: String,
}

impl From<&Capabilities> for CapabilitiesBody {
    fn from(capabilities: &Capabilities) -> Self {
        let Capabilities { parsers, rule_modes, providers, limits } = capabilities;
        Self {
            parsers: parsers.iter().map(ParserBody::from).collect(),
            rule_modes: rule_modes.clone(),
            providers: providers.iter().map(ModelProviderBody::from).collect(),
            limits: limits.clone(),
        }
    }
}

impl From<&EngineCapability> for ParserBody {
    fn from(engine: &EngineCapability) -> Self {
        let EngineCapability { name, available, detail, version, formats, languages } = engine.clone();
        Self { name, available, detail, version, formats, languages }
    }
}

impl From<&ProviderCapability> for ModelProviderBody {
    fn from(provider: &ProviderCapability) -> Self {
        let ProviderCapability { name, default_model, structured_output } = provider.clone();
        Self { name, default_model, structured_output }
    }
}
