//! `ips-storage`: a storage node beside any node of the chain.

use std::{path::PathBuf, process::ExitCode, time::Duration};

use anyhow::Context as _;
use clap::{Parser, ValueEnum};
use ips_daemon::{ChainSource, FolderError, StorageArguments, StorageConfig, StorageNode};
use ips_engine::chain::ChainError;
use tokio::signal::unix::{signal, SignalKind};

/// Everything that shutting down may take.
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(9);
/// How often `status.json` is written.
const STATUS_EVERY: Duration = Duration::from_secs(10);

/// Offer disk space to the IPS network and be paid for it.
///
/// Needs a node of the chain (--rpc). At the first start give the owner's key (--owner): it
/// registers this machine, pledges collateral and sends the worker key its fee money. Later starts
/// need no owner's key. Exit codes: 0 stopped, 1 failed, 2 wrong arguments, 3 base path in use,
/// 4 chain unreachable.
#[derive(Debug, Parser)]
#[command(name = "ips-storage", version)]
struct Arguments {
    /// Folder for slots, sectors, keys and records; one process at a time.
    #[arg(long, env = "IPS_BASE_PATH", default_value = "ips-storage")]
    base_path: PathBuf,
    /// RPC of a node of the chain.
    #[arg(long, env = "IPS_RPC", default_value = "ws://127.0.0.1:9944")]
    rpc: String,
    /// What is offered, and how.
    #[command(flatten)]
    storage: StorageArguments,
    /// Layout of log lines; RUST_LOG chooses what is logged.
    #[arg(long, value_enum, default_value_t = LogFormat::Human)]
    log_format: LogFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum LogFormat {
    /// For eyes.
    Human,
    /// One JSON object per line.
    Json,
}

fn start_log(format: LogFormat) {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    match format {
        LogFormat::Human => log.init(),
        LogFormat::Json => log.json().init(),
    }
}

async fn run(config: StorageConfig) -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("listen to SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("listen to SIGINT")?;
    let node = tokio::select! {
        node = StorageNode::start(config) => node?,
        _ = terminate.recv() => return Ok(()),
        _ = interrupt.recv() => return Ok(()),
    };
    tracing::info!(peer = %node.engine().swarm().peer_id(), "storage node started");
    let mut tick = tokio::time::interval(STATUS_EVERY);
    loop {
        tokio::select! {
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
            _ = tick.tick() => {
                if let Err(error) = node.write_status().await {
                    tracing::warn!(%error, "status.json not written");
                }
            }
        }
    }
    tracing::info!("stopping");
    if tokio::time::timeout(SHUTDOWN_LIMIT, node.shutdown())
        .await
        .is_err()
    {
        tracing::warn!("stopped without waiting for every task");
    }
    Ok(())
}

fn exit_code(error: &anyhow::Error) -> u8 {
    let in_use = |cause: &(dyn std::error::Error + 'static)| {
        matches!(cause.downcast_ref(), Some(FolderError::InUse(_)))
    };
    let unreachable = |cause: &(dyn std::error::Error + 'static)| {
        matches!(cause.downcast_ref(), Some(ChainError::Unreachable { .. }))
    };
    if error.chain().any(in_use) {
        3
    } else if error.chain().any(unreachable) {
        4
    } else {
        1
    }
}

fn main() -> ExitCode {
    // Two TLS providers are linked in; without a choice the first connection would panic.
    if rustls::crypto::ring::default_provider()
        .install_default()
        .is_err()
    {
        eprintln!("ips-storage: a TLS provider is installed already; continuing with it");
    }
    let arguments = Arguments::parse();
    start_log(arguments.log_format);
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("ips-storage: cannot start threads: {error}; free memory and try again");
            return ExitCode::FAILURE;
        }
    };
    let Arguments {
        base_path,
        rpc,
        storage,
        ..
    } = arguments;
    let ended = storage
        .into_config(base_path, ChainSource::Url(rpc), None)
        .and_then(|config| runtime.block_on(run(config)));
    // A prover in the middle of a step is not waited for: the step is repeated after the start.
    runtime.shutdown_background();
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("ips-storage: {error:#}");
            ExitCode::from(exit_code(&error))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn arguments_are_consistent() {
        Arguments::command().debug_assert();
    }
}
