//! Customers of other chains, with the runtime's own configuration of messages: a relay chain, this chain,
//! and a sibling that runs the same runtime.
#![allow(unreachable_pub)] // The simulator's macros make public items.

mod orders;
mod relay;
mod strangers;

use codec::{Decode, DecodeAll};
use cumulus_primitives_core::ParaId;
use frame_support::{assert_ok, traits::fungibles::Mutate as _};
use ips_primitives::{
    id::AccountKey,
    xcm::{Chain, Fees, Route},
};
use polkadot_parachain_primitives::primitives::XcmpMessageFormat;
use sp_runtime::BuildStorage;
use xcm::latest::prelude::*;
use xcm::VersionedXcm;
use xcm_executor::{traits::ConvertLocation, XcmExecutor};
use xcm_simulator::{
    decl_test_network, decl_test_parachain, decl_test_relay_chain, DmpMessageHandlerT,
    RelayBlockNumber, TestExt, TestExternalities, Weight, XcmpMessageHandlerT,
};

use crate::{
    configs::{LocationToAccountId, XcmConfig},
    constants::UNIT,
    *,
};

const CUSTOMER: AccountId = AccountId::new([7; 32]);
const ENDOWMENT: Balance = 1_000 * UNIT;
/// In a pool, of each side: a foreign token is worth two IPS.
const POOL: (Balance, Balance) = (200_000 * UNIT, 100_000 * UNIT);
const LIMIT: Weight = Weight::from_parts(500_000_000_000, 5_000_000);

decl_test_relay_chain! {
    pub struct Relay {
        Runtime = relay::Runtime,
        RuntimeCall = relay::RuntimeCall,
        RuntimeEvent = relay::RuntimeEvent,
        XcmConfig = relay::XcmConfig,
        MessageQueue = relay::MessageQueue,
        System = relay::System,
        new_ext = relay_state(),
    }
}

decl_test_parachain! {
    pub struct Ips {
        Runtime = Runtime,
        XcmpMessageHandler = Inbox,
        DmpMessageHandler = Inbox,
        new_ext = parachain_state(PARACHAIN_ID),
    }
}

decl_test_parachain! {
    pub struct Sibling {
        Runtime = Runtime,
        XcmpMessageHandler = Inbox,
        DmpMessageHandler = Inbox,
        new_ext = parachain_state(SIBLING_ID),
    }
}

decl_test_network! {
    pub struct Network {
        relay_chain = Relay,
        parachains = vec![
            (2_000, Ips),
            (2_001, Sibling),
        ],
    }
}

/// What the runtime sends with in tests.
pub(crate) type Router = ParachainXcmRouter<ThisParachain>;

/// The id of whichever parachain executes.
pub struct ThisParachain;

impl frame_support::traits::Get<ParaId> for ThisParachain {
    fn get() -> ParaId {
        ParachainInfo::parachain_id()
    }
}

/// Executes what arrives, as the runtime's queue does.
pub struct Inbox;

impl Inbox {
    fn execute(origin: Location, message: VersionedXcm<RuntimeCall>) {
        let program: Xcm<RuntimeCall> = message.try_into().unwrap();
        let mut id = [0; 32];
        let outcome = XcmExecutor::<XcmConfig>::prepare_and_execute(
            origin,
            program,
            &mut id,
            LIMIT,
            Weight::zero(),
        );
        OUTCOMES.with(|outcomes| outcomes.borrow_mut().push(outcome));
    }
}

std::thread_local! {
    /// Of every message that arrived at a parachain.
    static OUTCOMES: core::cell::RefCell<Vec<Outcome>> = const { core::cell::RefCell::new(Vec::new()) };
}

/// What became of the messages since last asked.
fn outcomes() -> Vec<Outcome> {
    OUTCOMES.with(|outcomes| core::mem::take(&mut *outcomes.borrow_mut()))
}

impl DmpMessageHandlerT for Inbox {
    fn handle_dmp_messages(
        messages: impl Iterator<Item = (RelayBlockNumber, Vec<u8>)>,
        _: Weight,
    ) -> Weight {
        for (_, bytes) in messages {
            Self::execute(
                Location::parent(),
                DecodeAll::decode_all(&mut &bytes[..]).unwrap(),
            );
        }
        Weight::zero()
    }
}

impl XcmpMessageHandlerT for Inbox {
    fn handle_xcmp_messages<'a, I: Iterator<Item = (ParaId, RelayBlockNumber, &'a [u8])>>(
        messages: I,
        _: Weight,
    ) -> Weight {
        for (sender, _, mut bytes) in messages {
            let format = XcmpMessageFormat::decode(&mut bytes).unwrap();
            assert_eq!(format, XcmpMessageFormat::ConcatenatedVersionedXcm);
            let origin = Location::new(1, [Parachain(sender.into())]);
            Self::execute(origin, DecodeAll::decode_all(&mut bytes).unwrap());
        }
        Weight::zero()
    }
}

fn relay_state() -> TestExternalities {
    let mut storage = frame_system::GenesisConfig::<relay::Runtime>::default()
        .build_storage()
        .unwrap();
    pallet_balances::GenesisConfig::<relay::Runtime> {
        balances: vec![
            (CUSTOMER, ENDOWMENT),
            // What the pool's side there is backed by.
            (reserve_of(PARACHAIN_ID), POOL.1),
        ],
        ..Default::default()
    }
    .assimilate_storage(&mut storage)
    .unwrap();
    pallet_xcm::GenesisConfig::<relay::Runtime> {
        safe_xcm_version: Some(XCM_VERSION),
        ..Default::default()
    }
    .assimilate_storage(&mut storage)
    .unwrap();
    let mut state = TestExternalities::new(storage);
    state.execute_with(|| relay::System::set_block_number(1));
    state
}

/// Account on the relay chain that holds what a parachain has of its token.
fn reserve_of(parachain: ParaId) -> AccountId {
    relay::LocationToAccountId::convert_location(&Parachain(parachain.into()).into()).unwrap()
}

fn parachain_state(id: ParaId) -> TestExternalities {
    let other = if id == PARACHAIN_ID {
        SIBLING_ID
    } else {
        PARACHAIN_ID
    };
    let tokens = [
        Location::parent(),
        Location::new(1, [Parachain(other.into())]),
    ];
    let provider = AccountId::new([9; 32]);
    let patch = serde_json::json!({
        "parachainInfo": { "parachainId": id },
        "polkadotXcm": { "safeXcmVersion": XCM_VERSION },
    });
    let mut config = serde_json::to_value(RuntimeGenesisConfig::default()).unwrap();
    super::chain::merge(&mut config, patch);
    let mut state = TestExternalities::default();
    state.execute_with(|| {
        frame_support::genesis_builder_helper::build_state::<RuntimeGenesisConfig>(
            config.to_string().into_bytes(),
        )
        .unwrap();
        System::set_block_number(1);
        mint_native(&CUSTOMER, ENDOWMENT);
        mint_native(&provider, 2 * POOL.0 + ENDOWMENT);
        let sovereign = Location::new(1, [Parachain(other.into())]);
        mint_native(&derived(&sovereign), POOL.1);
        for token in tokens {
            let root = RuntimeOrigin::root();
            let owner = AccountId::new([1; 32]).into();
            assert_ok!(ForeignAssets::force_create(
                root,
                token.clone(),
                owner,
                true,
                1
            ));
            assert_ok!(ForeignAssets::mint_into(token.clone(), &provider, POOL.1));
            let signed = || RuntimeOrigin::signed(provider.clone());
            let pair = || (Box::new(Location::here()), Box::new(token.clone()));
            let (ips, foreign) = pair();
            assert_ok!(AssetConversion::create_pool(signed(), ips, foreign));
            let (ips, foreign) = pair();
            assert_ok!(AssetConversion::add_liquidity(
                signed(),
                ips,
                foreign,
                POOL.0,
                POOL.1 - 1,
                1,
                1,
                provider.clone()
            ));
        }
    });
    state
}

fn mint_native(account: &AccountId, amount: Balance) {
    use frame_support::traits::fungible::Mutate as _;
    assert_ok!(Balances::mint_into(account, amount));
}

/// Account that a location has here.
fn derived(location: &Location) -> AccountId {
    LocationToAccountId::convert_location(location).unwrap()
}

/// The customer of a chain, seen from here.
fn customer_of(chain: Chain) -> Location {
    let account = AccountId32 {
        network: None,
        id: CUSTOMER.into(),
    };
    match chain {
        Chain::Relay => Location::new(1, [account]),
        Chain::Sibling(id) => Location::new(1, [Parachain(id), account]),
    }
}

fn token_of(chain: Chain) -> Location {
    match chain {
        Chain::Relay => Location::parent(),
        Chain::Sibling(id) => Location::new(1, [Parachain(id)]),
    }
}

const CHAINS: [Chain; 2] = [Chain::Relay, Chain::Sibling(2_001)];

fn route(chain: Chain) -> Route {
    Route {
        chain,
        ips: PARACHAIN_ID.into(),
        customer: AccountKey(CUSTOMER.into()),
    }
}

const FEES: Fees = Fees {
    local: UNIT,
    remote: 5 * UNIT,
};

/// Executes a program on the customer's chain, as the customer.
fn execute(chain: Chain, program: &[u8]) {
    match chain {
        Chain::Relay => Relay::execute_with(|| {
            let message = VersionedXcm::decode_all(&mut &program[..]).unwrap();
            let signed = relay::RuntimeOrigin::signed(CUSTOMER);
            assert_ok!(relay::XcmPallet::execute(signed, Box::new(message), LIMIT));
        }),
        Chain::Sibling(_) => Sibling::execute_with(|| {
            let message = VersionedXcm::decode_all(&mut &program[..]).unwrap();
            let signed = RuntimeOrigin::signed(CUSTOMER);
            assert_ok!(PolkadotXcm::execute(signed, Box::new(message), LIMIT));
        }),
    }
}

/// What the customer has at home.
fn at_home(chain: Chain) -> Balance {
    match chain {
        Chain::Relay => Relay::execute_with(|| relay::Balances::free_balance(CUSTOMER)),
        Chain::Sibling(_) => Sibling::execute_with(|| Balances::free_balance(CUSTOMER)),
    }
}

/// What the customer's account here has: free IPS, and its own chain's token.
fn here(chain: Chain) -> (Balance, Balance) {
    Ips::execute_with(|| {
        let account = derived(&customer_of(chain));
        (
            Balances::free_balance(&account),
            ForeignAssets::balance(token_of(chain), &account),
        )
    })
}
