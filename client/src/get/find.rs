//! Finding a file: its orders and holders on the chain, its manifest at a holder.
//!
//! Anyone may order any file id, so orders count only if they are of the manifest.

use std::{collections::BTreeMap, time::Duration};

use futures::{stream::FuturesUnordered, StreamExt};
use ips_encoding::{Limits, Manifest};
use ips_engine::{
    chain::ChainReader,
    retrieval::{Holder, Holders},
};
use ips_primitives::{
    deal::SlotState,
    id::{FileId, ProviderId, SlotId},
    view::OrderView,
};
use ips_swarm::Swarm;

use crate::{
    connection::{address, Nodes},
    error::ClientError,
    state::State,
};

/// A holder that has not answered for so long is not waited for alone.
const MANIFEST_HEDGE: Duration = Duration::from_secs(2);

/// A file found on the chain.
pub(super) struct Found {
    pub(super) orders: Vec<OrderView>,
    pub(super) holders: Holders,
    /// By provider, and the slots each holds.
    pub(super) by_provider: BTreeMap<ProviderId, (Holder, Vec<SlotId>)>,
}

impl Found {
    /// Orders and holders of a file, from the chain.
    pub(super) async fn on(chain: &dyn ChainReader, file: FileId) -> Result<Self, ClientError> {
        let orders = chain.orders_of_file(file).await?;
        if orders.is_empty() {
            return Err(ClientError::UnknownFile(hex::encode(file.0)));
        }
        let mut nodes = Nodes::new(chain);
        let mut known = BTreeMap::new();
        let slots = orders.iter().flat_map(|order| &order.slots);
        for provider in slots
            .filter(|slot| is_held(slot.state))
            .filter_map(|slot| slot.provider)
        {
            if let Some(holder) = nodes.holder(provider).await? {
                known.insert(provider, holder);
            }
        }
        Ok(Self::new(orders, |provider| known.get(&provider).cloned()))
    }

    fn new(orders: Vec<OrderView>, holder_of: impl Fn(ProviderId) -> Option<Holder>) -> Self {
        let groups = orders
            .iter()
            .map(|order| usize::from(order.params.group) + 1);
        let slots = orders
            .iter()
            .map(|order| usize::from(order.params.erasure.total()));
        let mut holders = Holders::empty(groups.max().unwrap_or(0), slots.max().unwrap_or(0));
        let mut by_provider = BTreeMap::<ProviderId, (Holder, Vec<SlotId>)>::new();
        for order in &orders {
            for slot in order.slots.iter().filter(|slot| is_held(slot.state)) {
                let known = slot
                    .provider
                    .and_then(|provider| Some((provider, holder_of(provider)?)));
                let Some((provider, holder)) = known else {
                    continue;
                };
                holders.add(order.params.group, slot.index, holder.clone());
                let entry = by_provider.entry(provider).or_insert((holder, Vec::new()));
                entry.1.push(SlotId {
                    order: order.id,
                    slot: slot.index,
                });
            }
        }
        Self {
            orders,
            holders,
            by_provider,
        }
    }

    /// Only what belongs to the manifest: another order under the same id names other bytes.
    pub(super) fn matching(self, manifest: &Manifest) -> Self {
        let Self {
            mut orders,
            by_provider,
            ..
        } = self;
        orders.retain(|order| is_of(order, manifest));
        Self::new(orders, |provider| {
            by_provider.get(&provider).map(|(holder, _)| holder.clone())
        })
    }

    /// The manifest from the state folder, else from the first holder that has it.
    pub(super) async fn manifest(
        &self,
        swarm: &Swarm,
        state: &State,
        file: FileId,
    ) -> Result<Manifest, ClientError> {
        if let Some(bytes) = state.manifest(&file) {
            match Manifest::decode_of(&file, &bytes, &Limits::default()) {
                Ok(manifest) => return Ok(manifest),
                Err(error) => tracing::warn!(%error, "manifest in the state folder ignored"),
            }
        }
        // The next holder is asked when one fails or is late; the first good answer wins.
        let mut holders = self.by_provider.values();
        let mut running = FuturesUnordered::new();
        loop {
            if let Some((holder, _)) = holders.next() {
                running.push(manifest_from(swarm, holder, file));
            } else if running.is_empty() {
                let asked = self.by_provider.len();
                return Err(ClientError::NoManifest { asked });
            }
            tokio::select! {
                Some(answer) = running.next() => if let Some(manifest) = answer {
                    state.put_manifest(&file, manifest.as_bytes())?;
                    return Ok(manifest);
                },
                () = tokio::time::sleep(MANIFEST_HEDGE) => {}
            }
        }
    }
}

/// A holder's manifest, if it gives the right one.
async fn manifest_from(swarm: &Swarm, holder: &Holder, file: FileId) -> Option<Manifest> {
    let fetched = match swarm.connect(holder.peer, holder.addresses.clone()).await {
        Ok(()) => swarm.fetch_manifest(holder.peer, file).await,
        Err(error) => Err(error),
    };
    let provider = address(holder.provider);
    match fetched {
        Ok(bytes) => Manifest::decode_of(&file, &bytes, &Limits::default())
            .inspect_err(|error| tracing::warn!(provider, %error, "wrong manifest"))
            .ok(),
        Err(error) => {
            tracing::info!(provider, %error, "no manifest");
            None
        }
    }
}

fn is_of(order: &OrderView, manifest: &Manifest) -> bool {
    let (params, layout) = (&order.params, manifest.layout());
    let segments = layout.segments_of(params.group);
    params.file == manifest.file_id()
        && params.erasure == layout.erasure()
        && params.fragment_size == layout.fragment_size()
        && params.segments == segments.end - segments.start
        && params
            .slot_roots
            .iter()
            .copied()
            .eq(manifest.slot_roots(params.group))
}

pub(super) fn is_held(state: SlotState) -> bool {
    matches!(
        state,
        SlotState::Confirmed | SlotState::Active | SlotState::Faulty
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use ips_encoding::{EncodeError, EncodeOptions, Encoder, Privacy};
    use ips_primitives::{
        fragment::ErasureParams,
        id::{AccountKey, OrderId, SlotIndex},
        view::SlotView,
    };
    use ips_swarm::NodeKey;

    fn manifest() -> Manifest {
        let erasure = ErasureParams { data: 3, parity: 3 };
        let options = EncodeOptions::new(erasure, Privacy::Public);
        let encoder = Encoder::new(options, 5, &mut rand::thread_rng()).unwrap();
        let file = encoder.encode_all::<EncodeError>(&mut &b"bytes"[..], |_| Ok(()));
        file.unwrap().manifest
    }

    fn order(manifest: &Manifest, id: u64) -> OrderView {
        let client = AccountKey([1; 32]);
        let slot = |index: u16| SlotView {
            index: SlotIndex(index),
            state: SlotState::Confirmed,
            provider: Some(ProviderId([u8::try_from(index).unwrap(); 32])),
            claimed_at: None,
            confirmed_at: None,
            price_per_mib_block: 0,
            paid: 0,
            sectors: Vec::new(),
        };
        OrderView {
            id: OrderId(id),
            client,
            params: manifest.order_params(0, 10, 1, client).unwrap(),
            opened_at: 1,
            lottery_beacon: None,
            slots: (0..6).map(slot).collect(),
            held: 0,
        }
    }

    #[test]
    fn orders_of_other_bytes_under_the_same_id_do_not_count() {
        let manifest = manifest();
        let own = order(&manifest, 3);
        let mut wider = order(&manifest, 1);
        wider.params.erasure = ErasureParams { data: 6, parity: 6 };
        let mut roots = order(&manifest, 2);
        roots
            .params
            .slot_roots
            .iter_mut()
            .for_each(|root| root.0[0] ^= 1);
        let mut far = order(&manifest, 4);
        far.params.group = 9;
        let holder = |provider| {
            Some(Holder {
                provider,
                peer: NodeKey::random().peer_id(),
                addresses: Vec::new(),
            })
        };
        let all = Found::new(vec![wider, roots, own.clone(), far], holder);
        assert_eq!(all.by_provider[&ProviderId([0; 32])].1.len(), 4);
        let found = all.matching(&manifest);
        assert_eq!(found.orders, [own]);
        assert_eq!(found.by_provider.len(), 6);
        assert_eq!(found.holders.groups.len(), 1);
        assert!(found.holders.groups[0].iter().all(|slot| slot.len() == 1));
    }
}
