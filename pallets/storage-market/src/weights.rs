//! Weights of the calls. Start numbers by hand from database reads and writes; to be replaced by
//! the output of `scripts/benchmark-weights.sh`.

use core::marker::PhantomData;
use frame_support::{
    traits::Get,
    weights::{constants::RocksDbWeight, RuntimeDbWeight, Weight},
};

/// Weight of each call.
pub trait WeightInfo {
    /// Of `place_order` with `s` slots.
    fn place_order(s: u32) -> Weight;
    /// Of `set_ask`.
    fn set_ask() -> Weight;
    /// Of `claim_slot`, undoing an old claim.
    fn claim_slot() -> Weight;
    /// Of `confirm_deal`.
    fn confirm_deal() -> Weight;
    /// Of `settle` that pays and ends the deal.
    fn settle() -> Weight;
    /// Of `cancel_order` with `s` slots, all of them claimed but not delivered.
    fn cancel_order(s: u32) -> Weight;
    /// Of `renew` with `s` slots, all of them claimed.
    fn renew(s: u32) -> Weight;
}

/// Proof bytes of an order (its roots are most of it) with the path to it.
const ORDER_PROOF: u64 = 5_000;
/// Proof bytes of a small entry with the path to it.
const ENTRY_PROOF: u64 = 3_000;
/// Proof bytes of an order's seats with the path to them.
const SEATS_PROOF: u64 = 5_000;

/// Weights on a node with the runtime's database costs.
pub struct SubstrateWeight<T>(PhantomData<T>);

impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
    fn place_order(s: u32) -> Weight {
        place_order(T::DbWeight::get(), s)
    }
    fn set_ask() -> Weight {
        set_ask(T::DbWeight::get())
    }
    fn claim_slot() -> Weight {
        claim_slot(T::DbWeight::get())
    }
    fn confirm_deal() -> Weight {
        confirm_deal(T::DbWeight::get())
    }
    fn settle() -> Weight {
        settle(T::DbWeight::get())
    }
    fn cancel_order(s: u32) -> Weight {
        cancel_order(T::DbWeight::get(), s)
    }
    fn renew(s: u32) -> Weight {
        renew(T::DbWeight::get(), s)
    }
}

/// For tests.
impl WeightInfo for () {
    fn place_order(s: u32) -> Weight {
        place_order(RocksDbWeight::get(), s)
    }
    fn set_ask() -> Weight {
        set_ask(RocksDbWeight::get())
    }
    fn claim_slot() -> Weight {
        claim_slot(RocksDbWeight::get())
    }
    fn confirm_deal() -> Weight {
        confirm_deal(RocksDbWeight::get())
    }
    fn settle() -> Weight {
        settle(RocksDbWeight::get())
    }
    fn cancel_order(s: u32) -> Weight {
        cancel_order(RocksDbWeight::get(), s)
    }
    fn renew(s: u32) -> Weight {
        renew(RocksDbWeight::get(), s)
    }
}

fn place_order(db: RuntimeDbWeight, s: u32) -> Weight {
    let s = u64::from(s);
    Weight::from_parts(65_000_000, ORDER_PROOF + ENTRY_PROOF)
        .saturating_add(Weight::from_parts(3_500_000, 0).saturating_mul(s))
        .saturating_add(db.reads_writes(3, 6))
        .saturating_add(db.writes(s))
}
fn set_ask(db: RuntimeDbWeight) -> Weight {
    Weight::from_parts(18_000_000, ENTRY_PROOF * 2).saturating_add(db.reads_writes(1, 1))
}
fn claim_slot(db: RuntimeDbWeight) -> Weight {
    // Worker, order, slot, ask, node, beacon, seats, pledge, lock; the old claim's pledge, lock,
    // hold, account, node, index.
    Weight::from_parts(140_000_000, ORDER_PROOF + SEATS_PROOF + ENTRY_PROOF * 13)
        .saturating_add(db.reads_writes(15, 13))
}
fn confirm_deal(db: RuntimeDbWeight) -> Weight {
    // The signature check is about a third of the time.
    Weight::from_parts(130_000_000, ORDER_PROOF + ENTRY_PROOF * 6)
        .saturating_add(db.reads_writes(7, 5))
}
fn settle(db: RuntimeDbWeight) -> Weight {
    // Besides the market's own: porep's sectors of up to 64 pieces.
    let sectors = 64;
    Weight::from_parts(180_000_000, ORDER_PROOF + SEATS_PROOF + ENTRY_PROOF * 10)
        .saturating_add(Weight::from_parts(2_000_000, ENTRY_PROOF * 2).saturating_mul(sectors))
        .saturating_add(db.reads(2 * sectors))
        .saturating_add(db.reads_writes(12, 10))
}
fn cancel_order(db: RuntimeDbWeight, s: u32) -> Weight {
    let per_slot =
        Weight::from_parts(60_000_000, ENTRY_PROOF * 6).saturating_add(db.reads_writes(6, 6));
    Weight::from_parts(40_000_000, ORDER_PROOF + SEATS_PROOF + ENTRY_PROOF * 2)
        .saturating_add(db.reads_writes(4, 4))
        .saturating_add(per_slot.saturating_mul(u64::from(s)))
}
fn renew(db: RuntimeDbWeight, s: u32) -> Weight {
    let per_slot =
        Weight::from_parts(8_000_000, ENTRY_PROOF * 2).saturating_add(db.reads_writes(2, 1));
    Weight::from_parts(60_000_000, ORDER_PROOF + ENTRY_PROOF * 2)
        .saturating_add(db.reads_writes(3, 3))
        .saturating_add(per_slot.saturating_mul(u64::from(s)))
}
