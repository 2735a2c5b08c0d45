//! What others rely on: indices of pallets and calls, and that every call fits a block.

use codec::Decode;
use frame_support::{
    dispatch::{DispatchClass, GetDispatchInfo},
    traits::{GetCallIndex, GetCallName, PalletInfoAccess},
    weights::Weight,
};
use ips_primitives::{
    deal::ORDER_SLOTS_MAX, proof_calls::CLAIM_BATCH_MAX, sector::SECTOR_PIECES_MAX,
};
use pallet_poe::weights::WeightInfo as _;
use pallet_porep::{weights::WeightInfo as _, ENDINGS_PER_BLOCK};
use pallet_storage_market::weights::WeightInfo as _;

use crate::{configs::RuntimeBlockWeights, *};

/// Indices of our pallets, which other chains and clients write into their messages.
#[test]
fn pallet_indices_are_frozen() {
    assert_eq!(StorageMarket::index(), 50);
    assert_eq!(NodeClasses::index(), 51);
    assert_eq!(StakingCollateral::index(), 52);
    assert_eq!(Porep::index(), 53);
    assert_eq!(Poe::index(), 54);
}

#[test]
fn call_indices_of_proofs_are_frozen() {
    let named = |names: &[&'static str], indices: &[u8]| -> Vec<(u8, &'static str)> {
        indices.iter().copied().zip(names.iter().copied()).collect()
    };
    let porep = named(
        pallet_porep::Call::<Runtime>::get_call_names(),
        pallet_porep::Call::<Runtime>::get_call_indices(),
    );
    assert_eq!(
        porep,
        [
            (0, "pre_commit"),
            (1, "prove_commit"),
            (2, "submit_post"),
            (3, "declare_fault"),
            (4, "recover"),
            (5, "terminate"),
            (6, "expire_pre_commit"),
            (7, "dispute"),
            (8, "set_verifying_key"),
            (9, "set_arithmetic"),
        ]
    );
    let poe = named(
        pallet_poe::Call::<Runtime>::get_call_names(),
        pallet_poe::Call::<Runtime>::get_call_indices(),
    );
    assert_eq!(
        poe,
        [
            (0, "open_retrieval"),
            (1, "top_up"),
            (2, "claim"),
            (3, "close"),
            (4, "withdraw"),
        ]
    );
    let market = pallet_storage_market::Call::<Runtime>::get_call_names();
    assert_eq!(market[0], "place_order");
}

/// The most that one extrinsic of a user may weigh.
fn extrinsic_max() -> Weight {
    let weights = RuntimeBlockWeights::get();
    weights.get(DispatchClass::Normal).max_extrinsic.unwrap()
}

#[test]
fn every_call_of_ours_fits_a_block_and_weighs_something() {
    for (pallet, indices) in [
        (
            50,
            pallet_storage_market::Call::<Runtime>::get_call_indices(),
        ),
        (51, pallet_node_classes::Call::<Runtime>::get_call_indices()),
        (
            52,
            pallet_staking_collateral::Call::<Runtime>::get_call_indices(),
        ),
        (53, pallet_porep::Call::<Runtime>::get_call_indices()),
        (54, pallet_poe::Call::<Runtime>::get_call_indices()),
    ] {
        for index in indices {
            let mut bytes = vec![0u8; 4_096];
            bytes[0] = pallet;
            bytes[1] = *index;
            let call = RuntimeCall::decode(&mut &bytes[..]).unwrap();
            let weight = call.get_dispatch_info().call_weight;
            assert!(
                weight.all_lte(extrinsic_max()),
                "{call:?} weighs {weight:?} of {:?}",
                extrinsic_max()
            );
            assert!(weight.ref_time() > 0, "{call:?} weighs nothing");
        }
    }
}

/// Batches as large as their calls take, which the empty ones above do not show.
#[test]
fn the_largest_batches_fit_a_block() {
    type Market = <Runtime as pallet_storage_market::Config>::WeightInfo;
    type Sectors = <Runtime as pallet_porep::Config>::WeightInfo;
    type Extracts = <Runtime as pallet_poe::Config>::WeightInfo;
    for (call, weight) in [
        ("place_order", Market::place_order(ORDER_SLOTS_MAX)),
        ("pre_commit", Sectors::pre_commit(SECTOR_PIECES_MAX)),
        ("claim", Extracts::claim(CLAIM_BATCH_MAX)),
    ] {
        assert!(weight.all_lte(extrinsic_max()), "{call} weighs {weight:?}");
    }
}

/// A block in which every limit of the tick is reached still has half of its room for calls.
#[test]
fn the_tick_leaves_half_a_block() {
    type Sectors = <Runtime as pallet_porep::Config>::WeightInfo;
    let limits = <Runtime as pallet_porep::Config>::Parameters::get();
    let misses = Sectors::tick(limits.tick_partitions_max, limits.tick_pieces_max);
    let endings = Sectors::terminate(SECTOR_PIECES_MAX).saturating_mul(ENDINGS_PER_BLOCK);
    let tick = misses.saturating_add(endings);
    assert!(
        tick.all_lte(constants::MAXIMUM_BLOCK_WEIGHT / 2),
        "the tick weighs {tick:?}"
    );
}
