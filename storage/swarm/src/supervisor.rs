//! Panic isolation: the swarm on its own runtime and thread, rebuilt when it fails.
//!
//! The chain node aborts on any panic, and a swarm parses what strangers send. Each thread of this
//! runtime runs the caller's hook first, which turns the abort off there; the loop's panics are
//! caught here, panics of single streams by tokio.

use std::{
    panic::AssertUnwindSafe,
    sync::{
        atomic::{AtomicU64, Ordering},
        mpsc as std_mpsc, Arc,
    },
    thread,
    time::{Duration, Instant},
};

use futures::FutureExt as _;
use tokio::{
    runtime::{Builder, Handle, Runtime},
    sync::{mpsc, watch},
};

use crate::{
    config::SwarmConfig,
    error::SwarmError,
    handle::{Published, Swarm},
    protocols::fragment::server::Server,
    routing::{AddressBook, Backoff},
    runner::SwarmRunner,
    service::FragmentService,
    standing::Standing,
};

/// Commands that may wait for the loop.
const COMMANDS_MAX: usize = 256;
/// Pause before the first rebuild; doubles up to [`PAUSE_MAX`].
const PAUSE_MIN: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(30);
/// A swarm that ran this long starts with the shortest pause again.
const HEALTHY: Duration = Duration::from_secs(60);
/// Failed rebuilds in a row after which the old ports are given up.
const PORT_ATTEMPTS: u32 = 6;
/// What running transfers get at the end.
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(1);

/// The thread of a swarm.
#[derive(Debug)]
pub struct SwarmThread {
    thread: thread::JoinHandle<()>,
}

impl SwarmThread {
    /// Blocks until the swarm has ended: after [`Swarm::shutdown`] or the drop of all handles.
    ///
    /// # Errors
    /// If the thread died in a panic.
    pub fn join(self) -> Result<(), SwarmError> {
        self.thread.join().map_err(|_| SwarmError::ThreadDied)
    }

    /// Whether the swarm has ended.
    pub fn is_finished(&self) -> bool {
        self.thread.is_finished()
    }
}

/// Starts a swarm on its own thread and runtime. Without a service it only asks.
///
/// Blocks for the moment it takes to bind the listen addresses. May be called inside a runtime.
///
/// # Errors
/// If an address cannot be bound or a setting is wrong. Later failures are repaired, not returned.
pub fn spawn_on_own_runtime(
    config: SwarmConfig,
    service: Option<Arc<dyn FragmentService>>,
) -> Result<(Swarm, SwarmThread), SwarmError> {
    let (commands, command_receiver) = mpsc::channel(COMMANDS_MAX);
    let (published, published_receiver) = watch::channel(Published::default());
    let rebuilds = Arc::new(AtomicU64::new(0));
    let standing = Arc::new(Standing::default());
    let (peer, timeouts) = (config.key.peer_id(), config.timeouts);
    let runner = SwarmRunner {
        server: service.map(|service| Server::new(&config, service, standing.clone())),
        standing: standing.clone(),
        config,
        commands: command_receiver,
        published,
        book: AddressBook::default(),
        backoff: Backoff::default(),
        ports: Default::default(),
    };
    let (ready, started) = std_mpsc::channel();
    let counter = rebuilds.clone();
    let thread = thread::Builder::new()
        .name("ips-swarm".to_owned())
        .spawn(move || own_thread(runner, counter, ready))
        .map_err(SwarmError::Runtime)?;
    let runtime = started.recv().map_err(|_| SwarmError::ThreadDied)??;
    let swarm = Swarm::new(
        peer,
        timeouts,
        commands,
        published_receiver,
        rebuilds,
        standing,
        runtime,
    );
    Ok((swarm, SwarmThread { thread }))
}

/// Where the start's outcome goes.
type Ready = std_mpsc::Sender<Result<Handle, SwarmError>>;

fn own_thread(runner: SwarmRunner, rebuilds: Arc<AtomicU64>, ready: Ready) {
    if let Some(hook) = &runner.config.on_thread_start {
        hook();
    }
    match runtime(&runner.config) {
        Ok(runtime) => {
            runtime.block_on(supervise(runner, rebuilds, ready));
            runtime.shutdown_timeout(SHUTDOWN_LIMIT);
        }
        // Nobody listens only if the caller's thread has died.
        Err(error) => drop(ready.send(Err(SwarmError::Runtime(error)))),
    }
}

fn runtime(config: &SwarmConfig) -> std::io::Result<Runtime> {
    let mut builder = Builder::new_multi_thread();
    builder
        .worker_threads(config.worker_threads.max(1))
        .thread_name("ips-swarm")
        .enable_all();
    if let Some(hook) = config.on_thread_start.clone() {
        builder.on_thread_start(move || hook());
    }
    builder.build()
}

async fn supervise(mut runner: SwarmRunner, rebuilds: Arc<AtomicU64>, ready: Ready) {
    let mut started = false;
    let mut pause = PAUSE_MIN;
    let mut failures = 0u32;
    loop {
        let began = Instant::now();
        let first = !started;
        let on_ready = || {
            started = true;
            if first {
                drop(ready.send(Ok(Handle::current())));
            }
        };
        // Unwind safe: the swarm itself is dropped, and what outlives it (channels, address book,
        // ports, counters) is only ever changed by single calls.
        let ended = AssertUnwindSafe(runner.run(on_ready)).catch_unwind().await;
        match ended {
            Ok(Ok(())) => break,
            Ok(Err(error)) if !started => {
                drop(ready.send(Err(error)));
                break;
            }
            Ok(Err(error)) => {
                failures += 1;
                tracing::warn!(%error, failures, "the swarm cannot be rebuilt yet");
                if failures == PORT_ATTEMPTS {
                    runner.ports.clear();
                }
            }
            Err(_) if !started => break,
            Err(_) => {
                failures = 0;
                tracing::error!("the swarm panicked; rebuilding it (please report)");
            }
        }
        runner.retract(false);
        rebuilds.fetch_add(1, Ordering::Relaxed);
        if began.elapsed() >= HEALTHY {
            pause = PAUSE_MIN;
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(PAUSE_MAX);
    }
    runner.retract(true);
}

#[cfg(test)]
mod tests;
