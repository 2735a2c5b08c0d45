//! `ips-storage`: a storage node beside any node of the chain.

use std::{io::Write as _, path::PathBuf, process::ExitCode};

use anyhow::Context as _;
use clap::{Args, Parser, Subcommand, ValueEnum};
use ips_daemon::{ChainSource, FolderError, StatusReport, StorageArguments, StorageConfig};
use ips_engine::chain::ChainError;
use tokio::signal::unix::{signal, SignalKind};

const EXAMPLES: &str = "EXAMPLES:
  ips-storage --owner //Node1 --local --capacity 2GiB --price 1000000 --pledge 100000000000000
      a node of a development chain on this machine (ips-node --dev)
  ips-storage --rpc wss://rpc.example --owner owner.key --class personal --capacity 500GiB \\
      --listen /ip4/0.0.0.0/udp/4001/quic-v1 --listen /ip4/0.0.0.0/tcp/4001 \\
      --external /ip4/203.0.113.7/udp/4001/quic-v1 --external /ip4/203.0.113.7/tcp/4001
      a public node behind a router that forwards port 4001; make owner.key with: ips keygen
  ips-storage --rpc wss://rpc.example
      later starts: the worker key in the base path is enough
  ips-storage status
      what the node holds and does

The base path holds the worker key, sealed sectors and the record of what was promised: back it up,
never run it twice, never copy it to a second machine. SIGTERM and Ctrl-C end the node within ten
seconds; kill -9 at any time loses nothing that was acknowledged.

EXIT CODES: 0 stopped; 1 failed; 2 wrong arguments; 3 base path in use; 4 chain unreachable;
5 base path of another chain; 6 (status) not running";

/// Offer disk space to the IPS network and be paid for it.
///
/// Needs a node of the chain (--rpc). At the first start give the owner's key (--owner): it
/// registers this machine, pledges collateral and sends the worker key its fee money. Later starts
/// need no owner's key, and repeat nothing that is done.
#[derive(Debug, Parser)]
#[command(
    name = "ips-storage",
    version,
    after_help = EXAMPLES,
    args_conflicts_with_subcommands = true
)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    run: RunArguments,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Tell what the node in a base path holds and does, running or not.
    Status(StatusArguments),
}

#[derive(Debug, Args)]
struct StatusArguments {
    /// Folder of the node.
    #[arg(long, env = "IPS_BASE_PATH", default_value = "ips-storage")]
    base_path: PathBuf,
    /// One JSON object, with `running` and `age_seconds`.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct RunArguments {
    /// Folder for slots, sectors, keys and records; one process at a time, one chain for ever.
    #[arg(long, env = "IPS_BASE_PATH", default_value = "ips-storage")]
    base_path: PathBuf,
    /// RPC of a node of the chain.
    #[arg(long, env = "IPS_RPC", default_value = "ws://127.0.0.1:9944")]
    rpc: String,
    /// What is offered, and how.
    #[command(flatten)]
    storage: StorageArguments,
    /// Layout of log lines on standard error; RUST_LOG chooses what is logged.
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

async fn serve(config: StorageConfig) -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("listen to SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("listen to SIGINT")?;
    let stop = async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    };
    ips_daemon::run(config, stop).await
}

fn exit_code(error: &anyhow::Error) -> u8 {
    for cause in error.chain() {
        match cause.downcast_ref() {
            Some(FolderError::InUse(_)) => return 3,
            Some(FolderError::OtherChain { .. }) => return 5,
            _ => {}
        }
        if let Some(ChainError::Unreachable { .. }) = cause.downcast_ref() {
            return 4;
        }
    }
    1
}

fn run(arguments: RunArguments) -> anyhow::Result<()> {
    start_log(arguments.log_format);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start threads; free memory and try again")?;
    let RunArguments {
        base_path,
        rpc,
        storage,
        ..
    } = arguments;
    let config = storage.into_config(base_path, ChainSource::Url(rpc), None)?;
    let ended = runtime.block_on(serve(config));
    // A prover in the middle of a step is not waited for: the step is repeated after the start.
    runtime.shutdown_background();
    ended
}

/// The exit code: 0 if the node runs, 6 if not.
fn status(arguments: &StatusArguments) -> anyhow::Result<ExitCode> {
    let report = StatusReport::read(&arguments.base_path)?;
    let text = if arguments.json {
        format!("{}\n", report.json())
    } else {
        report.text()
    };
    // Not `print!`, which panics if the reader, such as `head`, has left.
    if let Err(error) = std::io::stdout().write_all(text.as_bytes()) {
        if error.kind() != std::io::ErrorKind::BrokenPipe {
            return Err(error).context("write the status");
        }
    }
    Ok(ExitCode::from(if report.is_running { 0 } else { 6 }))
}

fn main() -> ExitCode {
    // Two TLS providers are linked in; without a choice the first connection would panic.
    if rustls::crypto::ring::default_provider()
        .install_default()
        .is_err()
    {
        eprintln!("ips-storage: a TLS provider is installed already; continuing with it");
    }
    let Arguments {
        command,
        run: flags,
    } = Arguments::parse();
    let ended = match command {
        Some(Command::Status(arguments)) => status(&arguments),
        None => run(flags).map(|()| ExitCode::SUCCESS),
    };
    ended.unwrap_or_else(|error| {
        eprintln!("ips-storage: {error:#}");
        ExitCode::from(exit_code(&error))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn arguments_are_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn exit_codes_tell_causes_apart() {
        let in_use = anyhow::Error::new(FolderError::InUse("a".into())).context("start");
        let other = FolderError::OtherChain {
            path: "a".into(),
            expected: "1".into(),
            found: "2".into(),
        };
        let unreachable = ChainError::Unreachable {
            url: "ws://a".into(),
            reason: "refused".into(),
        };
        assert_eq!(exit_code(&in_use), 3);
        assert_eq!(exit_code(&unreachable.into()), 4);
        assert_eq!(exit_code(&other.into()), 5);
        assert_eq!(exit_code(&anyhow::anyhow!("else")), 1);
    }
}
