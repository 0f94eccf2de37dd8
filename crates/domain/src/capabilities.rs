//! What an installation can do with documents, as found at its start and by asking its remote parsers.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// One way to parse.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EngineCapability {
    /// Its name, as `parser` of a request and of the configuration: `local`, `tesseract`, `mineru`, …
    pub name: String,
    /// Whether it can be used now.
    pub available: bool,
    /// Why not, or what to know, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// Version of the program or protocol behind it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Names of the formats it reads.
    pub formats: Vec<String>,
    /// Languages it recognises, in its own codes; empty where the question makes no sense.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub languages: Vec<String>,
}

/// One language model endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderCapability {
    /// Its name, as rules have it.
    pub name: String,
    /// The model that rules get which name none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_model: Option<String>,
    /// How it is made to answer by a schema: `json_schema`, `relaxed`, `json_object` or `prompt`.
    pub structured_output: String,
}

/// Everything.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Capabilities {
    /// Parsers in the order in which they are tried.
    pub parsers: Vec<EngineCapability>,
    /// Modes of rules that run here.
    pub rule_modes: Vec<String>,
    /// Language models.
    pub providers: Vec<ProviderCapability>,
    /// Limits of parsing by name, in the unit the name says.
    pub limits: BTreeMap<String, u64>,
}
