//! What a rule names: its provider and its model. Looked up when the rule is stored, and again when it runs, since
//! providers come and go.

use std::sync::Arc;

use millrace_domain::ports::ProviderDirectory;
use millrace_domain::provider::ProviderWithSecret;
use millrace_domain::rule::RuleDefinition;
use millrace_domain::{ErrorKind, Fault, TaskFailure, UserId};

use super::failures::{self, permanent};
use super::options::LlmOptions;

/// What a rule is run with.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) provider: Arc<ProviderWithSecret>,
    pub(super) model: String,
}

/// Why a rule cannot be run.
#[derive(Debug)]
pub(super) enum Missing {
    /// The provider of this name; without one, the default of the installation.
    Provider(Option<String>),
    /// A model: neither the rule nor this provider names one.
    Model(String),
    /// Images, to this provider.
    Vision(String),
    /// The question cannot be answered.
    Fault(Fault),
}

/// Looks up what a rule names.
pub(super) async fn find(
    providers: &dyn ProviderDirectory,
    user: UserId,
    rule: &RuleDefinition,
    options: &LlmOptions,
) -> Result<Found, Missing> {
    let found = providers.get(user, options.provider.as_deref()).await.map_err(Missing::Fault)?;
    let provider = found.ok_or_else(|| Missing::Provider(options.provider.clone()))?;
    let definition = &provider.definition;
    let named = rule.model.as_ref().or(definition.default_model.as_ref()).filter(|model| !model.is_empty());
    let model = named.cloned().ok_or_else(|| Missing::Model(definition.name.clone()))?;
    if options.images && !definition.vision {
        return Err(Missing::Vision(definition.name.clone()));
    }
    Ok(Found { provider, model })
}

impl std::fmt::Display for Missing {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Provider(Some(name)) => write!(formatter, "there is no provider '{name}'"),
            Self::Provider(None) => {
                formatter.write_str("the rule names no provider and the installation has no default")
            }
            Self::Model(name) => write!(formatter, "neither the rule nor provider '{name}' names a model"),
            Self::Vision(name) => write!(formatter, "provider '{name}' is not configured to see images"),
            Self::Fault(fault) => formatter.write_str(&fault.message),
        }
    }
}

/// When a rule is stored.
impl From<Missing> for Fault {
    fn from(missing: Missing) -> Self {
        let (code, pointer) = match &missing {
            Missing::Provider(_) => ("unknown_provider", "/options/provider"),
            Missing::Model(_) => ("unknown_model", "/model"),
            Missing::Vision(_) => ("vision_not_supported", "/options/images"),
            Missing::Fault(_) => ("", ""),
        };
        match missing {
            Missing::Fault(fault) => fault,
            other => Self::new(ErrorKind::Unsupported, code, other.to_string()).at(pointer),
        }
    }
}

/// When a rule runs.
impl From<Missing> for TaskFailure {
    fn from(missing: Missing) -> Self {
        let code = match &missing {
            Missing::Provider(_) => "provider_not_found",
            Missing::Model(_) => "model_not_named",
            Missing::Vision(_) => "vision_not_supported",
            Missing::Fault(fault) => return failures::of_fault(fault),
        };
        permanent(code, missing.to_string())
    }
}

#[cfg(test)]
mod tests {
    use millrace_domain::provider::{ProviderDefinition, ProviderOrigin};
    use serde_json::{Value, json};

    use super::*;

    /// Knows `plain`, and `blind` with a model; there is no default.
    struct Two;

    #[async_trait::async_trait]
    impl ProviderDirectory for Two {
        async fn get(&self, _user: UserId, name: Option<&str>) -> Result<Option<Arc<ProviderWithSecret>>, Fault> {
            let default_model = match name {
                Some("plain") => None,
                Some("blind") => Some("m".to_owned()),
                Some("down") => return Err(Fault::new(ErrorKind::Unavailable, "unavailable", "not now")),
                _ => return Ok(None),
            };
            let definition =
                ProviderDefinition { default_model, ..ProviderDefinition::new(name.unwrap_or_default(), "http://h") };
            let origin = ProviderOrigin::Configuration;
            Ok(Some(Arc::new(ProviderWithSecret { definition, api_key: None, origin })))
        }
    }

    #[tokio::test]
    async fn what_is_missing_has_a_code_and_a_place() {
        let user = UserId::new(1).expect("an id");
        let look = async |options: Value, model: Option<&str>| {
            let options = LlmOptions::read(&options).expect("options");
            let rule = RuleDefinition { model: model.map(str::to_owned), ..RuleDefinition::builtin() };
            find(&Two, user, &rule, &options).await
        };
        for (options, model, code, pointer, at_run) in [
            (json!({}), None, "unknown_provider", "/options/provider", "provider_not_found"),
            (json!({"provider": "gone"}), Some("m"), "unknown_provider", "/options/provider", "provider_not_found"),
            (json!({"provider": "plain"}), None, "unknown_model", "/model", "model_not_named"),
            (json!({"provider": "plain"}), Some(""), "unknown_model", "/model", "model_not_named"),
            (
                json!({"provider": "blind", "images": true}),
                None,
                "vision_not_supported",
                "/options/images",
                "vision_not_supported",
            ),
        ] {
            let fault = Fault::from(look(options.clone(), model).await.expect_err("missing"));
            assert_eq!((fault.code, fault.pointer.as_deref()), (code, Some(pointer)), "{options}");
            assert_eq!(fault.kind, ErrorKind::Unsupported);
            assert_eq!(TaskFailure::from(look(options, model).await.expect_err("missing")).code, at_run);
        }
        let down = look(json!({"provider": "down"}), None).await.expect_err("not now");
        assert_eq!(Fault::from(down).kind, ErrorKind::Unavailable);
        assert_eq!(look(json!({"provider": "blind"}), None).await.expect("found").model, "m");
        assert_eq!(look(json!({"provider": "plain"}), Some("n")).await.expect("found").model, "n");
    }
}
