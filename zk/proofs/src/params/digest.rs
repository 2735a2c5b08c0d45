//! Digests of the circuits' constraints and of their parameters, pinned: the first name the
//! parameter files, the second say what is in them.
//!
//! Tests recompute them. If one changed, the circuit changed: new parameters, new keys.

use ips_primitives::sector::ProfileId;
use ips_verifier::groth16::CircuitKind;

/// A parameter file that came out of a ceremony.
#[derive(Clone, Copy, Debug)]
pub(super) struct CeremonyFile {
    pub(super) kind: CircuitKind,
    pub(super) profile: ProfileId,
    /// Of the framed file.
    pub(super) checksum: &'static str,
}

/// The ceremonies that this release trusts: none was held yet.
pub(super) const CEREMONY_FILES: &[CeremonyFile] = &[];

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
        (CircuitKind::Seal, ProfileId::Testnet) => {
            "e88a7e5f63d6544b81d1bbaa7b778b18fff685402c96a9472d354bd1a97fe552"
        }
        (CircuitKind::Post, ProfileId::Testnet) => {
            "436cc464c131a74bead311d225de822845d608a10bd1777db94dcba37db9b226"
        }
        (CircuitKind::Poe, ProfileId::Testnet) => {
            "4dd9b9e9f1fa3044760df3b0a1b1cf9398940cda9dcea9354fb9fe0b51c2a281"
        }
        (CircuitKind::Seal, ProfileId::Production) => {
            "2e828dbdd5978d69309b1d0d8aea33049644b698f56687616bf7c17f2c98a535"
        }
        (CircuitKind::Post, ProfileId::Production) => {
            "96d87c09ccf54444393563e7e102f85800a01facdcb741939525ad2ff598808f"
        }
        (CircuitKind::Poe, ProfileId::Production) => {
            "d405bbb1ad879c61de6654ba61fddd50e9028b30267dd97f71a84cdab7605208"
        }
    }
}

/// The checksum of a circuit's parameter file, as bellperson's generator makes it from the seed;
/// `None` where such parameters serve measurements only, and damage is all there is to find.
pub(super) const fn file_checksum(kind: CircuitKind, profile: ProfileId) -> Option<&'static str> {
    Some(match (kind, profile) {
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
        (_, ProfileId::Testnet | ProfileId::Production) => return None,
    })
}
