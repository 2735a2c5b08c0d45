//! A statement and a proof: the chain's verifier and bellperson's say the same, in the same words.
#![no_main]

use ips_fuzz::edit::{pick, statement_and_proof};
use ips_primitives::sector::{ProofBytes, Statement};
use ips_verifier::groth16::{verify, verify_batch};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let (known, recipe) = pick(bytes);
    let (statement, proof) = statement_and_proof(&known.good, recipe);
    let expected = known.reference.verify(statement, &proof);
    let (statement, proof) = (Statement(statement), ProofBytes(proof));
    // One of both ways: a pairing under the sanitizer takes long.
    let found = match bytes.last() {
        Some(0..64) => verify_batch(&known.prepared, &[(statement, proof)]),
        _ => verify(&known.prepared, &statement, &proof),
    };
    assert_eq!(found, expected);
});
