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
//! | `put`, `get` | the two long commands |
//! | `listing` | `ls`, `status`, `nodes`, `balance`, `keygen` |
//! | `state` | what is kept on disk |
//! | `terminal` | progress bars and results |

pub mod cli;
mod connection;
pub mod error;
mod get;
mod listing;
mod market;
mod put;
mod state;
mod terminal;

use std::process::ExitCode;

use cli::{Cli, Command};
use error::ClientError;
use terminal::Terminal;

/// Runs a command and prints its result or error.
pub fn run(cli: Cli) -> ExitCode {
    let terminal = Terminal::new(cli.global.json, cli.global.quiet);
    start_log();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let result = match runtime {
        Ok(runtime) => runtime.block_on(dispatch(&cli, &terminal)),
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

async fn dispatch(cli: &Cli, terminal: &Terminal) -> Result<(), ClientError> {
    match &cli.command {
        Command::Keygen(args) => listing::keygen(args, terminal),
        Command::Put(args) => put::run(&cli.global, args, terminal).await,
        Command::Get(args) => get::run(&cli.global, args, terminal).await,
        Command::Ls => listing::ls(&cli.global, terminal).await,
        Command::Status(args) => listing::status(&cli.global, args, terminal).await,
        Command::Nodes => listing::nodes(&cli.global, terminal).await,
        Command::Balance(args) => listing::balance(&cli.global, args, terminal).await,
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
