//! Proofs by bellperson, recorded by `ips-proofs`, verified with the built-in keys.
//!
//! `vectors/proofs.bin` is the SCALE encoding of a list of (circuit kind, profile, statement, proof).

use std::path::Path;

use codec::Decode;
use ips_primitives::sector::{ProfileId, ProofBytes, Statement};
use ips_verifier::{
    groth16::{verify, verify_batch, CircuitKind, PreparedKey, VerifyError},
    keys::builtin_key,
};

type Vector = (u8, u8, Statement, ProofBytes);

fn vectors() -> Vec<(CircuitKind, ProfileId, Statement, ProofBytes)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors/proofs.bin");
    let bytes = std::fs::read(&path).expect("vectors/proofs.bin: record it with ips-proofs");
    let mut input = bytes.as_slice();
    let list = Vec::<Vector>::decode(&mut input).expect("a SCALE list of vectors");
    assert!(input.is_empty());
    list.into_iter()
        .map(|(kind, profile, statement, proof)| {
            let kind = CircuitKind::from_byte(kind).expect("a known circuit kind");
            let profile = ProfileId::decode(&mut [profile].as_slice()).expect("a known profile");
            (kind, profile, statement, proof)
        })
        .collect()
}

fn key(profile: ProfileId, kind: CircuitKind) -> PreparedKey {
    let bytes = builtin_key(profile, kind).expect("a profile without ceremony");
    PreparedKey::from_verifying_key(bytes).expect("a valid built-in key")
}

#[test]
fn recorded_proofs_verify_under_their_own_key_only() {
    let vectors = vectors();
    for profile in [ProfileId::Test, ProfileId::Dev] {
        for kind in CircuitKind::ALL {
            let recorded = vectors
                .iter()
                .any(|vector| (vector.0, vector.1) == (kind, profile));
            assert!(recorded, "no recorded {profile:?} {} proof", kind.name());
        }
    }
    for (kind, profile, statement, proof) in vectors {
        let own = key(profile, kind);
        assert_eq!(
            verify(&own, &statement, &proof),
            Ok(()),
            "{kind:?} {profile:?}"
        );
        assert_eq!(verify_batch(&own, &[(statement, proof); 2]), Ok(()));
        let stored = PreparedKey::from_trusted_bytes(&own.to_bytes().0).unwrap();
        assert_eq!(verify(&stored, &statement, &proof), Ok(()));
        let mut other = statement;
        other.0[0] ^= 1;
        assert_eq!(verify(&own, &other, &proof), Err(VerifyError::Refuted));
        for foreign in [ProfileId::Test, ProfileId::Dev] {
            for other in CircuitKind::ALL {
                if (other, foreign) != (kind, profile) {
                    let found = verify(&key(foreign, other), &statement, &proof);
                    assert_eq!(found, Err(VerifyError::Refuted));
                }
            }
        }
    }
}
