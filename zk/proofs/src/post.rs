//! Recurring storage proofs: the sectors of a partition are still held.
//!
//! One module per side: [`check`] native, `circuit` as constraints, [`prove`] the prover.

mod check;
mod circuit;
mod prove;
mod sector;

#[cfg(test)]
mod tests;

#[cfg(test)]
pub(crate) use self::check::check;
pub use self::{check::PostRule, prove::prove_post, sector::PostSector};
pub(crate) use self::{
    check::{Opening, PostWitness},
    circuit::PostCircuit,
};
