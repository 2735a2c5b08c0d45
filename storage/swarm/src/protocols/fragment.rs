//! `/ips/frag/1`: one request per stream, versioned length-prefixed SCALE frames.
//!
//! Goal: bulk transfer with back-pressure, hard limits and answers that can be checked. Non-goal:
//! payment policy and placement. The client half is in [`crate::client`].

pub(crate) mod frame;
#[cfg(fuzzing)]
pub mod fuzzing;
pub(crate) mod limits;
pub(crate) mod server;
mod upload;
pub(crate) mod wire;

use ips_primitives::{
    fragment::{FragmentSize, SLOT_BYTES_MAX},
    hash::blake2_256,
    id::Genesis,
    retrieval::ExtractRequest,
};
use libp2p::StreamProtocol;

use codec::Encode as _;

/// Name of the protocol on the wire.
pub(crate) const PROTOCOL: StreamProtocol = StreamProtocol::new("/ips/frag/1");

/// Most bytes of a fragment.
pub const FRAGMENT_BYTES_MAX: u32 = FragmentSize::K1024.bytes();
/// Most bytes of a manifest.
pub const MANIFEST_BYTES_MAX: u32 = 64 << 20;
/// Most segments of a slot: the largest slot in the smallest fragments.
pub const SEGMENTS_MAX: u32 = (SLOT_BYTES_MAX / FragmentSize::K8.bytes() as u64) as u32;
/// Fragments of an upload that may be on the way without an answer.
pub const UPLOAD_CREDIT: usize = 4;

/// Bytes of every data frame of an answer but the last.
pub(crate) const DATA_BYTES: usize = 64 << 10;
/// Bytes of every manifest frame of an upload but the last.
pub(crate) const MANIFEST_PART_BYTES: usize = 256 << 10;
/// Most bytes of any frame's payload: a fragment and its envelope.
pub(crate) const FRAME_BYTES_MAX: usize = (1 << 20) + (4 << 10);
/// Most bytes of a request or of a payment: they are all small.
pub(crate) const SMALL_FRAME_BYTES_MAX: usize = 1 << 10;
/// Most bytes of the software name in a status.
pub(crate) const SOFTWARE_BYTES_MAX: usize = 64;

/// The bytes that a client signs when it asks for a proof of extract.
pub fn extract_signing_bytes(genesis: &Genesis, request: &ExtractRequest) -> [u8; 32] {
    blake2_256(&[b"ips/extract-request/1", &genesis.0, &request.encode()])
}
