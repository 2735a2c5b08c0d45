//! Handing slots to the nodes that claim them, until the chain confirms every one.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use futures::{future::BoxFuture, stream::FuturesUnordered, FutureExt, StreamExt};
use indicatif::ProgressBar;
use ips_chain::{AccountSigner, SubxtClient};
use ips_encoding::Manifest;
use ips_engine::{
    chain::{Call, ChainClient, ChainReader},
    upload::{deliver_slots, Delivery, StagedSlot, UploadEvent, UploadReport, UploadSettings},
};
use ips_primitives::{
    deal::{DeliveryNote, SlotState},
    id::{OrderId, ProviderId, SlotId, SlotIndex},
    view::{OrderView, SlotView},
};
use ips_swarm::Swarm;
use serde::Serialize;

use crate::{
    connection::{address, Nodes},
    error::ClientError,
    terminal::Terminal,
};

/// A slot in a report.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct SlotReport {
    pub(crate) order: u64,
    pub(crate) slot: u16,
    pub(crate) provider: Option<String>,
    pub(crate) state: SlotState,
}

impl SlotReport {
    pub(crate) fn new(order: OrderId, slot: &SlotView) -> Self {
        let provider = slot.provider.map(address);
        Self {
            order: order.0,
            slot: slot.index.0,
            provider,
            state: slot.state,
        }
    }
}

/// How long the parts took, in seconds from the start of the delivery.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Times {
    pub(crate) claims: f64,
    pub(crate) upload: f64,
    pub(crate) confirm: f64,
}

/// What a delivery needs.
pub(crate) struct Delivering<'a> {
    pub(crate) chain: &'a SubxtClient,
    pub(crate) signer: &'a AccountSigner,
    pub(crate) swarm: &'a Swarm,
    pub(crate) manifest: &'a Manifest,
    pub(crate) folder: &'a Path,
    pub(crate) orders: &'a [OrderId],
    pub(crate) claim_timeout: Duration,
    pub(crate) timeout: Duration,
    pub(crate) keep_open: bool,
}

type Uploads<'a> = FuturesUnordered<BoxFuture<'a, UploadReport>>;
type Slots = Vec<(OrderId, SlotIndex)>;

/// Who was sent which slot, and whether the provider has it.
#[derive(Default)]
struct Sent {
    to: BTreeMap<SlotId, ProviderId>,
}

impl<'a> Delivering<'a> {
    /// Delivers claimed slots as they are claimed; ends when all are confirmed.
    pub(crate) async fn run(&mut self, terminal: &Terminal) -> Result<Times, ClientError> {
        let started = Instant::now();
        let mut times = Times::default();
        let (mut nodes, mut sent) = (Nodes::new(self.chain), Sent::default());
        let mut uploads: Uploads<'_> = FuturesUnordered::new();
        let mut heads = self.chain.heads();
        let total = self.orders.len() * usize::from(self.manifest.layout().erasure().total());
        let claims = terminal.count("claims", total);
        let bytes = terminal.bytes("upload", self.total_bytes());
        let stored = Arc::new(Mutex::new(BTreeMap::new()));
        loop {
            let orders = self.orders().await?;
            let open = slots_in(&orders, |state| state == SlotState::Open);
            claims.set_position(u64::try_from(total - open.len().min(total)).unwrap_or(0));
            if open.is_empty() && times.claims == 0.0 {
                times.claims = started.elapsed().as_secs_f64();
                claims.finish_and_clear();
            }
            let deliveries = self.new_deliveries(&orders, &mut nodes, &mut sent).await?;
            if !deliveries.is_empty() {
                uploads.push(self.upload(deliveries, bytes.clone(), &stored));
            }
            let waiting = slots_in(&orders, |state| {
                !matches!(
                    state,
                    SlotState::Confirmed | SlotState::Active | SlotState::Expired
                )
            });
            if waiting.is_empty() {
                bytes.finish_and_clear();
                times.confirm = started.elapsed().as_secs_f64();
                if times.upload == 0.0 {
                    times.upload = times.confirm;
                }
                return Ok(times);
            }
            if !open.is_empty() && started.elapsed() > self.claim_timeout {
                return Err(self.unclaimed(&orders, open, started.elapsed()).await);
            }
            self.ensure_time(started, &waiting, "confirmed")?;
            tokio::select! {
                Some(report) = uploads.next(), if !uploads.is_empty() => {
                    sent.retry(&report);
                    if uploads.is_empty() && open.is_empty() {
                        times.upload = started.elapsed().as_secs_f64();
                    }
                }
                _ = heads.changed() => {}
                // A chain that stands still must not stop the clock.
                () = tokio::time::sleep(Duration::from_secs(5)) => {}
            }
        }
    }

    /// Waits until every piece of every slot is sealed and proven.
    pub(crate) async fn wait_sealed(&self, terminal: &Terminal) -> Result<(), ClientError> {
        let started = Instant::now();
        let total = self.orders.len() * usize::from(self.manifest.layout().erasure().total());
        let bar = terminal.count("seal", total);
        let mut heads = self.chain.heads();
        loop {
            let waiting = slots_in(&self.orders().await?, |state| state != SlotState::Active);
            bar.set_position(u64::try_from(total - waiting.len().min(total)).unwrap_or(0));
            if waiting.is_empty() {
                bar.finish_and_clear();
                return Ok(());
            }
            self.ensure_time(started, &waiting, "sealed")?;
            let _ = tokio::time::timeout(Duration::from_secs(5), heads.changed()).await;
        }
    }

    async fn orders(&self) -> Result<Vec<OrderView>, ClientError> {
        let mut orders = Vec::with_capacity(self.orders.len());
        for id in self.orders {
            orders.extend(self.chain.order(*id).await?);
        }
        Ok(orders)
    }

    fn total_bytes(&self) -> u64 {
        let layout = self.manifest.layout();
        let slots = u64::from(layout.erasure().total());
        (0..layout.groups())
            .map(|group| layout.slot_bytes(group) * slots)
            .sum()
    }

    fn ensure_time(
        &self,
        started: Instant,
        waiting: &Slots,
        state: &'static str,
    ) -> Result<(), ClientError> {
        if started.elapsed() <= self.timeout {
            return Ok(());
        }
        Err(ClientError::Unfinished {
            slots: waiting.clone(),
            state,
            seconds: self.timeout.as_secs(),
            file: hex::encode(self.manifest.file_id().0),
        })
    }

    /// Gives up on open slots, and asks for the money back unless told otherwise.
    async fn unclaimed(&self, orders: &[OrderView], slots: Slots, waited: Duration) -> ClientError {
        let mut cancelled = "the orders stay open, go on with --resume";
        if !self.keep_open {
            cancelled = "the orders are cancelled and the price of the open slots is refunded";
            for order in orders.iter().filter(|order| is_open(order)) {
                if let Err(error) = self.chain.submit(Call::CancelOrder(order.id)).await {
                    tracing::warn!(%error, order = order.id.0, "order not cancelled");
                    cancelled = "not every order could be cancelled, see `ips ls`";
                }
            }
        }
        ClientError::Unclaimed {
            slots,
            seconds: waited.as_secs(),
            cancelled,
        }
    }

    /// Deliveries for claims that were not served yet.
    async fn new_deliveries(
        &self,
        orders: &[OrderView],
        nodes: &mut Nodes<'_>,
        sent: &mut Sent,
    ) -> Result<Vec<Delivery>, ClientError> {
        let mut deliveries = Vec::new();
        for order in orders {
            for slot in order
                .slots
                .iter()
                .filter(|slot| slot.state == SlotState::Claimed)
            {
                let id = SlotId {
                    order: order.id,
                    slot: slot.index,
                };
                let Some(provider) = slot.provider else {
                    continue;
                };
                if sent.to.get(&id) == Some(&provider) {
                    continue;
                }
                let Some(holder) = nodes.holder(provider).await? else {
                    continue;
                };
                let root = order
                    .params
                    .slot_roots
                    .get(usize::from(slot.index.0))
                    .copied();
                let Some(slot_root) = root else { continue };
                let note = DeliveryNote {
                    genesis: self.chain.reader().genesis(),
                    slot: id,
                    provider,
                    slot_root,
                };
                let size = order.params.fragment_size;
                let staged = StagedSlot::new(self.folder, order.params.group, slot.index, size);
                sent.to.insert(id, provider);
                deliveries.push(Delivery {
                    slot: id,
                    to: holder,
                    segments: order.params.segments,
                    source: Arc::new(staged),
                    note,
                    signature: self.signer.sign(&note.signing_bytes()),
                });
            }
        }
        Ok(deliveries)
    }

    fn upload(
        &self,
        deliveries: Vec<Delivery>,
        bar: ProgressBar,
        stored: &Arc<Mutex<BTreeMap<SlotId, u64>>>,
    ) -> BoxFuture<'a, UploadReport> {
        let fragment = u64::from(self.manifest.layout().fragment_size().bytes());
        let stored = Arc::clone(stored);
        let observer = Arc::new(move |event| match event {
            UploadEvent::Progress {
                slot,
                stored: segments,
                ..
            } => {
                if let Ok(mut stored) = stored.lock() {
                    stored.insert(slot, u64::from(segments) * fragment);
                    bar.set_position(stored.values().sum());
                }
            }
            UploadEvent::Retry {
                slot,
                attempt,
                error,
            } => {
                tracing::info!(?slot, attempt, %error, "delivery is tried again");
            }
            UploadEvent::Failed { slot, error } => {
                tracing::warn!(?slot, %error, "delivery failed");
            }
            UploadEvent::Delivered { .. } => {}
        });
        let manifest: Arc<[u8]> = self.manifest.as_bytes().into();
        let (swarm, file) = (self.swarm, self.manifest.file_id());
        async move {
            let settings = UploadSettings::default();
            deliver_slots(swarm, file, manifest, deliveries, settings, observer).await
        }
        .boxed()
    }
}

impl Sent {
    /// What failed is delivered again while the claim lasts.
    fn retry(&mut self, report: &UploadReport) {
        for (slot, _) in &report.failed {
            self.to.remove(slot);
        }
    }
}

fn is_open(order: &OrderView) -> bool {
    order.slots.iter().any(|slot| slot.state == SlotState::Open)
}

/// Slots of orders in a state that `wanted` accepts.
fn slots_in(orders: &[OrderView], wanted: impl Fn(SlotState) -> bool) -> Slots {
    orders
        .iter()
        .flat_map(|order| {
            order
                .slots
                .iter()
                .filter(|slot| wanted(slot.state))
                .map(|slot| (order.id, slot.index))
        })
        .collect()
}
