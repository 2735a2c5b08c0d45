//! The graph that labels are computed along: DRSample-6 in a layer, Feistel-8 between layers.
//!
//! Goal: the parents that Filecoin's storage proofs (API 1.1 and later) pick, in integer arithmetic.
//! Non-goals: caching parents, labels.

use blake2::Blake2b512;
use ips_primitives::{
    hash::blake2_256,
    sector::{Profile, ProfileId, DRG_DEGREE, EXPANDER_DEGREE},
};
use rand_chacha::ChaCha8Rng;
use rand_core::{RngCore, SeedableRng};
use sha2::{Digest, Sha256};

const DRG_TAG: &[u8] = b"Filecoin_DRSample";
const FEISTEL_TAG: &[u8] = b"Filecoin_Feistel";
/// Sampled parents of a node; the sixth is the node before it.
const SAMPLED_PARENTS: u64 = 5;
const DRG_SEED_BYTES: usize = 28;
const FEISTEL_ROUNDS: usize = 3;
const EXPANDER_EDGES: u64 = EXPANDER_DEGREE as u64;

/// What picks the graph of a profile.
pub fn porep_id(profile: ProfileId) -> [u8; 32] {
    blake2_256(&[b"ips/porep/1", &[profile as u8]])
}

/// The graph of one sector size.
#[derive(Clone, Debug)]
pub struct Graph {
    nodes: u32,
    drg_seed: [u8; DRG_SEED_BYTES],
    feistel_keys: [u64; FEISTEL_ROUNDS],
    /// Bits of each half of an expander edge's number.
    half_bits: u32,
}

impl Graph {
    /// The graph of `nodes` nodes (at least 2; fewer count as 2) that `porep_id` picks.
    pub fn new(nodes: u32, porep_id: [u8; 32]) -> Self {
        let nodes = nodes.max(2);
        let drg = tagged(DRG_TAG, &porep_id);
        let mut drg_seed = [0; DRG_SEED_BYTES];
        drg_seed.copy_from_slice(&drg[..DRG_SEED_BYTES]);
        let feistel = tagged(FEISTEL_TAG, &porep_id);
        let feistel_keys = core::array::from_fn(|i| {
            let mut key = [0; 8];
            key.copy_from_slice(&feistel[i * 8..i * 8 + 8]);
            u64::from_le_bytes(key)
        });
        let edge_bits = ceil_log2(u64::from(nodes) * EXPANDER_EDGES);
        Self {
            nodes,
            drg_seed,
            feistel_keys,
            half_bits: edge_bits.div_ceil(2),
        }
    }

    /// The graph of a profile.
    pub fn of(profile: &Profile) -> Self {
        Self::new(profile.nodes(), porep_id(profile.id))
    }

    /// Number of nodes.
    pub fn nodes(&self) -> u32 {
        self.nodes
    }

    /// Parents in the same layer: the node before, then five sampled ones, all below `node`.
    ///
    /// Nodes 0 and 1 have node 0 six times; node 0 is its own parent in name only, its label takes
    /// zeros instead.
    pub fn drg_parents(&self, node: u32) -> [u32; DRG_DEGREE] {
        let mut parents = [0; DRG_DEGREE];
        if node < 2 {
            return parents;
        }
        let mut seed = [0; 32];
        seed[..DRG_SEED_BYTES].copy_from_slice(&self.drg_seed);
        seed[DRG_SEED_BYTES..].copy_from_slice(&node.to_le_bytes());
        let mut rng = ChaCha8Rng::from_seed(seed);
        let edge = u64::from(node) * SAMPLED_PARENTS;
        let buckets = u64::from(ceil_log2(edge));
        parents[0] = node - 1;
        for parent in &mut parents[1..] {
            let bucket = 1 + rng.next_u64() % buckets;
            let farthest = edge.min(1 << bucket);
            let nearest = (farthest / 2).max(2);
            let distance = nearest + rng.next_u64() % (farthest - nearest + 1);
            let sampled = u32::try_from((edge - distance) / SAMPLED_PARENTS)
                .expect("at most `edge / 5`, which is `node`");
            *parent = sampled.min(node - 1);
        }
        parents
    }

    /// Parents in the layer below; any node. `node` counts modulo the number of nodes.
    pub fn expander_parents(&self, node: u32) -> [u32; EXPANDER_DEGREE] {
        let first = u64::from(node % self.nodes) * EXPANDER_EDGES;
        let mut edge = first;
        [(); EXPANDER_DEGREE].map(|()| {
            let parent = self.permute(edge) / EXPANDER_EDGES;
            edge += 1;
            u32::try_from(parent).expect("an edge is below 8 times the nodes, which are a u32")
        })
    }

    /// A permutation of the expander's edges. The walk ends: it starts at an edge, and the Feistel
    /// network is a permutation, so its cycle comes back to an edge.
    fn permute(&self, edge: u64) -> u64 {
        let edges = u64::from(self.nodes) * EXPANDER_EDGES;
        let mut next = self.feistel(edge);
        while next >= edges {
            next = self.feistel(next);
        }
        next
    }

    fn feistel(&self, value: u64) -> u64 {
        let mask = (1u64 << self.half_bits) - 1;
        let (mut left, mut right) = (value >> self.half_bits & mask, value & mask);
        for key in self.feistel_keys {
            (left, right) = (right, left ^ (round(right, key) & mask));
        }
        left << self.half_bits | right
    }
}

fn round(right: u64, key: u64) -> u64 {
    let digest = Blake2b512::new()
        .chain_update(right.to_be_bytes())
        .chain_update(key.to_be_bytes())
        .finalize();
    let mut head = [0; 8];
    head.copy_from_slice(&digest[..8]);
    u64::from_be_bytes(head)
}

fn tagged(tag: &[u8], porep_id: &[u8; 32]) -> [u8; 32] {
    Sha256::new()
        .chain_update(tag)
        .chain_update(porep_id)
        .finalize()
        .into()
}

/// Smallest `b` with `2^b >= value`, for `value` of at least 1.
const fn ceil_log2(value: u64) -> u32 {
    u64::BITS - (value - 1).leading_zeros()
}

#[cfg(test)]
mod tests;
