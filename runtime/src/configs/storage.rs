//! How the pallets of the storage network are tied together.

use frame_support::{parameter_types, traits::tokens::imbalance::ResolveTo};
use frame_system::EnsureRoot;
use ips_primitives::{challenge::BEACON_DELAY_BLOCKS, deal::OrderDeposit};
use pallet_poe::PoeParameters;
use pallet_porep::PorepParameters;
use pallet_storage_market::MarketTerms;

use super::{host_calls::RelayHostCalls, randomness::BlockBeacon};
use crate::{constants::*, *};

parameter_types! {
    /// Constants of the market.
    pub const Terms: MarketTerms = MarketTerms {
        lottery_blocks: 8,
        delivery_blocks: 150,
        seal_blocks: 1_200,
        duration_blocks_max: 5_256_000,
        collateral_per_mib: 10 * MILLIUNIT,
        undone_claim_permille: 50,
        reliability_permille_min: 200,
        order_deposit: OrderDeposit {
            base: 10 * MILLIUNIT,
            per_slot: MILLIUNIT,
        },
    };
    /// Constants of sectors and proofs.
    pub const Sectors: PorepParameters = PorepParameters {
        profile: PROFILE,
        schedule: SCHEDULE,
        seed_delay_blocks: BEACON_DELAY_BLOCKS,
        ticket_blocks: 100,
        prove_commit_blocks: 150,
        beacon_blocks: 300,
        fault_slash_percent: 5,
        fraud_reward_percent: 25,
        fault_cutoff_periods: 14,
        tick_partitions_max: 32,
        tick_pieces_max: 512,
        allow_insecure_keys: true,
    };
    /// Constants of retrieval.
    pub const Retrieval: PoeParameters = PoeParameters {
        profile: PROFILE,
        close_blocks: 50,
        period_blocks: 600,
        period_claims_max: 240,
        period_bytes_max: 1 << 36,
        claim_bytes_max: 1 << 30,
        budget_min: MICROUNIT,
    };
    /// Held for a registered node.
    pub const NodeDeposit: Balance = 100 * MILLIUNIT;
    /// The least that is put behind a node at a time.
    pub const DelegationMin: Balance = UNIT;
    /// Blocks until free pledge can be withdrawn.
    pub const UnbondingBlocks: BlockNumber = 100;
}

impl pallet_node_classes::Config for Runtime {
    type Currency = Balances;
    type NodeDeposit = NodeDeposit;
    type WeightInfo = pallet_node_classes::weights::SubstrateWeight<Runtime>;
}

impl pallet_staking_collateral::Config for Runtime {
    type Currency = Balances;
    type Slashed = ResolveTo<super::governance::TreasuryAccount, Balances>;
    type UnbondingBlocks = UnbondingBlocks;
    type DelegationMin = DelegationMin;
    type WeightInfo = pallet_staking_collateral::weights::SubstrateWeight<Runtime>;
}

impl pallet_storage_market::Config for Runtime {
    type Currency = Balances;
    type Nodes = NodeClasses;
    type Collateral = StakingCollateral;
    type Replicas = Porep;
    type Beacons = Porep;
    type Profile = SectorProfile;
    type Terms = Terms;
    type WeightInfo = pallet_storage_market::weights::SubstrateWeight<Runtime>;
}

impl pallet_porep::Config for Runtime {
    type Nodes = NodeClasses;
    type Deals = StorageMarket;
    type Collateral = StakingCollateral;
    type BlockRandomness = BlockBeacon;
    type HostCalls = RelayHostCalls;
    type KeyOrigin = EnsureRoot<AccountId>;
    type Parameters = Sectors;
    type WeightInfo = pallet_porep::weights::SubstrateWeight<Runtime>;
}

impl pallet_poe::Config for Runtime {
    type Currency = Balances;
    type RuntimeHoldReason = RuntimeHoldReason;
    type Nodes = NodeClasses;
    type Holders = StorageMarket;
    type Replicas = Porep;
    type Beacons = Porep;
    type Keys = Porep;
    type Parameters = Retrieval;
    type WeightInfo = pallet_poe::weights::SubstrateWeight<Runtime>;
}
