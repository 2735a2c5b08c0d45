//! Parameters: pinned circuits, pinned keys, a cache that survives damage.

use super::{
    digest::{file_checksum, r1cs_digest},
    *,
};
use crate::file::{self, FileKind};
use bellpepper_core::test_cs::TestConstraintSystem;
use bellperson::groth16::generate_random_parameters;
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
        .map(|(kind, profile, digest)| format!("{} {}: {digest}", kind.name(), profile.id.name()))
        .collect();
    assert!(
        wrong.is_empty(),
        "circuits changed; pin these and make new keys: {wrong:#?}"
    );
}

/// By bellperson's own generator: the checksum of the parameter file.
fn checksum_by_bellperson(kind: CircuitKind, profile: Profile) -> String {
    let mut rng = ChaCha20Rng::from_seed(seed(kind, profile.id));
    let parameters = match kind {
        CircuitKind::Seal => generate_random_parameters(SealCircuit::blank(profile), &mut rng),
        CircuitKind::Post => generate_random_parameters(PostCircuit::blank(profile), &mut rng),
        CircuitKind::Poe => generate_random_parameters(PoeCircuit::blank(profile), &mut rng),
    };
    let parameters: Parameters<Bls12> = parameters.unwrap();
    let mut payload = Vec::new();
    parameters.write(&mut payload).unwrap();
    let sum = file::checksum(FileKind::Parameters, profile.id, &payload);
    hex::encode(sum)
}

#[test]
#[ignore = "takes minutes; needed if a circuit changes: says what to pin"]
fn pinned_checksums_are_bellpersons() {
    let wrong: Vec<String> = [Profile::TEST, Profile::DEV]
        .into_iter()
        .flat_map(|profile| CircuitKind::ALL.map(|kind| (kind, profile)))
        .map(|(kind, profile)| (kind, profile, checksum_by_bellperson(kind, profile)))
        .filter(|(kind, profile, sum)| file_checksum(*kind, profile.id) != Some(sum.as_str()))
        .map(|(kind, profile, sum)| format!("{} {}: {sum}", kind.name(), profile.id.name()))
        .collect();
    assert!(wrong.is_empty(), "pin these: {wrong:#?}");
}

fn committed_key(kind: CircuitKind, profile: Profile) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../verifier/keys")
        .join(profile.id.name())
        .join(format!("{}.vk", kind.name()));
    fs::read(path).unwrap()
}

#[test]
fn cached_parameters_have_the_committed_keys() {
    let cache = ParamsCache::of_user().unwrap();
    for profile in [Profile::TEST, Profile::DEV] {
        for kind in CircuitKind::ALL {
            let params = cache.load_or_generate(kind, profile).unwrap();
            assert_eq!(params.verifying_key(), committed_key(kind, profile));
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

    // Whole files, but not what this circuit's parameters are.
    let payload = &whole[16..whole.len() - 32];
    file::write(&path, FileKind::Parameters, ProfileId::Dev, payload).unwrap();
    let error = cache.load(CircuitKind::Poe, Profile::TEST).unwrap_err();
    assert!(
        matches!(error, ParamsError::File(FileError::Other(_))),
        "{error}"
    );
    file::write(&path, FileKind::Parameters, ProfileId::Test, &payload[1..]).unwrap();
    let error = cache.load(CircuitKind::Poe, Profile::TEST).unwrap_err();
    assert!(matches!(error, ParamsError::OtherCircuit(_)), "{error}");
    user.load_or_generate(CircuitKind::Post, Profile::TEST)
        .unwrap();
    fs::copy(user.path(CircuitKind::Post, Profile::TEST), &path).unwrap();
    let error = cache.load(CircuitKind::Poe, Profile::TEST).unwrap_err();
    assert!(matches!(error, ParamsError::OtherCircuit(_)), "{error}");

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

#[test]
fn large_circuits_have_their_pinned_digests() {
    // Those of production take a minute: `ips-params shape --profile production` prints them.
    for kind in CircuitKind::ALL {
        let found = Shape::digest(kind, Profile::TESTNET).unwrap();
        assert_eq!(found, r1cs_digest(kind, ProfileId::Testnet));
    }
}

#[test]
#[ignore = "takes a minute"]
fn production_circuits_have_their_pinned_digests() {
    for kind in CircuitKind::ALL {
        let found = Shape::digest(kind, Profile::PRODUCTION).unwrap();
        assert_eq!(found, r1cs_digest(kind, ProfileId::Production));
    }
}

#[test]
fn parameters_that_need_a_ceremony_are_never_made_unasked() {
    let folder = tempfile::tempdir().unwrap();
    let cache = ParamsCache::at(folder.path().join("new"));
    for profile in [Profile::TESTNET, Profile::PRODUCTION] {
        for kind in CircuitKind::ALL {
            for outcome in [
                cache.load(kind, profile),
                cache.load_or_generate(kind, profile),
            ] {
                let error = outcome.unwrap_err();
                assert!(matches!(error, ParamsError::NoCeremony { .. }), "{error}");
                let text = error.to_string();
                assert!(text.contains(kind.name()) && text.contains(profile.id.name()));
            }
        }
    }
    assert!(!folder.path().join("new").exists(), "nothing was written");
}

#[test]
fn parameters_of_a_ceremony_are_loaded_by_their_pinned_checksum_only() {
    let (kind, profile) = (CircuitKind::Poe, Profile::TESTNET);
    let folder = tempfile::tempdir().unwrap();
    let none = ParamsCache::at(folder.path().to_owned());
    let insecure = none.clone().allowing_insecure();
    let made = insecure.load_or_generate(kind, profile).unwrap();
    assert_eq!(made.verifying_key()[..4], [1, 2, 2, 1], "insecure");
    let again = insecure.load(kind, profile).unwrap();
    assert_eq!(again.verifying_key(), made.verifying_key());

    // Take the file for the outcome of a ceremony.
    let file = none.path(kind, profile);
    fs::copy(insecure.path(kind, profile), &file).unwrap();
    let error = none.load_or_generate(kind, profile).unwrap_err();
    assert!(matches!(error, ParamsError::NoCeremony { .. }), "{error}");
    let held = |checksum| none.clone().after_ceremony(kind, profile.id, checksum);
    let whole = fs::read(&file).unwrap();
    let checksum: &str = Box::leak(hex::encode(&whole[whole.len() - 32..]).into_boxed_str());
    let trusting = held(checksum);
    let key = trusting.load_or_generate(kind, profile).unwrap();
    assert_eq!(key.verifying_key()[..4], [1, 2, 2, 0], "not insecure");
    let other = file_checksum(kind, ProfileId::Dev).unwrap();
    let error = held(other).load_or_generate(kind, profile).unwrap_err();
    assert!(matches!(error, ParamsError::OtherCircuit(_)), "{error}");
    fs::remove_file(&file).unwrap();
    let error = trusting.load_or_generate(kind, profile).unwrap_err();
    assert!(
        matches!(&error, ParamsError::File(error) if error.is_not_found()),
        "{error}"
    );
    assert!(!file.exists(), "not made");
}
