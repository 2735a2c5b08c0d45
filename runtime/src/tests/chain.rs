//! A chain that is driven block by block, as a collator and the relay chain would.

use std::collections::BTreeMap;

use codec::Encode;
use cumulus_pallet_parachain_system::parachain_inherent::{
    BasicParachainInherentData, InboundMessagesCollection, InboundMessagesData,
};
use cumulus_primitives_core::{
    relay_chain::{well_known_keys::CURRENT_BLOCK_RANDOMNESS, HeadData},
    PersistedValidationData,
};
use cumulus_test_relay_sproof_builder::RelayStateSproofBuilder;
use frame_support::genesis_builder_helper::build_state;
use ips_primitives::hash::blake2_256;
use serde_json::Value;
use sp_consensus_aura::{Slot, AURA_ENGINE_ID};
use sp_core::{sr25519, Pair, H256};
use sp_genesis_builder::PresetId;
use sp_io::TestExternalities;
use sp_runtime::{
    generic::{Digest, DigestItem, Era, SignedPayload},
    traits::Header as _,
    DispatchError, MultiSignature,
};

use crate::{constants::SLOT_MILLISECONDS, *};

/// Hash of block 0.
pub(super) const GENESIS: H256 = H256([7; 32]);
/// Slot of block 0.
const FIRST_SLOT: u64 = 1_000;

/// A native chain.
pub(super) struct Chain {
    state: TestExternalities,
    parent: Option<Header>,
    nonces: BTreeMap<AccountId, Nonce>,
}

/// A development key.
pub(super) fn pair(uri: &str) -> sr25519::Pair {
    sr25519::Pair::from_string(uri, None).unwrap()
}

/// Its account.
pub(super) fn account(uri: &str) -> AccountId {
    AccountId::from(pair(uri).public().0)
}

/// What the relay chain's author of a block drew, if a test says nothing else.
pub(super) fn vrf(block: BlockNumber) -> [u8; 32] {
    blake2_256(&[b"vrf", &block.to_le_bytes()])
}

pub(super) fn merge(into: &mut Value, patch: Value) {
    match (into, patch) {
        (Value::Object(into), Value::Object(patch)) => {
            for (name, value) in patch {
                merge(into.entry(name).or_insert(Value::Null), value);
            }
        }
        (into, patch) => *into = patch,
    }
}

/// A relay state with the entropy in it.
pub(super) fn relay_state(
    slot: u64,
    parent: Option<&Header>,
    vrf: Option<[u8; 32]>,
) -> RelayStateSproofBuilder {
    RelayStateSproofBuilder {
        para_id: PARACHAIN_ID,
        current_slot: slot.into(),
        included_para_head: Some(HeadData(parent.map(Encode::encode).unwrap_or_default())),
        additional_key_values: vec![(CURRENT_BLOCK_RANDOMNESS.to_vec(), vrf.encode())],
        ..Default::default()
    }
}

impl Chain {
    /// The chain of a preset at block 0.
    pub(super) fn of_preset(name: &str) -> Self {
        let patch = genesis_config_presets::get_preset(&PresetId::from(name)).unwrap();
        let mut config = serde_json::to_value(RuntimeGenesisConfig::default()).unwrap();
        merge(&mut config, serde_json::from_slice(&patch).unwrap());
        let mut state = TestExternalities::default();
        state.execute_with(|| {
            build_state::<RuntimeGenesisConfig>(config.to_string().into_bytes()).unwrap();
            frame_system::BlockHash::<Runtime>::insert(0, GENESIS);
        });
        Self {
            state,
            parent: None,
            nonces: BTreeMap::new(),
        }
    }

    /// The development chain at block 0.
    pub(super) fn development() -> Self {
        Self::of_preset("development")
    }

    /// The same without a sudo key.
    pub(super) fn without_sudo(mut self) -> Self {
        self.state.execute_with(pallet_sudo::Key::<Runtime>::kill);
        self
    }

    /// Reads the state.
    pub(super) fn read<R>(&mut self, read: impl FnOnce() -> R) -> R {
        self.state.execute_with(read)
    }

    /// A call signed by a development key.
    pub(super) fn signed(
        &mut self,
        signer: &str,
        call: impl Into<RuntimeCall>,
    ) -> UncheckedExtrinsic {
        let (call, pair, account) = (call.into(), pair(signer), account(signer));
        let next = self.nonces.entry(account.clone()).or_default();
        let nonce = *next;
        *next += 1;
        let extension = TxExtension::new((
            frame_system::AuthorizeCall::new(),
            frame_system::CheckNonZeroSender::new(),
            frame_system::CheckSpecVersion::new(),
            frame_system::CheckTxVersion::new(),
            frame_system::CheckGenesis::new(),
            frame_system::CheckEra::from(Era::Immortal),
            frame_system::CheckNonce::from(nonce),
            frame_system::CheckWeight::new(),
            pallet_transaction_payment::ChargeTransactionPayment::from(0),
            frame_metadata_hash_extension::CheckMetadataHash::new(false),
        ));
        self.state.execute_with(|| {
            let payload = SignedPayload::new(call.clone(), extension.clone()).unwrap();
            let signature = payload.using_encoded(|bytes| pair.sign(bytes));
            UncheckedExtrinsic::new_signed(
                call,
                account.into(),
                MultiSignature::Sr25519(signature),
                extension,
            )
        })
    }

    /// Makes a block; returns what each extrinsic came to.
    pub(super) fn block(
        &mut self,
        extrinsics: Vec<UncheckedExtrinsic>,
    ) -> Vec<Result<(), DispatchError>> {
        let number = self.parent.as_ref().map_or(0, |parent| parent.number) + 1;
        let relay = relay_state(
            FIRST_SLOT + u64::from(number),
            self.parent.as_ref(),
            Some(vrf(number)),
        );
        let (root, proof) = relay.into_state_root_and_proof();
        self.block_on(root, proof, extrinsics)
    }

    /// Makes a block on a relay state that the caller brings.
    pub(super) fn block_on(
        &mut self,
        relay_parent_storage_root: H256,
        relay_chain_state: sp_trie::StorageProof,
        extrinsics: Vec<UncheckedExtrinsic>,
    ) -> Vec<Result<(), DispatchError>> {
        let parent_hash = self.parent.as_ref().map_or(GENESIS, Header::hash);
        let number = self.parent.as_ref().map_or(0, |parent| parent.number) + 1;
        let slot = FIRST_SLOT + u64::from(number);
        let digest = Digest {
            logs: vec![DigestItem::PreRuntime(
                AURA_ENGINE_ID,
                Slot::from(slot).encode(),
            )],
        };
        let header = Header::new(number, H256::zero(), H256::zero(), parent_hash, digest);
        let inbound_messages_data = InboundMessagesData::new(
            InboundMessagesCollection::new(vec![]).into_abridged(&mut 0),
            InboundMessagesCollection::new(vec![]).into_abridged(&mut 0),
        );
        let validation = cumulus_pallet_parachain_system::Call::set_validation_data {
            data: BasicParachainInherentData {
                validation_data: PersistedValidationData {
                    parent_head: Default::default(),
                    relay_parent_number: number,
                    relay_parent_storage_root,
                    max_pov_size: 1 << 20,
                },
                relay_chain_state,
                relay_parent_descendants: vec![],
                collator_peer_id: None,
            },
            inbound_messages_data,
        };
        let now = pallet_timestamp::Call::set {
            now: slot * SLOT_MILLISECONDS,
        };
        let (header, results) = self.state.execute_with(|| {
            Executive::initialize_block(&header);
            for inherent in [RuntimeCall::from(now), validation.into()] {
                let applied = Executive::apply_extrinsic(UncheckedExtrinsic::new_bare(inherent));
                applied.unwrap().unwrap();
            }
            let results = extrinsics
                .into_iter()
                .map(|extrinsic| Executive::apply_extrinsic(extrinsic).unwrap())
                .collect();
            (Executive::finalize_block(), results)
        });
        self.parent = Some(header);
        results
    }

    /// Makes empty blocks up to and with block `number`.
    pub(super) fn run_to(&mut self, number: BlockNumber) {
        while self.parent.as_ref().map_or(0, |parent| parent.number) < number {
            self.block(vec![]);
        }
    }
}
