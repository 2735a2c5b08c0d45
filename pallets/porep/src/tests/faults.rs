//! Missed windows, declared faults, recoveries, ends. Provider 2 is due in blocks 20..30, 40..50...

use frame_support::{assert_noop, assert_ok};
use ips_primitives::{
    id::{PartitionIndex, PieceIndex, SectorNumber},
    sector::{CommR, ProofBytes, SectorState},
};

use super::fixture::{active, locked, partition, state};
use crate::{
    mock::*, Endings, Error, Event, Partitions, PieceSectors, Sectors, TerminationReason, WithRoom,
};

#[test]
fn missed_window_makes_its_sectors_faulty() {
    with_chain(|| {
        let owner = provider(2);
        let sector = active(owner, 1, &[0, 1]);
        run_to(29);
        assert_eq!(state(owner, sector), SectorState::Active);
        run_to(30);
        assert_eq!(state(owner, sector), SectorState::Faulty);
        System::assert_last_event(
            Event::PostMissed {
                provider: owner,
                partition: PartitionIndex(0),
                period: 1,
                faults: 1,
                slashed: 200,
            }
            .into(),
        );
        assert_eq!((locked(owner, 0), locked(owner, 1)), (900, 900));
        assert_eq!(Promises::get(), vec![(owner, false)]);
        assert_eq!(
            Market::get(),
            vec![
                Told::Sealed(slot_id(0), 1),
                Told::Sealed(slot_id(1), 1),
                Told::Faulted(slot_id(0), 1),
                Told::Faulted(slot_id(1), 1),
            ]
        );
        let partition = partition(owner, 0);
        assert_eq!((partition.missed_periods, partition.due.opens_at), (1, 40));
        assert!(!partition.owes(40));
    });
}

#[test]
fn sector_that_joins_in_an_open_window_is_not_in_its_set() {
    with_chain(|| {
        let owner = provider(2);
        let first = active(owner, 1, &[0]);
        run_to(20);
        let second = active(owner, 2, &[1]);
        run_to(30);
        assert_eq!(state(owner, first), SectorState::Faulty);
        assert_eq!(state(owner, second), SectorState::Active);
        assert!(partition(owner, 0).owes(40));
        run_to(50);
        assert_eq!(state(owner, second), SectorState::Faulty);
    });
}

#[test]
fn slot_is_slashed_once_per_window() {
    with_chain(|| {
        let owner = provider(2);
        active(owner, 1, &[0]);
        active(owner, 2, &[0]);
        // The second sector took the piece over, so the first has none of its own.
        run_to(30);
        assert_eq!(locked(owner, 0), 900);
    });
}

#[test]
fn fault_declared_before_the_window_costs_only_pay() {
    with_chain(|| {
        let owner = provider(2);
        let sector = active(owner, 1, &[0]);
        run_to(19);
        assert_ok!(Porep::declare_fault(worker(owner), sector));
        System::assert_last_event(
            Event::FaultDeclared {
                provider: owner,
                sector,
            }
            .into(),
        );
        assert_noop!(
            Porep::declare_fault(worker(owner), sector),
            Error::<Test>::WrongState
        );
        run_to(30);
        assert_eq!(locked(owner, 0), 1_000);
        assert_eq!(Promises::get(), vec![]);
        assert_eq!(
            Market::get(),
            vec![Told::Sealed(slot_id(0), 1), Told::Faulted(slot_id(0), 1)]
        );
    });
}

#[test]
fn fault_declared_in_the_window_is_still_missed() {
    with_chain(|| {
        let owner = provider(2);
        let sector = active(owner, 1, &[0]);
        run_to(25);
        let set = partition(owner, 0).set_at(20, 4);
        assert_ok!(Porep::declare_fault(worker(owner), sector));
        assert_eq!(partition(owner, 0).set_at(20, 4), set);
        assert_noop!(
            Porep::recover(worker(owner), sector),
            Error::<Test>::InOpenWindow
        );
        assert_noop!(
            Porep::terminate(worker(owner), sector),
            Error::<Test>::InOpenWindow
        );
        run_to(30);
        assert_eq!(locked(owner, 0), 900);
        let faulted = |told: &&Told| matches!(told, Told::Faulted(..));
        assert_eq!(Market::get().iter().filter(faulted).count(), 1);
    });
}

#[test]
fn failed_recovery_is_not_slashed_again() {
    with_chain(|| {
        let owner = provider(2);
        let sector = active(owner, 1, &[0]);
        assert_noop!(
            Porep::recover(worker(owner), sector),
            Error::<Test>::WrongState
        );
        run_to(31);
        assert_ok!(Porep::recover(worker(owner), sector));
        System::assert_last_event(
            Event::RecoveryDeclared {
                provider: owner,
                sector,
            }
            .into(),
        );
        assert_noop!(
            Porep::recover(worker(owner), sector),
            Error::<Test>::WrongState
        );
        assert_eq!(state(owner, sector), SectorState::Faulty);
        assert!(partition(owner, 0).owes(40));
        run_to(50);
        assert_eq!(state(owner, sector), SectorState::Faulty);
        assert_eq!(partition(owner, 0).missed_periods, 2);
        assert_eq!(locked(owner, 0), 900);
    });
}

#[test]
fn sector_faulty_past_the_cutoff_is_lost() {
    with_chain(|| {
        let owner = provider(2);
        let sector = active(owner, 1, &[0]);
        run_to(89);
        assert_eq!(state(owner, sector), SectorState::Faulty);
        run_to(90);
        assert_eq!(state(owner, sector), SectorState::Terminated);
        System::assert_last_event(
            Event::SectorTerminated {
                provider: owner,
                sector,
                reason: TerminationReason::Cutoff,
                slashed: 0,
            }
            .into(),
        );
        assert_eq!(Market::get().last(), Some(&Told::Lost(slot_id(0))));
        assert!(Partitions::<Test>::get(owner, PartitionIndex(0)).is_none());
        assert_eq!(WithRoom::<Test>::iter().count(), 0);
    });
}

#[test]
fn sectors_past_the_cutoff_end_one_per_block_and_partition() {
    with_chain(|| {
        let owner = provider(2);
        let sectors: Vec<_> = (1..=4).map(|n| active(owner, n, &[n])).collect();
        let ended = |chain_block: u64| {
            run_to(chain_block);
            let is_ended =
                |sector: &&SectorNumber| state(owner, **sector) == SectorState::Terminated;
            sectors.iter().filter(is_ended).count()
        };
        for (block, expected) in [(89, 0), (90, 1), (91, 2), (92, 3), (93, 4)] {
            assert_eq!(ended(block), expected, "block {block}");
        }
        assert_eq!(Endings::<Test>::iter().count(), 0);
        assert!(Partitions::<Test>::get(owner, PartitionIndex(0)).is_none());
    });
}

#[test]
fn sector_that_recovers_before_its_turn_is_not_ended() {
    with_chain(|| {
        let owner = provider(2);
        let sectors: Vec<_> = (1..=2).map(|n| active(owner, n, &[n])).collect();
        run_to(90);
        assert_eq!(state(owner, sectors[0]), SectorState::Terminated);
        assert_eq!(state(owner, sectors[1]), SectorState::Faulty);
        // As if its proof had been accepted meanwhile.
        Partitions::<Test>::mutate(owner, PartitionIndex(0), |partition| {
            let place = &mut partition.as_mut().unwrap().positions[1];
            place.faulty_since = None;
            place.left_at = None;
        });
        let mut info = Sectors::<Test>::get(owner, sectors[1]).unwrap();
        Porep::change_state(owner, sectors[1], &mut info, SectorState::Active);
        run_to(95);
        assert_eq!(state(owner, sectors[1]), SectorState::Active);
        assert_eq!(Endings::<Test>::iter().count(), 0);
    });
}

#[test]
fn terminated_sector_frees_its_place_and_pieces() {
    with_chain(|| {
        let owner = provider(2);
        let sectors: Vec<_> = (1..=4).map(|n| active(owner, n, &[n])).collect();
        assert!(WithRoom::<Test>::iter_key_prefix(owner).next().is_none());
        assert_ok!(Porep::terminate(worker(owner), sectors[2]));
        System::assert_last_event(
            Event::SectorTerminated {
                provider: owner,
                sector: sectors[2],
                reason: TerminationReason::GivenUp,
                slashed: 0,
            }
            .into(),
        );
        assert_noop!(
            Porep::terminate(worker(owner), sectors[2]),
            Error::<Test>::WrongState
        );
        assert!(PieceSectors::<Test>::get(slot_id(3), PieceIndex(0)).is_none());
        assert_eq!(Market::get().last(), Some(&Told::Lost(slot_id(3))));
        let next = active(owner, 5, &[5]);
        let placed = Sectors::<Test>::get(owner, next).unwrap().partition;
        assert_eq!(placed, Some((PartitionIndex(0), 2)));
    });
}

#[test]
fn full_partition_is_followed_by_the_next() {
    with_chain(|| {
        let owner = provider(2);
        for n in 1..=5 {
            active(owner, n, &[n]);
        }
        let mut views = Porep::partitions_of(owner, None);
        assert_eq!(views.len(), 2);
        // A page goes on behind the entry that it is asked for, whatever the order.
        let rest = Porep::partitions_of(owner, Some(views[0].index));
        assert_eq!(rest, views[1..]);
        views.sort_by_key(|view| view.index);
        assert_eq!((views[0].deadline, views[1].deadline), (0, 1));
        assert_eq!(
            views[1].sectors,
            vec![Some(SectorNumber(5)), None, None, None]
        );
        assert_eq!(views[0].window.opens_at, 0);
        assert_eq!(views[1].window.opens_at, 10);
        assert_eq!(views[1].set[0], CommR([6; 32]));
        assert_eq!(views[1].beacon, None);
    });
}

#[test]
fn posts_out_of_turn_are_refused() {
    with_chain(|| {
        let owner = provider(2);
        let (zero, proof) = (PartitionIndex(0), ProofBytes([0; 192]));
        let post = |index, period| Porep::submit_post(worker(owner), index, period, proof);
        assert_noop!(post(zero, 0), Error::<Test>::UnknownPartition);
        active(owner, 1, &[0]);
        // The window that is open now opened before the sector was there.
        assert_noop!(post(zero, 0), Error::<Test>::NothingDue);
        run_to(10);
        assert_noop!(post(zero, 0), Error::<Test>::WindowNotOpen);
        assert_noop!(post(zero, 1), Error::<Test>::WindowNotOpen);
        run_to(20);
        assert_noop!(post(zero, 0), Error::<Test>::WindowNotOpen);
        assert_noop!(post(zero, 2), Error::<Test>::WindowNotOpen);
        assert_noop!(post(zero, u32::MAX), Error::<Test>::WindowNotOpen);
        assert_noop!(post(zero, 1), Error::<Test>::InvalidProof);
        let stranger = RuntimeOrigin::signed([9; 32].into());
        assert_noop!(
            Porep::submit_post(stranger, zero, 1, proof),
            Error::<Test>::NotAWorker
        );
    });
}
