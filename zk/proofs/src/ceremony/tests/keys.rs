//! What comes out: keys that verify what their parameters prove, and a flag that tells the truth.

use bellperson::groth16::{prepare_verifying_key, verify_proof, Proof};
use ips_primitives::sector::{Profile, ProofBytes, Statement};
use ips_verifier::{
    groth16::{parse_verifying_key, verify as verify_on_chain, PreparedKey},
    poe::poe_statement,
};

use super::*;
use crate::{
    ceremony::{
        initial::{derive, public_secrets},
        phase_one::tests::write as write_powers,
    },
    file::FileError,
    params::{ParamsError, Pin, ProverParams},
    poe::{prove_poe, PoeCircuit},
    scalar::scalar_from_bytes,
    seal::tests::sample_data,
};

const PROFILE: Profile = Profile::TEST;
const RHO: [u8; 32] = [5; 32];

fn load(path: &Path, pin: &Pin) -> Result<ProverParams, ParamsError> {
    ProverParams::load_pinned(path, CircuitKind::Poe, PROFILE, pin)
}

/// A proof by exported parameters, with its statement.
fn proof(params: &ProverParams) -> (Statement, ProofBytes) {
    let data = sample_data(PROFILE);
    let proof = prove_poe(params, PROFILE, data.tree(), &RHO).unwrap();
    (poe_statement(&data.comm_d(), &RHO).unwrap(), proof)
}

#[test]
fn exported_keys_prove_and_verify_with_bellperson_and_on_chain() {
    let folder = tempfile::tempdir().unwrap();
    let verified = verify(&files()[4], initial(), &mut OsRng).unwrap();
    let exported = export(&verified, folder.path()).unwrap();
    assert!(exported.insecure, "the seed is public");
    let key = fs::read(&exported.key).unwrap();
    assert_eq!(key, exported.pin.verifying_key);
    assert!(parse_verifying_key(&key).unwrap().is_insecure());

    let params = load(&exported.parameters, &exported.pin).unwrap();
    assert_eq!(params.verifying_key(), key);
    let (statement, proof) = proof(&params);
    let prepared = PreparedKey::from_verifying_key(&key).unwrap();
    verify_on_chain(&prepared, &statement, &proof).unwrap();
    let theirs = Proof::<Bls12>::read(&proof.0[..]).unwrap();
    let prepared = prepare_verifying_key(&params.groth.vk);
    let input = scalar_from_bytes(&statement.0).unwrap();
    assert!(verify_proof(&prepared, &theirs, &[input]).unwrap());

    // Not under the key of an earlier step.
    let earlier = verify(&files()[3], initial(), &mut OsRng).unwrap();
    let other = tempfile::tempdir().unwrap();
    let earlier = export(&earlier, other.path()).unwrap();
    assert_ne!(earlier.key_id, exported.key_id);
    let prepared = PreparedKey::from_verifying_key(&earlier.pin.verifying_key).unwrap();
    assert!(verify_on_chain(&prepared, &statement, &proof).is_err());
}

#[test]
fn exported_parameters_are_used_only_if_they_are_the_pinned_ones() {
    let folder = tempfile::tempdir().unwrap();
    let verified = verify(&files()[3], initial(), &mut OsRng).unwrap();
    let exported = export(&verified, folder.path()).unwrap();
    let (path, pin) = (&exported.parameters, &exported.pin);
    let whole = fs::read(path).unwrap();
    let damaged = |bytes: &[u8]| {
        let path = folder.path().join("damaged");
        fs::write(&path, bytes).unwrap();
        load(&path, pin).unwrap_err()
    };
    let error = damaged(&whole[..whole.len() - 1]);
    assert!(
        matches!(error, ParamsError::File(FileError::Length(_))),
        "{error}"
    );
    let mut flipped = whole.clone();
    flipped[whole.len() / 3] ^= 4;
    let error = damaged(&flipped);
    assert!(
        matches!(error, ParamsError::File(FileError::Checksum(_))),
        "{error}"
    );
    let error = damaged(&fs::read(&files()[3]).unwrap());
    assert!(
        matches!(error, ParamsError::File(FileError::Foreign(_))),
        "{error}"
    );
    let error = ProverParams::load_pinned(path, CircuitKind::Poe, Profile::DEV, pin).unwrap_err();
    assert!(
        matches!(error, ParamsError::File(FileError::Other(_))),
        "{error}"
    );
    let error = load(&folder.path().join("none"), pin).unwrap_err();
    assert!(
        matches!(&error, ParamsError::File(file) if file.is_not_found()),
        "{error}"
    );

    // Whole and of this ceremony, but of another step.
    let other = tempfile::tempdir().unwrap();
    let earlier = verify(&files()[2], initial(), &mut OsRng).unwrap();
    let earlier = export(&earlier, other.path()).unwrap();
    let error = load(&earlier.parameters, pin).unwrap_err();
    assert!(matches!(error, ParamsError::OtherCircuit(_)), "{error}");
    let mixed = Pin {
        checksum: pin.checksum,
        verifying_key: earlier.pin.verifying_key,
    };
    let error = load(path, &mixed).unwrap_err();
    assert!(matches!(error, ParamsError::OtherKey(_)), "{error}");
    let error = ProverParams::load_pinned(path, CircuitKind::Post, PROFILE, pin).unwrap_err();
    assert!(matches!(error, ParamsError::OtherKey(_)), "{error}");
}

/// Powers of a first phase that stay secret to nobody but the test.
fn phase_one(folder: &Path) -> (Source, Initial) {
    let (path, hash) = write_powers(folder, public_secrets(SEED), 1 << 13);
    let source = Source::PhaseOne { path, hash };
    let initial = Initial::derive(CircuitKind::Poe, ProfileId::Test, &source).unwrap();
    (source, initial)
}

#[test]
fn a_first_phase_leads_to_the_same_parameters_and_to_keys_without_the_insecure_flag() {
    let folder = tempfile::tempdir().unwrap();
    let (_, from_powers) = phase_one(folder.path());
    // By points alone what the generator makes from the secrets.
    assert_eq!(from_powers.header().initial, initial().header().initial);
    assert!(from_powers.groth() == initial().groth());

    let files = hold(&from_powers, folder.path());
    for (step, complete) in [(3, false), (4, true)] {
        let verified = verify(&files[step], &from_powers, &mut OsRng).unwrap();
        assert_eq!(verified.transcript().is_complete(), complete, "{step}");
        let out = folder.path().join(format!("keys-{step}"));
        let exported = export(&verified, &out).unwrap();
        assert_eq!(exported.insecure, !complete);
        let key = parse_verifying_key(&exported.pin.verifying_key).unwrap();
        assert_eq!(key.is_insecure(), !complete);
        let params = load(&exported.parameters, &exported.pin).unwrap();
        assert_eq!(params.verifying_key(), exported.pin.verifying_key);
        let (statement, proof) = proof(&params);
        let prepared = PreparedKey::from_verifying_key(&params.verifying_key()).unwrap();
        verify_on_chain(&prepared, &statement, &proof).unwrap();
    }

    // A beacon without enough contributors clears nothing.
    let early = folder.path().join("early");
    apply_beacon(&files[2], &early, Beacon::new(vec![1], 0).unwrap()).unwrap();
    assert!(!Transcript::open(&early).unwrap().is_complete());
}

#[test]
fn a_first_phase_that_is_too_small_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (path, hash) = write_powers(folder.path(), public_secrets(SEED), 8);
    let outcome = derive(PoeCircuit::blank(PROFILE), &Source::PhaseOne { path, hash });
    let error = outcome.err().unwrap();
    assert!(
        matches!(
            error,
            CeremonyError::PhaseOneSize {
                found: 8,
                needed: 8192,
                ..
            }
        ),
        "{error}"
    );
}
