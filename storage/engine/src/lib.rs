//! A storage node without its chain client and its prover.
//!
//! Goal: everything between the chain ([`chain::ChainClient`]), the prover ([`sealer::Sealer`]) and
//! the network ([`ips_swarm::Swarm`]): keep fragments, seal, prove, answer, read. Non-goals: keys
//! of owners, Substrate, circuits.
//!
//! A storage node runs [`Engine`]; a customer uses [`retrieval`] and [`upload`] alone.

pub mod chain;
mod claims;
mod config;
mod deals;
mod engine;
mod error;
mod faults;
pub mod layout;
mod permits;
mod placement;
mod proving;
pub mod retrieval;
pub mod sealer;
mod sectors;
mod service;
mod signature;
mod status;
mod store;
mod supervisor;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
#[cfg(test)]
mod tests;
pub mod upload;

pub use config::Config;
pub use engine::{Engine, EngineHandle};
pub use error::EngineError;
pub use ips_swarm as swarm;
pub use signature::verify_sr25519;
pub use status::{EngineStatus, SectorCounts, SectorStatus, SlotStatus};
pub use store::{SectorStep, SlotStage, StoreError};
