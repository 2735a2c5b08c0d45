//! Active sectors without proofs, for tests of what happens to them later.

use ips_primitives::{
    id::{PieceIndex, ProviderId, SectorNumber},
    sector::{CommD, CommR, Piece, ReplicaId, SectorState},
    slot::SlotRoot,
};

use crate::{
    mock::*, types::SectorPiece, Partition, Partitions, PieceSectors, SectorInfo, Sectors,
};

/// Bytes of the slots of these sectors.
pub(super) const SLOT_BYTES: u64 = 310;

/// An active sector of slots of the given orders, one piece each. Each slot has 1,000 locked.
pub(super) fn active(owner: ProviderId, number: u64, orders: &[u64]) -> SectorNumber {
    let sector = SectorNumber(number);
    let pieces: Vec<_> = (0u32..)
        .zip(orders)
        .map(|(at, order)| {
            let slot = slot_id(*order);
            add_slot(owner, slot, SlotRoot([4; 32]), SLOT_BYTES);
            PieceSectors::<Test>::insert(slot, PieceIndex(0), (owner, sector));
            SectorPiece {
                piece: Piece {
                    slot,
                    index: PieceIndex(0),
                    node_offset: 10 * at,
                },
                slot_bytes: SLOT_BYTES,
                slot_root: SlotRoot([4; 32]),
            }
        })
        .collect();
    let now = System::block_number() as u32;
    let info = SectorInfo {
        state: SectorState::PreCommitted,
        comm_d: CommD([1; 32]),
        comm_r: CommR([number as u8 + 1; 32]),
        replica_id: ReplicaId([5; 32]),
        pieces: pieces.try_into().unwrap(),
        pre_committed_at: now,
        partition: None,
    };
    Porep::activate(owner, sector, info, now).unwrap();
    sector
}

/// The sector's state.
pub(super) fn state(owner: ProviderId, sector: SectorNumber) -> SectorState {
    Sectors::<Test>::get(owner, sector).unwrap().state
}

/// A provider's partition.
pub(super) fn partition(owner: ProviderId, index: u32) -> Partition {
    Partitions::<Test>::get(owner, ips_primitives::id::PartitionIndex(index)).unwrap()
}

/// What is locked for a slot.
pub(super) fn locked(owner: ProviderId, order: u64) -> u128 {
    Locks::get()[&(owner, slot_id(order))]
}
