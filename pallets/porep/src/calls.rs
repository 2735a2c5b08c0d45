//! What the calls do, by topic.

mod binding;
mod disputes;
mod posts;
mod sectors;

use frame_support::{
    dispatch::{Pays, PostDispatchInfo},
    pallet_prelude::DispatchError,
    weights::Weight,
};
use frame_system::{ensure_signed, pallet_prelude::OriginFor};
use ips_pallet_traits::NodeRegistry;
use ips_primitives::id::{AccountKey, ProviderId};

use crate::pallet::{Config, Error, Pallet};

impl<T: Config> Pallet<T> {
    /// The provider whose worker signed.
    pub(crate) fn ensure_worker(origin: OriginFor<T>) -> Result<ProviderId, DispatchError> {
        let worker = AccountKey(ensure_signed(origin)?.into());
        T::Nodes::provider_of(&worker).ok_or_else(|| Error::<T>::NotAWorker.into())
    }
}

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
