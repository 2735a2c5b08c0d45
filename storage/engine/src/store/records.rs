//! Records of the index: one version byte, then SCALE.

use codec::{Decode, Encode};
use ips_primitives::{
    challenge::Beacon,
    fragment::FragmentSize,
    id::{BlockNumber, FileId, SectorNumber, Signature, SlotId},
    proof_calls::PreCommit,
    sector::{CommD, CommR, Piece, ReplicaId},
    slot::SlotRoot,
};
use serde::Serialize;

use super::StoreError;

/// A value as it is stored.
pub(super) trait Record: Encode + Decode {
    /// What it is, for errors.
    const NAME: &'static str;
    /// Version of its layout.
    const VERSION: u8;

    fn to_bytes(&self) -> Vec<u8> {
        (Self::VERSION, self).encode()
    }

    fn from_bytes(mut bytes: &[u8]) -> Result<Self, StoreError> {
        let failed = StoreError::Record(Self::NAME);
        match u8::decode(&mut bytes) {
            Ok(version) if version == Self::VERSION => {}
            Ok(_) | Err(_) => return Err(failed),
        }
        match Self::decode(&mut bytes) {
            Ok(record) if bytes.is_empty() => Ok(record),
            Ok(_) | Err(_) => Err(failed),
        }
    }
}

/// Where a slot is in its life on this node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum SlotStage {
    /// Fragments are coming in.
    #[codec(index = 0)]
    Receiving,
    /// Whole and signed for; the deal is to be confirmed on the chain.
    #[codec(index = 1)]
    Delivered(Signature),
    /// Confirmed on the chain; its pieces are sealed or to be sealed. The signature is kept, since the
    /// block of the confirmation may be dropped; `None` if the chain knew before this disk did.
    #[codec(index = 2)]
    Confirmed(Option<Signature>),
}

impl SlotStage {
    /// The customer's signature over the delivery note, if it is here.
    pub(crate) fn signature(self) -> Option<Signature> {
        match self {
            Self::Receiving => None,
            Self::Delivered(signature) => Some(signature),
            Self::Confirmed(signature) => signature,
        }
    }

    pub(crate) fn is_confirmed(self) -> bool {
        matches!(self, Self::Confirmed(_))
    }
}

/// A slot on this node.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub(crate) struct SlotRecord {
    pub(crate) slot: SlotId,
    pub(crate) file: FileId,
    pub(crate) fragment_size: FragmentSize,
    pub(crate) segments: u32,
    pub(crate) slot_root: SlotRoot,
    pub(crate) stage: SlotStage,
}

impl SlotRecord {
    pub(crate) fn slot_bytes(&self) -> u64 {
        u64::from(self.fragment_size.bytes()) * u64::from(self.segments)
    }
}

impl Record for SlotRecord {
    const NAME: &'static str = "a slot";
    const VERSION: u8 = 2;
}

/// Where a sector is in its life on this node; what is to be done next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode, Serialize)]
pub enum SectorStep {
    /// Pieces are chosen; ticket and replica id come next.
    #[codec(index = 0)]
    AddPiece,
    /// The replica is being made.
    #[codec(index = 1)]
    Sealing,
    /// The replica is made; the chain is to be told.
    #[codec(index = 2)]
    PreCommit,
    /// The chain knows; the seed is awaited.
    #[codec(index = 3)]
    WaitSeed,
    /// The seed is known; the seal proof is to be made and sent.
    #[codec(index = 4)]
    Commit,
    /// Sealed; storage proofs are due.
    #[codec(index = 5)]
    Proving,
    /// Given up; its number is never used again.
    #[codec(index = 6)]
    Terminated,
}

/// The ticket and what follows from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub(crate) struct Ticket {
    pub(crate) block: BlockNumber,
    pub(crate) beacon: Beacon,
    pub(crate) comm_d: CommD,
    pub(crate) replica_id: ReplicaId,
}

/// A sector of this node.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub(crate) struct SectorRecord {
    pub(crate) number: SectorNumber,
    pub(crate) step: SectorStep,
    pub(crate) pieces: Vec<Piece>,
    /// From [`SectorStep::Sealing`] on.
    pub(crate) ticket: Option<Ticket>,
    /// From [`SectorStep::PreCommit`] on.
    pub(crate) comm_r: Option<CommR>,
    /// The replica's files failed a check and are to be made again.
    pub(crate) damaged: bool,
    /// Failed attempts at the current step.
    pub(crate) attempts: u32,
}

impl SectorRecord {
    pub(crate) fn new(number: SectorNumber, pieces: Vec<Piece>) -> Self {
        Self {
            number,
            step: SectorStep::AddPiece,
            pieces,
            ticket: None,
            comm_r: None,
            damaged: false,
            attempts: 0,
        }
    }

    pub(crate) fn is_alive(&self) -> bool {
        self.step != SectorStep::Terminated
    }

    /// The argument of the pre-commit, once the replica is made.
    pub(crate) fn pre_commit(&self) -> Option<PreCommit> {
        let ticket = self.ticket?;
        Some(PreCommit {
            sector: self.number,
            comm_d: ticket.comm_d,
            comm_r: self.comm_r?,
            ticket_block: ticket.block,
            replica_index: 0,
            pieces: self.pieces.clone().try_into().ok()?,
        })
    }
}

impl Record for SectorRecord {
    const NAME: &'static str = "a sector";
    const VERSION: u8 = 1;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_of_another_version_or_length_are_refused() {
        let record = SectorRecord::new(SectorNumber(3), Vec::new());
        let bytes = record.to_bytes();
        assert_eq!(SectorRecord::from_bytes(&bytes).unwrap(), record);
        let mut newer = bytes.clone();
        newer[0] = 2;
        let mut longer = bytes.clone();
        longer.push(0);
        for bad in [&newer[..], &longer, &bytes[..bytes.len() - 1], &[]] {
            assert!(matches!(
                SectorRecord::from_bytes(bad),
                Err(StoreError::Record(_))
            ));
        }
    }
}
