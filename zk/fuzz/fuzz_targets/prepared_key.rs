//! A prepared key: whatever the chain's state holds, reading and using it never panics, and what was
//! read is written and read again as the same key.
#![no_main]

use ips_fuzz::{
    edit::{edit, pick, Known},
    memory::bounded,
};
use ips_primitives::sector::{ProofBytes, Statement};
use ips_verifier::groth16::{verify, verify_batch, PreparedKey, PREPARED_KEY_BYTES};
use libfuzzer_sys::fuzz_target;

/// Twelve coordinates of e(α,β), −γ, −δ, IC0, IC1: as pieces of 48 and 96 bytes.
const PLACES: [(usize, usize); 8] = [
    (36, 48),
    (84, 96),
    (612, 96),
    (708, 96),
    (804, 96),
    (996, 48),
    (1044, 48),
    (1092, 48),
];

fuzz_target!(|bytes: &[u8]| {
    let (known, recipe) = pick(bytes);
    if bytes.len() == PREPARED_KEY_BYTES {
        return judge(bytes, known);
    }
    let mut key = known.prepared.to_bytes().0.to_vec();
    edit(&mut key, &PLACES, recipe);
    judge(&key, known);
});

fn judge(bytes: &[u8], known: &Known) {
    let Ok(key) = bounded(bytes.len(), || PreparedKey::from_trusted_bytes(bytes)) else {
        return;
    };
    let again = PreparedKey::from_trusted_bytes(&key.to_bytes().0);
    assert_eq!(again, Ok(key));
    let (statement, proof) = (
        Statement(known.good.statement),
        ProofBytes(known.good.proof),
    );
    // One of both ways: a pairing under the sanitizer takes long.
    let accepted = match bytes.last() {
        Some(0..128) => verify(&key, &statement, &proof).is_ok(),
        _ => verify_batch(&key, &[(statement, proof); 2]).is_ok(),
    };
    assert!(!accepted || same_points(&key, &known.prepared));
}

/// Whether two keys differ in what they say about themselves only.
fn same_points(one: &PreparedKey, other: &PreparedKey) -> bool {
    one.to_bytes().0[36..] == other.to_bytes().0[36..]
}
