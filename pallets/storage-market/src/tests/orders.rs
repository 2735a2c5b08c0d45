//! Asks, placing, cancelling, renewing, and what is read of them.

use ips_primitives::id::ProviderId;
use sp_runtime::TokenError;

use super::*;
use crate::{
    mock::{account, retire, set_node, ENDOWMENT},
    Asks, Orders,
};

#[test]
fn an_order_holds_its_highest_price() {
    crate::mock::run(|| {
        let id = place(params());
        assert_eq!(id, OrderId(0));
        assert_eq!(held(), 6 * PRICE_MAX * 100);
        assert_eq!(Market::quote(params()), held() + DEPOSIT);
        assert_eq!(free(&client()), ENDOWMENT - held() - DEPOSIT);
        assert_eq!(
            own_events(),
            vec![Event::OrderPlaced {
                order: id,
                client: AccountKey(client().into()),
                file: FileId([1; 32]),
                held: 4_200,
                deposit: DEPOSIT
            }]
        );
        assert_eq!(place(params()), OrderId(1));
    });
}

#[test]
fn bad_orders_are_refused_and_nothing_is_held() {
    crate::mock::run(|| {
        let cases = [
            (
                OrderParams {
                    erasure: ErasureParams { data: 5, parity: 1 },
                    ..params()
                },
                Error::<Test>::BadErasure,
            ),
            (
                OrderParams {
                    slot_roots: Default::default(),
                    ..params()
                },
                Error::<Test>::BadSlotRoots,
            ),
            (
                OrderParams {
                    segments: 0,
                    ..params()
                },
                Error::<Test>::BadSegments,
            ),
            (
                OrderParams {
                    segments: u32::MAX,
                    ..params()
                },
                Error::<Test>::BadSegments,
            ),
            (
                OrderParams {
                    duration_blocks: 0,
                    ..params()
                },
                Error::<Test>::BadDuration,
            ),
            (
                OrderParams {
                    duration_blocks: 1_001,
                    ..params()
                },
                Error::<Test>::BadDuration,
            ),
        ];
        for (params, error) in cases {
            refused(call(client(), Call::place_order { params }), error);
        }
        let root = RuntimeCall::Market(Call::place_order { params: params() });
        refused(
            root.dispatch(RuntimeOrigin::root()),
            DispatchError::BadOrigin,
        );
        assert_eq!((held(), free(&client())), (0, ENDOWMENT));
        assert_eq!(Market::next_order(), OrderId(0));
    });
}

#[test]
fn a_slot_has_at_most_64_pieces() {
    let profile = <Test as crate::Config>::Profile::get();
    crate::mock::run(|| {
        crate::mock::TestProfile::set(ips_primitives::sector::Profile::TEST);
        refused(
            call(client(), Call::place_order { params: params() }),
            Error::<Test>::SlotTooLarge,
        );
    });
    crate::mock::TestProfile::set(ips_primitives::sector::Profile::DEV);
    // 16 MiB is the largest slot, and is 17 pieces of this profile.
    assert!(profile.pieces_of(16 << 20) <= crate::SLOT_PIECES_MAX);
    assert!(ips_primitives::sector::Profile::TEST.pieces_of(1 << 20) > crate::SLOT_PIECES_MAX);
}

#[test]
fn an_order_beyond_the_clients_funds_is_refused() {
    crate::mock::run(|| {
        for price_per_mib_block_max in [ENDOWMENT / 600 + 1, Balance::MAX] {
            let params = OrderParams {
                price_per_mib_block_max,
                ..params()
            };
            refused(
                call(client(), Call::place_order { params }),
                TokenError::FundsUnavailable,
            );
        }
        refused(
            call(account(201), Call::place_order { params: params() }),
            TokenError::FundsUnavailable,
        );
        // Enough for the price, not for the deposit.
        let params = OrderParams {
            price_per_mib_block_max: ENDOWMENT / 42,
            duration_blocks: 7,
            ..params()
        };
        refused(
            call(client(), Call::place_order { params }),
            TokenError::FundsUnavailable,
        );
        assert_eq!((held(), free(&client())), (0, ENDOWMENT));
    });
}

#[test]
fn asks_are_set_and_taken_away_by_registered_owners() {
    crate::mock::run(|| {
        register(1, NodeClass::Personal);
        set_ask(1, 3, 50);
        let ask = Ask {
            price_per_mib_block: 3,
            duration_blocks_max: 50,
        };
        assert_eq!(Asks::<Test>::get(provider(1)), Some(ask));
        assert_eq!(Market::ask_of(provider(1)), Some(ask));
        assert_eq!(
            own_events(),
            vec![Event::AskSet {
                provider: provider(1),
                ask
            }]
        );
        set_ask(1, 3, 0);
        assert_eq!(Asks::<Test>::get(provider(1)), None);
        let none = Ask::default();
        refused(
            call(account(1), Call::set_ask { ask: none }),
            Error::<Test>::NoAsk,
        );
        set_ask(1, 3, 50);
        retire(1);
        refused(
            call(account(1), Call::set_ask { ask }),
            Error::<Test>::NotAProvider,
        );
        assert_ok!(call(account(1), Call::set_ask { ask: none }));
        assert_eq!(Asks::<Test>::get(provider(1)), None);
        refused(
            call(account(2), Call::set_ask { ask }),
            Error::<Test>::NotAProvider,
        );
        refused(
            RuntimeCall::Market(Call::set_ask { ask }).dispatch(RuntimeOrigin::none()),
            DispatchError::BadOrigin,
        );
    });
}

#[test]
fn cancelling_closes_open_slots_only_and_refunds_them() {
    crate::mock::run(|| {
        let id = placed();
        ready(1);
        assert_ok!(claim(1, slot(0, 0)));
        active(2, slot(0, 1));
        assert_ok!(call(client(), Call::cancel_order { order: id }));
        assert_eq!(state(slot(0, 0)), SlotState::Claimed);
        assert_eq!(state(slot(0, 1)), SlotState::Active);
        assert_eq!(state(slot(0, 2)), SlotState::Expired);
        assert_eq!(held(), PRICE_MAX * 100 + ASK * 100);
        assert_eq!(
            own_events().last(),
            Some(&Event::OrderCancelled {
                order: id,
                closed_slots: 4,
                refunded: 2_800
            })
        );
        ready(3);
        refused(claim(3, slot(0, 2)), Error::<Test>::OrderClosed);
        refused(
            call(client(), Call::cancel_order { order: id }),
            Error::<Test>::OrderClosed,
        );
        assert_ok!(confirm(1, slot(0, 0)));
    });
}

#[test]
fn cancelling_undoes_claims_that_were_not_delivered() {
    crate::mock::run(|| {
        let id = placed();
        ready(1);
        assert_ok!(claim(1, slot(0, 0)));
        after(21);
        let weight = call(client(), Call::cancel_order { order: id })
            .unwrap()
            .actual_weight;
        assert_eq!(weight, Some(<() as crate::WeightInfo>::cancel_order(6)));
        assert_eq!(state(slot(0, 0)), SlotState::Expired);
        assert_eq!((held(), free(&client())), (0, ENDOWMENT - DEPOSIT));
    });
}

#[test]
fn only_the_client_cancels_and_renews() {
    crate::mock::run(|| {
        let id = place(params());
        let unknown = OrderId(9);
        refused(
            call(account(1), Call::cancel_order { order: id }),
            Error::<Test>::NotYourOrder,
        );
        refused(
            call(client(), Call::cancel_order { order: unknown }),
            Error::<Test>::OrderUnknown,
        );
        refused(
            call(
                account(1),
                Call::renew {
                    order: id,
                    extra_blocks: 1,
                },
            ),
            Error::<Test>::NotYourOrder,
        );
        refused(
            call(
                client(),
                Call::renew {
                    order: unknown,
                    extra_blocks: 1,
                },
            ),
            Error::<Test>::OrderUnknown,
        );
        for call in [
            Call::cancel_order { order: id },
            Call::renew {
                order: id,
                extra_blocks: 1,
            },
        ] {
            refused(
                RuntimeCall::Market(call).dispatch(RuntimeOrigin::root()),
                DispatchError::BadOrigin,
            );
        }
    });
}

#[test]
fn renewing_prolongs_every_live_slot_at_its_price() {
    crate::mock::run(|| {
        let id = placed();
        active(1, slot(0, 0));
        ready(2);
        assert_ok!(claim(2, slot(0, 1)));
        let before = held();
        assert_ok!(call(
            client(),
            Call::renew {
                order: id,
                extra_blocks: 50
            }
        ));
        let more = 50 * ASK + 5 * 50 * PRICE_MAX;
        assert_eq!(held(), before + more);
        assert_eq!(
            own_events().last(),
            Some(&Event::OrderRenewed {
                order: id,
                extra_blocks: 50,
                held: more
            })
        );
        assert_eq!(Orders::<Test>::get(id).unwrap().params.duration_blocks, 150);
        assert_ok!(confirm(2, slot(0, 1)));
        assert_eq!(stored(slot(0, 1)).held, 150 * PRICE_MAX);
        after(150);
        prove(slot(0, 0), System::block_number());
        assert_ok!(settle(slot(0, 0)));
        assert_eq!(free(&account(1)), 100 + 150 * ASK);
    });
}

#[test]
fn renewals_that_somebody_does_not_accept_are_refused_whole() {
    crate::mock::run(|| {
        let id = placed();
        active(1, slot(0, 0));
        let renew = |extra_blocks| {
            call(
                client(),
                Call::renew {
                    order: id,
                    extra_blocks,
                },
            )
        };
        refused(renew(0), Error::<Test>::BadDuration);
        refused(renew(901), Error::<Test>::BadDuration);
        refused(renew(u32::MAX), Error::<Test>::BadDuration);
        set_ask(1, ASK, 120);
        refused(renew(21), Error::<Test>::RenewalRefused);
        set_ask(1, ASK + 1, 1_000);
        refused(renew(1), Error::<Test>::RenewalRefused);
        set_ask(1, ASK, 0);
        refused(renew(1), Error::<Test>::RenewalRefused);
        set_ask(1, ASK, 1_000);
        after(100);
        refused(renew(1), Error::<Test>::DealOver);
        prove(slot(0, 0), System::block_number());
        assert_ok!(settle(slot(0, 0)));
        assert_ok!(call(client(), Call::cancel_order { order: id }));
        refused(renew(1), Error::<Test>::NothingToRenew);
    });
}

#[test]
fn renewals_beyond_the_clients_funds_are_refused() {
    crate::mock::run(|| {
        let id = place(OrderParams {
            price_per_mib_block_max: 1_600,
            ..params()
        });
        refused(
            call(
                client(),
                Call::renew {
                    order: id,
                    extra_blocks: 900,
                },
            ),
            TokenError::FundsUnavailable,
        );
        assert_eq!(held(), 960_000);
    });
}

#[test]
fn orders_are_found_by_id_file_client_and_provider() {
    crate::mock::run(|| {
        let other = OrderParams {
            file: FileId([2; 32]),
            ..params()
        };
        let ids = [place(params()), place(other), place(params())];
        assert_eq!(
            Market::orders_of_file(FileId([1; 32]), None),
            vec![ids[0], ids[2]]
        );
        assert_eq!(Market::orders_of_file(FileId([9; 32]), None), vec![]);
        let own = AccountKey(client().into());
        assert_eq!(Market::orders_of_client(own, None), ids);
        assert_eq!(Market::open_orders(OrderId(0), 10), ids);
        assert_eq!(Market::open_orders(OrderId(1), 1), vec![ids[1]]);
        assert_eq!(Market::open_orders(OrderId(3), 10), vec![]);
        assert_eq!(Market::open_orders(OrderId(u64::MAX), 10), vec![]);
        assert_ok!(call(client(), Call::cancel_order { order: ids[1] }));
        assert_eq!(Market::open_orders(OrderId(0), 10), vec![ids[0], ids[2]]);

        after(12);
        confirmed(1, slot(2, 4));
        assert_eq!(Market::deals_of(ProviderId([9; 32]), None), vec![]);
        let deals = Market::deals_of(provider(1), None);
        assert_eq!(deals.len(), 1);
        assert_eq!(
            (deals[0].slot, deals[0].view.state),
            (slot(2, 4), SlotState::Confirmed)
        );
        let view = Market::order_view(ids[2]).unwrap();
        assert_eq!(Market::order(ids[2]), Some(view.clone()));
        assert_eq!(view.slots.len(), 6);
        assert_eq!(view.slots[4], deals[0].view);
        assert_eq!(view.slots[4].price_per_mib_block, ASK);
        assert_eq!(view.held, 6 * PRICE_MAX * 100);
        assert_eq!(view.lottery_beacon, Some([5; 32]));
        assert_eq!(Market::order_view(OrderId(77)), None);
    });
}

#[test]
fn an_order_whose_slots_are_all_claimed_is_open_again_when_one_is_late() {
    crate::mock::run(|| {
        let id = placed();
        for n in 1..=6 {
            ready(n);
            assert_ok!(claim(n, slot(0, u16::from(n) - 1)));
        }
        assert_eq!(Market::open_orders(id, 1), vec![]);
        after(21);
        assert_eq!(Market::open_orders(id, 1), vec![id]);
        for n in 1..=6 {
            assert_ok!(confirm(n, slot(0, u16::from(n) - 1)));
        }
        assert_eq!(Market::open_orders(id, 1), vec![]);
        after(61);
        assert_eq!(Market::open_orders(id, 1), vec![id]);
        for n in 1..=6 {
            for _ in 0..2 {
                Market::piece_sealed(
                    &provider(n),
                    slot(0, u16::from(n) - 1),
                    System::block_number(),
                );
            }
        }
        assert_eq!(Market::open_orders(id, 1), vec![]);
        assert!(!Orders::<Test>::get(id).unwrap().is_open());
    });
}

#[test]
fn ended_orders_do_not_hide_open_ones_and_long_answers_come_in_pages() {
    crate::mock::run(|| {
        let cheap = || OrderParams {
            price_per_mib_block_max: 0,
            ..params()
        };
        for _ in 0..300 {
            let order = place(cheap());
            assert_ok!(call(client(), Call::cancel_order { order }));
        }
        let ids = [place(cheap()), place(cheap())];
        assert_eq!(Market::open_orders(OrderId(0), 10), ids);
        assert_eq!(Market::open_orders(OrderId(301), 10), vec![ids[1]]);
        let (file, own) = (FileId([1; 32]), AccountKey(client().into()));
        for page in [
            Market::orders_of_file(file, None),
            Market::orders_of_client(own, None),
        ] {
            assert_eq!(page, (0..256).map(OrderId).collect::<Vec<_>>());
        }
        for page in [
            Market::orders_of_file(file, Some(OrderId(255))),
            Market::orders_of_client(own, Some(OrderId(255))),
        ] {
            assert_eq!(page, (256..302).map(OrderId).collect::<Vec<_>>());
        }
        after(12);
        ready(1);
        for id in ids {
            set_ask(1, 0, 1_000);
            assert_ok!(claim(1, slot(id.0, 0)));
        }
        let after_first = Market::deals_of(provider(1), Some(slot(300, 0)));
        assert_eq!(after_first.len(), 1);
        assert_eq!(after_first[0].slot, slot(301, 0));
        assert_eq!(Market::deals_of(provider(1), Some(slot(301, 0))), vec![]);
    });
}

#[test]
fn the_beacon_is_unknown_until_nobody_could_have_guessed_it() {
    crate::mock::run(|| {
        let id = place(params());
        assert_eq!(Market::order_view(id).unwrap().lottery_beacon, None);
        set_node(1, NodeClass::Super, 1, 1000);
        set_ask(1, ASK, 1_000);
        for block in 1..=4 {
            at(block);
            refused(claim(1, slot(0, 0)), Error::<Test>::LotteryNotOpen);
        }
    });
}
