//! The IPS parachain runtime: one WASM blob for a development chain and for a parachain.
//!
//! Goal: compose pallets. Non-goal: rules of its own; those are in the pallets and in
//! `ips-primitives` and `ips-verifier`.
#![cfg_attr(not(feature = "std"), no_std)]
#![recursion_limit = "512"]
#![allow(
    missing_docs,
    reason = "the runtime macros generate undocumented items"
)]

#[cfg(feature = "std")]
include!(concat!(env!("OUT_DIR"), "/wasm_binary.rs"));

extern crate alloc;

mod apis;
#[cfg(feature = "runtime-benchmarks")]
mod benchmarks;
mod configs;
pub mod constants;
mod genesis_config_presets;
#[cfg(feature = "rehearsal")]
mod rehearsal;
#[cfg(test)]
mod tests;
mod views;

use alloc::{borrow::Cow, vec::Vec};
use sp_runtime::{
    generic, impl_opaque_keys,
    traits::{BlakeTwo256, IdentifyAccount, Verify},
    MultiSignature,
};
use sp_version::RuntimeVersion;

pub use apis::{api, RuntimeApi};
pub use configs::authoring;
pub use genesis_config_presets::{PARACHAIN_ID, SIBLING_ID};

/// Signature of an extrinsic.
pub type Signature = MultiSignature;
/// Account: the public key, or its hash.
pub type AccountId = <<Signature as Verify>::Signer as IdentifyAccount>::AccountId;
/// Balance of an account.
pub type Balance = ips_primitives::id::Balance;
/// Block number.
pub type BlockNumber = ips_primitives::id::BlockNumber;
/// Index of a transaction.
pub type Nonce = u32;
/// Hash of anything.
pub type Hash = sp_core::H256;
/// Address in an extrinsic.
pub type Address = sp_runtime::MultiAddress<AccountId, ()>;
/// Block header.
pub type Header = generic::Header<BlockNumber, BlakeTwo256>;
/// Block.
pub type Block = generic::Block<Header, UncheckedExtrinsic>;

/// What wraps every extrinsic; weight reclaim must be outermost.
pub type TxExtension = cumulus_pallet_weight_reclaim::StorageWeightReclaim<
    Runtime,
    (
        frame_system::AuthorizeCall<Runtime>,
        frame_system::CheckNonZeroSender<Runtime>,
        frame_system::CheckSpecVersion<Runtime>,
        frame_system::CheckTxVersion<Runtime>,
        frame_system::CheckGenesis<Runtime>,
        frame_system::CheckEra<Runtime>,
        frame_system::CheckNonce<Runtime>,
        frame_system::CheckWeight<Runtime>,
        pallet_transaction_payment::ChargeTransactionPayment<Runtime>,
        frame_metadata_hash_extension::CheckMetadataHash<Runtime>,
    ),
>;

/// Extrinsic.
pub type UncheckedExtrinsic =
    generic::UncheckedExtrinsic<Address, RuntimeCall, Signature, TxExtension>;

/// Dispatches a block's extrinsics and hooks.
pub type Executive = frame_executive::Executive<
    Runtime,
    Block,
    frame_system::ChainContext<Runtime>,
    Runtime,
    AllPalletsWithSystem,
>;

impl_opaque_keys! {
    /// Keys a collator registers.
    pub struct SessionKeys {
        /// Block authoring.
        pub aura: Aura,
    }
}

#[cfg(feature = "rehearsal")]
pub use rehearsal::VERSION;

/// Version of the runtime.
#[cfg(not(feature = "rehearsal"))]
#[sp_version::runtime_version]
pub const VERSION: RuntimeVersion = RuntimeVersion {
    spec_name: Cow::Borrowed("ips"),
    impl_name: Cow::Borrowed("ips"),
    authoring_version: 1,
    spec_version: 1,
    impl_version: 0,
    apis: apis::RUNTIME_API_VERSIONS,
    transaction_version: 1,
    system_version: 1,
};

#[frame_support::runtime]
mod runtime {
    #[runtime::runtime]
    #[runtime::derive(
        RuntimeCall,
        RuntimeEvent,
        RuntimeError,
        RuntimeOrigin,
        RuntimeFreezeReason,
        RuntimeHoldReason,
        RuntimeSlashReason,
        RuntimeLockId,
        RuntimeTask,
        RuntimeViewFunction
    )]
    pub struct Runtime;

    #[runtime::pallet_index(0)]
    pub type System = frame_system;
    #[runtime::pallet_index(1)]
    pub type ParachainSystem = cumulus_pallet_parachain_system;
    #[runtime::pallet_index(2)]
    pub type Timestamp = pallet_timestamp;
    #[runtime::pallet_index(3)]
    pub type ParachainInfo = parachain_info;
    #[runtime::pallet_index(4)]
    pub type WeightReclaim = cumulus_pallet_weight_reclaim;

    #[runtime::pallet_index(10)]
    pub type Balances = pallet_balances;
    #[runtime::pallet_index(11)]
    pub type TransactionPayment = pallet_transaction_payment;

    #[runtime::pallet_index(12)]
    pub type ForeignAssets = pallet_assets<Instance1>;
    #[runtime::pallet_index(13)]
    pub type PoolAssets = pallet_assets<Instance2>;
    #[runtime::pallet_index(14)]
    pub type AssetConversion = pallet_asset_conversion;

    #[runtime::pallet_index(15)]
    pub type Sudo = pallet_sudo;
    #[runtime::pallet_index(16)]
    pub type Utility = pallet_utility;
    #[runtime::pallet_index(17)]
    pub type Proxy = pallet_proxy;

    #[runtime::pallet_index(18)]
    pub type Treasury = pallet_treasury;

    #[runtime::pallet_index(40)]
    pub type Origins = crate::configs::governance::origins;
    #[runtime::pallet_index(41)]
    pub type Referenda = pallet_referenda;
    #[runtime::pallet_index(42)]
    pub type ConvictionVoting = pallet_conviction_voting;
    #[runtime::pallet_index(43)]
    pub type TechnicalCommittee = pallet_collective<Instance1>;
    #[runtime::pallet_index(44)]
    pub type Preimage = pallet_preimage;
    #[runtime::pallet_index(45)]
    pub type Scheduler = pallet_scheduler;

    #[runtime::pallet_index(20)]
    pub type Authorship = pallet_authorship;
    #[runtime::pallet_index(21)]
    pub type CollatorSelection = pallet_collator_selection;
    #[runtime::pallet_index(22)]
    pub type Session = pallet_session;
    #[runtime::pallet_index(23)]
    pub type Aura = pallet_aura;
    #[runtime::pallet_index(24)]
    pub type AuraExt = cumulus_pallet_aura_ext;
    #[runtime::pallet_index(25)]
    pub type Authoring = pallet_authoring;

    #[runtime::pallet_index(30)]
    pub type XcmpQueue = cumulus_pallet_xcmp_queue;
    #[runtime::pallet_index(31)]
    pub type PolkadotXcm = pallet_xcm;
    #[runtime::pallet_index(32)]
    pub type CumulusXcm = cumulus_pallet_xcm;
    #[runtime::pallet_index(33)]
    pub type MessageQueue = pallet_message_queue;

    #[runtime::pallet_index(50)]
    pub type StorageMarket = pallet_storage_market;
    #[runtime::pallet_index(51)]
    pub type NodeClasses = pallet_node_classes;
    #[runtime::pallet_index(52)]
    pub type StakingCollateral = pallet_staking_collateral;
    #[runtime::pallet_index(53)]
    pub type Porep = pallet_porep;
    #[runtime::pallet_index(54)]
    pub type Poe = pallet_poe;
}

cumulus_pallet_parachain_system::register_validate_block! {
    Runtime = Runtime,
    BlockExecutor = cumulus_pallet_aura_ext::BlockExecutor::<Runtime, Executive>,
}
