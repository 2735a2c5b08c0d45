//! Ended orders leave the state and give their deposit back.

use super::*;
use crate::{
    mock::{account, ENDOWMENT},
    ClientOrders, FileOrders, GroupSeats, OpenOrders, OrderKey, Orders,
};

fn prune(order: OrderId) -> DispatchResultWithPostInfo {
    call(account(30), Call::prune_order { order })
}

fn deposits() -> Balance {
    Balances::balance_on_hold(&HoldReason::OrderDeposit.into(), &client())
}

#[test]
fn anybody_prunes_an_ended_order_and_its_client_gets_the_deposit() {
    crate::mock::run(|| {
        let id = placed();
        active(1, slot(0, 0));
        active(2, slot(0, 1));
        assert_eq!(deposits(), DEPOSIT);
        refused(prune(id), Error::<Test>::OrderNotEnded);
        assert_ok!(call(client(), Call::cancel_order { order: id }));
        refused(prune(id), Error::<Test>::OrderNotEnded);
        Market::piece_lost(&provider(1), slot(0, 0), LossReason::Fraud);
        refused(prune(id), Error::<Test>::OrderNotEnded);
        after(DURATION);
        prove(slot(0, 1), System::block_number());
        assert_ok!(settle(slot(0, 1)));
        let done = prune(id).unwrap();
        assert_eq!(done.pays_fee, Pays::No);
        assert_eq!(
            done.actual_weight,
            Some(<() as crate::WeightInfo>::prune_order(6))
        );
        assert_eq!((deposits(), held()), (0, 0));
        assert_eq!(free(&client()), ENDOWMENT - 100 * ASK);
        assert_eq!(
            own_events().last(),
            Some(&Event::OrderPruned {
                order: id,
                deposit: DEPOSIT
            })
        );
        refused(prune(id), Error::<Test>::OrderUnknown);
        let root = RuntimeCall::Market(Call::prune_order { order: id });
        refused(
            root.dispatch(RuntimeOrigin::root()),
            DispatchError::BadOrigin,
        );
    });
}

#[test]
fn a_pruned_order_leaves_nothing_behind_and_its_id_is_not_used_again() {
    crate::mock::run(|| {
        let id = place(params());
        assert_ok!(call(client(), Call::cancel_order { order: id }));
        assert_ok!(prune(id));
        let (key, own) = (OrderKey::from(id), AccountKey(client().into()));
        assert_eq!(Orders::<Test>::get(id), None);
        assert_eq!(Slots::<Test>::iter().count(), 0);
        assert!(GroupSeats::<Test>::get(id).is_empty());
        assert!(!FileOrders::<Test>::contains_key(FileId([1; 32]), key));
        assert!(!ClientOrders::<Test>::contains_key(own, key));
        assert!(!OpenOrders::<Test>::contains_key(key));
        assert_eq!(free(&client()), ENDOWMENT);
        assert_eq!(Market::order_view(id), None);
        ready(1);
        refused(claim(1, slot(0, 0)), Error::<Test>::OrderUnknown);
        refused(settle(slot(0, 0)), Error::<Test>::OrderUnknown);
        // Late reports about it are ignored.
        Market::piece_lost(&provider(1), slot(0, 0), LossReason::Cutoff);
        assert_eq!(place(params()), OrderId(1));
    });
}
