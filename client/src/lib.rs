//! The customer's tool: store files, read them back, look at what is stored.
//!
//! Goal: everything that happens at the customer's side of a file's life (`docs/protocol.md` §2,
//! §3, §7): encryption, orders, delivery, reading, paying. Non-goals: storage nodes, governance.
//! Keys and plaintext never leave this process.
//!
//! | module | subject |
//! |---|---|
//! | [`cli`] | the command line |
//! | [`error`] | what can go wrong, what to do, exit codes |
//! | `market` | how many nodes, at what price |
//! | `put` | storing, and what is left of it: `put`, `uploads`, `cancel` |
//! | `elsewhere` | paying from another chain: `xcm`, `put --from` |
//! | `get` | reading and paying |
//! | `listing` | `ls`, `status`, `nodes`, `balance`, `keygen` |
//! | `state` | what is kept on disk |
//! | `terminal` | progress bars and results |

pub mod cli;
mod connection;
mod elsewhere;
pub mod error;
mod get;
mod listing;
mod market;
mod put;
mod state;
mod terminal;

use std::{ffi::OsString, io, process::ExitCode, time::Duration};

use clap::Parser;
use cli::{Cli, Command};
use error::ClientError;
use terminal::Terminal;

/// Longest wait for work on other threads after a command has ended.
const LAST_WAIT: Duration = Duration::from_secs(2);

/// Reads the command line, runs the command and prints its result or error.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let wants_json = arguments.iter().any(|argument| argument == "--json");
    let cli = match Cli::try_parse_from(&arguments) {
        Ok(cli) => cli,
        Err(error) if wants_json && error.use_stderr() => {
            let error = ClientError::Usage(error.to_string());
            Terminal::new(true, true).error(&error);
            return ExitCode::from(error.exit_code());
        }
        // Prints help, version or the error, and ends with 0 or 2.
        Err(error) => error.exit(),
    };
    run_command(&cli)
}

fn run_command(cli: &Cli) -> ExitCode {
    let terminal = Terminal::new(cli.global.json, cli.global.quiet);
    start_log();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let result = match runtime {
        Ok(runtime) => {
            let result = runtime.block_on(async {
                tokio::select! {
                    // The first to be looked at, so that it listens before anything begins.
                    biased;
                    stopped = interrupted() => Err(match stopped {
                        Ok(()) => ClientError::Interrupted {
                            resume: terminal.resumable(),
                        },
                        Err(error) => ClientError::Runtime(error),
                    }),
                    result = dispatch(cli, &terminal) => result,
                }
            });
            runtime.shutdown_timeout(LAST_WAIT);
            result
        }
        Err(error) => Err(ClientError::Runtime(error)),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            terminal.error(&error);
            ExitCode::from(error.exit_code())
        }
    }
}

/// Until somebody wants this program to end.
async fn interrupted() -> io::Result<()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{signal, SignalKind};
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::select! {
            ended = tokio::signal::ctrl_c() => ended,
            _ = terminate.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await
}

async fn dispatch(cli: &Cli, terminal: &Terminal) -> Result<(), ClientError> {
    match &cli.command {
        Command::Keygen(args) => listing::keygen(args, terminal),
        Command::Put(args) => put::run(&cli.global, args, terminal).await,
        Command::Uploads => put::uploads(&cli.global, terminal),
        Command::Cancel(args) => put::cancel(&cli.global, args, terminal).await,
        Command::Get(args) => get::run(&cli.global, args, terminal).await,
        Command::Ls => listing::ls(&cli.global, terminal).await,
        Command::Status(args) => listing::status(&cli.global, args, terminal).await,
        Command::Nodes => listing::nodes(&cli.global, terminal).await,
        Command::Balance(args) => listing::balance(&cli.global, args, terminal).await,
        Command::Xcm(command) => elsewhere::run(&cli.global, command, terminal).await,
    }
}

/// Log lines go to stderr and only if `RUST_LOG` asks for them.
fn start_log() {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("off"));
    // A second start, as in tests, keeps the first.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .try_init();
    // Two providers are linked; `wss://` needs one to be chosen. A second start keeps the first.
    let _ = rustls::crypto::ring::default_provider().install_default();
}
