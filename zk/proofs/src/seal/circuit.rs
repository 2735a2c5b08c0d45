//! The seal circuit: sampled nodes of a replica were labelled from their parents and encode the
//! data. Native twin: [`super::check`].
//!
//! One public input: the statement over replica id, `comm_d`, `comm_r` and all index bits. The bits
//! that pick the Merkle positions are the very variables that the statement packs.

use bellpepper_core::boolean::Boolean;
use bellperson::{Circuit, ConstraintSystem, SynthesisError};
use blstrs::Scalar;
use ff::Field;
use ips_primitives::sector::{Profile, DRG_DEGREE};
use ips_verifier::seal::{FIRST_WORDS, INDEX_BITS, NEXT_WORDS};

use super::{
    labels::layer_base,
    witness::{ChallengeWitness, SealWitness},
};
use crate::{
    agreed::{tag_comm_r, tag_seal},
    c8::C8_ARITY,
    gadgets::{bits, c8::c8, equal, merkle, public_input, witness, Elt},
    scalar::at,
};

/// The circuit with the values of one proof.
#[derive(Clone, Debug)]
pub(crate) struct SealCircuit {
    pub(crate) profile: Profile,
    pub(crate) statement: Scalar,
    pub(crate) witness: SealWitness,
}

impl SealCircuit {
    /// The circuit without values of meaning, for keys and digests.
    pub(crate) fn blank(profile: Profile) -> Self {
        Self {
            profile,
            statement: Scalar::ZERO,
            witness: SealWitness::blank(profile),
        }
    }
}

/// What all challenges of a proof have in common.
struct Sector {
    profile: Profile,
    replica_id: Elt,
    comm_d: Elt,
    comm_c: Elt,
    comm_r_last: Elt,
}

impl Circuit<Scalar> for SealCircuit {
    fn synthesize<CS: ConstraintSystem<Scalar>>(self, cs: &mut CS) -> Result<(), SynthesisError> {
        let Self {
            profile,
            statement,
            witness: values,
        } = self;
        values
            .check_shape(profile)
            .map_err(|_| SynthesisError::Unsatisfiable)?;
        let sector = Sector {
            profile,
            replica_id: witness(&mut *cs, "replica id", values.replica_id)?,
            comm_d: witness(&mut *cs, "comm_d", values.comm_d)?,
            comm_c: witness(&mut *cs, "comm_c", values.comm_c)?,
            comm_r_last: witness(&mut *cs, "comm_r_last", values.comm_r_last)?,
        };
        let tag = Elt::constant::<CS>(tag_comm_r());
        let commitments = [tag, sector.comm_c.clone(), sector.comm_r_last.clone()];
        let comm_r = c8(cs.namespace(|| "comm_r"), &commitments)?;

        let mut words = Vec::new();
        for (i, challenge) in values.challenges.iter().enumerate() {
            let cs = cs.namespace(|| format!("challenge {i}"));
            words.extend(one_challenge(cs, &sector, challenge)?);
        }
        let head = [
            Elt::constant::<CS>(tag_seal()),
            sector.replica_id,
            sector.comm_d,
            comm_r,
        ];
        let computed = transcript(cs.namespace(|| "transcript"), head, &words)?;
        public_input(&mut *cs, statement, &computed)
    }
}

/// `C8(head, 4 words)`, then `C8(hash, 7 words)` until no word is left.
fn transcript<CS: ConstraintSystem<Scalar>>(
    mut cs: CS,
    head: [Elt; 4],
    words: &[Elt],
) -> Result<Elt, SynthesisError> {
    let (first, rest) = words.split_at(words.len().min(FIRST_WORDS));
    let mut hash = c8(cs.namespace(|| "head"), &[&head[..], first].concat())?;
    for (i, next) in rest.chunks(NEXT_WORDS).enumerate() {
        let cs = cs.namespace(|| format!("words {i}"));
        hash = c8(cs, &[&[hash][..], next].concat())?;
    }
    Ok(hash)
}

/// Constrains one challenge; returns its two words of packed indices.
fn one_challenge<CS: ConstraintSystem<Scalar>>(
    mut cs: CS,
    sector: &Sector,
    values: &ChallengeWitness,
) -> Result<[Elt; 2], SynthesisError> {
    let width = 3 * at(sector.profile.tree_levels);
    let node_bits = bits::alloc(cs.namespace(|| "node index"), values.at.node, width)?;
    let mut indices = vec![node_bits];
    for (i, parent) in values.at.indices().into_iter().skip(1).enumerate() {
        indices.push(bits::alloc(
            cs.namespace(|| format!("parent {i} index")),
            parent,
            width,
        )?);
    }

    let mut parent_labels = Vec::with_capacity(values.columns.len());
    for (i, column) in values.columns.iter().enumerate() {
        let mut cs = cs.namespace(|| format!("parent {i}"));
        let labels = column
            .labels
            .iter()
            .enumerate()
            .map(|(layer, value)| witness(&mut cs, &format!("label {}", layer + 1), *value))
            .collect::<Result<Vec<_>, _>>()?;
        opened_column(&mut cs, sector, &labels, &indices[i + 1], &column.path)?;
        parent_labels.push(labels);
    }

    let labels = node_labels(&mut cs, sector, &indices[0], &parent_labels)?;
    opened_column(
        &mut cs.namespace(|| "column"),
        sector,
        &labels,
        &indices[0],
        &values.column_path,
    )?;

    let data = witness(&mut cs, "data node", values.data)?;
    let root = merkle::root(
        cs.namespace(|| "data path"),
        data.clone(),
        &indices[0],
        &values.data_path,
    )?;
    equal(&mut cs, "data root is comm_d", &root, &sector.comm_d);

    let key = labels.last().ok_or(SynthesisError::Unsatisfiable)?;
    let replica = data.plus(key);
    let root = merkle::root(
        cs.namespace(|| "replica path"),
        replica,
        &indices[0],
        &values.replica_path,
    )?;
    equal(
        &mut cs,
        "replica root is comm_r_last",
        &root,
        &sector.comm_r_last,
    );

    Ok([pack::<CS>(&indices[..8]), pack::<CS>(&indices[8..])])
}

/// Enforces that the column of `labels` lies at `index` under `comm_c`.
fn opened_column<CS: ConstraintSystem<Scalar>>(
    cs: &mut CS,
    sector: &Sector,
    labels: &[Elt],
    index: &[Boolean],
    path: &[[Scalar; C8_ARITY]],
) -> Result<(), SynthesisError> {
    let column = column(cs.namespace(|| "column hash"), labels)?;
    let root = merkle::root(cs.namespace(|| "column path"), column, index, path)?;
    equal(cs, "column root is comm_c", &root, &sector.comm_c);
    Ok(())
}

/// The hash of a node's labels. Native twin: [`super::labels::column`].
fn column<CS: ConstraintSystem<Scalar>>(mut cs: CS, labels: &[Elt]) -> Result<Elt, SynthesisError> {
    match labels.split_at_checked(C8_ARITY) {
        Some((first, rest)) if !rest.is_empty() => {
            let first = c8(cs.namespace(|| "first block"), first)?;
            c8(
                cs.namespace(|| "second block"),
                &[&[first][..], rest].concat(),
            )
        }
        _ => c8(cs, labels),
    }
}

/// Recomputes the challenged node's labels of all layers from its parents'.
fn node_labels<CS: ConstraintSystem<Scalar>>(
    cs: &mut CS,
    sector: &Sector,
    node: &[Boolean],
    parents: &[Vec<Elt>],
) -> Result<Vec<Elt>, SynthesisError> {
    let (drg, expander) = parents.split_at(DRG_DEGREE);
    let mut labels = Vec::new();
    for layer in 0..at(sector.profile.layers) {
        let number = u32::try_from(layer + 1).map_err(|_| SynthesisError::Unsatisfiable)?;
        let base = sector.replica_id.clone();
        let base = base.plus(&Elt::constant::<CS>(layer_base(number)));
        let base = base.plus_bits::<CS>(node, Scalar::ONE);
        let mut first = vec![base];
        first.extend(drg.iter().map(|column| column[layer].clone()));
        let mut cs = cs.namespace(|| format!("label {number}"));
        let hash = match layer.checked_sub(1) {
            None => c8(cs.namespace(|| "only block"), &first)?,
            Some(below) => {
                let mut from_below = expander.iter().map(|column| column[below].clone());
                first.extend(from_below.next());
                let mut second = vec![c8(cs.namespace(|| "first block"), &first)?];
                second.extend(from_below);
                c8(cs.namespace(|| "second block"), &second)?
            }
        };
        labels.push(hash);
    }
    Ok(labels)
}

/// Packs up to eight indices into one word, `INDEX_BITS` each.
fn pack<CS: ConstraintSystem<Scalar>>(indices: &[Vec<Boolean>]) -> Elt {
    let step = Scalar::from(1u64 << INDEX_BITS);
    let (mut word, mut scale) = (Elt::zero(), Scalar::ONE);
    for index in indices {
        word = word.plus_bits::<CS>(index, scale);
        scale *= step;
    }
    word
}
