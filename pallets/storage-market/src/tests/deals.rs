//! Confirmation, sealing, faults, settlement and the end.

use ips_pallet_traits::{Collateral, Holders, NodeRegistry, SlotFacts};
use ips_primitives::id::Genesis;

use super::*;
use crate::mock::{account, free_pledge, Nodes, Pledges, CAPACITY, PLEDGE, PROVIDER_BALANCE};

const ID: SlotId = SlotId {
    order: OrderId(0),
    slot: SlotIndex(0),
};

fn earned(n: u8) -> Balance {
    free(&account(n)) - PROVIDER_BALANCE
}

#[test]
fn the_highest_price_is_held_until_the_slot_is_active() {
    crate::mock::run(|| {
        placed();
        ready(1);
        assert_ok!(claim(1, ID));
        assert_eq!(held(), 6 * 700);
        assert_eq!(pays(confirm(1, ID)), Pays::No);
        assert_eq!(held(), 6 * 700);
        assert_eq!(
            own_events().last(),
            Some(&Event::DealConfirmed {
                slot: ID,
                provider: provider(1),
                ends_at: 113
            })
        );
        assert_eq!(
            <Market as Deals>::facts(ID),
            Some(SlotFacts {
                provider: provider(1),
                root: SlotRoot([0; 32]),
                bytes: 1 << 20
            })
        );
        refused(confirm(1, ID), Error::<Test>::NotYourClaim);
        for _ in 0..2 {
            Market::piece_sealed(&provider(1), ID, 13);
        }
        assert_eq!(held(), 5 * 700 + 400);
        assert_eq!(
            own_events().last(),
            Some(&Event::SlotActive {
                slot: ID,
                provider: provider(1),
                refunded: 300
            })
        );
    });
}

#[test]
fn a_note_signs_chain_slot_provider_and_root() {
    crate::mock::run(|| {
        placed();
        ready(1);
        ready(2);
        assert_ok!(claim(1, ID));
        let good = note(1, ID);
        for bad in [
            DeliveryNote {
                genesis: Genesis([9; 32]),
                ..good
            },
            DeliveryNote {
                slot: slot(0, 1),
                ..good
            },
            DeliveryNote {
                provider: provider(2),
                ..good
            },
            DeliveryNote {
                slot_root: SlotRoot([9; 32]),
                ..good
            },
        ] {
            let forged = Call::confirm_deal {
                slot: ID,
                signature: sign(&bad),
            };
            refused(call(worker(1), forged), Error::<Test>::BadSignature);
        }
        let stranger = sp_core::sr25519::Pair::from_seed(&[1; 32]);
        let signature = Signature(stranger.sign(&good.signing_bytes()).0);
        refused(
            call(
                worker(1),
                Call::confirm_deal {
                    slot: ID,
                    signature,
                },
            ),
            Error::<Test>::BadSignature,
        );
        let zero = Signature([0; 64]);
        refused(
            call(
                worker(1),
                Call::confirm_deal {
                    slot: ID,
                    signature: zero,
                },
            ),
            Error::<Test>::BadSignature,
        );
        assert_ok!(confirm(1, ID));
    });
}

#[test]
fn only_the_claimants_worker_confirms() {
    crate::mock::run(|| {
        placed();
        ready(1);
        ready(2);
        refused(confirm(1, ID), Error::<Test>::NotYourClaim);
        assert_ok!(claim(1, ID));
        refused(confirm(2, ID), Error::<Test>::NotYourClaim);
        refused(confirm(3, ID), Error::<Test>::NotAWorker);
        refused(confirm(1, slot(3, 0)), Error::<Test>::OrderUnknown);
        refused(confirm(1, slot(0, 60)), Error::<Test>::SlotUnknown);
        let root = Call::confirm_deal {
            slot: ID,
            signature: sign(&note(1, ID)),
        };
        refused(
            RuntimeCall::Market(root).dispatch(RuntimeOrigin::none()),
            DispatchError::BadOrigin,
        );
    });
}

#[test]
fn a_slot_is_active_and_paid_once_every_piece_is_sealed() {
    crate::mock::run(|| {
        placed();
        confirmed(1, ID);
        Market::piece_sealed(&provider(1), ID, 13);
        assert_eq!(state(ID), SlotState::Confirmed);
        refused(settle(ID), Error::<Test>::NothingDue);
        assert_eq!(Market::current_provers(OrderId(0)), vec![]);
        at(23);
        Market::piece_sealed(&provider(1), ID, 23);
        assert_eq!(state(ID), SlotState::Active);
        assert_eq!(
            own_events().last(),
            Some(&Event::SlotActive {
                slot: ID,
                provider: provider(1),
                refunded: 300
            })
        );
        assert_eq!(Market::current_provers(OrderId(0)), vec![provider(1)]);
        refused(settle(ID), Error::<Test>::NothingDue);
        at(60);
        prove(ID, 53);
        assert_eq!(pays(settle(ID)), Pays::No);
        assert_eq!(earned(1), 30 * ASK);
        assert_eq!(
            own_events().last(),
            Some(&Event::Settled {
                slot: ID,
                provider: provider(1),
                amount: 120,
                paid_until: 53
            })
        );
        refused(settle(ID), Error::<Test>::NothingDue);
        refused(settle(slot(0, 1)), Error::<Test>::NothingDue);
        refused(settle(slot(0, 9)), Error::<Test>::SlotUnknown);
        refused(settle(slot(9, 0)), Error::<Test>::OrderUnknown);
        let call = RuntimeCall::Market(Call::settle { slot: ID });
        refused(
            call.dispatch(RuntimeOrigin::root()),
            DispatchError::BadOrigin,
        );
    });
}

#[test]
fn a_deal_proven_to_its_end_expires_with_everything_free_again() {
    crate::mock::run(|| {
        placed();
        active(1, ID);
        after(99);
        prove(ID, System::block_number());
        assert_ok!(settle(ID));
        assert_eq!(state(ID), SlotState::Active);
        after(30);
        refused(settle(ID), Error::<Test>::NothingDue);
        prove(ID, System::block_number());
        assert_eq!(pays(settle(ID)), Pays::No);
        assert_eq!(state(ID), SlotState::Expired);
        assert_eq!(earned(1), 100 * ASK);
        assert_eq!(held(), 5 * 700);
        assert_eq!(free_pledge(1), PLEDGE);
        assert_eq!(Nodes::facts(&provider(1)).unwrap().free_bytes, CAPACITY);
        assert_eq!(Market::deals_of(provider(1), None), vec![]);
        assert_eq!(<Market as Deals>::facts(ID), None);
        refused(settle(ID), Error::<Test>::NothingDue);
        assert_eq!(
            own_events().last(),
            Some(&Event::SlotExpired {
                slot: ID,
                provider: provider(1),
                refunded: 0
            })
        );
        assert_eq!(Market::order_view(OrderId(0)).unwrap().slots[0].paid, 400);
    });
}

#[test]
fn unsealed_time_is_not_paid_and_goes_back_to_the_client() {
    crate::mock::run(|| {
        placed();
        confirmed(1, ID);
        after(40);
        for _ in 0..2 {
            Market::piece_sealed(&provider(1), ID, System::block_number());
        }
        after(60);
        prove(ID, System::block_number());
        assert_ok!(settle(ID));
        assert_eq!(earned(1), 60 * ASK);
        assert_eq!(
            own_events().last(),
            Some(&Event::SlotExpired {
                slot: ID,
                provider: provider(1),
                refunded: 40 * ASK
            })
        );
    });
}

#[test]
fn faulty_time_is_not_paid() {
    crate::mock::run(|| {
        placed();
        active(1, ID);
        at(50);
        Market::piece_faulted(&provider(1), ID, 33);
        assert_eq!((state(ID), earned(1)), (SlotState::Faulty, 20 * ASK));
        assert_eq!(
            own_events().last(),
            Some(&Event::SlotFaulty {
                slot: ID,
                provider: provider(1)
            })
        );
        Market::piece_faulted(&provider(1), ID, 33);
        refused(settle(ID), Error::<Test>::NothingDue);
        assert_eq!(Market::current_provers(OrderId(0)), vec![]);
        assert!(<Market as Deals>::facts(ID).is_some());
        at(63);
        Market::piece_recovered(&provider(1), ID, 63);
        assert_eq!(state(ID), SlotState::Faulty);
        Market::piece_recovered(&provider(1), ID, 63);
        assert_eq!(state(ID), SlotState::Active);
        at(120);
        prove(ID, 120);
        assert_ok!(settle(ID));
        assert_eq!(earned(1), (20 + 50) * ASK);
        assert_eq!(state(ID), SlotState::Expired);
        assert_eq!(held(), 5 * 700);
    });
}

#[test]
fn a_lost_slot_costs_the_lock_and_refunds_the_rest() {
    crate::mock::run(|| {
        placed();
        active(1, ID);
        at(50);
        prove(ID, 33);
        Market::piece_lost(&provider(1), ID, LossReason::GivenUp);
        assert_eq!((state(ID), earned(1)), (SlotState::Lost, 20 * ASK));
        assert_eq!(free_pledge(1), PLEDGE - 100);
        assert_eq!(Pledges::locked(&provider(1), ID), 0);
        assert_eq!(Nodes::facts(&provider(1)).unwrap().free_bytes, CAPACITY);
        assert_eq!(held(), 5 * 700);
        assert_eq!(
            own_events().last(),
            Some(&Event::SlotLost {
                slot: ID,
                provider: provider(1),
                reason: LossReason::GivenUp,
                slashed: 100,
                refunded: 80 * ASK
            })
        );
        let before = stored(ID);
        Market::piece_lost(&provider(1), ID, LossReason::GivenUp);
        Market::piece_sealed(&provider(1), ID, 50);
        Market::piece_faulted(&provider(1), ID, 50);
        Market::piece_recovered(&provider(1), ID, 50);
        assert_eq!(stored(ID), before);
        assert_eq!(<Market as Deals>::facts(ID), None);
        refused(settle(ID), Error::<Test>::NothingDue);
    });
}

#[test]
fn a_sector_that_goes_after_a_deal_proven_to_its_end_costs_nothing() {
    crate::mock::run(|| {
        placed();
        active(1, ID);
        active(2, slot(0, 1));
        after(120);
        prove(ID, 120);
        Market::piece_lost(&provider(1), ID, LossReason::GivenUp);
        assert_eq!(
            (state(ID), earned(1), free_pledge(1)),
            (SlotState::Expired, 400, PLEDGE)
        );
        Market::piece_faulted(&provider(2), slot(0, 1), 120);
        assert_eq!(state(slot(0, 1)), SlotState::Expired);
        assert_eq!((earned(2), free_pledge(2)), (400, PLEDGE));
    });
}

#[test]
fn a_confirmed_slot_that_is_lost_before_it_is_sealed_is_slashed_too() {
    crate::mock::run(|| {
        placed();
        confirmed(1, ID);
        Market::piece_sealed(&provider(1), ID, 13);
        Market::piece_faulted(&provider(1), ID, 13);
        assert_eq!(state(ID), SlotState::Confirmed);
        Market::piece_sealed(&provider(1), ID, 14);
        assert_eq!(state(ID), SlotState::Confirmed);
        Market::piece_lost(&provider(1), ID, LossReason::GivenUp);
        assert_eq!((state(ID), free_pledge(1)), (SlotState::Lost, PLEDGE - 100));
    });
}

#[test]
fn reports_about_open_claimed_or_unknown_slots_change_nothing() {
    crate::mock::run(|| {
        placed();
        ready(1);
        assert_ok!(claim(1, slot(0, 1)));
        for id in [ID, slot(0, 1), slot(0, 9), slot(9, 0)] {
            let before = Slots::<Test>::get(id.order, id.slot);
            Market::piece_sealed(&provider(1), id, 20);
            Market::piece_faulted(&provider(1), id, 20);
            Market::piece_recovered(&provider(1), id, 20);
            Market::piece_lost(&provider(1), id, LossReason::GivenUp);
            assert_eq!(Slots::<Test>::get(id.order, id.slot), before);
            assert_eq!(<Market as Deals>::facts(id), None);
            assert_eq!(<Market as Holders>::slot(id), None);
        }
        assert_eq!(Market::slots_of(OrderId(0)), Some(6));
        assert_eq!(Market::slots_of(OrderId(9)), None);
    });
}
