//! Settings of a swarm: identity, addresses, limits, times.

use std::{
    fmt, fs, io,
    io::{Read as _, Write as _},
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use ips_primitives::id::Genesis;
use rand::RngCore as _;

use crate::{
    peer::{Address, PeerId},
    protocols::fragment::frame::Pace,
};

/// Runs first on every thread of the swarm; the node turns its abort-on-panic off here.
pub type ThreadHook = Arc<dyn Fn() + Send + Sync>;

/// The secret identity of a node: an ed25519 seed.
#[derive(Clone, PartialEq, Eq)]
pub struct NodeKey([u8; 32]);

/// A key file cannot be read or made.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// Reading or writing failed.
    #[error("cannot use key file {path}; check path and permissions")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Others may read it, so it is no secret any more.
    #[error("key file {path} is readable by others; run: chmod 600 {path}")]
    Exposed {
        /// The file.
        path: PathBuf,
    },
    /// It is not 32 bytes.
    #[error("key file {path} must hold exactly 32 bytes; move it away to make a new identity")]
    Length {
        /// The file.
        path: PathBuf,
    },
}

impl NodeKey {
    /// A fresh key.
    pub fn random() -> Self {
        let mut seed = [0; 32];
        rand::rngs::OsRng.fill_bytes(&mut seed);
        Self(seed)
    }

    /// The key of a seed.
    pub const fn from_seed(seed: [u8; 32]) -> Self {
        Self(seed)
    }

    /// Reads the 32-byte seed from a file; makes one, readable by its owner only, if there is none.
    ///
    /// # Errors
    /// If the file cannot be read or made, is readable by others, or is not 32 bytes long.
    pub fn load_or_create(path: &Path) -> Result<Self, KeyFileError> {
        let failed = |source| KeyFileError::Io {
            path: path.to_owned(),
            source,
        };
        match fs::File::open(path) {
            Ok(file) => {
                let mode = file.metadata().map_err(failed)?.permissions().mode();
                if mode & 0o077 != 0 {
                    return Err(KeyFileError::Exposed {
                        path: path.to_owned(),
                    });
                }
                let mut bytes = Vec::new();
                file.take(33).read_to_end(&mut bytes).map_err(failed)?;
                let seed = bytes.try_into().map_err(|_| KeyFileError::Length {
                    path: path.to_owned(),
                })?;
                Ok(Self(seed))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let key = Self::random();
                key.write_new(path).map_err(failed)?;
                Ok(key)
            }
            Err(error) => Err(failed(error)),
        }
    }

    /// Written beside and renamed, so that a crash never leaves half a key.
    fn write_new(&self, path: &Path) -> io::Result<()> {
        let part = path.with_extension("part");
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&part)?;
        file.write_all(&self.0)?;
        file.sync_all()?;
        fs::rename(&part, path)
    }

    /// The public name that belongs to the key.
    pub fn peer_id(&self) -> PeerId {
        PeerId(self.keypair().public().to_peer_id())
    }

    pub(crate) fn keypair(&self) -> libp2p::identity::Keypair {
        libp2p::identity::Keypair::ed25519_from_bytes(self.0)
            .expect("32 bytes are always an ed25519 seed")
    }
}

impl fmt::Debug for NodeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NodeKey({})", self.peer_id())
    }
}

/// Part of a node in the directory of nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DhtMode {
    /// Answers lookups and can be found: storage and super nodes.
    Server,
    /// Only asks: customers, phones.
    Client,
}

/// How much one node takes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections made by others.
    pub inbound_connections: u32,
    /// Connections made by us.
    pub outbound_connections: u32,
    /// Connections with one peer.
    pub connections_per_peer: u32,
    /// Connections being made, in each direction.
    pub pending_connections: u32,
    /// No new connection while the process uses more than this share of the machine's memory.
    pub memory_percent: Option<u8>,
    /// Streams of `/ips/frag/1` served at once.
    pub streams: usize,
    /// Streams of `/ips/frag/1` served at once for one peer.
    pub streams_per_peer: usize,
    /// Memory for manifests in transfer as a server, in KiB.
    pub manifest_kib: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            inbound_connections: 100,
            outbound_connections: 100,
            connections_per_peer: 4,
            pending_connections: 64,
            memory_percent: Some(75),
            streams: 256,
            streams_per_peer: 8,
            manifest_kib: 256 << 10,
        }
    }
}

/// How long to wait for what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// For a connection.
    pub connect: Duration,
    /// For a stream on a connection.
    pub open_stream: Duration,
    /// For one frame, from its first to its last byte, silence before it included.
    pub frame: Duration,
    /// For one answer to anything but an extract, keep-alives included.
    pub answer: Duration,
    /// For a proof of extract, keep-alives included.
    pub extract: Duration,
    /// As a server, for the voucher after the proof.
    pub voucher: Duration,
    /// As a server, between two keep-alives while the service works.
    pub keep_alive: Duration,
    /// For a lookup in the directory of nodes.
    pub find_peer: Duration,
    /// A connection without streams is closed after this.
    pub idle_connection: Duration,
    /// Between two pings of a connection, and for the answer; two unanswered ones close it.
    pub ping: Duration,
    /// Slowest transfer that is borne, in bytes per second, after a grace of `answer`. Manifests must
    /// be eight times as fast: they are held in memory.
    pub bytes_per_second_min: u32,
}

impl Timeouts {
    /// The slowest transfer of fragments that is borne.
    pub(crate) fn fragment_pace(&self) -> Pace {
        Pace::new(self.answer, self.bytes_per_second_min)
    }

    /// The slowest transfer of a manifest that is borne.
    pub(crate) fn manifest_pace(&self) -> Pace {
        Pace::new(self.answer, self.bytes_per_second_min.saturating_mul(8))
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(15),
            open_stream: Duration::from_secs(10),
            frame: Duration::from_secs(30),
            answer: Duration::from_secs(120),
            extract: Duration::from_secs(600),
            voucher: Duration::from_secs(120),
            keep_alive: Duration::from_secs(5),
            find_peer: Duration::from_secs(20),
            idle_connection: Duration::from_secs(60),
            ping: Duration::from_secs(15),
            bytes_per_second_min: 8 << 10,
        }
    }
}

/// All settings.
#[derive(Clone)]
pub struct SwarmConfig {
    /// The chain whose nodes form the network.
    pub genesis: Genesis,
    /// The node's identity.
    pub key: NodeKey,
    /// Where to listen; empty for a node that only asks.
    pub listen: Vec<Address>,
    /// Addresses under which others reach this node, if known.
    pub external: Vec<Address>,
    /// Nodes to start from; each ends in `/p2p/<peer id>`.
    pub bootstrap: Vec<Address>,
    /// Part in the directory of nodes.
    pub mode: DhtMode,
    /// All nodes are on this machine or network (`--dev`): tell listen addresses to peers and
    /// accept private ones.
    pub local_network: bool,
    /// How much to take on.
    pub limits: Limits,
    /// How long to wait.
    pub timeouts: Timeouts,
    /// Threads of the swarm's runtime.
    pub worker_threads: usize,
    /// Runs first on every thread of the swarm.
    pub on_thread_start: Option<ThreadHook>,
}

impl SwarmConfig {
    /// A public storage node: QUIC and TCP on every interface, free ports.
    pub fn new(genesis: Genesis, key: NodeKey) -> Self {
        Self {
            listen: addresses(&["/ip4/0.0.0.0/udp/0/quic-v1", "/ip4/0.0.0.0/tcp/0"]),
            mode: DhtMode::Server,
            ..Self::client(genesis, key)
        }
    }

    /// A node on a network of one machine: QUIC and TCP on loopback, free ports.
    pub fn local(genesis: Genesis, key: NodeKey) -> Self {
        Self {
            listen: addresses(&["/ip4/127.0.0.1/udp/0/quic-v1", "/ip4/127.0.0.1/tcp/0"]),
            local_network: true,
            ..Self::new(genesis, key)
        }
    }

    /// A customer: does not listen, only asks.
    pub fn client(genesis: Genesis, key: NodeKey) -> Self {
        Self {
            genesis,
            key,
            listen: Vec::new(),
            external: Vec::new(),
            bootstrap: Vec::new(),
            mode: DhtMode::Client,
            local_network: false,
            limits: Limits::default(),
            timeouts: Timeouts::default(),
            worker_threads: 2,
            on_thread_start: None,
        }
    }
}

fn addresses(texts: &[&str]) -> Vec<Address> {
    texts.iter().filter_map(|text| text.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_file_is_made_once_and_is_private() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("node.key");
        let made = NodeKey::load_or_create(&path).unwrap();
        assert_eq!(NodeKey::load_or_create(&path).unwrap(), made);
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        assert!(!format!("{made:?}").contains("NodeKey(["));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(
            NodeKey::load_or_create(&path),
            Err(KeyFileError::Exposed { .. })
        ));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        for bad in [31, 33] {
            fs::write(&path, vec![1; bad]).unwrap();
            assert!(matches!(
                NodeKey::load_or_create(&path),
                Err(KeyFileError::Length { .. })
            ));
        }
    }

    #[test]
    fn defaults_listen_on_both_transports() {
        let key = NodeKey::from_seed([1; 32]);
        for config in [
            SwarmConfig::new(Genesis([0; 32]), key.clone()),
            SwarmConfig::local(Genesis([0; 32]), key.clone()),
        ] {
            assert_eq!(config.listen.len(), 2);
        }
        assert!(SwarmConfig::client(Genesis([0; 32]), key).listen.is_empty());
    }
}
