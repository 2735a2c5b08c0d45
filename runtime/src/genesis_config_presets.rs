//! Genesis presets: `development` (one collator) and `local_testnet` (two).
//!
//! Both fund the well-known development accounts and six storage providers `//Node1`…`//Node6`, and
//! set the verifying keys of the insecure development setup.

use alloc::{string::ToString, vec, vec::Vec};
use cumulus_primitives_core::ParaId;
use frame_support::build_struct_json_patch;
use ips_verifier::{groth16::CircuitKind, keys::builtin_key};
use serde_json::Value;
use sp_consensus_aura::sr25519::AuthorityId as AuraId;
use sp_core::{sr25519, Pair};
use sp_genesis_builder::PresetId;
use sp_keyring::Sr25519Keyring;

use crate::{
    constants::{EXISTENTIAL_DEPOSIT, PROFILE, UNIT},
    AccountId, BalancesConfig, CollatorSelectionConfig, ParachainInfoConfig, PolkadotXcmConfig,
    PorepConfig, RuntimeGenesisConfig, SessionConfig, SessionKeys, SudoConfig,
};

/// The parachain id of both presets.
pub const PARACHAIN_ID: ParaId = ParaId::new(2_000);
/// XCM version spoken before another is negotiated.
const SAFE_XCM_VERSION: u32 = xcm::prelude::XCM_VERSION;
/// Balance of each development account.
const ENDOWMENT: u128 = 1_000_000 * UNIT;
/// Storage providers with funds.
const DEV_PROVIDERS: u32 = 64;

fn account_of(uri: &str) -> AccountId {
    let pair = sr25519::Pair::from_string(uri, None).expect("a fixed development path is valid");
    AccountId::from(<[u8; 32]>::from(pair.public()))
}

fn genesis(collators: Vec<(AccountId, AuraId)>) -> Value {
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
        sudo: SudoConfig {
            key: Some(Sr25519Keyring::Alice.to_account_id())
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
    let patch = match id.as_ref() {
        sp_genesis_builder::DEV_RUNTIME_PRESET => genesis(vec![collator(Sr25519Keyring::Alice)]),
        sp_genesis_builder::LOCAL_TESTNET_RUNTIME_PRESET => genesis(vec![
            collator(Sr25519Keyring::Alice),
            collator(Sr25519Keyring::Bob),
        ]),
        _ => return None,
    };
    Some(patch.to_string().into_bytes())
}

/// Names of all presets.
pub(crate) fn preset_names() -> Vec<PresetId> {
    vec![
        PresetId::from(sp_genesis_builder::DEV_RUNTIME_PRESET),
        PresetId::from(sp_genesis_builder::LOCAL_TESTNET_RUNTIME_PRESET),
    ]
}
