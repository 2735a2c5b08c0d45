//! What a block holds of each call, from weights, proof sizes and lengths.

use codec::{Decode, Encode};
use frame_support::{
    dispatch::{DispatchClass, GetDispatchInfo},
    traits::{GetCallIndex, GetCallName, PalletInfoAccess},
    weights::Weight,
};
use frame_system::limits::BlockLength;
use ips_primitives::{
    deal::OrderParams,
    fragment::{ErasureParams, FragmentSize},
    id::{AccountKey, FileId, OrderId, PartitionIndex, SectorNumber, SlotId, SlotIndex},
    sector::ProofBytes,
    slot::SlotRoot,
};
use ips_runtime::{
    constants::SLOT_MILLISECONDS, NodeClasses, Poe, Porep, Runtime, RuntimeCall, StakingCollateral,
    StorageMarket,
};

use crate::rows::Row;

/// Bytes of an extrinsic besides its call: version, address, signature, extensions.
const ENVELOPE_BYTES: usize = 112;
/// Picoseconds of a millisecond.
const MILLISECOND: f64 = 1e9;

/// The most of a block that users' calls may take.
struct Block {
    base: Weight,
    total: Weight,
    bytes: f64,
}

impl Block {
    fn new() -> Self {
        let weights = <Runtime as frame_system::Config>::BlockWeights::get();
        let normal = weights.get(DispatchClass::Normal);
        let length: BlockLength = <Runtime as frame_system::Config>::BlockLength::get();
        Self {
            base: normal.base_extrinsic,
            total: normal.max_total.unwrap_or(weights.max_block),
            bytes: f64::from(*length.max.get(DispatchClass::Normal)),
        }
    }

    /// How many of a call a block holds, and what it has no more of then.
    fn holds(&self, call: &RuntimeCall) -> (f64, &'static str) {
        let info = call.get_dispatch_info();
        let weight = info.total_weight().saturating_add(self.base);
        let length = call.encoded_size() + ENVELOPE_BYTES;
        // What an extrinsic's bytes are of a proof of validity.
        let proof = weight.proof_size() as f64 + length as f64;
        let by = [
            (
                self.total.ref_time() as f64 / weight.ref_time() as f64,
                "ref time",
            ),
            (self.total.proof_size() as f64 / proof, "PoV"),
            (self.bytes / length as f64, "block length"),
        ];
        let least = by.into_iter().min_by(|a, b| a.0.total_cmp(&b.0));
        let (count, limit) = least.unwrap_or((0.0, ""));
        (count.floor(), limit)
    }
}

/// The weight of every call of the storage network's pallets, with empty lists.
pub(crate) fn of_every_call() -> Vec<Row> {
    type Named = (usize, &'static str, &'static [&'static str], &'static [u8]);
    macro_rules! of {
        ($pallet:ident, $name:ident) => {
            (
                $pallet::index(),
                stringify!($name),
                $name::Call::<Runtime>::get_call_names(),
                $name::Call::<Runtime>::get_call_indices(),
            )
        };
    }
    let pallets: [Named; 5] = [
        of!(StorageMarket, pallet_storage_market),
        of!(NodeClasses, pallet_node_classes),
        of!(StakingCollateral, pallet_staking_collateral),
        of!(Porep, pallet_porep),
        of!(Poe, pallet_poe),
    ];
    let mut rows = Vec::new();
    for (pallet, name, calls, indices) in pallets {
        for (call, index) in calls.iter().zip(indices) {
            // Zeroes decode as the call with empty lists.
            let mut bytes = vec![0; 4_096];
            bytes[0] = u8::try_from(pallet).unwrap_or(u8::MAX);
            bytes[1] = *index;
            if let Ok(call_) = RuntimeCall::decode(&mut &bytes[..]) {
                let weight = call_.get_dispatch_info().call_weight;
                let name = name.trim_start_matches("pallet_");
                let time = weight.ref_time() as f64 / MILLISECOND;
                rows.push(Row::new(format!("weight of {name}.{call}"), time, "ms"));
            }
        }
    }
    rows
}

/// How many of a call a block holds by its weights.
pub(crate) fn per_block(call: &RuntimeCall) -> f64 {
    Block::new().holds(call).0
}

/// A transfer.
pub(crate) fn transfer() -> RuntimeCall {
    pallet_balances::Call::transfer_keep_alive {
        dest: ips_runtime::AccountId::new([1; 32]).into(),
        value: ips_runtime::constants::UNIT,
    }
    .into()
}

/// An order of six slots.
pub(crate) fn order() -> RuntimeCall {
    let roots: Vec<_> = (0..6).map(|i| SlotRoot([i; 32])).collect();
    pallet_storage_market::Call::place_order {
        params: OrderParams {
            file: FileId([3; 32]),
            group: 0,
            erasure: ErasureParams { data: 3, parity: 3 },
            fragment_size: FragmentSize::K256,
            segments: 1,
            slot_roots: roots.try_into().unwrap_or_default(),
            duration_blocks: 100,
            price_per_mib_block_max: 1_000,
            delivery_key: AccountKey([4; 32]),
        },
    }
    .into()
}

/// What a block holds of the calls that users and nodes send most.
pub(crate) fn of_typical_calls() -> Vec<Row> {
    let slot = SlotId {
        order: OrderId(1),
        slot: SlotIndex(2),
    };
    let calls: [(&str, RuntimeCall); 5] = [
        ("balance transfers", transfer()),
        ("orders of six slots", order()),
        (
            "slot claims",
            pallet_storage_market::Call::claim_slot { slot }.into(),
        ),
        (
            "storage proofs",
            pallet_porep::Call::submit_post {
                partition: PartitionIndex(0),
                period: 1,
                proof: ProofBytes([0; 192]),
            }
            .into(),
        ),
        (
            "seal proofs",
            pallet_porep::Call::prove_commit {
                sector: SectorNumber(1),
                proofs: vec![ProofBytes([0; 192])].try_into().unwrap_or_default(),
                bindings: Default::default(),
            }
            .into(),
        ),
    ];
    let block = Block::new();
    let slot = SLOT_MILLISECONDS as f64 / 1e3;
    calls
        .iter()
        .flat_map(|(name, call)| {
            let (count, limit) = block.holds(call);
            [
                Row::new(format!("{name}, by weight"), count, "per block").limited_by(limit),
                Row::new(format!("{name}, by weight"), count / slot, "per s").limited_by(limit),
            ]
        })
        .collect()
}
