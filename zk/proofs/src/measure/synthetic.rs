//! Witnesses of sectors that would take too long to seal: they satisfy the circuits, but no chain
//! would ask for them.
//!
//! Goal: what a proof of a large profile costs, with true statements about commitments of the true
//! size. In a seal the challenged nodes are labelled by the rules; all other nodes hold labels that
//! nobody computed, and the challenges are picked here instead of by a seed after the commitment.

use std::collections::{BTreeMap, BTreeSet};

use blstrs::Scalar;
use ff::Field;
use ips_primitives::sector::Profile;
use ips_verifier::{graph::Graph, seal::SealChallenge};
use rand_chacha::ChaCha20Rng;
use rand_core::{RngCore, SeedableRng};

use super::sparse::SparseTree;
use crate::{
    agreed::{comm_r, poe_challenges, poe_statement, post_challenges},
    poe::PoeWitness,
    post::{Opening, PostWitness},
    scalar::at,
    seal::{labels::column, node_labels, ChallengeWitness, ColumnWitness, SealWitness},
};

fn rng() -> ChaCha20Rng {
    ChaCha20Rng::from_seed([8; 32])
}

/// Challenges of which none is a parent of another, so that labels can be given to all parents.
fn challenges(profile: Profile, rng: &mut ChaCha20Rng) -> Vec<SealChallenge> {
    let graph = Graph::of(&profile);
    let (mut nodes, mut parents) = (BTreeSet::new(), BTreeSet::new());
    let mut picked = Vec::new();
    while picked.len() < at(profile.seal_challenges) {
        let challenge = SealChallenge::at(&graph, 1 + rng.next_u32() % (profile.nodes() - 1));
        let [node, of_node @ ..] = challenge.indices();
        let apart = !parents.contains(&node)
            && !nodes.contains(&node)
            && !of_node.contains(&node)
            && of_node.iter().all(|parent| !nodes.contains(parent));
        if apart {
            nodes.insert(node);
            parents.extend(of_node);
            picked.push(challenge);
        }
    }
    picked
}

/// A seal witness of the profile's size that holds.
pub(super) fn seal_witness(profile: Profile) -> SealWitness {
    let mut rng = rng();
    let mut witness = SealWitness::blank(profile);
    witness.replica_id = Scalar::random(&mut rng);
    let picked = challenges(profile, &mut rng);
    let mut labels: BTreeMap<u32, Vec<Scalar>> = BTreeMap::new();
    let (mut replica, data) = (BTreeMap::new(), Scalar::random(&mut rng));
    for (challenge, place) in picked.into_iter().zip(&mut witness.challenges) {
        let [node, parents @ ..] = challenge.indices();
        place.at = challenge;
        place.data = data;
        for (parent, column) in parents.into_iter().zip(&mut place.columns) {
            let mut any = || Scalar::random(&mut rng);
            let of_parent = labels
                .entry(parent)
                .or_insert_with(|| (0..profile.layers).map(|_| any()).collect());
            column.labels.clone_from(of_parent);
        }
        let own = node_labels(profile, witness.replica_id, place);
        replica.insert(node, data + own[own.len() - 1]);
        labels.insert(node, own);
    }
    let columns = labels.iter().map(|(node, own)| (*node, column(own)));
    let tree = |fill, others| SparseTree::new(profile.tree_levels, fill, others);
    let tree_c = tree(Scalar::random(&mut rng), columns.collect());
    let tree_r = tree(Scalar::random(&mut rng), replica);
    let tree_d = tree(data, BTreeMap::new());
    witness.comm_c = tree_c.root();
    witness.comm_d = tree_d.root();
    witness.comm_r_last = tree_r.root();
    for place in &mut witness.challenges {
        open(place, [&tree_d, &tree_c, &tree_r]);
    }
    witness
}

fn open(place: &mut ChallengeWitness, [tree_d, tree_c, tree_r]: [&SparseTree; 3]) {
    let [node, parents @ ..] = place.at.indices();
    place.data_path = tree_d.path(node);
    place.column_path = tree_c.path(node);
    place.replica_path = tree_r.path(node);
    for (parent, ColumnWitness { path, .. }) in parents.into_iter().zip(&mut place.columns) {
        *path = tree_c.path(parent);
    }
}

/// A storage witness of a full partition that holds: each replica is one scalar over and over.
pub(super) fn post_witness(profile: Profile) -> PostWitness {
    let mut rng = rng();
    let mut witness = PostWitness::blank(profile);
    witness.randomness = Scalar::random(&mut rng);
    let mut trees = Vec::new();
    for slot in &mut witness.slots {
        let tree = SparseTree::new(
            profile.tree_levels,
            Scalar::random(&mut rng),
            BTreeMap::new(),
        );
        slot.comm_c = Scalar::random(&mut rng);
        slot.comm_r_last = tree.root();
        slot.comm_r = comm_r(slot.comm_c, slot.comm_r_last);
        trees.push(tree);
    }
    let statement = witness.statement();
    for (position, (slot, tree)) in (0..).zip(witness.slots.iter_mut().zip(trees)) {
        let asked = post_challenges(&profile, statement, position, slot.comm_r);
        slot.openings = asked
            .into_iter()
            .map(|index| opening(&tree, index))
            .collect();
    }
    witness
}

/// An extract witness that holds: the data is one scalar over and over.
pub(super) fn poe_witness(profile: Profile) -> PoeWitness {
    let mut rng = rng();
    let (data, rho) = (Scalar::random(&mut rng), Scalar::random(&mut rng));
    let tree = SparseTree::new(profile.tree_levels, data, BTreeMap::new());
    let comm_d = tree.root();
    let asked = poe_challenges(&profile, poe_statement(comm_d, rho));
    PoeWitness {
        comm_d,
        rho,
        openings: asked
            .into_iter()
            .map(|index| opening(&tree, index))
            .collect(),
    }
}

fn opening(tree: &SparseTree, index: u32) -> Opening {
    Opening {
        leaf: tree.leaf(index),
        path: tree.path(index),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{poe, post, seal};

    #[test]
    fn witnesses_hold_for_every_profile() {
        for profile in Profile::ALL {
            let witness = seal_witness(profile);
            assert_eq!(seal::check(profile, witness.statement(), &witness), Ok(()));
            let witness = post_witness(profile);
            assert_eq!(post::check(profile, witness.statement(), &witness), Ok(()));
            let witness = poe_witness(profile);
            let statement = poe_statement(witness.comm_d, witness.rho);
            assert_eq!(poe::check(profile, statement, &witness), Ok(()));
        }
    }
}
