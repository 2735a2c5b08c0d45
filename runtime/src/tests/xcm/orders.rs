//! Paying with the own chain's token, getting back what was not used, and taking it home.

use codec::Encode;
use frame_support::traits::fungible::InspectHold;
use ips_primitives::{
    deal::OrderParams,
    fragment::{ErasureParams, FragmentSize},
    id::FileId,
    slot::SlotRoot,
};

use xcm::latest::AssetTransferFilter;

use super::*;

const BUY: Balance = 20 * UNIT;
const GIVE: Balance = 12 * UNIT;

pub(super) fn order(price: Balance) -> RuntimeCall {
    let erasure = ErasureParams { data: 3, parity: 3 };
    let roots: Vec<_> = (0..6).map(|i| SlotRoot([i; 32])).collect();
    pallet_storage_market::Call::place_order {
        params: OrderParams {
            file: FileId([3; 32]),
            group: 0,
            erasure,
            fragment_size: FragmentSize::K256,
            segments: 1,
            slot_roots: roots.try_into().unwrap(),
            duration_blocks: 100,
            price_per_mib_block_max: price,
            delivery_key: AccountKey(CUSTOMER.into()),
        },
    }
    .into()
}

fn program(chain: Chain, call: &RuntimeCall) -> Vec<u8> {
    route(chain)
        .order(GIVE, BUY, FEES, vec![call.encode()])
        .versioned()
}

fn orders() -> Vec<AccountId> {
    Ips::execute_with(|| {
        let next = pallet_storage_market::NextOrderId::<Runtime>::get();
        (0..next.0)
            .filter_map(|id| {
                pallet_storage_market::Orders::<Runtime>::get(ips_primitives::id::OrderId(id))
            })
            .map(|order| AccountId::from(order.client.0))
            .collect()
    })
}

#[test]
fn programs_are_what_the_sdk_would_write() {
    let chain = Chain::Sibling(2_001);
    let bytes = route(chain)
        .order(GIVE, BUY, FEES, vec![vec![1, 2, 3]])
        .versioned();
    let account = AccountId32 {
        network: None,
        id: CUSTOMER.into(),
    };
    let customer = Location::new(1, [Parachain(2_001), account]);
    let token = Location::new(1, [Parachain(2_001)]);
    let rest = |to: Location| {
        Xcm(vec![
            RefundSurplus,
            DepositAsset {
                assets: Wild(AllCounted(2)),
                beneficiary: to,
            },
        ])
    };
    let remote = Xcm(vec![
        SetAppendix(rest(customer.clone())),
        ExchangeAsset {
            give: Wild(AllOf {
                id: AssetId(token),
                fun: WildFungible,
            }),
            want: (Here, BUY).into(),
            maximal: false,
        },
        DepositAsset {
            assets: Definite((Here, BUY).into()),
            beneficiary: customer,
        },
        Transact {
            origin_kind: OriginKind::SovereignAccount,
            fallback_max_weight: None,
            call: vec![1, 2, 3].into(),
        },
        ExpectTransactStatus(MaybeErrorCode::Success),
    ]);
    let expected = Xcm::<()>(vec![
        SetAppendix(rest(account.into())),
        WithdrawAsset((Here, FEES.local + FEES.remote + GIVE).into()),
        PayFees {
            asset: (Here, FEES.local).into(),
        },
        InitiateTransfer {
            destination: Location::new(1, [Parachain(2_000)]),
            remote_fees: Some(AssetTransferFilter::ReserveDeposit(Definite(
                (Here, FEES.remote).into(),
            ))),
            preserve_origin: true,
            assets: vec![AssetTransferFilter::ReserveDeposit(Definite(
                (Here, GIVE).into(),
            ))]
            .try_into()
            .unwrap(),
            remote_xcm: remote,
        },
    ]);
    assert_eq!(
        VersionedXcm::<()>::decode_all(&mut &bytes[..]),
        Ok(VersionedXcm::from(expected))
    );
}

#[test]
fn a_customer_of_another_chain_orders_with_its_own_token() {
    for chain in CHAINS {
        Network::reset();
        execute(chain, &program(chain, &order(1_000)));
        let seen = outcomes();
        assert!(
            matches!(seen[..], [Outcome::Complete { .. }]),
            "{chain:?}: {seen:?}"
        );
        assert_eq!(orders(), [derived(&customer_of(chain))]);
        let (native, foreign) = here(chain);
        let held =
            Ips::execute_with(|| Balances::total_balance_on_hold(&derived(&customer_of(chain))));
        assert!(held > 0);
        assert_eq!(native + held, BUY);
        // Two IPS for one: the exchange took about ten, and what execution did not cost came back.
        assert!(
            (GIVE - BUY / 2 - UNIT..GIVE + FEES.remote - BUY / 2).contains(&foreign),
            "{foreign}"
        );
        let spent = ENDOWMENT - at_home(chain);
        assert!((GIVE + FEES.remote..=GIVE + FEES.remote + FEES.local).contains(&spent));
    }
}

#[test]
fn a_failed_order_leaves_the_money_with_the_customer() {
    for chain in CHAINS {
        Network::reset();
        // Dearer than what was bought.
        execute(chain, &program(chain, &order(UNIT)));
        let seen = outcomes();
        assert!(
            matches!(seen[..], [Outcome::Incomplete { .. }]),
            "{chain:?}: {seen:?}"
        );
        assert_eq!(orders(), []);
        let (native, foreign) = here(chain);
        assert_eq!(native, BUY);
        assert!(foreign > 0);
        assert_home_again(chain, native, foreign);
    }
}

#[test]
fn an_exchange_that_is_too_dear_leaves_the_money_with_the_customer() {
    for chain in CHAINS {
        Network::reset();
        let bytes = route(chain)
            .order(UNIT, BUY, FEES, vec![order(1_000).encode()])
            .versioned();
        execute(chain, &bytes);
        assert!(matches!(outcomes()[..], [Outcome::Incomplete { .. }]));
        assert_eq!(orders(), []);
        let (native, foreign) = here(chain);
        assert_eq!(native, 0);
        assert!(foreign >= UNIT);
        assert_home_again(chain, native, foreign);
    }
}

/// All of it comes home.
fn assert_home_again(chain: Chain, native: Balance, foreign: Balance) {
    let before = at_home(chain);
    let bytes = route(chain)
        .withdraw(foreign, native, native / 2 * 9 / 10, FEES)
        .versioned();
    execute(chain, &bytes);
    let seen = outcomes();
    assert!(
        seen.iter()
            .all(|outcome| matches!(outcome, Outcome::Complete { .. })),
        "{chain:?}: {seen:?}"
    );
    let (native_after, _) = here(chain);
    assert_eq!(native_after, 0);
    let gain = at_home(chain) + FEES.remote + 2 * FEES.local - before;
    assert!(gain >= foreign + native / 2 * 9 / 10, "{chain:?}: {gain}");
}

#[test]
fn several_orders_in_one_program() {
    Network::reset();
    let calls = vec![order(1_000).encode(), order(2_000).encode()];
    let bytes = route(Chain::Relay)
        .order(GIVE, BUY, FEES, calls)
        .versioned();
    execute(Chain::Relay, &bytes);
    assert!(matches!(outcomes()[..], [Outcome::Complete { .. }]));
    assert_eq!(orders().len(), 2);
}

#[test]
fn a_token_comes_in_before_it_has_a_pool() {
    for chain in CHAINS {
        Network::reset();
        Ips::execute_with(|| {
            let _ = pallet_asset_conversion::Pools::<Runtime>::clear(u32::MAX, None);
        });
        let owner = AccountKey([8; 32]);
        let bytes = route(chain).deposit(GIVE, owner, FEES).versioned();
        execute(chain, &bytes);
        let seen = outcomes();
        assert!(
            matches!(seen[..], [Outcome::Complete { .. }]),
            "{chain:?}: {seen:?}"
        );
        let there =
            Ips::execute_with(|| ForeignAssets::balance(token_of(chain), AccountId::from(owner.0)));
        assert!((GIVE..GIVE + FEES.remote).contains(&there), "{there}");
    }
}

#[test]
fn an_order_is_cancelled_from_the_other_chain() {
    for chain in CHAINS {
        Network::reset();
        execute(chain, &program(chain, &order(1_000)));
        let (native, _) = here(chain);
        let order = ips_primitives::id::OrderId(0);
        let calls: Vec<RuntimeCall> = vec![
            pallet_storage_market::Call::cancel_order { order }.into(),
            pallet_storage_market::Call::prune_order { order }.into(),
        ];
        let calls = calls.iter().map(Encode::encode).collect();
        outcomes();
        execute(chain, &route(chain).call(FEES, calls).versioned());
        let seen = outcomes();
        assert!(
            matches!(seen[..], [Outcome::Complete { .. }]),
            "{chain:?}: {seen:?}"
        );
        assert!(native < BUY);
        assert_eq!(here(chain).0, BUY);
    }
}
