//! The seal circuit in the shapes of `testnet` and `production`, small: several challenges, columns of
//! one hash and of two.

use super::*;
use crate::{
    seal::{labels, witness::ChallengeWitness},
    testing::{divert, system::System},
};

/// Like `testnet`: 4 layers, several challenges.
const FOUR: Profile = Profile {
    layers: 4,
    seal_challenges: 3,
    ..PROFILE
};

/// Like `production`: columns of two hashes.
const ELEVEN: Profile = Profile { layers: 11, ..FOUR };

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

const PARENT_CHILD: &str =
    "challenge #/parent #/column path/level #/selected/child is the node below";
const COLUMN_CHILD: &str =
    "challenge #/column/column path/level #/selected/child is the node below";
const REPLICA_CHILD: &str = "challenge #/replica path/level #/selected/child is the node below";
const DATA_CHILD: &str = "challenge #/data path/level #/selected/child is the node below";

/// A true witness, by way of the chain's own challenges and statement.
fn good(profile: Profile) -> (Scalar, SealWitness) {
    let sealed = seal(profile, REPLICA_ID, &sample_data(profile)).unwrap();
    let (comm_d, comm_r) = (sealed.comm_d(), sealed.comm_r());
    let picked = seal_challenges(&profile, &SEED, &REPLICA_ID, &comm_r, 1);
    let of_chain = seal_statement(&REPLICA_ID, &comm_d, &comm_r, &picked).unwrap();
    let witness = SealWitness::open(&sealed, &picked).unwrap();
    (scalar_from_bytes(&of_chain.0).unwrap(), witness)
}

fn apart(profile: Profile, statement: Scalar, witness: SealWitness) -> System {
    System::of(SealCircuit {
        profile,
        statement,
        witness,
    })
}

/// The rule and the groups that a lie breaks, with its own statement.
fn lie(
    profile: Profile,
    good: &SealWitness,
    lie: impl FnOnce(&mut SealWitness),
) -> (SealRule, Vec<String>) {
    let mut witness = good.clone();
    lie(&mut witness);
    let statement = witness.statement();
    let rule = check(profile, statement, &witness).unwrap_err();
    (rule, apart(profile, statement, witness).broken())
}

#[test]
fn no_variable_is_free_and_no_row_is_idle() {
    for profile in [FOUR, ELEVEN] {
        let (statement, witness) = good(profile);
        assert_eq!(check(profile, statement, &witness), Ok(()));
        let system = apart(profile, statement, witness);
        assert_eq!(system.loose(), Vec::<&str>::new());
        assert_eq!(system.undetermined(&CHOSEN), Vec::<&str>::new());
        assert_eq!(system.idle_rows(), Vec::<&str>::new());
        let groups = system.groups();
        let of = |name: &str| groups.get(name).copied().unwrap_or(0);
        let layers = profile.layers as usize;
        assert_eq!(of("challenge #/label #/only block/rounds"), 3 * 363);
        for block in ["first", "second"] {
            let name = format!("challenge #/label #/{block} block/rounds");
            assert_eq!(of(&name), 3 * (layers - 1) * 363);
            let one_per_column =
                |own: &str| format!("challenge #/{own}/column hash/{block} block/rounds");
            let two = usize::from(layers > 8);
            assert_eq!(of(&one_per_column("parent #")), 3 * 14 * 363 * two);
            assert_eq!(of(&one_per_column("column")), 3 * 363 * two);
        }
        let one = usize::from(layers <= 8);
        assert_eq!(
            of("challenge #/parent #/column hash/rounds"),
            3 * 14 * 363 * one
        );
        assert_eq!(of("challenge #/column/column hash/rounds"), 3 * 363 * one);
        // Six words: four in the head, two more.
        assert_eq!(of("transcript/head/rounds"), 363);
        assert_eq!(of("transcript/words #/rounds"), 363);
        assert_eq!(of("challenge #/parent #/column root is comm_c"), 3 * 14);
        for root in [
            "column/column root is comm_c",
            "data root is comm_d",
            "replica root is comm_r_last",
        ] {
            assert_eq!(of(&format!("challenge #/{root}")), 3);
        }
    }
}

/// Lies about one challenge of `profile`; what each breaks must not depend on which challenge it is.
fn each_rule_of_each_challenge(profile: Profile) {
    let (_, good) = good(profile);
    let broken = |number: usize, change: &dyn Fn(&mut ChallengeWitness)| {
        lie(profile, &good, |witness| {
            change(&mut witness.challenges[number])
        })
    };
    let last = profile.layers as usize - 1;
    for number in 0..3 {
        for level in [0, 2] {
            let diverted =
                |which: &dyn Fn(&mut ChallengeWitness) -> (&mut crate::tree::Path, u32)| {
                    broken(number, &|challenge| {
                        let (path, index) = which(challenge);
                        divert(path, index, level);
                    })
                };
            let own = "challenge #/";
            let found = diverted(&|c| {
                let index = c.at.indices()[1 + 7];
                (&mut c.columns[7].path, index)
            });
            let name = format!("{own}parent #/column root is comm_c");
            assert_eq!(found, (SealRule::ParentColumn, vec![name]));
            let found = diverted(&|c| (&mut c.column_path, c.at.node));
            let name = format!("{own}column/column root is comm_c");
            assert_eq!(found, (SealRule::Column, vec![name]));
            let found = diverted(&|c| (&mut c.data_path, c.at.node));
            assert_eq!(
                found,
                (SealRule::Data, vec![format!("{own}data root is comm_d")])
            );
            let found = diverted(&|c| (&mut c.replica_path, c.at.node));
            let name = format!("{own}replica root is comm_r_last");
            assert_eq!(found, (SealRule::Replica, vec![name]));
        }
        let found = broken(number, &|c| c.data += Scalar::ONE);
        assert_eq!(
            found,
            (
                SealRule::Data,
                [DATA_CHILD, REPLICA_CHILD].map(str::to_owned).to_vec()
            )
        );
        // An expander parent's label is in its column; below the last layer it also makes the node's own
        // label of the layer above, and that of the last layer is the key.
        let found = broken(number, &|c| c.columns[9].labels[last] += Scalar::ONE);
        assert_eq!(
            found,
            (SealRule::ParentColumn, vec![PARENT_CHILD.to_owned()])
        );
        for layer in [0, last / 2, last - 1] {
            let (rule, groups) = broken(number, &|c| c.columns[9].labels[layer] += Scalar::ONE);
            assert_eq!(rule, SealRule::ParentColumn);
            let key = (layer + 1 == last).then_some(REPLICA_CHILD);
            let both = [COLUMN_CHILD, PARENT_CHILD].into_iter();
            assert_eq!(groups, both.chain(key).collect::<Vec<_>>());
        }
    }
}

#[test]
fn each_rule_is_needed_in_each_challenge_of_four_layers() {
    each_rule_of_each_challenge(FOUR);
}

#[test]
fn each_rule_is_needed_in_each_challenge_of_eleven_layers() {
    each_rule_of_each_challenge(ELEVEN);
}

#[test]
fn a_wrong_label_in_any_layer_is_refused_where_it_is_challenged() {
    for profile in [FOUR, ELEVEN] {
        let sealed = seal(profile, REPLICA_ID, &sample_data(profile)).unwrap();
        let picked = seal_challenges(&profile, &SEED, &REPLICA_ID, &sealed.comm_r(), 0);
        for layer in 0..profile.layers as usize {
            let node = picked[layer % 3].node as usize;
            let mut labels = sealed.labels().to_vec();
            labels[layer][node] += Scalar::ONE;
            let forged = replica::encode(profile, REPLICA_ID, sealed.tree_d().clone(), labels);
            let witness = SealWitness::open(&forged, &picked).unwrap();
            let statement = witness.statement();
            let rule = check(profile, statement, &witness);
            assert_eq!(rule, Err(SealRule::Column), "layer {layer}");
            if layer % 4 == 0 {
                let broken = apart(profile, statement, witness).broken();
                assert!(broken.contains(&COLUMN_CHILD.to_owned()), "layer {layer}");
            }
        }
    }
}

#[test]
fn challenges_are_bound_in_their_order_and_number() {
    for profile in [FOUR, ELEVEN] {
        let (statement, good) = good(profile);
        let mut swapped = good.clone();
        swapped.challenges.swap(0, 2);
        let mut repeated = good.clone();
        repeated.challenges[1] = good.challenges[0].clone();
        for lie in [swapped, repeated] {
            // True in itself, but not what the statement asks for.
            assert_eq!(check(profile, lie.statement(), &lie), Ok(()));
            assert_eq!(check(profile, statement, &lie), Err(SealRule::Statement));
            let broken = apart(profile, statement, lie).broken();
            assert_eq!(broken, ["statement is recomputed"]);
        }
        let mut fewer = good.clone();
        fewer.challenges.pop();
        assert_eq!(check(profile, statement, &fewer), Err(SealRule::Shape));
        let mut cs = TestConstraintSystem::new();
        let circuit = SealCircuit {
            profile,
            statement,
            witness: fewer,
        };
        assert!(circuit.synthesize(&mut cs).is_err());
    }
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
    for profile in [FOUR, ELEVEN] {
        let (statement, good) = good(profile);
        let count = values(&mut good.clone()).len();
        let layers = profile.layers as usize;
        assert_eq!(count, 4 + 3 * (1 + 14 * layers + 17 * 3 * 8));
        for at in 0..count {
            let mut lie = good.clone();
            *values(&mut lie)[at] += Scalar::from(at as u64 + 1);
            assert!(check(profile, statement, &lie).is_err(), "value {at}");
            // A few as constraints too: a prime step, so that all kinds of values occur.
            if at % 127 == 0 {
                let broken = apart(profile, statement, lie).broken();
                assert!(!broken.is_empty(), "value {at}");
            }
        }
    }
}

#[test]
fn columns_are_the_verifiers_up_to_the_most_layers() {
    use ips_verifier::{hash, replica};
    for layers in 1..=15u64 {
        let ours: Vec<_> = (0..layers).map(|i| Scalar::from(i * i + 3)).collect();
        let theirs: Vec<_> = (0..layers).map(|i| hash::Scalar::from(i * i + 3)).collect();
        let expected = hash::scalar_to_bytes(&replica::column(&theirs));
        assert_eq!(labels::column(&ours), scalar_from_bytes(&expected).unwrap());
    }
}
