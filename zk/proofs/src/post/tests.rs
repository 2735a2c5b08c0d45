//! Storage relation: whole way to the verifier, one failing witness per rule, constraint counts.

mod random;
mod shapes;
mod soundness;

use super::{
    check::{check, PostRule, PostWitness},
    prove_post, PostCircuit, PostSector,
};
use crate::{
    params::ParamsCache,
    scalar::scalar_from_bytes,
    seal::{seal, tests::sample_data},
    testing::verifies,
    ProveError,
};
use bellpepper_core::test_cs::TestConstraintSystem;
use bellperson::Circuit;
use blstrs::Scalar;
use ff::Field;
use ips_primitives::sector::{CommR, Profile, ReplicaId, Statement};
use ips_verifier::{
    groth16::CircuitKind,
    post::{post_statement, set_root},
};
use std::sync::OnceLock;

const PROFILE: Profile = Profile::TEST;
const R: [u8; 32] = [10; 32];

fn sectors() -> &'static [PostSector; 2] {
    static SECTORS: OnceLock<[PostSector; 2]> = OnceLock::new();
    SECTORS.get_or_init(|| {
        let data = sample_data(PROFILE);
        [1, 2].map(|id| {
            seal(PROFILE, ReplicaId([id; 32]), &data)
                .unwrap()
                .post_sector()
        })
    })
}

fn set() -> [Option<&'static PostSector>; 3] {
    let [first, second] = sectors();
    [Some(first), None, Some(second)]
}

fn statement_of(set: &[CommR], r: &[u8; 32]) -> Statement {
    post_statement(&set_root(set).unwrap(), r).unwrap()
}

fn witness() -> PostWitness {
    PostWitness::open(PROFILE, &set(), scalar_from_bytes(&R).unwrap())
}

fn system(statement: Scalar, witness: PostWitness) -> TestConstraintSystem<Scalar> {
    let mut cs = TestConstraintSystem::new();
    PostCircuit {
        profile: PROFILE,
        statement,
        witness,
    }
    .synthesize(&mut cs)
    .unwrap();
    cs
}

/// Native check and circuit must agree; returns the rule and the constraint that broke.
fn broken(statement: Scalar, witness: PostWitness) -> (PostRule, String) {
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
fn true_witnesses_hold_natively_and_as_constraints() {
    let none = PostWitness::open(PROFILE, &[], Scalar::ONE);
    for witness in [witness(), none] {
        let statement = witness.statement();
        assert_eq!(check(PROFILE, statement, &witness), Ok(()));
        let cs = system(statement, witness);
        assert_eq!(cs.which_is_unsatisfied(), None);
        assert_eq!(cs.num_inputs(), 2, "ONE and the statement");
    }
}

#[test]
fn each_rule_refuses_its_own_lie() {
    let good = witness();
    let statement = good.statement();

    let (rule, name) = broken(statement + Scalar::ONE, good.clone());
    assert_eq!(
        (rule, &*name),
        (PostRule::Statement, "statement is recomputed")
    );

    let mut lie = good.clone();
    lie.slots[0].comm_c += Scalar::ONE;
    let (rule, name) = broken(statement, lie);
    assert_eq!(
        (rule, &*name),
        (PostRule::CommR(0), "slot 0/comm_r is of its roots")
    );

    let mut lie = good.clone();
    lie.slots[2].openings[0].leaf += Scalar::ONE;
    let (rule, name) = broken(statement, lie);
    assert_eq!(rule, PostRule::Opening(2));
    assert_eq!(
        name,
        "slot 2/opening 0/path/level 0/selected/child is the node below"
    );

    let mut lie = good.clone();
    lie.slots[2].openings[0].path[2][0] += Scalar::ONE;
    let (rule, name) = broken(statement, lie);
    assert_eq!(rule, PostRule::Opening(2));
    assert!(name.starts_with("slot 2/opening 0/"), "{name}");

    // Another leaf than the challenged one, with its own true path.
    let tree = sectors()[0].tree_r();
    let mut lie = good.clone();
    let opening = &mut lie.slots[0].openings[0];
    let other = (0..512)
        .find(|i| tree.leaf(*i).unwrap() != opening.leaf)
        .unwrap();
    opening.leaf = tree.leaf(other).unwrap();
    opening.path = tree.path(other).unwrap();
    let (rule, name) = broken(statement, lie);
    assert_eq!(rule, PostRule::Opening(0));
    assert!(name.starts_with("slot 0/opening 0/path/"), "{name}");

    // A slot declared empty that the set root says is filled.
    let mut lie = good.clone();
    lie.slots[0].comm_r = Scalar::ZERO;
    let (rule, name) = broken(statement, lie);
    assert_eq!(
        (rule, &*name),
        (PostRule::Statement, "statement is recomputed")
    );

    // A sector claimed in a slot that the set root says is empty.
    let mut lie = good.clone();
    lie.slots[1] = lie.slots[0].clone();
    assert_eq!(broken(statement, lie).0, PostRule::Statement);
}

#[test]
fn a_filled_slot_cannot_raise_the_empty_flag() {
    let good = witness();
    let mut cs = system(good.statement(), good);
    cs.set("slot 0/empty/flag/boolean", Scalar::ONE);
    for inverse in [Scalar::ZERO, Scalar::ONE] {
        cs.set("slot 0/empty/inverse/num", inverse);
        let name = cs.which_is_unsatisfied().expect("the flag is forced");
        assert!(name.starts_with("slot 0/empty/"), "{name}");
    }
}

#[test]
fn flipped_index_bits_break_their_binding() {
    let good = witness();
    let mut cs = system(good.statement(), good);
    // Bit 0 of the squeezed value is bit 254 in the gadget's big-endian names.
    let name = "slot 0/challenge bits/strict/bit 254/boolean";
    let bit = cs.get(name);
    cs.set(name, Scalar::ONE - bit);
    let broken = cs
        .which_is_unsatisfied()
        .expect("bits are bound to the hash");
    assert!(broken.starts_with("slot 0/"), "{broken}");
}

#[test]
fn constraint_counts_are_pinned() {
    for (profile, count) in [(Profile::TEST, 9_647), (Profile::DEV, 24_487)] {
        let mut cs = TestConstraintSystem::<Scalar>::new();
        PostCircuit::blank(profile).synthesize(&mut cs).unwrap();
        assert_eq!(cs.num_constraints(), count, "{:?}", profile.id);
        assert!(cs.num_constraints() + cs.num_inputs() <= 1 << 15);
    }
}

#[test]
fn proofs_verify_with_an_empty_slot_and_only_for_their_statement() {
    let cache = ParamsCache::of_user().unwrap();
    let params = cache.load_or_generate(CircuitKind::Post, PROFILE).unwrap();
    let proof = prove_post(&params, PROFILE, &set(), &R).unwrap();

    let [first, second] = sectors();
    let comm_rs = [
        first.comm_r(),
        CommR::default(),
        second.comm_r(),
        CommR::default(),
    ];
    let statement = statement_of(&comm_rs, &R);
    assert!(verifies(&params, statement, &proof));
    let swapped = [
        second.comm_r(),
        CommR::default(),
        first.comm_r(),
        CommR::default(),
    ];
    let full = [
        first.comm_r(),
        first.comm_r(),
        second.comm_r(),
        CommR::default(),
    ];
    for set in [swapped, full] {
        let other = statement_of(&set, &R);
        assert!(!verifies(&params, other, &proof));
    }
    let other = statement_of(&comm_rs, &[8; 32]);
    assert!(!verifies(&params, other, &proof));

    let many = [Some(first); 5];
    let error = prove_post(&params, PROFILE, &many, &R).unwrap_err();
    assert!(matches!(error, ProveError::Partition { got: 5, limit: 4 }));
    let error = prove_post(&params, PROFILE, &set(), &[0xff; 32]).unwrap_err();
    assert!(matches!(error, ProveError::NotCanonical(_)));
    let error = prove_post(&params, Profile::DEV, &set(), &R).unwrap_err();
    assert!(matches!(error, ProveError::Params));
}

#[test]
fn proving_files_round_trip() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("post");
    let sector = &sectors()[0];
    sector.save(&path).unwrap();
    assert_eq!(&PostSector::load(PROFILE, &path).unwrap(), sector);
    assert!(PostSector::load(Profile::DEV, &path).is_err());
}
