//! Real proofs, and everything that is almost one.

use frame_support::{assert_noop, assert_ok, dispatch::Pays};
use ips_primitives::{
    id::{AccountKey, PartitionIndex, SectorNumber},
    proof_calls::{BindingOpening, FraudProof, PreCommit},
    sector::{ProofBytes, SectorState},
    slot::SlotTree,
};

use super::{
    fixture::{locked, partition, state},
    real::*,
};
use crate::{
    mock::*,
    types::{SectorInfo, SectorPiece},
    Error, Event, PieceSectors, Sectors, TerminationReason,
};

/// Runs a test at block 1 with the sector pre-committed.
fn committed(test: impl FnOnce()) {
    with_chain(|| {
        add_slots(owner());
        assert_ok!(Porep::pre_commit(worker(owner()), pre_commit()));
        test();
    });
}

fn prove(
    sector: SectorNumber,
    proofs: Vec<ProofBytes>,
    bindings: Vec<BindingOpening>,
) -> frame_support::dispatch::DispatchResultWithPostInfo {
    Porep::prove_commit(
        worker(owner()),
        sector,
        proofs.try_into().unwrap(),
        bindings.try_into().unwrap(),
    )
}

/// Runs a test at block 4 with the sector active.
fn proven(test: impl FnOnce()) {
    committed(|| {
        run_to(SEED_AT.into());
        assert_ok!(prove(SECTOR, vec![seal_proof()], bindings()));
        test();
    });
}

/// Proofs that must not be accepted anywhere: all zero, flipped bits, identity points, no points.
fn broken(proof: ProofBytes) -> Vec<ProofBytes> {
    let with = |at: usize, byte: u8| {
        let mut bytes = proof.0;
        bytes[at] ^= byte;
        ProofBytes(bytes)
    };
    let mut identity = [0u8; 192];
    for at in [0, 48, 144] {
        identity[at] = 0xc0;
    }
    let mut identity_a = proof.0;
    identity_a[..48].copy_from_slice(&identity[..48]);
    let mut swapped = proof.0;
    swapped.copy_within(144..192, 0);
    vec![
        ProofBytes([0; 192]),
        ProofBytes([0xff; 192]),
        ProofBytes(identity),
        ProofBytes(identity_a),
        ProofBytes(swapped),
        with(0, 0x20),
        with(0, 0x80),
        with(47, 1),
        with(100, 1),
        with(191, 1),
    ]
}

#[test]
fn proven_seal_makes_the_sector_active_and_is_free() {
    committed(|| {
        run_to(SEED_AT.into());
        let info = prove(SECTOR, vec![seal_proof()], bindings()).unwrap();
        assert_eq!(info.pays_fee, Pays::No);
        assert_eq!(state(owner(), SECTOR), SectorState::Active);
        System::assert_last_event(
            Event::SectorActivated {
                provider: owner(),
                sector: SECTOR,
                partition: PartitionIndex(0),
                position: 0,
            }
            .into(),
        );
        let sealed = [Told::Sealed(slot_id(0), 4), Told::Sealed(slot_id(1), 4)];
        assert_eq!(Market::get(), sealed);
        use ips_pallet_traits::Replicas;
        assert_eq!(Porep::proven_through(slot_id(0), 1), Some(4));
        assert_eq!(Porep::proven_through(slot_id(0), 2), None);
        let holder = Porep::sector_of(slot_id(1), 0.into());
        assert_eq!(
            holder,
            Some((SECTOR, pre_commit().comm_d, SectorState::Active))
        );
        assert_noop!(
            prove(SECTOR, vec![seal_proof()], bindings()),
            Error::<Test>::WrongState
        );
    });
}

#[test]
fn commit_before_the_seed_or_after_the_end_is_rejected() {
    committed(|| {
        let prove = || prove(SECTOR, vec![seal_proof()], bindings());
        run_to(3);
        assert_noop!(prove(), Error::<Test>::TooEarly);
        run_to(32);
        assert_noop!(prove(), Error::<Test>::TooLate);
    });
}

#[test]
fn numbers_of_proofs_and_openings_are_exact() {
    committed(|| {
        run_to(SEED_AT.into());
        let proof = seal_proof();
        for proofs in [vec![], vec![proof; 2]] {
            assert_noop!(prove(SECTOR, proofs, bindings()), Error::<Test>::WrongCount);
        }
        let one = bindings()[..1].to_vec();
        let three = [bindings(), bindings()[..1].to_vec()].concat();
        for bindings in [vec![], one, three] {
            assert_noop!(
                prove(SECTOR, vec![proof], bindings),
                Error::<Test>::WrongCount
            );
        }
        let unknown = prove(SectorNumber(9), vec![proof], bindings());
        assert_eq!(
            unknown.unwrap_err().error,
            Error::<Test>::UnknownSector.into()
        );
    });
}

#[test]
fn broken_seal_proofs_are_rejected_and_cost_their_fee() {
    committed(|| {
        run_to(SEED_AT.into());
        for proof in broken(seal_proof()) {
            let error = prove(SECTOR, vec![proof], bindings()).unwrap_err();
            assert_eq!(error.error, Error::<Test>::InvalidProof.into());
            assert_eq!(error.post_info.pays_fee, Pays::Yes);
        }
        assert_eq!(state(owner(), SECTOR), SectorState::PreCommitted);
    });
}

#[test]
fn seal_proof_of_another_sector_is_rejected() {
    with_chain(|| {
        add_slots(owner());
        let other = PreCommit {
            sector: SectorNumber(2),
            ..pre_commit()
        };
        assert_ok!(Porep::pre_commit(worker(owner()), other));
        run_to(SEED_AT.into());
        // Its own challenges: every opening is made for them.
        let info = Sectors::<Test>::get(owner(), SectorNumber(2)).unwrap();
        assert_noop!(
            prove(
                SectorNumber(2),
                vec![seal_proof()],
                bindings_for(&info.replica_id, SEED_AT)
            ),
            Error::<Test>::InvalidProof
        );
    });
}

#[test]
fn seal_proof_of_another_provider_is_rejected() {
    with_chain(|| {
        // The thief has deals about the same bytes, and copies all that the owner would send.
        let thief = provider(4);
        add_slots(thief);
        assert_ok!(Porep::pre_commit(worker(thief), pre_commit()));
        run_to(SEED_AT.into());
        let info = Sectors::<Test>::get(thief, SECTOR).unwrap();
        assert_ne!(info.replica_id, sealed().replica_id());
        for (bindings, error) in [
            (
                bindings_for(&info.replica_id, SEED_AT),
                Error::<Test>::InvalidProof,
            ),
            (bindings(), Error::<Test>::InvalidBinding),
        ] {
            let proofs = vec![seal_proof()].try_into().unwrap();
            let bindings = bindings.try_into().unwrap();
            assert_noop!(
                Porep::prove_commit(worker(thief), SECTOR, proofs, bindings),
                error
            );
        }
    });
}

#[test]
fn proofs_of_another_length_do_not_decode() {
    use codec::{DecodeAll, Encode};
    let call = crate::Call::<Test>::submit_post {
        partition: PartitionIndex(0),
        period: 1,
        proof: ProofBytes([1; 192]),
    };
    let bytes = call.encode();
    assert!(crate::Call::<Test>::decode_all(&mut &bytes[..]).is_ok());
    for len in 0..bytes.len() {
        assert!(crate::Call::<Test>::decode_all(&mut &bytes[..len]).is_err());
    }
    let long = [bytes, vec![0]].concat();
    assert!(crate::Call::<Test>::decode_all(&mut &long[..]).is_err());
}

#[test]
fn seal_proof_for_another_seed_is_rejected() {
    with_chain(|| {
        add_slots(owner());
        run_to(2);
        // Same replica, committed a block later.
        assert_ok!(Porep::pre_commit(worker(owner()), pre_commit()));
        run_to(5);
        let bindings = bindings_for(&sealed().replica_id(), 5);
        assert_noop!(
            prove(SECTOR, vec![seal_proof()], bindings),
            Error::<Test>::InvalidProof
        );
    });
}

#[test]
fn openings_must_be_of_the_slot_and_of_the_sector() {
    committed(|| {
        run_to(SEED_AT.into());
        let good = bindings();
        let mut leaf = good.clone();
        leaf[0].leaves[0].leaf[3] ^= 1;
        let mut slot_path = good.clone();
        slot_path[0].leaves[0].path[0][0] ^= 1;
        let mut no_leaf = good.clone();
        no_leaf[1].leaves = Default::default();
        let mut more = good.clone();
        let again = more[0].leaves[0].clone();
        if more[0].leaves.try_push(again).is_err() {
            more[0].leaves.as_mut().swap(0, 1);
        }
        let mut path = good.clone();
        path[1].path.0[0][0][0] ^= 1;
        let mut top = good.clone();
        top[1].path.0[2][6][0] ^= 1;
        let mut short = good.clone();
        short[0].path.0.pop();
        let mut long = good.clone();
        long[0].path.0.try_push([[0; 32]; 7]).unwrap();
        let mut wild = good.clone();
        wild[0].path.0[1][2] = [0xff; 32];
        let mut endless = good.clone();
        endless[0].leaves[0].path = vec![[0; 32]; 10_000];
        let mut large = good.clone();
        large[0].leaves[0].leaf = vec![0; 1 << 20];
        let mut nothing = good.clone();
        nothing[0].leaves[0].leaf = vec![];
        let swapped = vec![good[1].clone(), good[0].clone()];
        for bad in [
            leaf, slot_path, no_leaf, more, path, top, short, long, wild, endless, large, nothing,
            swapped,
        ] {
            assert_noop!(
                prove(SECTOR, vec![seal_proof()], bad),
                Error::<Test>::InvalidBinding
            );
        }
    });
}

#[test]
fn accepted_post_proves_the_period_once() {
    proven(|| {
        let post =
            |period, proof| Porep::submit_post(worker(owner()), PartitionIndex(0), period, proof);
        run_to(20);
        for proof in broken(post_proof(1)) {
            assert_noop!(post(1, proof), Error::<Test>::InvalidProof);
        }
        assert_noop!(post(1, post_proof(2)), Error::<Test>::InvalidProof);
        assert_noop!(post(1, seal_proof()), Error::<Test>::InvalidProof);
        let info = post(1, post_proof(1)).unwrap();
        assert_eq!(info.pays_fee, Pays::No);
        System::assert_last_event(
            Event::PostAccepted {
                provider: owner(),
                partition: PartitionIndex(0),
                period: 1,
                recovered: 0,
            }
            .into(),
        );
        assert_eq!(Promises::get(), vec![(owner(), true)]);
        assert_noop!(post(1, post_proof(1)), Error::<Test>::AlreadyProven);
        let view = &Porep::partitions_of(owner(), None)[0];
        assert!(view.proven);
        assert_eq!((view.proven_periods, view.window.period), (1, 1));
        use ips_pallet_traits::Replicas;
        assert_eq!(Porep::proven_through(slot_id(0), 1), Some(20));
        run_to(40);
        assert_eq!(state(owner(), SECTOR), SectorState::Active);
        assert_eq!(partition(owner(), 0).missed_periods, 0);
        assert_noop!(post(2, post_proof(1)), Error::<Test>::InvalidProof);
    });
}

#[test]
fn post_is_taken_in_its_window_only() {
    proven(|| {
        let post = |period| {
            let proof = post_proof(1);
            Porep::submit_post(worker(owner()), PartitionIndex(0), period, proof)
        };
        run_to(19);
        for period in [0, 1, u32::MAX] {
            assert_noop!(post(period), Error::<Test>::WindowNotOpen);
        }
        run_to(20);
        for period in [0, 2, u32::MAX] {
            assert_noop!(post(period), Error::<Test>::WindowNotOpen);
        }
        let elsewhere = Porep::submit_post(worker(owner()), PartitionIndex(1), 1, post_proof(1));
        assert_eq!(
            elsewhere.unwrap_err().error,
            Error::<Test>::UnknownPartition.into()
        );
        run_to(30);
        assert_noop!(post(1), Error::<Test>::WindowNotOpen);
        run_to(40);
        assert_noop!(post(1), Error::<Test>::WindowNotOpen);
    });
}

#[test]
fn post_of_another_provider_is_rejected() {
    proven(|| {
        // The same replica root in another provider's partition.
        let thief = provider(4);
        let info = Sectors::<Test>::get(owner(), SECTOR).unwrap();
        let copy = SectorInfo {
            state: SectorState::PreCommitted,
            partition: None,
            pieces: Default::default(),
            ..info
        };
        Porep::activate(thief, SECTOR, copy, 4).unwrap();
        run_to(20);
        assert_noop!(
            Porep::submit_post(worker(thief), PartitionIndex(0), 1, post_proof(1)),
            Error::<Test>::InvalidProof
        );
        assert_ok!(Porep::submit_post(
            worker(owner()),
            PartitionIndex(0),
            1,
            post_proof(1)
        ));
    });
}

#[test]
fn honest_sector_cannot_be_disputed() {
    proven(|| {
        let reporter = || RuntimeOrigin::signed([9; 32].into());
        let bytes = slot_data(0);
        let mut held = [0u8; 32];
        held[..31].copy_from_slice(&bytes[31 * 5..31 * 6]);
        let proof = FraudProof {
            slot: slot_id(0),
            piece: 0.into(),
            node: 5,
            node_scalar: held,
            opening: opening(0, 5),
        };
        let mut lie = proof.clone();
        lie.node_scalar[0] ^= 1;
        let past_end = FraudProof {
            node: 291,
            ..proof.clone()
        };
        let elsewhere = FraudProof {
            slot: slot_id(7),
            ..proof.clone()
        };
        let other_node = FraudProof {
            node: 6,
            ..proof.clone()
        };
        for proof in [proof, lie, past_end, elsewhere, other_node] {
            let error = Porep::dispute(reporter(), owner(), SECTOR, proof).unwrap_err();
            assert_eq!(error.error, Error::<Test>::NoFraud.into());
            assert_eq!(error.post_info.pays_fee, Pays::Yes);
        }
    });
}

#[test]
fn sector_with_other_bytes_is_ended_and_slashed_whole() {
    with_chain(|| {
        // The sector holds the data of `real`, but the deal of slot 0 is about other bytes.
        add_slots(owner());
        let mut promised = slot_data(0);
        promised[31 * 5] ^= 1;
        let tree = SlotTree::from_bytes(&promised).unwrap();
        add_slot(owner(), slot_id(0), tree.root(), promised.len() as u64);
        let pieces: Vec<_> = pieces()
            .into_iter()
            .map(|piece| {
                PieceSectors::<Test>::insert(piece.slot, piece.index, (owner(), SECTOR));
                let facts = Slots::get()[&piece.slot];
                SectorPiece {
                    piece,
                    slot_bytes: facts.bytes,
                    slot_root: facts.root,
                }
            })
            .collect();
        let info = SectorInfo {
            state: SectorState::PreCommitted,
            comm_d: sealed().comm_d(),
            comm_r: sealed().comm_r(),
            replica_id: sealed().replica_id(),
            pieces: pieces.try_into().unwrap(),
            pre_committed_at: 1,
            partition: None,
        };
        Porep::activate(owner(), SECTOR, info, 1).unwrap();

        let mut held = [0u8; 32];
        held[..31].copy_from_slice(&slot_data(0)[31 * 5..31 * 6]);
        let mut opening = opening(0, 5);
        opening.leaves[0].leaf = promised[..1024].to_vec();
        opening.leaves[0].path = tree.path(0).unwrap();
        let proof = FraudProof {
            slot: slot_id(0),
            piece: 0.into(),
            node: 5,
            node_scalar: held,
            opening,
        };
        let mut unopened = proof.clone();
        unopened.node_scalar[1] ^= 1;
        let reporter = || RuntimeOrigin::signed([9; 32].into());
        assert_noop!(
            Porep::dispute(reporter(), owner(), SECTOR, unopened),
            Error::<Test>::NoFraud
        );
        let info = Porep::dispute(reporter(), owner(), SECTOR, proof.clone()).unwrap();
        assert_eq!(info.pays_fee, Pays::No);
        System::assert_last_event(
            Event::SectorTerminated {
                provider: owner(),
                sector: SECTOR,
                reason: TerminationReason::Fraud,
                slashed: 2_000,
            }
            .into(),
        );
        assert_eq!((locked(owner(), 0), locked(owner(), 1)), (0, 0));
        assert_eq!(Rewards::get().get(&AccountKey([9; 32])), Some(&500));
        assert_eq!(state(owner(), SECTOR), SectorState::Terminated);
        assert_noop!(
            Porep::dispute(reporter(), owner(), SECTOR, proof),
            Error::<Test>::WrongState
        );
    });
}
