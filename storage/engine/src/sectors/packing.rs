//! Which pieces share a sector.

use ips_primitives::{
    id::{BlockNumber, PieceIndex, SlotId},
    sector::{Piece, Profile, SECTOR_PIECES_MAX},
};

/// A piece without a sector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Waiting {
    pub(super) slot: SlotId,
    pub(super) index: PieceIndex,
    pub(super) nodes: u32,
    pub(super) waited: BlockNumber,
}

#[derive(Default)]
struct Bin {
    pieces: Vec<Piece>,
    nodes: u32,
    waited: BlockNumber,
}

/// Fills sectors, largest pieces first; a sector that is not nearly full is only made once a piece
/// of it has waited `wait` blocks. The other pieces stay waiting.
pub(super) fn pack(
    profile: Profile,
    mut waiting: Vec<Waiting>,
    wait: BlockNumber,
) -> Vec<Vec<Piece>> {
    // Ties by id: the same pieces always give the same sectors.
    waiting.sort_by_key(|piece| (std::cmp::Reverse(piece.nodes), piece.slot, piece.index));
    let pieces_max = usize::try_from(SECTOR_PIECES_MAX).unwrap_or(1);
    let mut bins: Vec<Bin> = Vec::new();
    for piece in waiting {
        let fits =
            |bin: &Bin| bin.nodes + piece.nodes <= profile.nodes() && bin.pieces.len() < pieces_max;
        let at = match bins.iter().position(fits) {
            Some(at) => at,
            None => {
                bins.push(Bin::default());
                bins.len() - 1
            }
        };
        let bin = &mut bins[at];
        bin.pieces.push(Piece {
            slot: piece.slot,
            index: piece.index,
            node_offset: bin.nodes,
        });
        bin.nodes += piece.nodes;
        bin.waited = bin.waited.max(piece.waited);
    }
    let nearly_full = profile.nodes() / 8 * 7;
    bins.into_iter()
        .filter(|bin| {
            bin.nodes >= nearly_full || bin.pieces.len() == pieces_max || bin.waited >= wait
        })
        .map(|bin| bin.pieces)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ips_primitives::id::{OrderId, SlotIndex};

    fn piece(order: u64, nodes: u32, waited: BlockNumber) -> Waiting {
        let slot = SlotId {
            order: OrderId(order),
            slot: SlotIndex(0),
        };
        Waiting {
            slot,
            index: PieceIndex(0),
            nodes,
            waited,
        }
    }

    #[test]
    fn full_pieces_do_not_wait_and_small_ones_do() {
        let packed = pack(Profile::TEST, vec![piece(1, 512, 0), piece(2, 10, 3)], 4);
        assert_eq!(packed.len(), 1);
        assert_eq!(packed[0][0].slot.order, OrderId(1));
    }

    #[test]
    fn small_pieces_share_a_sector_without_overlap() {
        let waiting = (0..5)
            .map(|i| piece(i, 100, u32::from(i == 0) * 4))
            .collect();
        let packed = pack(Profile::TEST, waiting, 4);
        assert_eq!(packed.len(), 1);
        let offsets: Vec<u32> = packed[0].iter().map(|piece| piece.node_offset).collect();
        assert_eq!(offsets, vec![0, 100, 200, 300, 400]);
    }

    #[test]
    fn a_sector_never_has_more_nodes_or_pieces_than_allowed() {
        let waiting = (0..200)
            .map(|i| piece(i, 5, 9))
            .chain([piece(500, 500, 9)])
            .collect();
        for pieces in pack(Profile::TEST, waiting, 4) {
            assert!(pieces.len() <= 64);
            assert!(pieces.iter().all(|piece| piece.node_offset < 512));
        }
    }
}
