//! Circuit and native twin agree on random witnesses, true and false.

use super::*;
use crate::{
    agreed::{poe_challenges, poe_statement},
    testing::{
        random::{witnesses, Dice, Verdicts},
        system::System,
    },
};

const WITNESSES: u32 = 100;

fn values(witness: &mut PoeWitness) -> Vec<&mut Scalar> {
    let mut all = vec![&mut witness.comm_d, &mut witness.rho];
    for opening in &mut witness.openings {
        all.push(&mut opening.leaf);
        all.extend(opening.path.iter_mut().flatten());
    }
    all
}

fn lie(dice: &mut Dice, profile: Profile, witness: &mut PoeWitness) {
    let at = dice.below(profile.poe_openings) as usize;
    let other = dice.below(profile.poe_openings) as usize;
    match dice.below(4) {
        0 => {
            let statement = poe_statement(witness.comm_d, witness.rho);
            let index = poe_challenges(&profile, statement)[at];
            dice.divert(&mut witness.openings[at].path, index);
        }
        // True if both are asked for the same leaf.
        1 => witness.openings[at] = witness.openings[other].clone(),
        2 => {
            let data = dice.data(profile);
            *witness = PoeWitness {
                comm_d: witness.comm_d,
                ..PoeWitness::open(profile, data.tree(), witness.rho)
            };
        }
        _ => dice.lie(values(witness)),
    }
}

#[test]
fn circuit_and_native_twin_agree_on_random_witnesses() {
    let mut verdicts = Verdicts::default();
    for number in witnesses(WITNESSES) {
        let mut dice = Dice::new(2, number);
        let profile = dice.profile();
        let data = dice.data(profile);
        let mut witness = PoeWitness::open(profile, data.tree(), dice.scalar());
        let mut statement = poe_statement(witness.comm_d, witness.rho);
        for _ in 0..dice.below(4).saturating_sub(1) {
            lie(&mut dice, profile, &mut witness);
        }
        if dice.one_of(2) {
            statement = poe_statement(witness.comm_d, witness.rho);
        } else if dice.one_of(8) {
            statement = dice.scalar();
        }
        let native = check(profile, statement, &witness).is_ok();
        let system = System::of(PoeCircuit {
            profile,
            statement,
            witness,
        });
        verdicts.note(number, native, &system.broken());
    }
    verdicts.are_mixed();
}
