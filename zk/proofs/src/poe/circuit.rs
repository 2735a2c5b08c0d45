//! The extract circuit: nodes of the data that the request picks open to `comm_d`. Native twin:
//! [`super::check`].
//!
//! One public input: the statement over `comm_d` and the request's randomness.

use bellperson::{Circuit, ConstraintSystem, SynthesisError};
use blstrs::Scalar;
use ff::Field;
use ips_primitives::sector::Profile;

use super::check::PoeWitness;
use crate::{
    agreed::{tag_poe, tag_poe_challenge},
    gadgets::{bits, c8::c8, equal, merkle, public_input, witness, Elt},
    scalar::at,
};

/// The circuit with the values of one proof.
#[derive(Clone, Debug)]
pub(crate) struct PoeCircuit {
    pub(crate) profile: Profile,
    pub(crate) statement: Scalar,
    pub(crate) witness: PoeWitness,
}

impl PoeCircuit {
    /// The circuit without values of meaning, for keys and digests.
    pub(crate) fn blank(profile: Profile) -> Self {
        Self {
            profile,
            statement: Scalar::ZERO,
            witness: PoeWitness::blank(profile),
        }
    }
}

impl Circuit<Scalar> for PoeCircuit {
    fn synthesize<CS: ConstraintSystem<Scalar>>(self, cs: &mut CS) -> Result<(), SynthesisError> {
        let Self {
            profile,
            statement,
            witness: values,
        } = self;
        if !values.has_shape(profile) {
            return Err(SynthesisError::Unsatisfiable);
        }
        let comm_d = witness(&mut *cs, "comm_d", values.comm_d)?;
        let rho = witness(&mut *cs, "rho", values.rho)?;
        let tag = Elt::constant::<CS>(tag_poe());
        let computed = c8(
            cs.namespace(|| "statement hash"),
            &[tag, comm_d.clone(), rho],
        )?;
        public_input(&mut *cs, statement, &computed)?;

        let tag = Elt::constant::<CS>(tag_poe_challenge());
        let squeezed = c8(cs.namespace(|| "challenge hash"), &[tag, computed])?;
        let bits = bits::strict(cs.namespace(|| "challenge bits"), &squeezed)?;
        let width = 3 * at(profile.tree_levels);
        for (i, opening) in values.openings.iter().enumerate() {
            let mut cs = cs.namespace(|| format!("opening {i}"));
            let index = bits
                .get(i * width..(i + 1) * width)
                .ok_or(SynthesisError::Unsatisfiable)?;
            let leaf = witness(&mut cs, "leaf", opening.leaf)?;
            let root = merkle::root(cs.namespace(|| "path"), leaf, index, &opening.path)?;
            equal(&mut cs, "root is comm_d", &root, &comm_d);
        }
        Ok(())
    }
}
