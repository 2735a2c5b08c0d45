//! What a chain pays: the check of a proof from what a block holds, public input included.
//!
//! Here natively, Filecoin's with blst and ours with arkworks. Weights of the runtime's WASM and of the
//! RFC-163 host calls are benchmarked with the pallets; their rows belong in this section.

use anyhow::ensure;
use ips_proofs::seal::prove_seal;
use ips_verifier::{
    groth16::{verify, PreparedKey},
    seal::{seal_challenges, seal_statement},
};

use super::prover::{Ours, SEED};
use crate::{
    report::{Report, Row},
    stopwatch::{median, timed},
};

/// Checks by each side.
const CHECKS: usize = 21;

/// Checks one seal proof of each side, alternately; keys are prepared before.
///
/// # Errors
/// If a proof cannot be made or is refused.
pub fn native(
    report: &mut Report,
    ours: &Ours,
    theirs: impl Fn() -> anyhow::Result<bool>,
    about: &str,
) -> anyhow::Result<()> {
    let (params, sealed) = (&ours.params, &ours.sealed);
    let profile = params.profile();
    let proof = prove_seal(params, profile, sealed, &SEED, 0)?;
    let key = PreparedKey::from_verifying_key(&params.verifying_key())?;
    let (id, comm_d, comm_r) = (sealed.replica_id(), sealed.comm_d(), sealed.comm_r());
    let check = || -> anyhow::Result<()> {
        let challenges = seal_challenges(&profile, &SEED, &id, &comm_r, 0);
        let statement = seal_statement(&id, &comm_d, &comm_r, &challenges)?;
        Ok(verify(&key, &statement, &proof)?)
    };
    let (mut our_seconds, mut their_seconds) = (Vec::new(), Vec::new());
    for _ in 0..CHECKS {
        let (checked, took) = timed(check);
        checked?;
        our_seconds.push(took.wall);
        let (holds, took) = timed(&theirs);
        ensure!(holds?, "Filecoin's verifier refuses Filecoin's proof");
        their_seconds.push(took.wall);
    }
    let milliseconds = |seconds| median(seconds) * 1e3;
    report.add(Row::of_costs(
        format!("seal proof checked natively, {about}"),
        milliseconds(our_seconds),
        milliseconds(their_seconds),
        "ms",
    ));
    Ok(())
}
