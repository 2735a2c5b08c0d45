//! What happened on the chain, block by block, decoded with the runtime's own types.

use anyhow::Context;
use codec::Decode;
use frame_system::{EventRecord, Phase};
use ips_chain::RpcClient;
use ips_primitives::id::{PartitionIndex, ProviderId, SectorNumber, SlotId};
use ips_runtime::{Hash, RuntimeEvent};
use subxt_rpcs::rpc_params;

/// Key of `System.Events`: `twox128("System") ‖ twox128("Events")`.
const EVENTS_KEY: &str = "0x26aa394eea5630e07c48ae0c9558cef780d41e5e16056765bc8461851072c9d7";

/// Something the runtime accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fact {
    /// A seal proof.
    Sealed(ProviderId, SectorNumber),
    /// A storage proof.
    Post(ProviderId, PartitionIndex, u32),
    /// A storage proof that did not come.
    Missed(ProviderId, PartitionIndex, u32),
    /// A slot confirmed by both signatures.
    Confirmed(ProviderId, SlotId),
    /// A proof of extract, with the fee it earned.
    Extract(ProviderId, u128),
}

/// A fact with its place and what it weighed.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) block: u32,
    pub(crate) ref_time: u64,
    pub(crate) proof_size: u64,
    pub(crate) fact: Fact,
}

/// Reads the chain forward, each block once.
pub(crate) struct Watcher {
    rpc: RpcClient,
    next: u32,
    /// All facts so far.
    pub(crate) seen: Vec<Seen>,
}

impl Watcher {
    pub(crate) fn new(rpc: RpcClient) -> Self {
        Self {
            rpc,
            next: 1,
            seen: Vec::new(),
        }
    }

    /// Reads all blocks up to `head`.
    pub(crate) async fn advance(&mut self, head: u32) -> anyhow::Result<()> {
        while self.next <= head {
            let hash: Option<String> = self
                .rpc
                .request("chain_getBlockHash", rpc_params![self.next])
                .await?;
            let hash = hash.context("a block that was announced is not there")?;
            let events: Option<String> = self
                .rpc
                .request("state_getStorage", rpc_params![EVENTS_KEY, hash])
                .await?;
            if let Some(events) = events {
                self.read(&hex::decode(events.trim_start_matches("0x"))?)?;
            }
            self.next += 1;
        }
        Ok(())
    }

    fn read(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        let records = Vec::<EventRecord<RuntimeEvent, Hash>>::decode(&mut &bytes[..])?;
        let weight_of =
            |phase: &Phase| {
                records.iter().find_map(|record| match &record.event {
                    RuntimeEvent::System(frame_system::Event::ExtrinsicSuccess {
                        dispatch_info,
                    }) if record.phase == *phase => Some(dispatch_info.weight),
                    _ => None,
                })
            };
        for record in &records {
            if let Some(fact) = fact_of(&record.event) {
                let weight = weight_of(&record.phase).unwrap_or_default();
                self.seen.push(Seen {
                    block: self.next,
                    ref_time: weight.ref_time(),
                    proof_size: weight.proof_size(),
                    fact,
                });
            }
        }
        Ok(())
    }

    /// Facts of one kind.
    pub(crate) fn count(&self, kind: impl Fn(&Fact) -> bool) -> usize {
        self.seen.iter().filter(|seen| kind(&seen.fact)).count()
    }
}

fn fact_of(event: &RuntimeEvent) -> Option<Fact> {
    Some(match event {
        RuntimeEvent::Porep(pallet_porep::Event::SectorActivated {
            provider, sector, ..
        }) => Fact::Sealed(*provider, *sector),
        RuntimeEvent::Porep(pallet_porep::Event::PostAccepted {
            provider,
            partition,
            period,
            ..
        }) => Fact::Post(*provider, *partition, *period),
        RuntimeEvent::Porep(pallet_porep::Event::PostMissed {
            provider,
            partition,
            period,
            ..
        }) => Fact::Missed(*provider, *partition, *period),
        RuntimeEvent::StorageMarket(pallet_storage_market::Event::DealConfirmed {
            slot,
            provider,
            ..
        }) => Fact::Confirmed(*provider, *slot),
        RuntimeEvent::Poe(pallet_poe::Event::ExtractClaimed { provider, fee, .. }) => {
            Fact::Extract(*provider, *fee)
        }
        _ => return None,
    })
}
