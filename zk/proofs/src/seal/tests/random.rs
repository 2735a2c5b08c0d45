//! Circuit and native twin agree on random witnesses, true and false.

use super::*;
use crate::{
    seal::witness::ChallengeWitness,
    testing::{
        random::{witnesses, Dice, Verdicts},
        system::System,
    },
};

const WITNESSES: u32 = 40;

fn sector(dice: &mut Dice, profile: Profile) -> SealedSector {
    seal(profile, ReplicaId(dice.bytes()), &dice.data(profile)).unwrap()
}

/// A witness of `sealed` at random nodes.
fn opened(dice: &mut Dice, profile: Profile, sealed: &SealedSector) -> SealWitness {
    let graph = Graph::of(&profile);
    let picked: Vec<_> = (0..profile.seal_challenges)
        .map(|_| SealChallenge::at(&graph, 1 + dice.below(profile.nodes() - 1)))
        .collect();
    SealWitness::open(sealed, &picked).unwrap()
}

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

/// Another node or parent than the one that was opened, past the end now and then.
fn other_index(dice: &mut Dice, profile: Profile, challenge: &mut ChallengeWitness) {
    let index = dice.below(profile.nodes() + profile.nodes() / 8);
    match dice.below(15) {
        0 => challenge.at.node = index,
        parent @ 1..7 => challenge.at.drg[parent as usize - 1] = index,
        parent => challenge.at.expander[parent as usize - 7] = index,
    }
}

fn lie(dice: &mut Dice, profile: Profile, witness: &mut SealWitness) {
    let at = dice.below(profile.seal_challenges) as usize;
    let other = dice.below(profile.seal_challenges) as usize;
    let node = witness.challenges[at].at.node;
    let parent = dice.below(14) as usize;
    match dice.below(8) {
        0 => other_index(dice, profile, &mut witness.challenges[at]),
        1 => dice.divert(&mut witness.challenges[at].data_path, node),
        2 => dice.divert(&mut witness.challenges[at].replica_path, node),
        3 => dice.divert(&mut witness.challenges[at].column_path, node),
        4 => {
            let index = witness.challenges[at].at.indices()[1 + parent];
            dice.divert(&mut witness.challenges[at].columns[parent].path, index);
        }
        // True if the sector has one challenge, or the same one twice.
        5 => witness.challenges[at] = witness.challenges[other].clone(),
        // True if both parents are the same node.
        6 => {
            let columns = &mut witness.challenges[at].columns;
            columns.swap(parent, dice.below(14) as usize);
        }
        _ => dice.lie(values(witness)),
    }
}

#[test]
fn circuit_and_native_twin_agree_on_random_witnesses() {
    let mut verdicts = Verdicts::default();
    for number in witnesses(WITNESSES) {
        let mut dice = Dice::new(0, number);
        let profile = dice.profile();
        let sealed = sector(&mut dice, profile);
        let mut witness = opened(&mut dice, profile, &sealed);
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
        let system = System::of(SealCircuit {
            profile,
            statement,
            witness,
        });
        verdicts.note(number, native, &system.broken());
    }
    verdicts.are_mixed();
}
