//! The main job on real processes: one chain, storage nodes, a file in, proofs, kills, the file out.
//!
//! Exits with 0 only if every step was seen and the bytes are identical. `scripts/demo.sh` sets up,
//! builds and runs it.

mod blocks;
mod network;
mod report;
mod steps;

use std::path::PathBuf;

use anyhow::Context;
use clap::Parser;
use ips_primitives::fragment::Level;

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
    /// Nodes to kill before reading back; as many as the level allows if not given.
    #[arg(long)]
    kill: Option<u32>,
    /// Milliseconds between blocks.
    #[arg(long, default_value_t = 2_000, value_parser = clap::value_parser!(u64).range(500..=12_000))]
    block_time: u64,
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

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let args = Args::parse();
    let folder = tempfile::Builder::new().prefix("ips-demo-").tempdir()?;
    let mut network = network::Network::new(folder.path())?;
    let outcome = tokio::select! {
        outcome = steps::run(&args, &mut network) => outcome,
        _ = tokio::signal::ctrl_c() => Err(anyhow::anyhow!("interrupted")),
    };
    match outcome {
        Ok(report) => {
            println!("{report}");
            if let Some(path) = &args.json {
                let json = serde_json::to_vec_pretty(&report)?;
                std::fs::write(path, json).with_context(|| path.display().to_string())?;
            }
            if args.keep {
                network.keep(folder);
            } else {
                network.stop().await?;
            }
            println!("\nDEMO PASSED");
            Ok(())
        }
        Err(error) => {
            network.print_logs();
            network.stop().await?;
            Err(error.context("DEMO FAILED"))
        }
    }
}
