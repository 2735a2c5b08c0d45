//! Protocols spoken on streams of the swarm.

pub(crate) mod fragment;
