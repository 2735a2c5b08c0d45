//! What a development chain on this machine really takes: its pool is filled, its blocks are counted.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{ensure, Context};
use codec::Encode;
use futures::{stream, StreamExt, TryStreamExt};
use ips_chain::RpcClient;
use ips_runtime::{constants::SLOT_MILLISECONDS, Hash, RuntimeCall, VERSION};
use ips_tests::{
    network::{Network, Settings},
    root::sign,
};
use serde_json::Value;
use sp_core::{sr25519, Pair};
use subxt_rpcs::rpc_params;

use crate::{
    limits::{order, per_block as by_weight, transfer},
    rows::Row,
};

/// Accounts that send, all rich in the development preset.
const SENDERS: u32 = 64;
/// Extrinsics handed in at once.
const IN_FLIGHT: usize = 64;
/// Extrinsics of every block that nobody sends: timestamp and the parachain's inherent.
const INHERENTS: usize = 2;
/// Longest time without a block.
const PATIENCE: Duration = Duration::from_secs(120);

/// A chain under load.
struct Chain {
    rpc: RpcClient,
    genesis: Hash,
    senders: Vec<sr25519::Pair>,
    nonces: Vec<u32>,
}

/// Starts a chain, loads it with transfers, then with orders.
pub(crate) async fn measure(folder: &Path, transfers: u32) -> anyhow::Result<Vec<Row>> {
    let settings = Settings {
        block_time: SLOT_MILLISECONDS,
        storage_in_chain: false,
    };
    let mut network = Network::new(folder, settings)?;
    network.set_chain_flags(&["--pool-limit", "100000", "--pool-kbytes", "200000"]);
    network.start_chain()?;
    let measured = loaded(&mut network, transfers).await;
    if measured.is_err() {
        network.print_logs();
    }
    network.stop()?;
    measured
}

async fn loaded(network: &mut Network, transfers: u32) -> anyhow::Result<Vec<Row>> {
    network.connect().await?;
    let rpc = ips_chain::connect(&network.rpc_url());
    let genesis: Hash = rpc.request("chain_getBlockHash", rpc_params![0]).await?;
    let senders = (1..=SENDERS)
        .map(|i| sr25519::Pair::from_string(&format!("//Node{i}"), None).map_err(Into::into))
        .collect::<anyhow::Result<Vec<_>>>()?;
    let mut chain = Chain {
        rpc,
        genesis,
        nonces: vec![0; senders.len()],
        senders,
    };
    let mut rows = Vec::new();
    for (name, call, count) in [
        ("balance transfers", transfer(), transfers),
        ("orders of six slots", order(), transfers / 5),
    ] {
        let (per_block, limit) = chain.fill(&call, count).await?;
        let slot = SLOT_MILLISECONDS as f64 / 1e3;
        let name = format!("{name}, measured, against what weights allow");
        let allowed = by_weight(&call);
        for (unit, seconds) in [("per block", 1.0), ("per s", slot)] {
            let row = Row::new(&name, per_block / seconds, unit);
            rows.push(row.against(allowed / seconds).limited_by(limit));
        }
    }
    Ok(rows)
}

impl Chain {
    /// Hands in `count` of a call and waits until all are in blocks: the fullest block's count, and whether
    /// it was the block or the pool that had no more.
    async fn fill(
        &mut self,
        call: &RuntimeCall,
        count: u32,
    ) -> anyhow::Result<(f64, &'static str)> {
        eprintln!("signing and handing in {count} extrinsics");
        let first = self.best().await?;
        let extrinsics: Vec<String> = (0..count).map(|index| self.signed(call, index)).collect();
        stream::iter(extrinsics)
            .map(|bytes| {
                let rpc = self.rpc.clone();
                async move {
                    let answer = rpc.request::<Hash>("author_submitExtrinsic", rpc_params![bytes]);
                    answer.await.map(drop)
                }
            })
            .buffer_unordered(IN_FLIGHT)
            .try_collect::<()>()
            .await
            .context("the pool takes no more")?;
        let counts = self.counts(first + 1, count as usize).await?;
        let fullest = counts.iter().copied().max().unwrap_or_default();
        let is_limited = counts
            .iter()
            .rev()
            .skip(1)
            .any(|other| *other * 20 >= fullest * 19);
        eprintln!("blocks held {counts:?}");
        let limit = if is_limited {
            "the block"
        } else {
            "handing in"
        };
        Ok((fullest as f64, limit))
    }

    fn signed(&mut self, call: &RuntimeCall, index: u32) -> String {
        let sender = index as usize % self.senders.len();
        let nonce = self.nonces[sender];
        self.nonces[sender] += 1;
        let pair = &self.senders[sender];
        let extrinsic = sign(
            pair,
            call.clone(),
            nonce,
            VERSION.spec_version,
            self.genesis,
        );
        format!("0x{}", hex::encode(extrinsic.encode()))
    }

    async fn best(&self) -> anyhow::Result<u32> {
        let header: Value = self.rpc.request("chain_getHeader", rpc_params![]).await?;
        let number = header["number"]
            .as_str()
            .context("a header without number")?;
        Ok(u32::from_str_radix(number.trim_start_matches("0x"), 16)?)
    }

    /// Extrinsics of users in each block from `next` on, until there were `all`.
    async fn counts(&self, mut next: u32, all: usize) -> anyhow::Result<Vec<usize>> {
        let mut counts = Vec::new();
        let mut since = Instant::now();
        while counts.iter().sum::<usize>() < all {
            if self.best().await? < next {
                ensure!(since.elapsed() < PATIENCE, "no block for {PATIENCE:?}");
                tokio::time::sleep(Duration::from_millis(200)).await;
                continue;
            }
            since = Instant::now();
            let hash: Hash = self
                .rpc
                .request("chain_getBlockHash", rpc_params![next])
                .await?;
            let block: Value = self
                .rpc
                .request("chain_getBlock", rpc_params![hash])
                .await?;
            let extrinsics = block["block"]["extrinsics"].as_array();
            let count = extrinsics.context("a block without extrinsics")?.len();
            counts.push(count.saturating_sub(INHERENTS));
            next += 1;
        }
        Ok(counts)
    }
}
