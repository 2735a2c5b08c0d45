#![doc = include_str!("../README.md")]
#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

mod agreements;
#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
mod claims;
mod invariants;
#[cfg(test)]
mod mock;
mod payments;
mod reads;
#[cfg(test)]
mod tests;
mod types;
pub mod weights;

pub use pallet::*;
pub use types::{Agreement, ClaimRecord, PoeParameters, AGREEMENTS_PER_CLIENT_MAX, CLAIMANTS_MAX};
pub use weights::WeightInfo;

/// The pallet.
// FRAME's macros generate public items of their own, which carry no docs.
#[allow(missing_docs)]
#[frame_support::pallet]
pub mod pallet {
    use frame_support::{pallet_prelude::*, traits::fungible};
    use frame_system::pallet_prelude::*;
    use ips_pallet_traits::{Beacons, Holders, NodeRegistry, Replicas, VerifyingKeys};
    use ips_primitives::{
        id::{AccountKey, AgreementId, Balance, BlockNumber, OrderId, ProviderId},
        proof_calls::CLAIM_BATCH_MAX,
        retrieval::ExtractClaim,
    };
    use sp_runtime::AccountId32;

    use crate::types::{
        Agreement, ClaimRecord, PoeParameters, AGREEMENTS_PER_CLIENT_MAX, CLAIMANTS_MAX,
    };
    use crate::weights::WeightInfo;

    const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

    #[pallet::pallet]
    #[pallet::storage_version(STORAGE_VERSION)]
    pub struct Pallet<T>(_);

    /// What the runtime supplies.
    #[pallet::config]
    pub trait Config:
        frame_system::Config<AccountId = AccountId32, RuntimeEvent: From<Event<Self>>>
    {
        /// The native token.
        type Currency: fungible::Inspect<AccountId32, Balance = Balance>
            + fungible::Mutate<AccountId32>
            + fungible::MutateHold<AccountId32, Reason = Self::RuntimeHoldReason>;
        /// The runtime's hold reasons.
        type RuntimeHoldReason: From<HoldReason>;
        /// Registered nodes.
        type Nodes: NodeRegistry;
        /// Who stores what.
        type Holders: Holders;
        /// Sealed data.
        type Replicas: Replicas;
        /// Randomness of recent blocks.
        type Beacons: Beacons;
        /// The verifying key of the proof of extract.
        type Keys: VerifyingKeys;
        /// Constants.
        type Parameters: Get<PoeParameters>;
        /// Weights of the calls.
        type WeightInfo: WeightInfo;
    }

    /// Why money is on hold.
    #[pallet::composite_enum]
    pub enum HoldReason {
        /// Budget of retrieval agreements.
        #[codec(index = 0)]
        Retrieval,
    }

    /// Id of the next agreement.
    #[pallet::storage]
    pub type NextAgreement<T: Config> = StorageValue<_, AgreementId, ValueQuery>;

    /// Open and closing agreements.
    ///
    /// Written by their client and by claims; bounded by the money held. `Twox64Concat`: ids count.
    #[pallet::storage]
    pub type Agreements<T: Config> = StorageMap<_, Twox64Concat, AgreementId, Agreement>;

    /// Agreements of each client.
    #[pallet::storage]
    pub type AgreementsOf<T: Config> = StorageMap<
        _,
        Blake2_128Concat,
        AccountKey,
        BoundedVec<AgreementId, ConstU32<AGREEMENTS_PER_CLIENT_MAX>>,
        ValueQuery,
    >;

    /// Last claim of each provider under an agreement; at most `CLAIMANTS_MAX` per agreement.
    #[pallet::storage]
    pub type Claims<T: Config> =
        StorageDoubleMap<_, Twox64Concat, AgreementId, Blake2_128Concat, ProviderId, ClaimRecord>;

    /// What happened.
    #[pallet::event]
    #[pallet::generate_deposit(pub(crate) fn deposit_event)]
    pub enum Event<T: Config> {
        /// A client opened an agreement; `budget` is on hold.
        #[codec(index = 0)]
        AgreementOpened {
            agreement: AgreementId,
            client: AccountKey,
            order: OrderId,
            price_per_mib: Balance,
            budget: Balance,
        },
        /// The budget grew by `amount`.
        #[codec(index = 1)]
        ToppedUp {
            agreement: AgreementId,
            amount: Balance,
        },
        /// A claim was accepted: what was paid for `bytes` newly delivered bytes.
        #[codec(index = 2)]
        ExtractClaimed {
            agreement: AgreementId,
            provider: ProviderId,
            nonce: u64,
            bytes: u64,
            fee: Balance,
        },
        /// Fees of a batch were paid out.
        #[codec(index = 3)]
        FeesPaid {
            agreement: AgreementId,
            servers: Balance,
            provers: Balance,
            burnt: Balance,
        },
        /// The client closes the agreement; claims are accepted before block `closes_at`.
        #[codec(index = 4)]
        CloseRequested {
            agreement: AgreementId,
            closes_at: BlockNumber,
        },
        /// The agreement ended; `refund` is free again.
        #[codec(index = 5)]
        AgreementClosed {
            agreement: AgreementId,
            refund: Balance,
        },
    }

    /// Why a call was refused. A batch is applied whole or not at all; a dry run of its claims one by
    /// one tells which is refused.
    #[pallet::error]
    pub enum Error<T> {
        /// No order of that id.
        #[codec(index = 0)]
        UnknownOrder,
        /// The budget is below the least: hold more.
        #[codec(index = 1)]
        BudgetTooSmall,
        /// The client has too many agreements: close one.
        #[codec(index = 2)]
        TooManyAgreements,
        /// No such agreement.
        #[codec(index = 3)]
        UnknownAgreement,
        /// Only the agreement's client may do this.
        #[codec(index = 4)]
        NotTheClient,
        /// The agreement is closing.
        #[codec(index = 5)]
        Closing,
        /// Close the agreement first, and wait for its closing time.
        #[codec(index = 6)]
        NotClosed,
        /// An empty batch.
        #[codec(index = 7)]
        EmptyBatch,
        /// The voucher is of another chain.
        #[codec(index = 8)]
        OtherChain,
        /// The slot is not of the agreement's order.
        #[codec(index = 9)]
        OtherOrder,
        /// The provider is not registered, or does not hold the slot.
        #[codec(index = 10)]
        NotTheHolder,
        /// The range is empty, outside the slot or longer than one claim may be.
        #[codec(index = 11)]
        BadRange,
        /// The nonce is not above the last one claimed.
        #[codec(index = 12)]
        StaleNonce,
        /// The voucher promises nothing new.
        #[codec(index = 13)]
        BadAmount,
        /// The signature is not the client's.
        #[codec(index = 14)]
        BadSignature,
        /// The request's block is in the future or too old.
        #[codec(index = 15)]
        BadBlock,
        /// The piece that the request asks for is in no active sector.
        #[codec(index = 16)]
        NotSealed,
        /// The circuit's verifying key is not set.
        #[codec(index = 17)]
        KeyNotSet,
        /// A proof does not verify.
        #[codec(index = 18)]
        InvalidProof,
        /// The fee is above what is left of the budget.
        #[codec(index = 19)]
        BudgetSpent,
        /// The agreement's bytes or claims of this period are used up: wait.
        #[codec(index = 20)]
        PeriodLimit,
        /// Too many providers claimed under this agreement: open another.
        #[codec(index = 21)]
        TooManyClaimants,
        /// An amount overflows.
        #[codec(index = 22)]
        Overflow,
    }

    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
        fn integrity_test() {
            T::Parameters::get().ensure_sound();
        }

        #[cfg(feature = "try-runtime")]
        fn try_state(_now: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
            Self::ensure_invariants()
        }
    }

    #[pallet::call]
    impl<T: Config> Pallet<T> {
        /// Sets money aside for reading an order's file.
        ///
        /// *Origin*: the client, whose sr25519 key then signs vouchers. *Effect*: `budget` is on
        /// hold. *Events*: [`Event::AgreementOpened`].
        #[pallet::call_index(0)]
        #[pallet::weight(T::WeightInfo::open_retrieval())]
        pub fn open_retrieval(
            origin: OriginFor<T>,
            order: OrderId,
            price_per_mib: Balance,
            budget: Balance,
        ) -> DispatchResult {
            let client = ensure_signed(origin)?;
            Self::do_open_retrieval(&client, order, price_per_mib, budget)
        }

        /// Adds to an agreement's budget.
        ///
        /// *Origin*: its client. *Events*: [`Event::ToppedUp`].
        #[pallet::call_index(1)]
        #[pallet::weight(T::WeightInfo::top_up())]
        pub fn top_up(
            origin: OriginFor<T>,
            agreement: AgreementId,
            amount: Balance,
        ) -> DispatchResult {
            let client = ensure_signed(origin)?;
            Self::do_top_up(&client, agreement, amount)
        }

        /// Claims the fees of answered requests, all of them or none.
        ///
        /// *Origin*: anyone; the fees go to the owners whatever the signer. *Effect*: fees are
        /// split; free if valid. *Events*: [`Event::ExtractClaimed`] each, [`Event::FeesPaid`].
        #[pallet::call_index(2)]
        #[pallet::weight(T::WeightInfo::claim(batch.len() as u32))]
        pub fn claim(
            origin: OriginFor<T>,
            batch: BoundedVec<ExtractClaim, ConstU32<CLAIM_BATCH_MAX>>,
        ) -> DispatchResultWithPostInfo {
            ensure_signed(origin)?;
            Self::do_claim(&batch)
        }

        /// Asks for the end of an agreement; vouchers may be claimed for `close_blocks` more.
        ///
        /// *Origin*: its client. *Events*: [`Event::CloseRequested`].
        #[pallet::call_index(3)]
        #[pallet::weight(T::WeightInfo::close())]
        pub fn close(origin: OriginFor<T>, agreement: AgreementId) -> DispatchResult {
            let client = ensure_signed(origin)?;
            Self::do_close(&client, agreement)
        }

        /// Ends a closed agreement and frees what is left of its budget.
        ///
        /// *Origin*: anyone; the money goes to the client. *Events*: [`Event::AgreementClosed`].
        #[pallet::call_index(4)]
        #[pallet::weight(T::WeightInfo::withdraw(CLAIMANTS_MAX))]
        pub fn withdraw(
            origin: OriginFor<T>,
            agreement: AgreementId,
        ) -> DispatchResultWithPostInfo {
            ensure_signed(origin)?;
            Self::do_withdraw(agreement)
        }
    }
}
