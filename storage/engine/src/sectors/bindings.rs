//! Openings that show that a sector holds its slots' bytes.

use std::sync::Arc;

use ips_primitives::{
    challenge::{binding_challenge, Beacon},
    proof_calls::BindingOpening,
    sector::{CommR, Piece, PieceRange, Profile, ReplicaId},
    slot::{SlotOpening, SlotTree, SLOT_LEAF_BYTES},
};

use crate::{engine::Node, error::EngineError, store::SectorRecord};

/// All binding openings of a sealed sector, in order.
pub(super) async fn open_all(
    node: &Arc<Node>,
    record: &SectorRecord,
    replica_id: &ReplicaId,
    comm_r: &CommR,
    seed: &Beacon,
) -> Result<Vec<BindingOpening>, EngineError> {
    let profile = node.sealer.profile();
    let located = locate_pieces(node, record, profile).await?;
    let occupied: u32 = located.iter().map(|(_, range)| range.nodes()).sum();
    let failed = || EngineError::Opening(record.number);
    let mut openings = Vec::new();
    for index in 0..profile.binding_openings {
        let challenge = binding_challenge(seed, replica_id, comm_r, index, occupied);
        let (piece, range, within) = locate_node(&located, challenge).ok_or_else(failed)?;
        let (start, len) = range.node_bytes(within).ok_or_else(failed)?;
        let slot = piece.slot;
        let bytes = node
            .store
            .run(move |store| store.read_slot(slot))
            .await?
            .ok_or(EngineError::SlotDamaged(slot))?;
        let leaves = open_leaves(&bytes, start, len).ok_or_else(failed)?;
        let at = piece.node_offset + within;
        let path = node
            .sealer
            .data_path(node.store.sector_folder(record.number), at)
            .await?;
        let leaves = leaves.try_into().map_err(|_| failed())?;
        openings.push(BindingOpening { leaves, path });
    }
    Ok(openings)
}

async fn locate_pieces(
    node: &Arc<Node>,
    record: &SectorRecord,
    profile: Profile,
) -> Result<Vec<(Piece, PieceRange)>, EngineError> {
    let pieces = record.pieces.clone();
    let slots = node
        .store
        .run(move |store| {
            pieces
                .into_iter()
                .map(|p| Ok((p, store.slot(p.slot)?)))
                .collect()
        })
        .await?;
    let slots: Vec<(Piece, crate::store::SlotRecord)> = slots;
    slots
        .into_iter()
        .map(|(piece, slot)| {
            let range = profile.piece_range(slot.slot_bytes(), piece.index);
            Ok((piece, range.ok_or(EngineError::Opening(record.number))?))
        })
        .collect()
}

/// The piece, and the node in it, that is number `occupied` of all occupied nodes in order.
fn locate_node(
    pieces: &[(Piece, PieceRange)],
    mut occupied: u32,
) -> Option<(Piece, PieceRange, u32)> {
    for (piece, range) in pieces {
        if occupied < range.nodes() {
            return Some((*piece, *range, occupied));
        }
        occupied -= range.nodes();
    }
    None
}

/// The one or two leaves that hold bytes `start..start + len` of a slot.
fn open_leaves(slot: &[u8], start: u64, len: u32) -> Option<Vec<SlotOpening>> {
    let leaf_bytes = u64::try_from(SLOT_LEAF_BYTES).ok()?;
    let tree = SlotTree::from_bytes(slot)?;
    let last = start.checked_add(u64::from(len))?.checked_sub(1)? / leaf_bytes;
    (start / leaf_bytes..=last)
        .map(|index| {
            let at = usize::try_from(index * leaf_bytes).ok()?;
            let end = slot.len().min(at + SLOT_LEAF_BYTES);
            Some(SlotOpening {
                leaf: slot.get(at..end)?.to_vec(),
                path: tree.path(index)?,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaves_of_every_node_open_the_slot() {
        let slot: Vec<u8> = (0..5000u32).map(|i| (i % 251) as u8).collect();
        let root = SlotTree::from_bytes(&slot).unwrap().root();
        let range = PieceRange {
            start: 0,
            len: 5000,
        };
        for node in 0..range.nodes() {
            let (start, len) = range.node_bytes(node).unwrap();
            let leaves = open_leaves(&slot, start, len).unwrap();
            let first = start / 1024;
            for (index, leaf) in (first..).zip(&leaves) {
                assert!(leaf.verify(&root, 5000, index));
            }
            let bytes: Vec<u8> = leaves.iter().flat_map(|leaf| leaf.leaf.clone()).collect();
            let from = usize::try_from(start - first * 1024).unwrap();
            let at = usize::try_from(start).unwrap();
            let len = usize::try_from(len).unwrap();
            assert_eq!(bytes[from..from + len], slot[at..at + len]);
        }
    }
}
