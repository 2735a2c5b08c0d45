//! One network for a scenario, and what scenarios wait for.

use std::{
    future::Future,
    path::{Path, PathBuf},
    pin::Pin,
    time::{Duration, Instant},
};

use anyhow::{ensure, Context};
use ips_chain::SubxtReader;
use ips_engine::chain::{ChainReader, Head};
use ips_primitives::{
    deal::SlotState,
    id::{FileId, ProviderId},
    view::OrderView,
};
use ips_tests::{
    customer::Customer,
    network::{Network, Settings},
    provider,
    watcher::Watcher,
};
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::watch;

/// Longest wait for anything.
const PATIENCE: Duration = Duration::from_secs(420);

/// A scenario's network.
pub(crate) struct World {
    pub(crate) network: Network,
    pub(crate) chain: SubxtReader,
    pub(crate) watcher: Watcher,
    heads: watch::Receiver<Head>,
    folder: TempDir,
}

/// A scenario as a boxed future that borrows its world.
type Scenario = for<'a> fn(&'a mut World) -> Pin<Box<dyn Future<Output = anyhow::Result<()>> + 'a>>;

/// Runs a scenario on a new network of `nodes` storage nodes; shows the logs if it fails.
pub(crate) async fn run(nodes: u32, block_time: u64, scenario: Scenario) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut world = World::start(block_time).await.expect("the chain starts");
    let outcome = async {
        for index in 1..=nodes {
            world.network.start_storage(index)?;
        }
        world.registered(nodes).await?;
        scenario(&mut world).await?;
        world.network.stop()
    };
    if let Err(error) = outcome.await {
        world.network.print_logs();
        panic!("{error:#}");
    }
}

/// Says which fact is shown next, so that a failure has a place.
pub(crate) fn fact(text: &str) {
    println!("-- {text}");
}

impl World {
    async fn start(block_time: u64) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("ips-hard-times-")
            .tempdir()?;
        let settings = Settings {
            block_time,
            storage_in_chain: false,
        };
        let mut network = Network::new(folder.path(), settings)?;
        network.start_chain()?;
        let chain = network.connect().await?;
        Ok(Self {
            heads: chain.heads(),
            watcher: Watcher::new(ips_chain::connect(&network.rpc_url())),
            chain,
            network,
            folder,
        })
    }

    /// A customer with a state folder of its own.
    pub(crate) fn customer(&self, key: &str, state: &str) -> Customer {
        Customer::new(&self.network, key, state)
    }

    /// A path in the scenario's folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A new file of `bytes` bytes that differ from place to place.
    pub(crate) fn file(&self, name: &str, bytes: usize) -> anyhow::Result<PathBuf> {
        let path = self.path(name);
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let content: Vec<u8> = (0..bytes)
            .map(|_| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                state.to_le_bytes()[0]
            })
            .collect();
        std::fs::write(&path, content)?;
        Ok(path)
    }

    /// Waits for the next block and reads it.
    pub(crate) async fn next_block(&mut self) -> anyhow::Result<()> {
        tokio::time::timeout(PATIENCE, self.heads.changed())
            .await
            .context("no block")??;
        let head = self.heads.borrow_and_update().number;
        self.watcher.advance(head).await
    }

    /// Waits, block by block, until a condition holds.
    pub(crate) async fn until(
        &mut self,
        what: &str,
        mut holds: impl AsyncFnMut(&mut Self) -> anyhow::Result<bool>,
    ) -> anyhow::Result<()> {
        let since = Instant::now();
        while !holds(self).await? {
            ensure!(since.elapsed() < PATIENCE, "not in time: {what}");
            self.network.check()?;
            self.next_block().await?;
        }
        Ok(())
    }

    /// Waits until nodes `1..=count` are registered, have pledged and ask a price.
    pub(crate) async fn registered(&mut self, count: u32) -> anyhow::Result<()> {
        self.until("nodes registered", async |world| {
            for index in 1..=count {
                let view = world.chain.node(provider(index)?).await?;
                if !view.is_some_and(|node| node.ask.is_some() && node.pledged > 0) {
                    return Ok(false);
                }
            }
            Ok(true)
        })
        .await
    }

    /// The orders of a file.
    pub(crate) async fn orders(&self, file: FileId) -> anyhow::Result<Vec<OrderView>> {
        Ok(self.chain.orders_of_file(file).await?)
    }

    /// Waits until every slot of a file is sealed and proven.
    pub(crate) async fn active(&mut self, file: FileId) -> anyhow::Result<()> {
        self.until("every slot active", async |world| {
            let orders = world.orders(file).await?;
            let mut slots = orders.iter().flat_map(|order| &order.slots);
            Ok(!orders.is_empty() && slots.all(|slot| slot.state == SlotState::Active))
        })
        .await
    }

    /// Indexes of the nodes that hold slots of a file, those of data slots first.
    pub(crate) async fn holders(&self, file: FileId) -> anyhow::Result<Vec<u32>> {
        let mut found = Vec::new();
        for order in self.orders(file).await? {
            for slot in &order.slots {
                found.extend(slot.provider.and_then(|holder| self.index_of(holder)));
            }
        }
        Ok(found)
    }

    fn index_of(&self, holder: ProviderId) -> Option<u32> {
        (1..=64).find(|index| provider(*index).is_ok_and(|provider| provider == holder))
    }
}

/// Arguments of `ips get`.
pub(crate) fn get_to(file: FileId, out: &Path) -> Vec<std::ffi::OsString> {
    let id = hex::encode(file.0);
    vec!["get".into(), id.into(), "-o".into(), out.into()]
}

/// Fails unless two files have the same bytes.
pub(crate) fn same(a: &Path, b: &Path) -> anyhow::Result<()> {
    ensure!(
        std::fs::read(a)? == std::fs::read(b)?,
        "{} and {} differ",
        a.display(),
        b.display()
    );
    Ok(())
}

/// An array in an answer.
pub(crate) fn list<'a>(answer: &'a Value, key: &str) -> anyhow::Result<&'a Vec<Value>> {
    answer[key]
        .as_array()
        .with_context(|| format!("no {key} in {answer}"))
}
