//! A real sector of two slots with real proofs: sealed, pre-committed at block 1 by provider 2.
//!
//! Beacons and genesis of the mock are fixed, so its proofs are made once for all tests.

use std::sync::OnceLock;

use ips_primitives::{
    challenge::binding_challenge,
    id::{PartitionIndex, PieceIndex, ProviderId, SectorNumber},
    proof_calls::{BindingOpening, PreCommit, TreePath},
    sector::{Piece, PieceRange, Profile, ProofBytes, ReplicaId},
    slot::{SlotOpening, SlotTree, SLOT_LEAF_BYTES},
    statement::{Context, ReplicaInputs},
};
use ips_proofs::{
    params::{ParamsCache, ProverParams},
    post::{prove_post, PostSector},
    seal::{prove_seal, seal, SealedSector, SectorData},
};
use ips_verifier::groth16::{parse_verifying_key, CircuitKind};

use crate::mock::*;

pub(crate) const PROFILE: Profile = Profile::TEST;
/// Number of the sector.
pub(crate) const SECTOR: SectorNumber = SectorNumber(1);
/// Block of its seed.
pub(crate) const SEED_AT: u32 = 4;
/// Where its two pieces begin. The first slot's 9,000 bytes take 291 nodes.
const OFFSETS: [u32; 2] = [0, 300];
const SLOT_BYTES: [usize; 2] = [9_000, 5_000];

/// The cached parameters of a circuit.
pub(crate) fn params(kind: CircuitKind) -> &'static ProverParams {
    static PARAMS: [OnceLock<ProverParams>; 3] = [const { OnceLock::new() }; 3];
    let load = || {
        ParamsCache::of_user()
            .unwrap()
            .load_or_generate(kind, PROFILE)
            .unwrap()
    };
    PARAMS[kind as usize].get_or_init(load)
}

/// Bytes of slot `index` of the sector.
pub(crate) fn slot_data(index: usize) -> Vec<u8> {
    (0..SLOT_BYTES[index])
        .map(|at| (at * 7 + at / 251 + index) as u8)
        .collect()
}

/// The provider that seals.
pub(crate) fn owner() -> ProviderId {
    provider(2)
}

/// What the circuit's statements are bound to on this chain.
pub(crate) fn context(kind: CircuitKind) -> Context {
    let key = parse_verifying_key(&params(kind).verifying_key())
        .unwrap()
        .id();
    Context {
        genesis: GENESIS,
        profile: PROFILE.id,
        key,
    }
}

/// The unsealed data.
pub(crate) fn data() -> SectorData {
    let mut data = SectorData::new(PROFILE);
    for (index, offset) in OFFSETS.into_iter().enumerate() {
        data.push_piece(offset, &slot_data(index)).unwrap();
    }
    data
}

/// The sector's pieces: of slots of orders 0 and 1.
pub(crate) fn pieces() -> Vec<Piece> {
    (0u64..)
        .zip(OFFSETS)
        .map(|(order, node_offset)| Piece {
            slot: slot_id(order),
            index: PieceIndex(0),
            node_offset,
        })
        .collect()
}

/// Tells the market's mock of the two slots.
pub(crate) fn add_slots(owner: ProviderId) {
    for index in 0..2 {
        let bytes = slot_data(index);
        let root = SlotTree::from_bytes(&bytes).unwrap().root();
        add_slot(owner, slot_id(index as u64), root, bytes.len() as u64);
    }
}

fn replica_id() -> ReplicaId {
    context(CircuitKind::Seal).replica_id(&ReplicaInputs {
        provider: owner(),
        sector: SECTOR,
        replica_index: 0,
        comm_d: data().comm_d(),
        ticket: beacon(1),
    })
}

/// The sealed sector.
pub(crate) fn sealed() -> &'static SealedSector {
    static SEALED: OnceLock<SealedSector> = OnceLock::new();
    SEALED.get_or_init(|| seal(PROFILE, replica_id(), &data()).unwrap())
}

/// The sector's pre-commit.
pub(crate) fn pre_commit() -> PreCommit {
    PreCommit {
        sector: SECTOR,
        comm_d: sealed().comm_d(),
        comm_r: sealed().comm_r(),
        ticket_block: 1,
        replica_index: 0,
        pieces: pieces().try_into().unwrap(),
    }
}

/// The seal proof for the seed of block 4.
pub(crate) fn seal_proof() -> ProofBytes {
    static PROOF: OnceLock<ProofBytes> = OnceLock::new();
    *PROOF.get_or_init(|| {
        prove_seal(
            params(CircuitKind::Seal),
            PROFILE,
            sealed(),
            &beacon(SEED_AT),
            0,
        )
        .unwrap()
    })
}

/// Opens node `node` of piece `piece` in both trees.
pub(crate) fn opening(piece: usize, node: u32) -> BindingOpening {
    let bytes = slot_data(piece);
    let range = PieceRange {
        start: 0,
        len: bytes.len() as u32,
    };
    let (start, len) = range.node_bytes(node).unwrap();
    let leaf_bytes = SLOT_LEAF_BYTES as u64;
    let (first, last) = (
        start / leaf_bytes,
        (start + u64::from(len) - 1) / leaf_bytes,
    );
    let tree = SlotTree::from_bytes(&bytes).unwrap();
    let leaves: Vec<_> = (first..=last)
        .map(|index| {
            let from = index as usize * SLOT_LEAF_BYTES;
            let leaf = bytes[from..bytes.len().min(from + SLOT_LEAF_BYTES)].to_vec();
            SlotOpening {
                leaf,
                path: tree.path(index).unwrap(),
            }
        })
        .collect();
    BindingOpening {
        leaves: leaves.try_into().unwrap(),
        path: tree_path(OFFSETS[piece] + node),
    }
}

/// Siblings of a node of the sector's tree D.
pub(crate) fn tree_path(node: u32) -> TreePath {
    let path = data().path_d(node).unwrap();
    TreePath(path.siblings.to_vec().try_into().unwrap())
}

/// The openings that the seed of block 4 asks for.
pub(crate) fn bindings() -> Vec<BindingOpening> {
    bindings_for(&sealed().replica_id(), SEED_AT)
}

/// The openings that the seed of block `seed_at` asks for, if the same data had that replica id.
pub(crate) fn bindings_for(replica_id: &ReplicaId, seed_at: u32) -> Vec<BindingOpening> {
    let nodes = SLOT_BYTES.map(|bytes| bytes.div_ceil(31) as u32);
    let comm_r = sealed().comm_r();
    (0..PROFILE.binding_openings)
        .map(|index| {
            let seed = beacon(seed_at);
            let at = binding_challenge(&seed, replica_id, &comm_r, index, nodes[0] + nodes[1]);
            if at < nodes[0] {
                opening(0, at)
            } else {
                opening(1, at - nodes[0])
            }
        })
        .collect()
}

/// A proof of partition 0 of the provider, with the sector alone in it, for a period.
pub(crate) fn post_proof(period: u32) -> ProofBytes {
    static PROOFS: [OnceLock<ProofBytes>; 4] = [const { OnceLock::new() }; 4];
    *PROOFS[period as usize].get_or_init(|| {
        let sector: PostSector = sealed().post_sector();
        let r = context(CircuitKind::Post).post_randomness(
            &owner(),
            PartitionIndex(0),
            period,
            &beacon(20 * period),
        );
        prove_post(params(CircuitKind::Post), PROFILE, &[Some(&sector)], &r).unwrap()
    })
}
