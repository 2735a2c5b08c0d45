//! The two byte hashes of the protocol: BLAKE2b-256 for chain contexts, SHA2-256 for content.

use blake2::{digest::consts::U32, Blake2b, Digest};

/// BLAKE2b with 32 bytes of output over the concatenation of `parts`.
pub fn blake2_256(parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Blake2b::<U32>::new();
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize().into()
}

/// SHA2-256 over the concatenation of `parts`.
pub fn sha2_256(parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = sha2::Sha256::new();
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize().into()
}

/// `blake2_256` with the two top bits of the last byte cleared: as a little-endian integer it is
/// below 2^254, so it is always a canonical BLS12-381 scalar (`docs/protocol.md` §5.1).
pub fn field_digest(parts: &[&[u8]]) -> [u8; 32] {
    let mut digest = blake2_256(parts);
    digest[31] &= 0x3f;
    digest
}

/// The first eight bytes of a digest as a little-endian integer.
pub fn digest_to_u64(digest: &[u8; 32]) -> u64 {
    let mut head = [0u8; 8];
    head.copy_from_slice(&digest[..8]);
    u64::from_le_bytes(head)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blake2_of_abc_matches_the_published_vector() {
        // RFC 7693 gives BLAKE2b-512; this is the 256-bit variant's value for "abc".
        let expected = [
            0xbd, 0xdd, 0x81, 0x3c, 0x63, 0x42, 0x39, 0x72, 0x31, 0x71, 0xef, 0x3f, 0xee, 0x98,
            0x57, 0x9b, 0x94, 0x96, 0x4e, 0x3b, 0xb1, 0xcb, 0x3e, 0x42, 0x72, 0x62, 0xc8, 0xc0,
            0x68, 0xd5, 0x23, 0x19,
        ];
        assert_eq!(blake2_256(&[b"a", b"bc"]), expected);
    }

    #[test]
    fn field_digest_is_below_2_to_254() {
        for i in 0u32..256 {
            assert_eq!(field_digest(&[&i.to_le_bytes()])[31] & 0xc0, 0);
        }
    }
}
