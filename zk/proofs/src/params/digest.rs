//! Digests of the circuits' constraints, pinned: they name the parameter files.
//!
//! A test recomputes them. If one changed, the circuit changed: new parameters, new keys.

use ips_primitives::sector::ProfileId;
use ips_verifier::groth16::CircuitKind;

/// The digest of a circuit's R1CS, by `TestConstraintSystem::hash`.
pub(super) const fn r1cs_digest(kind: CircuitKind, profile: ProfileId) -> &'static str {
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
