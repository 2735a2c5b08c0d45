//! Keeps the storage node running: threads of its own, started again after errors and panics.
//!
//! Goal: whatever happens in the storage node, the chain goes on, and the storage node comes back.
//! Non-goal: what a storage node is; the supervisor is told how to run one.

use std::{
    future::Future,
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use tokio::sync::watch;

use crate::panics::never_abort;

/// Threads of the storage node's runtime, beside its prover's.
const WORKER_THREADS: usize = 2;
/// What a clean end of the storage node may take.
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(10);

/// How long to wait before the storage node is started again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pauses {
    /// After the first failure; doubles.
    pub(super) first: Duration,
    /// The longest.
    pub(super) longest: Duration,
    /// A storage node that ran this long starts with the shortest pause again.
    pub(super) healthy: Duration,
}

impl Default for Pauses {
    fn default() -> Self {
        Self {
            first: Duration::from_secs(1),
            longest: Duration::from_secs(60),
            healthy: Duration::from_secs(120),
        }
    }
}

impl Pauses {
    /// The pause after one of `pause`, for a storage node that ran for `ran`.
    fn next(&self, pause: Duration, ran: Duration) -> Duration {
        if ran >= self.healthy {
            self.first
        } else {
            (pause * 2).min(self.longest)
        }
    }
}

/// Stops the storage node when it is dropped, and waits for it.
pub(super) struct Supervised {
    stop: watch::Sender<bool>,
    /// Dropped to end a pause.
    wake: Option<mpsc::Sender<()>>,
    stopped: mpsc::Receiver<()>,
}

impl Drop for Supervised {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        self.wake = None;
        if self.stopped.recv_timeout(SHUTDOWN_LIMIT) == Err(mpsc::RecvTimeoutError::Timeout) {
            tracing::warn!("the storage node did not stop in time");
        }
    }
}

/// Runs `serve` on a thread of its own until the result is dropped. `serve` is told by its argument
/// when to end; it is started again after an error or a panic.
///
/// # Errors
/// If the thread cannot be started.
pub(super) fn supervise<F>(
    pauses: Pauses,
    serve: impl Fn(watch::Receiver<bool>) -> F + Send + 'static,
) -> std::io::Result<Supervised>
where
    F: Future<Output = anyhow::Result<()>> + Send + 'static,
{
    let (stop, stopping) = watch::channel(false);
    let (wake, woken) = mpsc::channel();
    let (done, stopped) = mpsc::channel();
    thread::Builder::new()
        .name("ips-storage".into())
        .spawn(move || {
            never_abort();
            rounds(pauses, &stopping, &woken, serve);
            // The receiver is gone only if nobody waits.
            let _ = done.send(());
        })?;
    Ok(Supervised {
        stop,
        wake: Some(wake),
        stopped,
    })
}

fn rounds<F>(
    pauses: Pauses,
    stopping: &watch::Receiver<bool>,
    woken: &mpsc::Receiver<()>,
    serve: impl Fn(watch::Receiver<bool>) -> F,
) where
    F: Future<Output = anyhow::Result<()>> + Send + 'static,
{
    let mut pause = pauses.first;
    while !*stopping.borrow() {
        let began = Instant::now();
        match round(stopping, &serve) {
            Ok(()) => return,
            Err(error) => tracing::error!(?pause, "storage node: {error:#}; starting it again"),
        }
        // Nothing is ever sent: either the time passes, or the other end is dropped to stop us.
        if woken.recv_timeout(pause) == Err(mpsc::RecvTimeoutError::Disconnected) {
            return;
        }
        pause = pauses.next(pause, began.elapsed());
    }
}

/// One life of the storage node, from its threads to their end.
fn round<F>(
    stopping: &watch::Receiver<bool>,
    serve: &impl Fn(watch::Receiver<bool>) -> F,
) -> anyhow::Result<()>
where
    F: Future<Output = anyhow::Result<()>> + Send + 'static,
{
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(WORKER_THREADS)
        .thread_name("ips-storage")
        .on_thread_start(never_abort)
        .enable_all()
        .build()?;
    // Its own task: a panic comes back as an error instead of unwinding the supervisor.
    let life = runtime.spawn(serve(stopping.clone()));
    let ended = runtime.block_on(life);
    // A prover in the middle of a step is not waited for: the step is repeated.
    runtime.shutdown_background();
    ended?
}

#[cfg(test)]
mod tests;
