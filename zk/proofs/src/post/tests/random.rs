//! Circuit and native twin agree on random witnesses, true and false.

use super::*;
use crate::{
    agreed::{comm_r, post_challenges},
    testing::{
        random::{witnesses, Dice, Verdicts},
        system::System,
    },
    tree::Tree,
};

const WITNESSES: u32 = 80;

/// A sector of random leaves: a storage proof does not ask where a replica came from.
fn sector(dice: &mut Dice, profile: Profile) -> PostSector {
    let leaves = (0..profile.nodes()).map(|_| dice.scalar()).collect();
    PostSector::new(profile, dice.scalar(), Tree::build(leaves).unwrap())
}

fn values(witness: &mut PostWitness) -> Vec<&mut Scalar> {
    let mut all = vec![&mut witness.randomness];
    for slot in &mut witness.slots {
        all.extend([&mut slot.comm_r, &mut slot.comm_c, &mut slot.comm_r_last]);
        for opening in &mut slot.openings {
            all.push(&mut opening.leaf);
            all.extend(opening.path.iter_mut().flatten());
        }
    }
    all
}

fn lie(dice: &mut Dice, profile: Profile, witness: &mut PostWitness) {
    let at = dice.below(profile.post_sectors) as usize;
    let other = dice.below(profile.post_sectors) as usize;
    let statement = witness.statement();
    let slot = witness.slots[at].clone();
    match dice.below(7) {
        0 => {
            let position = u32::try_from(at).unwrap();
            let indices = post_challenges(&profile, statement, position, slot.comm_r);
            let opening = dice.below(profile.post_challenges) as usize;
            let path = &mut witness.slots[at].openings[opening].path;
            dice.divert(path, indices[opening]);
        }
        // True if both are empty, or the same.
        1 => witness.slots[at] = witness.slots[other].clone(),
        2 => witness.slots[at].openings = witness.slots[other].openings.clone(),
        3 => witness.slots[at] = super::super::check::SlotWitness::empty(profile),
        // Nobody asks for the `comm_c` of an empty slot.
        4 => witness.slots[at].comm_c = dice.scalar(),
        5 => {
            let slot = &mut witness.slots[at];
            slot.comm_c = dice.scalar();
            slot.comm_r = comm_r(slot.comm_c, slot.comm_r_last);
        }
        _ => dice.lie(values(witness)),
    }
}

#[test]
fn circuit_and_native_twin_agree_on_random_witnesses() {
    let mut verdicts = Verdicts::default();
    for number in witnesses(WITNESSES) {
        let mut dice = Dice::new(1, number);
        let profile = dice.profile();
        let sectors: Vec<_> = (0..profile.post_sectors)
            .map(|_| (!dice.one_of(3)).then(|| sector(&mut dice, profile)))
            .collect();
        let given: Vec<_> = sectors.iter().map(Option::as_ref).collect();
        let mut witness = PostWitness::open(profile, &given, dice.scalar());
        let mut statement = witness.statement();
        for _ in 0..dice.below(4).saturating_sub(1) {
            lie(&mut dice, profile, &mut witness);
        }
        if dice.one_of(2) {
            statement = witness.statement();
        } else if dice.one_of(8) {
            statement = dice.scalar();
        }
        let native = check(profile, statement, &witness).is_ok();
        let system = System::of(PostCircuit {
            profile,
            statement,
            witness,
        });
        verdicts.note(number, native, &system.broken());
    }
    verdicts.are_mixed();
}
