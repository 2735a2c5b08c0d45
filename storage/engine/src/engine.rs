//! The parts of a storage node and the tasks that run them.

use std::{
    collections::HashSet,
    sync::{
        atomic::{AtomicU64, Ordering},
        Arc, Mutex, PoisonError,
    },
    time::Duration,
};

use ips_primitives::id::{BlockNumber, SectorNumber};
use ips_swarm::{FragmentService, Swarm};
use tokio::{sync::watch, task::JoinSet};
use tokio_util::sync::CancellationToken;

use crate::{
    chain::{ChainClient, ChainError, Head},
    claims, deals,
    error::EngineError,
    faults,
    permits::Permits,
    placement, proving,
    sealer::Sealer,
    sectors,
    service::Service,
    status::{self, EngineStatus},
    store::Store,
    supervisor::supervise,
    Config,
};

/// Tasks look again after this even if nothing seems to have happened.
const LOOK_AGAIN: Duration = Duration::from_secs(15);
/// What tasks get to end by themselves.
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(5);

/// Figures since the start.
#[derive(Default)]
pub(crate) struct Counters {
    pub(crate) posts_accepted: AtomicU64,
    pub(crate) seals_accepted: AtomicU64,
    pub(crate) extracts_answered: AtomicU64,
    pub(crate) claims_accepted: AtomicU64,
    pub(crate) bytes_served: AtomicU64,
}

impl Counters {
    pub(crate) fn add(counter: &AtomicU64, amount: u64) {
        counter.fetch_add(amount, Ordering::Relaxed);
    }
}

/// What all tasks of one storage node share.
pub(crate) struct Node {
    pub(crate) config: Config,
    pub(crate) chain: Arc<dyn ChainClient>,
    pub(crate) sealer: Arc<dyn Sealer>,
    pub(crate) store: Store,
    pub(crate) permits: Permits,
    pub(crate) counters: Counters,
    /// Sectors that some task works on now.
    pub(crate) busy: Mutex<HashSet<SectorNumber>>,
    /// Changed when something happened that no new block tells of.
    wake: watch::Sender<u64>,
}

impl Node {
    /// Tells all tasks to look again.
    pub(crate) fn wake(&self) {
        self.wake
            .send_modify(|count| *count = count.wrapping_add(1));
    }

    pub(crate) fn watcher(&self) -> Watcher {
        Watcher {
            heads: self.chain.heads(),
            wake: self.wake.subscribe(),
        }
    }

    pub(crate) fn head(&self) -> Head {
        *self.chain.heads().borrow()
    }

    /// Takes a sector for one task; `None` if another has it.
    pub(crate) fn take_sector(self: &Arc<Self>, number: SectorNumber) -> Option<BusySector> {
        let mut busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
        busy.insert(number).then(|| BusySector {
            node: self.clone(),
            number,
        })
    }
}

/// A sector in the hands of one task.
pub(crate) struct BusySector {
    node: Arc<Node>,
    number: SectorNumber,
}

impl Drop for BusySector {
    fn drop(&mut self) {
        let mut busy = self
            .node
            .busy
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        busy.remove(&self.number);
    }
}

/// Waits for reasons to look again.
pub(crate) struct Watcher {
    heads: watch::Receiver<Head>,
    wake: watch::Receiver<u64>,
}

impl Watcher {
    /// The head as it is now.
    pub(crate) fn head(&mut self) -> Head {
        *self.heads.borrow_and_update()
    }

    /// The number of the head as it is now.
    pub(crate) fn block(&mut self) -> BlockNumber {
        self.head().number
    }

    /// Waits for a new head, a wake-up, or a while.
    pub(crate) async fn changed(&mut self) -> Result<(), EngineError> {
        tokio::select! {
            head = self.heads.changed() => head.map_err(|_| EngineError::ChainStopped),
            wake = self.wake.changed() => wake.map_err(|_| EngineError::ChainStopped),
            () = tokio::time::sleep(LOOK_AGAIN) => Ok(()),
        }
    }
}

/// A storage node that is open but does not act yet.
pub struct Engine {
    node: Arc<Node>,
}

impl Engine {
    /// Opens the store; nothing runs yet.
    ///
    /// # Errors
    /// If the base path cannot be used.
    pub fn open(
        config: Config,
        chain: Arc<dyn ChainClient>,
        sealer: Arc<dyn Sealer>,
    ) -> Result<Self, EngineError> {
        let store = Store::open(&config)?;
        let permits = Permits::new(config.prover_permits);
        let node = Node {
            config,
            chain,
            sealer,
            store,
            permits,
            counters: Counters::default(),
            busy: Mutex::default(),
            wake: watch::Sender::new(0),
        };
        Ok(Self {
            node: Arc::new(node),
        })
    }

    /// What the swarm is to serve.
    pub fn service(&self) -> Arc<dyn FragmentService> {
        Arc::new(Service::new(self.node.clone()))
    }

    /// Starts all tasks on the current tokio runtime. `swarm` serves [`Self::service`].
    ///
    /// # Errors
    /// If the chain cannot be reached, works with another profile than the prover, or is not the one
    /// that the store was made for.
    pub async fn start(self, swarm: Swarm) -> Result<EngineHandle, EngineError> {
        let node = self.node;
        let info = node.chain.info().await?;
        let (genesis, provider) = (info.genesis, node.config.provider);
        // The chain decides what is deleted here, so it must be the one that the store is of.
        node.store
            .run(move |store| store.bind(genesis, provider))
            .await?;
        let chain_profile = info.profile;
        let own = node.sealer.profile().id;
        if chain_profile != own {
            let (chain, prover) = (format!("{chain_profile:?}"), format!("{own:?}"));
            return Err(EngineError::Profile { chain, prover });
        }
        let stop = CancellationToken::new();
        let mut tasks = JoinSet::new();
        let shared = || (node.clone(), stop.clone());
        let (n, s) = shared();
        tasks.spawn(supervise("deals", s, move || deals::run(n.clone())));
        let (n, s) = shared();
        tasks.spawn(supervise("settle", s, move || deals::settle(n.clone())));
        let (n, s) = shared();
        tasks.spawn(supervise("sectors", s, move || sectors::run(n.clone())));
        let (n, s) = shared();
        tasks.spawn(supervise("proving", s, move || proving::run(n.clone())));
        let (n, s) = shared();
        tasks.spawn(supervise("faults", s, move || faults::run(n.clone())));
        let (n, s) = shared();
        tasks.spawn(supervise("claims", s, move || claims::run(n.clone())));
        if node.config.claim_slots {
            let (n, s) = shared();
            tasks.spawn(supervise("placement", s, move || placement::run(n.clone())));
        }
        Ok(EngineHandle {
            node,
            swarm,
            stop,
            tasks: Arc::new(tokio::sync::Mutex::new(tasks)),
        })
    }
}

/// A running storage node; cheap to clone. Dropping all handles ends the tasks.
#[derive(Clone)]
pub struct EngineHandle {
    node: Arc<Node>,
    swarm: Swarm,
    stop: CancellationToken,
    tasks: Arc<tokio::sync::Mutex<JoinSet<()>>>,
}

impl EngineHandle {
    /// The network.
    pub fn swarm(&self) -> &Swarm {
        &self.swarm
    }

    /// The chain.
    pub fn chain(&self) -> &Arc<dyn ChainClient> {
        &self.node.chain
    }

    /// What the node holds and does.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn status(&self) -> Result<EngineStatus, EngineError> {
        status::collect(&self.node, &self.swarm).await
    }

    /// Ends all tasks. The store is safe at any moment, so nothing is waited for but the tasks.
    pub async fn shutdown(&self) {
        self.stop.cancel();
        let mut tasks = self.tasks.lock().await;
        let ended = async { while tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(SHUTDOWN_LIMIT, ended).await.is_err() {
            tracing::warn!("a task of the engine did not end in time and is aborted");
            tasks.abort_all();
        }
    }
}

/// Whether the chain refused with that error of its pallet.
pub(crate) fn is_refused(error: &ChainError, names: &[&str]) -> bool {
    matches!(error, ChainError::Refused { error, .. } if names.contains(&error.as_str()))
}
