//! From claims to the verifier.

use ips_primitives::sector::{CommD, ProofBytes, Statement};
use ips_verifier::{
    groth16::{verify, verify_batch, PreparedKey},
    poe::poe_statement,
};

/// The statement that a claim's proof must be of; `None` if the root is not canonical, which
/// `pallet-porep` refuses at the pre-commit.
pub(crate) fn statement(comm_d: &CommD, rho: &[u8; 32]) -> Option<Statement> {
    poe_statement(comm_d, rho).ok()
}

/// Whether every proof is of its statement. `prepared` are the bytes of a prepared key of this chain.
pub(crate) fn verify_all(prepared: &[u8], proofs: &[(Statement, ProofBytes)]) -> bool {
    let Ok(key) = PreparedKey::from_trusted_bytes(prepared) else {
        return false;
    };
    match proofs {
        [(statement, proof)] => verify(&key, statement, proof).is_ok(),
        batch => verify_batch(&key, batch).is_ok(),
    }
}
