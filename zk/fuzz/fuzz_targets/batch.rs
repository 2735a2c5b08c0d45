//! A batch is accepted if and only if each of its proofs is.
#![no_main]

use ips_fuzz::edit::{pick, statement_and_proof};
use ips_primitives::sector::{ProofBytes, Statement};
use ips_verifier::groth16::{verify_batch, VerifyError};
use libfuzzer_sys::fuzz_target;

/// More add nothing but time.
const PROOFS_MAX: usize = 5;

fuzz_target!(|bytes: &[u8]| {
    let (known, rest) = pick(bytes);
    let (first, rest) = rest.split_first().unwrap_or((&1, &[]));
    let count = usize::from(*first) % PROOFS_MAX + 1;
    let part = rest.len().div_ceil(count).max(1);
    let recipes = rest.chunks(part).chain(std::iter::repeat(&[0xff][..]));
    let batch: Vec<_> = recipes
        .take(count)
        .map(|recipe| {
            let (statement, proof) = statement_and_proof(&known.good, recipe);
            (Statement(statement), ProofBytes(proof))
        })
        .collect();
    let each: Vec<_> = batch
        .iter()
        // By bellperson: the target `proof` shows that both say the same, and this is faster.
        .map(|(statement, proof)| known.reference.verify(statement.0, &proof.0))
        .collect();
    let unread = |found: &&_| !matches!(found, Ok(()) | Err(VerifyError::Refuted));
    let refuted = each.iter().find(|found| found.is_err());
    let expected = each
        .iter()
        .find(unread)
        .or(refuted)
        .copied()
        .unwrap_or(Ok(()));
    assert_eq!(verify_batch(&known.prepared, &batch), expected);
});
