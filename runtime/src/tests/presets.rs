//! The genesis presets.

use super::chain::{account, Chain};
use crate::{constants::UNIT, *};

#[test]
fn presets_build_and_make_blocks() {
    for (name, collators) in [("development", 1), ("local_testnet", 2), ("governed", 2)] {
        let mut chain = Chain::of_preset(name);
        chain.read(|| {
            assert_eq!(
                pallet_aura::Authorities::<Runtime>::get().len(),
                collators,
                "{name}"
            );
            let invulnerables = pallet_collator_selection::Invulnerables::<Runtime>::get();
            assert_eq!(invulnerables.len(), collators, "{name}");
            assert_eq!(ParachainInfo::parachain_id(), PARACHAIN_ID);
        });
        if collators == 1 {
            chain.run_to(3);
            assert_eq!(chain.read(System::block_number), 3);
        }
    }
}

#[test]
fn presets_are_the_named_ones_and_no_other() {
    let names = genesis_config_presets::preset_names();
    assert_eq!(names.len(), 3);
    for name in names {
        assert!(genesis_config_presets::get_preset(&name).is_some());
    }
    assert!(genesis_config_presets::get_preset(&"mainnet".into()).is_none());
}

#[test]
fn providers_have_money_and_every_circuit_has_its_key() {
    Chain::development().read(|| {
        for name in ["//Alice", "//Node1", "//Node64"] {
            assert_eq!(Balances::free_balance(account(name)), 1_000_000 * UNIT);
        }
        let keys = Porep::key_ids();
        assert!(keys.seal.is_some() && keys.post.is_some() && keys.poe.is_some());
    });
}

#[test]
fn only_presets_for_development_have_a_sudo_key() {
    for (name, has_key) in [
        ("development", true),
        ("local_testnet", true),
        ("governed", false),
    ] {
        let key = Chain::of_preset(name).read(pallet_sudo::Key::<Runtime>::get);
        assert_eq!(key.is_some(), has_key, "{name}");
    }
}
