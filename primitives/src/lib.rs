//! The vocabulary of IPS: ids, sizes, schedules, deals, challenge derivations, statements.
//!
//! Goal: every rule that chain, prover, engine and client must agree on is written here once (or in
//! `ips-verifier`, if it needs the field hash). Non-goals: I/O, curves, anything of Substrate.
//!
//! | quantity | type | unit |
//! |---|---|---|
//! | fragment | [`fragment::FragmentSize`] | 8, 16, 32, 256 or 1024 KiB |
//! | slot | [`deal::OrderParams::slot_bytes`] | bytes, at most 16 MiB |
//! | slot leaf | [`slot::SLOT_LEAF_BYTES`] | 1024 bytes |
//! | node | [`sector::NODE_DATA_BYTES`] | 31 data bytes in one 32-byte scalar |
//! | sector | [`sector::Profile`] | `8^tree_levels` nodes |
//! | price | [`deal::PRICE_UNIT_BYTES`] | smallest token unit per MiB and block |
#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

pub mod challenge;
pub mod consent;
pub mod deal;
pub mod fragment;
pub mod hash;
pub mod id;
pub mod node_class;
pub mod placement;
pub mod proof_calls;
pub mod retrieval;
pub mod schedule;
pub mod sector;
pub mod slot;
pub mod statement;
pub mod view;
pub mod xcm;
