//! The asking half of `/ips/frag/1`: [`Swarm`](crate::Swarm)'s transfers.
//!
//! Everything runs on the swarm's runtime, not on the caller's: what a peer sends is never parsed
//! on a thread whose panic could stop the chain node.

mod exchange;
mod extract;
mod fetch;
mod upload;

pub use extract::ExtractSession;
pub use fetch::{FragmentRange, PeerStatus};
pub use upload::{SlotUpload, UploadProgress};
