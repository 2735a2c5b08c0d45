//! What the chain's runtime looks like: metadata and versions.
//!
//! Goal: sign calls for exactly this runtime, or say why not. Non-goal: several runtimes at once.

use codec::Decode;
use ips_engine::chain::{ChainError, Head};
use subxt::{
    client::{OfflineClient, OfflineClientAtBlock},
    config::{
        substrate::{SpecVersionForRange, SubstrateConfig, H256},
        DefaultExtrinsicParamsBuilder,
    },
    ext::codec,
    metadata::{ArcMetadata, Metadata},
};

use crate::{
    calls::{self, CallBytes},
    keys::AccountSigner,
    rpc::Rpc,
};

/// Blocks that an extrinsic stays valid after the block it is born at.
pub(crate) const ERA_BLOCKS: u32 = 64;
/// Metadata versions that name the runtime's queries, best first.
const METADATA_VERSIONS: [u32; 2] = [15, 16];
/// Runtime API that answers the port's reads.
const API: &str = "IpsApi";
/// Methods of it that the port uses.
const API_METHODS: [&str; 14] = [
    "info",
    "beacon",
    "node",
    "nodes",
    "next_order",
    "open_orders",
    "order",
    "orders_of_file",
    "orders_of_client",
    "deals_of",
    "sectors_of",
    "partitions_of",
    "agreement",
    "provider_of",
];

/// A runtime, ready to sign for.
pub(crate) struct Runtime {
    at: OfflineClientAtBlock<SubstrateConfig>,
    spec_version: u32,
}

/// A signed extrinsic.
#[derive(Clone, Debug)]
pub(crate) struct Signed {
    pub(crate) bytes: Vec<u8>,
    pub(crate) hash: [u8; 32],
}

impl Runtime {
    /// Fetches metadata and versions, and checks that this is an IPS chain that this software knows.
    pub(crate) async fn fetch(rpc: &Rpc, genesis: [u8; 32]) -> Result<Self, ChainError> {
        let runtime = Self::fetch_any(rpc, genesis).await?;
        runtime.ensure_compatible()?;
        Ok(runtime)
    }

    /// Fetches metadata and versions of any chain.
    pub(crate) async fn fetch_any(rpc: &Rpc, genesis: [u8; 32]) -> Result<Self, ChainError> {
        let (spec, transaction) = rpc.runtime_version().await?;
        let known: Vec<u32> = rpc.runtime_api("Metadata_metadata_versions", &()).await?;
        let version = METADATA_VERSIONS
            .into_iter()
            .find(|version| known.contains(version));
        let version = version.ok_or_else(|| {
            ChainError::Incompatible(format!("it offers metadata {known:?}, 15 is needed"))
        })?;
        let bytes: Option<Vec<u8>> = rpc
            .runtime_api("Metadata_metadata_at_version", &version)
            .await?;
        let metadata = Metadata::decode(&mut bytes.unwrap_or_default().as_slice())
            .map_err(|error| ChainError::Incompatible(format!("its metadata: {error}")))?;
        Self::new(metadata, genesis, spec, transaction)
    }

    pub(crate) fn new(
        metadata: Metadata,
        genesis: [u8; 32],
        spec_version: u32,
        transaction_version: u32,
    ) -> Result<Self, ChainError> {
        let config = SubstrateConfig::builder()
            .set_genesis_hash(H256(genesis))
            .set_metadata_for_spec_versions([(spec_version, ArcMetadata::new(metadata))])
            .set_spec_version_for_block_ranges([SpecVersionForRange {
                block_range: 0..u64::MAX,
                spec_version,
                transaction_version,
            }])
            .build();
        let at = OfflineClient::new_with_config(config)
            .at_block(0u64)
            .map_err(|error| ChainError::Incompatible(error.to_string()))?;
        Ok(Self { at, spec_version })
    }

    pub(crate) fn spec_version(&self) -> u32 {
        self.spec_version
    }

    pub(crate) fn at(&self) -> &OfflineClientAtBlock<SubstrateConfig> {
        &self.at
    }

    pub(crate) fn metadata(&self) -> &Metadata {
        self.at.metadata_ref()
    }

    /// Every query and every call that the port needs is there, with the same argument types.
    pub(crate) fn ensure_compatible(&self) -> Result<(), ChainError> {
        let api = self
            .metadata()
            .runtime_api_trait_by_name(API)
            .ok_or_else(|| ChainError::Incompatible(format!("it has no runtime API {API}")))?;
        for method in API_METHODS {
            if api.method_by_name(method).is_none() {
                return Err(ChainError::Incompatible(format!(
                    "it has no query {API}.{method}"
                )));
            }
        }
        for call in calls::samples() {
            CallBytes::of(&call).to_bytes(self.metadata())?;
        }
        Ok(())
    }

    /// Signs a call with a nonce; it dies [`ERA_BLOCKS`] after `birth`.
    pub(crate) fn sign(
        &self,
        call: &CallBytes,
        nonce: u32,
        birth: Head,
        signer: &AccountSigner,
    ) -> Result<Signed, ChainError> {
        let params = DefaultExtrinsicParamsBuilder::<SubstrateConfig>::new()
            .nonce(u64::from(nonce))
            .mortal_from_unchecked(
                u64::from(ERA_BLOCKS),
                u64::from(birth.number),
                H256(birth.hash),
            )
            .build();
        let label = call.name.label;
        let unsignable = |error: subxt::error::ExtrinsicError| {
            ChainError::Incompatible(format!("{label}: {error}"))
        };
        let signed = self
            .at
            .tx()
            .create_signable_offline(call, params)
            .map_err(unsignable)?
            .sign(signer.pair())
            .map_err(unsignable)?;
        Ok(Signed {
            hash: signed.hash().0,
            bytes: signed.into_encoded(),
        })
    }
}
