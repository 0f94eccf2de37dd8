//! The text of API keys: `mlr_live_`, 32 random letters and digits, 6 of checksum.
//!
//! 32 characters of 62 are 190 bits: nothing that can be guessed, so a fast hash is enough to store them by. The
//! checksum lets secret scanners and this server tell a key from a text that looks like one without a database.

use rand::Rng;
use rand::distr::Alphanumeric;
use sha2::{Digest, Sha256};

/// What every key begins with.
pub const PREFIX: &str = "mlr_live_";
const RANDOM: usize = 32;
const CHECKSUM: usize = 6;
/// Characters of a key that are kept to recognise it by.
const SHOWN: usize = PREFIX.len() + 6;

/// A new key with what is stored of it.
pub struct NewKey {
    /// The whole text; shown once, never stored.
    pub secret: String,
    /// The first characters.
    pub prefix: String,
    /// SHA-256 of the text.
    pub hash: [u8; 32],
}

/// Makes a key.
pub fn generate() -> NewKey {
    let random: String = rand::rng().sample_iter(Alphanumeric).take(RANDOM).map(char::from).collect();
    let secret = format!("{PREFIX}{random}{}", checksum(&random));
    NewKey { prefix: secret[..SHOWN].to_owned(), hash: hash(&secret), secret }
}

/// SHA-256 of a credential.
pub fn hash(credential: &str) -> [u8; 32] {
    Sha256::digest(credential.as_bytes()).into()
}

/// Whether a credential is a key with a right checksum.
pub fn looks_like_one(credential: &str) -> bool {
    let Some(rest) = credential.strip_prefix(PREFIX) else { return false };
    rest.len() == RANDOM + CHECKSUM
        && rest.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && rest[RANDOM..] == checksum(&rest[..RANDOM])
}

fn checksum(random: &str) -> String {
    const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let digest = Sha256::digest(random.as_bytes());
    let mut number = digest[..8].iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    let mut text = String::with_capacity(CHECKSUM);
    for _ in 0..CHECKSUM {
        text.push(char::from(BASE62[(number % 62) as usize]));
        number /= 62;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_recognised_and_typos_are_not() {
        let key = generate();
        assert!(looks_like_one(&key.secret));
        assert_eq!(key.secret.len(), PREFIX.len() + RANDOM + CHECKSUM);
        assert!(key.secret.starts_with(&key.prefix) && key.prefix.len() < 20);
        assert_ne!(generate().secret, key.secret);
        let mut typo = key.secret.clone().into_bytes();
        typo[PREFIX.len() + 3] = if typo[PREFIX.len() + 3] == b'a' { b'b' } else { b'a' };
        assert!(!looks_like_one(std::str::from_utf8(&typo).expect("ASCII")));
        assert!(!looks_like_one(&key.secret[..key.secret.len() - 1]));
        assert!(!looks_like_one("mlr_live_"));
        assert!(!looks_like_one("mlr_live_äääääääääääääääääää"));
    }
}
