//! Nodes, customers and files for tests.

use std::{future::Future, path::PathBuf, sync::Arc, time::Duration};

use ips_encoding::{EncodeOptions, EncodedFile, Encoder, Privacy};
use ips_primitives::{
    deal::{DeliveryNote, OrderParams},
    fragment::{ErasureParams, FragmentSize},
    id::{AccountKey, Genesis, ProviderId, SlotId, SlotIndex},
    sector::Profile,
};
use ips_swarm::{
    spawn_on_own_runtime, FragmentService, NodeKey, PeerId, Swarm, SwarmConfig, SwarmThread,
};

use crate::{
    retrieval::Holder,
    testing::{InstantSealer, MockChain, MockClient, MockNode, TestKey},
    upload::{Delivery, StagedSlot},
    Config, Engine, EngineHandle,
};

pub(super) const ERASURE: ErasureParams = ErasureParams { data: 3, parity: 3 };
const LIMIT: Duration = Duration::from_secs(60);

/// Waits until `check` holds.
pub(super) async fn until<F: Future<Output = bool>>(what: &str, mut check: impl FnMut() -> F) {
    let deadline = tokio::time::Instant::now() + LIMIT;
    while !check().await {
        assert!(
            tokio::time::Instant::now() < deadline,
            "timed out waiting until {what}"
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// A running node.
pub(super) struct Running {
    pub(super) engine: EngineHandle,
    pub(super) service: Arc<dyn FragmentService>,
    pub(super) swarm: Swarm,
    _thread: SwarmThread,
}

/// A storage node that can be killed and started again.
pub(super) struct TestNode {
    pub(super) number: u8,
    pub(super) provider: ProviderId,
    pub(super) config: Config,
    pub(super) sealer: Arc<InstantSealer>,
    chain: Arc<MockChain>,
    pub(super) running: Option<Running>,
    _folder: tempfile::TempDir,
}

impl TestNode {
    pub(super) fn new(chain: &Arc<MockChain>, number: u8) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let provider = ProviderId([number; 32]);
        let config = Config {
            reserve_bytes: 0,
            claim_slots: false,
            pack_wait_blocks: 0,
            release_after_blocks: 3,
            ..Config::new(folder.path().join("node"), provider, 1 << 30)
        };
        std::fs::create_dir_all(&config.base_path).unwrap();
        Self {
            number,
            provider,
            config,
            sealer: Arc::new(InstantSealer::new(Profile::TEST)),
            chain: chain.clone(),
            running: None,
            _folder: folder,
        }
    }

    fn open(&self) -> Result<Engine, crate::EngineError> {
        let client = MockClient::new(self.chain.clone(), TestKey::new(self.number));
        Engine::open(self.config.clone(), Arc::new(client), self.sealer.clone())
    }

    pub(super) async fn start(&mut self) {
        let deadline = tokio::time::Instant::now() + LIMIT;
        // Tasks of a killed engine may hold the store for a moment.
        let engine = loop {
            match self.open() {
                Ok(engine) => break engine,
                Err(error) => assert!(tokio::time::Instant::now() < deadline, "{error}"),
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        };
        let service = engine.service();
        let key = NodeKey::from_seed([self.number; 32]);
        let config = SwarmConfig::local(Genesis([0xee; 32]), key);
        let (swarm, thread) = spawn_on_own_runtime(config, Some(service.clone())).unwrap();
        let addresses = swarm.listening().await.unwrap();
        self.chain.register(MockNode {
            provider: self.provider,
            worker: AccountKey(TestKey::new(self.number).public()),
            peer_id: swarm.peer_id().to_bytes(),
            addresses: addresses.iter().map(ips_swarm::Address::to_bytes).collect(),
            capacity_bytes: self.config.capacity_bytes,
        });
        let engine = engine.start(swarm.clone()).await.unwrap();
        self.running = Some(Running {
            engine,
            service,
            swarm,
            _thread: thread,
        });
    }

    /// Ends the node without telling it to end.
    pub(super) async fn kill(&mut self) {
        let Running {
            engine,
            service,
            swarm,
            ..
        } = self.running.take().unwrap();
        drop(engine);
        drop(service);
        swarm.shutdown().await;
    }

    pub(super) fn on(&self) -> &Running {
        self.running.as_ref().unwrap()
    }

    pub(super) fn peer(&self) -> PeerId {
        NodeKey::from_seed([self.number; 32]).peer_id()
    }

    pub(super) fn holder(&self) -> Holder {
        Holder {
            provider: self.provider,
            peer: self.peer(),
            addresses: self.on().swarm.listen_addresses(),
        }
    }
}

/// A customer with one encoded file.
pub(super) struct Customer {
    pub(super) key: TestKey,
    pub(super) bytes: Vec<u8>,
    pub(super) encoded: EncodedFile,
    /// Fragments by slot, then by segment.
    pub(super) slots: Vec<Vec<Vec<u8>>>,
    staging: tempfile::TempDir,
}

impl Customer {
    /// A public file of `length` bytes in 8 KiB fragments.
    pub(super) fn new(length: usize) -> Self {
        let bytes: Vec<u8> = (0..length).map(|i| (i * 31 % 251) as u8).collect();
        let mut options = EncodeOptions::new(ERASURE, Privacy::Public);
        options.fragment_size = Some(FragmentSize::K8);
        let length = u64::try_from(length).unwrap();
        let mut encoder = Encoder::new(options, length, &mut rand::rngs::OsRng).unwrap();
        let mut slots = vec![Vec::new(); usize::from(ERASURE.total())];
        let mut reader = bytes.as_slice();
        while let Some(segment) = encoder.encode_segment(&mut reader).unwrap() {
            for (slot, fragment) in slots.iter_mut().zip(segment.fragments) {
                slot.push(fragment);
            }
        }
        let encoded = encoder.finish().unwrap();
        let staging = tempfile::tempdir().unwrap();
        Self {
            key: TestKey::new(200),
            bytes,
            encoded,
            slots,
            staging,
        }
    }

    pub(super) fn account(&self) -> AccountKey {
        AccountKey(self.key.public())
    }

    pub(super) fn params(&self) -> OrderParams {
        self.encoded
            .manifest
            .order_params(0, 1_000, 5, self.account())
            .unwrap()
    }

    pub(super) fn manifest(&self) -> Arc<[u8]> {
        self.encoded.manifest.as_bytes().into()
    }

    pub(super) fn note(&self, slot: SlotId, provider: ProviderId) -> DeliveryNote {
        let slot_root = self.params().slot_roots[usize::from(slot.slot.0)];
        DeliveryNote {
            genesis: Genesis([0xee; 32]),
            slot,
            provider,
            slot_root,
        }
    }

    /// Stages a slot on disk and makes its delivery.
    pub(super) fn delivery(&self, slot: SlotId, node: &TestNode) -> Delivery {
        let folder: PathBuf = self.staging.path().into();
        let staged = StagedSlot::new(&folder, 0, slot.slot, FragmentSize::K8);
        std::fs::write(&staged.path, self.slots[usize::from(slot.slot.0)].concat()).unwrap();
        let note = self.note(slot, node.provider);
        Delivery {
            slot,
            to: node.holder(),
            segments: self.params().segments,
            source: Arc::new(staged),
            note,
            signature: self.key.sign(&note.signing_bytes()),
        }
    }

    /// Orders the file and gives slot 0 to the node.
    pub(super) fn order_for(&self, chain: &MockChain, node: &TestNode) -> SlotId {
        let order = chain.order(self.account(), self.params());
        let slot = SlotId {
            order,
            slot: SlotIndex(0),
        };
        chain.assign(slot, node.provider);
        slot
    }
}

/// A customer's swarm.
pub(super) fn client_swarm() -> (Swarm, SwarmThread) {
    let mut config = SwarmConfig::client(Genesis([0xee; 32]), NodeKey::from_seed([201; 32]));
    config.local_network = true;
    spawn_on_own_runtime(config, None).unwrap()
}
