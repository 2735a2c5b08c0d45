//! Host calls are had only while the relay chain's state says so.

use codec::Encode;
use cumulus_primitives_core::relay_chain::well_known_keys::ACTIVE_CONFIG;
use frame_support::traits::Get;
use polkadot_primitives::{ExecutorHostFunction, ExecutorParam, ExecutorParams};
use polkadot_runtime_parachains::configuration::HostConfiguration;

use super::chain::{relay_state, vrf, Chain};
use crate::{configs::RelayHostCalls, *};

/// Whether host calls are had after a block on a relay chain of that configuration.
fn had_with(config: Vec<u8>) -> bool {
    let mut relay = relay_state(1_001, None, Some(vrf(1)));
    let entry = (ACTIVE_CONFIG.to_vec(), config);
    relay.additional_key_values.push(entry);
    let (root, proof) = relay.into_state_root_and_proof();
    let mut chain = Chain::development();
    chain.block_on(root, proof, vec![]);
    chain.read(RelayHostCalls::get)
}

fn config(params: &[ExecutorParam]) -> Vec<u8> {
    HostConfiguration::<BlockNumber> {
        executor_params: ExecutorParams::from(params),
        ..Default::default()
    }
    .encode()
}

#[test]
fn the_relay_chains_configuration_decides() {
    let ecc = ExecutorParam::EnabledHostFunction(ExecutorHostFunction::EccRfc163);
    let other = ExecutorParam::WasmExtBulkMemory;
    assert!(!had_with(config(&[])));
    assert!(!had_with(config(std::slice::from_ref(&other))));
    assert!(had_with(config(&[other, ecc.clone()])));
    // A configuration that this runtime cannot read gives nothing, and stops nothing.
    let mut cut = config(&[ecc]);
    cut.truncate(60);
    assert!(!had_with(cut));
}

#[test]
fn a_development_chain_has_none() {
    let mut chain = Chain::development();
    chain.run_to(2);
    assert!(!chain.read(RelayHostCalls::get));
}
