//! What is always true between two calls; checked after every test and by try-runtime.
//!
//! 1. Each node's capacity is within its class's bounds.
//! 2. No node uses more than its capacity.
//! 3. No reliability exceeds 1000.
//! 4. The workers' index holds exactly the workers of the nodes.
//! 5. The hold on each owner's account is its node's deposit.

use frame_support::{ensure, traits::fungible::InspectHold};
use sp_runtime::TryRuntimeError;

use crate::{
    calls::owner_of,
    math::RELIABILITY_PERMILLE_MAX,
    pallet::{Config, HoldReason, Nodes, Pallet, Workers},
};

impl<T: Config> Pallet<T> {
    /// Checks every invariant of this module's header, in order.
    ///
    /// # Errors
    /// The first one that is broken.
    pub fn do_try_state() -> Result<(), TryRuntimeError> {
        let mut nodes = 0usize;
        for (provider, node) in Nodes::<T>::iter() {
            let bounds = 1..=node.params.class.capacity_bytes_max();
            ensure!(
                bounds.contains(&node.params.capacity_bytes),
                "1: capacity out of bounds"
            );
            ensure!(
                node.used_bytes <= node.params.capacity_bytes,
                "2: more used than there is"
            );
            ensure!(
                node.reliability_permille <= RELIABILITY_PERMILLE_MAX,
                "3: reliability above its maximum"
            );
            ensure!(
                Workers::<T>::get(node.params.worker) == Some(provider),
                "4: a node's worker is not indexed"
            );
            let why = HoldReason::Node.into();
            ensure!(
                T::Currency::balance_on_hold(&why, &owner_of(&provider)) == node.deposit,
                "5: hold and deposit differ"
            );
            nodes += 1;
        }
        ensure!(
            Workers::<T>::iter().count() == nodes,
            "4: an indexed worker serves no node"
        );
        Ok(())
    }
}
