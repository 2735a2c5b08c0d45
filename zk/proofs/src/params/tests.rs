//! Parameters: pinned circuits, pinned keys, a cache that survives damage.

use super::{digest::r1cs_digest, profile_name, *};
use bellpepper_core::test_cs::TestConstraintSystem;
use std::{fs, path::PathBuf};

fn digest_of(kind: CircuitKind, profile: Profile) -> String {
    let mut cs = TestConstraintSystem::<Scalar>::new();
    match kind {
        CircuitKind::Seal => SealCircuit::blank(profile).synthesize(&mut cs),
        CircuitKind::Post => PostCircuit::blank(profile).synthesize(&mut cs),
        CircuitKind::Poe => PoeCircuit::blank(profile).synthesize(&mut cs),
    }
    .unwrap();
    cs.hash()
}

#[test]
fn circuit_digests_are_pinned() {
    let wrong: Vec<String> = [Profile::TEST, Profile::DEV]
        .into_iter()
        .flat_map(|profile| CircuitKind::ALL.map(|kind| (kind, profile)))
        .map(|(kind, profile)| (kind, profile, digest_of(kind, profile)))
        .filter(|(kind, profile, digest)| r1cs_digest(*kind, profile.id) != digest)
        .map(|(kind, profile, digest)| {
            format!("{} {}: {digest}", kind.name(), profile_name(profile.id))
        })
        .collect();
    assert!(
        wrong.is_empty(),
        "circuits changed; pin these and make new keys: {wrong:#?}"
    );
}

fn committed_key(kind: CircuitKind, profile: Profile) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../verifier/keys")
        .join(profile_name(profile.id))
        .join(format!("{}.vk", kind.name()));
    fs::read(path).unwrap()
}

#[test]
fn cached_parameters_have_the_committed_keys() {
    let cache = ParamsCache::of_user().unwrap();
    for kind in CircuitKind::ALL {
        let params = cache.load_or_generate(kind, Profile::TEST).unwrap();
        assert_eq!(params.verifying_key(), committed_key(kind, Profile::TEST));
        // Generating the dev profile takes a minute: compared where it is cached.
        if let Ok(params) = cache.load(kind, Profile::DEV) {
            assert_eq!(params.verifying_key(), committed_key(kind, Profile::DEV));
        }
    }
}

#[test]
fn damaged_parameters_are_found_and_made_again() {
    let user = ParamsCache::of_user().unwrap();
    let good = user
        .load_or_generate(CircuitKind::Poe, Profile::TEST)
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let cache = ParamsCache::at(folder.path().join("new"));
    let path = cache.path(CircuitKind::Poe, Profile::TEST);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let whole = fs::read(user.path(CircuitKind::Poe, Profile::TEST)).unwrap();

    let error = cache.load(CircuitKind::Poe, Profile::TEST).unwrap_err();
    assert!(
        matches!(&error, ParamsError::File(file) if file.is_not_found()),
        "{error}"
    );
    fs::write(&path, &whole[..whole.len() - 1]).unwrap();
    let error = cache.load(CircuitKind::Poe, Profile::TEST).unwrap_err();
    assert!(
        matches!(error, ParamsError::File(FileError::Length(_))),
        "{error}"
    );
    let mut changed = whole.clone();
    changed[whole.len() / 2] ^= 0x10;
    fs::write(&path, &changed).unwrap();
    let error = cache.load(CircuitKind::Poe, Profile::TEST).unwrap_err();
    assert!(
        matches!(error, ParamsError::File(FileError::Checksum(_))),
        "{error}"
    );
    fs::write(&path, vec![0; whole.len()]).unwrap();
    let error = cache.load(CircuitKind::Poe, Profile::TEST).unwrap_err();
    assert!(
        matches!(error, ParamsError::File(FileError::Foreign(_))),
        "{error}"
    );

    let again = cache
        .load_or_generate(CircuitKind::Poe, Profile::TEST)
        .unwrap();
    assert_eq!(
        fs::read(&path).unwrap(),
        whole,
        "generation is deterministic"
    );
    assert_eq!(again.verifying_key(), good.verifying_key());
}
