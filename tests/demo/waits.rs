//! The steps that wait for the chain; each ends with an error when what it waits for cannot come.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use anyhow::{ensure, Context};
use ips_engine::chain::ChainReader;
use ips_primitives::{
    deal::SlotState,
    fragment::ErasureParams,
    id::{Balance, FileId, PartitionIndex, ProviderId},
    retrieval::FeeSplit,
};
use ips_tests::watcher::Fact;

use crate::steps::Demo;

/// Longest time of a step.
const PATIENCE: Duration = Duration::from_secs(600);
/// The same of a parachain, whose blocks take three times as long, and the first some minutes.
const PARACHAIN_PATIENCE: Duration = Duration::from_secs(1_800);
/// Blocks without a new claim after which no more is expected: twice the nodes' pause between claims.
const QUIET_BLOCKS: u32 = 10;

impl Demo<'_> {
    /// Waits for the next block, reads it, checks the processes.
    pub(crate) async fn next_block(&mut self, since: Instant) -> anyhow::Result<u32> {
        let patience = match self.parachain {
            Some(_) => PARACHAIN_PATIENCE,
            None => PATIENCE,
        };
        ensure!(
            since.elapsed() < patience,
            "no progress within {} s",
            patience.as_secs()
        );
        self.network.check()?;
        tokio::time::timeout(patience, self.heads.changed())
            .await
            .context("no block")??;
        let head = self.heads.borrow_and_update().number;
        self.watcher.advance(head).await?;
        Ok(head)
    }

    /// Until every node is registered, has pledged and asks a price.
    pub(crate) async fn wait_registered(&mut self) -> anyhow::Result<()> {
        let since = Instant::now();
        loop {
            let mut ready = 0;
            for node in &self.nodes {
                let view = self.chain.node(node.provider).await?;
                ready += usize::from(view.is_some_and(|v| v.ask.is_some() && v.pledged > 0));
            }
            if ready == self.nodes.len() {
                return Ok(());
            }
            self.next_block(since)
                .await
                .with_context(|| format!("{ready} nodes ready"))?;
        }
    }

    /// Until every slot of the file is sealed and proven; returns the sectors sealed.
    pub(crate) async fn wait_sealed(
        &mut self,
        file: FileId,
        erasure: ErasureParams,
    ) -> anyhow::Result<usize> {
        let since = Instant::now();
        loop {
            let orders = self.orders(file).await?;
            let slots: usize = orders.iter().map(|order| order.slots.len()).sum();
            let active = orders
                .iter()
                .flat_map(|order| &order.slots)
                .filter(|slot| slot.state == SlotState::Active)
                .count();
            let sealed = self.watcher.count(|fact| matches!(fact, Fact::Sealed(..)));
            if !orders.is_empty() && active == slots {
                let confirmed = self
                    .watcher
                    .count(|fact| matches!(fact, Fact::Confirmed(..)));
                ensure!(
                    slots.is_multiple_of(usize::from(erasure.total())),
                    "{slots} slots"
                );
                ensure!(confirmed >= slots, "{confirmed} of {slots} deals confirmed");
                println!();
                return Ok(sealed);
            }
            let head = self.next_block(since).await.with_context(|| {
                format!("{active} of {slots} slots active, {sealed} sectors sealed")
            })?;
            self.show(&format!(
                "block {head}: {sealed} sectors sealed, {active}/{slots} slots active"
            ));
        }
    }

    /// Until every partition has proven one whole period that began after the last seal. A partition
    /// that misses its window on a busy machine recovers, and the next period is waited for.
    pub(crate) async fn wait_full_period(&mut self) -> anyhow::Result<u32> {
        let since = Instant::now();
        let period_blocks = self.chain.info().await?.schedule.period_blocks;
        let mut period = self.heads.borrow().number / period_blocks + 1;
        let mut partitions = BTreeSet::new();
        for node in &self.nodes {
            for partition in self.chain.partitions_of(node.provider).await? {
                partitions.insert((node.provider, partition.index));
            }
        }
        ensure!(!partitions.is_empty(), "no partition to prove");
        loop {
            let proven = self.proven_in(period);
            if partitions.is_subset(&proven) {
                println!();
                return Ok(period);
            }
            let head = self.next_block(since).await?;
            let missed = |fact: &Fact| matches!(fact, Fact::Missed(_, _, of) if *of == period);
            let missed = self.watcher.count(missed);
            if missed > 0 {
                println!("\n      {missed} proofs of period {period} came too late; once more");
                period = head / period_blocks + 1;
            }
            self.show(&format!(
                "block {head}: period {period}, {}/{} partitions proven",
                proven.intersection(&partitions).count(),
                partitions.len()
            ));
        }
    }

    fn proven_in(&self, period: u32) -> BTreeSet<(ProviderId, PartitionIndex)> {
        let posts = self.watcher.seen.iter().filter_map(|seen| match seen.fact {
            Fact::Post(provider, partition, of) if of == period => Some((provider, partition)),
            _ => None,
        });
        posts.collect()
    }

    /// Until at least `least` nodes were paid for proven extracts and no new claim comes; returns how
    /// all fees were split.
    pub(crate) async fn wait_claims(&mut self, least: usize) -> anyhow::Result<FeeSplit> {
        let since = Instant::now();
        let (mut quiet, mut last) = (0, 0);
        loop {
            let claims: Vec<_> = self
                .watcher
                .seen
                .iter()
                .filter_map(|seen| match seen.fact {
                    Fact::Extract(provider, fee) => Some((provider, fee)),
                    _ => None,
                })
                .collect();
            let paid: BTreeSet<_> = claims.iter().map(|(provider, _)| *provider).collect();
            quiet = if claims.len() == last { quiet + 1 } else { 0 };
            last = claims.len();
            if paid.len() >= least && quiet >= QUIET_BLOCKS {
                return self.split_of(claims.iter().map(|(_, fee)| *fee).sum());
            }
            self.next_block(since)
                .await
                .with_context(|| format!("{} of {least} nodes were paid", paid.len()))?;
        }
    }

    /// How the fees were split, checked against the protocol's shares.
    fn split_of(&self, fees: Balance) -> anyhow::Result<FeeSplit> {
        let mut sum = FeeSplit {
            server: 0,
            provers: 0,
            burnt: 0,
        };
        for seen in &self.watcher.seen {
            if let Fact::Split(part) = &seen.fact {
                sum.server += part.server;
                sum.provers += part.provers;
                sum.burnt += part.burnt;
            }
        }
        ensure!(fees > 0, "claims were accepted but paid nothing");
        ensure!(
            sum.server + sum.provers + sum.burnt == fees,
            "fees of {fees} were split into {sum:?}"
        );
        // Shares that do not divide are burnt, so the nodes' parts are at most the protocol's.
        let rule = FeeSplit::of(fees);
        ensure!(
            sum.server > 0 && sum.server <= rule.server,
            "{sum:?}, not {rule:?}"
        );
        ensure!(
            sum.provers > 0 && sum.provers <= rule.provers,
            "{sum:?}, not {rule:?}"
        );
        Ok(sum)
    }
}
