//! Our graph is Filecoin's: the same parents at random nodes of every sector size.
#![allow(clippy::unwrap_used)]

use filecoin_hashers::poseidon::PoseidonHasher;
use ips_verifier::graph::Graph;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha20Rng;
use storage_proofs_core::{api_version::ApiVersion, drgraph::BASE_DEGREE};
use storage_proofs_porep::stacked::{StackedBucketGraph, EXP_DEGREE};

/// Random nodes per size and version; the first and last ones come on top.
const NODES: usize = 500;

fn compare(nodes: u32, porep_id: [u8; 32], version: ApiVersion, rng: &mut ChaCha20Rng) {
    let ours = Graph::new(nodes, porep_id);
    let theirs = StackedBucketGraph::<PoseidonHasher>::new_stacked(
        nodes as usize,
        BASE_DEGREE,
        EXP_DEGREE,
        porep_id,
        version,
    )
    .unwrap();
    let edges = [0, 1, 2, 3, nodes / 2, nodes - 2, nodes - 1];
    let random: Vec<u32> = (0..NODES).map(|_| rng.gen_range(0..nodes)).collect();
    for node in edges.into_iter().chain(random) {
        let mut drg = [0; BASE_DEGREE];
        theirs.base_parents(node as usize, &mut drg).unwrap();
        assert_eq!(ours.drg_parents(node), drg, "{nodes} nodes, node {node}");
        let mut expander = [0; EXP_DEGREE];
        theirs
            .expanded_parents(node as usize, &mut expander)
            .unwrap();
        assert_eq!(
            ours.expander_parents(node),
            expander,
            "{nodes} nodes, node {node}"
        );
    }
}

#[test]
fn parents_are_filecoins_in_every_sector_size() {
    let seed: [u8; 32] = rand::thread_rng().gen();
    println!("seed {seed:?}");
    let mut rng = ChaCha20Rng::from_seed(seed);
    for levels in 3..=10 {
        for version in [ApiVersion::V1_1_0, ApiVersion::V1_2_0] {
            let porep_id = rng.gen();
            compare(1 << (3 * levels), porep_id, version, &mut rng);
        }
    }
}
