//! The second phase of a Groth16 set-up, made by several parties one after the other.
//!
//! Goal: from powers of tau of a first phase to parameters whose δ nobody knows unless all parties
//! kept or shared their secrets; anybody can verify the whole chain. Each party multiplies δ by a
//! secret of its own, proves that it knows it, and hands the file on; a public beacon is the last
//! (Bowe, Gabizon, Miers 2017/1050, as done for Sapling). Non-goals: the first phase, transport.
//!
//! Memory: a contribution streams, some MiB whatever the circuit. Deriving the initial parameters,
//! which `start`, `verify` and `export` do, takes about 4 kB per row of the domain.
//!
//! `docs/ceremony.md` says how parties run it.

mod beacon;
mod contribute;
mod error;
mod export;
mod initial;
mod knowledge;
mod lagrange;
mod matrix;
mod payload;
mod phase_one;
mod points;
mod record;
mod transcript;
mod verify;

#[cfg(test)]
mod tests;

pub use self::{
    beacon::Beacon,
    contribute::{apply_beacon, contribute},
    error::{CeremonyError, Fault, Part},
    export::{export, Exported},
    initial::{Initial, Source},
    knowledge::Secret,
    record::{CeremonyHash, Contribution, Header, HeaderFault, Origin, OriginHash},
    transcript::{Transcript, CONTRIBUTORS_MIN},
    verify::{verify, Verified},
};
