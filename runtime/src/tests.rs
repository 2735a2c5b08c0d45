//! Tests of the runtime as a whole, by topic: natively, on blocks with inherents and real extrinsics.

mod chain;
mod governance;
mod host_calls;
mod keys;
mod life;
mod market;
mod presets;
mod randomness;
mod shape;
pub(crate) mod xcm;
