//! Tests by topic.

mod faults;
mod fixture;
mod flow;
mod keys;
mod pre_commit;
mod proofs;
pub(crate) mod real;
mod ticks;
