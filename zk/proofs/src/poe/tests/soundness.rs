//! The extract circuit taken apart: no variable is free, no row is idle, each rule is needed.

use super::*;
use crate::{
    agreed::poe_challenges,
    testing::{divert, system::System},
};
use std::collections::BTreeMap;

/// What the prover may choose; all else must follow from it and the statement.
const CHOSEN: [&str; 4] = [
    "comm_d/num",
    "rho/num",
    "opening #/leaf/num",
    "opening #/path/level #/child #/num",
];

const CHILD: &str = "opening #/path/level #/selected/child is the node below";
const ROOT: &str = "opening #/root is comm_d";

fn apart(statement: Scalar, witness: PoeWitness) -> System {
    System::of(PoeCircuit {
        profile: PROFILE,
        statement,
        witness,
    })
}

fn statement_of(witness: &PoeWitness) -> Scalar {
    crate::agreed::poe_statement(witness.comm_d, witness.rho)
}

#[test]
fn no_variable_is_free_and_no_row_is_idle() {
    let system = apart(statement(), witness());
    assert_eq!(system.loose(), Vec::<&str>::new());
    assert_eq!(system.undetermined(&CHOSEN), Vec::<&str>::new());
    assert_eq!(system.idle_rows(), Vec::<&str>::new());
}

#[test]
fn groups_of_rows_are_pinned() {
    let strict = "challenge bits/strict";
    let expected = [
        (format!("{strict}/bit #/boolean constraint"), 255),
        (
            format!("{strict}/run ending at #/and #/and constraint"),
            132,
        ),
        (format!("{strict}/unpacking constraint"), 1),
        ("challenge bits/value/is the combination".to_owned(), 1),
        ("challenge hash/rounds".to_owned(), 363),
        ("opening #/path/level #/hash/rounds".to_owned(), 4 * 3 * 363),
        (CHILD.to_owned(), 4 * 3),
        (
            "opening #/path/level #/selected/pick # #/picked by the bit".to_owned(),
            4 * 3 * 6,
        ),
        (ROOT.to_owned(), 4),
        ("statement hash/rounds".to_owned(), 363),
        ("statement is recomputed".to_owned(), 1),
    ];
    let found = apart(statement(), witness()).groups();
    assert_eq!(found, BTreeMap::from(expected));
    assert_eq!(found.values().sum::<usize>(), 5_560);
}

/// The groups that a lie breaks, with its own statement; the native twin must refuse it too.
fn broken_by(lie: impl FnOnce(&mut PoeWitness)) -> Vec<String> {
    let mut witness = witness();
    lie(&mut witness);
    let statement = statement_of(&witness);
    assert!(check(PROFILE, statement, &witness).is_err());
    apart(statement, witness).broken()
}

#[test]
fn each_rule_is_needed_alone() {
    let asked = poe_challenges(&PROFILE, statement());
    for (opening, index) in asked.into_iter().enumerate() {
        for level in 0..3 {
            let broken =
                broken_by(|witness| divert(&mut witness.openings[opening].path, index, level));
            assert_eq!(broken, [ROOT]);
        }
        let broken = broken_by(|witness| witness.openings[opening].leaf += Scalar::ONE);
        assert_eq!(broken, [CHILD]);
    }
    let broken = broken_by(|witness| witness.rho += Scalar::ONE);
    assert_eq!(broken, [CHILD]);
    let broken = apart(statement() + Scalar::ONE, witness()).broken();
    assert_eq!(broken, ["statement is recomputed"]);
}

#[test]
fn openings_of_another_sector_are_refused_by_the_root_alone() {
    let broken = broken_by(|witness| {
        witness.comm_d += Scalar::ONE;
        let data = sample_data(PROFILE);
        let asked = poe_challenges(&PROFILE, statement_of(witness));
        for (opening, index) in witness.openings.iter_mut().zip(asked) {
            opening.leaf = data.tree().leaf(index).unwrap();
            opening.path = data.tree().path(index).unwrap();
        }
    });
    assert_eq!(broken, [ROOT]);
}

#[test]
fn circuit_and_native_twin_refuse_every_changed_value() {
    let good = witness();
    let values = |witness: &mut PoeWitness, at: usize| {
        let mut all = vec![&mut witness.comm_d, &mut witness.rho];
        for opening in &mut witness.openings {
            all.push(&mut opening.leaf);
            all.extend(opening.path.iter_mut().flatten());
        }
        *all[at] += Scalar::from(at as u64 + 1);
        all.len()
    };
    let count = values(&mut good.clone(), 0);
    assert_eq!(count, 2 + 4 * (1 + 24));
    for at in 0..count {
        let mut lie = good.clone();
        values(&mut lie, at);
        assert!(check(PROFILE, statement(), &lie).is_err(), "value {at}");
        if at % 5 == 0 {
            assert!(!apart(statement(), lie).broken().is_empty(), "value {at}");
        }
    }
}

#[test]
fn openings_are_data_not_code() {
    let profile = Profile {
        poe_openings: 28,
        ..PROFILE
    };
    let data = sample_data(profile);
    let witness = PoeWitness::open(profile, data.tree(), scalar_from_bytes(&RHO).unwrap());
    let of_chain = poe_statement(&data.comm_d(), &RHO).unwrap();
    let statement = scalar_from_bytes(&of_chain.0).unwrap();
    assert_eq!(check(profile, statement, &witness), Ok(()));
    let circuit = |profile, witness| PoeCircuit {
        profile,
        statement,
        witness,
    };
    let system = System::of(circuit(profile, witness.clone()));
    assert_eq!(system.loose(), Vec::<&str>::new());
    assert_eq!(system.groups()[ROOT], 28);

    // 29 openings of 9 bits are more bits than a scalar has.
    let wider = Profile {
        poe_openings: 29,
        ..PROFILE
    };
    let mut more = witness;
    more.openings.push(more.openings[0].clone());
    let mut cs = TestConstraintSystem::new();
    assert!(circuit(wider, more).synthesize(&mut cs).is_err());
}
