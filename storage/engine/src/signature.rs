//! sr25519 signatures as Substrate makes them, checked without Substrate.

use ips_primitives::id::{AccountKey, Signature};

/// Signing context of every Substrate chain.
const CONTEXT: &[u8] = b"substrate";

/// Whether `signature` is `key`'s over a 32-byte digest.
pub fn verify_sr25519(key: &AccountKey, message: &[u8; 32], signature: &Signature) -> bool {
    let Ok(key) = schnorrkel::PublicKey::from_bytes(&key.0) else {
        return false;
    };
    let Ok(signature) = schnorrkel::Signature::from_bytes(&signature.0) else {
        return false;
    };
    key.verify_simple(CONTEXT, message, &signature).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_signer_and_the_message_verify() {
        let pair = schnorrkel::MiniSecretKey::from_bytes(&[7; 32])
            .unwrap()
            .expand_to_keypair(schnorrkel::ExpansionMode::Ed25519);
        let key = AccountKey(pair.public.to_bytes());
        let signature = Signature(pair.sign_simple(CONTEXT, &[1; 32]).to_bytes());
        assert!(verify_sr25519(&key, &[1; 32], &signature));
        assert!(!verify_sr25519(&key, &[2; 32], &signature));
        assert!(!verify_sr25519(&AccountKey([3; 32]), &[1; 32], &signature));
        assert!(!verify_sr25519(&key, &[1; 32], &Signature([0xff; 64])));
    }
}
