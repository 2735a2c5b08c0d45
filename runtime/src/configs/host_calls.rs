//! What the relay chain's validators can do for this chain: whether they have RFC-163's functions, as the
//! relay chain's own configuration says at each block (`docs/decisions/0006`).

use cumulus_pallet_parachain_system::{relay_state_snapshot::RelayChainStateProof, OnSystemEvent};
use cumulus_primitives_core::{
    relay_chain::well_known_keys::ACTIVE_CONFIG, PersistedValidationData,
};
use frame_support::{pallet_prelude::ValueQuery, storage_alias, traits::Get, weights::Weight};
use polkadot_primitives::{ExecutorHostFunction, ExecutorParam};
use polkadot_runtime_parachains::configuration::HostConfiguration;

use crate::{BlockNumber, Runtime};

/// Whether the validators of the relay block that this block is built on have them.
#[storage_alias(verbatim)]
type HostCallsGiven = StorageValue<IpsRelay, bool, ValueQuery>;

/// Whether whoever validates this chain's blocks has RFC-163's functions.
pub struct RelayHostCalls;

impl Get<bool> for RelayHostCalls {
    fn get() -> bool {
        HostCallsGiven::get()
    }
}

/// Keeps that from the state proof that each block brings.
pub struct KeepHostCalls;

impl OnSystemEvent for KeepHostCalls {
    fn on_validation_data(_: &PersistedValidationData) {}

    fn on_validation_code_applied() {}

    fn on_relay_state_proof(proof: &RelayChainStateProof) -> Weight {
        // A configuration that cannot be read, of another version of the relay chain, gives nothing.
        let given = proof
            .read_optional_entry::<HostConfiguration<BlockNumber>>(ACTIVE_CONFIG)
            .is_ok_and(|config| config.is_some_and(|config| gives_them(&config)));
        if given != HostCallsGiven::get() {
            HostCallsGiven::put(given);
        }
        <Runtime as frame_system::Config>::DbWeight::get().reads_writes(1, 1)
    }
}

fn gives_them(config: &HostConfiguration<BlockNumber>) -> bool {
    let wanted = ExecutorParam::EnabledHostFunction(ExecutorHostFunction::EccRfc163);
    config.executor_params.contains(&wanted)
}
