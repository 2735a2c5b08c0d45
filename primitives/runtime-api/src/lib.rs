//! Read-only queries that the runtime answers for wallets, storage nodes and customers.
//!
//! All answers are types of `ips-primitives`; the off-chain side decodes them with the same types.
#![cfg_attr(not(feature = "std"), no_std)]
#![allow(missing_docs, reason = "the macro generates undocumented items")]

extern crate alloc;

use alloc::vec::Vec;
use ips_primitives::{
    challenge::Beacon,
    id::{
        AccountKey, AgreementId, BlockNumber, FileId, OrderId, PartitionIndex, ProviderId,
        SectorNumber, SlotId,
    },
    view::{AgreementView, ChainInfo, DealView, NodeView, OrderView, PartitionView, SectorView},
};

sp_api::decl_runtime_apis! {
    /// Queries of the storage network.
    pub trait IpsApi {
        /// Constants and verifying-key ids.
        fn info() -> ChainInfo;
        /// The beacon of a block, while it is kept.
        fn beacon(block: BlockNumber) -> Option<Beacon>;
        /// A node by its owner.
        fn node(provider: ProviderId) -> Option<NodeView>;
        /// Registered nodes, at most `max` (and at most 1024).
        fn nodes(max: u32) -> Vec<NodeView>;
        /// The provider whose worker key this is.
        fn provider_of(worker: AccountKey) -> Option<ProviderId>;
        /// Orders with a slot to claim, from `from` on, ascending; at most `max` (and at
        /// most `ORDERS_PAGE`).
        fn open_orders(from: OrderId, max: u32) -> Vec<OrderView>;
        /// The next order's id.
        fn next_order() -> OrderId;
        /// An order.
        fn order(order: OrderId) -> Option<OrderView>;
        /// Orders of a file after `after`, ascending, at most `ORDERS_PAGE`.
        fn orders_of_file(file: FileId, after: Option<OrderId>) -> Vec<OrderView>;
        /// Orders of a customer after `after`, ascending, at most `ORDERS_PAGE`.
        fn orders_of_client(client: AccountKey, after: Option<OrderId>) -> Vec<OrderView>;
        /// Slots of a provider after `after`, ascending, at most `DEALS_PAGE`.
        fn deals_of(provider: ProviderId, after: Option<SlotId>) -> Vec<DealView>;
        /// Sectors of a provider after `after`, in no order that means anything, at most
        /// `SECTORS_PAGE`.
        fn sectors_of(provider: ProviderId, after: Option<SectorNumber>) -> Vec<SectorView>;
        /// Partitions of a provider after `after`, in no order that means anything, at most
        /// `PARTITIONS_PAGE`.
        fn partitions_of(
            provider: ProviderId,
            after: Option<PartitionIndex>,
        ) -> Vec<PartitionView>;
        /// A retrieval agreement.
        fn agreement(id: AgreementId) -> Option<AgreementView>;
    }
}
