//! Work per block is bounded, and nothing is forgotten.

use frame_support::traits::Hooks;
use ips_primitives::{id::PartitionIndex, sector::SectorState};

use super::fixture::{active, partition, state};
use crate::{mock::*, BlockBeacons, Due, NextClose, PartitionRef};

#[test]
fn misses_beyond_the_limit_wait_for_the_next_block() {
    with_chain(|| {
        let owners: Vec<_> = [2, 4, 6, 8, 10].into_iter().map(provider).collect();
        for (order, owner) in (0..).zip(&owners) {
            active(*owner, 1, &[order]);
        }
        let left = || Due::<Test>::iter_key_prefix(30).count();
        run_to(29);
        assert_eq!(left(), 5);
        for (block, expected, next_close) in [(30, 3, 30), (31, 1, 30), (32, 0, 40)] {
            run_to(block);
            assert_eq!((left(), NextClose::<Test>::get()), (expected, next_close));
        }
        for owner in owners {
            assert_eq!(state(owner, 1.into()), SectorState::Faulty);
            assert_eq!(partition(owner, 0).due.opens_at, 40);
        }
    });
}

#[test]
fn many_pieces_end_a_block_early() {
    with_chain(|| {
        let owners = [provider(2), provider(4)];
        active(owners[0], 1, &[0, 1, 2, 3]);
        active(owners[1], 1, &[4, 5, 6, 7]);
        run_to(30);
        assert_eq!(Due::<Test>::iter_key_prefix(30).count(), 1);
        run_to(31);
        assert_eq!(Due::<Test>::iter_key_prefix(30).count(), 0);
    });
}

#[test]
fn miss_handled_late_leaves_the_open_window_alone() {
    with_chain(|| {
        let owner = provider(2);
        let sector = active(owner, 1, &[0]);
        run_to(29);
        // As if every block until 45 had been busy with others.
        System::set_block_number(45);
        Porep::on_initialize(45);
        assert_eq!(state(owner, sector), SectorState::Faulty);
        let partition = partition(owner, 0);
        assert_eq!(partition.due.opens_at, 60);
        assert!(!partition.owes(60));
        let who = PartitionRef {
            provider: owner,
            partition: PartitionIndex(0),
        };
        assert!(Due::<Test>::contains_key(70, who));
    });
}

#[test]
fn beacons_are_kept_for_their_time_only() {
    with_chain(|| {
        run_to(100);
        assert_eq!(BlockBeacons::<Test>::iter_keys().count(), 61);
        assert_eq!(BlockBeacons::<Test>::get(40), Some(beacon(40)));
        assert_eq!(BlockBeacons::<Test>::get(39), None);
        assert_eq!(BlockBeacons::<Test>::get(101), None);
    });
}

#[test]
fn chain_that_gets_the_pallet_late_does_not_catch_up_on_old_windows() {
    with_chain(|| {
        NextClose::<Test>::kill();
        System::set_block_number(1_000_003);
        Porep::on_initialize(1_000_003);
        assert_eq!(NextClose::<Test>::get(), 1_000_010);
        BlockBeacons::<Test>::remove(1);
    });
}
