//! Pure rules over partitions and money.

use alloc::vec::Vec;

use ips_primitives::{
    id::{Balance, BlockNumber},
    sector::{CommR, Profile},
};

use crate::types::{Partition, SectorPiece};

/// `percent` of `amount`, rounded down; no intermediate product can overflow.
pub(crate) fn percent_of(amount: Balance, percent: u8) -> Balance {
    let percent = Balance::from(percent);
    amount / 100 * percent + amount % 100 * percent / 100
}

/// Nodes that the pieces occupy in all.
pub(crate) fn occupied_nodes(profile: &Profile, pieces: &[SectorPiece]) -> u32 {
    pieces
        .iter()
        .filter_map(|piece| piece.range(profile))
        .map(|range| range.nodes())
        .sum()
}

/// The piece, and the node in it, that is number `occupied` of all occupied nodes in order.
pub(crate) fn locate_node<'a>(
    profile: &Profile,
    pieces: &'a [SectorPiece],
    mut occupied: u32,
) -> Option<(&'a SectorPiece, u32)> {
    for piece in pieces {
        let nodes = piece.range(profile)?.nodes();
        if occupied < nodes {
            return Some((piece, occupied));
        }
        occupied -= nodes;
    }
    None
}

impl Partition {
    /// `comm_r` of each of the `post_sectors` places in the set of the window that opens at
    /// `opens_at`; zero = not in it.
    pub(crate) fn set_at(&self, opens_at: BlockNumber, post_sectors: u32) -> Vec<CommR> {
        let mut set = alloc::vec![CommR::default(); post_sectors as usize];
        for (place, position) in set.iter_mut().zip(&self.positions) {
            if position.is_in_set(opens_at) {
                *place = position.comm_r;
            }
        }
        set
    }

    /// Whether the window that opens at `opens_at` asks for a proof of a sector that still is.
    pub(crate) fn owes(&self, opens_at: BlockNumber) -> bool {
        self.positions
            .iter()
            .any(|position| !position.vacant && position.is_in_set(opens_at))
    }

    /// The place for one more sector.
    ///
    /// A vacant place that the window due still covers is not free: its set must not change.
    pub(crate) fn free_place(&self, post_sectors: u32) -> Option<usize> {
        let vacant = self
            .positions
            .iter()
            .position(|position| position.vacant && !position.is_in_set(self.due.opens_at));
        let next = self.positions.len();
        vacant.or_else(|| (next < post_sectors as usize).then_some(next))
    }

    /// Whether a place is or will be free without another sector ending.
    pub(crate) fn has_room(&self, post_sectors: u32) -> bool {
        self.positions.len() < post_sectors as usize
            || self.positions.iter().any(|position| position.vacant)
    }

    /// Whether no place has a sector.
    pub(crate) fn is_vacant(&self) -> bool {
        self.positions.iter().all(|position| position.vacant)
    }

    /// Pieces of all its sectors.
    pub(crate) fn pieces(&self) -> u32 {
        self.positions.iter().map(|position| position.pieces).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::Position;
    use ips_primitives::{
        id::{OrderId, PieceIndex, SectorNumber, SlotId, SlotIndex},
        schedule::Window,
        sector::Piece,
        slot::SlotRoot,
    };

    fn position(joined_at: u32, left_at: Option<u32>, vacant: bool) -> Position {
        Position {
            sector: SectorNumber(1),
            comm_r: CommR([7; 32]),
            pieces: 1,
            joined_at,
            left_at,
            faulty_since: None,
            proven_through: joined_at,
            vacant,
        }
    }

    fn partition(positions: Vec<Position>) -> Partition {
        Partition {
            positions: positions.try_into().unwrap(),
            due: Window {
                period: 1,
                opens_at: 20,
                closes_at: 30,
            },
            last_proven: None,
            proven_periods: 0,
            missed_periods: 0,
        }
    }

    #[test]
    fn set_is_fixed_when_the_window_opens() {
        for (joined_at, left_at, inside) in [
            (19, None, true),
            (20, None, false),
            (10, Some(19), false),
            (10, Some(20), true),
            (10, Some(25), true),
        ] {
            assert_eq!(position(joined_at, left_at, false).is_in_set(20), inside);
            let partition = partition(alloc::vec![position(joined_at, left_at, false)]);
            assert_eq!(partition.owes(20), inside);
            assert_eq!(partition.set_at(20, 4)[0] != CommR::default(), inside);
        }
    }

    #[test]
    fn vacant_place_is_free_once_no_window_covers_it() {
        let covered = partition(alloc::vec![position(1, Some(22), true)]);
        assert_eq!(covered.free_place(1), None);
        assert!(covered.has_room(1));
        assert_eq!(covered.free_place(2), Some(1));
        let left = partition(alloc::vec![position(1, Some(12), true)]);
        assert_eq!(left.free_place(1), Some(0));
        let taken = partition(alloc::vec![position(1, None, false)]);
        assert_eq!(taken.free_place(1), None);
        assert!(!taken.has_room(1));
    }

    #[test]
    fn percent_rounds_down_and_never_overflows() {
        for (amount, percent, expected) in [(0, 50, 0), (99, 1, 0), (1_000, 7, 70), (199, 50, 99)] {
            assert_eq!(percent_of(amount, percent), expected);
        }
        assert_eq!(percent_of(u128::MAX, 100), u128::MAX);
    }

    #[test]
    fn occupied_nodes_are_counted_over_pieces_in_order() {
        let slot = SlotId {
            order: OrderId(0),
            slot: SlotIndex(0),
        };
        let piece = |index, node_offset, slot_bytes| SectorPiece {
            piece: Piece {
                slot,
                index: PieceIndex(index),
                node_offset,
            },
            slot_bytes,
            slot_root: SlotRoot::default(),
        };
        let pieces = [piece(0, 0, 100), piece(0, 10, 62)];
        let profile = Profile::TEST;
        assert_eq!(occupied_nodes(&profile, &pieces), 6);
        assert_eq!(locate_node(&profile, &pieces, 3).unwrap(), (&pieces[0], 3));
        assert_eq!(locate_node(&profile, &pieces, 4).unwrap(), (&pieces[1], 0));
        assert_eq!(locate_node(&profile, &pieces, 6), None);
    }
}
