//! The customer's tool `ips`: see `ips --help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    ips_client::run(std::env::args_os())
}
