//! Secrets at rest: sealed with XChaCha20-Poly1305 before they reach a store.
//!
//! The nonce is random (24 bytes, so that it never repeats), and the owner is authenticated with the text: a sealed
//! secret that is moved to another user's row does not open.

use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use millrace_domain::ports::SecretVault;
use millrace_domain::secret::Secret;
use millrace_domain::stored_provider::SealedSecret;
use millrace_domain::{Fault, UserId};
use rand::RngCore;
use sha2::{Digest, Sha256};

/// Bytes of a key.
pub const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 24;
/// Hex digits of the hash of a key by which it is told apart.
const KEY_ID_DIGITS: usize = 16;

/// A key that seals.
#[derive(Clone)]
pub struct VaultKey {
    id: String,
    cipher: XChaCha20Poly1305,
}

impl std::fmt::Debug for VaultKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("VaultKey").field("id", &self.id).finish_non_exhaustive()
    }
}

impl VaultKey {
    /// A key of these bytes.
    pub fn new(bytes: &[u8; KEY_BYTES]) -> Self {
        let mut id = format!("{:x}", Sha256::digest(bytes));
        id.truncate(KEY_ID_DIGITS);
        Self { id, cipher: XChaCha20Poly1305::new(&(*bytes).into()) }
    }

    /// Bytes for a new key.
    pub fn generate() -> [u8; KEY_BYTES] {
        let mut bytes = [0; KEY_BYTES];
        rand::rng().fill_bytes(&mut bytes);
        bytes
    }

    /// By what sealed secrets name it; says nothing about the key.
    pub fn id(&self) -> &str {
        &self.id
    }
}

/// Seals with one key, and opens with that and with earlier ones.
#[derive(Debug)]
pub struct Vault {
    current: VaultKey,
    earlier: Vec<VaultKey>,
}

impl Vault {
    /// A vault. `earlier` are the keys before the last rotations.
    pub fn new(current: VaultKey, earlier: Vec<VaultKey>) -> Self {
        Self { current, earlier }
    }

    fn key(&self, id: &str) -> Option<&VaultKey> {
        std::iter::once(&self.current).chain(&self.earlier).find(|key| key.id == id)
    }
}

/// What is authenticated beside the secret.
fn context(owner: UserId) -> Vec<u8> {
    format!("millrace secret of user {owner}").into_bytes()
}

impl SecretVault for Vault {
    fn seal(&self, owner: UserId, secret: &Secret) -> Result<SealedSecret, Fault> {
        let mut nonce = [0; NONCE_BYTES];
        rand::rng().fill_bytes(&mut nonce);
        let payload = Payload { msg: secret.expose().as_bytes(), aad: &context(owner) };
        let sealed = self.current.cipher.encrypt(&XNonce::from(nonce), payload);
        let sealed = sealed.map_err(|_error| Fault::internal("a secret cannot be sealed"))?;
        Ok(SealedSecret { key_id: self.current.id.clone(), bytes: [nonce.as_slice(), &sealed].concat() })
    }

    fn open(&self, owner: UserId, sealed: &SealedSecret) -> Result<Secret, Fault> {
        let unknown =
            || Fault::internal(format!("a secret was sealed with the key {}, which is not here", sealed.key_id));
        let key = self.key(&sealed.key_id).ok_or_else(unknown)?;
        let damaged = || Fault::internal("a sealed secret is damaged or belongs to somebody else");
        let (nonce, bytes) = sealed.bytes.split_first_chunk::<NONCE_BYTES>().ok_or_else(damaged)?;
        let payload = Payload { msg: bytes, aad: &context(owner) };
        let opened = key.cipher.decrypt(&XNonce::from(*nonce), payload).map_err(|_error| damaged())?;
        String::from_utf8(opened).map(Secret::new).map_err(|_error| damaged())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(id: i64) -> UserId {
        UserId::new(id).expect("an id")
    }

    fn key(byte: u8) -> VaultKey {
        VaultKey::new(&[byte; KEY_BYTES])
    }

    #[test]
    fn what_was_sealed_opens_for_its_owner_alone() {
        let vault = Vault::new(key(1), Vec::new());
        let sealed = vault.seal(user(1), &Secret::new("sk-secret")).expect("sealed");
        assert_eq!(vault.open(user(1), &sealed).expect("open").expose(), "sk-secret");
        assert!(vault.open(user(2), &sealed).is_err());
        let again = vault.seal(user(1), &Secret::new("sk-secret")).expect("sealed");
        assert_ne!(sealed.bytes, again.bytes, "a new nonce each time");
        assert!(!sealed.bytes.windows(9).any(|window| window == b"sk-secret"));
        assert!(!format!("{vault:?} {sealed:?}").contains("sk-secret"));
    }

    #[test]
    fn every_changed_bit_is_noticed() {
        let vault = Vault::new(key(1), Vec::new());
        let sealed = vault.seal(user(1), &Secret::new("x")).expect("sealed");
        for at in 0..sealed.bytes.len() {
            let mut bytes = sealed.bytes.clone();
            bytes[at] ^= 1;
            assert!(vault.open(user(1), &SealedSecret { bytes, ..sealed.clone() }).is_err(), "byte {at}");
        }
        for length in 0..sealed.bytes.len() {
            let bytes = sealed.bytes[..length].to_vec();
            assert!(vault.open(user(1), &SealedSecret { bytes, ..sealed.clone() }).is_err(), "{length} bytes");
        }
    }

    #[test]
    fn earlier_keys_open_and_seal_no_more() {
        let sealed = Vault::new(key(1), Vec::new()).seal(user(1), &Secret::new("x")).expect("sealed");
        let rotated = Vault::new(key(2), vec![key(1)]);
        assert_eq!(rotated.open(user(1), &sealed).expect("open").expose(), "x");
        assert_eq!(rotated.seal(user(1), &Secret::new("y")).expect("sealed").key_id, key(2).id());
        let lost = Vault::new(key(2), Vec::new());
        assert!(lost.open(user(1), &sealed).is_err());
        assert_ne!(VaultKey::generate(), VaultKey::generate());
    }
}
