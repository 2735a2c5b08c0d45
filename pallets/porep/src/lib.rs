#![doc = include_str!("../README.md")]
#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

mod arithmetic;
#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
mod calls;
mod faults;
mod invariants;
mod keys;
mod math;
#[cfg(test)]
mod mock;
mod proofs;
mod reads;
#[cfg(test)]
mod tests;
mod tick;
mod types;
pub mod weights;

pub use arithmetic::CurveArithmetic;
pub use pallet::*;
pub use reads::KeyIds;
pub use tick::ENDINGS_PER_BLOCK;
pub use types::{
    BlockRandomness, KeyBytes, Partition, PartitionRef, PorepParameters, Position, SectorInfo,
    SectorPiece, StoredKey, TerminationReason, KEY_BYTES_MAX, PARTITIONS_MAX, POST_SECTORS_MAX,
    PREPARED_KEY_BYTES_MAX,
};
pub use weights::WeightInfo;

/// The pallet.
// FRAME's macros generate public items of their own, which carry no docs.
#[allow(missing_docs)]
#[frame_support::pallet]
pub mod pallet {
    use alloc::vec::Vec;
    use frame_support::pallet_prelude::*;
    use frame_system::pallet_prelude::*;
    use ips_pallet_traits::{Collateral, Deals, NodeRegistry};
    use ips_primitives::{
        challenge::Beacon,
        id::{
            AccountKey, Balance, BlockNumber, PartitionIndex, PieceIndex, ProviderId, SectorNumber,
            SlotId, VerifyingKeyId,
        },
        proof_calls::{
            BindingOpening, FraudProof, PreCommit, BINDING_OPENINGS_MAX, SEAL_PROOFS_MAX,
        },
        sector::{ProofBytes, SECTOR_PIECES_MAX},
    };
    use sp_runtime::AccountId32;

    use crate::arithmetic::CurveArithmetic;
    use crate::types::{
        BlockRandomness, KeyBytes, Partition, PartitionRef, PorepParameters, SectorInfo, StoredKey,
        TerminationReason,
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
        /// Registered nodes: whose worker signs, and their reliability.
        type Nodes: NodeRegistry;
        /// The deals whose pieces are sealed.
        type Deals: Deals;
        /// Money that a fault costs.
        type Collateral: Collateral;
        /// Where the beacon of each block comes from.
        type BlockRandomness: BlockRandomness;
        /// Whether whoever validates this chain's blocks has the host calls now.
        type HostCalls: Get<bool>;
        /// Who may set verifying keys: Root.
        type KeyOrigin: EnsureOrigin<Self::RuntimeOrigin>;
        /// Constants.
        type Parameters: Get<PorepParameters>;
        /// Weights of the calls.
        type WeightInfo: WeightInfo;
    }

    /// The verifying key of each circuit, by the byte of its kind. Written by genesis and Root only.
    #[pallet::storage]
    pub type Keys<T: Config> = StorageMap<_, Identity, u8, StoredKey>;

    /// Who does the curve's arithmetic. Written by `KeyOrigin` only.
    #[pallet::storage]
    pub type Arithmetic<T: Config> = StorageValue<_, CurveArithmetic, ValueQuery>;

    /// Every sector that was ever pre-committed, but for expired pre-commits that were removed.
    ///
    /// A terminated sector keeps an entry without pieces, so that its number is never reused.
    /// Written by the calls and the tick. `Blake2_128Concat`: both keys are chosen by users.
    #[pallet::storage]
    pub type Sectors<T: Config> = StorageDoubleMap<
        _,
        Blake2_128Concat,
        ProviderId,
        Blake2_128Concat,
        SectorNumber,
        SectorInfo,
    >;

    /// Which sector holds a piece of a slot: at most one.
    ///
    /// Written by `pre_commit`, removed with the sector. Bounded by the slots of the market.
    #[pallet::storage]
    pub type PieceSectors<T: Config> = StorageDoubleMap<
        _,
        Blake2_128Concat,
        SlotId,
        Twox64Concat,
        PieceIndex,
        (ProviderId, SectorNumber),
    >;

    /// Partitions of each provider; exists while it has a sector that is not terminated.
    ///
    /// Written by `prove_commit`, posts, faults and the tick; at most `PARTITIONS_MAX` per provider.
    #[pallet::storage]
    pub type Partitions<T: Config> =
        StorageDoubleMap<_, Blake2_128Concat, ProviderId, Twox64Concat, PartitionIndex, Partition>;

    /// Sectors of a provider that are active; never zero. Written wherever a sector's state changes.
    #[pallet::storage]
    pub type Power<T> = StorageMap<_, Blake2_128Concat, ProviderId, u32, ValueQuery>;

    /// Index of a provider's next new partition; never falls.
    #[pallet::storage]
    pub type NextPartition<T: Config> =
        StorageMap<_, Blake2_128Concat, ProviderId, PartitionIndex, ValueQuery>;

    /// Partitions of a provider, below its `NextPartition`, that have room for a sector.
    ///
    /// Written when a partition fills or a sector ends; a subset of the provider's partitions.
    #[pallet::storage]
    pub type WithRoom<T: Config> =
        StorageDoubleMap<_, Blake2_128Concat, ProviderId, Twox64Concat, PartitionIndex, ()>;

    /// Partitions that owe a proof, by the block in which the window of that proof closes.
    ///
    /// Every partition is in it exactly once, at its `due.closes_at`. What is left at that block
    /// was missed; the tick drains it.
    #[pallet::storage]
    pub type Due<T: Config> =
        StorageDoubleMap<_, Twox64Concat, BlockNumber, Blake2_128Concat, PartitionRef, ()>;

    /// Partitions with a sector that is faulty for too long; the tick terminates a few per block.
    ///
    /// Written when a window ends; at most one entry per partition.
    #[pallet::storage]
    pub type Endings<T: Config> = StorageMap<_, Blake2_128Concat, PartitionRef, ()>;

    /// Earliest window end whose misses are not all handled.
    #[pallet::storage]
    pub type NextClose<T: Config> = StorageValue<_, BlockNumber, ValueQuery>;

    /// Beacon of each of the last `beacon_blocks` blocks. Written in `on_initialize`.
    #[pallet::storage]
    pub type BlockBeacons<T: Config> = StorageMap<_, Twox64Concat, BlockNumber, Beacon>;

    /// What happened.
    #[pallet::event]
    #[pallet::generate_deposit(pub(crate) fn deposit_event)]
    pub enum Event<T: Config> {
        /// The key of a circuit was set.
        #[codec(index = 0)]
        KeySet { kind: u8, id: VerifyingKeyId },
        /// A sector was pre-committed; its seed is the beacon of `seed_at`.
        #[codec(index = 1)]
        SectorPreCommitted {
            provider: ProviderId,
            sector: SectorNumber,
            seed_at: BlockNumber,
        },
        /// A sector's seal was proven; it counts for windows that open later.
        #[codec(index = 2)]
        SectorActivated {
            provider: ProviderId,
            sector: SectorNumber,
            partition: PartitionIndex,
            position: u32,
        },
        /// A pre-commit whose proof never came was removed.
        #[codec(index = 3)]
        PreCommitExpired {
            provider: ProviderId,
            sector: SectorNumber,
        },
        /// A storage proof was accepted; `recovered` faulty sectors are active again.
        #[codec(index = 4)]
        PostAccepted {
            provider: ProviderId,
            partition: PartitionIndex,
            period: u32,
            recovered: u32,
        },
        /// A window closed without its proof; `faults` sectors became faulty.
        #[codec(index = 5)]
        PostMissed {
            provider: ProviderId,
            partition: PartitionIndex,
            period: u32,
            faults: u32,
            slashed: Balance,
        },
        /// The provider declared a sector faulty.
        #[codec(index = 6)]
        FaultDeclared {
            provider: ProviderId,
            sector: SectorNumber,
        },
        /// The provider wants to prove a faulty sector again.
        #[codec(index = 7)]
        RecoveryDeclared {
            provider: ProviderId,
            sector: SectorNumber,
        },
        /// A sector is gone for good; its slots are lost.
        #[codec(index = 8)]
        SectorTerminated {
            provider: ProviderId,
            sector: SectorNumber,
            reason: TerminationReason,
            slashed: Balance,
        },
        /// Proofs are verified with this arithmetic from now.
        #[codec(index = 9)]
        ArithmeticSet { arithmetic: CurveArithmetic },
    }

    /// Why a call was refused.
    #[pallet::error]
    pub enum Error<T> {
        /// The signer is no registered worker key: sign with the worker of a provider.
        #[codec(index = 0)]
        NotAWorker,
        /// The circuit's verifying key is not set: Root must set it first.
        #[codec(index = 1)]
        KeyNotSet,
        /// The bytes are no verifying key of this circuit.
        #[codec(index = 2)]
        MalformedKey,
        /// The key is of another profile than the chain's.
        #[codec(index = 3)]
        KeyOfOtherProfile,
        /// The key was made without a ceremony and this chain refuses such keys.
        #[codec(index = 4)]
        InsecureKey,
        /// A commitment is no canonical scalar, or `comm_r` is zero.
        #[codec(index = 5)]
        NotCanonical,
        /// The ticket's block is in the future or too old: take a recent block.
        #[codec(index = 6)]
        BadTicket,
        /// The pieces are none, not ascending, overlapping or outside the sector.
        #[codec(index = 7)]
        BadPieces,
        /// A piece's slot is not confirmed for this provider.
        #[codec(index = 8)]
        NotYourSlot,
        /// A piece is already in a sector.
        #[codec(index = 9)]
        PieceTaken,
        /// The number was used before: choose another.
        #[codec(index = 10)]
        SectorExists,
        /// No such sector.
        #[codec(index = 11)]
        UnknownSector,
        /// The sector's state does not allow the call.
        #[codec(index = 12)]
        WrongState,
        /// The seed is not known yet: wait.
        #[codec(index = 13)]
        TooEarly,
        /// The pre-commit expired, or its beacon is gone: pre-commit anew.
        #[codec(index = 14)]
        TooLate,
        /// The pre-commit is not expired yet.
        #[codec(index = 15)]
        NotExpired,
        /// Not exactly the number of proofs or openings that the profile asks for.
        #[codec(index = 16)]
        WrongCount,
        /// A proof does not verify.
        #[codec(index = 17)]
        InvalidProof,
        /// A binding opening does not show that the sector holds the slot's bytes.
        #[codec(index = 18)]
        InvalidBinding,
        /// The provider has no room for another partition.
        #[codec(index = 19)]
        TooManyPartitions,
        /// No such partition.
        #[codec(index = 20)]
        UnknownPartition,
        /// The partition's window is not open for that period.
        #[codec(index = 21)]
        WindowNotOpen,
        /// The window's proof was already accepted.
        #[codec(index = 22)]
        AlreadyProven,
        /// No sector of the partition is due in this window.
        #[codec(index = 23)]
        NothingDue,
        /// The sector is part of the open window's proof: try again when it has closed.
        #[codec(index = 24)]
        InOpenWindow,
        /// The fraud proof shows no mismatch, or does not open both trees.
        #[codec(index = 25)]
        NoFraud,
        /// This runtime was built without host calls: upgrade to one that has them first.
        #[codec(index = 26)]
        NoHostCalls,
        /// The relay chain has no host calls: its configuration must enable `EccRfc163` first.
        #[codec(index = 27)]
        RelayWithoutHostCalls,
    }

    /// Keys at genesis.
    #[pallet::genesis_config]
    #[derive(frame_support::DefaultNoBound)]
    pub struct GenesisConfig<T: Config> {
        /// Verifying keys with their headers; at most one per circuit.
        pub verifying_keys: Vec<Vec<u8>>,
        #[serde(skip)]
        pub _config: core::marker::PhantomData<T>,
    }

    #[pallet::genesis_build]
    impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
        fn build(&self) {
            for key in &self.verifying_keys {
                Pallet::<T>::set_genesis_key(key);
            }
        }
    }

    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
        fn on_initialize(now: BlockNumberFor<T>) -> Weight {
            Self::tick(Self::to_number(now))
        }

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
        /// Commits to a sealed sector before its challenges are known.
        ///
        /// *Origin*: a worker. *Effect*: the pieces are taken; the seal proof is due. *Events*:
        /// [`Event::SectorPreCommitted`].
        #[pallet::call_index(0)]
        #[pallet::weight(T::WeightInfo::pre_commit(args.pieces.len() as u32))]
        pub fn pre_commit(origin: OriginFor<T>, args: PreCommit) -> DispatchResult {
            let provider = Self::ensure_worker(origin)?;
            Self::do_pre_commit(provider, args)
        }

        /// Proves the seal of a pre-committed sector, and that it holds the slots' bytes.
        ///
        /// *Origin*: a worker. *Effect*: the sector is active and in a partition; free if valid.
        /// *Events*: [`Event::SectorActivated`].
        #[pallet::call_index(1)]
        #[pallet::weight(T::WeightInfo::prove_commit(SECTOR_PIECES_MAX))]
        pub fn prove_commit(
            origin: OriginFor<T>,
            sector: SectorNumber,
            proofs: BoundedVec<ProofBytes, ConstU32<SEAL_PROOFS_MAX>>,
            bindings: BoundedVec<BindingOpening, ConstU32<BINDING_OPENINGS_MAX>>,
        ) -> DispatchResultWithPostInfo {
            let provider = Self::ensure_worker(origin)?;
            Self::do_prove_commit(provider, sector, &proofs, &bindings)
        }

        /// Proves the storage of a partition in its open window.
        ///
        /// *Origin*: a worker. *Effect*: its sectors are proven through this block, recovering ones
        /// are active again; free if valid. *Events*: [`Event::PostAccepted`].
        #[pallet::call_index(2)]
        #[pallet::weight(T::WeightInfo::submit_post(
            T::Parameters::get().profile.post_sectors.saturating_mul(SECTOR_PIECES_MAX)
        ))]
        pub fn submit_post(
            origin: OriginFor<T>,
            partition: PartitionIndex,
            period: u32,
            proof: ProofBytes,
        ) -> DispatchResultWithPostInfo {
            let provider = Self::ensure_worker(origin)?;
            Self::do_submit_post(provider, partition, period, &proof)
        }

        /// Declares an active sector faulty, which spares its partition the fault.
        ///
        /// *Origin*: a worker. *Effect*: no pay from now; out of the set of later windows. *Events*:
        /// [`Event::FaultDeclared`].
        #[pallet::call_index(3)]
        #[pallet::weight(T::WeightInfo::declare_fault(SECTOR_PIECES_MAX))]
        pub fn declare_fault(
            origin: OriginFor<T>,
            sector: SectorNumber,
        ) -> DispatchResultWithPostInfo {
            let provider = Self::ensure_worker(origin)?;
            Self::do_declare_fault(provider, sector)
        }

        /// Puts a faulty sector back into the set of windows that open later.
        ///
        /// *Origin*: a worker. *Effect*: the next accepted proof makes it active. *Events*:
        /// [`Event::RecoveryDeclared`].
        #[pallet::call_index(4)]
        #[pallet::weight(T::WeightInfo::recover())]
        pub fn recover(origin: OriginFor<T>, sector: SectorNumber) -> DispatchResult {
            let provider = Self::ensure_worker(origin)?;
            Self::do_recover(provider, sector)
        }

        /// Gives a sector up; its slots are lost.
        ///
        /// *Origin*: a worker. *Events*: [`Event::SectorTerminated`].
        #[pallet::call_index(5)]
        #[pallet::weight(T::WeightInfo::terminate(SECTOR_PIECES_MAX))]
        pub fn terminate(origin: OriginFor<T>, sector: SectorNumber) -> DispatchResultWithPostInfo {
            let provider = Self::ensure_worker(origin)?;
            Self::do_terminate(provider, sector)
        }

        /// Removes a pre-commit whose proof never came, which frees its pieces.
        ///
        /// *Origin*: anyone. *Events*: [`Event::PreCommitExpired`].
        #[pallet::call_index(6)]
        #[pallet::weight(T::WeightInfo::expire_pre_commit(SECTOR_PIECES_MAX))]
        pub fn expire_pre_commit(
            origin: OriginFor<T>,
            provider: ProviderId,
            sector: SectorNumber,
        ) -> DispatchResultWithPostInfo {
            ensure_signed(origin)?;
            Self::do_expire_pre_commit(provider, sector)
        }

        /// Shows that a sector does not hold its slot's bytes.
        ///
        /// *Origin*: anyone. *Effect*: the sector is terminated and the collateral of its slots is
        /// taken whole, a part of it for the caller; free if valid. *Events*: [`Event::SectorTerminated`].
        #[pallet::call_index(7)]
        #[pallet::weight(T::WeightInfo::dispute(SECTOR_PIECES_MAX))]
        pub fn dispute(
            origin: OriginFor<T>,
            provider: ProviderId,
            sector: SectorNumber,
            proof: FraudProof,
        ) -> DispatchResultWithPostInfo {
            let reporter = AccountKey(ensure_signed(origin)?.into());
            Self::do_dispute(reporter, provider, sector, &proof)
        }

        /// Sets the verifying key of a circuit, of the kind that its header names.
        ///
        /// *Origin*: `KeyOrigin`. *Effect*: sectors and proofs under the old key are refused from
        /// now. *Events*: [`Event::KeySet`].
        #[pallet::call_index(8)]
        #[pallet::weight(T::WeightInfo::set_verifying_key())]
        pub fn set_verifying_key(origin: OriginFor<T>, key: KeyBytes) -> DispatchResult {
            T::KeyOrigin::ensure_origin(origin)?;
            Self::do_set_verifying_key(&key)
        }

        /// Chooses who does the curve's arithmetic; verdicts stay the same. Host calls need the relay chain's.
        ///
        /// *Origin*: `KeyOrigin`. *Events*: [`Event::ArithmeticSet`].
        #[pallet::call_index(9)]
        #[pallet::weight(T::WeightInfo::set_arithmetic())]
        pub fn set_arithmetic(origin: OriginFor<T>, arithmetic: CurveArithmetic) -> DispatchResult {
            T::KeyOrigin::ensure_origin(origin)?;
            Self::do_set_arithmetic(arithmetic)
        }
    }
}
