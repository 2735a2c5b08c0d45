//! Bytes as changes to a recorded proof.
//!
//! Random bytes are no points, so they never get past the first check. These recipes put whole points,
//! bad and good, in the place of others, and so reach every check and the pairing.

use std::sync::OnceLock;

use ips_reference::{
    corpus::{in_place_of_a_point, in_place_of_a_statement, recorded, Recorded, PROOF_POINTS},
    verdict::Reference,
};
use ips_verifier::{groth16::PreparedKey, keys::builtin_key};
use rand::{rngs::StdRng, SeedableRng};

/// A recorded proof with its key in both implementations.
pub struct Known {
    /// The proof.
    pub good: Recorded,
    /// The verifying key's bytes.
    pub key: &'static [u8],
    /// The key as the chain keeps it.
    pub prepared: PreparedKey,
    /// The key as bellperson reads it.
    pub reference: Reference,
}

/// All recorded proofs.
pub fn known() -> &'static [Known] {
    static KNOWN: OnceLock<Vec<Known>> = OnceLock::new();
    KNOWN.get_or_init(|| {
        let each = recorded().into_iter().map(|good| {
            let key = builtin_key(good.profile, good.kind).expect("test and dev have keys");
            Known {
                good,
                key,
                prepared: PreparedKey::from_verifying_key(key).expect("a built-in key"),
                reference: Reference::new(key).expect("a built-in key"),
            }
        });
        each.collect()
    })
}

/// What may stand in the place of a point of 48 and of 96 bytes.
fn points(length: usize) -> &'static [Vec<u8>] {
    static POINTS: OnceLock<[Vec<Vec<u8>>; 2]> = OnceLock::new();
    let both = POINTS.get_or_init(|| {
        let mut rng = StdRng::seed_from_u64(1);
        [48, 96].map(|length| in_place_of_a_point(length, &mut rng))
    });
    &both[usize::from(length == 96)]
}

/// The recorded proof that the first byte picks.
pub fn pick(bytes: &[u8]) -> (&'static Known, &[u8]) {
    let (first, rest) = bytes.split_first().unwrap_or((&0, &[]));
    let all = known();
    (&all[usize::from(*first) % all.len()], rest)
}

/// Replaces the points at `places` (start and length) and single bytes of `target` as `recipe` says,
/// three bytes per change.
pub fn edit(target: &mut [u8], places: &[(usize, usize)], recipe: &[u8]) {
    for change in recipe.chunks_exact(3) {
        let [what, which, value] = [change[0], change[1], change[2]].map(usize::from);
        let (at, length) = places[which % places.len()];
        match what % 4 {
            0 => target[(which << 8 | value) % target.len()] ^= change[0] >> 2 | 1,
            1 => target[at] ^= 0x20,
            2 => target[at + value % length] ^= change[0] >> 2 | 1,
            _ => {
                let others = points(length);
                let other = &others[value % others.len()];
                target[at..at + length].copy_from_slice(other);
            }
        }
    }
}

/// A statement and a proof: raw if there are as many bytes as they have, a recipe otherwise.
pub fn statement_and_proof(good: &Recorded, recipe: &[u8]) -> ([u8; 32], [u8; 192]) {
    if let Some((statement, proof)) = recipe.split_first_chunk() {
        if let Ok(proof) = proof.try_into() {
            return (*statement, proof);
        }
    }
    let (first, rest) = recipe.split_first().unwrap_or((&0, &[]));
    let others = in_place_of_a_statement(&good.statement);
    let statement = others.get(usize::from(*first)).unwrap_or(&good.statement);
    let mut proof = good.proof;
    edit(&mut proof, &PROOF_POINTS, rest);
    (*statement, proof)
}
