//! The prover of proofs of extract.

use ips_primitives::sector::{Profile, ProofBytes};
use ips_verifier::groth16::CircuitKind;

use super::{
    check::{check, PoeWitness},
    PoeCircuit,
};
use crate::{
    agreed::poe_statement,
    params::ProverParams,
    prove::{check_params, prove, ProveError},
    scalar::scalar_from_bytes,
    tree::Tree,
};

/// Proves that the data of `tree_d` could be read when `rho` became known.
///
/// # Errors
/// [`ProveError`] if the parameters or the tree do not fit the profile.
pub fn prove_poe(
    params: &ProverParams,
    profile: Profile,
    tree_d: &Tree,
    rho: &[u8; 32],
) -> Result<ProofBytes, ProveError> {
    check_params(params, CircuitKind::Poe, profile)?;
    let rho = scalar_from_bytes(rho)?;
    let witness = PoeWitness::open(profile, tree_d, rho);
    let statement = poe_statement(tree_d.root(), rho);
    check(profile, statement, &witness)?;
    prove(
        params,
        PoeCircuit {
            profile,
            statement,
            witness,
        },
    )
}
