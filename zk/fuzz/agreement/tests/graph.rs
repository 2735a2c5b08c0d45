//! The graph is Filecoin's: parents as `storage-proofs-core` computes them, at random nodes of sectors
//! of every size.
#![allow(clippy::unwrap_used, reason = "tests")]

use filecoin_hashers::sha256::Sha256Hasher;
use ips_primitives::sector::{DRG_DEGREE, EXPANDER_DEGREE};
use ips_verifier::graph::Graph;
use rand::{rngs::StdRng, Rng, SeedableRng};
use storage_proofs_core::{
    api_version::ApiVersion,
    crypto::{derive_porep_domain_seed, feistel, FEISTEL_DST},
    drgraph::{BucketGraph, Graph as Reference},
};

const NODES_OF_A_SIZE: u32 = 2000;

/// Parents between layers, from the reference's permutation.
fn expander_parents(nodes: u32, porep_id: [u8; 32], node: u32) -> [u32; EXPANDER_DEGREE] {
    let seed = derive_porep_domain_seed(FEISTEL_DST, porep_id);
    let (words, _) = seed.as_chunks::<8>();
    let keys: Vec<u64> = words[..3]
        .iter()
        .map(|word| u64::from_le_bytes(*word))
        .collect();
    let degree = EXPANDER_DEGREE as u64;
    let edges = u64::from(nodes) * degree;
    let precomputed = feistel::precompute(edges);
    std::array::from_fn(|i| {
        let edge = u64::from(node) * degree + i as u64;
        let other = feistel::permute(edges, edge, &keys, precomputed);
        u32::try_from(other / degree).unwrap()
    })
}

#[test]
fn parents_are_the_references_at_random_nodes_of_every_size() {
    let mut rng = StdRng::seed_from_u64(1);
    for levels in 1..=10 {
        let nodes = 1u32 << (3 * levels);
        let porep_id: [u8; 32] = rng.gen();
        let ours = Graph::new(nodes, porep_id);
        let size = usize::try_from(nodes).unwrap();
        let reference =
            BucketGraph::<Sha256Hasher>::new(size, DRG_DEGREE, 0, porep_id, ApiVersion::V1_2_0);
        let reference = reference.unwrap();
        let edges = [0, 1, 2, nodes / 2, nodes - 1];
        let random = (0..NODES_OF_A_SIZE).map(|_| rng.gen_range(0..nodes));
        for node in edges.into_iter().chain(random) {
            let mut drg = [0; DRG_DEGREE];
            let place = usize::try_from(node).unwrap();
            reference.parents(place, &mut drg).unwrap();
            assert_eq!(ours.drg_parents(node), drg, "{nodes} {node}");
            let expander = expander_parents(nodes, porep_id, node);
            assert_eq!(ours.expander_parents(node), expander, "{nodes} {node}");
        }
    }
}
