//! Sealing a sector and proving that it was sealed.
//!
//! `data` to `labels` to `replica`, kept by `store`; then `witness`, `check` (native), `circuit`,
//! `prove`.

mod check;
mod circuit;
mod data;
pub(crate) mod labels;
mod prove;
mod replica;
mod store;
mod witness;

#[cfg(test)]
pub(crate) mod tests;

#[cfg(test)]
pub(crate) use self::check::check;
pub(crate) use self::{
    check::node_labels,
    circuit::SealCircuit,
    prove::checked_circuit,
    store::scalars_of,
    witness::{ChallengeWitness, ColumnWitness, SealWitness},
};
pub use self::{
    check::SealRule,
    data::{DataError, SectorData},
    prove::prove_seal,
    replica::{seal, seal_many, side_by_side, SealError, SealedSector},
    store::{seal_or_load, seal_or_load_many, SealJob, StoreError},
};
