//! The mock chain as one account sees it.

use std::sync::Arc;

use async_trait::async_trait;
use ips_primitives::{
    challenge::Beacon,
    deal::SlotState,
    id::{
        AccountKey, AgreementId, Balance, BlockNumber, FileId, OrderId, ProviderId, Signature,
        SlotId,
    },
    view::{
        AgreementView, ChainInfo, DealView, NodeView, OrderView, PartitionView, SectorView,
        SlotView,
    },
};
use tokio::sync::watch;

use super::{beacon_of, state::is_held, MockChain, TestKey};
use crate::chain::{Call, ChainClient, ChainError, ChainReader, Head, Included, Outcome};

/// The mock chain as one account sees it.
#[derive(Clone)]
pub struct MockClient {
    pub(super) chain: Arc<MockChain>,
    key: TestKey,
}

impl MockClient {
    /// A client that signs with `key`.
    pub fn new(chain: Arc<MockChain>, key: TestKey) -> Self {
        Self { chain, key }
    }
}

#[async_trait]
impl ChainReader for MockClient {
    async fn info(&self) -> Result<ChainInfo, ChainError> {
        Ok(self.chain.info.clone())
    }

    fn heads(&self) -> watch::Receiver<Head> {
        self.chain.heads.subscribe()
    }

    async fn beacon(&self, block: BlockNumber) -> Result<Option<Beacon>, ChainError> {
        let now = self.chain.now();
        let kept = block <= now && now - block <= self.chain.info.beacon_blocks;
        Ok(kept.then(|| beacon_of(block)))
    }

    async fn balance(&self, _account: AccountKey) -> Result<Balance, ChainError> {
        Ok(1_000_000)
    }

    async fn node(&self, provider: ProviderId) -> Result<Option<NodeView>, ChainError> {
        Ok(self.chain.lock().nodes.get(&provider).cloned())
    }

    async fn nodes(&self, max: u32) -> Result<Vec<NodeView>, ChainError> {
        let max = usize::try_from(max).unwrap_or(usize::MAX);
        Ok(self
            .chain
            .lock()
            .nodes
            .values()
            .take(max)
            .cloned()
            .collect())
    }

    async fn next_order(&self) -> Result<OrderId, ChainError> {
        Ok(OrderId(self.chain.lock().next_order))
    }

    async fn open_orders(&self, from: OrderId, max: u32) -> Result<Vec<OrderView>, ChainError> {
        let is_free = |order: &OrderView, slot: &SlotView| {
            slot.state == SlotState::Open || self.chain.is_overdue(&order.params, slot)
        };
        let is_open = |order: &&OrderView| order.slots.iter().any(|slot| is_free(order, slot));
        let max = usize::try_from(max).unwrap_or(usize::MAX);
        let state = self.chain.lock();
        let scanned = state.orders.range(from..).map(|(_, order)| order);
        Ok(scanned.filter(is_open).take(max).cloned().collect())
    }

    async fn order(&self, order: OrderId) -> Result<Option<OrderView>, ChainError> {
        Ok(self.chain.lock().orders.get(&order).cloned())
    }

    async fn orders_of_file(&self, file: FileId) -> Result<Vec<OrderView>, ChainError> {
        let state = self.chain.lock();
        Ok(state
            .orders
            .values()
            .filter(|order| order.params.file == file)
            .cloned()
            .collect())
    }

    async fn orders_of_client(&self, client: AccountKey) -> Result<Vec<OrderView>, ChainError> {
        let state = self.chain.lock();
        Ok(state
            .orders
            .values()
            .filter(|order| order.client == client)
            .cloned()
            .collect())
    }

    async fn deals_of(&self, provider: ProviderId) -> Result<Vec<DealView>, ChainError> {
        let state = self.chain.lock();
        let all = state.orders.values().flat_map(|order| {
            order.slots.iter().map(move |view| DealView {
                slot: SlotId {
                    order: order.id,
                    slot: view.index,
                },
                params: order.params.clone(),
                view: view.clone(),
            })
        });
        let own = all.filter(|deal| {
            deal.view.provider == Some(provider)
                && is_held(deal.view.state)
                && !state.hidden.contains(&deal.slot)
        });
        Ok(own.collect())
    }

    async fn sectors_of(&self, provider: ProviderId) -> Result<Vec<SectorView>, ChainError> {
        Ok(self.chain.sectors(provider))
    }

    async fn partitions_of(&self, provider: ProviderId) -> Result<Vec<PartitionView>, ChainError> {
        let chain = &self.chain;
        let state = chain.lock();
        Ok(state.partition_views(&chain.info, chain.profile, chain.now(), provider))
    }

    async fn agreement(&self, id: AgreementId) -> Result<Option<AgreementView>, ChainError> {
        Ok(self.chain.lock().agreements.get(&id).cloned())
    }
}

#[async_trait]
impl ChainClient for MockClient {
    fn account(&self) -> AccountKey {
        AccountKey(self.key.public())
    }

    async fn submit(&self, call: Call) -> Result<Outcome, ChainError> {
        self.apply(&call)?;
        let number = self.chain.now();
        let block = Head {
            number,
            hash: beacon_of(number),
        };
        let included = Included {
            block,
            ref_time: 1,
            proof_size: 1,
        };
        Ok(Outcome {
            included,
            order: None,
            agreement: None,
        })
    }

    fn sign(&self, message: &[u8; 32]) -> Signature {
        self.key.sign(message)
    }
}
