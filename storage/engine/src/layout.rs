//! A file as the engine sees it: which fragment belongs to which segment, group and slot.
//!
//! Goal: the parts of a manifest that placement, store and retrieval need, checked once. Non-goal:
//! keys, lengths and decoding, which are the customer's (`ips-encoding`).

use ips_encoding::{Limits, Manifest, ManifestError};
use ips_primitives::{
    deal::OrderParams,
    fragment::{segments_per_group, ErasureParams, FragmentSize},
    id::{FileId, FragmentId, SlotIndex},
};

/// The fragments of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileMap {
    /// The file.
    pub file: FileId,
    /// Erasure parameters of every segment.
    pub erasure: ErasureParams,
    /// Bytes of every fragment.
    pub fragment_size: FragmentSize,
    /// Ids by segment, then by index in the segment.
    fragments: Vec<Vec<FragmentId>>,
}

/// Why a manifest does not belong to an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LayoutError {
    /// It is the manifest of another file.
    #[error("the manifest is of another file; send the one the order names")]
    OtherFile,
    /// It is no manifest.
    #[error("the bytes are no valid manifest; encode the file again")]
    Malformed,
    /// Erasure parameters, fragment size or length differ from the order's.
    #[error("the manifest has other parameters than the order; place a new order")]
    OtherParameters,
}

impl FileMap {
    /// Reads the bytes of a manifest.
    ///
    /// # Errors
    /// If they are no valid manifest.
    pub fn from_manifest_bytes(bytes: &[u8]) -> Result<Self, ManifestError> {
        Manifest::decode(bytes, &Limits::default()).map(|manifest| Self::from_manifest(&manifest))
    }

    /// Takes what the engine needs of a manifest.
    pub fn from_manifest(manifest: &Manifest) -> Self {
        let layout = manifest.layout();
        Self {
            file: manifest.file_id(),
            erasure: layout.erasure(),
            fragment_size: layout.fragment_size(),
            fragments: (0..layout.segments())
                .map(|segment| manifest.segment_fragments(segment).collect())
                .collect(),
        }
    }

    /// Number of segments.
    pub fn segments(&self) -> u32 {
        u32::try_from(self.fragments.len()).unwrap_or(u32::MAX)
    }

    /// Number of groups.
    pub fn groups(&self) -> usize {
        self.fragments.len().div_ceil(self.per_group())
    }

    fn per_group(&self) -> usize {
        usize::try_from(segments_per_group(self.fragment_size)).unwrap_or(usize::MAX)
    }

    /// The group of a segment.
    pub fn group_of(&self, segment: u32) -> usize {
        usize::try_from(segment).unwrap_or(usize::MAX) / self.per_group()
    }

    /// The fragment of a segment with an index, if there is one.
    pub fn fragment(&self, segment: u32, index: usize) -> Option<FragmentId> {
        self.fragments
            .get(usize::try_from(segment).ok()?)?
            .get(index)
            .copied()
    }

    /// The fragments of a slot of an order, in order.
    ///
    /// # Errors
    /// If the order is not for this file and these parameters.
    pub fn slot(
        &self,
        order: &OrderParams,
        slot: SlotIndex,
    ) -> Result<Vec<FragmentId>, LayoutError> {
        if order.file != self.file {
            return Err(LayoutError::OtherFile);
        }
        if order.erasure != self.erasure || order.fragment_size != self.fragment_size {
            return Err(LayoutError::OtherParameters);
        }
        let group = self
            .fragments
            .chunks(self.per_group())
            .nth(usize::from(order.group))
            .filter(|group| u32::try_from(group.len()) == Ok(order.segments))
            .ok_or(LayoutError::OtherParameters)?;
        group
            .iter()
            .map(|segment| segment.get(usize::from(slot.0)).copied())
            .collect::<Option<Vec<_>>>()
            .ok_or(LayoutError::OtherParameters)
    }
}
