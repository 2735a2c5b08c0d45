//! A whole storage node, put together from one configuration.
//!
//! Goal: one assembly for the stand-alone binary `ips-storage` and for a chain node that runs with
//! storage. Non-goals: what the parts do; command lines of the chain node.

mod arguments;
mod assemble;
mod folder;
mod metrics;
mod onboarding;
mod report;
mod serve;

pub use arguments::StorageArguments;
pub use assemble::{ChainSource, StorageConfig, StorageNode};
pub use folder::{BasePath, FolderError};
pub use ips_chain::AccountSigner;
pub use ips_engine::EngineStatus;
pub use ips_swarm::{Address, ThreadHook};
pub use onboarding::Offer;
pub use report::StatusReport;
pub use serve::run;
