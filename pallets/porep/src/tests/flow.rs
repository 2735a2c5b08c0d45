//! The life of a sector with real proofs, from the pre-commit to the recovery.

use frame_support::{assert_ok, dispatch::Pays};
use ips_pallet_traits::Replicas;
use ips_primitives::{
    id::PartitionIndex,
    sector::SectorState::{Active, Faulty, PreCommitted},
};

use super::{
    fixture::{locked, partition, state},
    real::*,
};
use crate::mock::*;

#[test]
fn sector_is_sealed_proven_missed_and_recovered() {
    with_chain(|| {
        add_slots(owner());
        let post = |period| {
            Porep::submit_post(
                worker(owner()),
                PartitionIndex(0),
                period,
                post_proof(period),
            )
        };
        assert_ok!(Porep::pre_commit(worker(owner()), pre_commit()));
        assert_eq!(state(owner(), SECTOR), PreCommitted);
        run_to(5);
        assert_ok!(Porep::prove_commit(
            worker(owner()),
            SECTOR,
            vec![seal_proof()].try_into().unwrap(),
            bindings().try_into().unwrap(),
        ));
        assert_eq!(state(owner(), SECTOR), Active);

        // Period 1: proven in the last block of the window.
        run_to(29);
        assert_eq!(post(1).unwrap().pays_fee, Pays::No);
        assert_eq!(Porep::proven_through(slot_id(1), 1), Some(29));

        // Period 2: missed.
        run_to(50);
        assert_eq!(state(owner(), SECTOR), Faulty);
        assert_eq!(locked(owner(), 0), 900);
        assert_eq!(Porep::proven_through(slot_id(1), 1), Some(29));
        assert!(Porep::partitions_of(owner(), None)[0]
            .set
            .iter()
            .all(|comm_r| comm_r.0 == [0; 32]));

        // Period 3: recovered.
        assert_ok!(Porep::recover(worker(owner()), SECTOR));
        run_to(60);
        let view = Porep::partitions_of(owner(), None).remove(0);
        assert_eq!(view.set[0], sealed().comm_r());
        assert_eq!(view.beacon, Some(beacon(60)));
        assert_ok!(post(3));
        assert_eq!(state(owner(), SECTOR), Active);
        assert_eq!(Porep::proven_through(slot_id(1), 1), Some(60));
        let partition = partition(owner(), 0);
        assert_eq!((partition.proven_periods, partition.missed_periods), (2, 1));
        let told = Market::get();
        for slot in [slot_id(0), slot_id(1)] {
            let of_slot: Vec<_> = told
                .iter()
                .filter(|told| match told {
                    Told::Sealed(s, _) | Told::Faulted(s, _) | Told::Recovered(s, _) => *s == slot,
                    Told::Lost(s) => *s == slot,
                })
                .copied()
                .collect();
            let expected = [
                Told::Sealed(slot, 5),
                Told::Faulted(slot, 29),
                Told::Recovered(slot, 60),
            ];
            assert_eq!(of_slot, expected);
        }
    });
}
