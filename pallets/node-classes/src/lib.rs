#![doc = include_str!("../README.md")]
#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
mod calls;
#[cfg(any(test, feature = "try-runtime"))]
mod invariants;
mod math;
#[cfg(test)]
mod mock;
mod registry;
#[cfg(test)]
mod tests;
mod types;
pub mod weights;

pub use math::{reliability_after, RELIABILITY_PERMILLE_MAX};
pub use pallet::*;
pub use types::{Address, Addresses, Node, NodeParams, PeerId, ALL_NODES_MAX};
pub use weights::WeightInfo;

#[frame_support::pallet]
#[allow(missing_docs)] // The macro's own items; ours are documented.
pub mod pallet {
    use frame_support::{
        pallet_prelude::*,
        traits::fungible::{Mutate, MutateHold},
    };
    use frame_system::pallet_prelude::*;
    use ips_primitives::{
        consent::{Consent, Consents},
        id::{AccountKey, Balance, ProviderId},
        node_class::NodeClass,
    };
    use sp_core::H256;
    use sp_runtime::AccountId32;

    use crate::{
        types::{Addresses, Node, NodeParams, PeerId},
        weights::WeightInfo,
    };

    const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

    #[pallet::pallet]
    #[pallet::storage_version(STORAGE_VERSION)]
    pub struct Pallet<T>(_);

    /// What the runtime provides.
    #[pallet::config]
    pub trait Config:
        frame_system::Config<AccountId = AccountId32, Hash = H256, RuntimeEvent: From<Event<Self>>>
    {
        /// The native token.
        type Currency: MutateHold<AccountId32, Balance = Balance, Reason: From<HoldReason>>
            + Mutate<AccountId32>;
        /// Held for a node's entry until it retires: neither the state nor the lottery can be filled
        /// with nodes for nothing.
        #[pallet::constant]
        type NodeDeposit: Get<Balance>;
        /// Weights of the calls.
        type WeightInfo: WeightInfo;
    }

    /// Why tokens are held.
    #[pallet::composite_enum]
    pub enum HoldReason {
        /// A node's entry.
        #[codec(index = 0)]
        Node,
    }

    /// Registered nodes by owner.
    ///
    /// Written by the owner's calls and by the market's reservations. One entry per owner account.
    /// Owners choose their account, hence the cryptographic hasher.
    #[pallet::storage]
    pub type Nodes<T> = CountedStorageMap<_, Blake2_128Concat, ProviderId, Node, OptionQuery>;

    /// The provider of each worker key; exactly the workers in [`Nodes`].
    ///
    /// Written with [`Nodes`]. Workers are chosen freely, hence the cryptographic hasher.
    #[pallet::storage]
    pub type Workers<T> = StorageMap<_, Blake2_128Concat, AccountKey, ProviderId, OptionQuery>;

    /// What happened.
    #[pallet::event]
    #[pallet::generate_deposit(pub(super) fn deposit_event)]
    pub enum Event<T: Config> {
        /// A node was registered.
        #[codec(index = 0)]
        Registered {
            /// Its owner.
            provider: ProviderId,
            /// Its class.
            class: NodeClass,
            /// Its capacity.
            capacity_bytes: u64,
        },
        /// A node's peer id and addresses changed.
        #[codec(index = 1)]
        Updated {
            /// Its owner.
            provider: ProviderId,
        },
        /// A node's worker key changed.
        #[codec(index = 2)]
        WorkerSet {
            /// Its owner.
            provider: ProviderId,
            /// The new key.
            worker: AccountKey,
        },
        /// A node's capacity changed.
        #[codec(index = 3)]
        CapacitySet {
            /// Its owner.
            provider: ProviderId,
            /// The new capacity.
            capacity_bytes: u64,
        },
        /// Root changed a node's class.
        #[codec(index = 4)]
        Promoted {
            /// Its owner.
            provider: ProviderId,
            /// The new class.
            class: NodeClass,
        },
        /// A node left.
        #[codec(index = 5)]
        Retired {
            /// Its owner.
            provider: ProviderId,
        },
    }

    /// Why a call is refused.
    #[pallet::error]
    pub enum Error<T> {
        /// The account already owns a node; use the update calls.
        #[codec(index = 0)]
        AlreadyRegistered,
        /// The account owns no node (and is no node's worker, where that would do); register first.
        #[codec(index = 1)]
        NotRegistered,
        /// The worker key serves another node; use a fresh key.
        #[codec(index = 2)]
        WorkerTaken,
        /// The capacity is more than the class may register, or zero.
        #[codec(index = 3)]
        CapacityOutOfRange,
        /// The capacity is less than what slots already use; wait until deals end.
        #[codec(index = 4)]
        CapacityInUse,
        /// The node has less free capacity than the slot needs.
        #[codec(index = 5)]
        NotEnoughCapacity,
        /// The peer id is empty.
        #[codec(index = 6)]
        NoPeerId,
        /// The worker or the operator has not signed for this owner, or its word is too old.
        #[codec(index = 7)]
        NoConsent,
        /// Enterprise and super nodes are promoted by governance; register as a lower class first.
        #[codec(index = 8)]
        NotApproved,
    }

    #[pallet::call]
    impl<T: Config> Pallet<T> {
        /// Registers the caller's node.
        ///
        /// *Origin*: the owner. *Effect*: the caller is a provider; a deposit is held. Worker and
        /// operator, where they are not the owner, must have signed. *Events*: `Registered`.
        #[pallet::call_index(0)]
        #[pallet::weight(T::WeightInfo::register())]
        pub fn register(
            origin: OriginFor<T>,
            params: NodeParams,
            consents: Consents,
        ) -> DispatchResult {
            let owner = ensure_signed(origin)?;
            Self::do_register(ProviderId(owner.into()), params, &consents)
        }

        /// Replaces where the node is reached.
        ///
        /// *Origin*: the owner, or the worker, which knows when its address changes. *Effect*:
        /// peer id and addresses are replaced. *Events*: `Updated`.
        #[pallet::call_index(1)]
        #[pallet::weight(T::WeightInfo::update())]
        pub fn update(
            origin: OriginFor<T>,
            addresses: Addresses,
            peer_id: PeerId,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_update(who.into(), addresses, peer_id)
        }

        /// Replaces the worker key.
        ///
        /// *Origin*: the owner. *Effect*: the old key serves nobody. The new one, if it is not the
        /// owner's, must have signed. *Events*: `WorkerSet`.
        #[pallet::call_index(2)]
        #[pallet::weight(T::WeightInfo::set_worker())]
        pub fn set_worker(
            origin: OriginFor<T>,
            worker: AccountKey,
            consent: Option<Consent>,
        ) -> DispatchResult {
            let owner = ensure_signed(origin)?;
            Self::do_set_worker(ProviderId(owner.into()), worker, consent.as_ref())
        }

        /// Replaces the capacity; not below what slots use.
        ///
        /// *Origin*: the owner. *Effect*: more or less is free for slots. *Events*: `CapacitySet`.
        #[pallet::call_index(3)]
        #[pallet::weight(T::WeightInfo::set_capacity())]
        pub fn set_capacity(origin: OriginFor<T>, capacity_bytes: u64) -> DispatchResult {
            let owner = ensure_signed(origin)?;
            Self::do_set_capacity(ProviderId(owner.into()), capacity_bytes)
        }

        /// Changes a node's class, up or down; the only way to the classes that need approval.
        ///
        /// *Origin*: Root. *Effect*: the class counts from the next claim on; refused if the
        /// capacity is too large for it. *Events*: `Promoted`.
        #[pallet::call_index(4)]
        #[pallet::weight(T::WeightInfo::promote())]
        pub fn promote(
            origin: OriginFor<T>,
            provider: ProviderId,
            class: NodeClass,
        ) -> DispatchResult {
            ensure_root(origin)?;
            Self::do_promote(provider, class)
        }

        /// Removes the caller's node; only if no slot uses it.
        ///
        /// *Origin*: the owner. *Effect*: the node and its worker key are forgotten, the deposit is
        /// free. *Events*: `Retired`.
        #[pallet::call_index(5)]
        #[pallet::weight(T::WeightInfo::retire())]
        pub fn retire(origin: OriginFor<T>) -> DispatchResult {
            let owner = ensure_signed(origin)?;
            Self::do_retire(ProviderId(owner.into()))
        }
    }

    #[pallet::view_functions]
    impl<T: Config> Pallet<T> {
        /// The node of an owner.
        pub fn node(provider: ProviderId) -> Option<Node> {
            Nodes::<T>::get(provider)
        }

        /// The owner that a worker key serves.
        pub fn worker_provider(worker: AccountKey) -> Option<ProviderId> {
            Workers::<T>::get(worker)
        }
    }

    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
        #[cfg(feature = "try-runtime")]
        fn try_state(_now: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
            Self::do_try_state()
        }
    }
}
