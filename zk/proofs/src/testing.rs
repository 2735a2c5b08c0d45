//! What the tests of all three relations share: the way to the chain's verifier.

use ips_primitives::sector::{ProofBytes, Statement};
use ips_verifier::groth16::{verify, PreparedKey};

use crate::params::ProverParams;

/// Whether the verifier accepts `proof` for `statement` under the key of `params`.
pub(crate) fn verifies(params: &ProverParams, statement: Statement, proof: &ProofBytes) -> bool {
    let key = PreparedKey::from_verifying_key(&params.verifying_key()).unwrap();
    verify(&key, &statement, proof).is_ok()
}
