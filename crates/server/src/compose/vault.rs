//! The vault for secrets at rest: a configured key, or one that is made once and kept in the data folder.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use millrace_domain::ports::SecretVault;
use millrace_domain::secret::Secret;
use millrace_domain::stored_provider::SealedSecret;
use millrace_domain::{ErrorKind as FaultKind, Fault, UserId};
use millrace_repository::vault::{Vault, VaultKey};

use super::parts::Folder;
use crate::config::{Config, StoreKind, key_bytes};

/// The file with the key, inside the data folder.
const FILE: &str = "secret.key";

/// The vault as the configuration says.
pub(super) fn vault(config: &Config, folder: &Folder) -> anyhow::Result<Arc<dyn SecretVault>> {
    let bytes = match (&config.secrets.key, folder.path()) {
        (Some(key), _) => key_bytes(key).context("secrets.key is no key")?,
        (None, Some(folder)) => kept(&folder.join(FILE))?,
        // What is sealed is forgotten with the process, and so may be the key.
        (None, None) if config.store == StoreKind::Memory => VaultKey::generate(),
        (None, None) => return Ok(Arc::new(NoVault)),
    };
    let earlier: Option<Vec<_>> = config.secrets.previous_keys.iter().map(key_bytes).collect();
    let earlier = earlier.context("secrets.previous_keys holds something that is no key")?;
    Ok(Arc::new(Vault::new(VaultKey::new(&bytes), earlier.iter().map(VaultKey::new).collect())))
}

/// The key in a file, which is made if there is none.
fn kept(path: &Path) -> anyhow::Result<[u8; 32]> {
    match fs::read_to_string(path) {
        Ok(text) => key_bytes(&Secret::new(text)).with_context(|| format!("{} holds no key", path.display())),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            make(path).with_context(|| format!("{} cannot be written", path.display()))
        }
        Err(error) => Err(error).with_context(|| format!("{} cannot be read", path.display())),
    }
}

/// Makes a key that survives a crash right after: nothing must be sealed with a key that is lost.
fn make(path: &Path) -> anyhow::Result<[u8; 32]> {
    let bytes = VaultKey::generate();
    let text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let unfinished = path.with_extension("new");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
    writeln!(file, "{text}")?;
    file.sync_all()?;
    fs::rename(&unfinished, path)?;
    if let Some(folder) = path.parent() {
        File::open(folder)?.sync_all()?;
    }
    tracing::info!(path = %path.display(), "made a key for secrets at rest; keep it with your backups");
    Ok(bytes)
}

/// Stands where there is neither a key nor a folder to keep one in.
struct NoVault;

impl SecretVault for NoVault {
    fn seal(&self, _owner: UserId, _secret: &Secret) -> Result<SealedSecret, Fault> {
        let text = "secrets cannot be stored here: no key to seal them with is configured (secrets.key)";
        Err(Fault::new(FaultKind::Unsupported, "unsupported", text))
    }

    fn open(&self, _owner: UserId, _sealed: &SealedSecret) -> Result<Secret, Fault> {
        Err(Fault::internal("no key to open secrets with is configured (secrets.key)"))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_key_is_made_once_and_private() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        let first = kept(&path).unwrap();
        assert_eq!(kept(&path).unwrap(), first);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        fs::write(&path, "nonsense").unwrap();
        assert!(kept(&path).is_err(), "never replaced: it may be the only key to what is stored");
    }

    #[test]
    fn without_a_key_nothing_is_sealed() {
        let user = UserId::new(1).unwrap();
        assert_eq!(NoVault.seal(user, &Secret::new("x")).unwrap_err().code, "unsupported");
    }
}
