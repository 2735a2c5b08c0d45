//! The storage circuit taken apart: no variable is free but a hint, no row is idle, each rule is
//! needed.

use super::*;
use crate::{
    agreed::post_challenges,
    testing::{divert, system::System},
};
use std::collections::BTreeMap;

/// What the prover may choose; all else must follow from it and the statement.
const CHOSEN: [&str; 6] = [
    "randomness/num",
    "comm_r #/num",
    "slot #/comm_c/num",
    "slot #/comm_r_last/num",
    "slot #/opening #/leaf/num",
    "slot #/opening #/path/level #/child #/num",
];

/// The hint of an empty slot: the inverse of zero, which no rule uses. Slots 1 and 3 are empty.
const FREE: [&str; 2] = ["slot 1/empty/inverse/num", "slot 3/empty/inverse/num"];

const CHILD: &str = "slot #/opening #/path/level #/selected/child is the node below";
const ROOT: &str = "slot #/opening #/root is comm_r_last";
const COMM_R: &str = "slot #/comm_r is of its roots";

fn apart(statement: Scalar, witness: PostWitness) -> System {
    System::of(PostCircuit {
        profile: PROFILE,
        statement,
        witness,
    })
}

fn truth() -> System {
    apart(witness().statement(), witness())
}

#[test]
fn only_the_hint_of_an_empty_slot_is_free_and_no_row_is_idle() {
    let system = truth();
    assert_eq!(system.loose(), FREE);
    assert_eq!(system.undetermined(&CHOSEN), FREE);
    assert_eq!(system.idle_rows(), Vec::<&str>::new());
}

#[test]
fn groups_of_rows_are_pinned() {
    let strict = "slot #/challenge bits/strict";
    let expected = [
        ("set/level # hash #/rounds".to_owned(), 363),
        (COMM_R.to_owned(), 4),
        (format!("{strict}/bit #/boolean constraint"), 4 * 255),
        (
            format!("{strict}/run ending at #/and #/and constraint"),
            4 * 132,
        ),
        (format!("{strict}/unpacking constraint"), 4),
        (
            "slot #/challenge bits/value/is the combination".to_owned(),
            4,
        ),
        ("slot #/challenge hash/rounds".to_owned(), 4 * 363),
        ("slot #/comm_r hash/rounds".to_owned(), 4 * 363),
        ("slot #/empty/flag needs zero".to_owned(), 4),
        ("slot #/empty/flag/boolean constraint".to_owned(), 4),
        ("slot #/empty/zero raises the flag".to_owned(), 4),
        (
            "slot #/opening #/path/level #/hash/rounds".to_owned(),
            4 * 3 * 363,
        ),
        (CHILD.to_owned(), 4 * 3),
        (
            "slot #/opening #/path/level #/selected/pick # #/picked by the bit".to_owned(),
            4 * 3 * 6,
        ),
        (ROOT.to_owned(), 4),
        ("statement hash/rounds".to_owned(), 363),
        ("statement is recomputed".to_owned(), 1),
    ];
    let found = truth().groups();
    assert_eq!(found, BTreeMap::from(expected));
    assert_eq!(found.values().sum::<usize>(), 9_647);
}

/// The groups that a lie breaks, with its own statement; the native twin must refuse it too.
fn broken_by(lie: impl FnOnce(&mut PostWitness)) -> Vec<String> {
    let mut witness = witness();
    lie(&mut witness);
    let statement = witness.statement();
    assert!(check(PROFILE, statement, &witness).is_err());
    apart(statement, witness).broken()
}

/// The node that the slot is asked for.
fn asked(witness: &PostWitness, slot: u32) -> u32 {
    let comm_r = witness.slots[slot as usize].comm_r;
    post_challenges(&PROFILE, witness.statement(), slot, comm_r)[0]
}

#[test]
fn each_rule_is_needed_alone() {
    // Of an empty slot the circuit asks for a path that is consistent in itself.
    for slot in 0..4 {
        for level in 0..3 {
            let broken = broken_by(|witness| {
                let index = asked(witness, slot);
                let opening = &mut witness.slots[slot as usize].openings[0];
                divert(&mut opening.path, index, level);
            });
            assert_eq!(broken, [ROOT]);
        }
    }
    let broken = broken_by(|witness| witness.slots[2].openings[0].leaf += Scalar::ONE);
    assert_eq!(broken, [CHILD]);
    let broken = broken_by(|witness| witness.slots[2].comm_c += Scalar::ONE);
    assert_eq!(broken, [COMM_R]);
    let broken = broken_by(|witness| witness.slots[2].comm_r_last += Scalar::ONE);
    assert_eq!(broken, [COMM_R, ROOT]);
    let broken = apart(witness().statement() + Scalar::ONE, witness()).broken();
    assert_eq!(broken, ["statement is recomputed"]);
}

#[test]
fn a_made_up_comm_r_is_refused_by_one_rule_alone() {
    // Everything else is true: the openings are those that the made-up value is asked for.
    let broken = broken_by(|witness| {
        witness.slots[0].comm_r += Scalar::ONE;
        for (slot, tree) in [(0, sectors()[0].tree_r()), (2, sectors()[1].tree_r())] {
            let index = asked(witness, slot);
            let opening = &mut witness.slots[slot as usize].openings[0];
            opening.leaf = tree.leaf(index).unwrap();
            opening.path = tree.path(index).unwrap();
        }
    });
    assert_eq!(broken, [COMM_R]);
}

#[test]
fn openings_for_other_randomness_are_refused() {
    let broken = broken_by(|witness| witness.randomness += Scalar::ONE);
    assert_eq!(broken, [CHILD]);
}

/// Every scalar of the filled slots that the prover chooses.
fn values(witness: &mut PostWitness) -> Vec<&mut Scalar> {
    let mut all = vec![&mut witness.randomness];
    let slots = witness.slots.iter_mut();
    for slot in slots.filter(|slot| slot.comm_r != Scalar::ZERO) {
        all.extend([&mut slot.comm_r, &mut slot.comm_c, &mut slot.comm_r_last]);
        for opening in &mut slot.openings {
            all.push(&mut opening.leaf);
            all.extend(opening.path.iter_mut().flatten());
        }
    }
    all
}

#[test]
fn circuit_and_native_twin_refuse_every_changed_value() {
    let good = witness();
    let statement = good.statement();
    let count = values(&mut good.clone()).len();
    assert_eq!(count, 1 + 2 * (3 + 1 + 24));
    for at in 0..count {
        let mut lie = good.clone();
        *values(&mut lie)[at] += Scalar::from(at as u64 + 1);
        assert!(check(PROFILE, statement, &lie).is_err(), "value {at}");
        if at % 5 == 0 {
            assert!(!apart(statement, lie).broken().is_empty(), "value {at}");
        }
    }
}

#[test]
fn slots_and_challenges_are_data_not_code() {
    let profile = Profile {
        post_sectors: 10,
        post_challenges: 3,
        ..PROFILE
    };
    let [first, second] = sectors();
    let mut set = [Some(first); 10];
    (set[4], set[9]) = (None, Some(second));
    let randomness = scalar_from_bytes(&R).unwrap();
    let witness = PostWitness::open(profile, &set, randomness);
    let comm_rs = set.map(|sector| sector.map(PostSector::comm_r).unwrap_or_default());
    let statement = scalar_from_bytes(&statement_of(&comm_rs, &R).0).unwrap();
    assert_eq!(check(profile, statement, &witness), Ok(()));
    let system = System::of(PostCircuit {
        profile,
        statement,
        witness,
    });
    let free = ["slot 4/empty/inverse/num"];
    assert_eq!(system.loose(), free);
    assert_eq!(system.undetermined(&CHOSEN), free);
    assert_eq!(system.groups()["set/level # hash #/rounds"], 3 * 363);
    assert_eq!(system.groups()[ROOT], 30);
}
