//! What chain and prover agree on: the field hash C8, the graph, the three statements, and Groth16
//! verification (`docs/protocol.md` §5).
//!
//! Goal: one definition of every rule that needs the scalar field, small enough to audit and usable
//! in WASM. Non-goals: circuits and proving (`ips-proofs`), chain state, byte contexts
//! (`ips_primitives::statement`).
//!
//! | module | subject |
//! |---|---|
//! | [`hash`] | scalars as bytes, C8 |
//! | [`tree`] | openings of the arity-8 trees |
//! | [`graph`] | parents of a node |
//! | [`replica`] | labels, columns, `comm_r` |
//! | [`seal`], [`post`], [`poe`] | statements and challenges |
//! | [`groth16`], [`keys`] | keys, verification, built-in keys |
#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

pub mod graph;
pub mod groth16;
pub mod hash;
pub mod keys;
pub mod poe;
pub mod post;
pub mod replica;
pub mod seal;
pub mod tree;
