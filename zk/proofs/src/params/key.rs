//! Verifying keys in `ips-verifier`'s canonical format.
//!
//! Layout: version, kind, profile, flags (bit 0: insecure setup), then compressed points
//! α (G1), β, γ, δ (G2), IC[0], IC[1] (G1): 436 bytes.

use bellperson::groth16::VerifyingKey;
use blstrs::Bls12;
use group::GroupEncoding;
use ips_verifier::groth16::{KeyHeader, KEY_VERSION};

use crate::file::profile_byte;

const FLAG_INSECURE: u8 = 1;

/// The canonical bytes of a key; the header says whether its parameters have a public seed.
pub(crate) fn verifying_key_bytes(header: KeyHeader, key: &VerifyingKey<Bls12>) -> Vec<u8> {
    let mut bytes = vec![
        KEY_VERSION,
        header.kind as u8,
        profile_byte(header.profile),
        u8::from(header.insecure) * FLAG_INSECURE,
    ];
    bytes.extend_from_slice(key.alpha_g1.to_bytes().as_ref());
    for point in [&key.beta_g2, &key.gamma_g2, &key.delta_g2] {
        bytes.extend_from_slice(point.to_bytes().as_ref());
    }
    for point in &key.ic {
        bytes.extend_from_slice(point.to_bytes().as_ref());
    }
    bytes
}
