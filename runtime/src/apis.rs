//! What the runtime answers to nodes, wallets and the storage network.

use alloc::vec::Vec;
use frame_support::{
    genesis_builder_helper::{build_state, get_preset},
    weights::Weight,
};
use ips_primitives::{
    challenge::Beacon,
    id::{
        AccountKey, AgreementId, FileId, OrderId, PartitionIndex, ProviderId, SectorNumber, SlotId,
    },
    view::{AgreementView, ChainInfo, DealView, NodeView, OrderView, PartitionView, SectorView},
};
use sp_api::impl_runtime_apis;
use sp_consensus_aura::sr25519::AuthorityId as AuraId;
use sp_core::{crypto::KeyTypeId, OpaqueMetadata};
use sp_runtime::{
    traits::Block as BlockT,
    transaction_validity::{TransactionSource, TransactionValidity},
    ApplyExtrinsicResult, ExtrinsicInclusionMode,
};
use sp_version::RuntimeVersion;
use xcm::{
    latest::prelude::AssetId, Version as XcmVersion, VersionedAsset, VersionedAssetId,
    VersionedAssets, VersionedLocation, VersionedXcm,
};
use xcm_runtime_apis::{
    dry_run::{CallDryRunEffects, Error as XcmDryRunApiError, XcmDryRunEffects},
    fees::Error as XcmPaymentApiError,
};

use crate::{configs::*, constants::SLOT_MILLISECONDS, views, *};

/// Most tokens that are named as means of payment.
const PAYMENT_TOKENS_MAX: usize = 64;

impl_runtime_apis! {
    impl sp_consensus_aura::AuraApi<Block, AuraId> for Runtime {
        fn slot_duration() -> sp_consensus_aura::SlotDuration {
            sp_consensus_aura::SlotDuration::from_millis(SLOT_MILLISECONDS)
        }

        fn authorities() -> Vec<AuraId> {
            pallet_aura::Authorities::<Runtime>::get().into_inner()
        }
    }

    impl cumulus_primitives_aura::AuraUnincludedSegmentApi<Block> for Runtime {
        fn can_build_upon(
            included_hash: <Block as BlockT>::Hash,
            slot: cumulus_primitives_aura::Slot,
        ) -> bool {
            ConsensusHook::can_build_upon(included_hash, slot)
        }
    }

    impl cumulus_primitives_core::RelayParentOffsetApi<Block> for Runtime {
        fn relay_parent_offset() -> u32 {
            0
        }

        fn max_claim_queue_offset() -> u8 {
            ParachainSystem::max_claim_queue_offset()
        }
    }

    impl cumulus_primitives_core::SchedulingV3EnabledApi<Block> for Runtime {
        fn scheduling_v3_enabled() -> bool {
            false
        }
    }

    impl cumulus_primitives_core::TargetBlockRate<Block> for Runtime {
        fn target_block_rate() -> u32 {
            1
        }
    }

    impl cumulus_primitives_core::KeyToIncludeInRelayProof<Block> for Runtime {
        fn keys_to_prove() -> cumulus_primitives_core::RelayProofRequest {
            cumulus_primitives_core::RelayProofRequest {
                keys: alloc::vec![cumulus_primitives_core::RelayStorageKey::Top(
                    cumulus_primitives_core::relay_chain::well_known_keys::CURRENT_BLOCK_RANDOMNESS
                        .to_vec(),
                )],
            }
        }
    }

    impl sp_api::Core<Block> for Runtime {
        fn version() -> RuntimeVersion {
            VERSION
        }

        fn execute_block(block: <Block as BlockT>::LazyBlock) {
            Executive::execute_block(block)
        }

        fn initialize_block(header: &<Block as BlockT>::Header) -> ExtrinsicInclusionMode {
            Executive::initialize_block(header)
        }
    }

    impl sp_api::Metadata<Block> for Runtime {
        fn metadata() -> OpaqueMetadata {
            OpaqueMetadata::new(Runtime::metadata().into())
        }

        fn metadata_at_version(version: u32) -> Option<OpaqueMetadata> {
            Runtime::metadata_at_version(version)
        }

        fn metadata_versions() -> Vec<u32> {
            Runtime::metadata_versions()
        }
    }

    impl frame_support::view_functions::runtime_api::RuntimeViewFunction<Block> for Runtime {
        fn execute_view_function(
            id: frame_support::view_functions::ViewFunctionId,
            input: Vec<u8>,
        ) -> Result<Vec<u8>, frame_support::view_functions::ViewFunctionDispatchError> {
            Runtime::execute_view_function(id, input)
        }
    }

    impl sp_block_builder::BlockBuilder<Block> for Runtime {
        fn apply_extrinsic(extrinsic: <Block as BlockT>::Extrinsic) -> ApplyExtrinsicResult {
            Executive::apply_extrinsic(extrinsic)
        }

        fn finalize_block() -> <Block as BlockT>::Header {
            Executive::finalize_block()
        }

        fn inherent_extrinsics(
            data: sp_inherents::InherentData,
        ) -> Vec<<Block as BlockT>::Extrinsic> {
            data.create_extrinsics()
        }

        fn check_inherents(
            block: <Block as BlockT>::LazyBlock,
            data: sp_inherents::InherentData,
        ) -> sp_inherents::CheckInherentsResult {
            data.check_extrinsics(&block)
        }
    }

    impl sp_transaction_pool::runtime_api::TaggedTransactionQueue<Block> for Runtime {
        fn validate_transaction(
            source: TransactionSource,
            tx: <Block as BlockT>::Extrinsic,
            block_hash: <Block as BlockT>::Hash,
        ) -> TransactionValidity {
            Executive::validate_transaction(source, tx, block_hash)
        }
    }

    impl sp_offchain::OffchainWorkerApi<Block> for Runtime {
        fn offchain_worker(header: &<Block as BlockT>::Header) {
            Executive::offchain_worker(header)
        }
    }

    impl sp_session::SessionKeys<Block> for Runtime {
        fn generate_session_keys(
            owner: Vec<u8>,
            seed: Option<Vec<u8>>,
        ) -> sp_session::OpaqueGeneratedSessionKeys {
            SessionKeys::generate(&owner, seed).into()
        }

        fn decode_session_keys(encoded: Vec<u8>) -> Option<Vec<(Vec<u8>, KeyTypeId)>> {
            SessionKeys::decode_into_raw_public_keys(&encoded)
        }
    }

    impl frame_system_rpc_runtime_api::AccountNonceApi<Block, AccountId, Nonce> for Runtime {
        fn account_nonce(account: AccountId) -> Nonce {
            System::account_nonce(account)
        }
    }

    impl pallet_transaction_payment_rpc_runtime_api::TransactionPaymentApi<Block, Balance>
        for Runtime
    {
        fn query_info(
            extrinsic: <Block as BlockT>::Extrinsic,
            length: u32,
        ) -> pallet_transaction_payment_rpc_runtime_api::RuntimeDispatchInfo<Balance> {
            TransactionPayment::query_info(extrinsic, length)
        }

        fn query_fee_details(
            extrinsic: <Block as BlockT>::Extrinsic,
            length: u32,
        ) -> pallet_transaction_payment::FeeDetails<Balance> {
            TransactionPayment::query_fee_details(extrinsic, length)
        }

        fn query_weight_to_fee(weight: Weight) -> Balance {
            TransactionPayment::weight_to_fee(weight)
        }

        fn query_length_to_fee(length: u32) -> Balance {
            TransactionPayment::length_to_fee(length)
        }
    }

    impl pallet_asset_conversion::AssetConversionApi<Block, Balance, xcm::latest::Location>
        for Runtime
    {
        fn quote_price_exact_tokens_for_tokens(
            give: xcm::latest::Location,
            want: xcm::latest::Location,
            amount: Balance,
            include_fee: bool,
        ) -> Option<Balance> {
            AssetConversion::quote_price_exact_tokens_for_tokens(give, want, amount, include_fee)
        }

        fn quote_price_tokens_for_exact_tokens(
            give: xcm::latest::Location,
            want: xcm::latest::Location,
            amount: Balance,
            include_fee: bool,
        ) -> Option<Balance> {
            AssetConversion::quote_price_tokens_for_exact_tokens(give, want, amount, include_fee)
        }

        fn get_reserves(
            one: xcm::latest::Location,
            other: xcm::latest::Location,
        ) -> Option<(Balance, Balance)> {
            AssetConversion::get_reserves(one, other).ok()
        }
    }

    impl xcm_runtime_apis::fees::XcmPaymentApi<Block> for Runtime {
        fn query_acceptable_payment_assets(
            version: XcmVersion,
        ) -> Result<Vec<VersionedAssetId>, XcmPaymentApiError> {
            let pools = pallet_asset_conversion::Pools::<Runtime>::iter_keys();
            let tokens = pools
                .take(PAYMENT_TOKENS_MAX)
                .map(|(_, token)| AssetId(token));
            PolkadotXcm::query_acceptable_payment_assets(
                version,
                core::iter::once(AssetId(HereLocation::get()))
                    .chain(tokens)
                    .collect(),
            )
        }

        fn query_weight_to_asset_fee(
            weight: Weight,
            asset: VersionedAssetId,
        ) -> Result<u128, XcmPaymentApiError> {
            PolkadotXcm::query_weight_to_asset_fee::<Trader>(weight, asset)
        }

        fn query_xcm_weight(message: VersionedXcm<()>) -> Result<Weight, XcmPaymentApiError> {
            PolkadotXcm::query_xcm_weight(message)
        }

        fn query_delivery_fees(
            destination: VersionedLocation,
            message: VersionedXcm<()>,
            asset: VersionedAssetId,
        ) -> Result<VersionedAssets, XcmPaymentApiError> {
            PolkadotXcm::query_delivery_fees::<()>(destination, message, asset)
        }
    }

    impl xcm_runtime_apis::dry_run::DryRunApi<Block, RuntimeCall, RuntimeEvent, OriginCaller>
        for Runtime
    {
        fn dry_run_call(
            origin: OriginCaller,
            call: RuntimeCall,
            version: XcmVersion,
        ) -> Result<CallDryRunEffects<RuntimeEvent>, XcmDryRunApiError> {
            PolkadotXcm::dry_run_call::<Runtime, XcmRouter, OriginCaller, RuntimeCall>(
                origin, call, version,
            )
        }

        fn dry_run_xcm(
            origin: VersionedLocation,
            xcm: VersionedXcm<RuntimeCall>,
        ) -> Result<XcmDryRunEffects<RuntimeEvent>, XcmDryRunApiError> {
            PolkadotXcm::dry_run_xcm::<XcmRouter>(origin, xcm)
        }
    }

    impl xcm_runtime_apis::conversions::LocationToAccountApi<Block, AccountId> for Runtime {
        fn convert_location(
            location: VersionedLocation,
        ) -> Result<AccountId, xcm_runtime_apis::conversions::Error> {
            xcm_runtime_apis::conversions::LocationToAccountHelper::<
                AccountId,
                LocationToAccountId,
            >::convert_location(location)
        }
    }

    impl xcm_runtime_apis::trusted_query::TrustedQueryApi<Block> for Runtime {
        fn is_trusted_reserve(
            asset: VersionedAsset,
            location: VersionedLocation,
        ) -> xcm_runtime_apis::trusted_query::XcmTrustedQueryResult {
            PolkadotXcm::is_trusted_reserve(asset, location)
        }

        fn is_trusted_teleporter(
            asset: VersionedAsset,
            location: VersionedLocation,
        ) -> xcm_runtime_apis::trusted_query::XcmTrustedQueryResult {
            PolkadotXcm::is_trusted_teleporter(asset, location)
        }
    }

    impl cumulus_primitives_core::CollectCollationInfo<Block> for Runtime {
        fn collect_collation_info(
            header: &<Block as BlockT>::Header,
        ) -> cumulus_primitives_core::CollationInfo {
            ParachainSystem::collect_collation_info(header)
        }
    }

    impl cumulus_primitives_core::GetParachainInfo<Block> for Runtime {
        fn parachain_id() -> cumulus_primitives_core::ParaId {
            ParachainInfo::parachain_id()
        }
    }

    impl sp_genesis_builder::GenesisBuilder<Block> for Runtime {
        fn build_state(config: Vec<u8>) -> sp_genesis_builder::Result {
            build_state::<RuntimeGenesisConfig>(config)
        }

        fn get_preset(id: &Option<sp_genesis_builder::PresetId>) -> Option<Vec<u8>> {
            get_preset::<RuntimeGenesisConfig>(id, genesis_config_presets::get_preset)
        }

        fn preset_names() -> Vec<sp_genesis_builder::PresetId> {
            genesis_config_presets::preset_names()
        }
    }

    #[cfg(feature = "runtime-benchmarks")]
    impl frame_benchmarking::Benchmark<Block> for Runtime {
        fn benchmark_metadata(
            extra: bool,
        ) -> (
            Vec<frame_benchmarking::BenchmarkList>,
            Vec<frame_support::traits::StorageInfo>,
        ) {
            crate::benchmarks::metadata(extra)
        }

        fn dispatch_benchmark(
            config: frame_benchmarking::BenchmarkConfig,
        ) -> Result<Vec<frame_benchmarking::BenchmarkBatch>, alloc::string::String> {
            crate::benchmarks::dispatch(&config)
        }
    }

    impl ips_runtime_api::IpsApi<Block> for Runtime {
        fn info() -> ChainInfo {
            views::info()
        }

        fn beacon(block: BlockNumber) -> Option<Beacon> {
            views::beacon(block)
        }

        fn node(provider: ProviderId) -> Option<NodeView> {
            views::node(provider)
        }

        fn nodes(max: u32) -> Vec<NodeView> {
            views::nodes(max)
        }

        fn provider_of(worker: AccountKey) -> Option<ProviderId> {
            views::provider_of(worker)
        }

        fn open_orders(from: OrderId, max: u32) -> Vec<OrderView> {
            views::open_orders(from, max)
        }

        fn next_order() -> OrderId {
            views::next_order()
        }

        fn order(order: OrderId) -> Option<OrderView> {
            views::order(order)
        }

        fn orders_of_file(file: FileId, after: Option<OrderId>) -> Vec<OrderView> {
            views::orders_of_file(file, after)
        }

        fn orders_of_client(client: AccountKey, after: Option<OrderId>) -> Vec<OrderView> {
            views::orders_of_client(client, after)
        }

        fn deals_of(provider: ProviderId, after: Option<SlotId>) -> Vec<DealView> {
            views::deals_of(provider, after)
        }

        fn sectors_of(provider: ProviderId, after: Option<SectorNumber>) -> Vec<SectorView> {
            views::sectors_of(provider, after)
        }

        fn partitions_of(
            provider: ProviderId,
            after: Option<PartitionIndex>,
        ) -> Vec<PartitionView> {
            views::partitions_of(provider, after)
        }

        fn agreement(id: AgreementId) -> Option<AgreementView> {
            views::agreement(id)
        }
    }
}
