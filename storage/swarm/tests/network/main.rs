//! Real swarms on loopback, in one process: transfers, uploads, extracts, hostile peers, limits.

// clippy.toml allows this in test functions only; everything here is test.
#![allow(clippy::unwrap_used)]

mod directory;
mod extract;
mod hostile;
mod lines;
mod proxy;
mod support;
mod transfer;
mod upload;
