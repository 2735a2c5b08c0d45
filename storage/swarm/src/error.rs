//! What can go wrong, as the callers of this crate see it.

use codec::{Decode, Encode};

use crate::peer::PeerId;

/// Why a node refuses a request; part of the wire format, so codes never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode, thiserror::Error)]
pub enum Refusal {
    /// Too many requests at once.
    #[error("the node is busy; ask again later or ask another holder")]
    #[codec(index = 0)]
    Busy,
    /// It does not hold what was asked for.
    #[error("the node does not hold this; ask another holder")]
    #[codec(index = 1)]
    NotFound,
    /// The slot is not claimed by this node on the chain.
    #[error("the node has not claimed this slot; read the order again")]
    #[codec(index = 2)]
    NotClaimed,
    /// Bytes do not hash to their id or root.
    #[error("the bytes do not match their id; check the source data")]
    #[codec(index = 3)]
    Corrupt,
    /// Larger than the protocol allows.
    #[error("too large for the protocol; split it")]
    #[codec(index = 4)]
    TooLarge,
    /// Signature or key does not allow this.
    #[error("not authorised; check key, nonce and signature")]
    #[codec(index = 5)]
    Unauthorised,
    /// No space left.
    #[error("the node is full; use another provider")]
    #[codec(index = 6)]
    Full,
    /// Something failed inside the node.
    #[error("the node failed inside; ask another holder")]
    #[codec(index = 7)]
    Internal,
}

/// Why an exchange with a peer failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// No connection could be made.
    #[error("peer {peer} cannot be reached; look its addresses up again")]
    Unreachable {
        /// Who was dialled.
        peer: PeerId,
    },
    /// It did not answer in time, or too slowly.
    #[error("peer {peer} did not answer in time; ask another holder")]
    Timeout {
        /// Who was asked.
        peer: PeerId,
    },
    /// It answered no.
    #[error("refused: {0}")]
    Refused(Refusal),
    /// Its bytes do not hash to the id, or have another length. The peer is to blame.
    #[error("peer {peer} sent corrupt data; avoid it and ask another holder")]
    Corrupt {
        /// Who sent it.
        peer: PeerId,
    },
    /// It broke the protocol or does not speak it.
    #[error("peer {peer} broke the protocol ({what}); avoid it")]
    Protocol {
        /// Who did.
        peer: PeerId,
        /// Which rule.
        what: &'static str,
    },
    /// What is to be sent or received is above the protocol's limit.
    #[error("more bytes than the protocol allows; split the data")]
    TooLarge,
    /// The stream or the swarm ended in the middle.
    #[error("the connection or the swarm closed; try again")]
    Closed,
    /// The caller's own fragment source failed.
    #[error("segment {segment} cannot be read ({kind}); check the source file")]
    Source {
        /// Which segment.
        segment: u32,
        /// How.
        kind: std::io::ErrorKind,
    },
}

/// Why a swarm cannot start or stop.
#[derive(Debug, thiserror::Error)]
pub enum SwarmError {
    /// The runtime or its thread cannot start.
    #[error("cannot start the swarm's runtime; free memory or threads")]
    Runtime(#[source] std::io::Error),
    /// The transports cannot be built.
    #[error("cannot build the transports: {0}; check the node key and name resolution")]
    Transport(&'static str),
    /// An address cannot be listened on.
    #[error("cannot listen on {address}; choose a free port of this machine")]
    Listen {
        /// Which address.
        address: crate::peer::Address,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A bootstrap address does not name its peer.
    #[error("bootstrap address {0} must end in /p2p/<peer id>")]
    BootstrapAddress(crate::peer::Address),
    /// The swarm's thread died; its supervisor should have kept it alive.
    #[error("the swarm's thread died; restart the node and report this")]
    ThreadDied,
}
