//! Doubles of the two ports, with real state and real checks but no chain and no proofs.
//!
//! Goal: run whole storage nodes in one process, block by block, with faults on demand.
//! Non-goals: money, weights, signatures of extrinsics.

mod calls;
mod chain;
mod client;
mod sealer;
mod state;

pub use chain::{MockChain, MockNode, Snapshot};
pub use client::MockClient;
pub use sealer::{Gate, InstantSealer};

use ips_primitives::{
    challenge::Beacon,
    hash::blake2_256,
    id::{Signature, VerifyingKeyId},
};

/// Signing key of a test account.
#[derive(Clone)]
pub struct TestKey(schnorrkel::Keypair);

impl TestKey {
    /// The key of a number.
    pub fn new(number: u8) -> Self {
        let seed = schnorrkel::MiniSecretKey::from_bytes(&[number; 32])
            .expect("every 32 bytes are a mini secret key");
        Self(seed.expand_to_keypair(schnorrkel::ExpansionMode::Ed25519))
    }

    /// The public key.
    pub fn public(&self) -> [u8; 32] {
        self.0.public.to_bytes()
    }

    /// Signs as a chain account does.
    pub fn sign(&self, message: &[u8; 32]) -> Signature {
        Signature(self.0.sign_simple(b"substrate", message).to_bytes())
    }
}

/// The beacon of a block of the mock chain.
pub(crate) fn beacon_of(block: u32) -> Beacon {
    blake2_256(&[b"mock beacon", &block.to_le_bytes()])
}

/// The verifying key that the mock chain names for a circuit.
pub(crate) fn mock_key(kind: u8) -> VerifyingKeyId {
    VerifyingKeyId([kind; 32])
}
