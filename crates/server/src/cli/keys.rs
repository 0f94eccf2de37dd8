//! `keys`: API keys. Through a server if one is named, as whoever asks; else in the database itself, for the local owner, so
//! that the first key can be made before a server runs and another after all were lost.

use std::process::ExitCode;

use chrono::{DateTime, TimeDelta, Utc};
use clap::{Args, Subcommand};
use millrace_api::api_key;
use millrace_domain::api_key::ApiKey;
use millrace_domain::ports::Clock;
use millrace_domain::user::{LOCAL_ISSUER, LOCAL_SUBJECT};
use millrace_domain::{ApiKeyId, UserId};
use millrace_queue::SystemClock;
use millrace_repository::{NewApiKey, Page, Stores};
use serde_json::json;

use super::api_client::{ApiClient, ServerArgs};
use super::database::Database;
use super::wire::{Key, Listing, NewKey};
use super::{Settings, terminal};

const PATH: &str = "/api/v1/api-keys";
/// Most keys that are listed.
const LISTED: usize = 200;

/// What `keys` takes.
#[derive(Debug, Args)]
pub(super) struct KeysArgs {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Make a key and print it, this once
    Create {
        /// What the key is for
        name: String,
        /// After how many days it ends [default: never]
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
        expires_days: Option<u16>,
    },
    /// List the keys, without their secrets
    List,
    /// End a key at once
    Revoke {
        /// Its id, from 'keys list'
        #[arg(value_parser = clap::value_parser!(i64).range(1..))]
        id: i64,
    },
}

/// Does it.
///
/// # Errors
/// When the key cannot be made or found, or neither server nor database answers.
pub(super) async fn run(args: KeysArgs, settings: &Settings) -> anyhow::Result<ExitCode> {
    if args.server.address().is_some() {
        return through_server(&args, settings).await;
    }
    let database = Database::open(&settings.load()?).await?;
    let done = in_database(&args.action, &database).await;
    database.close().await?;
    done
}

async fn in_database(action: &Action, database: &Database) -> anyhow::Result<ExitCode> {
    // It may be a new one.
    database.store.migrate().await?;
    let stores = database.store.stores();
    let now = SystemClock.now();
    let owner = stores.users.ensure(LOCAL_ISSUER, LOCAL_SUBJECT, now).await?.id;
    match action {
        Action::Create { name, expires_days } => {
            let (key, secret) = create(&stores, owner, name, expiry(*expires_days, now), now).await?;
            show_new(&key, Some(&secret))?;
        }
        Action::List => {
            let keys = stores.api_keys.list(owner, Page { before: None, limit: LISTED }).await?;
            show_all(&keys.iter().map(from_stored).collect::<Vec<_>>())?;
        }
        Action::Revoke { id } => {
            let key = stores.api_keys.revoke(owner, ApiKeyId::new(*id)?, now).await?;
            terminal::print(&format!("key {} ({}) is revoked", key.id, terminal::clean(&key.name)))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn create(
    stores: &Stores,
    owner: UserId,
    name: &str,
    expires_at: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> anyhow::Result<(Key, String)> {
    let name = name.trim();
    anyhow::ensure!(
        !name.is_empty() && name.chars().count() <= 200 && !name.chars().any(char::is_control),
        "a name has 1 to 200 characters and no control characters"
    );
    let key = api_key::generate();
    let new = NewApiKey { user_id: owner, name: name.to_owned(), prefix: key.prefix, hash: key.hash, expires_at };
    let stored = stores.api_keys.create(&new, now, None).await?;
    Ok((from_stored(&stored), key.secret))
}

async fn through_server(args: &KeysArgs, settings: &Settings) -> anyhow::Result<ExitCode> {
    let api = ApiClient::new(&args.server, settings)?;
    match &args.action {
        Action::Create { name, expires_days } => {
            let expires_at = expiry(*expires_days, SystemClock.now());
            let made: NewKey = api.post(PATH, &json!({"name": name, "expires_at": expires_at})).await?;
            show_new(&made.key, made.secret.as_deref())?;
        }
        Action::List => {
            let page: Listing<Key> = api.get(PATH, &[("limit", LISTED.to_string())]).await?;
            show_all(&page.items)?;
        }
        Action::Revoke { id } => {
            api.delete(&format!("{PATH}/{id}")).await?;
            terminal::print(&format!("key {id} is revoked"))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn expiry(days: Option<u16>, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    days.map(|days| now + TimeDelta::days(days.into()))
}

fn from_stored(key: &ApiKey) -> Key {
    Key {
        api_key_id: key.id.get(),
        name: key.name.clone(),
        prefix: key.prefix.clone(),
        created_at: key.created_at,
        expires_at: key.expires_at,
        last_used_at: key.last_used_at,
        revoked_at: key.revoked_at,
    }
}

/// The secret alone goes to standard output, so that `KEY=$(millrace keys create NAME)` works.
fn show_new(key: &Key, secret: Option<&str>) -> anyhow::Result<()> {
    terminal::complain(&format!(
        "key {} ({}) — shown this once, only its hash is stored:",
        key.api_key_id,
        terminal::clean(&key.name)
    ));
    if let Some(secret) = secret {
        terminal::print(secret)?;
    }
    terminal::complain(
        "use it with --api-key, MILLRACE_API_KEY or 'Authorization: Bearer'. From its next start on, a server with a key \
         refuses requests without credentials (auth.local_owner = true keeps the local owner)",
    );
    Ok(())
}

fn show_all(keys: &[Key]) -> anyhow::Result<()> {
    if keys.is_empty() {
        return terminal::print("no keys");
    }
    let now = SystemClock.now();
    let rows: Vec<_> = keys
        .iter()
        .map(|key| {
            let state = match (key.revoked_at, key.expires_at) {
                (Some(_), _) => "revoked",
                (None, Some(end)) if end <= now => "expired",
                _ => "valid",
            };
            [
                key.api_key_id.to_string(),
                key.name.clone(),
                format!("{}…", key.prefix),
                state.to_owned(),
                terminal::time(key.created_at),
                terminal::maybe_time(key.expires_at),
                terminal::maybe_time(key.last_used_at),
            ]
        })
        .collect();
    terminal::print(&terminal::columns(["ID", "NAME", "KEY", "STATE", "CREATED (UTC)", "EXPIRES", "LAST USED"], &rows))
}
