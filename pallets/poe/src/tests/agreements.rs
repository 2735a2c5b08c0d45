//! Opening, feeding, closing.

use frame_support::{assert_noop, assert_ok, traits::fungible::InspectHold};
use ips_pallet_traits::SlotFacts;
use ips_primitives::{
    id::{AccountKey, AgreementId, OrderId, ProviderId},
    slot::SlotRoot,
};
use sp_runtime::{AccountId32, DispatchError, TokenError};

use crate::{mock::*, AgreementsOf, Error, Event, HoldReason};

fn client() -> AccountId32 {
    AccountId32::from([1; 32])
}

fn signed(n: u8) -> RuntimeOrigin {
    RuntimeOrigin::signed(AccountId32::from([n; 32]))
}

fn held() -> u128 {
    Balances::balance_on_hold(&HoldReason::Retrieval.into(), &client())
}

fn with_order(test: impl FnOnce(OrderId)) {
    with_chain(&[client()], || {
        let facts = SlotFacts {
            provider: ProviderId([5; 32]),
            root: SlotRoot([6; 32]),
            bytes: 100,
        };
        Slots::mutate(|slots| slots.insert(slot_id(3), facts));
        test(OrderId(3));
    });
}

#[test]
fn budget_is_on_hold_until_the_end() {
    with_order(|order| {
        let id = AgreementId(0);
        assert_ok!(Poe::open_retrieval(signed(1), order, 7, 500));
        System::assert_last_event(
            Event::AgreementOpened {
                agreement: id,
                client: AccountKey([1; 32]),
                order,
                price_per_mib: 7,
                budget: 500,
            }
            .into(),
        );
        assert_eq!(held(), 500);
        assert_ok!(Poe::top_up(signed(1), id, 250));
        System::assert_last_event(
            Event::ToppedUp {
                agreement: id,
                amount: 250,
            }
            .into(),
        );
        let view = Poe::agreement_view(id).unwrap();
        assert_eq!(
            (view.client, view.order, view.budget),
            (AccountKey([1; 32]), order, 750)
        );
        assert_eq!(Poe::agreements_of(AccountKey([1; 32])), vec![id]);

        assert_ok!(Poe::close(signed(1), id));
        System::assert_last_event(
            Event::CloseRequested {
                agreement: id,
                closes_at: 11,
            }
            .into(),
        );
        assert_noop!(Poe::top_up(signed(1), id, 1), Error::<Test>::Closing);
        assert_noop!(Poe::close(signed(1), id), Error::<Test>::Closing);
        System::set_block_number(10);
        assert_noop!(Poe::withdraw(signed(1), id), Error::<Test>::NotClosed);
        System::set_block_number(11);
        assert_ok!(Poe::withdraw(signed(9), id));
        System::assert_last_event(
            Event::AgreementClosed {
                agreement: id,
                refund: 750,
            }
            .into(),
        );
        assert_eq!((held(), free(client())), (0, 1_000_000));
        assert!(Poe::agreement_view(id).is_none());
        assert!(!AgreementsOf::<Test>::contains_key(AccountKey([1; 32])));
        assert_noop!(
            Poe::withdraw(signed(1), id),
            Error::<Test>::UnknownAgreement
        );
    });
}

#[test]
fn each_condition_of_opening_is_checked() {
    with_order(|order| {
        let open = |origin, order, budget| Poe::open_retrieval(origin, order, 7, budget);
        assert_noop!(
            open(RuntimeOrigin::root(), order, 500),
            DispatchError::BadOrigin
        );
        assert_noop!(
            open(signed(1), OrderId(4), 500),
            Error::<Test>::UnknownOrder
        );
        assert_noop!(open(signed(1), order, 99), Error::<Test>::BudgetTooSmall);
        assert_noop!(
            open(signed(1), order, 2_000_000),
            TokenError::FundsUnavailable
        );
        for _ in 0..crate::AGREEMENTS_PER_CLIENT_MAX {
            assert_ok!(open(signed(1), order, 100));
        }
        assert_noop!(
            open(signed(1), order, 100),
            Error::<Test>::TooManyAgreements
        );
    });
}

#[test]
fn only_the_client_feeds_and_closes() {
    with_order(|order| {
        let id = AgreementId(0);
        assert_noop!(
            Poe::top_up(signed(1), id, 1),
            Error::<Test>::UnknownAgreement
        );
        assert_noop!(Poe::close(signed(1), id), Error::<Test>::UnknownAgreement);
        assert_ok!(Poe::open_retrieval(signed(1), order, 7, 500));
        assert_noop!(Poe::top_up(signed(2), id, 1), Error::<Test>::NotTheClient);
        assert_noop!(Poe::close(signed(2), id), Error::<Test>::NotTheClient);
        assert_noop!(
            Poe::close(RuntimeOrigin::root(), id),
            DispatchError::BadOrigin
        );
        assert_noop!(
            Poe::top_up(RuntimeOrigin::none(), id, 1),
            DispatchError::BadOrigin
        );
        assert_noop!(
            Poe::withdraw(RuntimeOrigin::none(), id),
            DispatchError::BadOrigin
        );
        assert_noop!(Poe::withdraw(signed(1), id), Error::<Test>::NotClosed);
        assert_noop!(
            Poe::top_up(signed(1), id, 2_000_000),
            TokenError::FundsUnavailable
        );
        assert_noop!(
            Poe::top_up(signed(1), id, u128::MAX),
            Error::<Test>::Overflow
        );
    });
}
