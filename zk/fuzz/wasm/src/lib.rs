//! The verifier behind one function over bytes, as native code and as a WASM module.
//!
//! Goal: the very code that the runtime's blob holds, compiled for the same target, can be asked the
//! same questions as native code. Non-goal: speed; each question gets a fresh instance.
#![cfg_attr(target_arch = "wasm32", no_std)]

extern crate alloc;

#[cfg(target_arch = "wasm32")]
mod module;

use alloc::{format, string::String, vec::Vec};

use codec::{Decode, DecodeAll, Encode};
use ips_primitives::{
    challenge::Beacon,
    sector::{CommD, CommR, Profile, ProfileId, ProofBytes, ReplicaId, SetRoot, Statement},
};
use ips_verifier::{
    graph::Graph,
    groth16::{verify, verify_batch, PreparedKey},
    hash::{scalar_from_bytes, scalar_to_bytes},
    poe::{poe_challenges, poe_statement},
    post::{post_challenges, post_statement, set_root},
    seal::{seal_challenges, seal_statement},
    tree::{path_root, NodePath},
};

/// A question. Keys, statements and proofs are plain bytes, so that any length can be asked.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Question {
    /// The stored form of a verifying key.
    Prepare(Vec<u8>),
    /// Whether a proof shows a statement under a prepared key.
    Verify {
        /// The prepared key.
        key: Vec<u8>,
        /// The statement.
        statement: Vec<u8>,
        /// The proof.
        proof: Vec<u8>,
    },
    /// Whether all proofs of a batch do.
    VerifyBatch {
        /// The prepared key.
        key: Vec<u8>,
        /// Statements with proofs.
        batch: Vec<(Vec<u8>, Vec<u8>)>,
    },
    /// The parents of a node.
    Parents {
        /// Nodes of the graph.
        nodes: u32,
        /// What picks the graph.
        porep_id: [u8; 32],
        /// The node.
        node: u32,
    },
    /// A seal statement with its challenges.
    Seal {
        /// The profile.
        profile: ProfileId,
        /// What the challenges are drawn from.
        seed: Beacon,
        /// Replica id, root of the data, root of the replica.
        commitments: (ReplicaId, CommD, CommR),
        /// Which proof of the sector.
        proof_index: u32,
    },
    /// A storage-proof statement with the challenges of its slots.
    Post {
        /// The profile.
        profile: ProfileId,
        /// The partition.
        set: Vec<CommR>,
        /// The randomness.
        randomness: [u8; 32],
    },
    /// A proof-of-extract statement with its challenges.
    Poe {
        /// The profile.
        profile: ProfileId,
        /// Root of the data.
        comm_d: CommD,
        /// The randomness.
        rho: [u8; 32],
    },
    /// The root that an opening leads to.
    Root {
        /// The leaf.
        leaf: [u8; 32],
        /// Its position.
        index: u32,
        /// The siblings.
        path: NodePath,
        /// Levels of the tree.
        levels: u32,
    },
}

/// The answer to a SCALE-encoded [`Question`] in words; the same bytes give the same words on every
/// target.
pub fn answer(question: &[u8]) -> String {
    match Question::decode_all(&mut &*question) {
        Ok(question) => answer_to(question),
        Err(_) => String::from("no question"),
    }
}

fn answer_to(question: Question) -> String {
    match question {
        Question::Prepare(key) => {
            let prepared = PreparedKey::from_verifying_key(&key);
            format!("{:?}", prepared.map(|key| key.to_bytes().0))
        }
        Question::Verify {
            key,
            statement,
            proof,
        } => with_key(&key, |key| {
            let Some((statement, proof)) = sent(&statement, &proof) else {
                return String::from("Err(Length)");
            };
            format!("{:?}", verify(key, &statement, &proof))
        }),
        Question::VerifyBatch { key, batch } => with_key(&key, |key| {
            let batch = batch
                .iter()
                .map(|(statement, proof)| sent(statement, proof));
            let Some(batch) = batch.collect::<Option<Vec<_>>>() else {
                return String::from("Err(Length)");
            };
            format!("{:?}", verify_batch(key, &batch))
        }),
        Question::Parents {
            nodes,
            porep_id,
            node,
        } => {
            let graph = Graph::new(nodes, porep_id);
            format!(
                "{:?} {:?}",
                graph.drg_parents(node),
                graph.expander_parents(node)
            )
        }
        Question::Seal {
            profile,
            seed,
            commitments,
            proof_index,
        } => seal(&Profile::of(profile), &seed, commitments, proof_index),
        Question::Post {
            profile,
            set,
            randomness,
        } => post(&Profile::of(profile), &set, &randomness),
        Question::Poe {
            profile,
            comm_d,
            rho,
        } => poe(&Profile::of(profile), &comm_d, &rho),
        Question::Root {
            leaf,
            index,
            path,
            levels,
        } => {
            let root = scalar_from_bytes(&leaf)
                .and_then(|leaf| path_root(leaf, index, &path, levels))
                .map(|root| scalar_to_bytes(&root));
            format!("{root:?}")
        }
    }
}

fn with_key(bytes: &[u8], then: impl FnOnce(&PreparedKey) -> String) -> String {
    match PreparedKey::from_trusted_bytes(bytes) {
        Ok(key) => then(&key),
        Err(error) => format!("Err(Key({error:?}))"),
    }
}

/// Statement and proof as a call's arguments are read.
fn sent(statement: &[u8], proof: &[u8]) -> Option<(Statement, ProofBytes)> {
    let statement = Statement::decode_all(&mut &*statement).ok()?;
    Some((statement, ProofBytes::decode_all(&mut &*proof).ok()?))
}

fn seal(
    profile: &Profile,
    seed: &Beacon,
    (replica_id, comm_d, comm_r): (ReplicaId, CommD, CommR),
    proof_index: u32,
) -> String {
    let challenges = seal_challenges(profile, seed, &replica_id, &comm_r, proof_index);
    let statement = seal_statement(&replica_id, &comm_d, &comm_r, &challenges);
    format!("{statement:?} {challenges:?}")
}

fn post(profile: &Profile, set: &[CommR], randomness: &[u8; 32]) -> String {
    let root: Result<SetRoot, _> = set_root(set);
    let statement = root.and_then(|root| post_statement(&root, randomness));
    let challenges = statement.and_then(|statement| {
        (0u32..)
            .zip(set)
            .map(|(slot, comm_r)| post_challenges(profile, &statement, slot, comm_r))
            .collect::<Result<Vec<_>, _>>()
    });
    format!("{root:?} {statement:?} {challenges:?}")
}

fn poe(profile: &Profile, comm_d: &CommD, rho: &[u8; 32]) -> String {
    let statement = poe_statement(comm_d, rho);
    let challenges = statement.and_then(|statement| poe_challenges(profile, &statement));
    format!("{statement:?} {challenges:?}")
}
