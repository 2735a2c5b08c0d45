//! What the calls do, by topic.

mod binding;
mod disputes;
mod posts;
mod sectors;

use frame_support::{
    dispatch::{Pays, PostDispatchInfo},
    weights::Weight,
};

/// What a valid proof is charged: nothing; the block counts what it took.
fn free(weight: Weight) -> PostDispatchInfo {
    PostDispatchInfo {
        actual_weight: Some(weight),
        pays_fee: Pays::No,
    }
}

/// What another call is charged: what it took.
fn charged(weight: Weight) -> PostDispatchInfo {
    PostDispatchInfo {
        actual_weight: Some(weight),
        pays_fee: Pays::Yes,
    }
}
