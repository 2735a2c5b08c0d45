//! The customer's tool `ips`: see `ips --help`.

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let cli = ips_client::cli::Cli::parse();
    ips_client::run(cli)
}
