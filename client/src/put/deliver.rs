//! Handing slots to the nodes that claim them, until the chain confirms every one.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use futures::{future::BoxFuture, stream::FuturesUnordered, FutureExt, StreamExt};
use indicatif::ProgressBar;
use ips_chain::{AccountSigner, SubxtClient};
use ips_encoding::Manifest;
use ips_engine::{
    chain::ChainReader,
    upload::{deliver_slots, Delivery, StagedSlot, UploadEvent, UploadReport, UploadSettings},
};
use ips_primitives::{
    deal::{DeliveryNote, SlotState},
    id::{OrderId, ProviderId, SlotId, SlotIndex},
    view::{OrderView, SlotView},
};
use ips_swarm::Swarm;
use serde::Serialize;

use super::orders::{count, Orders};
use crate::{
    connection::{address, Nodes},
    error::ClientError,
    terminal::Terminal,
};

/// A chain that stands still must not stop the clock.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// Pause before a slot that could not be delivered is tried again.
const RETRY_AFTER: Duration = Duration::from_secs(10);

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
    pub(crate) claim_timeout: Duration,
    pub(crate) timeout: Duration,
    pub(crate) keep_open: bool,
}

type Uploads<'a> = FuturesUnordered<BoxFuture<'a, UploadReport>>;
type Slots = Vec<(OrderId, SlotIndex)>;
type Views = BTreeMap<u16, OrderView>;

/// Who was sent which slot, and what is tried again when.
#[derive(Default)]
struct Sent {
    to: BTreeMap<SlotId, ProviderId>,
    paused: BTreeMap<SlotId, Instant>,
}

/// What is shown while slots are delivered.
struct Progress {
    started: Instant,
    times: Times,
    claims: ProgressBar,
    bytes: ProgressBar,
    stored: Arc<Mutex<BTreeMap<SlotId, u64>>>,
    slots: usize,
}

impl<'a> Delivering<'a> {
    /// Delivers claimed slots as they are claimed; ends when every group is confirmed.
    pub(crate) async fn run(
        &self,
        orders: &mut Orders<'_>,
        terminal: &Terminal,
    ) -> Result<Times, ClientError> {
        let mut progress = self.progress(terminal);
        let (mut nodes, mut sent) = (Nodes::new(self.chain), Sent::default());
        let mut uploads: Uploads<'_> = FuturesUnordered::new();
        let mut heads = self.chain.heads();
        let mut done = BTreeSet::new();
        loop {
            let views = orders.now(&done).await?;
            let (open, waiting) = (slots_in(&views, is_open), slots_in(&views, is_waiting));
            progress.update(open.len());
            let deliveries = self.deliveries(&views, &mut nodes, &mut sent).await?;
            if !deliveries.is_empty() {
                uploads.push(self.upload(deliveries, &progress));
            }
            if waiting.is_empty() {
                // What was done before is looked at once more: a chain that was killed forgets.
                if done.is_empty() {
                    return Ok(progress.end());
                }
                done.clear();
                continue;
            }
            let settled = views
                .iter()
                .filter(|(_, order)| count(order, is_waiting) == 0);
            done.extend(settled.map(|(group, _)| *group));
            let waited = progress.started.elapsed();
            if !open.is_empty() && waited > self.claim_timeout {
                return Err(self.unclaimed(orders, open, waited).await);
            }
            self.ensure_time(progress.started, &waiting, "confirmed")?;
            tokio::select! {
                Some(report) = uploads.next(), if !uploads.is_empty() => {
                    sent.retry(&report, &mut nodes);
                    if uploads.is_empty() && open.is_empty() {
                        progress.times.upload = progress.started.elapsed().as_secs_f64();
                    }
                }
                _ = heads.changed() => {}
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
    }

    /// Waits until every piece of every slot that is held is sealed and proven.
    pub(crate) async fn wait_sealed(
        &self,
        orders: &mut Orders<'_>,
        terminal: &Terminal,
    ) -> Result<(), ClientError> {
        let started = Instant::now();
        let bar = terminal.count("seal", self.total_slots());
        let mut heads = self.chain.heads();
        loop {
            let views = orders.now(&BTreeSet::new()).await?;
            let waiting = slots_in(&views, |state| {
                is_waiting(state) || matches!(state, SlotState::Confirmed | SlotState::Faulty)
            });
            let sealed = self.total_slots().saturating_sub(waiting.len());
            bar.set_position(u64::try_from(sealed).unwrap_or(0));
            if waiting.is_empty() {
                bar.finish_and_clear();
                return Ok(());
            }
            self.ensure_time(started, &waiting, "sealed")?;
            let _ = tokio::time::timeout(LOOK_EVERY, heads.changed()).await;
        }
    }

    fn total_slots(&self) -> usize {
        let layout = self.manifest.layout();
        usize::from(layout.groups()) * usize::from(layout.erasure().total())
    }

    fn progress(&self, terminal: &Terminal) -> Progress {
        let layout = self.manifest.layout();
        let slots = u64::from(layout.erasure().total());
        let bytes = (0..layout.groups())
            .map(|group| layout.slot_bytes(group) * slots)
            .sum();
        Progress {
            started: Instant::now(),
            times: Times::default(),
            claims: terminal.count("claims", self.total_slots()),
            bytes: terminal.bytes("upload", bytes),
            stored: Arc::default(),
            slots: self.total_slots(),
        }
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
    async fn unclaimed(&self, orders: &Orders<'_>, slots: Slots, waited: Duration) -> ClientError {
        let cancelled = if self.keep_open {
            "the orders stay open"
        } else if orders.cancel().await {
            "the orders are cancelled and the price of the open slots is refunded"
        } else {
            "not every order could be cancelled, see `ips ls`"
        };
        ClientError::Unclaimed {
            slots,
            seconds: waited.as_secs(),
            cancelled,
            file: hex::encode(self.manifest.file_id().0),
        }
    }

    /// Deliveries for claims that were not served yet.
    async fn deliveries(
        &self,
        views: &Views,
        nodes: &mut Nodes<'_>,
        sent: &mut Sent,
    ) -> Result<Vec<Delivery>, ClientError> {
        let mut deliveries = Vec::new();
        for order in views.values() {
            for slot in &order.slots {
                if let Some(delivery) = self.delivery(order, slot, nodes, sent).await? {
                    deliveries.push(delivery);
                }
            }
        }
        Ok(deliveries)
    }

    /// The delivery of a slot, if it is claimed and not on its way.
    async fn delivery(
        &self,
        order: &OrderView,
        slot: &SlotView,
        nodes: &mut Nodes<'_>,
        sent: &mut Sent,
    ) -> Result<Option<Delivery>, ClientError> {
        let id = SlotId {
            order: order.id,
            slot: slot.index,
        };
        let claimant = slot.provider.filter(|_| slot.state == SlotState::Claimed);
        let Some(provider) = claimant.filter(|provider| sent.may_try(id, *provider)) else {
            return Ok(None);
        };
        let slot_root = self.manifest.slot_root(order.params.group, slot.index.0);
        let (Some(to), Some(slot_root)) = (nodes.holder(provider).await?, slot_root) else {
            return Ok(None);
        };
        let note = DeliveryNote {
            genesis: self.chain.reader().genesis(),
            slot: id,
            provider,
            slot_root,
        };
        let size = order.params.fragment_size;
        let staged = StagedSlot::new(self.folder, order.params.group, slot.index, size);
        sent.to.insert(id, provider);
        Ok(Some(Delivery {
            slot: id,
            to,
            segments: order.params.segments,
            source: Arc::new(staged),
            note,
            signature: self.signer.sign(&note.signing_bytes()),
        }))
    }

    fn upload(
        &self,
        deliveries: Vec<Delivery>,
        progress: &Progress,
    ) -> BoxFuture<'a, UploadReport> {
        let fragment = u64::from(self.manifest.layout().fragment_size().bytes());
        let (stored, bar) = (Arc::clone(&progress.stored), progress.bytes.clone());
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

impl Progress {
    fn update(&mut self, open: usize) {
        let claimed = self.slots.saturating_sub(open);
        self.claims
            .set_position(u64::try_from(claimed).unwrap_or(0));
        if open == 0 && self.times.claims == 0.0 {
            self.times.claims = self.started.elapsed().as_secs_f64();
            self.claims.finish_and_clear();
        }
    }

    fn end(mut self) -> Times {
        self.bytes.finish_and_clear();
        self.times.confirm = self.started.elapsed().as_secs_f64();
        if self.times.upload == 0.0 {
            self.times.upload = self.times.confirm;
        }
        self.times
    }
}

impl Sent {
    fn may_try(&self, slot: SlotId, provider: ProviderId) -> bool {
        let waits = self
            .paused
            .get(&slot)
            .is_some_and(|until| Instant::now() < *until);
        !waits && self.to.get(&slot) != Some(&provider)
    }

    /// What failed is delivered again after a pause while the claim lasts, to where its provider is then.
    fn retry(&mut self, report: &UploadReport, nodes: &mut Nodes<'_>) {
        for (slot, _) in &report.failed {
            if let Some(provider) = self.to.remove(slot) {
                nodes.forget(provider);
            }
            self.paused.insert(*slot, Instant::now() + RETRY_AFTER);
        }
    }
}

fn is_open(state: SlotState) -> bool {
    state == SlotState::Open
}

/// Whether a slot is still to be claimed or confirmed. Lost and closed ones are not: their orders count as
/// long as enough others are held.
fn is_waiting(state: SlotState) -> bool {
    matches!(state, SlotState::Open | SlotState::Claimed)
}

/// Slots of orders in a state that `wanted` accepts.
fn slots_in(views: &Views, wanted: impl Fn(SlotState) -> bool) -> Slots {
    views
        .values()
        .flat_map(|order| {
            order
                .slots
                .iter()
                .filter(|slot| wanted(slot.state))
                .map(|slot| (order.id, slot.index))
        })
        .collect()
}
