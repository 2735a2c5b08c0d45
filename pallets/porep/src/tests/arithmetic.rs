//! Who does the curve's arithmetic: who chooses it, and that the verdict does not depend on it.

use frame_support::{assert_noop, assert_ok, weights::Weight};
use ips_primitives::sector::{ProofBytes, Statement};
use ips_verifier::{
    groth16::{CircuitKind, PreparedKey, TrapdoorKey, VerifyError},
    hash::{scalar_to_bytes, Scalar},
};
use sp_runtime::DispatchError;

use super::real::PROFILE;
use crate::{mock::*, Arithmetic, CurveArithmetic, CurveArithmetic::*, Error, Event};

fn key() -> TrapdoorKey {
    TrapdoorKey::new(PROFILE.id, CircuitKind::Seal)
}

fn prepared() -> Vec<u8> {
    let key = PreparedKey::new(&key().verifying_key()).unwrap();
    key.to_bytes().0.to_vec()
}

fn proven(number: u64) -> (Statement, ProofBytes) {
    let statement = Statement(scalar_to_bytes(&Scalar::from(number)));
    (statement, key().prove(&statement).unwrap())
}

/// The verdict of both, which must be the same to the reason.
fn verdict(batch: &[(Statement, ProofBytes)]) -> Result<(), VerifyError> {
    let prepared = prepared();
    let verdict = Wasm.verify(&prepared, batch);
    assert_eq!(HostCalls.verify(&prepared, batch), verdict, "{batch:?}");
    verdict
}

/// The proof with the bytes from `at` replaced.
fn spliced(proof: &ProofBytes, at: usize, bytes: &[u8]) -> ProofBytes {
    let mut spliced = *proof;
    spliced.0[at..at + bytes.len()].copy_from_slice(bytes);
    spliced
}

#[test]
fn root_chooses_the_arithmetic_and_nobody_else() {
    new_test_ext().execute_with(|| {
        assert_eq!(Arithmetic::<Test>::get(), Wasm);
        assert_eq!(Porep::saved_by_host(1), Weight::zero());
        assert_noop!(
            Porep::set_arithmetic(worker(provider(2)), HostCalls),
            DispatchError::BadOrigin
        );
        assert_ok!(Porep::set_arithmetic(RuntimeOrigin::root(), HostCalls));
        System::assert_last_event(
            Event::ArithmeticSet {
                arithmetic: HostCalls,
            }
            .into(),
        );
        let wasm = <() as crate::WeightInfo>::verify_in_wasm(3);
        let host = <() as crate::WeightInfo>::verify_by_host(3);
        assert_eq!(Porep::saved_by_host(3), wasm - host);
        assert_ok!(Porep::set_arithmetic(RuntimeOrigin::root(), Wasm));
        assert!(CurveArithmetic::Wasm.is_available());
    });
}

#[test]
fn host_calls_are_neither_chosen_nor_made_without_the_relay_chains() {
    new_test_ext().execute_with(|| {
        RelayHostCalls::set(false);
        assert_noop!(
            Porep::set_arithmetic(RuntimeOrigin::root(), HostCalls),
            Error::<Test>::RelayWithoutHostCalls
        );
        RelayHostCalls::set(true);
        assert_ok!(Porep::set_arithmetic(RuntimeOrigin::root(), HostCalls));
        assert_ne!(Porep::saved_by_host(1), Weight::zero());
        // The relay chain takes them away: WASM does the work, the choice stays.
        RelayHostCalls::set(false);
        assert_eq!(Porep::saved_by_host(1), Weight::zero());
        assert_eq!(Arithmetic::<Test>::get(), HostCalls);
        assert_ok!(Porep::set_arithmetic(RuntimeOrigin::root(), Wasm));
    });
}

#[test]
fn true_proofs_pass_alone_and_in_batches() {
    for proofs in [1, 2, 8, 64] {
        let batch: Vec<_> = (1..=proofs).map(proven).collect();
        assert_eq!(verdict(&batch), Ok(()));
    }
}

#[test]
fn one_bad_proof_refutes_its_batch() {
    let mut batch: Vec<_> = (1..=8).map(proven).collect();
    (batch[3].0, batch[4].0) = (batch[4].0, batch[3].0);
    assert_eq!(verdict(&batch), Err(VerifyError::Refuted));
    assert_eq!(verdict(&batch[3..4]), Err(VerifyError::Refuted));
    assert_eq!(verdict(&batch[..3]), Ok(()));
}

#[test]
fn empty_and_too_large_batches_are_refused() {
    assert_eq!(verdict(&[]), Err(VerifyError::BatchSize));
    let batch: Vec<_> = (1..=65).map(proven).collect();
    assert_eq!(verdict(&batch), Err(VerifyError::BatchSize));
}

#[test]
fn no_bad_point_passes_or_panics() {
    let (statement, proof) = proven(1);
    let mut identity = [0; 96];
    identity[0] = 0xc0;
    let mut bad = vec![
        spliced(&proof, 0, &identity[..48]),
        spliced(&proof, 48, &identity),
        spliced(&proof, 144, &identity[..48]),
    ];
    // Small x: half of them are on no point of the curve, the others outside the subgroup.
    for x in 1..=16 {
        let mut point = [0; 96];
        (point[0], point[47], point[95]) = (0x80, x, x);
        bad.extend([
            spliced(&proof, 0, &point[..48]),
            spliced(&proof, 48, &point),
            spliced(&proof, 144, &point[..48]),
        ]);
    }
    // A changed bit, everywhere.
    for at in 0..proof.0.len() {
        bad.push(spliced(&proof, at, &[proof.0[at] ^ (1 << (at % 8))]));
    }
    for bad in bad {
        assert!(verdict(&[(statement, bad)]).is_err(), "{bad:?}");
    }
    // In a batch, too.
    let other = spliced(&proof, 0, &identity[..48]);
    assert!(verdict(&[proven(2), (statement, other)]).is_err());
}

#[test]
fn statements_that_are_no_canonical_scalar_are_refused() {
    let (_, proof) = proven(1);
    let statement = Statement([0xff; 32]);
    assert_eq!(verdict(&[(statement, proof)]), Err(VerifyError::Statement));
}

#[test]
fn a_damaged_key_refuses_every_proof() {
    let prepared = prepared();
    let batch = [proven(1)];
    for arithmetic in [Wasm, HostCalls] {
        assert!(arithmetic.verify(&prepared[1..], &batch).is_err());
        assert!(arithmetic.verify(&[], &batch).is_err());
    }
}
