//! Tests by topic.

// Trapdoor keys and host calls come with the benchmarks.
#[cfg(feature = "runtime-benchmarks")]
mod arithmetic;
mod faults;
mod fixture;
mod flow;
mod keys;
mod pre_commit;
mod proofs;
pub(crate) mod real;
mod ticks;
