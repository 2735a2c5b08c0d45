//! What a circuit is made of, without keeping it: how many rows and variables, and the digest.
//!
//! Goal: count and identify circuits of millions of rows in little memory. Non-goal: values; the
//! circuits are blank.

use bellperson::{Circuit, ConstraintSystem, Index, LinearCombination, SynthesisError, Variable};
use blake2::{Blake2s256, Digest};
use blstrs::Scalar;
use ff::Field;
use ips_primitives::sector::Profile;
use ips_verifier::groth16::CircuitKind;

use super::BlankCircuit;
use crate::scalar::scalar_to_bytes;

/// Numbers of a circuit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Rows that the circuit enforces.
    pub rows: usize,
    /// Public inputs, with the constant one.
    pub inputs: usize,
    /// Private variables.
    pub private: usize,
}

impl Shape {
    /// Counts by synthesis.
    ///
    /// # Errors
    /// What synthesis says: the profile does not fit the circuit.
    pub fn of(kind: CircuitKind, profile: Profile) -> Result<Self, SynthesisError> {
        let mut count = Count::new(None);
        BlankCircuit { kind, profile }.synthesize(&mut count)?;
        Ok(count.shape)
    }

    /// The digest that `TestConstraintSystem::hash` has for the circuit: BLAKE2s of the counts, then
    /// of each row's three combinations with their variables ascending. Two syntheses instead of a
    /// copy of all rows.
    ///
    /// # Errors
    /// What synthesis says: the profile does not fit the circuit.
    pub fn digest(kind: CircuitKind, profile: Profile) -> Result<String, SynthesisError> {
        let shape = Self::of(kind, profile)?;
        let mut hash = Blake2s256::new();
        for count in [shape.inputs, shape.private, shape.rows] {
            hash.update(big_endian(count));
        }
        let mut count = Count::new(Some(hash));
        BlankCircuit { kind, profile }.synthesize(&mut count)?;
        let sum = count.hash.map(Blake2s256::finalize).unwrap_or_default();
        Ok(hex::encode(sum))
    }

    /// Rows of the domain: those of the circuit and one per input, up to a power of two.
    pub fn domain(&self) -> usize {
        (self.rows + self.inputs).next_power_of_two()
    }
}

/// A `usize` always fits a `u64` on the supported targets.
fn big_endian(number: usize) -> [u8; 8] {
    u64::try_from(number).unwrap_or(u64::MAX).to_be_bytes()
}

/// Counts, and hashes rows if asked to.
struct Count {
    shape: Shape,
    hash: Option<Blake2s256>,
}

impl Count {
    /// Nothing but the constant one.
    fn new(hash: Option<Blake2s256>) -> Self {
        let shape = Shape {
            rows: 0,
            inputs: 1,
            private: 0,
        };
        Self { shape, hash }
    }
}

fn add_combination(hash: &mut Blake2s256, combination: &LinearCombination<Scalar>) {
    let terms = || {
        combination
            .iter()
            .filter(|(_, coefficient)| **coefficient != Scalar::ZERO)
    };
    hash.update(big_endian(terms().count()));
    for (variable, coefficient) in terms() {
        let (kind, index) = match variable.get_unchecked() {
            Index::Input(index) => (b'I', index),
            Index::Aux(index) => (b'A', index),
        };
        let mut bytes = scalar_to_bytes(coefficient);
        bytes.reverse();
        hash.update([kind]);
        hash.update(big_endian(index));
        hash.update(bytes);
    }
}

impl ConstraintSystem<Scalar> for Count {
    type Root = Self;

    fn alloc<F, A, AR>(&mut self, _: A, _: F) -> Result<Variable, SynthesisError>
    where
        F: FnOnce() -> Result<Scalar, SynthesisError>,
        A: FnOnce() -> AR,
        AR: Into<String>,
    {
        self.shape.private += 1;
        Ok(Variable::new_unchecked(Index::Aux(self.shape.private - 1)))
    }

    fn alloc_input<F, A, AR>(&mut self, _: A, _: F) -> Result<Variable, SynthesisError>
    where
        F: FnOnce() -> Result<Scalar, SynthesisError>,
        A: FnOnce() -> AR,
        AR: Into<String>,
    {
        self.shape.inputs += 1;
        Ok(Variable::new_unchecked(Index::Input(self.shape.inputs - 1)))
    }

    fn enforce<A, AR, LA, LB, LC>(&mut self, _: A, a: LA, b: LB, c: LC)
    where
        A: FnOnce() -> AR,
        AR: Into<String>,
        LA: FnOnce(LinearCombination<Scalar>) -> LinearCombination<Scalar>,
        LB: FnOnce(LinearCombination<Scalar>) -> LinearCombination<Scalar>,
        LC: FnOnce(LinearCombination<Scalar>) -> LinearCombination<Scalar>,
    {
        self.shape.rows += 1;
        if let Some(hash) = &mut self.hash {
            add_combination(hash, &a(LinearCombination::zero()));
            add_combination(hash, &b(LinearCombination::zero()));
            add_combination(hash, &c(LinearCombination::zero()));
        }
    }

    fn push_namespace<NR, N>(&mut self, _: N)
    where
        NR: Into<String>,
        N: FnOnce() -> NR,
    {
    }

    fn pop_namespace(&mut self) {}

    fn get_root(&mut self) -> &mut Self::Root {
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bellpepper_core::test_cs::TestConstraintSystem;

    #[test]
    fn counts_and_digest_are_those_of_the_test_system() {
        for kind in CircuitKind::ALL {
            let profile = Profile::TEST;
            let mut cs = TestConstraintSystem::<Scalar>::new();
            BlankCircuit { kind, profile }.synthesize(&mut cs).unwrap();
            let shape = Shape::of(kind, profile).unwrap();
            assert_eq!(shape.rows, cs.num_constraints());
            assert_eq!(shape.inputs, cs.num_inputs());
            assert_eq!(Shape::digest(kind, profile).unwrap(), cs.hash());
        }
    }

    /// Rows and the logarithm of the domain.
    fn pinned(kind: CircuitKind, profile: Profile) -> (usize, u32) {
        let shape = Shape::of(kind, profile).unwrap();
        assert_eq!(shape.inputs, 2, "ONE and the statement");
        (shape.rows, shape.domain().ilog2())
    }

    #[test]
    fn testnet_circuits_are_counted() {
        let profile = Profile::TESTNET;
        assert_eq!(pinned(CircuitKind::Seal, profile), (1_015_191, 20));
        assert_eq!(pinned(CircuitKind::Post, profile), (125_965, 17));
        assert_eq!(pinned(CircuitKind::Poe, profile), (18_884, 15));
    }

    #[test]
    fn production_circuits_are_counted() {
        let profile = Profile::PRODUCTION;
        assert_eq!(pinned(CircuitKind::Seal, profile), (2_079_931, 21));
        assert_eq!(pinned(CircuitKind::Post, profile), (1_046_380, 20));
        assert_eq!(pinned(CircuitKind::Poe, profile), (24_804, 15));
    }

    #[test]
    fn one_more_of_anything_is_another_power_of_two() {
        let more = |kind, profile| pinned(kind, profile).1;
        let profile = Profile::TESTNET;
        let seal = Profile {
            seal_challenges: profile.seal_challenges + 1,
            ..profile
        };
        assert_eq!(more(CircuitKind::Seal, seal), 21);
        let post = Profile {
            post_sectors: profile.post_sectors + 1,
            ..profile
        };
        assert_eq!(more(CircuitKind::Post, post), 18);
        let post = Profile {
            post_sectors: Profile::PRODUCTION.post_sectors + 1,
            ..Profile::PRODUCTION
        };
        assert_eq!(more(CircuitKind::Post, post), 21);
    }
}
