//! The IPS node: the chain, and with `--storage` a storage node inside the same process.
//!
//! Wiring only; rules are in the runtime's pallets, storage is in `ips-daemon`.

mod chain_spec;
mod cli;
mod command;
mod log;
mod panics;
mod rpc;
mod service;
mod storage;

use std::process::ExitCode;

fn main() -> ExitCode {
    // Both the chain's and the storage network's TLS would otherwise pick a provider on first use,
    // and panic if both crates' features are on. A second install only fails if one is there.
    let _ = rustls::crypto::ring::default_provider().install_default();
    panics::name_prover_threads();
    match command::run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("ips-node: {error}");
            ExitCode::FAILURE
        }
    }
}
