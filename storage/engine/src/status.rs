//! A snapshot of a storage node for people and scripts.

use std::{collections::BTreeMap, sync::atomic::Ordering};

use ips_primitives::id::{BlockNumber, FileId, ProviderId, SectorNumber, SlotId};
use ips_swarm::Swarm;
use serde::Serialize;

use crate::{
    engine::Node,
    error::EngineError,
    store::{SectorStep, SlotStage},
};

/// Sectors by step.
pub type SectorCounts = BTreeMap<SectorStep, u32>;

/// A slot on this node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SlotStatus {
    /// The slot.
    pub slot: SlotId,
    /// Its file.
    pub file: FileId,
    /// Bytes.
    pub bytes: u64,
    /// Whether all bytes are here and signed for.
    pub delivered: bool,
    /// Whether the chain shows the deal as confirmed.
    pub confirmed: bool,
}

/// A sector on this node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SectorStatus {
    /// Number.
    pub number: SectorNumber,
    /// What is next for it.
    pub step: SectorStep,
    /// Pieces in it.
    pub pieces: usize,
    /// Whether its files are being made again.
    pub damaged: bool,
}

/// What a node holds and does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EngineStatus {
    /// Version of this layout.
    pub version: u8,
    /// The registered node.
    pub provider: ProviderId,
    /// Its name in the network.
    pub peer: String,
    /// Addresses that are bound.
    pub listen: Vec<String>,
    /// Peers connected with.
    pub peers: usize,
    /// The best block.
    pub head: BlockNumber,
    /// Bytes for new slots.
    pub free_bytes: u64,
    /// All slots.
    pub slots: Vec<SlotStatus>,
    /// All sectors.
    pub sectors: Vec<SectorStatus>,
    /// Sectors by step.
    pub sectors_by_step: SectorCounts,
    /// Seal proofs accepted since the start.
    pub seals_accepted: u64,
    /// Storage proofs accepted since the start.
    pub posts_accepted: u64,
    /// Proofs of extract made since the start.
    pub extracts_answered: u64,
    /// Retrieval claims accepted since the start.
    pub claims_accepted: u64,
    /// Bytes of fragments served since the start.
    pub bytes_served: u64,
}

pub(crate) async fn collect(node: &Node, swarm: &Swarm) -> Result<EngineStatus, EngineError> {
    let (slots, sectors) = node.store.run(|s| Ok((s.slots()?, s.sectors()?))).await?;
    let mut sectors_by_step = SectorCounts::new();
    for sector in &sectors {
        *sectors_by_step.entry(sector.step).or_insert(0) += 1;
    }
    let count = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
    Ok(EngineStatus {
        version: 1,
        provider: node.config.provider,
        peer: swarm.peer_id().to_string(),
        listen: swarm
            .listen_addresses()
            .iter()
            .map(ToString::to_string)
            .collect(),
        peers: swarm.connected_peers().await.map_or(0, |peers| peers.len()),
        head: node.head().number,
        free_bytes: node.store.free_bytes(),
        slots: slots
            .iter()
            .map(|slot| SlotStatus {
                slot: slot.slot,
                file: slot.file,
                bytes: slot.slot_bytes(),
                delivered: !matches!(slot.stage, SlotStage::Receiving),
                confirmed: slot.stage.is_confirmed(),
            })
            .collect(),
        sectors: sectors
            .iter()
            .map(|sector| SectorStatus {
                number: sector.number,
                step: sector.step,
                pieces: sector.pieces.len(),
                damaged: sector.damaged,
            })
            .collect(),
        sectors_by_step,
        seals_accepted: count(&node.counters.seals_accepted),
        posts_accepted: count(&node.counters.posts_accepted),
        extracts_answered: count(&node.counters.extracts_answered),
        claims_accepted: count(&node.counters.claims_accepted),
        bytes_served: count(&node.counters.bytes_served),
    })
}
