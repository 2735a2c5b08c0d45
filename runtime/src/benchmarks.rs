//! What `benchmark pallet` measures: the pallets of the storage network.
//!
//! Non-goal: the SDK's pallets; their weights come with them.

use alloc::{string::String, vec::Vec};

use frame_benchmarking::{
    add_benchmark, list_benchmark, BenchmarkBatch, BenchmarkConfig, BenchmarkList,
};
use frame_support::traits::{StorageInfo, StorageInfoTrait, WhitelistedStorageKeys};

use crate::{
    AllPalletsWithSystem, Authoring, NodeClasses, Poe, Porep, StakingCollateral, StorageMarket,
};

/// Every benchmark, and the storage whose proof size is estimated.
pub(crate) fn metadata(extra: bool) -> (Vec<BenchmarkList>, Vec<StorageInfo>) {
    let mut list = Vec::new();
    list_benchmark!(list, extra, pallet_node_classes, NodeClasses);
    list_benchmark!(list, extra, pallet_staking_collateral, StakingCollateral);
    list_benchmark!(list, extra, pallet_storage_market, StorageMarket);
    list_benchmark!(list, extra, pallet_porep, Porep);
    list_benchmark!(list, extra, pallet_poe, Poe);
    list_benchmark!(list, extra, pallet_authoring, Authoring);
    (list, AllPalletsWithSystem::storage_info())
}

/// Runs one benchmark.
///
/// # Errors
/// What the benchmark stopped with.
pub(crate) fn dispatch(config: &BenchmarkConfig) -> Result<Vec<BenchmarkBatch>, String> {
    let whitelist = AllPalletsWithSystem::whitelisted_storage_keys();
    let mut batches = Vec::new();
    let params = (config, &whitelist);
    add_benchmark!(params, batches, pallet_node_classes, NodeClasses);
    add_benchmark!(
        params,
        batches,
        pallet_staking_collateral,
        StakingCollateral
    );
    add_benchmark!(params, batches, pallet_storage_market, StorageMarket);
    add_benchmark!(params, batches, pallet_porep, Porep);
    add_benchmark!(params, batches, pallet_poe, Poe);
    add_benchmark!(params, batches, pallet_authoring, Authoring);
    Ok(batches)
}
