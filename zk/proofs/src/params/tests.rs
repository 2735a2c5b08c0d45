//! Parameters: pinned circuits, pinned keys, a cache that survives damage.

use super::{
    digest::{file_checksum, r1cs_digest},
    profile_name, *,
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
        .map(|(kind, profile, digest)| {
            format!("{} {}: {digest}", kind.name(), profile_name(profile.id))
        })
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
        .filter(|(kind, profile, sum)| file_checksum(*kind, profile.id) != sum)
        .map(|(kind, profile, sum)| format!("{} {}: {sum}", kind.name(), profile_name(profile.id)))
        .collect();
    assert!(wrong.is_empty(), "pin these: {wrong:#?}");
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
