//! Running a storage node until it is told to stop: the same for both binaries.

use std::{future::Future, pin::pin, time::Duration};

use anyhow::bail;

use crate::{metrics::Metrics, StorageConfig, StorageNode};

/// Everything that shutting down may take.
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(9);
/// How often `status.json` is written and the node looked after.
const STATUS_EVERY: Duration = Duration::from_secs(10);

/// Starts a storage node, keeps its `status.json` fresh, and ends it cleanly when `stop` is ready,
/// also if that is before it has started.
///
/// # Errors
/// If a part cannot start, or ends by itself.
pub async fn run(config: StorageConfig, stop: impl Future<Output = ()>) -> anyhow::Result<()> {
    let mut stop = pin!(stop);
    // Before the node: a port that is taken is told at once.
    let metrics = match config.metrics {
        Some(address) => Some(Metrics::serve(address).await?),
        None => None,
    };
    let mut node = tokio::select! {
        node = StorageNode::start(config) => node?,
        () = &mut stop => return Ok(()),
    };
    tracing::info!(peer = %node.engine().swarm().peer_id(), "storage node started");
    let ended = tokio::select! {
        ended = look_after(&mut node, metrics.as_ref()) => ended,
        () = &mut stop => Ok(()),
    };
    tracing::info!("stopping");
    let stopped = tokio::time::timeout(SHUTDOWN_LIMIT, node.shutdown()).await;
    if stopped.is_err() {
        tracing::warn!("stopped without waiting for every task");
    }
    ended
}

/// Ends only with an error.
async fn look_after(node: &mut StorageNode, metrics: Option<&Metrics>) -> anyhow::Result<()> {
    let mut tick = tokio::time::interval(STATUS_EVERY);
    loop {
        tick.tick().await;
        if !node.is_running() {
            bail!("the network ended by itself; please report this with the log");
        }
        match (node.write_status().await, metrics) {
            (Ok(status), Some(metrics)) => metrics.show(&status),
            (Ok(_), None) => {}
            (Err(error), _) => tracing::warn!(%error, "status.json not written"),
        }
        node.follow_addresses().await;
    }
}
