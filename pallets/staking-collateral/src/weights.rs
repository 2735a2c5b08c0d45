//! Weights of the calls. Start numbers by hand from database reads and writes; to be replaced by
//! the output of `scripts/benchmark-weights.sh`.

use core::marker::PhantomData;
use frame_support::{
    traits::Get,
    weights::{constants::RocksDbWeight, Weight},
};

/// Weight of each call.
pub trait WeightInfo {
    /// Of `pledge`.
    fn pledge() -> Weight;
    /// Of `request_release`.
    fn request_release() -> Weight;
    /// Of `withdraw`.
    fn withdraw() -> Weight;
}

/// Proof bytes of one pledge, its owner's holds and account, with the paths to them.
const PLEDGE_PROOF: u64 = 8_000;

/// Weights on a node with the runtime's database costs.
pub struct SubstrateWeight<T>(PhantomData<T>);

impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
    fn pledge() -> Weight {
        hold().saturating_add(T::DbWeight::get().reads_writes(3, 3))
    }
    fn request_release() -> Weight {
        request().saturating_add(T::DbWeight::get().reads_writes(1, 1))
    }
    fn withdraw() -> Weight {
        hold().saturating_add(T::DbWeight::get().reads_writes(3, 3))
    }
}

/// For tests.
impl WeightInfo for () {
    fn pledge() -> Weight {
        hold().saturating_add(RocksDbWeight::get().reads_writes(3, 3))
    }
    fn request_release() -> Weight {
        request().saturating_add(RocksDbWeight::get().reads_writes(1, 1))
    }
    fn withdraw() -> Weight {
        hold().saturating_add(RocksDbWeight::get().reads_writes(3, 3))
    }
}

fn hold() -> Weight {
    Weight::from_parts(55_000_000, PLEDGE_PROOF)
}
fn request() -> Weight {
    Weight::from_parts(20_000_000, PLEDGE_PROOF)
}
