//! The final table.

use std::fmt;

use ips_primitives::retrieval::FeeSplit;
use ips_tests::watcher::Tokens;
use serde::Serialize;

use crate::parachain::Assertions;

/// Smallest units of one token.
const UNIT: f64 = 1e12;

/// A proof the runtime accepted.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct AcceptedProof {
    pub(crate) kind: &'static str,
    pub(crate) provider: String,
    pub(crate) detail: String,
    pub(crate) block: u32,
    pub(crate) ref_time_ms: f64,
    pub(crate) proof_size_bytes: u64,
}

/// An account's tokens before and after, in the smallest unit.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct BalanceRow {
    account: String,
    free_before: u128,
    held_before: u128,
    free_after: u128,
    held_after: u128,
    killed: bool,
}

impl BalanceRow {
    pub(crate) fn new(account: String, before: Tokens, after: Tokens, killed: bool) -> Self {
        Self {
            account,
            free_before: before.free,
            held_before: before.held,
            free_after: after.free,
            held_after: after.held,
            killed,
        }
    }
}

/// How the fees for proven extracts were split, in the smallest unit.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Fees {
    servers: u128,
    provers: u128,
    burnt: u128,
}

impl From<FeeSplit> for Fees {
    fn from(split: FeeSplit) -> Self {
        Self {
            servers: split.server,
            provers: split.provers,
            burnt: split.burnt,
        }
    }
}

/// A step with how long it took.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Timing {
    pub(crate) step: &'static str,
    pub(crate) seconds: f64,
}

/// Everything the demo saw.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) file: String,
    pub(crate) file_id: String,
    pub(crate) bytes: u64,
    pub(crate) level: &'static str,
    pub(crate) data: u8,
    pub(crate) parity: u8,
    pub(crate) slots: Vec<String>,
    pub(crate) sectors: usize,
    pub(crate) killed: Vec<String>,
    pub(crate) proofs: Vec<AcceptedProof>,
    pub(crate) full_period: u32,
    pub(crate) missed_before_kill: usize,
    pub(crate) parachain: Option<Assertions>,
    pub(crate) fees: Fees,
    pub(crate) balances: Vec<BalanceRow>,
    pub(crate) timings: Vec<Timing>,
}

fn tokens(amount: u128) -> f64 {
    // Display only: twelve digits are more than the table shows.
    amount as f64 / UNIT
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\nFILE     {} ({} bytes)", self.file, self.bytes)?;
        writeln!(f, "FILE ID  {}", self.file_id)?;
        writeln!(
            f,
            "LEVEL    {}: any {} of {} slots give it back",
            self.level,
            self.data,
            self.data + self.parity
        )?;
        writeln!(f, "\nSLOTS (order/slot: holder)")?;
        for slot in &self.slots {
            writeln!(f, "  {slot}")?;
        }
        writeln!(f, "\nPROOFS ACCEPTED BY THE RUNTIME'S WASM")?;
        writeln!(
            f,
            "  {:<6} {:<8} {:<24} {:>6} {:>12} {:>12}",
            "kind", "node", "what", "block", "weight ms", "proof bytes"
        )?;
        for proof in &self.proofs {
            writeln!(
                f,
                "  {:<6} {:<8} {:<24} {:>6} {:>12.2} {:>12}",
                proof.kind,
                proof.provider,
                proof.detail,
                proof.block,
                proof.ref_time_ms,
                proof.proof_size_bytes
            )?;
        }
        writeln!(
            f,
            "\n  {} sectors sealed; proving period {} complete; {} storage proofs missed before \
             the kill",
            self.sectors, self.full_period, self.missed_before_kill
        )?;
        writeln!(f, "\nKILLED   {}", self.killed.join(", "))?;
        if let Some(parachain) = &self.parachain {
            write!(f, "{parachain}")?;
        }
        self.write_balances(f)?;
        writeln!(f, "\nTIMES")?;
        for timing in &self.timings {
            writeln!(f, "  {:<44} {:>7.1} s", timing.step, timing.seconds)?;
        }
        let total: f64 = self.timings.iter().map(|timing| timing.seconds).sum();
        write!(f, "  {:<44} {total:>7.1} s", "total")
    }
}

impl Report {
    fn write_balances(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\nBALANCES (IPS)")?;
        writeln!(
            f,
            "  {:<9} {:>15} {:>11} {:>15} {:>11} {:>12}",
            "account", "free before", "held", "free after", "held", "in all"
        )?;
        for row in &self.balances {
            let all = |free: u128, held: u128| tokens(free) + tokens(held);
            writeln!(
                f,
                "  {:<9} {:>15.6} {:>11.6} {:>15.6} {:>11.6} {:>+12.6}{}",
                row.account,
                tokens(row.free_before),
                tokens(row.held_before),
                tokens(row.free_after),
                tokens(row.held_after),
                all(row.free_after, row.held_after) - all(row.free_before, row.held_before),
                if row.killed { "  (killed)" } else { "" }
            )?;
        }
        writeln!(
            f,
            "  fees for proven extracts: {:.6} to the nodes that served, {:.6} to all provers, {:.6} \
             burnt",
            tokens(self.fees.servers),
            tokens(self.fees.provers),
            tokens(self.fees.burnt)
        )
    }
}
