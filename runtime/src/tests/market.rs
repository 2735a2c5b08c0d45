//! Nodes, collateral, orders and deals on the real pallets, by signed extrinsics.

use frame_support::traits::{fungible::InspectHold, GetCallIndex, GetCallName};
use ips_primitives::{
    consent::{Consent, ConsentNote, Consents, NodeRole},
    deal::{Ask, DeliveryNote, OrderParams, SlotState},
    fragment::{ErasureParams, FragmentSize},
    id::{AccountKey, FileId, Genesis, OrderId, ProviderId, Signature, SlotId, SlotIndex},
    node_class::NodeClass,
    slot::SlotRoot,
};
use pallet_node_classes::NodeParams;
use sp_core::Pair;

use super::chain::{account, pair, Chain, GENESIS};
use crate::{configs::Terms, *};

const ORDER: OrderId = OrderId(0);
const DURATION: BlockNumber = 40;
const PLEDGE: Balance = 100 * crate::constants::UNIT;
const FEES: Balance = 10 * crate::constants::UNIT;

fn names(n: u8) -> (String, String) {
    (format!("//Node{n}"), format!("//Worker{n}"))
}

fn key(uri: &str) -> AccountKey {
    AccountKey(pair(uri).public().0)
}

fn slot(index: u16) -> SlotId {
    SlotId {
        order: ORDER,
        slot: SlotIndex(index),
    }
}

/// One block of calls; each must succeed.
#[track_caller]
fn all_ok(chain: &mut Chain, calls: Vec<(String, RuntimeCall)>) {
    let signed = calls
        .into_iter()
        .map(|(signer, call)| chain.signed(&signer, call))
        .collect();
    for (index, result) in chain.block(signed).into_iter().enumerate() {
        assert_eq!(result, Ok(()), "call {index}");
    }
}

/// What node `n` does to take part.
fn joining(n: u8) -> Vec<(String, RuntimeCall)> {
    let (owner, worker) = names(n);
    let note = ConsentNote {
        genesis: Genesis(GENESIS.0),
        provider: ProviderId(key(&owner).0),
        role: NodeRole::Worker,
        valid_until: 100,
    };
    let word = Consent {
        valid_until: 100,
        signature: Signature(pair(&worker).sign(&note.signing_bytes()).0),
    };
    let register = pallet_node_classes::Call::register {
        params: NodeParams {
            class: NodeClass::ALL[usize::from(n) % 3],
            worker: key(&worker),
            operator: key(&owner).0,
            peer_id: vec![n; 38].try_into().unwrap(),
            addresses: Default::default(),
            capacity_bytes: 1 << 30,
        },
        consents: Consents {
            worker: Some(word),
            operator: None,
        },
    };
    let ask = Ask {
        price_per_mib_block: 1_000,
        duration_blocks_max: 1_000,
    };
    let funds = pallet_balances::Call::transfer_keep_alive {
        dest: account(&worker).into(),
        value: FEES,
    };
    [
        register.into(),
        pallet_staking_collateral::Call::pledge { amount: PLEDGE }.into(),
        pallet_storage_market::Call::set_ask { ask }.into(),
        funds.into(),
    ]
    .map(|call| (owner.clone(), call))
    .to_vec()
}

fn order() -> OrderParams {
    OrderParams {
        file: FileId([1; 32]),
        group: 0,
        erasure: ErasureParams { data: 3, parity: 3 },
        fragment_size: FragmentSize::K256,
        segments: 4,
        slot_roots: vec![SlotRoot([2; 32]); 6].try_into().unwrap(),
        duration_blocks: DURATION,
        price_per_mib_block_max: 2_000,
        delivery_key: key("//Alice"),
    }
}

fn confirmation(n: u8) -> (String, RuntimeCall) {
    let (owner, worker) = names(n);
    let slot = slot(u16::from(n) - 1);
    let note = DeliveryNote {
        genesis: Genesis(GENESIS.0),
        slot,
        provider: ProviderId(key(&owner).0),
        slot_root: SlotRoot([2; 32]),
    };
    let signature = Signature(pair("//Alice").sign(&note.signing_bytes()).0);
    let call = pallet_storage_market::Call::confirm_deal { slot, signature };
    (worker, call.into())
}

/// Six nodes with a confirmed slot each; returns the block of the confirmations.
fn confirmed(chain: &mut Chain) -> BlockNumber {
    all_ok(chain, (1..=6).flat_map(joining).collect());
    let place = pallet_storage_market::Call::place_order { params: order() };
    all_ok(chain, vec![("//Alice".into(), place.into())]);
    let everybody_may = 2 + Terms::get().lottery_blocks + 1;
    chain.run_to(everybody_may - 1);
    let claims = (1..=6).map(|n| {
        let slot = slot(u16::from(n) - 1);
        (
            names(n).1,
            pallet_storage_market::Call::claim_slot { slot }.into(),
        )
    });
    all_ok(chain, claims.collect());
    all_ok(chain, (1..=6).map(confirmation).collect());
    everybody_may + 1
}

fn held(who: &str) -> Balance {
    Balances::total_balance_on_hold(&account(who))
}

#[test]
fn what_is_confirmed_and_never_sealed_ends_with_every_book_closed() {
    let mut chain = Chain::development();
    let confirmed_at = confirmed(&mut chain);
    let lock = Terms::get().collateral_per_mib;
    let deposit = crate::configs::NodeDeposit::get();
    let (price, of_order) = chain.read(|| {
        let order = order();
        let price = 2_000 * Balance::from(DURATION);
        (price, Terms::get().order_deposit.of(order.erasure))
    });
    chain.read(|| assert_eq!(held("//Alice"), 6 * price + of_order));
    chain.run_to(confirmed_at + DURATION);
    let settle = pallet_storage_market::Call::settle { slot: slot(0) };
    let too_early = chain.signed("//Bob", settle.clone());
    let claim = pallet_storage_market::Call::claim_slot { slot: slot(1) };
    let again = chain.signed("//Worker1", claim);
    // The deal's last block has passed in the block that is made now.
    let results = chain.block(vec![too_early, again]);
    assert_eq!(results[0], Ok(()));
    assert_eq!(
        results[1],
        Ok(()),
        "a claim undoes the overdue deal of another slot"
    );
    chain.read(|| {
        let view = StorageMarket::order_view(ORDER).unwrap();
        assert_eq!(view.slots[0].state, SlotState::Open);
        assert_eq!(view.slots[1].provider, Some(ProviderId(key("//Node1").0)));
        assert_eq!(view.held, 6 * price, "the price is intact");
        assert_eq!(held("//Node1"), PLEDGE - lock + deposit);
        assert_eq!(held("//Node2"), PLEDGE - lock + deposit);
    });
    let cancel = pallet_storage_market::Call::cancel_order { order: ORDER };
    all_ok(&mut chain, vec![("//Alice".into(), cancel.into())]);
    let delivery = Terms::get().delivery_blocks;
    chain.run_to(confirmed_at + DURATION + 1 + delivery);
    let settle = pallet_storage_market::Call::settle { slot: slot(1) };
    let prune = pallet_storage_market::Call::prune_order { order: ORDER };
    all_ok(
        &mut chain,
        vec![
            ("//Bob".into(), settle.into()),
            ("//Bob".into(), prune.into()),
        ],
    );
    chain.read(|| assert_eq!(held("//Alice"), 0));
    let retire = |n| {
        (
            names(n).0,
            RuntimeCall::from(pallet_node_classes::Call::retire {}),
        )
    };
    all_ok(&mut chain, (1..=6).map(retire).collect());
    chain.read(|| {
        assert_eq!(held("//Node6"), PLEDGE - lock);
        let undelivered = lock * Balance::from(Terms::get().undone_claim_permille) / 1_000;
        assert_eq!(held("//Node1"), PLEDGE - lock - undelivered);
    });
}

#[test]
fn call_indices_of_deals_are_frozen() {
    fn indices<C: GetCallIndex + GetCallName>() -> Vec<(u8, &'static str)> {
        let names = C::get_call_names().iter().copied();
        C::get_call_indices().iter().copied().zip(names).collect()
    }
    assert_eq!(
        indices::<pallet_storage_market::Call<Runtime>>(),
        [
            (0, "place_order"),
            (1, "set_ask"),
            (2, "claim_slot"),
            (3, "confirm_deal"),
            (4, "settle"),
            (5, "cancel_order"),
            (6, "renew"),
            (7, "prune_order"),
        ]
    );
    assert_eq!(
        indices::<pallet_node_classes::Call<Runtime>>(),
        [
            (0, "register"),
            (1, "update"),
            (2, "set_worker"),
            (3, "set_capacity"),
            (4, "promote"),
            (5, "retire"),
        ]
    );
    assert_eq!(
        indices::<pallet_staking_collateral::Call<Runtime>>(),
        [
            (0, "pledge"),
            (1, "request_release"),
            (2, "withdraw"),
            (3, "delegate"),
            (4, "undelegate"),
            (5, "withdraw_delegation"),
            (6, "set_commission"),
        ]
    );
}
