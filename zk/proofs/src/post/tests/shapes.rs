//! The storage circuit in the shape of `testnet` and `production`, small: several challenges per
//! sector.

use super::*;
use crate::{
    agreed::post_challenges,
    testing::{divert, system::System},
};

const THREE: Profile = Profile {
    post_challenges: 3,
    ..PROFILE
};

const CHILD: &str = "slot #/opening #/path/level #/selected/child is the node below";
const ROOT: &str = "slot #/opening #/root is comm_r_last";

fn good() -> PostWitness {
    PostWitness::open(THREE, &set(), scalar_from_bytes(&R).unwrap())
}

fn apart(statement: Scalar, witness: PostWitness) -> System {
    System::of(PostCircuit {
        profile: THREE,
        statement,
        witness,
    })
}

/// The groups that a lie breaks, with its own statement.
fn broken_by(lie: impl FnOnce(&mut PostWitness)) -> (PostRule, Vec<String>) {
    let mut witness = good();
    lie(&mut witness);
    let statement = witness.statement();
    let rule = check(THREE, statement, &witness).unwrap_err();
    (rule, apart(statement, witness).broken())
}

fn asked(witness: &PostWitness, slot: usize) -> Vec<u32> {
    let comm_r = witness.slots[slot].comm_r;
    let position = u32::try_from(slot).unwrap();
    post_challenges(&THREE, witness.statement(), position, comm_r)
}

#[test]
fn the_openings_are_disjoint_slices_of_one_strict_squeeze() {
    let witness = good();
    let one = PostWitness::open(PROFILE, &set(), scalar_from_bytes(&R).unwrap());
    for slot in [0, 2] {
        let nodes = asked(&witness, slot);
        assert_eq!(nodes.len(), 3);
        // The first slice is what a profile of one challenge asks for; the others go on from there.
        let comm_r = witness.slots[slot].comm_r;
        let position = u32::try_from(slot).unwrap();
        let first = post_challenges(&PROFILE, one.statement(), position, comm_r);
        assert_eq!(nodes[..1], first);
        assert!(nodes[0] != nodes[1] && nodes[1] != nodes[2]);
    }
    let groups = apart(witness.statement(), witness).groups();
    assert_eq!(groups["slot #/challenge hash/rounds"], 4 * 363);
    assert_eq!(
        groups["slot #/challenge bits/strict/bit #/boolean constraint"],
        4 * 255
    );
    assert_eq!(groups[ROOT], 4 * 3);
}

#[test]
fn only_the_hint_of_an_empty_slot_is_free_and_no_row_is_idle() {
    let witness = good();
    let system = apart(witness.statement(), witness);
    let free = ["slot 1/empty/inverse/num", "slot 3/empty/inverse/num"];
    assert_eq!(system.broken(), Vec::<String>::new());
    assert_eq!(system.loose(), free);
    assert_eq!(system.idle_rows(), Vec::<&str>::new());
}

#[test]
fn each_opening_is_needed_alone() {
    for slot in [0, 2] {
        for opening in 0..3 {
            for level in 0..3 {
                let found = broken_by(|witness| {
                    let index = asked(witness, slot)[opening];
                    divert(
                        &mut witness.slots[slot].openings[opening].path,
                        index,
                        level,
                    );
                });
                assert_eq!(found, (PostRule::Opening(slot), vec![ROOT.to_owned()]));
            }
            let found = broken_by(|witness| {
                witness.slots[slot].openings[opening].leaf += Scalar::ONE;
            });
            assert_eq!(found, (PostRule::Opening(slot), vec![CHILD.to_owned()]));
        }
    }
}

#[test]
fn an_opening_cannot_stand_for_another() {
    for (one, other) in [(0, 1), (1, 2), (0, 2)] {
        let found = broken_by(|witness| {
            let openings = &mut witness.slots[2].openings;
            openings[other] = openings[one].clone();
        });
        assert_eq!(found, (PostRule::Opening(2), vec![CHILD.to_owned()]));
        let found = broken_by(|witness| witness.slots[0].openings.swap(one, other));
        assert_eq!(found, (PostRule::Opening(0), vec![CHILD.to_owned()]));
    }
    let mut fewer = good();
    fewer.slots[0].openings.pop();
    let statement = fewer.statement();
    assert_eq!(check(THREE, statement, &fewer), Err(PostRule::Shape));
}
