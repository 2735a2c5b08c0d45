//! Pre-commit: what is checked, what expires.

use frame_support::{assert_noop, assert_ok};
use ips_primitives::{
    id::{PieceIndex, ProviderId, SectorNumber},
    proof_calls::PreCommit,
    sector::{CommD, CommR, Piece, SectorState},
    slot::SlotRoot,
};
use sp_runtime::DispatchError;

use crate::{mock::*, Error, Event, PieceSectors, Sectors};

/// 100 nodes: 3,100 bytes.
const SLOT_BYTES: u64 = 3_100;

fn piece(order: u64, node_offset: u32) -> Piece {
    Piece {
        slot: slot_id(order),
        index: PieceIndex(0),
        node_offset,
    }
}

fn args(sector: u64, pieces: &[Piece]) -> PreCommit {
    PreCommit {
        sector: SectorNumber(sector),
        comm_d: CommD([1; 32]),
        comm_r: CommR([2; 32]),
        ticket_block: 1,
        replica_index: 0,
        pieces: pieces.to_vec().try_into().unwrap(),
    }
}

fn with_slots(test: impl FnOnce(ProviderId)) {
    with_chain(|| {
        let owner = provider(2);
        for order in 0..4 {
            add_slot(owner, slot_id(order), SlotRoot([3; 32]), SLOT_BYTES);
        }
        test(owner);
    });
}

fn assert_refused(owner: ProviderId, args: PreCommit, error: Error<Test>) {
    assert_noop!(Porep::pre_commit(worker(owner), args), error);
}

#[test]
fn pre_commit_takes_its_pieces() {
    with_slots(|owner| {
        let pieces = [piece(0, 0), piece(1, 100), piece(2, 300)];
        assert_ok!(Porep::pre_commit(worker(owner), args(7, &pieces)));
        let info = Sectors::<Test>::get(owner, SectorNumber(7)).unwrap();
        assert_eq!(info.state, SectorState::PreCommitted);
        assert_eq!(info.pre_committed_at, 1);
        for order in 0..3 {
            let taken = PieceSectors::<Test>::get(slot_id(order), PieceIndex(0));
            assert_eq!(taken, Some((owner, SectorNumber(7))));
        }
        System::assert_last_event(
            Event::SectorPreCommitted {
                provider: owner,
                sector: SectorNumber(7),
                seed_at: 4,
            }
            .into(),
        );
        let view = Porep::sectors_of(owner, None);
        assert_eq!(view.len(), 1);
        assert_eq!(view[0].seed, None);
        run_to(4);
        assert_eq!(Porep::sectors_of(owner, None)[0].seed, Some(beacon(4)));
        assert_eq!(
            Porep::piece_sectors(slot_id(1)),
            vec![(PieceIndex(0), SectorNumber(7))]
        );
    });
}

#[test]
fn only_workers_pre_commit() {
    with_slots(|owner| {
        let args = args(1, &[piece(0, 0)]);
        assert_noop!(
            Porep::pre_commit(RuntimeOrigin::root(), args.clone()),
            DispatchError::BadOrigin
        );
        let stranger = RuntimeOrigin::signed([9; 32].into());
        assert_noop!(
            Porep::pre_commit(stranger, args.clone()),
            Error::<Test>::NotAWorker
        );
        let owner_account = RuntimeOrigin::signed(owner.0.into());
        assert_noop!(
            Porep::pre_commit(owner_account, args),
            Error::<Test>::NotAWorker
        );
    });
}

#[test]
fn commitments_are_canonical_and_comm_r_is_not_zero() {
    with_slots(|owner| {
        let good = args(1, &[piece(0, 0)]);
        let bad = PreCommit {
            comm_d: CommD([0xff; 32]),
            ..good.clone()
        };
        assert_refused(owner, bad, Error::NotCanonical);
        let bad = PreCommit {
            comm_r: CommR([0xff; 32]),
            ..good.clone()
        };
        assert_refused(owner, bad, Error::NotCanonical);
        let bad = PreCommit {
            comm_r: CommR([0; 32]),
            ..good
        };
        assert_refused(owner, bad, Error::NotCanonical);
    });
}

#[test]
fn ticket_is_recent() {
    with_slots(|owner| {
        let good = args(1, &[piece(0, 0)]);
        let future = PreCommit {
            ticket_block: 2,
            ..good.clone()
        };
        assert_refused(owner, future, Error::BadTicket);
        let far = PreCommit {
            ticket_block: u32::MAX,
            ..good.clone()
        };
        assert_refused(owner, far, Error::BadTicket);
        run_to(12);
        assert_refused(owner, good.clone(), Error::BadTicket);
        let oldest = PreCommit {
            ticket_block: 2,
            ..good
        };
        assert_ok!(Porep::pre_commit(worker(owner), oldest));
    });
}

#[test]
fn pieces_are_in_order_and_inside() {
    with_slots(|owner| {
        for pieces in [
            vec![],
            vec![piece(0, 0), piece(1, 99)],
            vec![piece(0, 100), piece(1, 0)],
            vec![piece(0, 413)],
            vec![piece(0, u32::MAX)],
            vec![Piece {
                index: PieceIndex(1),
                ..piece(0, 0)
            }],
        ] {
            assert_refused(owner, args(1, &pieces), Error::BadPieces);
        }
        assert_ok!(Porep::pre_commit(worker(owner), args(1, &[piece(0, 412)])));
    });
}

#[test]
fn pieces_are_of_own_slots_and_free() {
    with_slots(|owner| {
        let other = provider(4);
        assert_refused(owner, args(1, &[piece(9, 0)]), Error::NotYourSlot);
        assert_refused(other, args(1, &[piece(0, 0)]), Error::NotYourSlot);
        let twice = [piece(0, 0), piece(0, 100)];
        assert_refused(owner, args(1, &twice), Error::PieceTaken);
        assert_ok!(Porep::pre_commit(worker(owner), args(1, &[piece(0, 0)])));
        assert_refused(owner, args(2, &[piece(0, 0)]), Error::PieceTaken);
        assert_refused(owner, args(1, &[piece(1, 0)]), Error::SectorExists);
    });
}

#[test]
fn slot_of_another_provider_can_be_sealed_anew() {
    with_slots(|owner| {
        assert_ok!(Porep::pre_commit(worker(owner), args(1, &[piece(0, 0)])));
        let heir = provider(4);
        add_slot(heir, slot_id(0), SlotRoot([3; 32]), SLOT_BYTES);
        assert_ok!(Porep::pre_commit(worker(heir), args(1, &[piece(0, 0)])));
        let taken = PieceSectors::<Test>::get(slot_id(0), PieceIndex(0));
        assert_eq!(taken, Some((heir, SectorNumber(1))));
        run_to(32);
        assert_ok!(Porep::expire_pre_commit(
            worker(heir),
            owner,
            SectorNumber(1)
        ));
        assert_eq!(PieceSectors::<Test>::get(slot_id(0), PieceIndex(0)), taken);
    });
}

#[test]
fn expired_pre_commit_is_removed_by_anyone() {
    with_slots(|owner| {
        let sector = SectorNumber(1);
        let anyone = || RuntimeOrigin::signed([9; 32].into());
        assert_noop!(
            Porep::expire_pre_commit(anyone(), owner, sector),
            Error::<Test>::UnknownSector
        );
        assert_ok!(Porep::pre_commit(worker(owner), args(1, &[piece(0, 0)])));
        run_to(31);
        assert_noop!(
            Porep::expire_pre_commit(anyone(), owner, sector),
            Error::<Test>::NotExpired
        );
        run_to(32);
        assert_ok!(Porep::expire_pre_commit(anyone(), owner, sector));
        System::assert_last_event(
            Event::PreCommitExpired {
                provider: owner,
                sector,
            }
            .into(),
        );
        assert!(Sectors::<Test>::get(owner, sector).is_none());
        assert!(PieceSectors::<Test>::get(slot_id(0), PieceIndex(0)).is_none());
    });
}

#[test]
fn expired_pre_commit_is_replaced_by_the_next() {
    with_slots(|owner| {
        assert_ok!(Porep::pre_commit(
            worker(owner),
            args(1, &[piece(0, 0), piece(1, 100)])
        ));
        run_to(32);
        // Another number takes one piece, the same number the other.
        let next = PreCommit {
            ticket_block: 30,
            ..args(2, &[piece(1, 0)])
        };
        assert_ok!(Porep::pre_commit(worker(owner), next));
        let again = PreCommit {
            ticket_block: 30,
            ..args(1, &[piece(0, 0)])
        };
        assert_ok!(Porep::pre_commit(worker(owner), again));
        let holder = |order| {
            PieceSectors::<Test>::get(slot_id(order), PieceIndex(0))
                .unwrap()
                .1
        };
        assert_eq!((holder(0), holder(1)), (SectorNumber(1), SectorNumber(2)));
    });
}

#[test]
fn given_up_pre_commit_frees_its_pieces_without_loss() {
    with_slots(|owner| {
        assert_ok!(Porep::pre_commit(worker(owner), args(1, &[piece(0, 0)])));
        assert_ok!(Porep::terminate(worker(owner), SectorNumber(1)));
        assert_eq!(Market::get(), vec![]);
        assert_ok!(Porep::pre_commit(worker(owner), args(2, &[piece(0, 0)])));
        assert_refused(owner, args(1, &[piece(1, 0)]), Error::SectorExists);
    });
}
