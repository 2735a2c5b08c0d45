//! The seal circuit taken apart: no variable is free, no row is idle, each rule is needed.

use super::*;
use crate::{
    seal::witness::ChallengeWitness,
    testing::{divert, system::System},
};

/// What the prover may choose; all else must follow from it and the statement.
const CHOSEN: [&str; 10] = [
    "replica id/num",
    "comm_d/num",
    "comm_c/num",
    "comm_r_last/num",
    "challenge #/data node/num",
    "challenge #/parent #/label #/num",
    "challenge #/parent #/column path/level #/child #/num",
    "challenge #/column/column path/level #/child #/num",
    "challenge #/data path/level #/child #/num",
    "challenge #/replica path/level #/child #/num",
];

/// Every group of rows with its size: one challenge with 14 parents, 3 levels, 2 layers.
const GROUPS: [(&str, usize); 26] = [
    ("challenge #/column/column hash/rounds", 363),
    (
        "challenge #/column/column path/level #/hash/rounds",
        3 * 363,
    ),
    (
        "challenge #/column/column path/level #/selected/child is the node below",
        3,
    ),
    (
        "challenge #/column/column path/level #/selected/pick # #/picked by the bit",
        3 * 6,
    ),
    ("challenge #/column/column root is comm_c", 1),
    ("challenge #/data path/level #/hash/rounds", 3 * 363),
    (
        "challenge #/data path/level #/selected/child is the node below",
        3,
    ),
    (
        "challenge #/data path/level #/selected/pick # #/picked by the bit",
        3 * 6,
    ),
    ("challenge #/data root is comm_d", 1),
    ("challenge #/label #/first block/rounds", 363),
    ("challenge #/label #/only block/rounds", 363),
    ("challenge #/label #/second block/rounds", 363),
    ("challenge #/node index/bit #/boolean constraint", 9),
    (
        "challenge #/parent # index/bit #/boolean constraint",
        14 * 9,
    ),
    ("challenge #/parent #/column hash/rounds", 14 * 363),
    (
        "challenge #/parent #/column path/level #/hash/rounds",
        14 * 3 * 363,
    ),
    (
        "challenge #/parent #/column path/level #/selected/child is the node below",
        14 * 3,
    ),
    (
        "challenge #/parent #/column path/level #/selected/pick # #/picked by the bit",
        14 * 3 * 6,
    ),
    ("challenge #/parent #/column root is comm_c", 14),
    ("challenge #/replica path/level #/hash/rounds", 3 * 363),
    (
        "challenge #/replica path/level #/selected/child is the node below",
        3,
    ),
    (
        "challenge #/replica path/level #/selected/pick # #/picked by the bit",
        3 * 6,
    ),
    ("challenge #/replica root is comm_r_last", 1),
    ("comm_r/rounds", 363),
    ("statement is recomputed", 1),
    ("transcript/head/rounds", 363),
];

fn apart(statement: Scalar, witness: SealWitness) -> System {
    System::of(SealCircuit {
        profile: PROFILE,
        statement,
        witness,
    })
}

fn truth() -> System {
    let witness = witness_of(sealed());
    apart(witness.statement(), witness)
}

#[test]
fn no_variable_is_free_and_no_row_is_idle() {
    let system = truth();
    assert_eq!(system.loose(), Vec::<&str>::new());
    assert_eq!(system.undetermined(&CHOSEN), Vec::<&str>::new());
    assert_eq!(system.idle_rows(), Vec::<&str>::new());
}

#[test]
fn groups_of_rows_are_pinned() {
    let expected: Vec<_> = GROUPS
        .iter()
        .map(|(name, rows)| ((*name).to_owned(), *rows))
        .collect();
    let found: Vec<_> = truth().groups().into_iter().collect();
    assert_eq!(found, expected);
    assert_eq!(found.iter().map(|(_, rows)| rows).sum::<usize>(), 26_283);
}

/// The groups that a lie breaks, with its own statement; the native twin must refuse it too.
fn broken_by(lie: impl FnOnce(&mut SealWitness)) -> Vec<String> {
    let mut witness = witness_of(sealed());
    lie(&mut witness);
    let statement = witness.statement();
    assert!(check(PROFILE, statement, &witness).is_err());
    apart(statement, witness).broken()
}

fn of_challenge(lie: impl FnOnce(&mut ChallengeWitness)) -> Vec<String> {
    broken_by(|witness| lie(&mut witness.challenges[0]))
}

#[test]
fn each_root_is_needed_alone() {
    for level in 0..3 {
        for parent in [0, 5, 6, 13] {
            let broken = of_challenge(|challenge| {
                let index = challenge.at.indices()[1 + parent];
                divert(&mut challenge.columns[parent].path, index, level);
            });
            assert_eq!(broken, ["challenge #/parent #/column root is comm_c"]);
        }
        let broken = of_challenge(|challenge| {
            divert(&mut challenge.column_path, challenge.at.node, level);
        });
        assert_eq!(broken, ["challenge #/column/column root is comm_c"]);
        let broken = of_challenge(|challenge| {
            divert(&mut challenge.data_path, challenge.at.node, level);
        });
        assert_eq!(broken, ["challenge #/data root is comm_d"]);
        let broken = of_challenge(|challenge| {
            divert(&mut challenge.replica_path, challenge.at.node, level);
        });
        assert_eq!(broken, ["challenge #/replica root is comm_r_last"]);
    }
}

#[test]
fn each_value_is_bound_where_it_is_used() {
    let column = "challenge #/column/column path/level #/selected/child is the node below";
    let parent = "challenge #/parent #/column path/level #/selected/child is the node below";
    let data = "challenge #/data path/level #/selected/child is the node below";
    let replica = "challenge #/replica path/level #/selected/child is the node below";

    // Nothing but its column depends on an expander parent's label of the last layer.
    let broken = of_challenge(|challenge| challenge.columns[9].labels[1] += Scalar::ONE);
    assert_eq!(broken, [parent]);
    let broken = of_challenge(|challenge| challenge.columns[9].labels[0] += Scalar::ONE);
    assert_eq!(broken, [column, parent, replica]);
    let broken = of_challenge(|challenge| challenge.data += Scalar::ONE);
    assert_eq!(broken, [data, replica]);
    let broken = broken_by(|witness| witness.replica_id += Scalar::ONE);
    assert_eq!(broken, [column, replica]);
    let broken = broken_by(|witness| witness.comm_d += Scalar::ONE);
    assert_eq!(broken, ["challenge #/data root is comm_d"]);
    let broken = broken_by(|witness| witness.comm_r_last += Scalar::ONE);
    assert_eq!(broken, ["challenge #/replica root is comm_r_last"]);
    let broken = broken_by(|witness| witness.comm_c += Scalar::ONE);
    assert_eq!(
        broken,
        [
            "challenge #/column/column root is comm_c",
            "challenge #/parent #/column root is comm_c"
        ]
    );

    let witness = witness_of(sealed());
    let broken = apart(witness.statement() + Scalar::ONE, witness).broken();
    assert_eq!(broken, ["statement is recomputed"]);
}

/// Every scalar that the prover chooses.
fn values(witness: &mut SealWitness) -> Vec<&mut Scalar> {
    let mut all = vec![
        &mut witness.replica_id,
        &mut witness.comm_d,
        &mut witness.comm_c,
        &mut witness.comm_r_last,
    ];
    for challenge in &mut witness.challenges {
        all.push(&mut challenge.data);
        let paths = [
            &mut challenge.data_path,
            &mut challenge.replica_path,
            &mut challenge.column_path,
        ];
        all.extend(paths.into_iter().flatten().flatten());
        for column in &mut challenge.columns {
            all.extend(&mut column.labels);
            all.extend(column.path.iter_mut().flatten());
        }
    }
    all
}

#[test]
fn circuit_and_native_twin_refuse_every_changed_value() {
    let good = witness_of(sealed());
    let statement = good.statement();
    let count = values(&mut good.clone()).len();
    assert_eq!(count, 4 + 1 + 14 * 2 + 17 * 3 * 8);
    for at in 0..count {
        let mut lie = good.clone();
        *values(&mut lie)[at] += Scalar::from(at as u64 + 1);
        assert!(check(PROFILE, statement, &lie).is_err(), "value {at}");
        // Every 23rd as constraints too: coprime to 8 and 3, so all levels and children occur.
        if at % 23 == 0 {
            assert!(!apart(statement, lie).broken().is_empty(), "value {at}");
        }
    }
}

#[test]
fn circuit_and_native_twin_accept_any_challenged_node() {
    let graph = Graph::of(&PROFILE);
    for node in [1, 2, 300, 511] {
        let picked = [SealChallenge::at(&graph, node)];
        let witness = SealWitness::open(sealed(), &picked).unwrap();
        let statement = witness.statement();
        assert_eq!(check(PROFILE, statement, &witness), Ok(()));
        assert_eq!(apart(statement, witness).broken(), Vec::<String>::new());
    }
}

#[test]
fn layers_and_challenges_are_data_not_code() {
    let profile = Profile {
        layers: 3,
        seal_challenges: 3,
        ..PROFILE
    };
    let sealed = seal(profile, REPLICA_ID, &sample_data(profile)).unwrap();
    let (comm_d, comm_r) = (sealed.comm_d(), sealed.comm_r());
    let picked = seal_challenges(&profile, &SEED, &REPLICA_ID, &comm_r, 0);
    let witness = SealWitness::open(&sealed, &picked).unwrap();
    let of_chain = seal_statement(&REPLICA_ID, &comm_d, &comm_r, &picked).unwrap();
    let statement = scalar_from_bytes(&of_chain.0).unwrap();
    assert_eq!(check(profile, statement, &witness), Ok(()));
    let system = System::of(SealCircuit {
        profile,
        statement,
        witness,
    });
    assert_eq!(system.loose(), Vec::<&str>::new());
    assert_eq!(system.undetermined(&CHOSEN), Vec::<&str>::new());
    assert_eq!(system.groups()["transcript/words #/rounds"], 363);
}
