//! Whole storage nodes against the mock chain, over a real network on loopback.

mod extracts;
mod lifecycle;
mod network;
mod reading;
mod uploads;
mod world;
