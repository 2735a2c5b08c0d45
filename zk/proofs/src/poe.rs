//! Proofs of extract: whoever proves could read the data when the request was made.
//!
//! One module per side: [`check`] native, `circuit` as constraints, [`prove`] the prover.

mod check;
mod circuit;
mod prove;

#[cfg(test)]
mod tests;

pub(crate) use self::circuit::PoeCircuit;
pub use self::{check::PoeRule, prove::prove_poe};
