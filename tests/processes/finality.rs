//! What became of a parachain's blocks: which were made, which are final, how long they took.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use anyhow::{ensure, Context};
use codec::Decode;
use frame_support::storage::storage_prefix;
use ips_chain::RpcClient;
use ips_runtime::{constants::SLOT_MILLISECONDS, Hash, Header};
use subxt_rpcs::rpc_params;
use tokio::task::JoinHandle;

/// Pause before a node that does not answer is asked again.
const RETRY: Duration = Duration::from_millis(500);

/// Every head that one node told of, kept from its start; ends when dropped.
pub struct HeadLog {
    seen: Arc<Mutex<Seen>>,
    task: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Seen {
    heads: BTreeMap<u32, BTreeSet<Hash>>,
    /// Blocks that were the last final one at some time.
    finals: BTreeMap<u32, Hash>,
    /// Most blocks that the best was ahead of the last final one.
    lag_max: u32,
}

/// The final chain up to a block, judged.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outcome {
    /// Final blocks.
    pub blocks: u32,
    /// Heads that were seen and are not in the final chain.
    pub dropped: usize,
    /// Blocks that were final once and are not in the final chain: there must be none.
    pub replaced: usize,
    /// Most blocks that the best head was ahead of the last final one.
    pub lag_max: u32,
    /// Time between two blocks that half of the blocks keep to.
    pub median: Duration,
    /// Time between two blocks on average.
    pub mean: Duration,
    /// Longest time between two blocks.
    pub longest: Duration,
    /// Blocks of each of the two collators.
    pub authors: [u32; 2],
}

impl Drop for HeadLog {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl HeadLog {
    /// Listens to the node at `url`, again and again if it goes away.
    pub fn start(url: &str) -> Self {
        let rpc = ips_chain::connect(url);
        let seen = Arc::new(Mutex::new(Seen::default()));
        let shared = seen.clone();
        let task = tokio::spawn(async move {
            loop {
                // It ends when the node does; the next round asks again.
                let _ = listen(&rpc, &shared).await;
                tokio::time::sleep(RETRY).await;
            }
        });
        Self { seen, task }
    }

    /// Judges the chain from block 1 to `last`, which must be final.
    ///
    /// # Errors
    /// If the node does not answer, or block `last` is not final.
    pub async fn outcome(&self, rpc: &RpcClient, last: u32) -> anyhow::Result<Outcome> {
        let (final_number, _) = final_head(rpc).await?;
        ensure!(final_number >= last, "block {last} is not final");
        let mut chain = BTreeMap::new();
        let (mut times, mut authors) = (Vec::new(), [0; 2]);
        for number in 1..=last {
            let hash = block_hash(rpc, number).await?;
            chain.insert(number, hash);
            let slot = time_of(rpc, hash).await? / SLOT_MILLISECONDS;
            authors[usize::from(slot % 2 == 1)] += 1;
            times.push(Duration::from_millis(slot * SLOT_MILLISECONDS));
        }
        let mut gaps: Vec<_> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
        gaps.sort_unstable();
        let longest = *gaps.last().context("too few blocks to judge")?;
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let heads = seen
            .heads
            .iter()
            .flat_map(|(number, hashes)| hashes.iter().map(move |hash| (*number, *hash)));
        let finals = seen.finals.iter().map(|(number, hash)| (*number, *hash));
        let is_other =
            |(number, hash): &(u32, Hash)| chain.get(number).is_some_and(|kept| kept != hash);
        Ok(Outcome {
            blocks: last,
            dropped: heads.filter(is_other).count(),
            replaced: finals.filter(is_other).count(),
            lag_max: seen.lag_max,
            median: gaps[gaps.len() / 2],
            mean: gaps.iter().sum::<Duration>() / u32::try_from(gaps.len())?,
            longest,
            authors,
        })
    }
}

async fn listen(rpc: &RpcClient, seen: &Mutex<Seen>) -> anyhow::Result<()> {
    let mut heads = rpc
        .subscribe::<Header>(
            "chain_subscribeAllHeads",
            rpc_params![],
            "chain_unsubscribeAllHeads",
        )
        .await?;
    while let Some(head) = heads.next().await {
        let head = head?;
        let (final_number, final_hash) = final_head(rpc).await?;
        let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.finals.insert(final_number, final_hash);
        seen.lag_max = seen.lag_max.max(head.number.saturating_sub(final_number));
        seen.heads
            .entry(head.number)
            .or_default()
            .insert(head.hash());
    }
    Ok(())
}

/// Number and hash of the last final block.
///
/// # Errors
/// If the node does not answer.
pub async fn final_head(rpc: &RpcClient) -> anyhow::Result<(u32, Hash)> {
    let hash: Hash = rpc.request("chain_getFinalizedHead", rpc_params![]).await?;
    let header: Option<Header> = rpc.request("chain_getHeader", rpc_params![hash]).await?;
    let header = header.context("the final block has no header")?;
    Ok((header.number, hash))
}

/// Waits until block `number` is final.
///
/// # Errors
/// If it is not within `patience`.
pub async fn wait_final(rpc: &RpcClient, number: u32, patience: Duration) -> anyhow::Result<()> {
    let since = Instant::now();
    loop {
        // A node that is down is asked again.
        let last = final_head(rpc).await.map_or(0, |(number, _)| number);
        if last >= number {
            return Ok(());
        }
        ensure!(
            since.elapsed() < patience,
            "block {number} is not final, the last final one is {last}"
        );
        tokio::time::sleep(RETRY).await;
    }
}

/// Hash of a block of the best chain.
///
/// # Errors
/// If the node does not answer, or has no such block.
pub async fn block_hash(rpc: &RpcClient, number: u32) -> anyhow::Result<Hash> {
    let hash: Option<Hash> = rpc
        .request("chain_getBlockHash", rpc_params![number])
        .await?;
    hash.with_context(|| format!("block {number} is not there"))
}

/// The chain's own time at a block, in milliseconds.
async fn time_of(rpc: &RpcClient, block: Hash) -> anyhow::Result<u64> {
    let key = format!("0x{}", hex::encode(storage_prefix(b"Timestamp", b"Now")));
    let value: Option<String> = rpc
        .request("state_getStorage", rpc_params![key, block])
        .await?;
    let value = value.context("a block without a time")?;
    let bytes = hex::decode(value.trim_start_matches("0x"))?;
    Ok(u64::decode(&mut bytes.as_slice())?)
}
