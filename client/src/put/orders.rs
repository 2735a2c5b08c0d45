//! The orders of a file's groups: found if they were placed before, else placed.
//!
//! An order counts as long as enough of its slots can still be, or are, held. One that does not, or that a
//! chain forgot with its last blocks, is placed again; how often is bounded, for each costs money.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::atomic::{AtomicBool, Ordering},
};

use async_trait::async_trait;
use futures::{stream, StreamExt};
use indicatif::ProgressBar;
use ips_chain::SubxtClient;
use ips_encoding::Manifest;
use ips_engine::chain::{Call, ChainClient, ChainError, ChainReader};
use ips_primitives::{
    deal::{OrderParams, SlotState},
    id::{AccountKey, Balance, BlockNumber, FileId, OrderId},
    view::OrderView,
};

use crate::error::ClientError;

/// Orders on the way at once.
const ORDERS_IN_FLIGHT: usize = 8;
/// Most orders that one run places for one group.
const ORDERS_PER_GROUP_MAX: u32 = 3;

/// What this module needs of the market. Implemented by the chain's client and by a double that forgets.
#[async_trait]
pub(crate) trait Market: Send + Sync {
    /// Who orders.
    fn client(&self) -> AccountKey;
    /// An order.
    async fn order(&self, id: OrderId) -> Result<Option<OrderView>, ChainError>;
    /// All orders of a file.
    async fn orders_of(&self, file: FileId) -> Result<Vec<OrderView>, ChainError>;
    /// Places an order.
    async fn place(&self, params: OrderParams) -> Result<Option<OrderId>, ChainError>;
    /// Closes an order's open slots.
    async fn cancel(&self, id: OrderId) -> Result<(), ChainError>;
}

#[async_trait]
impl Market for SubxtClient {
    fn client(&self) -> AccountKey {
        ChainClient::account(self)
    }

    async fn order(&self, id: OrderId) -> Result<Option<OrderView>, ChainError> {
        ChainReader::order(self, id).await
    }

    async fn orders_of(&self, file: FileId) -> Result<Vec<OrderView>, ChainError> {
        ChainReader::orders_of_file(self, file).await
    }

    async fn place(&self, params: OrderParams) -> Result<Option<OrderId>, ChainError> {
        Ok(self.submit(Call::PlaceOrder(params)).await?.order)
    }

    async fn cancel(&self, id: OrderId) -> Result<(), ChainError> {
        self.submit(Call::CancelOrder(id)).await?;
        // What is cancelled is over: its deposit comes back now, or whenever somebody prunes it.
        if let Err(error) = self.submit(Call::PruneOrder(id)).await {
            tracing::info!(%error, order = id.0, "the order's deposit stays held");
        }
        Ok(())
    }
}

/// What every order of a file says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OrderTerms {
    pub(crate) price: Balance,
    pub(crate) duration: BlockNumber,
    /// Signs delivery notes and vouchers.
    pub(crate) delivery_key: AccountKey,
}

/// The orders of one file by one customer.
pub(crate) struct Orders<'a> {
    market: &'a dyn Market,
    manifest: &'a Manifest,
    terms: OrderTerms,
    known: BTreeMap<u16, OrderId>,
    placed: BTreeMap<u16, u32>,
}

impl<'a> Orders<'a> {
    /// Takes up what was placed before; `noted` are ids that the state folder remembers.
    pub(crate) async fn find(
        market: &'a dyn Market,
        manifest: &'a Manifest,
        terms: OrderTerms,
        noted: &[OrderId],
    ) -> Result<Self, ClientError> {
        let mut orders = Self {
            market,
            manifest,
            terms,
            known: BTreeMap::new(),
            placed: BTreeMap::new(),
        };
        for id in noted {
            orders.take(market.order(*id).await?);
        }
        orders.search().await?;
        Ok(orders)
    }

    fn file(&self) -> FileId {
        self.manifest.file_id()
    }

    fn groups(&self) -> std::ops::Range<u16> {
        0..self.manifest.layout().groups()
    }

    /// Ids by group.
    pub(crate) fn ids(&self) -> Vec<OrderId> {
        self.known.values().copied().collect()
    }

    /// Orders that this run has placed.
    pub(crate) fn placed(&self) -> u32 {
        self.placed.values().sum()
    }

    /// Remembers an order of ours that counts; the newest wins.
    fn take(&mut self, order: Option<OrderView>) {
        let counts = |order: &OrderView| {
            is_of(order, self.file(), self.market.client())
                && self.groups().contains(&order.params.group)
                && can_be_read(order)
        };
        if let Some(order) = order.filter(counts) {
            let known = self.known.entry(order.params.group).or_insert(order.id);
            *known = order.id.max(*known);
        }
    }

    async fn search(&mut self) -> Result<(), ClientError> {
        for order in self.market.orders_of(self.file()).await? {
            self.take(Some(order));
        }
        Ok(())
    }

    /// Places an order for every group that has none.
    pub(crate) async fn place_missing(&mut self, bar: &ProgressBar) -> Result<(), ClientError> {
        let missing: Vec<u16> = self
            .groups()
            .filter(|group| !self.known.contains_key(group))
            .collect();
        bar.set_position(u64::try_from(self.known.len()).unwrap_or(0));
        for group in missing.iter().copied() {
            let times = self.placed.entry(group).or_default();
            if *times >= ORDERS_PER_GROUP_MAX {
                let (times, file) = (*times, hex::encode(self.manifest.file_id().0));
                return Err(ClientError::NotKept { group, times, file });
            }
            *times += 1;
        }
        let this = &*self;
        // After a failure nothing new is sent, but what is on its way is waited for: its money is held.
        let failed = AtomicBool::new(false);
        let placed: Vec<Result<(u16, OrderId), ClientError>> = stream::iter(missing)
            .map(|group| this.place(group, bar, &failed))
            .buffer_unordered(ORDERS_IN_FLIGHT)
            .filter_map(|placed| async move { placed.transpose() })
            .collect()
            .await;
        let mut result = Ok(());
        for placed in placed {
            match placed {
                Ok((group, order)) => {
                    self.known.insert(group, order);
                }
                Err(error) => result = result.and(Err(error)),
            }
        }
        result
    }

    /// Places one order; `None` if another one has failed meanwhile.
    async fn place(
        &self,
        group: u16,
        bar: &ProgressBar,
        failed: &AtomicBool,
    ) -> Result<Option<(u16, OrderId)>, ClientError> {
        if failed.load(Ordering::Relaxed) {
            return Ok(None);
        }
        let OrderTerms {
            price,
            duration,
            delivery_key,
        } = self.terms;
        let params = self
            .manifest
            .order_params(group, duration, price, delivery_key)?;
        let placed = self.market.place(params).await;
        failed.fetch_or(placed.is_err(), Ordering::Relaxed);
        bar.inc(1);
        let order = placed?.ok_or_else(no_order)?;
        Ok(Some((group, order)))
    }

    /// The order of each group but those in `but` as the chain has it now; one that no longer counts is
    /// placed again.
    pub(crate) async fn now(
        &mut self,
        but: &BTreeSet<u16>,
    ) -> Result<BTreeMap<u16, OrderView>, ClientError> {
        let mut views = BTreeMap::new();
        let asked: Vec<(u16, OrderId)> = self
            .known
            .iter()
            .map(|(group, id)| (*group, *id))
            .filter(|(group, _)| !but.contains(group))
            .collect();
        let mut gone = false;
        for (group, id) in asked {
            let view = self.market.order(id).await?.filter(|order| {
                is_of(order, self.file(), self.market.client())
                    && order.params.group == group
                    && can_be_read(order)
            });
            if let Some(view) = view {
                views.insert(group, view);
            } else {
                tracing::warn!(group, order = id.0, "order no longer counts");
                self.known.remove(&group);
                gone = true;
            }
        }
        if gone {
            self.search().await?;
            self.place_missing(&ProgressBar::hidden()).await?;
            for group in self.groups().filter(|group| !but.contains(group)) {
                if let (false, Some(id)) = (views.contains_key(&group), self.known.get(&group)) {
                    views.extend(self.market.order(*id).await?.map(|view| (group, view)));
                }
            }
        }
        Ok(views)
    }

    /// Closes the open slots of every order, so that no money stays held for them.
    ///
    /// Returns whether all could be closed.
    pub(crate) async fn cancel(&self) -> bool {
        cancel(self.market, &self.ids()).await
    }
}

/// Closes the open slots of orders; `false` if one could not be closed.
pub(crate) async fn cancel(market: &dyn Market, orders: &[OrderId]) -> bool {
    let mut all = true;
    for id in orders {
        match market.cancel(*id).await {
            Ok(()) => {}
            // It was closed before.
            Err(ChainError::Refused { error, .. }) if error == "OrderClosed" => {}
            Err(error) => {
                tracing::warn!(%error, order = id.0, "order not cancelled");
                all = false;
            }
        }
    }
    all
}

fn no_order() -> ClientError {
    ChainError::Incompatible("storage_market.place_order told no order".into()).into()
}

fn is_of(order: &OrderView, file: FileId, client: AccountKey) -> bool {
    order.params.file == file && order.client == client
}

/// Whether a slot is held by a provider who has confirmed it.
pub(crate) fn is_held(state: SlotState) -> bool {
    matches!(
        state,
        SlotState::Confirmed | SlotState::Active | SlotState::Faulty
    )
}

/// Whether enough slots are held, or may still be.
pub(crate) fn can_be_read(order: &OrderView) -> bool {
    let lives =
        |state: SlotState| is_held(state) || matches!(state, SlotState::Open | SlotState::Claimed);
    count(order, lives) >= usize::from(order.params.erasure.data)
}

/// Slots of an order in a state that `wanted` accepts.
pub(crate) fn count(order: &OrderView, wanted: impl Fn(SlotState) -> bool) -> usize {
    order.slots.iter().filter(|slot| wanted(slot.state)).count()
}

#[cfg(test)]
mod tests;
