//! The engine's port to the chain.
//!
//! Goal: everything a storage node or a customer needs of the chain, without a Substrate type.
//! Non-goals: keys of owners, governance. Implemented by `ips-chain` (subxt) and by the mock chain
//! of the tests.

use async_trait::async_trait;
use ips_primitives::{
    challenge::Beacon,
    consent::Consents,
    deal::{Ask, OrderParams},
    id::{
        AccountKey, AgreementId, Balance, BlockNumber, FileId, OrderId, PartitionIndex, ProviderId,
        SectorNumber, Signature, SlotId,
    },
    node_class::NodeClass,
    proof_calls::{BindingOpening, PreCommit},
    retrieval::ExtractClaim,
    sector::ProofBytes,
    view::{AgreementView, ChainInfo, DealView, NodeView, OrderView, PartitionView, SectorView},
};
use tokio::sync::watch;

/// A block of the best chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Number.
    pub number: BlockNumber,
    /// Hash.
    pub hash: [u8; 32],
}

/// What a node registers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    /// Class.
    pub class: NodeClass,
    /// Hot key that will sign for the node.
    pub worker: AccountKey,
    /// Who runs it.
    pub operator: [u8; 32],
    /// libp2p peer id, in bytes.
    pub peer_id: Vec<u8>,
    /// Multiaddresses, in bytes.
    pub addresses: Vec<Vec<u8>>,
    /// Offered space.
    pub capacity_bytes: u64,
    /// The worker's and the operator's words, where they are not the owner.
    pub consents: Consents,
}

/// A call that changes the chain, one variant per extrinsic that IPS software sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call {
    /// `node_classes.register`, by the owner.
    Register(Registration),
    /// `node_classes.update`: new peer id and addresses, by the owner.
    UpdateAddresses {
        /// libp2p peer id, in bytes.
        peer_id: Vec<u8>,
        /// Multiaddresses, in bytes.
        addresses: Vec<Vec<u8>>,
    },
    /// `staking_collateral.pledge`, by the owner.
    Pledge(Balance),
    /// `storage_market.set_ask`, by the owner.
    SetAsk(Ask),
    /// `balances.transfer_keep_alive`.
    Transfer {
        /// Receiver.
        to: AccountKey,
        /// Amount.
        amount: Balance,
    },
    /// `storage_market.place_order`, by the customer.
    PlaceOrder(OrderParams),
    /// `storage_market.cancel_order`, by the customer.
    CancelOrder(OrderId),
    /// `storage_market.prune_order`, by anyone: an order whose slots have all ended.
    PruneOrder(OrderId),
    /// `storage_market.claim_slot`, by the worker.
    ClaimSlot(SlotId),
    /// `storage_market.confirm_deal`, by the worker, with the customer's signature on the note.
    ConfirmDeal {
        /// The slot.
        slot: SlotId,
        /// Signature over the delivery note.
        signature: Signature,
    },
    /// `storage_market.settle`, by anyone.
    Settle(SlotId),
    /// `porep.pre_commit`, by the worker.
    PreCommit(PreCommit),
    /// `porep.prove_commit`, by the worker.
    ProveCommit {
        /// The sector.
        sector: SectorNumber,
        /// All seal proofs, in order.
        proofs: Vec<ProofBytes>,
        /// All binding openings, in order.
        bindings: Vec<BindingOpening>,
    },
    /// `porep.submit_post`, by the worker.
    SubmitPost {
        /// The partition.
        partition: PartitionIndex,
        /// The proving period.
        period: u32,
        /// The proof.
        proof: ProofBytes,
    },
    /// `porep.declare_fault`, by the worker: a sector's files are damaged.
    DeclareFault(SectorNumber),
    /// `porep.recover`, by the worker: a faulty sector is whole again.
    Recover(SectorNumber),
    /// `porep.terminate`, by the worker: gives a sector up, whose slots have all ended.
    Terminate(SectorNumber),
    /// `porep.expire_pre_commit`, by anyone.
    ExpirePreCommit {
        /// Whose sector.
        provider: ProviderId,
        /// The sector.
        sector: SectorNumber,
    },
    /// `poe.open_retrieval`, by the customer.
    OpenRetrieval {
        /// The order that will be read.
        order: OrderId,
        /// Price of 1 MiB delivered.
        price_per_mib: Balance,
        /// Most that may be claimed.
        budget: Balance,
    },
    /// `poe.claim`, by the worker.
    ClaimExtracts(Vec<ExtractClaim>),
    /// `poe.close`, by the customer.
    CloseRetrieval(AgreementId),
}

/// Where an extrinsic took effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Included {
    /// Block that holds it.
    pub block: Head,
    /// Weight charged for it: reference time in picoseconds.
    pub ref_time: u64,
    /// Weight charged for it: proof size in bytes.
    pub proof_size: u64,
}

/// An extrinsic's effect, with the id the chain gave, where it gave one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Where.
    pub included: Included,
    /// The new order, for [`Call::PlaceOrder`].
    pub order: Option<OrderId>,
    /// The new agreement, for [`Call::OpenRetrieval`].
    pub agreement: Option<AgreementId>,
}

/// Why the chain did not do or tell what was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// The runtime refused the call; asking again changes nothing unless the state does.
    #[error("the chain refused {call}: {pallet}.{error}: {explanation}")]
    Refused {
        /// Name of the call.
        call: &'static str,
        /// Pallet of the error.
        pallet: String,
        /// Name of the error.
        error: String,
        /// Its documentation.
        explanation: String,
    },
    /// The account can not pay the fee or the price.
    #[error("account {account} has not enough funds for {call}; send it tokens and try again")]
    NoFunds {
        /// Name of the call.
        call: &'static str,
        /// The account, in hex.
        account: String,
    },
    /// No answer; the call may or may not take effect.
    #[error("the chain at {url} can not be reached: {reason}")]
    Unreachable {
        /// Where it was sought.
        url: String,
        /// What the transport said.
        reason: String,
    },
    /// The runtime is not one this software understands.
    #[error("the chain runs another runtime than this software was built for: {0}")]
    Incompatible(String),
}

/// Reads of the chain's state at the best block.
#[async_trait]
pub trait ChainReader: Send + Sync {
    /// Constants and keys; may be a minute old.
    async fn info(&self) -> Result<ChainInfo, ChainError>;
    /// The best head, updated as blocks come; survives reconnects.
    fn heads(&self) -> watch::Receiver<Head>;
    /// The beacon of a block, while the chain keeps it.
    async fn beacon(&self, block: BlockNumber) -> Result<Option<Beacon>, ChainError>;
    /// Free balance.
    async fn balance(&self, account: AccountKey) -> Result<Balance, ChainError>;
    /// A node by its owner.
    async fn node(&self, provider: ProviderId) -> Result<Option<NodeView>, ChainError>;
    /// Registered nodes, at most `max`.
    async fn nodes(&self, max: u32) -> Result<Vec<NodeView>, ChainError>;
    /// The id that the next order gets; all orders are below it.
    async fn next_order(&self) -> Result<OrderId, ChainError>;
    /// Orders with a slot to claim, from `from` on, ascending, at most `max`; none = there are no more.
    async fn open_orders(&self, from: OrderId, max: u32) -> Result<Vec<OrderView>, ChainError>;
    /// An order.
    async fn order(&self, order: OrderId) -> Result<Option<OrderView>, ChainError>;
    /// All orders of a file, ascending.
    async fn orders_of_file(&self, file: FileId) -> Result<Vec<OrderView>, ChainError>;
    /// All orders of a customer, ascending.
    async fn orders_of_client(&self, client: AccountKey) -> Result<Vec<OrderView>, ChainError>;
    /// Slots that a provider has claimed or holds.
    async fn deals_of(&self, provider: ProviderId) -> Result<Vec<DealView>, ChainError>;
    /// Sectors of a provider.
    async fn sectors_of(&self, provider: ProviderId) -> Result<Vec<SectorView>, ChainError>;
    /// Partitions of a provider with their current or next window.
    async fn partitions_of(&self, provider: ProviderId) -> Result<Vec<PartitionView>, ChainError>;
    /// A retrieval agreement.
    async fn agreement(&self, id: AgreementId) -> Result<Option<AgreementView>, ChainError>;
}

/// A reader that also signs and submits for one account.
///
/// `submit` returns once the call is in a best block and took effect there. It retries what a
/// restart, a dropped or a duplicated extrinsic can break; a refusal by the runtime is final.
#[async_trait]
pub trait ChainClient: ChainReader {
    /// The account that signs.
    fn account(&self) -> AccountKey;
    /// Signs, submits, waits for inclusion.
    async fn submit(&self, call: Call) -> Result<Outcome, ChainError>;
    /// Signs a digest with the account's sr25519 key (delivery notes, vouchers, requests).
    fn sign(&self, message: &[u8; 32]) -> Signature;
}
