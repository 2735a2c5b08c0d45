//! The verifying keys that ship with this release: profiles `test` and `dev`, both insecure.
//!
//! The files are written by `ips-proofs`' set-up from a fixed public seed. Anybody can forge proofs
//! for them: they carry the insecure flag, and a chain with real value must refuse them. Keys of the
//! other profiles come from a ceremony and are set by governance.

use ips_primitives::sector::ProfileId;

pub use crate::groth16::CircuitKind;

/// The canonical bytes of a built-in key ([`crate::groth16::parse_verifying_key`] reads them), or
/// `None` if the profile's keys come from a ceremony.
pub const fn builtin_key(profile: ProfileId, kind: CircuitKind) -> Option<&'static [u8]> {
    Some(match (profile, kind) {
        (ProfileId::Test, CircuitKind::Seal) => include_bytes!("../keys/test/seal.vk"),
        (ProfileId::Test, CircuitKind::Post) => include_bytes!("../keys/test/post.vk"),
        (ProfileId::Test, CircuitKind::Poe) => include_bytes!("../keys/test/poe.vk"),
        (ProfileId::Dev, CircuitKind::Seal) => include_bytes!("../keys/dev/seal.vk"),
        (ProfileId::Dev, CircuitKind::Post) => include_bytes!("../keys/dev/post.vk"),
        (ProfileId::Dev, CircuitKind::Poe) => include_bytes!("../keys/dev/poe.vk"),
        (ProfileId::Testnet | ProfileId::Production, _) => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::groth16::parse_verifying_key;

    #[test]
    fn builtin_keys_parse_and_say_what_they_are() {
        for profile in [ProfileId::Test, ProfileId::Dev] {
            for kind in CircuitKind::ALL {
                let bytes = builtin_key(profile, kind).unwrap();
                assert!(
                    !bytes.is_empty(),
                    "{profile:?}/{kind:?} is missing: run ips-proofs' set-up"
                );
                let key = parse_verifying_key(bytes).unwrap();
                assert_eq!((key.profile(), key.kind()), (profile, kind));
                assert!(key.is_insecure());
                assert_eq!(key.to_bytes().as_slice(), bytes);
            }
        }
    }

    #[test]
    fn profiles_with_a_ceremony_have_no_built_in_key() {
        for profile in ProfileId::ALL {
            for kind in CircuitKind::ALL {
                let built_in = builtin_key(profile, kind).is_some();
                assert_eq!(built_in, !profile.needs_ceremony(), "{profile:?}/{kind:?}");
            }
        }
    }
}
