//! The seal statement: this replica of this data was sampled at these nodes (`docs/protocol.md` §5).

use alloc::vec::Vec;

use ips_primitives::{
    challenge::{seal_challenge, Beacon},
    sector::{CommD, CommR, Profile, ReplicaId, Statement, DRG_DEGREE, EXPANDER_DEGREE},
};

use crate::{
    graph::Graph,
    hash::{c8_padded, canonical, scalar_to_bytes, tag, NonCanonical, Scalar, C8_ARITY},
};

/// Tag of the statement.
pub const SEAL_TAG: &str = "ips/seal/1";
/// Bits of one index in the transcript.
pub const INDEX_BITS: usize = 30;
/// Scalars that the indices of one challenge are packed into.
pub const CHALLENGE_WORDS: usize = 2;
/// Words that the first hash of the transcript takes after its four other inputs.
pub const FIRST_WORDS: usize = 4;
/// Words that each further hash takes after the hash before it.
pub const NEXT_WORDS: usize = C8_ARITY - 1;

/// A challenged node with its parents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SealChallenge {
    /// The node.
    pub node: u32,
    /// Its parents in its own layer.
    pub drg: [u32; DRG_DEGREE],
    /// Its parents in the layer below.
    pub expander: [u32; EXPANDER_DEGREE],
}

impl SealChallenge {
    /// The challenge at `node`.
    pub fn at(graph: &Graph, node: u32) -> Self {
        Self {
            node,
            drg: graph.drg_parents(node),
            expander: graph.expander_parents(node),
        }
    }

    /// Node, then parents of the same layer, then of the layer below.
    pub fn indices(&self) -> [u32; 1 + DRG_DEGREE + EXPANDER_DEGREE] {
        let mut all = [self.node; 1 + DRG_DEGREE + EXPANDER_DEGREE];
        all[1..=DRG_DEGREE].copy_from_slice(&self.drg);
        all[1 + DRG_DEGREE..].copy_from_slice(&self.expander);
        all
    }

    /// The 15 indices at 30 bits each, the first 8 in one word and the other 7 in the next, lowest
    /// bits first. An index is below `2^30`: a sector has at most `8^10` nodes.
    pub fn words(&self) -> [Scalar; CHALLENGE_WORDS] {
        let indices = self.indices();
        let (first, second) = indices.split_at(C8_ARITY);
        [pack(first), pack(second)]
    }
}

fn pack(indices: &[u32]) -> Scalar {
    let shift = Scalar::from(1u64 << INDEX_BITS);
    indices
        .iter()
        .rev()
        .fold(Scalar::from(0u64), |word, index| {
            word * shift + Scalar::from(u64::from(*index))
        })
}

/// The challenges of seal proof `proof_index` of a sector.
pub fn seal_challenges(
    profile: &Profile,
    seed: &Beacon,
    replica_id: &ReplicaId,
    comm_r: &CommR,
    proof_index: u32,
) -> Vec<SealChallenge> {
    let graph = Graph::of(profile);
    (0..profile.seal_challenges)
        .map(|index| {
            let nodes = profile.nodes();
            let node = seal_challenge(seed, replica_id, comm_r, proof_index, index, nodes);
            SealChallenge::at(&graph, node)
        })
        .collect()
}

/// The public input of a seal proof.
///
/// # Errors
/// [`NonCanonical`] if a commitment or the replica id is not a canonical scalar.
pub fn seal_statement(
    replica_id: &ReplicaId,
    comm_d: &CommD,
    comm_r: &CommR,
    challenges: &[SealChallenge],
) -> Result<Statement, NonCanonical> {
    let words: Vec<Scalar> = challenges.iter().flat_map(SealChallenge::words).collect();
    let (first, rest) = words.split_at(words.len().min(FIRST_WORDS));
    let mut block = [Scalar::from(0u64); C8_ARITY];
    block[0] = tag(SEAL_TAG);
    block[1] = canonical(&replica_id.0)?;
    block[2] = canonical(&comm_d.0)?;
    block[3] = canonical(&comm_r.0)?;
    block[C8_ARITY - FIRST_WORDS..][..first.len()].copy_from_slice(first);
    let mut hash = c8_padded(&block);
    for next in rest.chunks(NEXT_WORDS) {
        let mut block = [Scalar::from(0u64); C8_ARITY];
        block[0] = hash;
        block[1..][..next.len()].copy_from_slice(next);
        hash = c8_padded(&block);
    }
    Ok(Statement(scalar_to_bytes(&hash)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::c8;

    const ID: ReplicaId = ReplicaId([1; 32]);
    const D: CommD = CommD([2; 32]);
    const R: CommR = CommR([3; 32]);

    fn challenges(count: u32) -> Vec<SealChallenge> {
        let graph = Graph::of(&Profile::TEST);
        (0..count)
            .map(|i| SealChallenge::at(&graph, 1 + i * 7))
            .collect()
    }

    #[test]
    fn words_hold_30_bits_per_index() {
        let top = (1u32 << 30) - 1;
        let challenge = SealChallenge {
            node: 3,
            drg: [0; 6],
            expander: [top; 8],
        };
        let [first, second] = challenge.words();
        let bytes = scalar_to_bytes(&first);
        assert_eq!(bytes[0], 3);
        // expander[0] is index 7: bits 210..240 of the first word.
        assert_eq!((bytes[26], bytes[29], bytes[30]), (0xfc, 0xff, 0));
        let bytes = scalar_to_bytes(&second);
        assert_eq!((bytes[25], bytes[26], bytes[27]), (0xff, 0x03, 0));
    }

    #[test]
    fn transcript_is_the_chain_the_protocol_describes() {
        let list = challenges(3);
        let w: Vec<Scalar> = list.iter().flat_map(SealChallenge::words).collect();
        let zero = Scalar::from(0u64);
        let head = [1u8, 2, 3].map(|byte| canonical(&[byte; 32]).unwrap());
        let first = c8(&[
            tag(SEAL_TAG),
            head[0],
            head[1],
            head[2],
            w[0],
            w[1],
            w[2],
            w[3],
        ]);
        let second = c8(&[first, w[4], w[5], zero, zero, zero, zero, zero]);
        let statement = seal_statement(&ID, &D, &R, &list).unwrap();
        assert_eq!(statement.0, scalar_to_bytes(&second));
        let statement = seal_statement(&ID, &D, &R, &list[..2]).unwrap();
        assert_eq!(statement.0, scalar_to_bytes(&first));
    }

    #[test]
    fn statement_depends_on_every_input() {
        let list = challenges(7);
        let base = seal_statement(&ID, &D, &R, &list).unwrap();
        assert_ne!(
            seal_statement(&ReplicaId([9; 32]), &D, &R, &list).unwrap(),
            base
        );
        assert_ne!(
            seal_statement(&ID, &CommD([9; 32]), &R, &list).unwrap(),
            base
        );
        assert_ne!(
            seal_statement(&ID, &D, &CommR([9; 32]), &list).unwrap(),
            base
        );
        assert_ne!(seal_statement(&ID, &D, &R, &list[..6]).unwrap(), base);
        for i in 0..list.len() {
            let mut other = list.clone();
            other[i].node ^= 1;
            assert_ne!(seal_statement(&ID, &D, &R, &other).unwrap(), base);
            for parent in 0..6 {
                let mut other = list.clone();
                other[i].drg[parent] ^= 1;
                assert_ne!(seal_statement(&ID, &D, &R, &other).unwrap(), base);
            }
            for parent in 0..8 {
                let mut other = list.clone();
                other[i].expander[parent] ^= 1;
                assert_ne!(seal_statement(&ID, &D, &R, &other).unwrap(), base);
            }
        }
    }

    #[test]
    fn non_canonical_values_are_refused() {
        let bad = [0xff; 32];
        assert_eq!(
            seal_statement(&ReplicaId(bad), &D, &R, &[]),
            Err(NonCanonical)
        );
        assert_eq!(seal_statement(&ID, &CommD(bad), &R, &[]), Err(NonCanonical));
        assert_eq!(seal_statement(&ID, &D, &CommR(bad), &[]), Err(NonCanonical));
    }

    #[test]
    fn challenges_follow_seed_and_proof() {
        let profile = Profile {
            seal_challenges: 3,
            ..Profile::TEST
        };
        let of = |seed, proof| seal_challenges(&profile, &[seed; 32], &ID, &R, proof);
        let list = of(1, 0);
        assert_eq!(list.len(), 3);
        assert_ne!(list, of(2, 0));
        assert_ne!(list, of(1, 1));
        let graph = Graph::of(&profile);
        for challenge in list {
            assert!((1..512).contains(&challenge.node));
            assert_eq!(challenge, SealChallenge::at(&graph, challenge.node));
        }
    }
}
