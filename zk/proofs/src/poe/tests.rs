//! Extract relation: whole way to the verifier, one failing witness per rule, constraint counts.

mod random;
mod soundness;

use super::{
    check::{check, PoeRule, PoeWitness},
    prove_poe, PoeCircuit,
};
use crate::{
    params::ParamsCache, scalar::scalar_from_bytes, seal::tests::sample_data, testing::verifies,
    ProveError,
};
use bellpepper_core::test_cs::TestConstraintSystem;
use bellperson::Circuit;
use blstrs::Scalar;
use ff::Field;
use ips_primitives::sector::{CommD, Profile};
use ips_verifier::{groth16::CircuitKind, poe::poe_statement};

const PROFILE: Profile = Profile::TEST;
const RHO: [u8; 32] = [5; 32];

fn witness() -> PoeWitness {
    let data = sample_data(PROFILE);
    PoeWitness::open(PROFILE, data.tree(), scalar_from_bytes(&RHO).unwrap())
}

fn statement() -> Scalar {
    let witness = witness();
    crate::agreed::poe_statement(witness.comm_d, witness.rho)
}

fn system(statement: Scalar, witness: PoeWitness) -> TestConstraintSystem<Scalar> {
    let mut cs = TestConstraintSystem::new();
    PoeCircuit {
        profile: PROFILE,
        statement,
        witness,
    }
    .synthesize(&mut cs)
    .unwrap();
    cs
}

/// Native check and circuit must agree; returns the rule and the constraint that broke.
fn broken(statement: Scalar, witness: PoeWitness) -> (PoeRule, String) {
    let rule = check(PROFILE, statement, &witness).unwrap_err();
    let cs = system(statement, witness);
    (
        rule,
        cs.which_is_unsatisfied()
            .expect("the circuit refuses too")
            .to_owned(),
    )
}

#[test]
fn true_witness_holds_natively_and_as_constraints() {
    assert_eq!(check(PROFILE, statement(), &witness()), Ok(()));
    let cs = system(statement(), witness());
    assert_eq!(cs.which_is_unsatisfied(), None);
    assert_eq!(cs.num_inputs(), 2, "ONE and the statement");
}

#[test]
fn each_rule_refuses_its_own_lie() {
    let (rule, name) = broken(statement() + Scalar::ONE, witness());
    assert_eq!(
        (rule, &*name),
        (PoeRule::Statement, "statement is recomputed")
    );

    let mut lie = witness();
    lie.rho += Scalar::ONE;
    assert_eq!(broken(statement(), lie).0, PoeRule::Statement);

    let mut lie = witness();
    lie.comm_d += Scalar::ONE;
    assert_eq!(broken(statement(), lie).0, PoeRule::Statement);

    for opening in 0..4 {
        let mut lie = witness();
        lie.openings[opening].leaf += Scalar::ONE;
        let (rule, name) = broken(statement(), lie);
        assert_eq!(rule, PoeRule::Opening(opening));
        let prefix = format!("opening {opening}/path/level 0/selected");
        assert!(name.starts_with(&prefix), "{name}");
    }

    // A tree of other data leads to another root.
    let mut other = crate::seal::SectorData::new(PROFILE);
    other.push_piece(0, &[77; 100]).unwrap();
    let mut lie = witness();
    let others = PoeWitness::open(PROFILE, other.tree(), lie.rho);
    lie.openings[1] = others.openings[1].clone();
    assert_eq!(broken(statement(), lie).0, PoeRule::Opening(1));

    let mut lie = witness();
    for child in &mut lie.openings[3].path[2] {
        *child += Scalar::ONE;
    }
    assert_eq!(broken(statement(), lie).0, PoeRule::Opening(3));
}

#[test]
fn root_of_another_tree_is_refused() {
    // Every opening is a true path of a uniform tree, which is not the tree of `comm_d`.
    let mut lie = witness();
    let zeros = crate::seal::SectorData::new(PROFILE);
    for opening in &mut lie.openings {
        opening.leaf = Scalar::ZERO;
        opening.path = zeros.tree().path(0).unwrap();
    }
    let (rule, name) = broken(statement(), lie);
    assert_eq!(
        (rule, &*name),
        (PoeRule::Opening(0), "opening 0/root is comm_d")
    );
}

#[test]
fn constraint_counts_are_pinned() {
    for (profile, count, rows) in [
        (Profile::TEST, 5_560, 1 << 13),
        (Profile::DEV, 8_520, 1 << 14),
    ] {
        let mut cs = TestConstraintSystem::<Scalar>::new();
        PoeCircuit::blank(profile).synthesize(&mut cs).unwrap();
        assert_eq!(cs.num_constraints(), count, "{:?}", profile.id);
        assert!(cs.num_constraints() + cs.num_inputs() <= rows);
    }
}

#[test]
fn proofs_verify_and_only_for_their_statement() {
    let cache = ParamsCache::of_user().unwrap();
    let params = cache.load_or_generate(CircuitKind::Poe, PROFILE).unwrap();
    let data = sample_data(PROFILE);
    let proof = prove_poe(&params, PROFILE, data.tree(), &RHO).unwrap();
    assert!(verifies(
        &params,
        poe_statement(&data.comm_d(), &RHO).unwrap(),
        &proof
    ));
    assert!(!verifies(
        &params,
        poe_statement(&data.comm_d(), &[6; 32]).unwrap(),
        &proof
    ));
    assert!(!verifies(
        &params,
        poe_statement(&CommD::default(), &RHO).unwrap(),
        &proof
    ));
    let error = prove_poe(&params, Profile::DEV, data.tree(), &RHO).unwrap_err();
    assert!(matches!(error, ProveError::Params));
}
