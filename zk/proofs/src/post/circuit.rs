//! The storage circuit: every filled slot of a partition opens where the statement says. Native
//! twin: [`super::check`].
//!
//! One public input: the statement over the set root and the randomness. The same statement is
//! hashed into each slot's challenge, so no slot can choose what it opens.

use bellperson::{Circuit, ConstraintSystem, SynthesisError};
use blstrs::Scalar;
use ff::Field;
use ips_primitives::sector::Profile;

use super::check::{PostWitness, SlotWitness};
use crate::{
    agreed::{tag_comm_r, tag_post, tag_post_challenge},
    gadgets::{bits, c8::c8, equal, merkle, public_input, witness, zero, Elt},
    scalar::at,
};

/// The circuit with the values of one proof.
#[derive(Clone, Debug)]
pub(crate) struct PostCircuit {
    pub(crate) profile: Profile,
    pub(crate) statement: Scalar,
    pub(crate) witness: PostWitness,
}

impl PostCircuit {
    /// The circuit without values of meaning, for keys and digests.
    pub(crate) fn blank(profile: Profile) -> Self {
        Self {
            profile,
            statement: Scalar::ZERO,
            witness: PostWitness::blank(profile),
        }
    }
}

impl Circuit<Scalar> for PostCircuit {
    fn synthesize<CS: ConstraintSystem<Scalar>>(self, cs: &mut CS) -> Result<(), SynthesisError> {
        let Self {
            profile,
            statement,
            witness: values,
        } = self;
        if !values.has_shape(profile) {
            return Err(SynthesisError::Unsatisfiable);
        }
        let randomness = witness(&mut *cs, "randomness", values.randomness)?;
        let comm_rs = values
            .slots
            .iter()
            .enumerate()
            .map(|(i, slot)| witness(&mut *cs, &format!("comm_r {i}"), slot.comm_r))
            .collect::<Result<Vec<_>, _>>()?;
        let set_root = fold(cs.namespace(|| "set"), comm_rs.clone())?;
        let tag = Elt::constant::<CS>(tag_post());
        let computed = c8(
            cs.namespace(|| "statement hash"),
            &[tag, set_root, randomness],
        )?;
        public_input(&mut *cs, statement, &computed)?;
        for (i, (slot, comm_r)) in values.slots.iter().zip(comm_rs).enumerate() {
            let position = u64::try_from(i).map_err(|_| SynthesisError::Unsatisfiable)?;
            let position = Elt::constant::<CS>(Scalar::from(position));
            let tag = Elt::constant::<CS>(tag_post_challenge());
            let challenge = [tag, computed.clone(), position, comm_r];
            one_slot(
                cs.namespace(|| format!("slot {i}")),
                profile,
                &challenge,
                slot,
            )?;
        }
        Ok(())
    }
}

/// Hashes eight by eight, padded with zeros, until one is left; at least once.
fn fold<CS: ConstraintSystem<Scalar>>(
    mut cs: CS,
    mut level: Vec<Elt>,
) -> Result<Elt, SynthesisError> {
    let mut depth = 0;
    loop {
        level = level
            .chunks(8)
            .enumerate()
            .map(|(i, chunk)| c8(cs.namespace(|| format!("level {depth} hash {i}")), chunk))
            .collect::<Result<_, _>>()?;
        depth += 1;
        if level.len() <= 1 {
            return level.pop().ok_or(SynthesisError::Unsatisfiable);
        }
    }
}

/// Constrains one slot; `challenge` is tag, statement, position and the slot's `comm_r`.
fn one_slot<CS: ConstraintSystem<Scalar>>(
    mut cs: CS,
    profile: Profile,
    challenge: &[Elt; 4],
    values: &SlotWitness,
) -> Result<(), SynthesisError> {
    let comm_r = &challenge[3];
    let empty = zero::is_zero(cs.namespace(|| "empty"), comm_r)?;
    let comm_c = witness(&mut cs, "comm_c", values.comm_c)?;
    let comm_r_last = witness(&mut cs, "comm_r_last", values.comm_r_last)?;

    let tag = Elt::constant::<CS>(tag_comm_r());
    let computed = c8(
        cs.namespace(|| "comm_r hash"),
        &[tag, comm_c, comm_r_last.clone()],
    )?;
    zero::equal_unless(&mut cs, "comm_r is of its roots", &empty, &computed, comm_r);

    let squeezed = c8(cs.namespace(|| "challenge hash"), challenge)?;
    let bits = bits::strict(cs.namespace(|| "challenge bits"), &squeezed)?;
    let width = 3 * at(profile.tree_levels);
    for (i, opening) in values.openings.iter().enumerate() {
        let mut cs = cs.namespace(|| format!("opening {i}"));
        let index = bits
            .get(i * width..(i + 1) * width)
            .ok_or(SynthesisError::Unsatisfiable)?;
        let leaf = witness(&mut cs, "leaf", opening.leaf)?;
        let root = merkle::root(cs.namespace(|| "path"), leaf, index, &opening.path)?;
        // Not switched off in an empty slot: there `comm_r_last` is free and bound to nothing.
        equal(&mut cs, "root is comm_r_last", &root, &comm_r_last);
    }
    Ok(())
}
