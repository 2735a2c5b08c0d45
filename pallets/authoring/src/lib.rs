#![doc = include_str!("../README.md")]
#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
mod election;
#[cfg(test)]
mod mock;
#[cfg(test)]
mod tests;
pub mod weights;

pub use pallet::*;
pub use weights::WeightInfo;

/// Most accounts that want to author at a time: each is ranked at every session.
pub const CANDIDATES_MAX: u32 = 100;

#[frame_support::pallet]
#[allow(missing_docs)] // The macro's own items; ours are documented.
pub mod pallet {
    use frame_support::{
        pallet_prelude::*,
        traits::{ConstU32, ValidatorRegistration},
    };
    use frame_system::pallet_prelude::*;
    use ips_pallet_traits::AuthorRank;
    use ips_primitives::id::AccountKey;
    use pallet_session::SessionManager;
    use sp_runtime::AccountId32;
    use sp_staking::SessionIndex;

    use crate::{weights::WeightInfo, CANDIDATES_MAX};

    const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

    #[pallet::pallet]
    #[pallet::storage_version(STORAGE_VERSION)]
    pub struct Pallet<T>(_);

    /// What the runtime provides.
    #[pallet::config]
    pub trait Config:
        frame_system::Config<AccountId = AccountId32, RuntimeEvent: From<Event<Self>>>
    {
        /// The policy.
        type Rank: AuthorRank;
        /// Who has session keys.
        type Keys: ValidatorRegistration<AccountId32>;
        /// Who authors while there are too few candidates.
        type Fallback: SessionManager<AccountId32>;
        /// Seats of a session; at most [`CANDIDATES_MAX`].
        #[pallet::constant]
        type Seats: Get<u32>;
        /// Candidates below which the fallback chooses; at least one.
        #[pallet::constant]
        type SeatsMin: Get<u32>;
        /// Weights of the calls.
        type WeightInfo: WeightInfo;
    }

    /// Accounts of a list that is never longer than the candidates.
    pub type Accounts = BoundedVec<AccountId32, ConstU32<CANDIDATES_MAX>>;

    /// Accounts that want to author, in the order in which they joined.
    #[pallet::storage]
    pub type Candidates<T> = StorageValue<_, Accounts, ValueQuery>;

    /// Candidates that were elected for a session that has not ended; at most three sessions at a time.
    #[pallet::storage]
    pub type Planned<T> = StorageMap<_, Twox64Concat, SessionIndex, Accounts, ValueQuery>;

    /// The session that runs.
    #[pallet::storage]
    pub type Current<T> = StorageValue<_, SessionIndex, ValueQuery>;

    /// Candidates that have authored a block of the session that runs.
    #[pallet::storage]
    pub type Authored<T> = StorageMap<_, Blake2_128Concat, AccountId32, (), OptionQuery>;

    /// What happened.
    #[pallet::event]
    #[pallet::generate_deposit(pub(super) fn deposit_event)]
    pub enum Event<T: Config> {
        /// An account wants to author.
        #[codec(index = 0)]
        Joined {
            /// Who.
            who: AccountId32,
        },
        /// An account no longer wants to.
        #[codec(index = 1)]
        Left {
            /// Who.
            who: AccountId32,
        },
        /// A candidate had a seat for a session, authored nothing, and is no candidate any more.
        #[codec(index = 2)]
        Idle {
            /// Who.
            who: AccountId32,
            /// When.
            session: SessionIndex,
        },
        /// Who has the seats of a session; none of them means that the fallback chose.
        #[codec(index = 3)]
        Elected {
            /// Which.
            session: SessionIndex,
            /// How many seats were taken by rank.
            seats: u32,
        },
    }

    /// Why a call is refused.
    #[pallet::error]
    pub enum Error<T> {
        /// The account is a candidate already.
        #[codec(index = 0)]
        AlreadyCandidate,
        /// The account is no candidate.
        #[codec(index = 1)]
        NoCandidate,
        /// The account has no session keys; set them with `session.set_keys` first.
        #[codec(index = 2)]
        NoKeys,
        /// The account's rank is zero: it has nothing of what this chain elects by.
        #[codec(index = 3)]
        NoRank,
        /// There are as many candidates as are ranked, and the account ranks below all of them.
        #[codec(index = 4)]
        TooLow,
    }

    #[pallet::call]
    impl<T: Config> Pallet<T> {
        /// Makes the caller a candidate.
        ///
        /// *Origin*: an account with session keys and a rank. *Effect*: it is ranked from the next session
        /// on. If there are no more places, the candidate of the lowest rank loses its own, if that is
        /// lower. *Events*: `Joined`, perhaps `Left`.
        #[pallet::call_index(0)]
        #[pallet::weight(T::WeightInfo::join())]
        pub fn join(origin: OriginFor<T>) -> DispatchResult {
            Self::do_join(ensure_signed(origin)?)
        }

        /// Ends the caller's candidacy.
        ///
        /// *Origin*: a candidate. *Effect*: seats that it has were given for their sessions and stay.
        /// *Events*: `Left`.
        #[pallet::call_index(1)]
        #[pallet::weight(T::WeightInfo::leave())]
        pub fn leave(origin: OriginFor<T>) -> DispatchResult {
            Self::do_leave(&ensure_signed(origin)?)
        }
    }

    #[pallet::view_functions]
    impl<T: Config> Pallet<T> {
        /// An account's rank now.
        pub fn rank_of(account: AccountId32) -> u128 {
            T::Rank::rank(&AccountKey(account.into()))
        }
    }

    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
        fn integrity_test() {
            assert!(T::Seats::get() <= CANDIDATES_MAX);
            assert!((1..=T::Seats::get()).contains(&T::SeatsMin::get()));
        }
    }
}
