//! What the demo does and asserts besides when the chain is a parachain of a local relay chain.

use std::{
    fmt,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{ensure, Context};
use ips_chain::{RpcClient, SubxtReader};
use ips_engine::chain::ChainReader as _;
use ips_tests::{
    finality::{self, HeadLog, Outcome},
    network::Network,
    relay::{HostFunctions, RelayChain, RelaySettings},
    watcher::Watcher,
};
use serde::Serialize;

use crate::steps::Demo;

/// Longest wait for a block, for finality, or for a collator to catch up.
pub(crate) const PATIENCE: Duration = Duration::from_secs(600);
/// Blocks that the other collator makes alone while one is down.
const BLOCKS_ALONE: u32 = 3;
/// Most blocks that the best may be ahead of the last final one: the relay chain's finality is three of
/// its blocks behind, and a parachain block is included two after it was made.
const LAG_MAX: u32 = 30;
/// A slot of the parachain.
const SLOT: Duration = Duration::from_millis(ips_runtime::constants::SLOT_MILLISECONDS);

/// What happens to the parachain while the main job runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Scenario {
    /// Nothing.
    Main,
    /// A collator is killed and started again.
    CollatorRestart,
    /// The runtime is upgraded, with a migration; host calls cannot be switched on.
    Upgrade,
    /// The relay chain has host calls for curves; the runtime is upgraded to use them.
    Ecc,
    /// Customers of the relay chain and of a sibling parachain pay with their own tokens.
    Xcm,
}

/// The parachain beside the chain that the main job talks to.
pub(crate) struct Parachain {
    pub(crate) scenario: Scenario,
    heads: HeadLog,
    /// The second collator: it lives through all scenarios.
    pub(crate) rpc: RpcClient,
    /// The runtime to upgrade to.
    pub(crate) blob: Option<PathBuf>,
    url: String,
}

/// What was asserted of the parachain, with what was seen.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Assertions(Vec<String>);

impl fmt::Display for Assertions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\nASSERTED OF THE PARACHAIN")?;
        self.0.iter().try_for_each(|line| writeln!(f, "  {line}"))
    }
}

/// Starts the relay chain and the second collator. The first is the chain of the main job.
pub(crate) async fn start(
    network: &mut Network,
    scenario: Scenario,
    blob: Option<&Path>,
) -> anyhow::Result<Parachain> {
    let node = network.program("ips-node");
    let settings = RelaySettings {
        functions: match scenario {
            Scenario::Ecc => HostFunctions::Ecc,
            _ => HostFunctions::Standard,
        },
        sibling: scenario == Scenario::Xcm,
    };
    let relay = RelayChain::start(network.folder(), &node, settings).await?;
    println!("      relay chain: {}", relay.rpc_url());
    let url = relay.collator_rpc_url(1);
    network.set_relay(relay);
    network.start_other_collators()?;
    Ok(Parachain {
        scenario,
        heads: HeadLog::start(&url),
        rpc: ips_chain::connect(&url),
        blob: blob.map(Path::to_path_buf),
        url,
    })
}

impl Demo<'_> {
    /// What the scenario does while files are being sealed.
    pub(crate) async fn disturb(&mut self) -> anyhow::Result<()> {
        match self.parachain.as_ref().map(|parachain| parachain.scenario) {
            Some(Scenario::CollatorRestart) => self.restart_collator().await,
            _ => Ok(()),
        }
    }

    /// Kills the first collator, with the storage node in it and the RPC server that everybody uses, lets
    /// the other make blocks alone, and starts it again.
    async fn restart_collator(&mut self) -> anyhow::Result<()> {
        let parachain = self.parachain.as_ref().context("no parachain")?;
        let other = SubxtReader::connect(&parachain.url).await?;
        let mut heads = other.heads();
        self.network.kill_chain()?;
        let killed_at = heads.borrow().number;
        println!("      collator 1 killed at block {killed_at}");
        let alone = killed_at + BLOCKS_ALONE;
        let goes_on = heads.wait_for(|head| head.number >= alone);
        tokio::time::timeout(PATIENCE, goes_on)
            .await
            .context("the other collator makes no blocks alone")??;
        self.network.start_chain()?;
        let back = other.heads().borrow().number;
        println!("      started again at block {back}");
        let caught_up = self.heads.wait_for(|head| head.number >= back);
        tokio::time::timeout(PATIENCE, caught_up)
            .await
            .context("the killed collator does not catch up")??;
        Ok(())
    }

    /// Waits until everything that was seen is final and judges the chain; nothing for a chain without a
    /// relay chain.
    pub(crate) async fn judge_parachain(&mut self) -> anyhow::Result<Option<Assertions>> {
        let Some(parachain) = &self.parachain else {
            return Ok(None);
        };
        let since = Instant::now();
        let last = self.heads.borrow().number;
        self.watcher.advance(last).await?;
        finality::wait_final(&parachain.rpc, last, PATIENCE).await?;
        let outcome = parachain.heads.outcome(&parachain.rpc, last).await?;
        let mut final_chain = Watcher::new(parachain.rpc.clone());
        final_chain.advance(last).await?;
        let lost: Vec<_> = self
            .watcher
            .seen
            .iter()
            .filter(|seen| final_chain.count(|fact| *fact == seen.fact) == 0)
            .collect();
        ensure!(lost.is_empty(), "not in the final chain: {lost:?}");
        let mut lines = self.governed.clone();
        lines.extend(self.lighter_proofs()?);
        lines.extend(assertions(&outcome)?);
        lines.push(format!(
            "nothing lost: all {} facts that the job relied on are in the final chain",
            self.watcher.seen.len()
        ));
        lines.push(format!(
            "judged {:.1} s after the job",
            since.elapsed().as_secs_f64()
        ));
        Ok(Some(Assertions(lines)))
    }
}

/// Checks the chain; a line for each thing that holds.
fn assertions(outcome: &Outcome) -> anyhow::Result<Vec<String>> {
    let Outcome {
        blocks,
        dropped,
        replaced,
        lag_max,
        median,
        mean,
        longest,
        authors,
    } = *outcome;
    ensure!(lag_max <= LAG_MAX, "finality lagged {lag_max} blocks");
    ensure!(median <= 2 * SLOT, "half of the blocks took {median:?}");
    ensure!(
        authors.iter().all(|made| *made > 0),
        "a collator made no block: {authors:?}"
    );
    ensure!(replaced == 0, "{replaced} final blocks were replaced");
    Ok(vec![
        format!("finality: blocks 1 to {blocks} validated and made final by the relay chain"),
        format!("finality lag: at most {lag_max} blocks (limit {LAG_MAX})"),
        format!(
            "block time: median {:.0} s, mean {:.1} s, longest {:.0} s (limit of the median {} s)",
            median.as_secs_f64(),
            mean.as_secs_f64(),
            longest.as_secs_f64(),
            2 * SLOT.as_secs()
        ),
        format!("authors: {} and {} blocks", authors[0], authors[1]),
        format!(
            "forks: no final block was replaced; {dropped} heads were dropped before they were final \
             (both validators may make a relay block in a slot)"
        ),
    ])
}
