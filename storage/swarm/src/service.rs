//! What a node does for others ([`FragmentService`]) and what an upload reads from
//! ([`SegmentSource`]).

use std::io;

use async_trait::async_trait;
use codec::{Decode, Encode};
use ips_primitives::{
    deal::DeliveryNote,
    id::{FileId, FragmentId, Signature, SlotId},
    retrieval::{ExtractRequest, Voucher},
    sector::ProofBytes,
};

use crate::{error::Refusal, peer::PeerId, protocols::fragment::SEGMENTS_MAX};

/// The storage behind the network. Methods may run concurrently, also for one slot.
///
/// Sizes are checked before these are called: a fragment has at most
/// [`FRAGMENT_BYTES_MAX`](crate::FRAGMENT_BYTES_MAX) bytes, a manifest at most
/// [`MANIFEST_BYTES_MAX`](crate::MANIFEST_BYTES_MAX) and hashes to its file id. Everything else
/// (claims, fragment ids, signatures) is the service's to check. A panic ends only the stream that
/// caused it.
#[async_trait]
pub trait FragmentService: Send + Sync + 'static {
    /// The bytes of a fragment, if it is held.
    async fn read_fragment(&self, id: FragmentId) -> Result<Option<Vec<u8>>, Refusal>;

    /// The bytes of a file's manifest, if it is held.
    async fn read_manifest(&self, file: FileId) -> Result<Option<Vec<u8>>, Refusal>;

    /// Whether an upload of this slot is welcome at all; asked before the manifest is received, so
    /// that strangers cannot make the node read megabytes. Must be cheap.
    async fn admit_slot(&self, peer: PeerId, slot: SlotId, file: FileId) -> Result<(), Refusal> {
        let _ = (peer, slot, file);
        Ok(())
    }

    /// Starts or resumes an upload; tells what was received before.
    async fn begin_slot(
        &self,
        peer: PeerId,
        slot: SlotId,
        file: FileId,
        manifest: Vec<u8>,
    ) -> Result<SlotProgress, Refusal>;

    /// Keeps the fragment of segment `segment` of a slot being uploaded. Called only after
    /// [`begin_slot`](Self::begin_slot) on the same stream, for each segment that was missing then,
    /// ascending.
    async fn store_fragment(
        &self,
        peer: PeerId,
        slot: SlotId,
        segment: u32,
        bytes: Vec<u8>,
    ) -> Result<(), Refusal>;

    /// Ends an upload with the customer's signed word. Must accept a repetition: the answer to the
    /// first may have been lost.
    async fn finish_slot(
        &self,
        peer: PeerId,
        slot: SlotId,
        note: DeliveryNote,
        signature: Signature,
    ) -> Result<(), Refusal>;

    /// Makes a proof of extract; may take minutes. `signature` is `client_key`'s over
    /// [`extract_signing_bytes`](crate::extract_signing_bytes).
    async fn extract(
        &self,
        request: ExtractRequest,
        client_key: [u8; 32],
        signature: Signature,
    ) -> Result<ProofBytes, Refusal>;

    /// Takes the payer's voucher for an answered request. The protocol hands over only vouchers
    /// whose request is the one just answered.
    async fn accept_voucher(&self, voucher: Voucher, signature: Signature) -> Result<(), Refusal>;

    /// Load and space. Called for every request: must be cheap.
    async fn status(&self) -> NodeStatus;
}

/// What a node tells about itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NodeStatus {
    /// Load in 1/1000; 1000 = can take no more.
    pub load_permille: u16,
    /// Bytes that new slots may use.
    pub free_bytes: u64,
}

/// Which segments of a slot a provider already has: one bit each, lowest bit first.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct SlotProgress {
    segments: u32,
    received: Vec<u8>,
}

/// A number of segments that no slot has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a slot has 1..={SEGMENTS_MAX} segments; check the manifest")]
pub struct SlotProgressError;

impl SlotProgress {
    /// A slot of `segments` segments of which none was received.
    ///
    /// # Errors
    /// If no slot has so many or so few.
    pub fn new(segments: u32) -> Result<Self, SlotProgressError> {
        if segments == 0 || segments > SEGMENTS_MAX {
            return Err(SlotProgressError);
        }
        Ok(Self {
            segments,
            received: vec![0; Self::bitmap_bytes(segments)],
        })
    }

    fn bitmap_bytes(segments: u32) -> usize {
        usize::try_from(segments.div_ceil(8)).unwrap_or(usize::MAX)
    }

    fn position(segment: u32) -> (usize, u8) {
        (
            usize::try_from(segment / 8).unwrap_or(usize::MAX),
            1 << (segment % 8),
        )
    }

    /// Whether it could come from [`new`](Self::new) and [`mark`](Self::mark); a decoded one may
    /// not.
    pub(crate) fn is_valid(&self) -> bool {
        (1..=SEGMENTS_MAX).contains(&self.segments)
            && self.received.len() == Self::bitmap_bytes(self.segments)
    }

    /// Notes that a segment was received; a segment past the end is ignored.
    pub fn mark(&mut self, segment: u32) {
        let (byte, bit) = Self::position(segment);
        if segment < self.segments {
            if let Some(byte) = self.received.get_mut(byte) {
                *byte |= bit;
            }
        }
    }

    /// Whether a segment was received.
    pub fn has(&self, segment: u32) -> bool {
        let (byte, bit) = Self::position(segment);
        segment < self.segments && self.received.get(byte).is_some_and(|byte| byte & bit != 0)
    }

    /// Segments of the slot.
    pub fn segments(&self) -> u32 {
        self.segments
    }

    /// Segments that are still to come, ascending.
    pub fn missing(&self) -> impl Iterator<Item = u32> + '_ {
        (0..self.segments).filter(|segment| !self.has(*segment))
    }

    /// Whether every segment was received.
    pub fn is_complete(&self) -> bool {
        self.missing().next().is_none()
    }
}

/// Where an upload takes its fragments from.
#[async_trait]
pub trait SegmentSource: Send + Sync + 'static {
    /// The bytes of the slot's fragment of segment `segment`.
    async fn fragment(&self, segment: u32) -> io::Result<Vec<u8>>;
}

/// Fragments held in memory, by segment.
#[async_trait]
impl SegmentSource for Vec<Vec<u8>> {
    async fn fragment(&self, segment: u32) -> io::Result<Vec<u8>> {
        usize::try_from(segment)
            .ok()
            .and_then(|index| self.get(index))
            .cloned()
            .ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_counts_what_is_missing() {
        let mut progress = SlotProgress::new(10).unwrap();
        assert!(!progress.is_complete());
        for segment in [0, 3, 9, 10, u32::MAX] {
            progress.mark(segment);
        }
        assert_eq!(
            progress.missing().collect::<Vec<_>>(),
            vec![1, 2, 4, 5, 6, 7, 8]
        );
        assert!(progress.has(9) && !progress.has(10) && !progress.has(u32::MAX));
        (0..10).for_each(|segment| progress.mark(segment));
        assert!(progress.is_complete() && progress.is_valid());
    }

    #[test]
    fn impossible_progress_is_refused() {
        assert_eq!(SlotProgress::new(0), Err(SlotProgressError));
        assert_eq!(SlotProgress::new(SEGMENTS_MAX + 1), Err(SlotProgressError));
        assert!(!SlotProgress {
            segments: 9,
            received: vec![0]
        }
        .is_valid());
        assert!(!SlotProgress {
            segments: u32::MAX,
            received: vec![]
        }
        .is_valid());
    }
}
