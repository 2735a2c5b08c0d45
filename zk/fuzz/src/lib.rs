//! What the fuzz targets share.
//!
//! Goal: each target is a decoder and what must hold of whatever it accepts. Non-goal: finding bytes;
//! libFuzzer does, from the seeds that `seeds` writes.
//!
//! | module | subject |
//! |---|---|
//! | [`memory`] | decoders may not allocate much more than they were sent |
//! | [`edit`] | bytes as a list of changes to a recorded proof |

pub mod edit;
pub mod memory;
