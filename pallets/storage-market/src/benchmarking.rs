//! Benchmarks of the calls, each on the widest group and its longest path.

use alloc::{vec, vec::Vec};
use frame_benchmarking::v2::*;
use frame_support::traits::{
    fungible::{Inspect, Mutate},
    Get,
};
use frame_system::RawOrigin;
use ips_pallet_traits::{Collateral, NodeRegistry, Replicas};
use ips_primitives::{
    deal::{Ask, DeliveryNote, OrderParams, SlotState, ORDER_SLOTS_MAX},
    fragment::{ErasureParams, FragmentSize},
    id::{
        AccountKey, Balance, BlockNumber, FileId, OrderId, ProviderId, Signature, SlotId, SlotIndex,
    },
    node_class::NodeClass,
    placement::collateral_for,
    slot::SlotRoot,
};
use sp_core::crypto::KeyTypeId;
use sp_runtime::AccountId32;

use crate::{
    math::slot_price_max,
    pallet::{
        Asks, Call, ClientOrders, Config, FileOrders, GroupSeats, HoldReason, NextOrderId,
        OpenOrders, Orders, Pallet, ProviderSlots, Slots,
    },
    types::{Claim, Order, OrderKey, Seat, Slot, SlotKey},
};

const CLIENT: AccountId32 = AccountId32::new([1; 32]);
const OWNER: ProviderId = ProviderId([2; 32]);
const WORKER: AccountId32 = AccountId32::new([3; 32]);
const KEY_TYPE: KeyTypeId = KeyTypeId(*b"mark");

/// Parameters of an order of `s` slots of 8 KiB; any `s`, so that the weight's slope can be found.
fn params_of<T: Config>(s: u32, delivery_key: AccountKey) -> OrderParams {
    let total = u8::try_from(s).expect("a group has at most 60 slots");
    OrderParams {
        file: FileId([4; 32]),
        group: 0,
        erasure: ErasureParams {
            data: total - total / 2,
            parity: total / 2,
        },
        fragment_size: FragmentSize::K8,
        segments: 1,
        slot_roots: vec![SlotRoot([5; 32]); usize::from(total)]
            .try_into()
            .expect("at most 60"),
        duration_blocks: duration::<T>(),
        price_per_mib_block_max: price::<T>(),
        delivery_key,
    }
}

fn duration<T: Config>() -> BlockNumber {
    (T::Terms::get().duration_blocks_max / 4).max(1)
}

/// A price at which every payment is above the existential deposit.
fn price<T: Config>() -> Balance {
    T::Currency::minimum_balance()
        .max(1)
        .saturating_mul(1 << 10)
}

fn endow<T: Config>(account: &AccountId32) {
    let plenty = T::Currency::minimum_balance()
        .max(1)
        .saturating_mul(1 << 60);
    T::Currency::mint_into(account, plenty).expect("fresh accounts can receive");
}

fn placed<T: Config>(s: u32, delivery_key: AccountKey) -> OrderId {
    endow::<T>(&CLIENT);
    let id = NextOrderId::<T>::get();
    Pallet::<T>::open_order(AccountKey(CLIENT.into()), params_of::<T>(s, delivery_key))
        .expect("the client was just endowed");
    id
}

/// Registers a provider of class number `n` modulo 5, with an ask that fits.
fn registered<T: Config>(provider: ProviderId, worker: &AccountId32, n: u8) {
    let owner = AccountId32::new(provider.0);
    endow::<T>(&owner);
    T::Nodes::register_for_benchmark(
        &provider,
        &AccountKey(worker.clone().into()),
        NodeClass::ALL[usize::from(n) % NodeClass::ALL.len()],
    );
    let pledge = collateral_for(T::Terms::get().collateral_per_mib, 1 << 24)
        .max(T::Currency::minimum_balance());
    T::Collateral::pledge_for_benchmark(&provider, pledge);
    let ask = Ask {
        price_per_mib_block: price::<T>() / 2,
        duration_blocks_max: u32::MAX,
    };
    Asks::<T>::insert(provider, ask);
}

/// Fills every seat but those of the last `free` slots, classes evenly mixed.
fn fill_seats<T: Config>(order: OrderId, free: u16) {
    let total = u16::try_from(ORDER_SLOTS_MAX).expect("60");
    for index in 0..total - free {
        let seat = Seat {
            slot: SlotIndex(index),
            operator: [100 + index as u8; 32],
            class: NodeClass::ALL[usize::from(index) % NodeClass::ALL.len()],
        };
        GroupSeats::<T>::mutate(order, |seats| {
            seats.try_push(seat).expect("at most 60");
        });
    }
}

fn skip<T: Config>(blocks: BlockNumber) {
    let now = Pallet::<T>::now().saturating_add(blocks);
    frame_system::Pallet::<T>::set_block_number(now.into());
}

/// Blocks after which everyone may claim, whether the beacon is kept or not.
fn skip_lottery<T: Config>() {
    skip::<T>(
        T::Terms::get()
            .lottery_blocks
            .saturating_mul(2)
            .saturating_add(2),
    );
}

/// Claims a slot for a freshly registered provider number `n`.
fn claimed<T: Config>(id: SlotId, n: u8) -> ProviderId {
    let (provider, worker) = (
        ProviderId([n; 32]),
        AccountId32::new([n.wrapping_add(128); 32]),
    );
    registered::<T>(provider, &worker, n);
    Pallet::<T>::do_claim_slot(AccountKey(worker.into()), id).expect("the lottery is over");
    provider
}

/// Makes a claimed slot confirmed and active without the client's signature and porep.
fn activate<T: Config>(id: SlotId) {
    let now = Pallet::<T>::now();
    Orders::<T>::mutate(id.order, |order| {
        if let Some(order) = order {
            order.open_slots = order.open_slots.saturating_sub(1);
        }
    });
    Slots::<T>::mutate(id.order, id.slot, |slot| {
        let slot = slot.as_mut().expect("it was just claimed");
        slot.state = SlotState::Active;
        let claim = slot.claim.as_mut().expect("it was just claimed");
        claim.confirmed_at = Some(now);
        claim.paid_until = now;
        claim.sealed_pieces = 1;
    });
}

/// Makes the slots of an order that long that they have `pieces` pieces. Its price stays, which only
/// ends the pay early.
fn set_pieces<T: Config>(order: OrderId, pieces: u32) {
    let payload = u64::from(T::Profile::get().payload_bytes());
    let segment = u64::from(FragmentSize::K8.bytes());
    let segments = (payload * u64::from(pieces - 1) + 1).div_ceil(segment);
    Orders::<T>::mutate(order, |order| {
        let order = order.as_mut().expect("it was just placed");
        order.params.segments = u32::try_from(segments).expect("64 pieces are below 2^32 bytes");
        let found = T::Profile::get().pieces_of(order.params.slot_bytes());
        assert_eq!(found, u64::from(pieces));
    });
}

/// A confirmed slot for other pallets' benchmarks. Its provider must be registered; its pledge is
/// topped up here. `bytes` is a multiple of 8 KiB, as every slot's length is.
pub(crate) fn confirmed<T: Config>(provider: &ProviderId, root: SlotRoot, bytes: u64) -> SlotId {
    let smallest = u64::from(FragmentSize::K8.bytes());
    assert!(
        bytes > 0 && bytes.is_multiple_of(smallest),
        "a slot is a multiple of 8 KiB"
    );
    let now = Pallet::<T>::now();
    let order = NextOrderId::<T>::mutate(|next| {
        let order = *next;
        *next = OrderId(order.0 + 1);
        order
    });
    let id = SlotId {
        order,
        slot: SlotIndex(0),
    };
    let collateral = collateral_for(T::Terms::get().collateral_per_mib, bytes)
        .max(T::Currency::minimum_balance());
    T::Collateral::pledge_for_benchmark(provider, collateral);
    T::Collateral::lock(provider, id, collateral).expect("just pledged");
    T::Nodes::reserve(provider, bytes).expect("the benchmark registers its provider first");
    let params = OrderParams {
        segments: u32::try_from(bytes / smallest).expect("slots are at most 16 MiB"),
        slot_roots: vec![root; 6].try_into().expect("6 is below the bound"),
        erasure: ErasureParams { data: 3, parity: 3 },
        ..params_of::<T>(6, AccountKey([6; 32]))
    };
    let (client, held) = (AccountKey(CLIENT.into()), slot_price_max(&params));
    endow::<T>(&CLIENT);
    Pallet::<T>::hold(HoldReason::Order, &client, held).expect("just endowed");
    let claim = Claim {
        provider: *provider,
        claimed_at: now,
        price_per_mib_block: price::<T>() / 2,
        confirmed_at: Some(now),
        sealed_pieces: 0,
        faulty_pieces: 0,
        paid_until: now,
        paid_blocks: 0,
    };
    Slots::<T>::insert(
        order,
        id.slot,
        Slot {
            state: SlotState::Confirmed,
            held,
            claim: Some(claim),
        },
    );
    for index in 1..6 {
        let closed = Slot {
            state: SlotState::Expired,
            held: 0,
            claim: None,
        };
        Slots::<T>::insert(order, SlotIndex(index), closed);
    }
    let seat = Seat {
        slot: id.slot,
        operator: provider.0,
        class: NodeClass::Personal,
    };
    GroupSeats::<T>::mutate(order, |seats| seats.try_push(seat).expect("it is empty"));
    ProviderSlots::<T>::insert(provider, SlotKey::from(id), ());
    ClientOrders::<T>::insert(client, OrderKey::from(order), ());
    FileOrders::<T>::insert(params.file, OrderKey::from(order), ());
    OpenOrders::<T>::insert(OrderKey::from(order), 0);
    Orders::<T>::insert(
        order,
        Order {
            client,
            params,
            opened_at: now,
            lottery_beacon: None,
            open_slots: 1,
            cancelled: false,
            deposit: 0,
        },
    );
    id
}

/// An order with an active slot of 8 KiB of each provider, for other pallets' benchmarks.
pub(crate) fn active_order<T: Config>(providers: &[ProviderId]) -> OrderId {
    let now = Pallet::<T>::now();
    let total = u32::try_from(providers.len()).expect("at most 60 slots");
    let order = NextOrderId::<T>::get();
    NextOrderId::<T>::put(OrderId(order.0 + 1));
    for (index, provider) in (0u16..).zip(providers) {
        let claim = Claim {
            provider: *provider,
            claimed_at: now,
            price_per_mib_block: 0,
            confirmed_at: Some(now),
            sealed_pieces: 1,
            faulty_pieces: 0,
            paid_until: now,
            paid_blocks: 0,
        };
        let slot = Slot {
            state: SlotState::Active,
            held: 0,
            claim: Some(claim),
        };
        Slots::<T>::insert(order, SlotIndex(index), slot);
    }
    Orders::<T>::insert(
        order,
        Order {
            client: AccountKey(CLIENT.into()),
            params: params_of::<T>(total, AccountKey([6; 32])),
            opened_at: now,
            lottery_beacon: None,
            open_slots: 0,
            cancelled: false,
            deposit: 0,
        },
    );
    order
}

#[benchmarks]
mod benchmarks {
    use super::*;

    #[benchmark]
    fn place_order(s: Linear<6, 60>) {
        endow::<T>(&CLIENT);
        let params = params_of::<T>(s, AccountKey([6; 32]));
        #[block]
        {
            // Only four values of `s` are valid, so the checks and the rest run one by one.
            let _ = params.validate();
            let _ = T::Profile::get().pieces_of(params.slot_bytes());
            Pallet::<T>::open_order(AccountKey(CLIENT.into()), params)
                .expect("the client was just endowed");
        }
        assert_eq!(NextOrderId::<T>::get(), OrderId(1));
    }

    #[benchmark]
    fn set_ask() {
        registered::<T>(OWNER, &WORKER, 0);
        let ask = Ask {
            price_per_mib_block: 9,
            duration_blocks_max: 9,
        };
        #[extrinsic_call]
        _(RawOrigin::Signed(AccountId32::new(OWNER.0)), ask);
        assert_eq!(Asks::<T>::get(OWNER), Some(ask));
    }

    #[benchmark]
    fn claim_slot() {
        let order = placed::<T>(ORDER_SLOTS_MAX, AccountKey([6; 32]));
        fill_seats::<T>(order, 1);
        let id = SlotId {
            order,
            slot: SlotIndex(59),
        };
        skip_lottery::<T>();
        claimed::<T>(id, 90);
        skip::<T>(T::Terms::get().delivery_blocks.saturating_add(1));
        registered::<T>(OWNER, &WORKER, 0);
        #[extrinsic_call]
        _(RawOrigin::Signed(WORKER), id);
        let provider = Slots::<T>::get(id.order, id.slot).and_then(|slot| slot.claim);
        assert_eq!(provider.map(|claim| claim.provider), Some(OWNER));
    }

    #[benchmark]
    fn confirm_deal() {
        let key = sp_io::crypto::sr25519_generate(KEY_TYPE, None);
        let order = placed::<T>(ORDER_SLOTS_MAX, AccountKey(key.0));
        let id = SlotId {
            order,
            slot: SlotIndex(0),
        };
        skip_lottery::<T>();
        let provider = claimed::<T>(id, 90);
        let note = DeliveryNote {
            genesis: Pallet::<T>::genesis(),
            slot: id,
            provider,
            slot_root: SlotRoot([5; 32]),
        };
        let signature = sp_io::crypto::sr25519_sign(KEY_TYPE, &key, &note.signing_bytes())
            .expect("the key was just made");
        let worker = AccountId32::new([90 + 128; 32]);
        #[extrinsic_call]
        _(RawOrigin::Signed(worker), id, Signature(signature.0));
        let state = Slots::<T>::get(id.order, id.slot).map(|slot| slot.state);
        assert_eq!(state, Some(SlotState::Confirmed));
    }

    #[benchmark]
    fn settle(p: Linear<1, 64>) {
        let order = placed::<T>(ORDER_SLOTS_MAX, AccountKey([6; 32]));
        fill_seats::<T>(order, 1);
        let id = SlotId {
            order,
            slot: SlotIndex(59),
        };
        skip_lottery::<T>();
        let provider = claimed::<T>(id, 90);
        activate::<T>(id);
        set_pieces::<T>(order, p);
        let end = Pallet::<T>::now().saturating_add(duration::<T>());
        T::Replicas::prove_for_benchmark(&provider, id, u64::from(p), end);
        frame_system::Pallet::<T>::set_block_number(end.into());
        let before = T::Currency::total_balance(&AccountId32::new(provider.0));
        #[extrinsic_call]
        _(RawOrigin::Signed(WORKER), id);
        assert!(T::Currency::total_balance(&AccountId32::new(provider.0)) > before);
        let state = Slots::<T>::get(id.order, id.slot).map(|slot| slot.state);
        assert_eq!(state, Some(SlotState::Expired));
    }

    #[benchmark]
    fn cancel_order(s: Linear<6, 60>) {
        let order = placed::<T>(s, AccountKey([6; 32]));
        skip_lottery::<T>();
        for index in 0..s {
            let index = u8::try_from(index).expect("below 60");
            claimed::<T>(
                SlotId {
                    order,
                    slot: SlotIndex(index.into()),
                },
                10 + index,
            );
        }
        skip::<T>(T::Terms::get().delivery_blocks.saturating_add(1));
        #[extrinsic_call]
        _(RawOrigin::Signed(CLIENT), order);
        assert_eq!(
            Orders::<T>::get(order).map(|order| order.open_slots),
            Some(0)
        );
    }

    #[benchmark]
    fn renew(s: Linear<6, 60>) {
        let order = placed::<T>(s, AccountKey([6; 32]));
        skip_lottery::<T>();
        let claims: Vec<_> = (0..s)
            .map(|index| {
                let index = u8::try_from(index).expect("below 60");
                claimed::<T>(
                    SlotId {
                        order,
                        slot: SlotIndex(index.into()),
                    },
                    10 + index,
                )
            })
            .collect();
        // Renewals are refused if the ask rose meanwhile; the claims were made at this ask.
        assert_eq!(claims.len(), s as usize);
        #[extrinsic_call]
        _(RawOrigin::Signed(CLIENT), order, 1);
        let renewed = Orders::<T>::get(order).map(|order| order.params.duration_blocks);
        assert_eq!(renewed, Some(duration::<T>() + 1));
    }

    #[benchmark]
    fn prune_order(s: Linear<6, 60>) {
        let order = placed::<T>(s, AccountKey([6; 32]));
        Pallet::<T>::do_cancel_order(AccountKey(CLIENT.into()), order).expect("nothing is claimed");
        #[extrinsic_call]
        _(RawOrigin::Signed(WORKER), order);
        assert!(!Orders::<T>::contains_key(order));
    }

    impl_benchmark_test_suite!(Pallet, crate::mock::new_test_ext(), crate::mock::Test);
}
