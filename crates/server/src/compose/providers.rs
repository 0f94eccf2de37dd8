//! The language models of the configuration.

use std::sync::Arc;

use async_trait::async_trait;
use millrace_domain::capabilities::ProviderCapability;
use millrace_domain::ports::ProviderDirectory;
use millrace_domain::provider::ProviderWithSecret;
use millrace_domain::{Fault, UserId};

use crate::config::LlmConfig;

/// The providers that the configuration names; the same for every user.
pub(super) struct ConfiguredProviders {
    providers: Vec<Arc<ProviderWithSecret>>,
    /// The one of rules that name none.
    default: Option<Arc<ProviderWithSecret>>,
}

impl ConfiguredProviders {
    /// The providers of a checked configuration.
    pub(super) fn new(config: &LlmConfig) -> Self {
        let providers: Vec<_> = config.providers.iter().map(|one| Arc::new(one.provider())).collect();
        let default = match (&config.default_provider, providers.as_slice()) {
            (Some(name), all) => find(all, name),
            (None, [only]) => Some(Arc::clone(only)),
            (None, _) => None,
        };
        Self { providers, default }
    }

    /// What to tell of them.
    pub(super) fn capabilities(&self) -> Vec<ProviderCapability> {
        let capability = |one: &Arc<ProviderWithSecret>| ProviderCapability {
            name: one.definition.name.clone(),
            default_model: one.definition.default_model.clone(),
            structured_output: one.definition.profile.as_str().to_owned(),
        };
        self.providers.iter().map(capability).collect()
    }
}

fn find(providers: &[Arc<ProviderWithSecret>], name: &str) -> Option<Arc<ProviderWithSecret>> {
    providers.iter().find(|one| one.definition.name == name).cloned()
}

#[async_trait]
impl ProviderDirectory for ConfiguredProviders {
    async fn get(&self, _user: UserId, name: Option<&str>) -> Result<Option<Arc<ProviderWithSecret>>, Fault> {
        Ok(match name {
            Some(name) => find(&self.providers, name),
            None => self.default.clone(),
        })
    }
}
