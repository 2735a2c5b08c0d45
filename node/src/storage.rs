//! The storage node inside the chain node: own threads, own runtime, the node's own RPC server.
//!
//! A panic in there must never stop the chain: [`crate::panics`] keeps it from ending the process,
//! and a [supervisor](supervisor) starts the storage node again.

mod supervisor;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use clap::Parser;
use ips_daemon::{ChainSource, StorageArguments, StorageConfig};
use sc_service::{RpcHandlers, TaskManager};

use self::supervisor::{supervise, Pauses};
use crate::{cli::StorageArgs, panics::never_abort};

/// `--storage-args` as a command line of its own.
#[derive(Parser)]
#[command(name = "--storage-args", no_binary_name = true)]
struct Flags {
    #[command(flatten)]
    storage: StorageArguments,
}

/// Starts the storage node on its own threads; it ends with the chain node's tasks.
///
/// # Errors
/// If its flags are wrong or its first thread cannot start.
pub(crate) fn spawn(
    task_manager: &TaskManager,
    handlers: &RpcHandlers,
    args: &StorageArgs,
    base_path: &Path,
) -> Result<(), sc_service::Error> {
    let port = handlers
        .listen_addresses()
        .iter()
        .flat_map(sc_network::Multiaddr::iter)
        .find_map(|part| match part {
            sc_network::multiaddr::Protocol::Tcp(port) => Some(port),
            _ => None,
        })
        .ok_or_else(|| sc_service::Error::Other("--storage needs the RPC server".into()))?;
    let config = config(args, base_path, format!("ws://127.0.0.1:{port}"))
        .map_err(|error| sc_service::Error::Other(format!("{error:#}")))?;
    let supervised = supervise(Pauses::default(), move |mut stopping| {
        let config = config.clone();
        async move {
            let stop = async move {
                // An error means that the sender is gone, which is a stop as well.
                let _ = stopping.wait_for(|stop| *stop).await;
            };
            ips_daemon::run(config, stop).await
        }
    })
    .map_err(|error| sc_service::Error::Other(format!("the storage thread: {error}")))?;
    task_manager
        .spawn_handle()
        .spawn("ips-storage", Some("storage"), async move {
            let _supervised = supervised;
            futures::future::pending::<()>().await;
        });
    Ok(())
}

fn config(args: &StorageArgs, base_path: &Path, url: String) -> anyhow::Result<StorageConfig> {
    let words = args
        .storage_args
        .as_deref()
        .unwrap_or_default()
        .split_whitespace();
    let owner = args
        .storage_owner
        .iter()
        .flat_map(|owner| ["--owner", owner]);
    let flags = Flags::try_parse_from(words.chain(owner))?;
    let folder: PathBuf = args
        .storage_path
        .clone()
        .unwrap_or_else(|| base_path.join("storage"));
    flags
        .storage
        .into_config(folder, ChainSource::Url(url), Some(Arc::new(never_abort)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_storage_flags_are_an_error() {
        assert!(Flags::try_parse_from(["--class", "toaster"]).is_err());
        let flags = Flags::try_parse_from(["--class", "super", "--capacity", "1GiB"]);
        assert!(flags.is_ok());
    }
}
