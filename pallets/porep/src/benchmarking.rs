//! Benchmarks.
//!
//! A valid proof needs a prover, which is no_std's opposite. A proof of well-formed points that
//! proves nothing costs as much to verify, up to the last comparison: the calls with proofs are
//! measured as a refused call plus what an accepted one writes.

use alloc::vec::Vec;

use frame_benchmarking::v2::*;
use frame_support::{
    assert_ok,
    traits::{EnsureOrigin, Get},
};
use frame_system::RawOrigin;
use ips_pallet_traits::{Deals, NodeRegistry};
use ips_primitives::{
    id::{AccountKey, BlockNumber, PartitionIndex, PieceIndex, ProviderId, SectorNumber, SlotId},
    node_class::NodeClass,
    proof_calls::{
        BindingOpening, FraudProof, PreCommit, TreePath, BINDING_OPENINGS_MAX, SEAL_PROOFS_MAX,
    },
    sector::{CommD, CommR, Piece, ProofBytes, ReplicaId, SectorState, SECTOR_PIECES_MAX},
    slot::{SlotOpening, SlotRoot, SlotTree},
};
use ips_verifier::groth16::CircuitKind;
use sp_runtime::AccountId32;

use crate::{
    pallet::*,
    proofs::{node_scalar_of, root_of},
    types::{Partition, PartitionRef, Position, SectorInfo, SectorPiece, POST_SECTORS_MAX},
};

const SECTOR: SectorNumber = SectorNumber(1);
const SLOT: [u8; 31] = [7; 31];

/// A registered provider of deadline 0 and its worker's origin.
fn provider<T: Config>(n: u8) -> (ProviderId, RawOrigin<AccountId32>) {
    let mut bytes = [n; 32];
    bytes[0] = 0;
    let provider = ProviderId(bytes);
    bytes[31] ^= 0xff;
    T::Nodes::register_for_benchmark(&provider, &AccountKey(bytes), NodeClass::Enterprise);
    (provider, RawOrigin::Signed(AccountId32::from(bytes)))
}

/// A slot of one node.
fn slot<T: Config>(provider: &ProviderId) -> (SlotId, SlotTree) {
    let tree = SlotTree::from_bytes(&SLOT).expect("the slot is not empty");
    (
        T::Deals::confirmed_for_benchmark(provider, tree.root(), SLOT.len() as u64),
        tree,
    )
}

fn set_keys<T: Config>() {
    let profile = T::Parameters::get().profile.id;
    for kind in [CircuitKind::Seal, CircuitKind::Post] {
        let key = ips_verifier::keys::builtin_key(profile, kind);
        Pallet::<T>::set_genesis_key(key);
    }
}

/// Well-formed points of the right groups: the α, β and α of the key.
fn idle_proof<T: Config>(kind: CircuitKind) -> ProofBytes {
    let key = ips_verifier::keys::builtin_key(T::Parameters::get().profile.id, kind);
    let mut proof = [0; 192];
    proof[..48].copy_from_slice(&key[4..52]);
    proof[48..144].copy_from_slice(&key[52..148]);
    proof[144..].copy_from_slice(&key[4..52]);
    ProofBytes(proof)
}

/// Siblings of node 0 in a sector of zeros.
fn path<T: Config>() -> TreePath {
    let levels = T::Parameters::get().profile.tree_levels as usize;
    TreePath(
        alloc::vec![[[0; 32]; 7]; levels]
            .try_into()
            .expect("profiles have few levels"),
    )
}

/// Opens node 0 of a sector whose first piece is a slot of one node.
fn opening<T: Config>(tree: &SlotTree) -> BindingOpening {
    let leaf = SlotOpening {
        leaf: SLOT.to_vec(),
        path: tree.path(0).expect("a tree has a first leaf"),
    };
    BindingOpening {
        leaves: alloc::vec![leaf].try_into().expect("one fits two"),
        path: path::<T>(),
    }
}

/// A pre-committed sector of `count` slots of one node each; only the first node opens.
fn sector<T: Config>(provider: ProviderId, number: SectorNumber, count: u32) -> SectorInfo {
    let scalar = node_scalar_of(&SLOT).expect("31 bytes fit a node");
    let profile = T::Parameters::get().profile;
    let comm_d = root_of(&profile, &scalar, 0, &path::<T>()).expect("zeros are canonical");
    let pieces: Vec<_> = (0..count)
        .map(|node_offset| {
            let (slot, tree) = slot::<T>(&provider);
            PieceSectors::<T>::insert(slot, PieceIndex(0), (provider, number));
            SectorPiece {
                piece: Piece {
                    slot,
                    index: PieceIndex(0),
                    node_offset,
                },
                slot_bytes: SLOT.len() as u64,
                slot_root: tree.root(),
            }
        })
        .collect();
    let info = SectorInfo {
        state: SectorState::PreCommitted,
        comm_d,
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

fn set_block<T: Config>(block: u32) {
    frame_system::Pallet::<T>::set_block_number(block.into());
    BlockBeacons::<T>::insert(block, [3; 32]);
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

#[benchmarks]
mod benchmarks {
    use super::*;

    #[benchmark]
    fn pre_commit(n: Linear<1, 64>) {
        set_keys::<T>();
        set_block::<T>(1);
        let (provider, origin) = provider::<T>(1);
        let pieces: Vec<_> = (0..n)
            .map(|node_offset| Piece {
                slot: slot::<T>(&provider).0,
                index: PieceIndex(0),
                node_offset,
            })
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

        assert!(Sectors::<T>::contains_key(provider, SECTOR));
    }

    #[benchmark]
    fn prove_commit(
        p: Linear<1, SEAL_PROOFS_MAX>,
        b: Linear<1, BINDING_OPENINGS_MAX>,
    ) -> Result<(), BenchmarkError> {
        set_keys::<T>();
        set_block::<T>(1);
        let (provider, _) = provider::<T>(1);
        let info = sector::<T>(provider, SECTOR, 1);
        let full = sector::<T>(provider, SectorNumber(2), 64);
        let (_, tree) = slot::<T>(&provider);
        let openings = alloc::vec![opening::<T>(&tree); b as usize];
        let proofs = alloc::vec![idle_proof::<T>(CircuitKind::Seal); p as usize];
        let seed = [3; 32];

        #[block]
        {
            assert!(Pallet::<T>::ensure_bindings(&info, &seed, &openings).is_ok());
            for proof in &proofs {
                assert!(Pallet::<T>::verify_seal(&info, &seed, &[*proof]).is_err());
            }
            assert!(Pallet::<T>::activate(provider, SectorNumber(2), full, 1).is_ok());
        }
        Ok(())
    }

    #[benchmark]
    fn submit_post() -> Result<(), BenchmarkError> {
        set_keys::<T>();
        set_block::<T>(1);
        let parameters = T::Parameters::get();
        let (provider, origin) = provider::<T>(1);
        for number in 0..parameters.profile.post_sectors {
            active::<T>(provider, SectorNumber(number.into()), 64);
        }
        let index = PartitionIndex(0);
        let partition = Partitions::<T>::get(provider, index).expect("sectors are in it");
        let window = partition.due;
        set_block::<T>(window.opens_at);
        let proof = idle_proof::<T>(CircuitKind::Post);

        #[block]
        {
            let refused = Pallet::<T>::submit_post(origin.into(), index, window.period, proof);
            assert!(refused.is_err());
            Pallet::<T>::record_post(provider, index, partition, window);
        }

        let after = Partitions::<T>::get(provider, index).expect("it has sectors");
        assert_eq!(after.proven_periods, 1);
        Ok(())
    }

    #[benchmark]
    fn declare_fault() {
        set_block::<T>(1);
        let (provider, origin) = provider::<T>(1);
        active::<T>(provider, SECTOR, 64);

        #[extrinsic_call]
        _(origin, SECTOR);

        assert_eq!(
            Sectors::<T>::get(provider, SECTOR).map(|info| info.state),
            Some(SectorState::Faulty)
        );
    }

    #[benchmark]
    fn recover() {
        set_block::<T>(1);
        let (provider, origin) = provider::<T>(1);
        active::<T>(provider, SECTOR, 64);
        assert_ok!(Pallet::<T>::declare_fault(origin.clone().into(), SECTOR));

        #[extrinsic_call]
        _(origin, SECTOR);

        let partition = Partitions::<T>::get(provider, PartitionIndex(0));
        assert_eq!(
            partition.map(|found| found.positions[0].left_at),
            Some(None)
        );
    }

    #[benchmark]
    fn terminate() {
        set_block::<T>(1);
        let (provider, origin) = provider::<T>(1);
        active::<T>(provider, SECTOR, 64);

        #[extrinsic_call]
        _(origin, SECTOR);

        assert_eq!(
            Sectors::<T>::get(provider, SECTOR).map(|info| info.state),
            Some(SectorState::Terminated)
        );
    }

    #[benchmark]
    fn expire_pre_commit() {
        set_block::<T>(1);
        let (provider, origin) = provider::<T>(1);
        sector::<T>(provider, SECTOR, 64);
        set_block::<T>(2 + T::Parameters::get().prove_commit_blocks);

        #[extrinsic_call]
        _(origin, provider, SECTOR);

        assert!(!Sectors::<T>::contains_key(provider, SECTOR));
    }

    #[benchmark]
    fn dispute() {
        set_block::<T>(1);
        let (provider, origin) = provider::<T>(1);
        active::<T>(provider, SECTOR, 64);
        // The deal is about the slot's bytes; the sector holds another scalar.
        let node_scalar = [9; 32];
        let profile = T::Parameters::get().profile;
        let root = root_of(&profile, &node_scalar, 0, &path::<T>()).expect("canonical");
        let mut slot = None;
        Sectors::<T>::mutate(provider, SECTOR, |info| {
            if let Some(info) = info {
                info.comm_d = root;
                slot = info.pieces.first().map(|piece| piece.piece.slot);
            }
        });
        let tree = SlotTree::from_bytes(&SLOT).expect("the slot is not empty");
        let proof = FraudProof {
            slot: slot.expect("the sector has pieces"),
            piece: PieceIndex(0),
            node: 0,
            node_scalar,
            opening: opening::<T>(&tree),
        };

        #[extrinsic_call]
        _(origin, provider, SECTOR, proof);

        assert_eq!(
            Sectors::<T>::get(provider, SECTOR).map(|info| info.state),
            Some(SectorState::Terminated)
        );
    }

    #[benchmark]
    fn set_verifying_key() -> Result<(), BenchmarkError> {
        let profile = T::Parameters::get().profile.id;
        let key = ips_verifier::keys::builtin_key(profile, CircuitKind::Seal);
        let key: crate::types::KeyBytes = key
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
    fn tick(p: Linear<1, 16>, n: Linear<1, 64>) {
        set_block::<T>(1);
        let mut closes_at = 0;
        for number in 0..p {
            let (provider, _) = provider::<T>(number as u8 + 1);
            let index = active::<T>(provider, SECTOR, if number == 0 { n } else { 0 });
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
