#![doc = include_str!("../README.md")]
#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
mod calls;
mod deals;
#[cfg(any(test, feature = "try-runtime"))]
mod invariants;
mod lifecycle;
mod math;
#[cfg(test)]
mod mock;
#[cfg(test)]
mod tests;
mod types;
mod views;
pub mod weights;

pub use pallet::*;
pub use types::{Claim, MarketTerms, Order, OrderKey, Seat, Seats, Slot, SlotKey, SLOT_PIECES_MAX};
pub use views::OPEN_ORDERS_SCAN_MAX;
pub use weights::WeightInfo;

#[frame_support::pallet]
#[allow(missing_docs)] // The macro's own items; ours are documented.
pub mod pallet {
    use frame_support::{
        pallet_prelude::*,
        traits::fungible::{Mutate, MutateHold},
    };
    use frame_system::pallet_prelude::*;
    use ips_pallet_traits::{Beacons, Collateral, NodeRegistry, Replicas};
    use ips_primitives::{
        deal::{Ask, LossReason, OrderParams, UndoneReason, ORDER_SLOTS_MAX},
        id::{
            AccountKey, Balance, BlockNumber, FileId, OrderId, ProviderId, Signature, SlotId,
            SlotIndex,
        },
        sector::Profile,
        view::OrderView,
    };
    use sp_core::H256;
    use sp_runtime::AccountId32;

    use crate::{
        types::{MarketTerms, Order, OrderKey, Seats, Slot, SlotKey, SLOT_PIECES_MAX},
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
        /// Registered nodes.
        type Nodes: NodeRegistry;
        /// Pledged money.
        type Collateral: Collateral;
        /// Sealed data.
        type Replicas: Replicas;
        /// Randomness.
        type Beacons: Beacons;
        /// Sizes of the proof system.
        type Profile: Get<Profile>;
        /// The market's constants.
        #[pallet::constant]
        type Terms: Get<MarketTerms>;
        /// Weights of the calls.
        type WeightInfo: WeightInfo;
    }

    /// Why tokens are held.
    #[pallet::composite_enum]
    pub enum HoldReason {
        /// The price of an order that is not earned yet.
        #[codec(index = 0)]
        Order,
        /// An order's place in the state.
        #[codec(index = 1)]
        OrderDeposit,
    }

    /// The id that the next order gets; ascending from 0.
    #[pallet::storage]
    pub type NextOrderId<T> = StorageValue<_, OrderId, ValueQuery>;

    /// What each provider asks for. Written by `set_ask`; one entry per registered provider at most.
    /// Providers choose their account, hence the cryptographic hasher.
    #[pallet::storage]
    pub type Asks<T> = StorageMap<_, Blake2_128Concat, ProviderId, Ask, OptionQuery>;

    /// Every order until it is pruned; a deposit is held for each. Ids are given by the chain in
    /// ascending order, hence the cheap hashers here and below.
    #[pallet::storage]
    pub type Orders<T> = StorageMap<_, Twox64Concat, OrderId, Order, OptionQuery>;

    /// Every slot of every order; at most [`ORDER_SLOTS_MAX`] per order.
    #[pallet::storage]
    pub type Slots<T> =
        StorageDoubleMap<_, Twox64Concat, OrderId, Twox64Concat, SlotIndex, Slot, OptionQuery>;

    /// Who sits in an order's group now: one seat per claimed, confirmed, active or faulty slot.
    #[pallet::storage]
    pub type GroupSeats<T> = StorageMap<_, Twox64Concat, OrderId, Seats, ValueQuery>;

    /// The orders that have a slot to claim, or would have if a provider failed, with the number of
    /// slots that are open now; ascending.
    #[pallet::storage]
    pub type OpenOrders<T> = StorageMap<_, Identity, OrderKey, u16, OptionQuery>;

    /// The orders of a file, ascending: later ones can't hide the first. Anyone may order any file
    /// id, hence the cryptographic hasher.
    #[pallet::storage]
    pub type FileOrders<T> =
        StorageDoubleMap<_, Blake2_128Concat, FileId, Identity, OrderKey, (), OptionQuery>;

    /// The orders of a client, ascending.
    #[pallet::storage]
    pub type ClientOrders<T> =
        StorageDoubleMap<_, Blake2_128Concat, AccountKey, Identity, OrderKey, (), OptionQuery>;

    /// The slots that a provider has now: claimed, confirmed, active or faulty; ascending.
    #[pallet::storage]
    pub type ProviderSlots<T> =
        StorageDoubleMap<_, Blake2_128Concat, ProviderId, Identity, SlotKey, (), OptionQuery>;

    /// What happened.
    #[pallet::event]
    #[pallet::generate_deposit(pub(super) fn deposit_event)]
    pub enum Event<T: Config> {
        /// A provider's ask changed; a longest duration of zero means it takes no deals.
        #[codec(index = 0)]
        AskSet { provider: ProviderId, ask: Ask },
        /// An order was placed; its highest price and its deposit are held.
        #[codec(index = 1)]
        OrderPlaced {
            order: OrderId,
            client: AccountKey,
            file: FileId,
            held: Balance,
            deposit: Balance,
        },
        /// A provider claimed a slot.
        #[codec(index = 2)]
        SlotClaimed {
            slot: SlotId,
            provider: ProviderId,
            price_per_mib_block: Balance,
        },
        /// A provider was too late; the slot is open again.
        #[codec(index = 3)]
        ClaimUndone {
            slot: SlotId,
            provider: ProviderId,
            reason: UndoneReason,
            slashed: Balance,
        },
        /// A slot was delivered; the deal runs until `ends_at`.
        #[codec(index = 4)]
        DealConfirmed {
            slot: SlotId,
            provider: ProviderId,
            ends_at: BlockNumber,
        },
        /// Every piece of a slot is proven; it is paid from now on. The first time, what the agreed
        /// price is below the highest one is given back.
        #[codec(index = 5)]
        SlotActive {
            slot: SlotId,
            provider: ProviderId,
            refunded: Balance,
        },
        /// A proof was missed; the slot is not paid until it is proven again.
        #[codec(index = 6)]
        SlotFaulty { slot: SlotId, provider: ProviderId },
        /// A slot is gone; its lock is slashed and the rest of its price given back.
        #[codec(index = 7)]
        SlotLost {
            slot: SlotId,
            provider: ProviderId,
            reason: LossReason,
            slashed: Balance,
            refunded: Balance,
        },
        /// A provider was paid for proven blocks, up to `paid_until`.
        #[codec(index = 8)]
        Settled {
            slot: SlotId,
            provider: ProviderId,
            amount: Balance,
            paid_until: BlockNumber,
        },
        /// A deal ended; what was not earned is given back.
        #[codec(index = 9)]
        SlotExpired {
            slot: SlotId,
            provider: ProviderId,
            refunded: Balance,
        },
        /// An order takes no more claims; its open slots are closed.
        #[codec(index = 10)]
        OrderCancelled {
            order: OrderId,
            closed_slots: u32,
            refunded: Balance,
        },
        /// Every live slot of an order is prolonged.
        #[codec(index = 11)]
        OrderRenewed {
            order: OrderId,
            extra_blocks: BlockNumber,
            held: Balance,
        },
        /// An ended order was removed from the state and its deposit given back.
        #[codec(index = 12)]
        OrderPruned { order: OrderId, deposit: Balance },
    }

    /// Why a call is refused.
    #[pallet::error]
    pub enum Error<T> {
        /// The caller owns no registered node; register first.
        #[codec(index = 0)]
        NotAProvider,
        /// The caller is no node's worker; sign with the registered worker key.
        #[codec(index = 1)]
        NotAWorker,
        /// There is no such order.
        #[codec(index = 2)]
        OrderUnknown,
        /// The order has no such slot.
        #[codec(index = 3)]
        SlotUnknown,
        /// The order is somebody else's.
        #[codec(index = 4)]
        NotYourOrder,
        /// The erasure parameters are not of the protocol's table.
        #[codec(index = 5)]
        BadErasure,
        /// The number of slot roots is not the number of slots.
        #[codec(index = 6)]
        BadSlotRoots,
        /// There is no segment, or more than fit a slot.
        #[codec(index = 7)]
        BadSegments,
        /// The duration is zero or longer than the market allows.
        #[codec(index = 8)]
        BadDuration,
        /// The slots have more than 64 pieces in this chain's profile; make smaller groups.
        #[codec(index = 9)]
        SlotTooLarge,
        /// The order was cancelled.
        #[codec(index = 10)]
        OrderClosed,
        /// Somebody else has the slot.
        #[codec(index = 11)]
        SlotTaken,
        /// The provider takes no deals; set an ask.
        #[codec(index = 12)]
        NoAsk,
        /// The ask is above the order's highest price.
        #[codec(index = 13)]
        PriceTooLow,
        /// The order is longer than the ask accepts.
        #[codec(index = 14)]
        DurationTooLong,
        /// The order's beacon is not known yet; claim in a later block.
        #[codec(index = 15)]
        LotteryNotOpen,
        /// The provider's number is not below the threshold yet, or its node is newer than the order:
        /// claim in a later block. Never, if it is too unreliable.
        #[codec(index = 16)]
        NotEligible,
        /// The operator already has a slot of the group.
        #[codec(index = 17)]
        OperatorInGroup,
        /// The class already has as many slots of the group as may be lost.
        #[codec(index = 18)]
        ClassInGroupFull,
        /// The slot is not claimed by the caller, or is already confirmed.
        #[codec(index = 19)]
        NotYourClaim,
        /// The delivery note's signature is not the delivery key's, or signs something else.
        #[codec(index = 20)]
        BadSignature,
        /// Nothing is proven that is not paid yet, and the deal is not over.
        #[codec(index = 21)]
        NothingDue,
        /// No slot of the order lives.
        #[codec(index = 22)]
        NothingToRenew,
        /// A deal of the order is already over; settle it and place a new order.
        #[codec(index = 23)]
        DealOver,
        /// A provider's present ask does not accept the renewal; place a new order.
        #[codec(index = 24)]
        RenewalRefused,
        /// A slot of the order has not ended; cancel the order, or settle its slots first.
        #[codec(index = 25)]
        OrderNotEnded,
    }

    #[pallet::call]
    impl<T: Config> Pallet<T> {
        /// Orders one group of slots.
        ///
        /// *Origin*: the client. *Effect*: the highest price of all slots and a deposit are held, the
        /// slots are open. *Events*: `OrderPlaced`. The index is frozen: other chains call it by
        /// number.
        #[pallet::call_index(0)]
        #[pallet::weight(T::WeightInfo::place_order(params.slot_roots.len() as u32))]
        pub fn place_order(origin: OriginFor<T>, params: OrderParams) -> DispatchResult {
            let client = ensure_signed(origin)?;
            Self::do_place_order(AccountKey(client.into()), params)
        }

        /// Replaces what the caller asks for; a longest duration of zero takes the ask away.
        ///
        /// *Origin*: a node's owner. *Effect*: counts for claims and renewals from now on; deals
        /// made keep their price. *Events*: `AskSet`.
        #[pallet::call_index(1)]
        #[pallet::weight(T::WeightInfo::set_ask())]
        pub fn set_ask(origin: OriginFor<T>, ask: Ask) -> DispatchResult {
            let owner = ensure_signed(origin)?;
            Self::do_set_ask(ProviderId(owner.into()), ask)
        }

        /// Claims a slot for the caller's provider.
        ///
        /// *Origin*: a node's worker. *Effect*: capacity is reserved and collateral locked; a claim
        /// that was not confirmed or not sealed in time is undone first. Free if it succeeds.
        /// *Events*: `SlotClaimed`, perhaps `ClaimUndone`.
        #[pallet::call_index(2)]
        #[pallet::weight(T::WeightInfo::claim_slot())]
        pub fn claim_slot(origin: OriginFor<T>, slot: SlotId) -> DispatchResultWithPostInfo {
            let worker = ensure_signed(origin)?;
            Self::do_claim_slot(AccountKey(worker.into()), slot)?;
            Ok(Pays::No.into())
        }

        /// Confirms that a claimed slot was delivered, with the client's signature on the note.
        ///
        /// *Origin*: the worker of the slot's provider. *Effect*: the deal runs from now, and the
        /// slot is to be sealed in time. Free if it succeeds. *Events*: `DealConfirmed`.
        #[pallet::call_index(3)]
        #[pallet::weight(T::WeightInfo::confirm_deal())]
        pub fn confirm_deal(
            origin: OriginFor<T>,
            slot: SlotId,
            signature: Signature,
        ) -> DispatchResultWithPostInfo {
            let worker = ensure_signed(origin)?;
            Self::do_confirm_deal(AccountKey(worker.into()), slot, &signature)?;
            Ok(Pays::No.into())
        }

        /// Pays a slot's provider for what is proven and ends the deal if it is over; undoes a claim
        /// that was not confirmed or not sealed in time.
        ///
        /// *Origin*: anyone signed. *Effect*: as said. Free if it succeeds. *Events*: `Settled`,
        /// `SlotExpired`, `ClaimUndone`.
        #[pallet::call_index(4)]
        #[pallet::weight(T::WeightInfo::settle(SLOT_PIECES_MAX as u32))]
        pub fn settle(origin: OriginFor<T>, slot: SlotId) -> DispatchResultWithPostInfo {
            ensure_signed(origin)?;
            let pieces = Self::do_settle(slot)?;
            Ok((Some(T::WeightInfo::settle(pieces)), Pays::No).into())
        }

        /// Closes an order's open slots; deals that run are not touched.
        ///
        /// *Origin*: the client. *Effect*: no more claims; the price of the closed slots is given
        /// back. *Events*: `OrderCancelled`, perhaps `ClaimUndone`.
        #[pallet::call_index(5)]
        #[pallet::weight(T::WeightInfo::cancel_order(ORDER_SLOTS_MAX))]
        pub fn cancel_order(origin: OriginFor<T>, order: OrderId) -> DispatchResultWithPostInfo {
            let client = ensure_signed(origin)?;
            let slots = Self::do_cancel_order(AccountKey(client.into()), order)?;
            Ok(Some(T::WeightInfo::cancel_order(slots)).into())
        }

        /// Prolongs every live slot of an order by `extra_blocks`.
        ///
        /// *Origin*: the client. *Effect*: the price of the extra blocks is held. *Events*:
        /// `OrderRenewed`.
        #[pallet::call_index(6)]
        #[pallet::weight(T::WeightInfo::renew(ORDER_SLOTS_MAX))]
        pub fn renew(
            origin: OriginFor<T>,
            order: OrderId,
            extra_blocks: BlockNumber,
        ) -> DispatchResultWithPostInfo {
            let client = ensure_signed(origin)?;
            let slots = Self::do_renew(AccountKey(client.into()), order, extra_blocks)?;
            Ok(Some(T::WeightInfo::renew(slots)).into())
        }

        /// Removes an order whose slots have all ended from the state.
        ///
        /// *Origin*: anyone signed. *Effect*: the client gets the deposit back. Free if it succeeds.
        /// *Events*: `OrderPruned`.
        #[pallet::call_index(7)]
        #[pallet::weight(T::WeightInfo::prune_order(ORDER_SLOTS_MAX))]
        pub fn prune_order(origin: OriginFor<T>, order: OrderId) -> DispatchResultWithPostInfo {
            ensure_signed(origin)?;
            let slots = Self::do_prune_order(order)?;
            Ok((Some(T::WeightInfo::prune_order(slots)), Pays::No).into())
        }
    }

    #[pallet::view_functions]
    impl<T: Config> Pallet<T> {
        /// What an order would hold: its highest price and its deposit.
        pub fn quote(params: OrderParams) -> Balance {
            let deposit = T::Terms::get().order_deposit.of(params.erasure);
            crate::math::order_price(&params).saturating_add(deposit)
        }

        /// An order with its slots; the sectors are left empty.
        pub fn order(order: OrderId) -> Option<OrderView> {
            Self::order_view(order)
        }

        /// A provider's ask.
        pub fn ask_of(provider: ProviderId) -> Option<Ask> {
            Asks::<T>::get(provider)
        }
    }

    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
        fn integrity_test() {
            T::Terms::get().assert_sound();
        }

        #[cfg(feature = "try-runtime")]
        fn try_state(_now: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
            Self::do_try_state()
        }
    }
}
