//! Each call: success, each error, wrong origin, event; life of a slot; money.

mod claims;
mod deadlines;
mod deals;
mod economics;
mod orders;
mod prune;

use frame_support::{
    assert_ok,
    dispatch::{DispatchResultWithPostInfo, Pays},
    traits::fungible::{Inspect, InspectHold},
};
use ips_pallet_traits::Deals;
use ips_primitives::{
    deal::{Ask, DeliveryNote, LossReason, OrderParams, SlotState, UndoneReason},
    fragment::{ErasureParams, FragmentSize},
    id::{AccountKey, Balance, BlockNumber, FileId, OrderId, Signature, SlotId, SlotIndex},
    node_class::NodeClass,
    slot::SlotRoot,
};
use sp_core::Pair;
use sp_runtime::{traits::Dispatchable, AccountId32, DispatchError};

use crate::{
    mock::{
        client, delivery_pair, prove, provider, register, worker, Balances, Market, RuntimeCall,
        RuntimeEvent, RuntimeOrigin, System, Test,
    },
    Call, Error, Event, HoldReason, Slot, Slots,
};

/// One block of one slot costs this at the highest price: 1 MiB for 7.
const PRICE_MAX: Balance = 7;
/// What the providers ask.
const ASK: Balance = 4;
const DURATION: BlockNumber = 100;
/// Held for each of these orders besides its price: 40 and 10 per slot.
const DEPOSIT: Balance = 100;

/// 6 slots of 1 MiB, 3 of which suffice.
fn params() -> OrderParams {
    OrderParams {
        file: FileId([1; 32]),
        group: 0,
        erasure: ErasureParams { data: 3, parity: 3 },
        fragment_size: FragmentSize::K256,
        segments: 4,
        slot_roots: (0..6)
            .map(|n| SlotRoot([n; 32]))
            .collect::<Vec<_>>()
            .try_into()
            .unwrap(),
        duration_blocks: DURATION,
        price_per_mib_block_max: PRICE_MAX,
        delivery_key: AccountKey(delivery_pair().public().0),
    }
}

fn slot(order: u64, index: u16) -> SlotId {
    SlotId {
        order: OrderId(order),
        slot: SlotIndex(index),
    }
}

fn stored(id: SlotId) -> Slot {
    Slots::<Test>::get(id.order, id.slot).unwrap()
}

fn state(id: SlotId) -> SlotState {
    stored(id).state
}

/// Dispatches as the chain does: a failed call leaves nothing behind.
fn call(who: AccountId32, call: Call<Test>) -> DispatchResultWithPostInfo {
    RuntimeCall::Market(call).dispatch(RuntimeOrigin::signed(who))
}

#[track_caller]
fn refused(result: DispatchResultWithPostInfo, with: impl Into<DispatchError>) {
    assert_eq!(result.unwrap_err().error, with.into());
}

fn own_events() -> Vec<Event<Test>> {
    System::events()
        .into_iter()
        .filter_map(|record| match record.event {
            RuntimeEvent::Market(event) => Some(event),
            _ => None,
        })
        .collect()
}

fn held() -> Balance {
    Balances::balance_on_hold(&HoldReason::Order.into(), &client())
}

fn free(who: &AccountId32) -> Balance {
    Balances::balance(who)
}

fn at(block: BlockNumber) {
    System::set_block_number(block);
}

fn after(blocks: BlockNumber) {
    at(System::block_number() + blocks);
}

fn set_ask(n: u8, price_per_mib_block: Balance, duration_blocks_max: BlockNumber) {
    let ask = Ask {
        price_per_mib_block,
        duration_blocks_max,
    };
    assert_ok!(call(crate::mock::account(n), Call::set_ask { ask }));
}

/// Registers provider `n`, of a class that differs from its neighbours', with the usual ask.
fn ready(n: u8) {
    register(n, NodeClass::ALL[usize::from(n) % 5]);
    set_ask(n, ASK, 1_000);
}

fn place(params: OrderParams) -> OrderId {
    let order = Market::next_order();
    assert_ok!(call(client(), Call::place_order { params }));
    order
}

/// Places the usual order at block 1 and moves to a block in which everybody may claim.
fn placed() -> OrderId {
    let order = place(params());
    after(12);
    order
}

fn claim(n: u8, id: SlotId) -> DispatchResultWithPostInfo {
    call(worker(n), Call::claim_slot { slot: id })
}

fn sign(note: &DeliveryNote) -> Signature {
    Signature(delivery_pair().sign(&note.signing_bytes()).0)
}

fn note(n: u8, id: SlotId) -> DeliveryNote {
    DeliveryNote {
        genesis: Market::genesis(),
        slot: id,
        provider: provider(n),
        slot_root: SlotRoot([id.slot.0 as u8; 32]),
    }
}

fn confirm(n: u8, id: SlotId) -> DispatchResultWithPostInfo {
    call(
        worker(n),
        Call::confirm_deal {
            slot: id,
            signature: sign(&note(n, id)),
        },
    )
}

fn settle(id: SlotId) -> DispatchResultWithPostInfo {
    call(crate::mock::account(30), Call::settle { slot: id })
}

/// Registers provider `n`, which claims and confirms the slot.
fn confirmed(n: u8, id: SlotId) {
    ready(n);
    assert_ok!(claim(n, id));
    assert_ok!(confirm(n, id));
}

/// As [`confirmed`], and seals its two pieces.
fn active(n: u8, id: SlotId) {
    confirmed(n, id);
    for _ in 0..2 {
        Market::piece_sealed(&provider(n), id, System::block_number());
    }
    assert_eq!(state(id), SlotState::Active);
}

fn pays(result: DispatchResultWithPostInfo) -> Pays {
    result.unwrap().pays_fee
}
