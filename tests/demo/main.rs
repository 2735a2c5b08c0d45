//! The main job on real processes: one chain, storage nodes, a file in, proofs, kills, the file out.
//!
//! Exits with 0 only if every step was seen and the bytes are identical. `scripts/demo.sh` sets up,
//! builds and runs it; `scripts/zombienet.sh` does the same on a parachain of a local relay chain.

mod parachain;
mod report;
mod steps;
mod upgrade;
mod waits;
mod xcm;

use std::path::PathBuf;

use anyhow::Context;
use clap::Parser;
use ips_primitives::fragment::Level;
use ips_tests::network::{Network, Settings};
use parachain::Scenario;
use tokio::signal::unix::{signal, SignalKind};

/// Runs the whole IPS network on this machine and shows that it keeps its promises.
#[derive(Debug, Parser)]
#[command(name = "demo.sh")]
struct Args {
    /// The file to store; a 5 MiB file made of this system's files if not given.
    file: Option<PathBuf>,
    /// Share of the holders that may vanish: 1/3, 1/2 or 2/3.
    #[arg(long, default_value = "1/2", value_parser = parse_level)]
    level: Level,
    /// Storage nodes, one process each (the first inside the chain's node).
    #[arg(long, default_value_t = 6, value_parser = clap::value_parser!(u32).range(6..=12))]
    nodes: u32,
    /// Holders to kill before reading back; as many as the level allows if not given.
    #[arg(long)]
    kill: Option<u32>,
    /// Milliseconds between blocks.
    #[arg(long, default_value_t = 2_000, value_parser = clap::value_parser!(u64).range(500..=12_000))]
    block_time: u64,
    /// Run as a parachain of a local relay chain, with what happens there.
    #[arg(long, value_enum, value_name = "SCENARIO")]
    relay: Option<Scenario>,
    /// The runtime that the scenarios `upgrade` and `ecc` upgrade to.
    #[arg(long, value_name = "FILE", requires = "relay")]
    blob: Option<PathBuf>,
    /// Leave the network running.
    #[arg(long)]
    keep: bool,
    /// Write the final table to this file.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

fn parse_level(name: &str) -> Result<Level, String> {
    Level::from_name(name).ok_or_else(|| "a level is 1/3, 1/2 or 2/3".into())
}

/// Until somebody wants this program to end.
async fn interrupted() -> anyhow::Error {
    let wait = async {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut hangup = signal(SignalKind::hangup())?;
        tokio::select! {
            ended = tokio::signal::ctrl_c() => ended?,
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
        anyhow::Ok(())
    };
    match wait.await {
        Ok(()) => anyhow::anyhow!("interrupted"),
        Err(error) => error,
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let args = Args::parse();
    let folder = tempfile::Builder::new().prefix("ips-demo-").tempdir()?;
    let settings = Settings {
        block_time: args.block_time,
        storage_in_chain: true,
    };
    let mut network = Network::new(folder.path(), settings)?;
    let outcome = tokio::select! {
        outcome = steps::run(&args, &mut network) => outcome,
        reason = interrupted() => Err(reason),
    };
    let report = match outcome {
        Ok(report) => report,
        Err(error) => {
            network.print_logs();
            // What does not stop is killed; the first failure is the one to tell.
            let _ = network.stop();
            return Err(error.context("DEMO FAILED"));
        }
    };
    println!("{report}");
    if let Some(path) = &args.json {
        let json = serde_json::to_vec_pretty(&report)?;
        std::fs::write(path, json).with_context(|| path.display().to_string())?;
    }
    if args.keep {
        keep(network, folder);
    } else {
        network.stop()?;
    }
    println!("\nDEMO PASSED");
    Ok(())
}

/// Leaves the network running and says how to look at it and how to stop it.
fn keep(network: Network, folder: tempfile::TempDir) {
    let url = network.rpc_url();
    let ids: Vec<_> = network.keep().iter().map(ToString::to_string).collect();
    let path = folder.keep();
    println!("\nThe network keeps running in {}", path.display());
    println!("  look at it:  https://polkadot.js.org/apps/?rpc={url}");
    println!("  ask it:      ips --rpc {url} --key //Alice ls");
    println!(
        "  stop it:     kill {} && rm -r {}",
        ids.join(" "),
        path.display()
    );
}
