//! Weights of the calls. Start numbers by hand from database reads and writes; to be replaced by
//! the output of `scripts/benchmark-weights.sh`.

use core::marker::PhantomData;
use frame_support::{
    traits::Get,
    weights::{constants::RocksDbWeight, Weight},
};

/// Weight of each call.
pub trait WeightInfo {
    /// Of `register`.
    fn register() -> Weight;
    /// Of `update`.
    fn update() -> Weight;
    /// Of `set_worker`.
    fn set_worker() -> Weight;
    /// Of `set_capacity`.
    fn set_capacity() -> Weight;
    /// Of `promote`.
    fn promote() -> Weight;
    /// Of `retire`.
    fn retire() -> Weight;
}

/// Proof bytes of one node: its longest encoding (about 1.3 KB) and the path to it.
const NODE_PROOF: u64 = 4_000;
/// Proof bytes of one worker entry with the path to it.
const WORKER_PROOF: u64 = 3_000;

/// Weights on a node with the runtime's database costs.
pub struct SubstrateWeight<T>(PhantomData<T>);

impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
    fn register() -> Weight {
        register().saturating_add(T::DbWeight::get().reads_writes(3, 3))
    }
    fn update() -> Weight {
        update().saturating_add(T::DbWeight::get().reads_writes(3, 1))
    }
    fn set_worker() -> Weight {
        set_worker().saturating_add(T::DbWeight::get().reads_writes(2, 3))
    }
    fn set_capacity() -> Weight {
        change().saturating_add(T::DbWeight::get().reads_writes(1, 1))
    }
    fn promote() -> Weight {
        change().saturating_add(T::DbWeight::get().reads_writes(1, 1))
    }
    fn retire() -> Weight {
        set_worker().saturating_add(T::DbWeight::get().reads_writes(2, 3))
    }
}

/// For tests.
impl WeightInfo for () {
    fn register() -> Weight {
        register().saturating_add(RocksDbWeight::get().reads_writes(3, 3))
    }
    fn update() -> Weight {
        update().saturating_add(RocksDbWeight::get().reads_writes(3, 1))
    }
    fn set_worker() -> Weight {
        set_worker().saturating_add(RocksDbWeight::get().reads_writes(2, 3))
    }
    fn set_capacity() -> Weight {
        change().saturating_add(RocksDbWeight::get().reads_writes(1, 1))
    }
    fn promote() -> Weight {
        change().saturating_add(RocksDbWeight::get().reads_writes(1, 1))
    }
    fn retire() -> Weight {
        set_worker().saturating_add(RocksDbWeight::get().reads_writes(2, 3))
    }
}

fn register() -> Weight {
    Weight::from_parts(25_000_000, NODE_PROOF + WORKER_PROOF)
}
fn update() -> Weight {
    Weight::from_parts(22_000_000, NODE_PROOF * 2 + WORKER_PROOF)
}
fn set_worker() -> Weight {
    Weight::from_parts(22_000_000, NODE_PROOF + WORKER_PROOF * 2)
}
fn change() -> Weight {
    Weight::from_parts(18_000_000, NODE_PROOF)
}
