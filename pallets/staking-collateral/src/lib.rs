#![doc = include_str!("../README.md")]
#![cfg_attr(not(feature = "std"), no_std)]

#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
mod calls;
mod delegation;
#[cfg(any(test, feature = "try-runtime"))]
mod invariants;
mod locks;
#[cfg(test)]
mod mock;
#[cfg(test)]
mod tests;
mod types;
pub mod weights;

pub use delegation::pot_of;
pub use pallet::*;
pub use types::{Delegation, DelegationPool, Pledge, Release, RELEASES_MAX};
pub use weights::WeightInfo;

#[frame_support::pallet]
#[allow(missing_docs)] // The macro's own items; ours are documented.
pub mod pallet {
    use frame_support::{
        pallet_prelude::*,
        traits::{
            fungible::{BalancedHold, Credit, Mutate, MutateHold},
            OnUnbalanced,
        },
    };
    use frame_system::pallet_prelude::*;
    use ips_primitives::id::{Balance, BlockNumber, ProviderId, SlotId};
    use sp_runtime::AccountId32;

    use crate::{
        types::{Delegation, DelegationPool, Pledge},
        weights::WeightInfo,
    };

    const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

    #[pallet::pallet]
    #[pallet::storage_version(STORAGE_VERSION)]
    pub struct Pallet<T>(_);

    /// What the runtime provides.
    #[pallet::config]
    pub trait Config:
        frame_system::Config<AccountId = AccountId32, RuntimeEvent: From<Event<Self>>>
    {
        /// The native token.
        type Currency: MutateHold<AccountId32, Balance = Balance, Reason: From<HoldReason>>
            + Mutate<AccountId32>
            + BalancedHold<AccountId32>;
        /// Receives what is slashed.
        type Slashed: OnUnbalanced<Credit<AccountId32, Self::Currency>>;
        /// Blocks between asking for free pledge and withdrawing it.
        #[pallet::constant]
        type UnbondingBlocks: Get<BlockNumber>;
        /// The least that can be delegated at a time; at least the least balance of an account.
        #[pallet::constant]
        type DelegationMin: Get<Balance>;
        /// Weights of the calls.
        type WeightInfo: WeightInfo;
    }

    /// Why tokens are held.
    #[pallet::composite_enum]
    pub enum HoldReason {
        /// Pledged by a provider, locked for slots or free.
        #[codec(index = 0)]
        Pledge,
    }

    /// The pledge of each provider that has one.
    ///
    /// Written by the owner's calls and through the `Collateral` seam. Removed when empty, so bounded
    /// by the accounts with a hold. Owners choose their account, hence the cryptographic hasher.
    #[pallet::storage]
    pub type Pledges<T> = StorageMap<_, Blake2_128Concat, ProviderId, Pledge, OptionQuery>;

    /// What of a provider's pledge is locked for a slot; never zero.
    ///
    /// Written through the `Collateral` seam only; bounded by the claimed slots. Slot ids are given by
    /// the chain in ascending order, hence the cheap hasher.
    #[pallet::storage]
    pub type Locks<T> = StorageDoubleMap<
        _,
        Blake2_128Concat,
        ProviderId,
        Twox64Concat,
        SlotId,
        Balance,
        ValueQuery,
    >;

    /// What others have put behind each node, and its commission.
    ///
    /// Written by delegators' calls, by `set_commission`, by slashes and rewards. Removed when it says
    /// nothing, so bounded by the nodes with a pledge or with delegators.
    #[pallet::storage]
    pub type Pools<T> = StorageMap<_, Blake2_128Concat, ProviderId, DelegationPool, OptionQuery>;

    /// What each account has put behind a node; never empty.
    ///
    /// Written by the delegator's calls; each is backed by [`Config::DelegationMin`] at first.
    #[pallet::storage]
    pub type Delegations<T> = StorageDoubleMap<
        _,
        Blake2_128Concat,
        ProviderId,
        Blake2_128Concat,
        AccountId32,
        Delegation,
        OptionQuery,
    >;

    /// What happened.
    #[pallet::event]
    #[pallet::generate_deposit(pub(super) fn deposit_event)]
    pub enum Event<T: Config> {
        /// A provider pledged.
        #[codec(index = 0)]
        Pledged {
            /// Who.
            provider: ProviderId,
            /// How much more.
            amount: Balance,
            /// How much in all.
            total: Balance,
        },
        /// A provider asked for free pledge back.
        #[codec(index = 1)]
        ReleaseRequested {
            /// Who.
            provider: ProviderId,
            /// How much.
            amount: Balance,
            /// First block in which it can be withdrawn.
            due_at: BlockNumber,
        },
        /// A provider got pledge back.
        #[codec(index = 2)]
        Withdrawn {
            /// Who.
            provider: ProviderId,
            /// How much.
            amount: Balance,
        },
        /// Pledge was locked for a slot.
        #[codec(index = 3)]
        Locked {
            /// Whose.
            provider: ProviderId,
            /// For which slot.
            slot: SlotId,
            /// How much more.
            amount: Balance,
        },
        /// The lock for a slot ended.
        #[codec(index = 4)]
        Released {
            /// Whose.
            provider: ProviderId,
            /// Of which slot.
            slot: SlotId,
            /// What is free again.
            amount: Balance,
        },
        /// Pledge was taken from the lock for a slot.
        #[codec(index = 5)]
        Slashed {
            /// Whose.
            provider: ProviderId,
            /// For which slot.
            slot: SlotId,
            /// How much.
            amount: Balance,
        },
        /// Somebody put stake behind a node.
        #[codec(index = 6)]
        Delegated {
            /// Which.
            provider: ProviderId,
            /// Who.
            delegator: AccountId32,
            /// How much.
            amount: Balance,
            /// What that bought of the node's pool.
            shares: Balance,
        },
        /// A delegator asked for shares back.
        #[codec(index = 7)]
        UndelegationRequested {
            /// Behind which node they are.
            provider: ProviderId,
            /// Who.
            delegator: AccountId32,
            /// How many.
            shares: Balance,
            /// First block in which they can be withdrawn.
            due_at: BlockNumber,
        },
        /// A delegator got stake back.
        #[codec(index = 8)]
        DelegationWithdrawn {
            /// Behind which node it was.
            provider: ProviderId,
            /// Who.
            delegator: AccountId32,
            /// How much it was worth.
            amount: Balance,
        },
        /// A node says what it keeps of rewards.
        #[codec(index = 9)]
        CommissionSet {
            /// Which.
            provider: ProviderId,
            /// In 1/1000.
            permille: u16,
        },
        /// Delegators of a node lost the same part as the node.
        #[codec(index = 10)]
        PoolSlashed {
            /// Which.
            provider: ProviderId,
            /// How much, in all.
            amount: Balance,
        },
    }

    /// Why a call is refused.
    #[pallet::error]
    pub enum Error<T> {
        /// The amount is zero; name one.
        #[codec(index = 0)]
        ZeroAmount,
        /// The free pledge (neither locked nor on its way out) is smaller; pledge more or ask for
        /// less.
        #[codec(index = 1)]
        NotEnoughFree,
        /// Too many requests are waiting; withdraw what is due first.
        #[codec(index = 2)]
        TooManyReleases,
        /// Nothing is due; wait for the block named by `ReleaseRequested`.
        #[codec(index = 3)]
        NothingDue,
        /// The amount is smaller than what can be delegated at a time.
        #[codec(index = 4)]
        TooSmall,
        /// Nobody has pledged under that provider's account; delegate to one that has.
        #[codec(index = 5)]
        NothingPledged,
        /// The account has delegated nothing to that node.
        #[codec(index = 6)]
        NotDelegated,
        /// All that was delegated to the node was slashed; nothing can be added to nothing.
        #[codec(index = 7)]
        AllSlashed,
        /// A commission is at most 1000 of 1000.
        #[codec(index = 8)]
        NoCommission,
        /// The commission of a node with delegators can only go down.
        #[codec(index = 9)]
        CommissionRises,
    }

    #[pallet::call]
    impl<T: Config> Pallet<T> {
        /// Pledges `amount` more of the caller's tokens.
        ///
        /// *Origin*: the owner of a node, or of one to be. *Effect*: the amount is held. *Events*:
        /// `Pledged`.
        #[pallet::call_index(0)]
        #[pallet::weight(T::WeightInfo::pledge())]
        pub fn pledge(origin: OriginFor<T>, amount: Balance) -> DispatchResult {
            let owner = ensure_signed(origin)?;
            Self::do_pledge(ProviderId(owner.into()), amount)
        }

        /// Asks for `amount` of the free pledge.
        ///
        /// *Origin*: the owner. *Effect*: the amount can't be locked any more and is due after the
        /// unbonding period. *Events*: `ReleaseRequested`.
        #[pallet::call_index(1)]
        #[pallet::weight(T::WeightInfo::request_release())]
        pub fn request_release(origin: OriginFor<T>, amount: Balance) -> DispatchResult {
            let owner = ensure_signed(origin)?;
            Self::do_request_release(ProviderId(owner.into()), amount)
        }

        /// Takes back everything that is due.
        ///
        /// *Origin*: the owner. *Effect*: the hold ends for it. *Events*: `Withdrawn`.
        #[pallet::call_index(2)]
        #[pallet::weight(T::WeightInfo::withdraw())]
        pub fn withdraw(origin: OriginFor<T>) -> DispatchResult {
            let owner = ensure_signed(origin)?;
            Self::do_withdraw(ProviderId(owner.into()))
        }

        /// Puts `amount` behind a node.
        ///
        /// *Origin*: anyone signed. *Effect*: the amount moves to the node's pot and buys shares of it;
        /// they earn with the node and lose with it. *Events*: `Delegated`.
        #[pallet::call_index(3)]
        #[pallet::weight(T::WeightInfo::delegate())]
        pub fn delegate(
            origin: OriginFor<T>,
            provider: ProviderId,
            amount: Balance,
        ) -> DispatchResult {
            let delegator = ensure_signed(origin)?;
            Self::do_delegate(&delegator, provider, amount)
        }

        /// Asks for `shares` of a node's pool back.
        ///
        /// *Origin*: the delegator. *Effect*: they are due after the unbonding period, for what they are
        /// worth then. *Events*: `UndelegationRequested`.
        #[pallet::call_index(4)]
        #[pallet::weight(T::WeightInfo::undelegate())]
        pub fn undelegate(
            origin: OriginFor<T>,
            provider: ProviderId,
            shares: Balance,
        ) -> DispatchResult {
            let delegator = ensure_signed(origin)?;
            Self::do_undelegate(&delegator, provider, shares)
        }

        /// Takes back every share of a node's pool that is due.
        ///
        /// *Origin*: the delegator. *Effect*: what they are worth moves to the delegator. *Events*:
        /// `DelegationWithdrawn`.
        #[pallet::call_index(5)]
        #[pallet::weight(T::WeightInfo::withdraw_delegation())]
        pub fn withdraw_delegation(origin: OriginFor<T>, provider: ProviderId) -> DispatchResult {
            let delegator = ensure_signed(origin)?;
            Self::do_withdraw_delegation(&delegator, provider)
        }

        /// Says what the caller's node keeps of rewards before they are shared; with delegators it can only
        /// go down.
        ///
        /// *Origin*: the owner. *Effect*: counts from now on. *Events*: `CommissionSet`.
        #[pallet::call_index(6)]
        #[pallet::weight(T::WeightInfo::set_commission())]
        pub fn set_commission(origin: OriginFor<T>, permille: u16) -> DispatchResult {
            let owner = ensure_signed(origin)?;
            Self::do_set_commission(ProviderId(owner.into()), permille)
        }
    }

    #[pallet::view_functions]
    impl<T: Config> Pallet<T> {
        /// A provider's pledge.
        pub fn pledge_of(provider: ProviderId) -> Option<Pledge> {
            Pledges::<T>::get(provider)
        }

        /// What of a provider's pledge is locked for a slot.
        pub fn lock_of(provider: ProviderId, slot: SlotId) -> Balance {
            Locks::<T>::get(provider, slot)
        }

        /// What others have put behind a node.
        pub fn pool_of(provider: ProviderId) -> Option<DelegationPool> {
            Pools::<T>::get(provider)
        }

        /// An account's shares of a node's pool, and what they are worth.
        pub fn delegation_of(
            provider: ProviderId,
            delegator: AccountId32,
        ) -> Option<(Delegation, Balance)> {
            let delegation = Delegations::<T>::get(provider, &delegator)?;
            Some((delegation, Self::worth_of(&provider, &delegator)))
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
