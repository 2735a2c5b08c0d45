//! Who may claim what, and what a claim costs.

use ips_primitives::{
    challenge::{lottery_draw, lottery_threshold, BEACON_DELAY_BLOCKS},
    id::ProviderId,
};

use super::*;
use crate::{
    mock::{
        account, forget, free_pledge, set_capacity, set_free_pledge, set_node, set_registered_at,
        CAPACITY, PLEDGE,
    },
    GroupSeats, Orders, ProviderSlots, SlotKey,
};
use ips_pallet_traits::{Collateral, NodeRegistry};

fn facts(n: u8) -> ips_pallet_traits::NodeFacts {
    crate::mock::Nodes::facts(&provider(n)).unwrap()
}

fn has(n: u8, id: SlotId) -> bool {
    ProviderSlots::<Test>::contains_key(provider(n), SlotKey::from(id))
}

#[test]
fn a_claim_reserves_capacity_and_locks_collateral_and_is_free() {
    crate::mock::run(|| {
        placed();
        ready(1);
        assert_eq!(pays(claim(1, slot(0, 0))), Pays::No);
        assert_eq!(facts(1).free_bytes, CAPACITY - (1 << 20));
        assert_eq!(crate::mock::Pledges::locked(&provider(1), slot(0, 0)), 100);
        assert_eq!(free_pledge(1), PLEDGE - 100);
        let claim = stored(slot(0, 0)).claim.unwrap();
        assert_eq!((claim.provider, claim.claimed_at), (provider(1), 13));
        assert!(has(1, slot(0, 0)));
        assert_eq!(
            Orders::<Test>::get(OrderId(0)).unwrap().lottery_beacon,
            Some([1 + BEACON_DELAY_BLOCKS as u8; 32])
        );
        assert_eq!(
            own_events().last(),
            Some(&Event::SlotClaimed {
                slot: slot(0, 0),
                provider: provider(1),
                price_per_mib_block: ASK
            })
        );
    });
}

#[test]
fn claims_of_strangers_and_of_what_does_not_exist_are_refused() {
    crate::mock::run(|| {
        placed();
        ready(1);
        refused(
            call(account(1), Call::claim_slot { slot: slot(0, 0) }),
            Error::<Test>::NotAWorker,
        );
        refused(claim(1, slot(5, 0)), Error::<Test>::OrderUnknown);
        refused(claim(1, slot(0, 6)), Error::<Test>::SlotUnknown);
        refused(claim(1, slot(0, u16::MAX)), Error::<Test>::SlotUnknown);
        let root = RuntimeCall::Market(Call::claim_slot { slot: slot(0, 0) });
        refused(
            root.dispatch(RuntimeOrigin::root()),
            DispatchError::BadOrigin,
        );
        assert_ok!(claim(1, slot(0, 0)));
        ready(2);
        refused(claim(2, slot(0, 0)), Error::<Test>::SlotTaken);
        forget(2);
        refused(claim(2, slot(0, 1)), Error::<Test>::NotAProvider);
    });
}

#[test]
fn an_ask_above_the_price_or_below_the_duration_does_not_fit() {
    crate::mock::run(|| {
        placed();
        register(1, NodeClass::Super);
        refused(claim(1, slot(0, 0)), Error::<Test>::NoAsk);
        set_ask(1, PRICE_MAX + 1, 1_000);
        refused(claim(1, slot(0, 0)), Error::<Test>::PriceTooLow);
        set_ask(1, PRICE_MAX, DURATION - 1);
        refused(claim(1, slot(0, 0)), Error::<Test>::DurationTooLong);
        set_ask(1, PRICE_MAX, DURATION);
        assert_ok!(claim(1, slot(0, 0)));
    });
}

#[test]
fn a_price_too_low_to_match_leaves_the_order_open_and_refundable() {
    crate::mock::run(|| {
        let id = place(OrderParams {
            price_per_mib_block_max: ASK - 1,
            ..params()
        });
        after(500);
        for n in 1..=6 {
            ready(n);
            refused(
                claim(n, slot(0, u16::from(n) - 1)),
                Error::<Test>::PriceTooLow,
            );
        }
        assert_eq!(Market::open_orders(id, 1), vec![id]);
        assert_ok!(call(client(), Call::cancel_order { order: id }));
        assert_eq!(
            (held(), free(&client())),
            (0, crate::mock::ENDOWMENT - DEPOSIT)
        );
    });
}

#[test]
fn too_few_nodes_leave_slots_open() {
    crate::mock::run(|| {
        placed();
        for n in 1..=4 {
            ready(n);
            assert_ok!(claim(n, slot(0, u16::from(n) - 1)));
        }
        for index in 4..6 {
            for n in 1..=4 {
                refused(claim(n, slot(0, index)), Error::<Test>::OperatorInGroup);
            }
            assert_eq!(state(slot(0, index)), SlotState::Open);
        }
    });
}

#[test]
fn one_operator_has_one_slot_of_a_group_but_may_join_others() {
    crate::mock::run(|| {
        place(params());
        placed();
        set_node(1, NodeClass::Super, 7, 1000);
        set_node(2, NodeClass::Personal, 7, 1000);
        set_ask(1, ASK, 1_000);
        set_ask(2, ASK, 1_000);
        assert_ok!(claim(1, slot(0, 0)));
        refused(claim(2, slot(0, 1)), Error::<Test>::OperatorInGroup);
        assert_ok!(claim(2, slot(1, 1)));
    });
}

#[test]
fn a_class_has_at_most_parity_slots_of_a_group() {
    crate::mock::run(|| {
        placed();
        for n in 1..=4 {
            register(n, NodeClass::Personal);
            set_ask(n, ASK, 1_000);
        }
        for n in 1..=3 {
            assert_ok!(claim(n, slot(0, u16::from(n))));
        }
        refused(claim(4, slot(0, 5)), Error::<Test>::ClassInGroupFull);
        set_node(4, NodeClass::Mobile, 4, 1000);
        assert_ok!(claim(4, slot(0, 5)));
        assert_eq!(GroupSeats::<Test>::get(OrderId(0)).len(), 4);
    });
}

#[test]
fn the_lottery_admits_exactly_those_below_the_threshold() {
    crate::mock::run(|| {
        place(params());
        for n in 1..=30 {
            register(n, NodeClass::Mobile);
            set_ask(n, ASK, 1_000);
        }
        let (mut early, mut admitted) = (0, 0);
        for block in 1 + BEACON_DELAY_BLOCKS..=8 {
            at(block);
            for n in 1..=30u8 {
                let draw = lottery_draw(
                    &[1 + BEACON_DELAY_BLOCKS as u8; 32],
                    slot(0, 5),
                    &ProviderId([n; 32]),
                );
                let eligible = draw < lottery_threshold(1, block - 1, 8);
                let result = frame_support::storage::with_transaction(|| {
                    sp_runtime::TransactionOutcome::Rollback(Ok::<_, DispatchError>(claim(
                        n,
                        slot(0, 5),
                    )))
                })
                .unwrap();
                if eligible {
                    assert_ok!(result);
                    admitted += 1;
                } else {
                    refused(result, Error::<Test>::NotEligible);
                    early += 1;
                }
            }
        }
        assert!(
            early > 10 && admitted > 30,
            "{early} too early, {admitted} admitted"
        );
    });
}

#[test]
fn a_node_newer_than_the_order_waits_for_the_end_of_the_lottery() {
    crate::mock::run(|| {
        at(50);
        place(params());
        // A super node of weight 8: certain to be drawn in the first block.
        set_node(1, NodeClass::Super, 1, 1000);
        set_ask(1, ASK, 1_000);
        for registered_at in [50, 51] {
            set_registered_at(1, registered_at);
            for block in 50 + BEACON_DELAY_BLOCKS..=58 {
                at(block);
                refused(claim(1, slot(0, 0)), Error::<Test>::NotEligible);
            }
        }
        at(50 + BEACON_DELAY_BLOCKS);
        set_registered_at(1, 49);
        let early = frame_support::storage::with_transaction(|| {
            let result = claim(1, slot(0, 0));
            sp_runtime::TransactionOutcome::Rollback(Ok::<_, DispatchError>(result))
        });
        assert_ok!(early.unwrap());
        at(59);
        set_registered_at(1, 51);
        assert_ok!(claim(1, slot(0, 0)));
    });
}

#[test]
fn an_unreliable_node_never_wins() {
    crate::mock::run(|| {
        placed();
        set_node(1, NodeClass::Super, 1, 199);
        set_ask(1, ASK, 1_000);
        refused(claim(1, slot(0, 0)), Error::<Test>::NotEligible);
        after(500);
        refused(claim(1, slot(0, 0)), Error::<Test>::NotEligible);
        set_node(1, NodeClass::Mobile, 1, 200);
        assert_ok!(claim(1, slot(0, 0)));
    });
}

#[test]
fn an_order_outlives_its_beacon() {
    crate::mock::run(|| {
        place(params());
        ready(1);
        after(400);
        assert_eq!(Market::order_view(OrderId(0)).unwrap().lottery_beacon, None);
        assert_ok!(claim(1, slot(0, 0)));
    });
}

#[test]
fn capacity_and_pledge_must_suffice_and_a_refused_claim_leaves_nothing() {
    crate::mock::run(|| {
        placed();
        ready(1);
        set_capacity(1, (1 << 20) - 1);
        refused(claim(1, slot(0, 0)), DispatchError::Other("capacity"));
        set_capacity(1, 1 << 20);
        set_free_pledge(1, 99);
        refused(claim(1, slot(0, 0)), DispatchError::Other("pledge"));
        assert_eq!(facts(1).free_bytes, 1 << 20);
        assert!(GroupSeats::<Test>::get(OrderId(0)).is_empty());
        assert_eq!(
            Orders::<Test>::get(OrderId(0)).unwrap().lottery_beacon,
            None
        );
        set_free_pledge(1, 100);
        assert_ok!(claim(1, slot(0, 0)));
    });
}

#[test]
fn a_claim_not_delivered_in_time_is_undone_by_the_next() {
    crate::mock::run(|| {
        placed();
        ready(1);
        ready(2);
        assert_ok!(claim(1, slot(0, 0)));
        after(20);
        refused(claim(2, slot(0, 0)), Error::<Test>::SlotTaken);
        after(1);
        assert_ok!(claim(2, slot(0, 0)));
        assert_eq!(stored(slot(0, 0)).claim.unwrap().provider, provider(2));
        assert_eq!(free_pledge(1), PLEDGE - 5);
        assert_eq!(
            (facts(1).free_bytes, facts(1).reliability_permille),
            (CAPACITY, 1000)
        );
        assert!(!has(1, slot(0, 0)));
        assert_eq!(held(), 4_200);
        let undone = Event::ClaimUndone {
            slot: slot(0, 0),
            provider: provider(1),
            reason: UndoneReason::NotDelivered,
            slashed: 5,
        };
        assert!(own_events().contains(&undone));
        refused(confirm(1, slot(0, 0)), Error::<Test>::NotYourClaim);
        assert_ok!(claim(1, slot(0, 1)));
    });
}

#[test]
fn the_same_provider_may_claim_again_at_the_price_of_the_undone_claim() {
    crate::mock::run(|| {
        placed();
        ready(1);
        assert_ok!(claim(1, slot(0, 0)));
        after(21);
        assert_ok!(claim(1, slot(0, 0)));
        assert_eq!(free_pledge(1), PLEDGE - 5 - 100);
        assert_eq!(facts(1).free_bytes, CAPACITY - (1 << 20));
    });
}

#[test]
fn a_late_claim_that_nobody_replaced_can_still_be_confirmed() {
    crate::mock::run(|| {
        placed();
        ready(1);
        assert_ok!(claim(1, slot(0, 0)));
        after(500);
        assert_ok!(confirm(1, slot(0, 0)));
    });
}
