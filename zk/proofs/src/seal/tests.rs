//! Seal relation: whole way to the verifier, one failing witness per rule, constraint counts.

mod random;
mod shapes;
mod soundness;

use super::{
    check::{check, SealRule},
    labels::{all_layers, column, columns},
    prove_seal, replica, seal, SealCircuit, SealWitness, SealedSector, SectorData,
};
use crate::{params::ParamsCache, scalar::scalar_from_bytes, testing::verifies, ProveError};
use bellpepper_core::test_cs::TestConstraintSystem;
use bellperson::Circuit;
use blstrs::Scalar;
use ff::Field;
use ips_primitives::sector::{CommR, Profile, ReplicaId};
use ips_verifier::{
    graph::Graph,
    groth16::CircuitKind,
    seal::{seal_challenges, seal_statement, SealChallenge},
};
use std::sync::OnceLock;

const PROFILE: Profile = Profile::TEST;
const SEED: [u8; 32] = [4; 32];
/// The replica id of samples.
pub(crate) const REPLICA_ID: ReplicaId = ReplicaId([3; 32]);

/// Two pieces that fill most of a sector.
pub(crate) fn sample_data(profile: Profile) -> SectorData {
    let mut data = SectorData::new(profile);
    let half = usize::try_from(profile.payload_bytes() / 2).unwrap();
    let bytes: Vec<u8> = (0u32..)
        .map(|i| (i * i / 7 % 251) as u8)
        .take(half)
        .collect();
    let free = data.push_piece(0, &bytes).unwrap();
    data.push_piece(free + 1, &bytes[..half / 2]).unwrap();
    data
}

fn sealed() -> &'static SealedSector {
    static SEALED: OnceLock<SealedSector> = OnceLock::new();
    SEALED.get_or_init(|| seal(PROFILE, REPLICA_ID, &sample_data(PROFILE)).unwrap())
}

fn witness_of(sealed: &SealedSector) -> SealWitness {
    let picked = seal_challenges(&PROFILE, &SEED, &sealed.replica_id(), &sealed.comm_r(), 0);
    SealWitness::open(sealed, &picked).unwrap()
}

fn system(statement: Scalar, witness: SealWitness) -> TestConstraintSystem<Scalar> {
    let mut cs = TestConstraintSystem::new();
    SealCircuit {
        profile: PROFILE,
        statement,
        witness,
    }
    .synthesize(&mut cs)
    .unwrap();
    cs
}

/// Native check and circuit must agree; returns the rule and the constraint that broke.
fn broken(statement: Scalar, witness: SealWitness) -> (SealRule, String) {
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
    let witness = witness_of(sealed());
    let statement = witness.statement();
    assert_eq!(check(PROFILE, statement, &witness), Ok(()));
    let cs = system(statement, witness);
    assert_eq!(cs.which_is_unsatisfied(), None);
    assert_eq!(cs.num_inputs(), 2, "ONE and the statement");
}

#[test]
fn every_node_of_a_sector_can_be_challenged() {
    let graph = Graph::of(&PROFILE);
    for node in (1..PROFILE.nodes()).step_by(7) {
        let picked = [SealChallenge::at(&graph, node)];
        let witness = SealWitness::open(sealed(), &picked).unwrap();
        assert_eq!(
            check(PROFILE, witness.statement(), &witness),
            Ok(()),
            "node {node}"
        );
    }
}

#[test]
fn labels_depend_on_the_replica_id() {
    let id = scalar_from_bytes(&REPLICA_ID.0).unwrap();
    let mut both = all_layers(PROFILE, &[id, id + Scalar::ONE]);
    let (other, one) = (both.swap_remove(1), both.swap_remove(0));
    assert_eq!(one.len(), 2);
    assert!(one
        .iter()
        .zip(&other)
        .all(|(a, b)| a.iter().zip(b).all(|(a, b)| a != b)));
}

#[test]
fn sectors_side_by_side_are_each_by_itself() {
    let id = scalar_from_bytes(&REPLICA_ID.0).unwrap();
    let ids: Vec<_> = (0..11).map(|i| id + Scalar::from(i)).collect();
    for layers in [2, 4] {
        let profile = Profile { layers, ..PROFILE };
        let single: Vec<_> = ids
            .iter()
            .flat_map(|id| all_layers(profile, &[*id]))
            .collect();
        for count in [2, 8, 11] {
            assert_eq!(all_layers(profile, &ids[..count]), single[..count]);
        }
    }
    assert!(all_layers(PROFILE, &[]).is_empty());
}

#[test]
fn as_many_go_together_as_lanes_and_memory_allow() {
    for (waiting, together) in [(0, 1), (1, 1), (2, 2), (8, 8), (100, 8)] {
        assert_eq!(super::side_by_side(PROFILE, waiting), together);
    }
    // No machine holds the labels of one.
    let huge = Profile {
        layers: 1 << 20,
        ..Profile::PRODUCTION
    };
    assert_eq!(super::side_by_side(huge, 8), 1);
}

#[test]
fn columns_are_those_of_single_nodes() {
    let ids = [scalar_from_bytes(&REPLICA_ID.0).unwrap()];
    for layers in [2, 8, 11] {
        let labels = all_layers(Profile { layers, ..PROFILE }, &ids).swap_remove(0);
        let hashed = columns(&labels);
        for node in [0, 1, 100, hashed.len() - 1] {
            let own: Vec<_> = labels.iter().map(|layer| layer[node]).collect();
            assert_eq!(hashed[node], column(&own));
        }
    }
}

#[test]
fn lies_about_labels_are_refused() {
    let good = witness_of(sealed());
    let statement = good.statement();

    for parent in 0..14 {
        let mut lie = good.clone();
        lie.challenges[0].columns[parent].labels[0] += Scalar::ONE;
        let (rule, name) = broken(statement, lie);
        assert_eq!(rule, SealRule::ParentColumn);
        let expected = format!(
            "challenge 0/parent {parent}/column path/level 0/selected/child is the node below"
        );
        assert_eq!(name, expected);
    }

    let mut lie = good.clone();
    lie.challenges[0].columns[9].path[1][0] += Scalar::ONE;
    let (rule, name) = broken(statement, lie);
    assert_eq!(rule, SealRule::ParentColumn);
    assert!(
        name.starts_with("challenge 0/parent 9/column path/"),
        "{name}"
    );

    let mut lie = good.clone();
    lie.challenges[0].column_path[2][5] += Scalar::ONE;
    lie.challenges[0].column_path[2][6] += Scalar::ONE;
    let (rule, name) = broken(statement, lie);
    assert_eq!(rule, SealRule::Column);
    assert!(name.starts_with("challenge 0/column/column"), "{name}");

    let mut lie = good.clone();
    lie.replica_id += Scalar::ONE;
    let (rule, name) = broken(statement, lie);
    assert_eq!(rule, SealRule::Column);
    assert!(
        name.starts_with("challenge 0/column/column path/level 0/"),
        "{name}"
    );
}

#[test]
fn a_replica_with_one_wrong_label_is_refused_where_it_is_challenged() {
    let picked = seal_challenges(&PROFILE, &SEED, &REPLICA_ID, &sealed().comm_r(), 0);
    let node = picked[0].node as usize;
    for layer in 0..2 {
        let mut labels = sealed().labels().to_vec();
        labels[layer][node] += Scalar::ONE;
        let tree_d = sealed().tree_d().clone();
        let forged = replica::encode(PROFILE, REPLICA_ID, tree_d, labels);
        let witness = SealWitness::open(&forged, &picked).unwrap();
        let (rule, name) = broken(witness.statement(), witness);
        assert_eq!(rule, SealRule::Column);
        assert!(
            name.starts_with("challenge 0/column/column path/level 0/"),
            "{name}"
        );
    }
}

#[test]
fn lies_about_data_and_replica_are_refused() {
    let good = witness_of(sealed());
    let statement = good.statement();

    let mut lie = good.clone();
    lie.challenges[0].data += Scalar::ONE;
    let (rule, name) = broken(statement, lie);
    assert_eq!(rule, SealRule::Data);
    assert_eq!(
        name,
        "challenge 0/data path/level 0/selected/child is the node below"
    );

    let mut lie = good.clone();
    for child in &mut lie.challenges[0].replica_path[0] {
        *child += Scalar::ONE;
    }
    let (rule, name) = broken(statement, lie);
    assert_eq!(rule, SealRule::Replica);
    assert_eq!(
        name,
        "challenge 0/replica path/level 0/selected/child is the node below"
    );

    // Data of another sector with its own true path.
    let zeros = SectorData::new(PROFILE);
    let mut lie = good.clone();
    lie.challenges[0].data = Scalar::ZERO;
    lie.challenges[0].data_path = zeros.tree().path(lie.challenges[0].at.node).unwrap();
    let (rule, name) = broken(statement, lie);
    assert_eq!(
        (rule, &*name),
        (SealRule::Data, "challenge 0/data root is comm_d")
    );
}

#[test]
fn lies_about_commitments_are_refused() {
    let good = witness_of(sealed());
    let statement = good.statement();

    let mut lie = good.clone();
    lie.comm_c += Scalar::ONE;
    let (rule, name) = broken(statement, lie);
    assert_eq!(
        (rule, &*name),
        (
            SealRule::ParentColumn,
            "challenge 0/parent 0/column root is comm_c"
        )
    );

    let mut lie = good.clone();
    lie.comm_r_last += Scalar::ONE;
    let (rule, name) = broken(statement, lie);
    assert_eq!(
        (rule, &*name),
        (SealRule::Replica, "challenge 0/replica root is comm_r_last")
    );

    let mut lie = good.clone();
    lie.comm_d += Scalar::ONE;
    let (rule, name) = broken(statement, lie);
    assert_eq!(
        (rule, &*name),
        (SealRule::Data, "challenge 0/data root is comm_d")
    );

    let (rule, name) = broken(statement + Scalar::ONE, good);
    assert_eq!(
        (rule, &*name),
        (SealRule::Statement, "statement is recomputed")
    );
}

#[test]
fn lies_about_indices_are_refused() {
    let good = witness_of(sealed());
    let statement = good.statement();

    // A wrong parent, truly opened: only the transcript can tell.
    let graph = Graph::of(&PROFILE);
    let node = good.challenges[0].at.node;
    let mut at = SealChallenge::at(&graph, node);
    at.expander[3] = (at.expander[3] + 1) % PROFILE.nodes();
    let lie = SealWitness::open(sealed(), &[at]).unwrap();
    let (rule, name) = broken(statement, lie);
    // The label no longer follows, and the statement is another: the first one is reported.
    assert_eq!(rule, SealRule::Column);
    assert!(name.starts_with("challenge 0/column/"), "{name}");

    // Another challenge altogether, true in itself.
    let other = if node == 1 { 2 } else { 1 };
    let picked = [SealChallenge::at(&graph, other)];
    let lie = SealWitness::open(sealed(), &picked).unwrap();
    let (rule, name) = broken(statement, lie);
    assert_eq!(
        (rule, &*name),
        (SealRule::Statement, "statement is recomputed")
    );

    // Each single index bit is bound, both to a path and to the statement.
    let mut cs = system(statement, good);
    let names = (0..14).map(|parent| format!("parent {parent} index"));
    for name in names.chain(["node index".to_owned()]) {
        for bit in 0..9 {
            let path = format!("challenge 0/{name}/bit {bit}/boolean");
            let value = cs.get(&path);
            cs.set(&path, Scalar::ONE - value);
            assert!(cs.which_is_unsatisfied().is_some(), "{path}");
            cs.set(&path, value);
        }
    }
    assert_eq!(cs.which_is_unsatisfied(), None);
}

#[test]
fn constraint_counts_are_pinned() {
    for (profile, count, rows) in [
        (Profile::TEST, 26_283, 1 << 15),
        (Profile::DEV, 38_953, 1 << 16),
    ] {
        let mut cs = TestConstraintSystem::<Scalar>::new();
        SealCircuit::blank(profile).synthesize(&mut cs).unwrap();
        assert_eq!(cs.num_constraints(), count, "{:?}", profile.id);
        assert!(cs.num_constraints() + cs.num_inputs() <= rows);
    }
}

#[test]
fn a_witness_of_another_shape_is_refused() {
    let mut witness = witness_of(sealed());
    witness.challenges[0].columns.pop();
    assert_eq!(check(PROFILE, Scalar::ZERO, &witness), Err(SealRule::Shape));
    let mut cs = TestConstraintSystem::new();
    let circuit = SealCircuit {
        profile: PROFILE,
        statement: Scalar::ZERO,
        witness,
    };
    assert!(circuit.synthesize(&mut cs).is_err());
}

#[test]
fn proofs_verify_and_only_for_their_statement() {
    let cache = ParamsCache::of_user().unwrap();
    let params = cache.load_or_generate(CircuitKind::Seal, PROFILE).unwrap();
    let sealed = sealed();
    let proof = prove_seal(&params, PROFILE, sealed, &SEED, 0).unwrap();
    let (comm_d, comm_r) = (sealed.comm_d(), sealed.comm_r());
    let statement = |id, comm_r: &CommR, seed: &[u8; 32]| {
        let challenges = seal_challenges(&PROFILE, seed, id, comm_r, 0);
        seal_statement(id, &comm_d, comm_r, &challenges).unwrap()
    };
    assert!(verifies(
        &params,
        statement(&REPLICA_ID, &comm_r, &SEED),
        &proof
    ));
    assert!(!verifies(
        &params,
        statement(&ReplicaId([2; 32]), &comm_r, &SEED),
        &proof
    ));
    assert!(!verifies(
        &params,
        statement(&REPLICA_ID, &CommR([2; 32]), &SEED),
        &proof
    ));
    assert!(!verifies(
        &params,
        statement(&REPLICA_ID, &comm_r, &[5; 32]),
        &proof
    ));

    let error = prove_seal(&params, PROFILE, sealed, &SEED, 1).unwrap_err();
    assert!(matches!(error, ProveError::ProofIndex(1)));
    let error = prove_seal(&params, Profile::DEV, sealed, &SEED, 0).unwrap_err();
    assert!(matches!(error, ProveError::Params));

    let mut labels = sealed.labels().to_vec();
    labels[1].fill(Scalar::ZERO);
    let forged = replica::encode(PROFILE, REPLICA_ID, sealed.tree_d().clone(), labels);
    let error = prove_seal(&params, PROFILE, &forged, &SEED, 0).unwrap_err();
    assert!(matches!(error, ProveError::Seal(_)), "{error}");
}
