//! The storage node inside the chain node: own threads, own runtime, the node's own RPC server.
//!
//! A panic in there must never stop the chain: the node's panic handler aborts the process unless a
//! guard on the panicking thread says otherwise, so every thread of the storage node holds one, and
//! a supervisor starts the storage node again.

use std::{
    path::{Path, PathBuf},
    sync::{mpsc, Arc},
    time::Duration,
};

use clap::Parser;
use ips_daemon::{ChainSource, StorageArguments, StorageConfig, StorageNode};
use sc_service::{RpcHandlers, TaskManager};
use sp_panic_handler::AbortGuard;
use tokio::sync::watch;

use crate::cli::StorageArgs;

/// What a clean end of the storage node may take.
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(10);
/// Pause before the storage node is started again after a failure.
const RESTART_PAUSE: Duration = Duration::from_secs(3);
/// Threads of the storage node's runtime, beside its prover's.
const WORKER_THREADS: usize = 2;

/// `--storage-args` as a command line of its own.
#[derive(Parser)]
#[command(name = "--storage-args", no_binary_name = true)]
struct Flags {
    #[command(flatten)]
    storage: StorageArguments,
}

/// Stops the storage node when the chain node drops its tasks.
struct StopOnDrop {
    stop: watch::Sender<bool>,
    stopped: mpsc::Receiver<()>,
}

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        let _ = self.stop.send(true);
        if self.stopped.recv_timeout(SHUTDOWN_LIMIT).is_err() {
            tracing::warn!("the storage node did not stop in time");
        }
    }
}

/// Starts the storage node on its own threads.
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
    let (stop, stopping) = watch::channel(false);
    let (done, stopped) = mpsc::channel();
    std::thread::Builder::new()
        .name("ips-storage".into())
        .spawn(move || {
            never_abort();
            supervise(&config, stopping);
            // The receiver is gone only if the node did not wait.
            let _ = done.send(());
        })
        .map_err(|error| sc_service::Error::Other(format!("the storage thread: {error}")))?;
    let guard = StopOnDrop { stop, stopped };
    task_manager
        .spawn_handle()
        .spawn("ips-storage", Some("storage"), async move {
            let _guard = guard;
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

/// Turns abort-on-panic off for this thread, for good.
fn never_abort() {
    std::mem::forget(AbortGuard::never_abort());
}

/// Runs the storage node until it is told to stop; starts it again when it fails.
fn supervise(config: &StorageConfig, stopping: watch::Receiver<bool>) {
    while !*stopping.borrow() {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(WORKER_THREADS)
            .thread_name("ips-storage")
            .on_thread_start(never_abort)
            .enable_all()
            .build();
        let runtime = match runtime {
            Ok(runtime) => runtime,
            Err(error) => {
                tracing::error!(%error, "the storage node's threads can not start");
                std::thread::sleep(RESTART_PAUSE);
                continue;
            }
        };
        let ended = runtime.block_on(run(config.clone(), stopping.clone()));
        runtime.shutdown_background();
        match ended {
            Ok(()) => return,
            Err(error) => tracing::error!("storage node: {error:#}; starting it again"),
        }
        std::thread::sleep(RESTART_PAUSE);
    }
}

async fn run(config: StorageConfig, mut stopping: watch::Receiver<bool>) -> anyhow::Result<()> {
    // Its own task: a panic comes back as an error here instead of unwinding the supervisor.
    let start = tokio::spawn(StorageNode::start(config));
    let node = tokio::select! {
        node = start => node??,
        _ = stopping.wait_for(|stop| *stop) => return Ok(()),
    };
    tracing::info!(peer = %node.engine().swarm().peer_id(), "storage node started");
    // An error means that the sender is gone, which is a stop as well.
    let _ = stopping.wait_for(|stop| *stop).await;
    node.shutdown().await;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_on_a_storage_thread_leaves_the_process_alive() {
        sp_panic_handler::set("https://example.invalid", "test");
        let ended = std::thread::spawn(|| {
            never_abort();
            panic!("in the storage layer");
        })
        .join();
        assert!(ended.is_err(), "the panic was caught at the thread's end");
    }

    #[test]
    fn wrong_storage_flags_are_an_error() {
        assert!(Flags::try_parse_from(["--class", "toaster"]).is_err());
        let flags = Flags::try_parse_from(["--class", "super", "--capacity", "1GiB"]);
        assert!(flags.is_ok());
    }
}
