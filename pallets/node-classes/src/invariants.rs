//! What is always true between two calls; checked after every test and by try-runtime.
//!
//! 1. Each node's capacity is within its class's bounds.
//! 2. No node uses more than its capacity.
//! 3. No reliability exceeds 1000.
//! 4. The workers' index holds exactly the workers of the nodes.

use frame_support::ensure;
use sp_runtime::TryRuntimeError;

use crate::{
    math::RELIABILITY_PERMILLE_MAX,
    pallet::{Config, Nodes, Pallet, Workers},
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
            nodes += 1;
        }
        ensure!(
            Workers::<T>::iter().count() == nodes,
            "4: an indexed worker serves no node"
        );
        Ok(())
    }
}
