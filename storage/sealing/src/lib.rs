//! The engine's [`Sealer`](ips_engine::sealer::Sealer) on the real prover of this machine.
//!
//! Goal: the engine's heavy steps over sector folders, off the async threads, never more at once
//! than it was given cores. Non-goals: which step is next (the engine's), circuits (`ips-proofs`).

mod local;
mod queue;
mod steps;

#[cfg(test)]
mod tests;

pub use ips_proofs::params::ParamsCache;
pub use local::LocalSealer;
