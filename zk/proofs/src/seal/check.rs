//! The native twin of the seal circuit: says which rule a witness breaks.
//!
//! Run before proving, so that a damaged sector is noticed in milliseconds.

use blstrs::Scalar;
use ips_primitives::sector::{Profile, DRG_DEGREE};

use super::{
    labels::{column, label, layer_base},
    witness::{ChallengeWitness, SealWitness},
};
use crate::{scalar::at, tree::path_root};

/// The rule of the seal relation that does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealRule {
    /// Lists of other lengths than the profile's.
    #[error("witness shape differs from the profile")]
    Shape,
    /// The statement is about other values or indices.
    #[error("statement does not match the witness")]
    Statement,
    /// A parent's labels do not open to `comm_c`.
    #[error("labels of a parent do not open to comm_c; seal the sector again")]
    ParentColumn,
    /// The recomputed labels do not open to `comm_c`.
    #[error("recomputed labels do not open to comm_c; seal the sector again")]
    Column,
    /// The data does not open to `comm_d`.
    #[error("data does not open to comm_d; seal the sector again")]
    Data,
    /// Data plus key does not open to `comm_r_last`.
    #[error("replica does not open to comm_r_last; seal the sector again")]
    Replica,
}

/// Checks every rule of the circuit.
pub(crate) fn check(
    profile: Profile,
    statement: Scalar,
    witness: &SealWitness,
) -> Result<(), SealRule> {
    witness.check_shape(profile).map_err(|_| SealRule::Shape)?;
    let limit = profile.nodes();
    for challenge in &witness.challenges {
        if challenge
            .at
            .indices()
            .into_iter()
            .any(|index| index >= limit)
        {
            return Err(SealRule::Shape);
        }
        check_one(profile, witness, challenge)?;
    }
    if witness.statement() != statement {
        return Err(SealRule::Statement);
    }
    Ok(())
}

/// The challenged node's labels of all layers, from its parents'.
pub(crate) fn node_labels(
    profile: Profile,
    replica_id: Scalar,
    challenge: &ChallengeWitness,
) -> Vec<Scalar> {
    let (drg, expander) = challenge.columns.split_at(DRG_DEGREE);
    let one = |number| {
        let layer = at(number - 1);
        let base = replica_id + layer_base(number) + Scalar::from(u64::from(challenge.at.node));
        let same: Vec<_> = drg.iter().map(|column| column.labels[layer]).collect();
        let below: Vec<_> = match layer.checked_sub(1) {
            None => Vec::new(),
            Some(below) => expander.iter().map(|column| column.labels[below]).collect(),
        };
        label(base, &same, &below)
    };
    (1..=profile.layers).map(one).collect()
}

fn check_one(
    profile: Profile,
    witness: &SealWitness,
    challenge: &ChallengeWitness,
) -> Result<(), SealRule> {
    let parents = challenge.at.indices().into_iter().skip(1);
    for (parent, values) in parents.zip(&challenge.columns) {
        let root = path_root(column(&values.labels), parent, &values.path);
        if root != Some(witness.comm_c) {
            return Err(SealRule::ParentColumn);
        }
    }
    let labels = node_labels(profile, witness.replica_id, challenge);
    let opens =
        |leaf, path: &[[Scalar; 8]], root| path_root(leaf, challenge.at.node, path) == Some(root);
    if !opens(column(&labels), &challenge.column_path, witness.comm_c) {
        return Err(SealRule::Column);
    }
    if !opens(challenge.data, &challenge.data_path, witness.comm_d) {
        return Err(SealRule::Data);
    }
    let key = labels[labels.len() - 1];
    if !opens(
        challenge.data + key,
        &challenge.replica_path,
        witness.comm_r_last,
    ) {
        return Err(SealRule::Replica);
    }
    Ok(())
}
