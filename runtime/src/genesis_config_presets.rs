//! Genesis presets: `development` (one collator), `local_testnet` (two), and `governed`, which is the same
//! but for a sudo key: what changes it is a referendum.
//!
//! All fund the well-known development accounts and storage providers `//Node1`, `//Node2`…, set the
//! verifying keys of the insecure development setup, and register the tokens of the relay chain and of a
//! sibling.

use alloc::{string::ToString, vec, vec::Vec};
use cumulus_primitives_core::ParaId;
use frame_support::build_struct_json_patch;
use ips_verifier::{groth16::CircuitKind, keys::builtin_key};
use serde_json::Value;
use sp_consensus_aura::sr25519::AuthorityId as AuraId;
use sp_core::{sr25519, Pair};
use sp_genesis_builder::PresetId;
use sp_keyring::Sr25519Keyring;
use sp_runtime::traits::AccountIdConversion;
use xcm::latest::{Junction::Parachain, Location};

use crate::{
    configs::SwapPallet,
    constants::{EXISTENTIAL_DEPOSIT, MICROUNIT, PROFILE, UNIT},
    AccountId, BalancesConfig, CollatorSelectionConfig, ForeignAssetsConfig, ParachainInfoConfig,
    PolkadotXcmConfig, PorepConfig, RuntimeGenesisConfig, SessionConfig, SessionKeys, SudoConfig,
    TechnicalCommitteeConfig,
};

/// The parachain id of both presets.
pub const PARACHAIN_ID: ParaId = ParaId::new(2_000);
/// The sibling parachain whose token is registered.
pub const SIBLING_ID: ParaId = ParaId::new(2_001);
/// The preset without a sudo key.
const GOVERNED: &str = "governed";
/// XCM version spoken before another is negotiated.
const SAFE_XCM_VERSION: u32 = xcm::prelude::XCM_VERSION;
/// Balance of each development account.
const ENDOWMENT: u128 = 1_000_000 * UNIT;
/// Least balance of a token of another chain.
const FOREIGN_MIN_BALANCE: u128 = MICROUNIT;
/// Storage providers with funds.
const DEV_PROVIDERS: u32 = 64;

fn account_of(uri: &str) -> AccountId {
    let pair = sr25519::Pair::from_string(uri, None).expect("a fixed development path is valid");
    AccountId::from(<[u8; 32]>::from(pair.public()))
}

/// Tokens of other chains: name, symbol and decimals as their chains have them. Their owner is an account
/// that nobody has the key of: only what arrives by message is ever minted.
fn foreign_assets() -> ForeignAssetsConfig {
    let tokens = [
        (Location::parent(), "Relay", "UNIT", 12),
        (
            Location::new(1, [Parachain(SIBLING_ID.into())]),
            "Sibling",
            "SIB",
            12,
        ),
    ];
    let owner: AccountId = SwapPallet::get().into_account_truncating();
    ForeignAssetsConfig {
        assets: tokens
            .iter()
            .map(|(token, ..)| (token.clone(), owner.clone(), true, FOREIGN_MIN_BALANCE))
            .collect(),
        metadata: tokens
            .into_iter()
            .map(|(token, name, symbol, decimals)| (token, name.into(), symbol.into(), decimals))
            .collect(),
        ..Default::default()
    }
}

fn genesis(collators: Vec<(AccountId, AuraId)>, sudo: Option<Sr25519Keyring>) -> Value {
    let mut funded: Vec<AccountId> = Sr25519Keyring::well_known()
        .map(|key| key.to_account_id())
        .collect();
    funded.extend((1..=DEV_PROVIDERS).map(|i| account_of(&alloc::format!("//Node{i}"))));
    // Governance sets the keys of a profile that has none built in.
    let keys = [CircuitKind::Seal, CircuitKind::Post, CircuitKind::Poe]
        .into_iter()
        .filter_map(|kind| builtin_key(PROFILE.id, kind))
        .map(<[u8]>::to_vec)
        .collect::<Vec<_>>();
    build_struct_json_patch!(RuntimeGenesisConfig {
        balances: BalancesConfig {
            balances: funded
                .into_iter()
                .map(|account| (account, ENDOWMENT))
                .collect(),
        },
        parachain_info: ParachainInfoConfig {
            parachain_id: PARACHAIN_ID
        },
        collator_selection: CollatorSelectionConfig {
            invulnerables: collators
                .iter()
                .map(|(account, _)| account.clone())
                .collect(),
            candidacy_bond: EXISTENTIAL_DEPOSIT * 16,
        },
        session: SessionConfig {
            keys: collators
                .into_iter()
                .map(|(account, aura)| (account.clone(), account, SessionKeys { aura }))
                .collect(),
        },
        polkadot_xcm: PolkadotXcmConfig {
            safe_xcm_version: Some(SAFE_XCM_VERSION)
        },
        foreign_assets: foreign_assets(),
        sudo: SudoConfig {
            key: sudo.map(|key| key.to_account_id())
        },
        technical_committee: TechnicalCommitteeConfig {
            members: [
                Sr25519Keyring::Alice,
                Sr25519Keyring::Bob,
                Sr25519Keyring::Charlie,
            ]
            .map(|key| key.to_account_id())
            .to_vec(),
            ..Default::default()
        },
        porep: PorepConfig {
            verifying_keys: keys
        },
    })
}

fn collator(key: Sr25519Keyring) -> (AccountId, AuraId) {
    (key.to_account_id(), AuraId::from(key.public()))
}

/// The preset of a name, as JSON bytes.
pub(crate) fn get_preset(id: &PresetId) -> Option<Vec<u8>> {
    let alice = Sr25519Keyring::Alice;
    let two = || vec![collator(alice), collator(Sr25519Keyring::Bob)];
    let patch = match id.as_ref() {
        sp_genesis_builder::DEV_RUNTIME_PRESET => genesis(vec![collator(alice)], Some(alice)),
        sp_genesis_builder::LOCAL_TESTNET_RUNTIME_PRESET => genesis(two(), Some(alice)),
        GOVERNED => genesis(two(), None),
        _ => return None,
    };
    Some(patch.to_string().into_bytes())
}

/// Names of all presets.
pub(crate) fn preset_names() -> Vec<PresetId> {
    vec![
        PresetId::from(sp_genesis_builder::DEV_RUNTIME_PRESET),
        PresetId::from(sp_genesis_builder::LOCAL_TESTNET_RUNTIME_PRESET),
        PresetId::from(GOVERNED),
    ]
}
