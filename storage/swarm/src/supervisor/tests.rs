//! The swarm survives its own panics.

use std::sync::atomic::AtomicUsize;

use async_trait::async_trait;
use ips_primitives::{
    deal::DeliveryNote,
    hash::sha2_256,
    id::{FileId, FragmentId, Genesis, Signature, SlotId},
    retrieval::{ExtractRequest, Voucher},
    sector::ProofBytes,
};

use super::*;
use crate::{Address, NodeKey, NodeStatus, PeerId, Refusal, SlotProgress};

/// Holds one fragment and nothing else.
struct OneFragment;

const BYTES: [u8; 3000] = [7; 3000];

#[async_trait]
impl FragmentService for OneFragment {
    async fn read_fragment(&self, _: FragmentId) -> Result<Option<Vec<u8>>, Refusal> {
        Ok(Some(BYTES.to_vec()))
    }
    async fn read_manifest(&self, _: FileId) -> Result<Option<Vec<u8>>, Refusal> {
        Ok(None)
    }
    async fn begin_slot(
        &self,
        _: PeerId,
        _: SlotId,
        _: FileId,
        _: Vec<u8>,
    ) -> Result<SlotProgress, Refusal> {
        Err(Refusal::NotClaimed)
    }
    async fn store_fragment(
        &self,
        _: PeerId,
        _: SlotId,
        _: u32,
        _: Vec<u8>,
    ) -> Result<(), Refusal> {
        Err(Refusal::NotClaimed)
    }
    async fn finish_slot(
        &self,
        _: PeerId,
        _: SlotId,
        _: DeliveryNote,
        _: Signature,
    ) -> Result<(), Refusal> {
        Err(Refusal::NotClaimed)
    }
    async fn extract(
        &self,
        _: ExtractRequest,
        _: [u8; 32],
        _: Signature,
    ) -> Result<ProofBytes, Refusal> {
        Err(Refusal::NotFound)
    }
    async fn accept_voucher(&self, _: Voucher, _: Signature) -> Result<(), Refusal> {
        Err(Refusal::NotFound)
    }
    async fn status(&self) -> NodeStatus {
        NodeStatus::default()
    }
}

fn config() -> SwarmConfig {
    let mut config = SwarmConfig::local(Genesis([1; 32]), NodeKey::random());
    config.limits.memory_percent = None;
    config
}

async fn within<T>(future: impl std::future::Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(60), future)
        .await
        .expect("in time")
}

#[tokio::test(flavor = "multi_thread")]
async fn panic_of_the_loop_rebuilds_the_swarm_on_the_same_ports() {
    let hooked = Arc::new(AtomicUsize::new(0));
    let counter = hooked.clone();
    let mut settings = config();
    settings.worker_threads = 2;
    settings.on_thread_start = Some(Arc::new(move || {
        counter.fetch_add(1, Ordering::SeqCst);
    }));
    let (server, thread) = spawn_on_own_runtime(settings, Some(Arc::new(OneFragment))).unwrap();
    let (client, _client_thread) = spawn_on_own_runtime(config(), None).unwrap();
    let before = within(server.listening()).await.unwrap();
    assert_eq!(before.len(), 2);
    within(client.connect(server.peer_id(), before.clone()))
        .await
        .unwrap();
    let id = FragmentId(sha2_256(&[&BYTES]));
    for round in 1..=2 {
        within(server.inject_panic()).await.unwrap();
        within(async {
            while server.rebuilds() < round {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        })
        .await;
        let after: Vec<Address> = within(server.listening()).await.unwrap();
        assert_eq!(after, before);
        // The client's old connection may still look alive: it finds out and dials again.
        within(async {
            while client.fetch_fragment(server.peer_id(), id, 3000).await != Ok(BYTES.to_vec()) {
                assert_eq!(server.rebuilds(), round);
            }
        })
        .await;
    }
    // The loop's own thread and both workers.
    assert!(hooked.load(Ordering::SeqCst) >= 3);
    within(server.shutdown()).await;
    assert!(server.listening().await.is_err());
    tokio::task::spawn_blocking(|| thread.join())
        .await
        .unwrap()
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_settings_fail_at_once() {
    let (first, _thread) = spawn_on_own_runtime(config(), None).unwrap();
    let taken = within(first.listening()).await.unwrap();
    let mut settings = config();
    settings.listen = taken;
    let refused = spawn_on_own_runtime(settings, None).map(|_| ());
    assert!(
        matches!(refused, Err(SwarmError::Listen { .. })),
        "{refused:?}"
    );
    let mut settings = config();
    settings.listen = vec!["/memory/1".parse().unwrap()];
    let refused = spawn_on_own_runtime(settings, None).map(|_| ());
    assert!(
        matches!(refused, Err(SwarmError::Listen { .. })),
        "{refused:?}"
    );
    let mut settings = config();
    settings.bootstrap = vec!["/ip4/127.0.0.1/tcp/1".parse().unwrap()];
    let refused = spawn_on_own_runtime(settings, None).map(|_| ());
    assert!(
        matches!(refused, Err(SwarmError::BootstrapAddress(_))),
        "{refused:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn dropping_the_last_handle_ends_the_thread() {
    let (swarm, thread) = spawn_on_own_runtime(config(), None).unwrap();
    assert!(!thread.is_finished());
    drop(swarm);
    within(async { tokio::task::spawn_blocking(|| thread.join()).await.unwrap() })
        .await
        .unwrap();
}
