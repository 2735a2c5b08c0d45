//! Claims that are not delivered or not sealed in time.

use ips_pallet_traits::{Collateral, NodeRegistry};

use super::*;
use crate::mock::{account, free_pledge, Nodes, Pledges, CAPACITY, PLEDGE, PROVIDER_BALANCE};

const ID: SlotId = SlotId {
    order: OrderId(0),
    slot: SlotIndex(0),
};

#[test]
fn settling_a_late_claim_opens_the_slot_or_closes_it_if_the_order_is_cancelled() {
    crate::mock::run(|| {
        placed();
        ready(1);
        assert_ok!(claim(1, ID));
        refused(settle(ID), Error::<Test>::NothingDue);
        after(21);
        assert_eq!(pays(settle(ID)), Pays::No);
        assert_eq!(state(ID), SlotState::Open);
        assert_ok!(claim(1, ID));
        assert_ok!(call(client(), Call::cancel_order { order: OrderId(0) }));
        assert_eq!(held(), 700);
        after(21);
        assert_ok!(settle(ID));
        assert_eq!((state(ID), held()), (SlotState::Expired, 0));
    });
}

#[test]
fn anybody_undoes_a_deal_not_sealed_in_time_and_its_provider_loses_the_lock() {
    crate::mock::run(|| {
        placed();
        confirmed(1, ID);
        Market::piece_sealed(&provider(1), ID, 13);
        after(60);
        refused(settle(ID), Error::<Test>::NothingDue);
        after(1);
        assert_eq!(pays(settle(ID)), Pays::No);
        assert_eq!(state(ID), SlotState::Open);
        assert_eq!(held(), 6 * 700, "the whole price is there for the next one");
        assert_eq!(free_pledge(1), PLEDGE - 100);
        assert_eq!(Pledges::locked(&provider(1), ID), 0);
        let facts = Nodes::facts(&provider(1)).unwrap();
        assert_eq!(facts.free_bytes, CAPACITY);
        assert!(facts.reliability_permille < 1000);
        assert_eq!(free(&account(1)), PROVIDER_BALANCE);
        assert_eq!(
            own_events().last(),
            Some(&Event::ClaimUndone {
                slot: ID,
                provider: provider(1),
                reason: UndoneReason::NotSealed,
                slashed: 100
            })
        );
        refused(settle(ID), Error::<Test>::NothingDue);
    });
}

#[test]
fn the_next_provider_of_an_unsealed_slot_is_paid_in_full_at_a_higher_ask() {
    crate::mock::run(|| {
        placed();
        confirmed(1, ID);
        after(61);
        ready(2);
        set_ask(2, PRICE_MAX, 1_000);
        // The claim itself undoes the old deal.
        assert_ok!(claim(2, ID));
        assert_ok!(confirm(2, ID));
        for _ in 0..2 {
            Market::piece_sealed(&provider(2), ID, System::block_number());
        }
        after(DURATION);
        prove(ID, System::block_number());
        assert_ok!(settle(ID));
        assert_eq!(state(ID), SlotState::Expired);
        assert_eq!(free(&account(2)), PROVIDER_BALANCE + 100 * PRICE_MAX);
        assert_eq!(held(), 5 * 700);
    });
}

#[test]
fn what_an_earlier_provider_does_with_its_sectors_means_nothing_to_the_next() {
    crate::mock::run(|| {
        placed();
        confirmed(1, ID);
        Market::piece_sealed(&provider(1), ID, 13);
        after(61);
        ready(2);
        assert_ok!(claim(2, ID));
        assert_ok!(confirm(2, ID));
        let before = stored(ID);
        let now = System::block_number();
        for _ in 0..3 {
            Market::piece_sealed(&provider(1), ID, now);
            Market::piece_faulted(&provider(1), ID, now);
            Market::piece_recovered(&provider(1), ID, now);
            Market::piece_lost(&provider(1), ID, LossReason::GivenUp);
        }
        assert_eq!(stored(ID), before);
        assert_eq!(free_pledge(2), PLEDGE - 100);
    });
}

#[test]
fn a_late_deal_that_nobody_undid_can_still_be_sealed() {
    crate::mock::run(|| {
        placed();
        confirmed(1, ID);
        after(90);
        for _ in 0..2 {
            Market::piece_sealed(&provider(1), ID, System::block_number());
        }
        assert_eq!(state(ID), SlotState::Active);
        ready(2);
        refused(claim(2, ID), Error::<Test>::SlotTaken);
    });
}

#[test]
fn a_deal_shorter_than_the_time_to_seal_is_undone_at_its_end() {
    crate::mock::run(|| {
        place(OrderParams {
            duration_blocks: 30,
            ..params()
        });
        after(12);
        confirmed(1, ID);
        after(30);
        refused(settle(ID), Error::<Test>::NothingDue);
        after(1);
        assert_ok!(settle(ID));
        assert_eq!((state(ID), free_pledge(1)), (SlotState::Open, PLEDGE - 100));
    });
}

#[test]
fn a_cancelled_order_gives_the_price_of_an_unsealed_slot_back() {
    crate::mock::run(|| {
        let order = placed();
        confirmed(1, ID);
        confirmed(2, slot(0, 1));
        after(61);
        // The first is late when the order is cancelled, the second is made late afterwards.
        confirmed(3, slot(0, 2));
        assert_ok!(call(client(), Call::cancel_order { order }));
        assert_eq!(state(ID), SlotState::Expired);
        assert_eq!(state(slot(0, 1)), SlotState::Expired);
        assert_eq!(state(slot(0, 2)), SlotState::Confirmed);
        assert_eq!(held(), 700);
        after(61);
        assert_ok!(settle(slot(0, 2)));
        assert_eq!((state(slot(0, 2)), held()), (SlotState::Expired, 0));
        for n in 1..=3 {
            assert_eq!(free_pledge(n), PLEDGE - 100);
        }
    });
}
