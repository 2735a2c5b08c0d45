//! Benchmarks: each call as it is dispatched, on its longest path, with proofs that verify.
//!
//! No prover runs in WASM, so the proofs are of keys with a known trapdoor
//! ([`ips_verifier::groth16::TrapdoorKey`]); the chain's work does not depend on which key it is. Every
//! slot is of zeros, and so is every sector: its trees need one hash per level.

use alloc::vec::Vec;

use frame_benchmarking::v2::*;
use frame_support::{
    assert_ok,
    traits::{EnsureOrigin, Get},
};
use frame_system::RawOrigin;
use ips_pallet_traits::{Deals, NodeRegistry, SlotFacts};
use ips_primitives::{
    challenge::{binding_challenge, Beacon},
    id::{AccountKey, BlockNumber, PartitionIndex, PieceIndex, ProviderId, SectorNumber, SlotId},
    node_class::NodeClass,
    proof_calls::{BindingOpening, FraudProof, PreCommit, TreePath},
    schedule::Window,
    sector::{
        CommD, CommR, Piece, ProofBytes, ReplicaId, SectorState, Statement, SECTOR_PIECES_MAX,
    },
    slot::{SlotOpening, SlotRoot, SlotTree, SLOT_LEAF_BYTES},
};
use ips_verifier::{
    groth16::{CircuitKind, TrapdoorKey},
    hash::{c8, scalar_to_bytes, Scalar},
};
use sp_runtime::AccountId32;

use crate::{
    arithmetic::CurveArithmetic,
    math::{locate_node, occupied_nodes},
    pallet::*,
    proofs::root_of,
    types::{
        KeyBytes, Partition, PartitionRef, Position, SectorInfo, SectorPiece, POST_SECTORS_MAX,
    },
};

const SECTOR: SectorNumber = SectorNumber(1);
/// Bytes of the slots: the smallest fragment, which is the smallest slot.
const SLOT_BYTES: usize = 8 * 1024;
const BEACON: Beacon = [3; 32];

/// A registered provider of deadline 0 and its worker's origin.
fn provider<T: Config>(n: u8) -> (ProviderId, RawOrigin<AccountId32>) {
    let mut bytes = [n; 32];
    bytes[0] = 0;
    let provider = ProviderId(bytes);
    bytes[31] ^= 0xff;
    T::Nodes::register_for_benchmark(&provider, &AccountKey(bytes), NodeClass::Enterprise);
    (provider, RawOrigin::Signed(AccountId32::from(bytes)))
}

fn slot_tree() -> SlotTree {
    SlotTree::from_bytes(&[0; SLOT_BYTES]).expect("the slot is not empty")
}

fn trapdoor<T: Config>(kind: CircuitKind) -> TrapdoorKey {
    TrapdoorKey::new(T::Parameters::get().profile.id, kind)
}

fn set_keys<T: Config>() {
    for kind in [CircuitKind::Seal, CircuitKind::Post] {
        let key = trapdoor::<T>(kind).verifying_key().to_bytes();
        Pallet::<T>::set_genesis_key(&key);
    }
}

fn prove<T: Config>(kind: CircuitKind, statement: &Statement) -> ProofBytes {
    trapdoor::<T>(kind)
        .prove(statement)
        .expect("statements are canonical")
}

/// That many proofs of different statements.
fn batch<T: Config>(n: u32) -> Vec<(Statement, ProofBytes)> {
    set_keys::<T>();
    let statement = |number: u32| Statement(scalar_to_bytes(&Scalar::from(u64::from(number))));
    (1..=n)
        .map(|number| {
            let statement = statement(number);
            (statement, prove::<T>(CircuitKind::Seal, &statement))
        })
        .collect()
}

/// Siblings of every node of a sector whose nodes are zero.
fn path<T: Config>() -> TreePath {
    let mut node = Scalar::from(0u64);
    let levels: Vec<_> = (0..T::Parameters::get().profile.tree_levels)
        .map(|_| {
            let siblings = [scalar_to_bytes(&node); 7];
            node = c8(&[node; 8]);
            siblings
        })
        .collect();
    TreePath(levels.try_into().expect("profiles have few levels"))
}

/// The data root of a sector whose nodes are zero, but for node 0.
fn comm_d<T: Config>(first: &[u8; 32]) -> CommD {
    let profile = T::Parameters::get().profile;
    root_of(&profile, first, 0, &path::<T>()).expect("zeros are canonical")
}

/// Opens a node of a piece in both trees.
fn opening<T: Config>(piece: &SectorPiece, node: u32) -> BindingOpening {
    let profile = T::Parameters::get().profile;
    let range = piece.range(&profile).expect("the piece is the slot's");
    let (start, len) = range.node_bytes(node).expect("the node is the piece's");
    let leaf_bytes = SLOT_LEAF_BYTES as u64;
    let last = (start + u64::from(len) - 1) / leaf_bytes;
    let tree = slot_tree();
    let leaves: Vec<_> = (start / leaf_bytes..=last)
        .map(|index| SlotOpening {
            leaf: alloc::vec![0; SLOT_LEAF_BYTES],
            path: tree.path(index).expect("the leaf is the slot's"),
        })
        .collect();
    BindingOpening {
        leaves: leaves.try_into().expect("a node lies in one or two leaves"),
        path: path::<T>(),
    }
}

/// The openings that the seed asks for.
fn openings<T: Config>(info: &SectorInfo) -> Vec<BindingOpening> {
    let profile = T::Parameters::get().profile;
    let occupied = occupied_nodes(&profile, &info.pieces);
    (0..profile.binding_openings)
        .map(|index| {
            let at = binding_challenge(&BEACON, &info.replica_id, &info.comm_r, index, occupied);
            let (piece, node) =
                locate_node(&profile, &info.pieces, at).expect("the node is occupied");
            opening::<T>(piece, node)
        })
        .collect()
}

/// `count` confirmed slots of the provider, laid one after the other.
fn pieces<T: Config>(provider: &ProviderId, count: u32) -> Vec<SectorPiece> {
    let slot_root = slot_tree().root();
    let nodes = (SLOT_BYTES as u32).div_ceil(31);
    (0..count)
        .map(|place| {
            let slot = T::Deals::confirmed_for_benchmark(provider, slot_root, SLOT_BYTES as u64);
            SectorPiece {
                piece: Piece {
                    slot,
                    index: PieceIndex(0),
                    node_offset: place * nodes,
                },
                slot_bytes: SLOT_BYTES as u64,
                slot_root,
            }
        })
        .collect()
}

/// A pre-committed sector of `count` slots.
fn sector<T: Config>(provider: ProviderId, number: SectorNumber, count: u32) -> SectorInfo {
    let pieces = pieces::<T>(&provider, count);
    for SectorPiece { piece, .. } in &pieces {
        PieceSectors::<T>::insert(piece.slot, piece.index, (provider, number));
    }
    let info = SectorInfo {
        state: SectorState::PreCommitted,
        comm_d: CommD([1; 32]),
        comm_r: CommR([1; 32]),
        replica_id: ReplicaId([2; 32]),
        pieces: pieces.try_into().expect("at most 64"),
        pre_committed_at: Pallet::<T>::now(),
        partition: None,
    };
    Sectors::<T>::insert(provider, number, &info);
    info
}

fn active<T: Config>(provider: ProviderId, number: SectorNumber, count: u32) -> PartitionIndex {
    let info = sector::<T>(provider, number, count);
    let activated = Pallet::<T>::activate(provider, number, info, Pallet::<T>::now());
    assert!(activated.is_ok());
    PartitionIndex(0)
}

/// An active sector of one piece for other pallets' benchmarks; it has no place in a partition.
pub(crate) fn seal<T: Config>(
    provider: &ProviderId,
    slot: SlotId,
    facts: &SlotFacts,
    comm_d: CommD,
) {
    let piece = SectorPiece {
        piece: Piece {
            slot,
            index: PieceIndex(0),
            node_offset: 0,
        },
        slot_bytes: facts.bytes,
        slot_root: facts.root,
    };
    let info = SectorInfo {
        state: SectorState::Active,
        comm_d,
        comm_r: CommR([1; 32]),
        replica_id: ReplicaId([2; 32]),
        pieces: alloc::vec![piece].try_into().expect("one is below 64"),
        pre_committed_at: Pallet::<T>::now(),
        partition: None,
    };
    PieceSectors::<T>::insert(slot, PieceIndex(0), (*provider, SECTOR));
    Sectors::<T>::insert(provider, SECTOR, info);
    Power::<T>::insert(provider, 1);
}

/// For other pallets' benchmarks: each piece in a sector with the most pieces, in a full partition.
pub(crate) fn proven<T: Config>(
    provider: ProviderId,
    slot: SlotId,
    pieces: u64,
    proven_through: BlockNumber,
) {
    let now = Pallet::<T>::now();
    for index in 0..u16::try_from(pieces).expect("slots have at most 64 pieces") {
        let (piece, partition) = (PieceIndex(index), PartitionIndex(u32::from(index)));
        let sector = SectorNumber(1_000 + u64::from(index));
        let held = SectorPiece {
            piece: Piece {
                slot,
                index: piece,
                node_offset: 0,
            },
            slot_bytes: 1,
            slot_root: SlotRoot::default(),
        };
        let info = SectorInfo {
            state: SectorState::Active,
            comm_d: CommD([1; 32]),
            comm_r: CommR([1; 32]),
            replica_id: ReplicaId([2; 32]),
            pieces: alloc::vec![held; SECTOR_PIECES_MAX as usize]
                .try_into()
                .expect("as many as fit"),
            pre_committed_at: now,
            partition: Some((partition, 0)),
        };
        let position = Position {
            sector,
            comm_r: info.comm_r,
            pieces: SECTOR_PIECES_MAX,
            joined_at: now,
            left_at: None,
            faulty_since: None,
            proven_through,
            vacant: false,
        };
        let schedule = T::Parameters::get().schedule;
        let full = Partition {
            positions: alloc::vec![position; POST_SECTORS_MAX as usize]
                .try_into()
                .expect("as many as fit"),
            due: schedule.next_window(now, schedule.deadline_of(&provider, partition)),
            last_proven: None,
            proven_periods: 0,
            missed_periods: 0,
        };
        PieceSectors::<T>::insert(slot, piece, (provider, sector));
        Sectors::<T>::insert(provider, sector, info);
        Partitions::<T>::insert(provider, partition, full);
    }
}

fn set_block<T: Config>(block: u32) {
    frame_system::Pallet::<T>::set_block_number(block.into());
    BlockBeacons::<T>::insert(block, BEACON);
}

fn state_of<T: Config>(provider: ProviderId) -> Option<SectorState> {
    Sectors::<T>::get(provider, SECTOR).map(|info| info.state)
}

/// The storage proof of the provider's first partition for a window.
fn post<T: Config>(provider: ProviderId, window: Window) -> ProofBytes {
    let index = PartitionIndex(0);
    let post_sectors = T::Parameters::get().profile.post_sectors;
    let partition = Partitions::<T>::get(provider, index).expect("sectors are in it");
    let set = partition.set_at(window.opens_at, post_sectors);
    let statement = Pallet::<T>::post_statement(provider, index, window.period, &BEACON, &set)
        .expect("the key is set and replica roots are canonical");
    prove::<T>(CircuitKind::Post, &statement)
}

#[benchmarks]
mod benchmarks {
    use super::*;

    #[benchmark]
    fn pre_commit(n: Linear<1, 64>) {
        set_keys::<T>();
        set_block::<T>(1);
        let (provider, origin) = provider::<T>(1);
        let pieces: Vec<_> = pieces::<T>(&provider, n)
            .into_iter()
            .map(|piece| piece.piece)
            .collect();
        let args = PreCommit {
            sector: SECTOR,
            comm_d: CommD([1; 32]),
            comm_r: CommR([1; 32]),
            ticket_block: 1,
            replica_index: 0,
            pieces: pieces.try_into().expect("at most 64"),
        };

        #[extrinsic_call]
        _(origin, args);

        assert_eq!(state_of::<T>(provider), Some(SectorState::PreCommitted));
    }

    #[benchmark]
    fn prove_commit(n: Linear<1, 64>) {
        set_keys::<T>();
        set_block::<T>(1);
        let parameters = T::Parameters::get();
        let (provider, origin) = provider::<T>(1);
        let mut info = sector::<T>(provider, SECTOR, n);
        info.comm_d = comm_d::<T>(&[0; 32]);
        Sectors::<T>::insert(provider, SECTOR, &info);
        set_block::<T>(parameters.seed_at(1));
        let proofs: Vec<_> = (0..parameters.profile.seal_proofs)
            .map(|index| {
                let statement = Pallet::<T>::seal_statement(&info, &BEACON, index)
                    .expect("the sector's roots are canonical");
                prove::<T>(CircuitKind::Seal, &statement)
            })
            .collect();
        let proofs = proofs.try_into().expect("the profile's number of proofs");
        let bindings = openings::<T>(&info);
        let bindings = bindings
            .try_into()
            .expect("the profile's number of openings");

        #[extrinsic_call]
        _(origin, SECTOR, proofs, bindings);

        assert_eq!(state_of::<T>(provider), Some(SectorState::Active));
    }

    #[benchmark]
    fn submit_post(n: Linear<0, 512>) {
        set_keys::<T>();
        set_block::<T>(1);
        let (provider, origin) = provider::<T>(1);
        let mut left = n;
        for number in 0..T::Parameters::get().profile.post_sectors {
            let count = left.min(64);
            left -= count;
            let sector = SectorNumber(number.into());
            active::<T>(provider, sector, count);
            assert_ok!(Pallet::<T>::do_declare_fault(provider, sector));
            assert_ok!(Pallet::<T>::do_recover(provider, sector));
        }
        let index = PartitionIndex(0);
        let partition = Partitions::<T>::get(provider, index).expect("sectors are in it");
        let window = partition.due;
        set_block::<T>(window.opens_at);
        let proof = post::<T>(provider, window);

        #[extrinsic_call]
        _(origin, index, window.period, proof);

        let after = Partitions::<T>::get(provider, index).expect("it has sectors");
        assert_eq!(after.proven_periods, 1);
        assert!(after
            .positions
            .iter()
            .all(|place| place.faulty_since.is_none()));
    }

    #[benchmark]
    fn declare_fault(n: Linear<1, 64>) {
        set_block::<T>(1);
        let (provider, origin) = provider::<T>(1);
        active::<T>(provider, SECTOR, n);

        #[extrinsic_call]
        _(origin, SECTOR);

        assert_eq!(state_of::<T>(provider), Some(SectorState::Faulty));
    }

    #[benchmark]
    fn recover() {
        set_block::<T>(1);
        let (provider, origin) = provider::<T>(1);
        active::<T>(provider, SECTOR, 64);
        assert_ok!(Pallet::<T>::do_declare_fault(provider, SECTOR));

        #[extrinsic_call]
        _(origin, SECTOR);

        let partition = Partitions::<T>::get(provider, PartitionIndex(0));
        assert_eq!(
            partition.map(|found| found.positions[0].left_at),
            Some(None)
        );
    }

    #[benchmark]
    fn terminate(n: Linear<1, 64>) {
        set_block::<T>(1);
        let (provider, origin) = provider::<T>(1);
        active::<T>(provider, SECTOR, n);

        #[extrinsic_call]
        _(origin, SECTOR);

        assert_eq!(state_of::<T>(provider), Some(SectorState::Terminated));
    }

    #[benchmark]
    fn expire_pre_commit(n: Linear<1, 64>) {
        set_block::<T>(1);
        let (provider, origin) = provider::<T>(1);
        sector::<T>(provider, SECTOR, n);
        set_block::<T>(2 + T::Parameters::get().prove_commit_blocks);

        #[extrinsic_call]
        _(origin, provider, SECTOR);

        assert_eq!(state_of::<T>(provider), None);
    }

    #[benchmark]
    fn dispute(n: Linear<1, 64>) {
        set_block::<T>(1);
        let (provider, origin) = provider::<T>(1);
        active::<T>(provider, SECTOR, n);
        // The deals are about zeros; the sector holds another scalar in its first node.
        let node_scalar = [9; 32];
        let mut info = Sectors::<T>::get(provider, SECTOR).expect("it was just made");
        info.comm_d = comm_d::<T>(&node_scalar);
        let first = *info.pieces.first().expect("it has pieces");
        Sectors::<T>::insert(provider, SECTOR, info);
        let proof = FraudProof {
            slot: first.piece.slot,
            piece: first.piece.index,
            node: 0,
            node_scalar,
            opening: opening::<T>(&first, 0),
        };

        #[extrinsic_call]
        _(origin, provider, SECTOR, proof);

        assert_eq!(state_of::<T>(provider), Some(SectorState::Terminated));
    }

    #[benchmark]
    fn set_verifying_key() -> Result<(), BenchmarkError> {
        let key = trapdoor::<T>(CircuitKind::Seal).verifying_key().to_bytes();
        let key: KeyBytes = key
            .to_vec()
            .try_into()
            .map_err(|_| BenchmarkError::Stop("key too long"))?;
        let origin =
            T::KeyOrigin::try_successful_origin().map_err(|()| BenchmarkError::Weightless)?;

        #[extrinsic_call]
        _(origin as T::RuntimeOrigin, key);

        assert!(Keys::<T>::contains_key(CircuitKind::Seal as u8));
        Ok(())
    }

    #[benchmark]
    fn set_arithmetic() -> Result<(), BenchmarkError> {
        let origin =
            T::KeyOrigin::try_successful_origin().map_err(|()| BenchmarkError::Weightless)?;

        #[extrinsic_call]
        _(origin as T::RuntimeOrigin, CurveArithmetic::Wasm);

        assert!(Arithmetic::<T>::exists());
        Ok(())
    }

    #[benchmark]
    fn verify_in_wasm(n: Linear<1, 64>) {
        let batch = batch::<T>(n);
        let verdict;

        #[block]
        {
            verdict = Pallet::<T>::verify_proofs(CircuitKind::Seal, &batch);
        }

        assert!(verdict.is_ok());
    }

    #[benchmark]
    fn verify_by_host(n: Linear<1, 64>) {
        let batch = batch::<T>(n);
        Arithmetic::<T>::put(CurveArithmetic::HostCalls);
        let verdict;

        #[block]
        {
            verdict = Pallet::<T>::verify_proofs(CircuitKind::Seal, &batch);
        }

        assert!(verdict.is_ok());
    }

    #[benchmark]
    fn tick(p: Linear<1, 32>, n: Linear<1, 64>) {
        set_block::<T>(1);
        let mut closes_at = 0;
        for number in 0..p {
            let (provider, _) = provider::<T>(number as u8 + 1);
            let index = active::<T>(provider, SECTOR, if number == 0 { n } else { 0 });
            for more in 1..T::Parameters::get().profile.post_sectors {
                active::<T>(provider, SectorNumber(u64::from(more) + 1), 0);
            }
            let partition = Partitions::<T>::get(provider, index).expect("a sector is in it");
            closes_at = partition.due.closes_at;
            assert!(Due::<T>::contains_key(
                closes_at,
                PartitionRef {
                    provider,
                    partition: index
                }
            ));
        }
        NextClose::<T>::put(closes_at);
        set_block::<T>(closes_at);

        #[block]
        {
            Pallet::<T>::tick(closes_at);
        }

        assert!(NextClose::<T>::get() >= closes_at);
    }

    impl_benchmark_test_suite!(Pallet, crate::mock::new_test_ext(), crate::mock::Test);
}
