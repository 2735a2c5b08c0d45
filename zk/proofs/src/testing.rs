//! What the tests of all three relations share: the way to the chain's verifier, circuits taken
//! apart, false paths.

pub(crate) mod random;
pub(crate) mod system;

use blstrs::Scalar;
use ff::Field;
use ips_primitives::sector::{ProofBytes, Statement};
use ips_verifier::groth16::{verify, PreparedKey};

use crate::{c8::c8, params::ProverParams, tree::Path};

/// Whether the verifier accepts `proof` for `statement` under the key of `params`.
pub(crate) fn verifies(params: &ProverParams, statement: Statement, proof: &ProofBytes) -> bool {
    let key = PreparedKey::from_verifying_key(&params.verifying_key()).unwrap();
    verify(&key, &statement, proof).is_ok()
}

/// Changes a sibling at `level` of the path of leaf `index` and hashes up again: a path that is
/// consistent in itself and leads to another root.
pub(crate) fn divert(path: &mut Path, index: u32, level: usize) {
    let own = |level: usize| (index >> (3 * level) & 7) as usize;
    path[level][(own(level) + 1) % 8] += Scalar::ONE;
    for above in level + 1..path.len() {
        path[above][own(above)] = c8(&path[above - 1]);
    }
}
