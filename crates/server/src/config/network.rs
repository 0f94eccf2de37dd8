//! HTTP, uploads and who may call.

use std::net::{Ipv4Addr, SocketAddr};

use serde::{Deserialize, Serialize};

use super::Secret;

const MIB: u64 = 1 << 20;

/// `[server]`: the HTTP side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServerConfig {
    /// Address and port to listen on. Default `127.0.0.1:8080`.
    pub bind: SocketAddr,
    /// Largest JSON body, in bytes. Default 1 MiB.
    pub max_body_bytes: u64,
    /// How long a request may take to arrive and be answered, uploads aside, in seconds. Default 90.
    pub request_timeout_seconds: u64,
    /// Longest `?wait=`, in seconds. Default 60.
    pub max_wait_seconds: u64,
    /// How long an idle connection is kept, in seconds. Default 75.
    pub keep_alive_seconds: u64,
    /// Threads that serve HTTP. Default: one per core.
    pub workers: Option<u32>,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            bind: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            max_body_bytes: MIB,
            request_timeout_seconds: 90,
            max_wait_seconds: 60,
            keep_alive_seconds: 75,
            workers: None,
        }
    }
}

impl ServerConfig {
    /// Whether only this machine can connect.
    pub fn is_loopback(&self) -> bool {
        self.bind.ip().is_loopback()
    }
}

/// `[upload]`: what may be sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct UploadConfig {
    /// Largest file, in bytes. Default 2 GiB.
    pub max_file_bytes: u64,
    /// Most files in one request. Default 1000.
    pub max_files_per_request: u32,
    /// Largest request, in bytes over all its files. Default 8 GiB.
    pub max_request_bytes: u64,
    /// How long a client may send nothing in the middle of a request, in seconds. Default 60.
    pub idle_timeout_seconds: u64,
    /// File name extensions accepted, without the dot, in lower case. Default: any.
    pub allowed_extensions: Vec<String>,
}

impl Default for UploadConfig {
    fn default() -> Self {
        Self {
            max_file_bytes: 2048 * MIB,
            max_files_per_request: 1000,
            max_request_bytes: 8192 * MIB,
            idle_timeout_seconds: 60,
            allowed_extensions: Vec::new(),
        }
    }
}

/// `[auth]`: who may call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AuthConfig {
    /// Whether API keys are accepted. Default true.
    pub api_keys_enabled: bool,
    /// Whether a request without credentials acts as the local owner. Only ever on a loopback address.
    /// Default: while no issuer is configured and no API key exists.
    pub local_owner: Option<bool>,
    /// Issuers whose tokens are accepted. Default: none.
    pub issuers: Vec<IssuerConfig>,
}

impl Default for AuthConfig {
    fn default() -> Self {
        Self { api_keys_enabled: true, local_owner: None, issuers: Vec::new() }
    }
}

/// `[[auth.issuers]]`: an issuer of JSON Web Tokens, with one secret or one key set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IssuerConfig {
    /// Required value of `iss`.
    pub issuer: String,
    /// Accepted values of `aud`; a token needs one of them.
    pub audience: Vec<String>,
    /// Shared secret of HS256, at least 32 bytes.
    #[serde(default)]
    pub hs256_secret: Option<Secret>,
    /// Address of the JSON Web Key Set, for RS256 and ES256.
    #[serde(default)]
    pub jwks_url: Option<String>,
}
