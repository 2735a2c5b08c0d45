//! Whole storage nodes against the mock chain, over a real network on loopback.

mod dropped_blocks;
mod extracts;
mod lifecycle;
mod network;
mod payments;
mod proofs;
mod reading;
mod steps;
mod trust;
mod uploads;
mod world;
