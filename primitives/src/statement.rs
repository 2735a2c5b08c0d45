//! Byte strings that bind a proof to its chain, profile, key and occasion (`docs/protocol.md` §5).
//!
//! Each is hashed to a scalar by [`field_digest`](crate::hash::field_digest). The statements
//! themselves are field hashes and are in `ips-verifier`.

use crate::{
    challenge::Beacon,
    hash::field_digest,
    id::{AgreementId, Genesis, PartitionIndex, ProviderId, SectorNumber, SlotId, VerifyingKeyId},
    sector::{CommD, ProfileId, ReplicaId},
};

/// What every statement is bound to: one chain, one profile, one verifying key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Context {
    /// Hash of block 0.
    pub genesis: Genesis,
    /// The chain's profile.
    pub profile: ProfileId,
    /// The key that will verify the proof.
    pub key: VerifyingKeyId,
}

impl Context {
    fn digest(&self, tag: &[u8], parts: &[&[u8]]) -> [u8; 32] {
        let head: [&[u8]; 4] = [tag, &self.genesis.0, &[self.profile as u8], &self.key.0];
        let mut all = alloc::vec::Vec::with_capacity(head.len() + parts.len());
        all.extend_from_slice(&head);
        all.extend_from_slice(parts);
        field_digest(&all)
    }

    /// `replica_id`: unique per provider, sector, replica index, data and ticket. `key` = seal's.
    pub fn replica_id(&self, replica: &ReplicaInputs) -> ReplicaId {
        ReplicaId(self.digest(
            b"ips/replica/1",
            &[
                &replica.provider.0,
                &replica.sector.0.to_le_bytes(),
                &replica.replica_index.to_le_bytes(),
                &replica.comm_d.0,
                &replica.ticket,
            ],
        ))
    }

    /// `r` of a storage proof. `key` = post's.
    pub fn post_randomness(
        &self,
        provider: &ProviderId,
        partition: PartitionIndex,
        period: u32,
        beacon: &Beacon,
    ) -> [u8; 32] {
        self.digest(
            b"ips/post/1",
            &[
                &provider.0,
                &partition.0.to_le_bytes(),
                &period.to_le_bytes(),
                beacon,
            ],
        )
    }

    /// `ρ` of a proof of extract. `key` = poe's.
    pub fn extract_randomness(&self, request: &ExtractInputs) -> [u8; 32] {
        self.digest(
            b"ips/poe/1",
            &[
                &request.client_key,
                &request.agreement.0.to_le_bytes(),
                &request.nonce.to_le_bytes(),
                &request.provider.0,
                &request.slot.order.0.to_le_bytes(),
                &request.slot.slot.0.to_le_bytes(),
                &request.range.0.to_le_bytes(),
                &request.range.1.to_le_bytes(),
                &request.beacon,
            ],
        )
    }
}

/// Inputs of [`Context::replica_id`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplicaInputs {
    /// Who seals.
    pub provider: ProviderId,
    /// The sector.
    pub sector: SectorNumber,
    /// Which copy of the same data, from 0.
    pub replica_index: u32,
    /// The data.
    pub comm_d: CommD,
    /// Beacon of a recent block, so that nothing is sealed in advance.
    pub ticket: Beacon,
}

/// Inputs of [`Context::extract_randomness`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExtractInputs {
    /// sr25519 key of the one who asked.
    pub client_key: [u8; 32],
    /// The agreement that pays.
    pub agreement: AgreementId,
    /// Ascending per agreement and provider.
    pub nonce: u64,
    /// Who answers.
    pub provider: ProviderId,
    /// The slot read from.
    pub slot: SlotId,
    /// First byte and number of bytes read of the slot.
    pub range: (u64, u64),
    /// Beacon of a recent block.
    pub beacon: Beacon,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn context() -> Context {
        Context {
            genesis: Genesis([1; 32]),
            profile: ProfileId::Test,
            key: VerifyingKeyId([2; 32]),
        }
    }

    fn inputs() -> ReplicaInputs {
        ReplicaInputs {
            provider: ProviderId([3; 32]),
            sector: SectorNumber(4),
            replica_index: 0,
            comm_d: CommD([5; 32]),
            ticket: [6; 32],
        }
    }

    #[test]
    fn replica_id_depends_on_every_input() {
        let base = context().replica_id(&inputs());
        let variants = [
            context().replica_id(&ReplicaInputs {
                provider: ProviderId([9; 32]),
                ..inputs()
            }),
            context().replica_id(&ReplicaInputs {
                sector: SectorNumber(9),
                ..inputs()
            }),
            context().replica_id(&ReplicaInputs {
                replica_index: 9,
                ..inputs()
            }),
            context().replica_id(&ReplicaInputs {
                comm_d: CommD([9; 32]),
                ..inputs()
            }),
            context().replica_id(&ReplicaInputs {
                ticket: [9; 32],
                ..inputs()
            }),
            Context {
                genesis: Genesis([9; 32]),
                ..context()
            }
            .replica_id(&inputs()),
            Context {
                profile: ProfileId::Dev,
                ..context()
            }
            .replica_id(&inputs()),
            Context {
                key: VerifyingKeyId([9; 32]),
                ..context()
            }
            .replica_id(&inputs()),
        ];
        for variant in variants {
            assert_ne!(variant, base);
        }
    }
}
