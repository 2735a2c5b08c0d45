//! The engine's port to the chain, served by a node's JSON-RPC.
//!
//! Goal: read the chain and submit extrinsics for one account, through restarts of either side.
//! Non-goals: keys of other accounts, finality, events as a stream. Makes `ChainReader` and
//! `ChainClient` of `ips-engine`; consumed by the storage daemon, the node and the customer's tool.
//!
//! | module | subject |
//! |---|---|
//! | [`transport`] | a connection that comes back by itself |
//! | [`client`] | the port's two traits |
//! | [`elsewhere`] | another chain that a customer pays from |
//! | `payment` | what a customer of another chain asks this one |
//! | [`keys`] | the account's key |
//! | `submitter` | nonces, resubmission, what is in flight |
//! | `runtime` | metadata: may this software talk to this chain |

mod calls;
pub mod client;
pub mod elsewhere;
mod events;
mod heads;
mod journal;
pub mod keys;
mod payment;
mod rpc;
mod runtime;
mod submitter;
#[cfg(test)]
mod tests;
pub mod transport;

pub use client::{SubmitterConfig, SubxtClient, SubxtReader};
pub use keys::{AccountSigner, KeyError};
pub use subxt_rpcs::{client::RpcClientT, RpcClient};
pub use transport::connect;
