//! What a chain pays: the check of a proof from what a block holds, public input included.
//!
//! Natively, Filecoin's with blst and ours with arkworks, measured in the run; and the weights of the
//! runtime's WASM and of the RFC-163 host calls, as `scripts/benchmark-weights.sh` measured them.

use anyhow::{ensure, Context};
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
/// The measured weights of the chain's verification.
const WEIGHTS: &str = include_str!("../../../../pallets/porep/src/weights.rs");
/// Proofs of the batch that has a target.
const BATCH: f64 = 8.0;
/// What a proof may cost in WASM, in milliseconds.
const WASM_LIMIT: f64 = 12.0;
/// What it may cost by host calls.
const HOST_LIMIT: f64 = 3.5;
/// How many times cheaper a proof of a batch shall be.
const BATCH_TARGET: f64 = 2.0;

/// The weights of verification, without database reads: a proof by itself against its limit, and a proof
/// of a batch against one by itself.
///
/// # Errors
/// If the file of weights has another shape.
pub fn weights(report: &mut Report) -> anyhow::Result<()> {
    let mut single = Vec::new();
    let ways = [
        ("WASM", "verify_in_wasm", WASM_LIMIT),
        ("host calls", "verify_by_host", HOST_LIMIT),
    ];
    for (way, call, limit) in ways {
        let cost = Cost::of(call)?;
        let name = format!("on chain, {way}: one proof, against its limit");
        report.add(Row::of_costs(name, cost.single, limit, "ms").with_target(1.0));
        let name = format!("on chain, {way}: a proof of a batch of {BATCH}, against one");
        let each = (cost.base + BATCH * cost.slope) / BATCH;
        report.add(Row::of_costs(name, each, cost.single, "ms").with_target(BATCH_TARGET));
        single.push(cost.single);
    }
    let name = "on chain: one proof by host calls, against WASM";
    report.add(Row::of_costs(name, single[1], single[0], "ms"));
    Ok(())
}

/// Milliseconds of a call that verifies `n` proofs: `base + n·slope`, and of one by itself.
struct Cost {
    single: f64,
    base: f64,
    slope: f64,
}

impl Cost {
    fn of(call: &str) -> anyhow::Result<Self> {
        let head = format!("fn {call}(n: u32) -> Weight {{");
        let mut bodies = WEIGHTS.split(&head).skip(1);
        let body = bodies
            .find(|body| body.trim_start().starts_with("// At least"))
            .context("no measured weight of the call")?;
        let after = |text: &str| -> anyhow::Result<f64> {
            let number = body.split(text).nth(1).context("no number")?;
            let digits: String = number
                .chars()
                .take_while(|letter| letter.is_ascii_digit() || *letter == '_')
                .filter(char::is_ascii_digit)
                .collect();
            // Picoseconds.
            Ok(digits.parse::<f64>()? / 1e9)
        };
        Ok(Self {
            single: after("// At least ")?,
            base: after("Weight::from_parts(")?,
            slope: after(".saturating_add(Weight::from_parts(")?,
        })
    }
}

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
