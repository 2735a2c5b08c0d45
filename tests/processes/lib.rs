//! A small IPS network of real processes on this machine: started, watched, hurt and stopped.
//!
//! Goal: one way to run the built binaries for the demo and for the tests on real processes.
//! Non-goals: what a run must show; that is in `tests/demo` and `tests/hard_times`.
//!
//! | module | subject |
//! |---|---|
//! | [`process`] | one child process: log, signals, end |
//! | [`network`] | the chain and the storage nodes |
//! | [`relay`] | a relay chain for it, and more collators |
//! | [`finality`] | what became of the blocks that a run relied on |
//! | [`root`] | governance of the chain: calls as Root, upgrades |
//! | [`customer`] | the `ips` tool, called as a user calls it |
//! | [`watcher`] | what the chain accepted, block by block |

pub mod customer;
pub mod finality;
pub mod network;
pub mod process;
pub mod relay;
pub mod root;
pub mod watcher;

use ips_chain::AccountSigner;
use ips_primitives::id::{AccountKey, ProviderId};

/// The account of a development name such as `//Alice`.
///
/// # Errors
/// If the name is none.
pub fn account(uri: &str) -> anyhow::Result<AccountKey> {
    Ok(AccountSigner::from_uri(uri)?.account())
}

/// The provider that storage node `index` (from 1) registers as.
///
/// # Errors
/// Never for an index; the name is derived by the same rule as any other.
pub fn provider(index: u32) -> anyhow::Result<ProviderId> {
    Ok(ProviderId(account(&format!("//Node{index}"))?.0))
}
