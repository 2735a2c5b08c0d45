//! Circuits and prover of IPS: `seal`, `post` and `poe`, Groth16 over BLS12-381.
//!
//! Goal: turn data into sealed sectors and sectors into proofs that `ips-verifier` accepts. Each
//! relation has its native check, circuit and prover side by side. Non-goals: what chain and prover
//! agree on (that is `ips-verifier`: graph, statements, verification), scheduling, networking.

mod agreed;
mod c8;
pub mod ceremony;
pub mod comparison;
mod domain;
pub mod file;
mod gadgets;
pub mod measure;
mod memory;
pub mod params;
pub mod poe;
pub mod post;
mod prove;
mod scalar;
pub mod seal;
#[cfg(test)]
mod testing;
mod tree;
pub mod vectors;

pub use crate::{
    c8::{c8, c8_many, C8_ARITY},
    memory::NotEnoughMemory,
    prove::ProveError,
    scalar::{scalar_from_bytes, scalar_to_bytes, NotCanonical},
    tree::{LeafCount, Tree},
};
