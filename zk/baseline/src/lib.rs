//! Our proofs beside Filecoin's crates (`storage-proofs-*` 19.1 without GPU, bellperson 0.27), measured
//! in one run on one machine.
//!
//! Goal: one table whose every number is counted or timed in that run, with the targets that the design
//! sets. Non-goal: a dependency of anything that runs; these crates are an oracle and a yardstick.

pub mod counter;
pub mod filecoin;
pub mod ours;
pub mod report;
pub mod sections;
pub mod stopwatch;
