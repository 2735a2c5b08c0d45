//! The beacon: randomness of the relay chain's block authors, which no collator chooses
//! (`docs/protocol.md` §5.2, `docs/decisions/0005-beacon-from-the-relay-chain.md`).

use cumulus_pallet_parachain_system::{
    relay_state_snapshot::RelayChainStateProof, OnSystemEvent, ValidationData,
};
use cumulus_primitives_core::{
    relay_chain::well_known_keys::CURRENT_BLOCK_RANDOMNESS, PersistedValidationData,
};
use frame_support::{pallet_prelude::ValueQuery, storage_alias, weights::Weight};
use ips_primitives::{challenge::Beacon, hash::blake2_256};
use pallet_porep::BlockRandomness;

use crate::{BlockNumber, Runtime};

/// Entropy of the relay block that the last block was built on.
#[storage_alias(verbatim)]
pub(crate) type RelayEntropy = StorageValue<IpsRelay, [u8; 32], ValueQuery>;

/// Keeps the entropy of the relay chain's block from the state proof that each block brings.
pub struct KeepRelayEntropy;

/// The entropy of a relay block: its author's VRF output, or, of an author that had none to give, the
/// root of the relay chain's state.
///
/// A collator chooses neither. It may only choose among the few relay blocks it may build on.
fn entropy_of(vrf: Option<[u8; 32]>, state_root: [u8; 32]) -> [u8; 32] {
    match vrf {
        Some(output) => blake2_256(&[b"ips/relay-vrf/1", &output]),
        None => blake2_256(&[b"ips/relay-root/1", &state_root]),
    }
}

impl OnSystemEvent for KeepRelayEntropy {
    fn on_validation_data(_: &PersistedValidationData) {}

    fn on_validation_code_applied() {}

    fn on_relay_state_proof(proof: &RelayChainStateProof) -> Weight {
        // The proof shows the value or its absence. One that shows neither makes the block invalid:
        // a collator must not be able to leave the value out.
        let vrf = proof
            .read_optional_entry::<Option<[u8; 32]>>(CURRENT_BLOCK_RANDOMNESS)
            .expect("the relay state proof covers the randomness of the relay block")
            .flatten();
        let root = ValidationData::<Runtime>::get()
            .map(|data| data.relay_parent_storage_root.0)
            .unwrap_or_default();
        RelayEntropy::put(entropy_of(vrf, root));
        <Runtime as frame_system::Config>::DbWeight::get().reads_writes(1, 1)
    }
}

/// The beacon of a block: of the relay block that its parent was built on.
///
/// The parent's hash is no part of it, since its author could try many.
pub struct BlockBeacon;

impl BlockRandomness for BlockBeacon {
    fn for_block(now: BlockNumber) -> Beacon {
        blake2_256(&[b"ips/beacon/2", &RelayEntropy::get(), &now.to_le_bytes()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sp_io::TestExternalities;

    #[test]
    fn the_authors_vrf_is_preferred_to_the_state_root() {
        let vrf = entropy_of(Some([1; 32]), [2; 32]);
        assert_eq!(vrf, entropy_of(Some([1; 32]), [3; 32]));
        assert_ne!(vrf, entropy_of(Some([4; 32]), [2; 32]));
        let root = entropy_of(None, [2; 32]);
        assert_ne!(root, entropy_of(None, [3; 32]));
        assert_ne!(
            entropy_of(None, [1; 32]),
            entropy_of(Some([1; 32]), [1; 32])
        );
    }

    #[test]
    fn beacon_depends_on_entropy_and_number_but_not_on_the_parent() {
        TestExternalities::default().execute_with(|| {
            RelayEntropy::put([1; 32]);
            let beacon = BlockBeacon::for_block(7);
            assert_ne!(beacon, BlockBeacon::for_block(8));
            frame_system::Pallet::<Runtime>::set_parent_hash(sp_core::H256([9; 32]));
            assert_eq!(beacon, BlockBeacon::for_block(7));
            RelayEntropy::put([2; 32]);
            assert_ne!(beacon, BlockBeacon::for_block(7));
        });
    }
}
