//! What randomness picks: lottery winners, seal and binding challenges (`docs/protocol.md` §3, §5).
//!
//! Choices that need the field hash are in `ips-verifier`.

use crate::{
    hash::{blake2_256, digest_to_u64},
    id::{BlockNumber, OrderId, ProviderId, SlotId},
    sector::{CommR, PieceRange, ReplicaId},
};

/// Randomness of one block of the chain.
pub type Beacon = [u8; 32];

/// Blocks from an event until the first beacon that nobody could know at the event.
///
/// A beacon comes from the relay block that the block before was built on; two blocks may be built on
/// one relay block, and a collator may build on one that is not the newest. Orders and pre-commits wait
/// this long (`docs/protocol.md` §5.2).
pub const BEACON_DELAY_BLOCKS: BlockNumber = 4;

/// Lottery number of a provider for a slot: uniform in `0..2^64`.
///
/// `beacon` is the one [`BEACON_DELAY_BLOCKS`] after the order, so nobody can know it when ordering.
pub fn lottery_draw(beacon: &Beacon, slot: SlotId, provider: &ProviderId) -> u64 {
    digest_to_u64(&blake2_256(&[
        b"ips/lottery/1",
        &slot.order.0.to_le_bytes(),
        beacon,
        &slot.slot.0.to_le_bytes(),
        &provider.0,
    ]))
}

/// The lottery threshold `elapsed` blocks after the order, for a provider of weight `weight`.
///
/// A provider of weight 1 is sure to be eligible after `lottery_blocks`; one of weight `w` after
/// `lottery_blocks / w`. Weight 0 is never eligible.
pub fn lottery_threshold(weight: u64, elapsed: BlockNumber, lottery_blocks: BlockNumber) -> u64 {
    let step = u64::MAX / u64::from(lottery_blocks.max(1));
    step.saturating_mul(weight)
        .saturating_mul(u64::from(elapsed))
}

/// Node that challenge `index` of seal proof `proof` asks for; `1..nodes`.
pub fn seal_challenge(
    seed: &Beacon,
    replica_id: &ReplicaId,
    comm_r: &CommR,
    proof: u32,
    index: u32,
    nodes: u32,
) -> u32 {
    let digest = blake2_256(&[
        b"ips/seal-challenge/1",
        seed,
        &replica_id.0,
        &comm_r.0,
        &proof.to_le_bytes(),
        &index.to_le_bytes(),
    ]);
    1 + (digest_to_u64(&digest) % u64::from(nodes - 1)) as u32
}

/// Which occupied node of a sector binding opening `index` asks for; `0..occupied_nodes`.
pub fn binding_challenge(
    seed: &Beacon,
    replica_id: &ReplicaId,
    comm_r: &CommR,
    index: u32,
    occupied_nodes: u32,
) -> u32 {
    let digest = blake2_256(&[
        b"ips/binding-challenge/1",
        seed,
        &replica_id.0,
        &comm_r.0,
        &index.to_le_bytes(),
    ]);
    (digest_to_u64(&digest) % u64::from(occupied_nodes.max(1))) as u32
}

/// The piece, by its place in `pieces`, and the node in it that is number `occupied` of all nodes
/// that the pieces occupy, in order; `None` if they occupy fewer.
pub fn locate_node(
    pieces: impl IntoIterator<Item = PieceRange>,
    mut occupied: u32,
) -> Option<(usize, u32)> {
    for (place, piece) in pieces.into_iter().enumerate() {
        let nodes = piece.nodes();
        if occupied < nodes {
            return Some((place, occupied));
        }
        occupied -= nodes;
    }
    None
}

/// Which piece of a slot a proof of extract opens; `0..pieces`.
pub fn extract_piece(rho: &[u8; 32], order: OrderId, pieces: u64) -> u64 {
    let digest = blake2_256(&[b"ips/extract-piece/1", rho, &order.0.to_le_bytes()]);
    digest_to_u64(&digest) % pieces.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::SlotIndex;

    #[test]
    fn threshold_grows_until_everyone_is_eligible() {
        assert_eq!(lottery_threshold(1, 0, 8), 0);
        assert!(lottery_threshold(1, 1, 8) < lottery_threshold(2, 1, 8));
        assert!(lottery_threshold(1, 8, 8) >= u64::MAX - 8);
        assert_eq!(lottery_threshold(8, 2, 8), u64::MAX);
        assert_eq!(lottery_threshold(0, 1_000, 8), 0);
    }

    #[test]
    fn draws_differ_by_slot_and_provider() {
        let slot = |i| SlotId {
            order: OrderId(1),
            slot: SlotIndex(i),
        };
        let draw = |i, p| lottery_draw(&[7; 32], slot(i), &ProviderId([p; 32]));
        assert_ne!(draw(0, 1), draw(1, 1));
        assert_ne!(draw(0, 1), draw(0, 2));
    }

    #[test]
    fn occupied_nodes_are_counted_over_pieces_in_order() {
        let piece = |len| PieceRange { start: 0, len };
        // Four nodes, then two.
        let pieces = [piece(100), piece(62)];
        assert_eq!(locate_node(pieces, 3), Some((0, 3)));
        assert_eq!(locate_node(pieces, 4), Some((1, 0)));
        assert_eq!(locate_node(pieces, 5), Some((1, 1)));
        assert_eq!(locate_node(pieces, 6), None);
        assert_eq!(locate_node([], 0), None);
    }

    #[test]
    fn seal_challenges_skip_node_zero_and_stay_inside() {
        for index in 0..2_000 {
            let node = seal_challenge(
                &[1; 32],
                &ReplicaId([2; 32]),
                &CommR([3; 32]),
                0,
                index,
                512,
            );
            assert!((1..512).contains(&node));
        }
    }
}
