//! Who may call, and the refusal to serve strangers.

use anyhow::{Context, bail};
use millrace_api::{AuthConfig, IssuerConfig, IssuerKeys};
use millrace_domain::ports::Clock;
use millrace_domain::user::{LOCAL_ISSUER, LOCAL_SUBJECT};
use millrace_repository::Stores;

use crate::config::{self, Config};

/// Who may call.
pub struct Identity {
    /// What the authenticator trusts.
    pub auth: AuthConfig,
    /// One line for whoever starts the server.
    pub summary: String,
}

/// Finds out who may call, and makes the local owner if it is to act.
///
/// # Errors
/// When the server would listen to the network without knowing anybody.
pub(super) async fn resolve(config: &Config, stores: &Stores, clock: &dyn Clock) -> anyhow::Result<Identity> {
    let issuers = config.auth.issuers.iter().map(issuer).collect::<anyhow::Result<Vec<_>>>()?;
    let has_keys = config.auth.api_keys_enabled && stores.api_keys.any_valid(clock.now()).await?;
    let nobody_known = issuers.is_empty() && !has_keys;
    let loopback = config.server.is_loopback();
    if nobody_known && !loopback {
        bail!(
            "refusing to listen on {}: no API key and no token issuer is configured, so anybody could come in. \
             Make a key first (millrace keys create NAME), configure [[auth.issuers]], or bind to 127.0.0.1",
            config.server.bind
        );
    }
    let local = loopback && config.auth.local_owner.unwrap_or(nobody_known);
    let local_owner = match local {
        true => {
            let user = stores.users.ensure(LOCAL_ISSUER, LOCAL_SUBJECT, clock.now()).await;
            Some(user.context("the local owner cannot be stored")?.id)
        }
        false => None,
    };
    let mut known = Vec::new();
    if local {
        known.push("requests without credentials act as the local owner (loopback only)".to_owned());
    }
    if has_keys {
        known.push("API keys".to_owned());
    }
    known.extend(issuers.iter().map(|issuer| format!("tokens of {}", issuer.issuer)));
    Ok(Identity {
        auth: AuthConfig { issuers, local_owner, refuse_api_keys: !config.auth.api_keys_enabled },
        summary: known.join("; "),
    })
}

fn issuer(settings: &config::IssuerConfig) -> anyhow::Result<IssuerConfig> {
    let keys = match (&settings.hs256_secret, &settings.jwks_url) {
        (Some(secret), None) => IssuerKeys::Secret(secret.expose().as_bytes().into()),
        (None, Some(url)) => IssuerKeys::Jwks { url: url.clone() },
        _ => bail!("issuer {}: give either hs256_secret or jwks_url", settings.issuer),
    };
    Ok(IssuerConfig { issuer: settings.issuer.clone(), audiences: settings.audience.clone(), keys })
}
