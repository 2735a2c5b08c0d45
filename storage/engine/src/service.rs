//! What this node does for others: serves fragments, takes slots, proves extracts.
//!
//! Goal: every claim of a peer is checked against the chain, the manifest or a signature before
//! anything is kept or made. Non-goal: transport limits (the swarm's).

mod extract;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use ips_primitives::{
    deal::{DeliveryNote, OrderParams, SlotState},
    id::{FileId, FragmentId, Signature, SlotId},
    retrieval::{ExtractRequest, Voucher},
    sector::ProofBytes,
    slot::SlotTree,
};
use ips_swarm::{FragmentService, NodeStatus, PeerId, Refusal, SlotProgress};
use tokio::sync::Semaphore;

use crate::{
    chain::ChainError,
    engine::{Counters, Node},
    layout::{FileMap, LayoutError},
    signature::verify_sr25519,
    store::{SlotRecord, SlotStage, StoreError},
};

/// Fragments in memory for requests at once, above the swarm's own limits.
const READS_MAX: usize = 64;
/// Proofs of extract that are made or wait at once.
const EXTRACTS_MAX: usize = 8;
/// Orders remembered for running uploads.
const ORDERS_MAX: usize = 256;

pub(crate) struct Service {
    node: Arc<Node>,
    reads: Semaphore,
    extracts: Arc<Semaphore>,
    /// Parameters of orders that were claimed by us when last looked at.
    orders: Mutex<HashMap<SlotId, Arc<OrderParams>>>,
}

impl Service {
    pub(crate) fn new(node: Arc<Node>) -> Self {
        Self {
            node,
            reads: Semaphore::new(READS_MAX),
            extracts: Arc::new(Semaphore::new(EXTRACTS_MAX)),
            orders: Mutex::default(),
        }
    }

    /// The order of a slot, if the chain says that the slot is ours.
    async fn own_order(&self, slot: SlotId) -> Result<Arc<OrderParams>, Refusal> {
        let order = self
            .node
            .chain
            .order(slot.order)
            .await
            .map_err(refuse_chain)?;
        let order = order.ok_or(Refusal::NotClaimed)?;
        let is_ours = order.slots.iter().any(|view| {
            view.index == slot.slot
                && view.provider == Some(self.node.config.provider)
                && matches!(
                    view.state,
                    SlotState::Claimed
                        | SlotState::Confirmed
                        | SlotState::Active
                        | SlotState::Faulty
                )
        });
        if !is_ours {
            return Err(Refusal::NotClaimed);
        }
        let params = Arc::new(order.params);
        let mut orders = self.orders.lock().unwrap_or_else(PoisonError::into_inner);
        if orders.len() >= ORDERS_MAX {
            // Only a cache for the end of an upload.
            orders.clear();
        }
        orders.insert(slot, params.clone());
        Ok(params)
    }

    async fn known_order(&self, slot: SlotId) -> Result<Arc<OrderParams>, Refusal> {
        let known = {
            let orders = self.orders.lock().unwrap_or_else(PoisonError::into_inner);
            orders.get(&slot).cloned()
        };
        match known {
            Some(params) => Ok(params),
            None => self.own_order(slot).await,
        }
    }
}

pub(super) fn refuse_chain(error: ChainError) -> Refusal {
    tracing::warn!(%error, "a peer's request needs the chain");
    Refusal::Internal
}

fn refuse_store(error: StoreError) -> Refusal {
    match error {
        StoreError::Quota { .. } | StoreError::DiskFull { .. } | StoreError::NoSpace { .. } => {
            tracing::warn!(%error, "an upload is refused");
            Refusal::Full
        }
        StoreError::Corrupt => Refusal::Corrupt,
        StoreError::UnknownSlot(_) | StoreError::OtherFile(_) => Refusal::NotClaimed,
        StoreError::Io { .. }
        | StoreError::Index(_)
        | StoreError::Record(_)
        | StoreError::OtherOwner { .. } => {
            tracing::error!(%error, "store");
            Refusal::Internal
        }
    }
}

#[async_trait]
impl FragmentService for Service {
    async fn read_fragment(&self, id: FragmentId) -> Result<Option<Vec<u8>>, Refusal> {
        let _place = self.reads.acquire().await.map_err(|_| Refusal::Internal)?;
        match self
            .node
            .store
            .run(move |store| store.read_fragment(id))
            .await
        {
            Ok(bytes) => {
                let length = bytes.as_ref().map_or(0, Vec::len);
                let served = u64::try_from(length).unwrap_or(0);
                Counters::add(&self.node.counters.bytes_served, served);
                Ok(bytes)
            }
            // Our disk's fault, not the peer's: to him it is not here.
            Err(StoreError::Corrupt) => {
                tracing::error!(fragment = ?id, "a stored fragment is corrupt");
                Ok(None)
            }
            Err(error) => Err(refuse_store(error)),
        }
    }

    async fn read_manifest(&self, file: FileId) -> Result<Option<Vec<u8>>, Refusal> {
        self.node
            .store
            .run(move |store| store.read_manifest(file))
            .await
            .map_err(refuse_store)
    }

    async fn admit_slot(&self, _peer: PeerId, slot: SlotId, file: FileId) -> Result<(), Refusal> {
        let params = self.own_order(slot).await?;
        if params.file != file {
            return Err(Refusal::NotClaimed);
        }
        Ok(())
    }

    async fn begin_slot(
        &self,
        peer: PeerId,
        slot: SlotId,
        file: FileId,
        manifest: Vec<u8>,
    ) -> Result<SlotProgress, Refusal> {
        let params = self.known_order(slot).await?;
        let slot_root = params
            .slot_roots
            .get(usize::from(slot.slot.0))
            .copied()
            .ok_or(Refusal::NotClaimed)?;
        let record = SlotRecord {
            slot,
            file,
            fragment_size: params.fragment_size,
            segments: params.segments,
            slot_root,
            stage: SlotStage::Receiving,
        };
        let mut progress = SlotProgress::new(params.segments).map_err(|_| Refusal::TooLarge)?;
        let received = self
            .node
            .store
            .run(move |store| {
                let fragments = match fragments_of(&manifest, &params, slot) {
                    Ok(fragments) => fragments,
                    Err(_) => return Err(StoreError::Corrupt),
                };
                store.begin_slot(record, fragments, &manifest)?;
                store.received(slot)
            })
            .await
            .map_err(refuse_store)?;
        for (segment, received) in (0..).zip(received) {
            if received {
                progress.mark(segment);
            }
        }
        tracing::debug!(%peer, ?slot, missing = progress.missing().count(), "slot upload");
        Ok(progress)
    }

    async fn store_fragment(
        &self,
        _peer: PeerId,
        slot: SlotId,
        segment: u32,
        bytes: Vec<u8>,
    ) -> Result<(), Refusal> {
        self.node
            .store
            .run(move |store| store.write_fragment(slot, segment, &bytes))
            .await
            .map_err(refuse_store)
    }

    async fn finish_slot(
        &self,
        peer: PeerId,
        slot: SlotId,
        note: DeliveryNote,
        signature: Signature,
    ) -> Result<(), Refusal> {
        let params = self.known_order(slot).await?;
        let info = self.node.chain.info().await.map_err(refuse_chain)?;
        let record = self
            .node
            .store
            .run(move |store| store.slot(slot))
            .await
            .map_err(refuse_store)?;
        let expected = DeliveryNote {
            genesis: info.genesis,
            slot,
            provider: self.node.config.provider,
            slot_root: record.slot_root,
        };
        let is_signed = note == expected
            && verify_sr25519(&params.delivery_key, &note.signing_bytes(), &signature);
        if !is_signed {
            return Err(Refusal::Unauthorised);
        }
        if record.stage != SlotStage::Receiving {
            // The answer to an earlier, equal request was lost.
            return Ok(());
        }
        self.node
            .store
            .run(move |store| {
                let bytes = store.read_slot(slot)?.ok_or(StoreError::Corrupt)?;
                let root = SlotTree::from_bytes(&bytes).map(|tree| tree.root());
                if root != Some(record.slot_root) {
                    return Err(StoreError::Corrupt);
                }
                store.change_stage(slot, |stage| match stage {
                    SlotStage::Receiving => SlotStage::Delivered(signature),
                    // The same upload on another stream was faster.
                    later => later,
                })
            })
            .await
            .map_err(refuse_store)?;
        tracing::info!(%peer, ?slot, "slot received");
        self.node.wake();
        Ok(())
    }

    async fn extract(
        &self,
        request: ExtractRequest,
        client_key: [u8; 32],
        signature: Signature,
    ) -> Result<ProofBytes, Refusal> {
        let _place = self
            .extracts
            .clone()
            .try_acquire_owned()
            .map_err(|_| Refusal::Busy)?;
        extract::prove(&self.node, request, client_key, signature).await
    }

    async fn accept_voucher(&self, voucher: Voucher, signature: Signature) -> Result<(), Refusal> {
        extract::accept_voucher(&self.node, voucher, signature).await
    }

    async fn status(&self) -> NodeStatus {
        let free = self.reads.available_permits().min(READS_MAX);
        let busy = (READS_MAX - free) * 1000 / READS_MAX;
        NodeStatus {
            load_permille: u16::try_from(busy).unwrap_or(1000),
            free_bytes: self.node.store.free_bytes(),
        }
    }
}

fn fragments_of(
    manifest: &[u8],
    params: &OrderParams,
    slot: SlotId,
) -> Result<Vec<FragmentId>, LayoutError> {
    let map = FileMap::from_manifest_bytes(manifest).map_err(|_| LayoutError::Malformed)?;
    map.slot(params, slot.slot)
}
