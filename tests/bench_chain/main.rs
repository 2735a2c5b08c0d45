//! How many extrinsics a block holds, by each of its limits, and how many a chain on this machine really
//! takes. `scripts/bench-chain.sh` builds and runs it; `docs/throughput.md` says what the numbers mean.

mod limits;
mod load;
mod rows;

use std::path::PathBuf;

use anyhow::Context;
use clap::Parser;

use crate::rows::{table, Row};

/// Prints the throughput of the chain and the weight of every call.
#[derive(Debug, Parser)]
#[command(name = "bench-chain.sh")]
struct Args {
    /// Also write the rows to this file: an array of {name, ours, peer, unit, ratio, target, met}.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Transfers that the chain is loaded with, and a fifth as many orders.
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(100..=60_000))]
    transfers: u32,
    /// Only what the weights say; starts no chain.
    #[arg(long)]
    quick: bool,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let args = Args::parse();
    let mut rows = limits::of_every_call();
    rows.extend(limits::of_typical_calls());
    if !args.quick {
        let folder = tempfile::Builder::new().prefix("ips-bench-").tempdir()?;
        rows.extend(load::measure(folder.path(), args.transfers).await?);
    }
    println!("{}", table(&rows));
    if let Some(path) = &args.json {
        let objects: Vec<_> = rows.iter().map(Row::object).collect();
        let json = serde_json::to_vec_pretty(&objects)?;
        std::fs::write(path, json).with_context(|| path.display().to_string())?;
    }
    Ok(())
}
