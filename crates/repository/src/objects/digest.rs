//! SHA-256 while bytes pass by. `sha2` picks the processor's SHA instructions at run time.

use millrace_domain::ports::StoredObject;
use sha2::{Digest as _, Sha256};

/// Counts and hashes the bytes of one object.
#[derive(Default)]
pub(super) struct Digest {
    hasher: Sha256,
    size: u64,
}

impl Digest {
    /// Takes the next bytes.
    pub(super) fn update(&mut self, bytes: &[u8]) {
        self.hasher.update(bytes);
        self.size += bytes.len() as u64;
    }

    /// What was seen in all.
    pub(super) fn finish(self) -> StoredObject {
        const HEX: &[u8; 16] = b"0123456789abcdef";
        let hash = self.hasher.finalize();
        let nibbles = hash.iter().flat_map(|byte| [byte >> 4, byte & 15]);
        let sha256 = nibbles.map(|nibble| char::from(HEX[usize::from(nibble)])).collect();
        StoredObject { size: self.size, sha256 }
    }

    /// Size and digest of bytes at hand.
    pub(super) fn of(bytes: &[u8]) -> StoredObject {
        let mut digest = Self::default();
        digest.update(bytes);
        digest.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_match_the_standards_examples() {
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(Digest::of(b"abc"), StoredObject { size: 3, sha256: abc.to_owned() });
        let mut pieces = Digest::default();
        pieces.update(b"a");
        pieces.update(b"bc");
        assert_eq!(pieces.finish().sha256, abc);
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(Digest::of(b""), StoredObject { size: 0, sha256: empty.to_owned() });
    }
}
