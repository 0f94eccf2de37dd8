//! The keys with which secrets are sealed.

use millrace_domain::secret::Secret;
use serde::{Deserialize, Serialize};

/// Hex digits of a key.
const KEY_DIGITS: usize = 64;

/// `[secrets]`: how API keys of model providers are sealed in the database.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SecretsConfig {
    /// The key: 64 hex digits, as from `openssl rand -hex 32`. Default: one that is made and kept in the data folder. Nodes
    /// that share a database need the same.
    pub key: Option<Secret>,
    /// Keys from before a rotation, with which stored secrets are still opened.
    pub previous_keys: Vec<Secret>,
}

/// The bytes of a key.
pub fn key_bytes(key: &Secret) -> Option<[u8; 32]> {
    let text = key.expose().trim();
    if text.len() != KEY_DIGITS || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let mut bytes = [0; 32];
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(at * 2..at * 2 + 2)?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_hex() {
        let text = "00ff".repeat(16);
        let bytes = key_bytes(&Secret::new(format!("{text}\n"))).unwrap();
        assert_eq!((bytes[0], bytes[1], bytes[31]), (0, 0xff, 0xff));
        for text in ["", "00", &"zz".repeat(32), &"0".repeat(65), &"é".repeat(32)] {
            assert_eq!(key_bytes(&Secret::new(text)), None, "{text}");
        }
    }

    #[test]
    fn keys_are_checked_and_never_shown() {
        let mut config = crate::config::Config::default();
        let key = "5e".repeat(32);
        config.secrets =
            SecretsConfig { key: Some(Secret::new(&*key)), previous_keys: vec![Secret::new("a7".repeat(32))] };
        assert!(crate::config::check::check(&config).is_ok());
        for shown in [format!("{config:?}"), config.redacted_toml()] {
            assert!(!shown.contains(&key) && !shown.contains("a7a7"), "{shown}");
        }
        config.secrets.previous_keys.push(Secret::new("short"));
        let error = crate::config::check::check(&config).unwrap_err().to_string();
        assert!(error.contains("64 hex digits") && !error.contains("short"), "{error}");
    }
}
