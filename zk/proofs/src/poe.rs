//! Proofs of extract: whoever proves could read the data when the request was made.
//!
//! One module per side: [`check`] native, `circuit` as constraints, [`prove`] the prover.

mod check;
mod circuit;
mod prove;

#[cfg(test)]
mod tests;

#[cfg(test)]
pub(crate) use self::check::check;
pub use self::{check::PoeRule, prove::prove_poe};
pub(crate) use self::{check::PoeWitness, circuit::PoeCircuit};
