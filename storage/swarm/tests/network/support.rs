//! Nodes with a service in memory, and a raw peer that speaks whatever a test wants.

use std::{
    collections::HashMap,
    future::Future,
    sync::{
        atomic::{AtomicBool, AtomicU32, AtomicU8, Ordering},
        Arc, Mutex,
    },
    time::Duration,
};

use async_trait::async_trait;
use futures::StreamExt as _;
use ips_primitives::{
    deal::DeliveryNote,
    hash::sha2_256,
    id::{FileId, FragmentId, Genesis, OrderId, Signature, SlotId, SlotIndex},
    retrieval::{ExtractRequest, Voucher},
    sector::ProofBytes,
};
use ips_swarm::{
    spawn_on_own_runtime, Address, FragmentService, NodeKey, NodeStatus, PeerId, Refusal,
    SlotProgress, Swarm, SwarmConfig, SwarmThread,
};
use libp2p::swarm::SwarmEvent;
use tokio::sync::{mpsc, watch};

pub(crate) const GENESIS: Genesis = Genesis([0xab; 32]);
pub(crate) const TCP: &str = "/ip4/127.0.0.1/tcp/0";
pub(crate) const QUIC: &str = "/ip4/127.0.0.1/udp/0/quic-v1";
/// No test waits longer for anything.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// What one slot has received.
#[derive(Default)]
pub(crate) struct Received {
    pub(crate) progress: Option<SlotProgress>,
    /// Every fragment in the order of arrival, repetitions included.
    pub(crate) fragments: Vec<(u32, Vec<u8>)>,
    pub(crate) note: Option<(DeliveryNote, Signature)>,
}

/// A service in memory that can be told to misbehave.
#[derive(Default)]
pub(crate) struct Memory {
    pub(crate) fragments: Mutex<HashMap<FragmentId, Vec<u8>>>,
    pub(crate) manifests: Mutex<HashMap<FileId, Vec<u8>>>,
    pub(crate) slots: Mutex<HashMap<SlotId, Received>>,
    pub(crate) vouchers: Mutex<Vec<Voucher>>,
    /// `begin_slot`, `finish_slot` and `extract` refuse with this.
    pub(crate) refuse: Mutex<Option<Refusal>>,
    /// `store_fragment` refuses once, when this many were stored; 0 = never.
    pub(crate) full_at: AtomicU32,
    /// Bytes of fragments are changed before they are sent.
    pub(crate) corrupt: AtomicBool,
    /// 1: reads never end. 2: reads panic.
    pub(crate) broken: AtomicU8,
    /// Reads of fragments so far.
    pub(crate) reads: AtomicU32,
    /// How long a proof takes.
    pub(crate) proof_millis: AtomicU32,
}

impl Memory {
    pub(crate) fn put(&self, bytes: Vec<u8>) -> FragmentId {
        let id = FragmentId(sha2_256(&[&bytes]));
        self.fragments.lock().unwrap().insert(id, bytes);
        id
    }

    fn refusal(&self) -> Result<(), Refusal> {
        self.refuse.lock().unwrap().map_or(Ok(()), Err)
    }
}

#[async_trait]
impl FragmentService for Memory {
    async fn read_fragment(&self, id: FragmentId) -> Result<Option<Vec<u8>>, Refusal> {
        self.reads.fetch_add(1, Ordering::SeqCst);
        match self.broken.load(Ordering::SeqCst) {
            1 => std::future::pending().await,
            2 => panic!("a bug in the service"),
            _ => {}
        }
        let mut bytes = self.fragments.lock().unwrap().get(&id).cloned();
        if self.corrupt.load(Ordering::SeqCst) {
            if let Some(last) = bytes.as_mut().and_then(|bytes| bytes.last_mut()) {
                *last ^= 1;
            }
        }
        Ok(bytes)
    }

    async fn read_manifest(&self, file: FileId) -> Result<Option<Vec<u8>>, Refusal> {
        Ok(self.manifests.lock().unwrap().get(&file).cloned())
    }

    async fn admit_slot(&self, _: PeerId, slot: SlotId, _: FileId) -> Result<(), Refusal> {
        if slot.order.0 == u64::MAX {
            return Err(Refusal::NotClaimed);
        }
        Ok(())
    }

    async fn begin_slot(
        &self,
        _: PeerId,
        slot: SlotId,
        file: FileId,
        manifest: Vec<u8>,
    ) -> Result<SlotProgress, Refusal> {
        self.refusal()?;
        let segments = u32::from_le_bytes(manifest[..4].try_into().unwrap());
        self.manifests.lock().unwrap().insert(file, manifest);
        let mut slots = self.slots.lock().unwrap();
        let received = slots.entry(slot).or_default();
        let fresh = || SlotProgress::new(segments).unwrap();
        Ok(received.progress.get_or_insert_with(fresh).clone())
    }

    async fn store_fragment(
        &self,
        _: PeerId,
        slot: SlotId,
        segment: u32,
        bytes: Vec<u8>,
    ) -> Result<(), Refusal> {
        let mut slots = self.slots.lock().unwrap();
        let received = slots.get_mut(&slot).unwrap();
        let stored = u32::try_from(received.fragments.len()).unwrap();
        if stored > 0 && self.full_at.load(Ordering::SeqCst) == stored {
            self.full_at.store(0, Ordering::SeqCst);
            return Err(Refusal::Full);
        }
        received.progress.as_mut().unwrap().mark(segment);
        received.fragments.push((segment, bytes));
        Ok(())
    }

    async fn finish_slot(
        &self,
        _: PeerId,
        slot: SlotId,
        note: DeliveryNote,
        signature: Signature,
    ) -> Result<(), Refusal> {
        self.refusal()?;
        self.slots.lock().unwrap().get_mut(&slot).unwrap().note = Some((note, signature));
        Ok(())
    }

    async fn extract(
        &self,
        request: ExtractRequest,
        client_key: [u8; 32],
        _: Signature,
    ) -> Result<ProofBytes, Refusal> {
        self.refusal()?;
        let millis = self.proof_millis.load(Ordering::SeqCst);
        tokio::time::sleep(Duration::from_millis(millis.into())).await;
        let mut proof = [u8::try_from(request.nonce % 256).unwrap(); 192];
        proof[..32].copy_from_slice(&client_key);
        Ok(ProofBytes(proof))
    }

    async fn accept_voucher(&self, voucher: Voucher, _: Signature) -> Result<(), Refusal> {
        self.vouchers.lock().unwrap().push(voucher);
        Ok(())
    }

    async fn status(&self) -> NodeStatus {
        NodeStatus {
            load_permille: 123,
            free_bytes: 1 << 40,
        }
    }
}

/// A running node; its thread is joined at the end of the test.
pub(crate) struct Node {
    pub(crate) swarm: Swarm,
    pub(crate) service: Arc<Memory>,
    thread: Option<SwarmThread>,
}

impl Node {
    /// A storage node that listens on one address.
    pub(crate) fn start(listen: &str, change: impl FnOnce(&mut SwarmConfig)) -> Self {
        // Silent unless RUST_LOG asks for more; only the first test of a process installs it.
        let _ = tracing_subscriber::fmt()
            .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
            .try_init();
        let mut config = SwarmConfig::local(GENESIS, NodeKey::random());
        config.listen = vec![listen.parse().unwrap()];
        config.limits.memory_percent = None;
        change(&mut config);
        let service = Arc::new(Memory::default());
        let (swarm, thread) = spawn_on_own_runtime(config, Some(service.clone())).unwrap();
        Self {
            swarm,
            service,
            thread: Some(thread),
        }
    }

    /// A customer: no listener, no service.
    pub(crate) fn client(change: impl FnOnce(&mut SwarmConfig)) -> Self {
        let mut config = SwarmConfig::client(GENESIS, NodeKey::random());
        config.local_network = true;
        config.limits.memory_percent = None;
        change(&mut config);
        let (swarm, thread) = spawn_on_own_runtime(config, None).unwrap();
        Self {
            swarm,
            service: Arc::default(),
            thread: Some(thread),
        }
    }

    pub(crate) fn peer(&self) -> PeerId {
        self.swarm.peer_id()
    }

    pub(crate) async fn addresses(&self) -> Vec<Address> {
        within(self.swarm.listening()).await.unwrap()
    }

    pub(crate) async fn connect(&self, to: &Node) {
        within(self.swarm.connect(to.peer(), to.addresses().await))
            .await
            .unwrap();
    }

    pub(crate) async fn stop(mut self) {
        within(self.swarm.shutdown()).await;
        let thread = self.thread.take().unwrap();
        within(async { tokio::task::spawn_blocking(|| thread.join()).await.unwrap() })
            .await
            .unwrap();
    }
}

/// A storage node and a customer connected with it.
pub(crate) async fn pair(listen: &str, change: impl Fn(&mut SwarmConfig)) -> (Node, Node) {
    let (server, client) = (Node::start(listen, &change), Node::client(&change));
    client.connect(&server).await;
    (server, client)
}

pub(crate) async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future)
        .await
        .expect("in time")
}

/// Waits until a condition holds.
pub(crate) async fn until<F: Future<Output = bool>>(mut condition: impl FnMut() -> F) {
    within(async {
        while !condition().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
}

pub(crate) fn bytes(length: usize, seed: u8) -> Vec<u8> {
    let mut state = u32::from(seed) + 1;
    std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    })
    .take(length)
    .collect()
}

pub(crate) fn slot(order: u64) -> SlotId {
    SlotId {
        order: OrderId(order),
        slot: SlotIndex(3),
    }
}

type Dial = (libp2p::Multiaddr, tokio::sync::oneshot::Sender<()>);

/// A libp2p node of its own that offers raw streams of our protocol.
pub(crate) struct RawPeer {
    pub(crate) control: libp2p_stream::Control,
    pub(crate) peer: PeerId,
    pub(crate) address: Address,
    connected: watch::Receiver<Vec<libp2p::PeerId>>,
    dials: mpsc::Sender<Dial>,
    _task: tokio::task::JoinHandle<()>,
}

impl RawPeer {
    pub(crate) async fn start() -> Self {
        let mut swarm = libp2p::SwarmBuilder::with_existing_identity(
            libp2p::identity::Keypair::ed25519_from_bytes(rand::random::<[u8; 32]>()).unwrap(),
        )
        .with_tokio()
        .with_tcp(
            Default::default(),
            libp2p::noise::Config::new,
            libp2p::yamux::Config::default,
        )
        .unwrap()
        .with_behaviour(|_| libp2p_stream::Behaviour::new())
        .unwrap()
        .with_swarm_config(|config| config.with_idle_connection_timeout(PATIENCE))
        .build();
        let control = swarm.behaviour().new_control();
        swarm.listen_on(TCP.parse().unwrap()).unwrap();
        let address = loop {
            let event = within(swarm.next()).await.unwrap();
            if let SwarmEvent::NewListenAddr { address, .. } = event {
                break address.to_string().parse().unwrap();
            }
        };
        let peer = PeerId::from_bytes(&swarm.local_peer_id().to_bytes()).unwrap();
        let (sender, connected) = watch::channel(Vec::new());
        let (dials, mut to_dial) = mpsc::channel::<Dial>(1);
        let task = tokio::spawn(async move {
            let mut waiting = None;
            loop {
                let event = tokio::select! {
                    Some((address, reply)) = to_dial.recv() => {
                        swarm.dial(address).unwrap();
                        waiting = Some(reply);
                        continue;
                    }
                    event = swarm.select_next_some() => event,
                };
                sender.send_replace(swarm.connected_peers().copied().collect());
                let is_end = matches!(
                    event,
                    SwarmEvent::ConnectionClosed { .. }
                        | SwarmEvent::OutgoingConnectionError { .. }
                );
                if let Some(reply) = waiting.take_if(|_| is_end) {
                    let _ = reply.send(());
                }
            }
        });
        Self {
            control,
            peer,
            address,
            connected,
            dials,
            _task: task,
        }
    }

    /// A stream of our protocol to a node that is connected with us.
    pub(crate) async fn open(&mut self, to: PeerId) -> libp2p::Stream {
        let to = libp2p::PeerId::from_bytes(&to.to_bytes()).unwrap();
        // Asked a moment earlier, libp2p-stream would wait for ever for a dial of its own.
        within(self.connected.wait_for(|peers| peers.contains(&to)))
            .await
            .unwrap();
        within(
            self.control
                .open_stream(to, libp2p::StreamProtocol::new("/ips/frag/1")),
        )
        .await
        .unwrap()
    }

    /// As [`open`](Self::open), if the other side allows it.
    pub(crate) async fn try_open(&mut self, to: PeerId) -> Option<libp2p::Stream> {
        let to = libp2p::PeerId::from_bytes(&to.to_bytes()).unwrap();
        let protocol = libp2p::StreamProtocol::new("/ips/frag/1");
        self.control.open_stream(to, protocol).await.ok()
    }

    /// Dials a node, and waits for the end of what comes of it.
    pub(crate) async fn dial(&mut self, to: &Node) {
        let address = to.addresses().await.remove(0).with_peer(to.peer());
        let (reply, done) = tokio::sync::oneshot::channel();
        let dial = (address.to_string().parse().unwrap(), reply);
        self.dials.send(dial).await.unwrap();
        within(done).await.unwrap();
    }

    /// Answers every stream with a fixed byte string after the first bytes of the request.
    pub(crate) fn answer_with(&mut self, answer: Vec<u8>) {
        use futures::{AsyncReadExt as _, AsyncWriteExt as _};
        let protocol = libp2p::StreamProtocol::new("/ips/frag/1");
        let mut incoming = self.control.accept(protocol).unwrap();
        tokio::spawn(async move {
            while let Some((_, mut stream)) = incoming.next().await {
                let answer = answer.clone();
                tokio::spawn(async move {
                    let mut request = [0; 5];
                    stream.read_exact(&mut request).await.unwrap();
                    stream.write_all(&answer).await.unwrap();
                    stream.flush().await.unwrap();
                    // Held open: what follows is silence, not an end.
                    tokio::time::sleep(PATIENCE).await;
                });
            }
        });
    }
}

/// A raw peer that is connected with a fresh storage node.
pub(crate) async fn raw_client(change: impl FnOnce(&mut SwarmConfig)) -> (Node, RawPeer) {
    let (server, raw) = (Node::start(TCP, change), RawPeer::start().await);
    within(server.swarm.connect(raw.peer, vec![raw.address.clone()]))
        .await
        .unwrap();
    (server, raw)
}

/// A fresh customer is served, and the swarm had no need to be rebuilt.
pub(crate) async fn assert_serves(server: &Node) {
    let client = Node::client(|_| {});
    client.connect(server).await;
    let id = server.service.put(bytes(1000, 1));
    let got = within(client.swarm.fetch_fragment(server.peer(), id, 1000)).await;
    assert_eq!(got, Ok(bytes(1000, 1)));
    assert_eq!(server.swarm.rebuilds(), 0);
}

/// One frame as it looks on the wire.
pub(crate) fn frame(payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap();
    [&[1][..], &length.to_le_bytes(), payload].concat()
}
