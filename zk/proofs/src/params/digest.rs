//! Digests of the circuits' constraints and of their parameters, pinned: the first name the
//! parameter files, the second say what is in them.
//!
//! Tests recompute them. If one changed, the circuit changed: new parameters, new keys.

use ips_primitives::sector::ProfileId;
use ips_verifier::groth16::CircuitKind;

/// The digest of a circuit's R1CS, by `TestConstraintSystem::hash`.
pub(crate) const fn r1cs_digest(kind: CircuitKind, profile: ProfileId) -> &'static str {
    match (kind, profile) {
        (CircuitKind::Seal, ProfileId::Test) => {
            "0d8231f36bce09974e41ec385743c100e4ab3972f13a28e95b445e8b9c0cacc2"
        }
        (CircuitKind::Post, ProfileId::Test) => {
            "68c94a1ecfe262a64ae58ec6e9ea244cec2c33530cb4ca0c920311ace8b22e7a"
        }
        (CircuitKind::Poe, ProfileId::Test) => {
            "b3abef0a93e71c61e3682f69579ad1d952604d967d5630d65d34d7cc005deed5"
        }
        (CircuitKind::Seal, ProfileId::Dev) => {
            "e2b37e1096625f8b95894afab68c7197f469b0b4e67140e6364788ea68577991"
        }
        (CircuitKind::Post, ProfileId::Dev) => {
            "b1ac0f3b4db749e3e1c82acaee15f1ba9dc5b328e15e44a741bc801cf82c2df8"
        }
        (CircuitKind::Poe, ProfileId::Dev) => {
            "b699d26ffbf75403756399c788325870f33a1f5a3eca403bc9162a5f961b0670"
        }
    }
}

/// The checksum of a circuit's parameter file, as bellperson's generator makes it from the seed.
pub(super) const fn file_checksum(kind: CircuitKind, profile: ProfileId) -> &'static str {
    match (kind, profile) {
        (CircuitKind::Seal, ProfileId::Test) => {
            "c16899cfe82916193fbfaf115cd96d7691cc088ecc5ba0d5767a6547c74f944d"
        }
        (CircuitKind::Post, ProfileId::Test) => {
            "1bb3758a37ae17f3f2ee032807a2006be58f21f7977352297c22168337842a5b"
        }
        (CircuitKind::Poe, ProfileId::Test) => {
            "2201a7a85c009a294fc79b54c407a345be4d913c75f5d4cf6f671da24b9a4e9c"
        }
        (CircuitKind::Seal, ProfileId::Dev) => {
            "fb5df52f44364962fa8a03c017af680b27d476293fa6ecb51d8d41e750a4d57f"
        }
        (CircuitKind::Post, ProfileId::Dev) => {
            "8881bae443a6cf86126ef81f5bd62985582822ca40af8b5eb1a70ba16343b4f6"
        }
        (CircuitKind::Poe, ProfileId::Dev) => {
            "da38f53754dd263dace3ff8a29f8310028d0ce5b47e804f29452a11bd7b33b1f"
        }
    }
}
