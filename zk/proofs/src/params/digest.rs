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
            "00cde4bc8a430278b6501c6f93853de5105fa21d1221fe5c11f84c2775656c96"
        }
        (CircuitKind::Post, ProfileId::Test) => {
            "d60b716db89948e17689f08eea0066cdcf7b5d0e718b4cc816e50c97b906db70"
        }
        (CircuitKind::Poe, ProfileId::Test) => {
            "927be601f7269850f5c89e528fc4b7a43342045a03a58da5233010ae715f1597"
        }
        (CircuitKind::Seal, ProfileId::Dev) => {
            "c03909b5f07dfe34960edfbf2eecd290bb18d9566507baf39af6079c38c24f11"
        }
        (CircuitKind::Post, ProfileId::Dev) => {
            "2ee1d1d858deb1043944811495cb13b343b686ec3ad969e7ca286c04f05fc56b"
        }
        (CircuitKind::Poe, ProfileId::Dev) => {
            "1a08101c4d4a607b16a4be641029fe4a17e35553e7f537f6d34d07dd0ca838a3"
        }
        (CircuitKind::Seal, ProfileId::Testnet) => {
            "71da958e3ea52bbbe9760129f8ba91b9a3e0acc275483c83ce97bbc8cff7f558"
        }
        (CircuitKind::Post, ProfileId::Testnet) => {
            "ee46aab1faea298e4d61317e074b7fe22401ff3d7c169ccfa75a66b280ccb089"
        }
        (CircuitKind::Poe, ProfileId::Testnet) => {
            "396d5e427780da5ebe018132327b582fb99f58dcd3332fd7cc2de75da49f6c94"
        }
        (CircuitKind::Seal, ProfileId::Production) => {
            "32b055dc564f73e66f10f8deeab460a5392a866c43b1ffa224166a7ef0346d3d"
        }
        (CircuitKind::Post, ProfileId::Production) => {
            "b31bf9f016ea794003e2cbb85bf7a19893d325430d8209d269520167f092cfdd"
        }
        (CircuitKind::Poe, ProfileId::Production) => {
            "1acc713ce5dd63106eb4f429598557a959790c6fc654d155d460af436086c383"
        }
    }
}

/// The checksum of a circuit's parameter file, as bellperson's generator makes it from the seed;
/// `None` where such parameters serve measurements only, and damage is all there is to find.
pub(super) const fn file_checksum(kind: CircuitKind, profile: ProfileId) -> Option<&'static str> {
    Some(match (kind, profile) {
        (CircuitKind::Seal, ProfileId::Test) => {
            "82e5d7ac29e3766a9c7eca3fa6bdfd6a26cd6e02303806c3c32de553b67896ff"
        }
        (CircuitKind::Post, ProfileId::Test) => {
            "0dcb9aaacd4dde2516c42ff525ac74482a1da234a7e10b437c310094ccb1d8ba"
        }
        (CircuitKind::Poe, ProfileId::Test) => {
            "89b705da46cf468cbec1bed9017b04dfa3f0b083e039a2c0cfce8703b55aed98"
        }
        (CircuitKind::Seal, ProfileId::Dev) => {
            "bbf6f916e3b7e0ddc92293f7f627d6c3642609d887b54de53d06eb0ae03ff8af"
        }
        (CircuitKind::Post, ProfileId::Dev) => {
            "d34340557a1f23375afa87b0b96a34321c2b90d6013d70e454896bff79d05d5d"
        }
        (CircuitKind::Poe, ProfileId::Dev) => {
            "5a02aebc1e7a2f43f2908590d3ba07fa06999522d1063eed4560cbd71278fe15"
        }
        (_, ProfileId::Testnet | ProfileId::Production) => return None,
    })
}
