//! The best head, followed through reconnects.

use std::time::Duration;

use ips_engine::chain::Head;
use tokio::{sync::watch, task::JoinHandle};

use crate::rpc::{head_of, Rpc};

/// Pause after a lost subscription, and the longest time without a head before asking for it.
const RETRY: Duration = Duration::from_millis(500);
const SILENCE: Duration = Duration::from_secs(60);

/// A task that keeps a watch up to date; ends when dropped.
pub(crate) struct Heads {
    receiver: watch::Receiver<Head>,
    task: JoinHandle<()>,
}

impl Drop for Heads {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Heads {
    pub(crate) fn spawn(rpc: Rpc, first: Head) -> Self {
        let (sender, receiver) = watch::channel(first);
        let task = tokio::spawn(async move {
            loop {
                follow(&rpc, &sender).await;
                tokio::time::sleep(RETRY).await;
            }
        });
        Self { receiver, task }
    }

    pub(crate) fn receiver(&self) -> watch::Receiver<Head> {
        self.receiver.clone()
    }
}

/// Follows one subscription until it ends.
async fn follow(rpc: &Rpc, heads: &watch::Sender<Head>) {
    let mut news = match rpc.subscribe_heads().await {
        Ok(news) => news,
        Err(error) => {
            tracing::debug!(%error, "no subscription to heads");
            return;
        }
    };
    // What came while there was no subscription.
    match rpc.best().await {
        Ok(head) => publish(heads, head),
        Err(error) => tracing::warn!(%error, "best head unknown"),
    }
    loop {
        match tokio::time::timeout(SILENCE, news.next()).await {
            Ok(Some(Ok(header))) => match head_of(&header) {
                Ok(head) => publish(heads, head),
                Err(error) => tracing::warn!(%error, "head ignored"),
            },
            Ok(Some(Err(error))) => {
                tracing::debug!(%error, "subscription to heads lost");
                return;
            }
            // Ended, or silent for so long that the connection may be dead.
            Ok(None) | Err(_) => return,
        }
    }
}

fn publish(heads: &watch::Sender<Head>, head: Head) {
    heads.send_if_modified(|known| {
        let news = *known != head;
        *known = head;
        news
    });
}
