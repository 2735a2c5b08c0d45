//! The storage network: a libp2p swarm of our own and the bulk protocol `/ips/frag/1`
//! (`docs/protocol.md` §9).
//!
//! Goal: find nodes, move fragments, manifests, slots and proofs of extract between them, and keep
//! every panic of the network stack away from the chain node ([`spawn_on_own_runtime`]). Non-goals:
//! what a slot or a manifest means (the [`FragmentService`] knows), which peer to ask (`ips-engine`).
//!
//! No libp2p type is public: peers and addresses are [`PeerId`] and [`Address`].

mod behaviour;
mod client;
mod config;
mod error;
mod handle;
mod networks;
mod peer;
mod protocols;
mod routing;
mod runner;
mod service;
mod standing;
mod supervisor;

pub use client::{ExtractSession, FragmentRange, PeerStatus, SlotUpload, UploadProgress};
pub use config::{DhtMode, KeyFileError, Limits, NodeKey, SwarmConfig, ThreadHook, Timeouts};
pub use error::{FetchError, Refusal, SwarmError};
pub use handle::Swarm;
pub use peer::{Address, AddressError, PeerId, PeerIdError};
#[cfg(fuzzing)]
pub use protocols::fragment::fuzzing;
pub use protocols::fragment::{
    extract_signing_bytes, FRAGMENT_BYTES_MAX, MANIFEST_BYTES_MAX, SEGMENTS_MAX, UPLOAD_CREDIT,
};
pub use service::{FragmentService, NodeStatus, SegmentSource, SlotProgress, SlotProgressError};
pub use supervisor::{spawn_on_own_runtime, SwarmThread};
