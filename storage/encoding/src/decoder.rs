//! Fragments in, bytes of a file out, by range.
//!
//! Goal: no byte is used before its fragment's id is checked; any `data` fragments of a segment are
//! enough; errors name what is missing or bad. Non-goal: fetching.

use std::{ops::Range, sync::Arc};

use crate::{
    envelope::{Envelope, RecordAt},
    erasure::ErasureError,
    keys::FileKey,
    manifest::Manifest,
    segment::to_usize,
};

/// Why a range cannot be decoded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The file is private and no key was given.
    #[error("the file is private; give the key it is shared with")]
    KeyMissing,
    /// The range is not inside the file.
    #[error("bytes {start}..{end} are not inside the file of {length} bytes")]
    OutOfRange {
        /// First byte.
        start: u64,
        /// End.
        end: u64,
        /// Bytes of the file.
        length: u64,
    },
    /// The file has fewer segments.
    #[error("segment {segment} does not exist, the file has {segments}")]
    NoSegment {
        /// The segment asked for.
        segment: u32,
        /// Segments of the file.
        segments: u32,
    },
    /// The list of fragments does not have one place per fragment.
    #[error("segment {segment} has {expected} fragments, a list of {got} was given")]
    FragmentCount {
        /// The segment.
        segment: u32,
        /// Places needed.
        expected: usize,
        /// Places given.
        got: usize,
    },
    /// Too few fragments.
    #[error(
        "segment {segment} has {have} of the {need} fragments it needs; \
         fetch more of the missing ones: {missing:?}"
    )]
    NotEnoughFragments {
        /// The segment.
        segment: u32,
        /// Fragments given.
        have: usize,
        /// Fragments needed.
        need: usize,
        /// Indices of those not given.
        missing: Vec<u16>,
    },
    /// A fragment's bytes are not those of the manifest.
    #[error("fragment {index} of segment {segment} is corrupt; fetch it from another holder")]
    CorruptFragment {
        /// The segment.
        segment: u32,
        /// The fragment.
        index: u16,
    },
    /// Good fragments gave a fragment that the manifest contradicts: it was made wrongly.
    #[error("the manifest contradicts itself at fragment {index} of segment {segment}")]
    InconsistentManifest {
        /// The segment.
        segment: u32,
        /// The fragment.
        index: u16,
    },
    /// A checked record does not open: the key is another file's.
    #[error("the key does not open record {record} of segment {segment}; it is the wrong key")]
    WrongKey {
        /// The segment.
        segment: u32,
        /// The record.
        record: u32,
    },
    /// The erasure codec failed.
    #[error(transparent)]
    Erasure(#[from] ErasureError),
}

/// What a range needs of one segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentPlan {
    /// The segment.
    pub segment: u32,
    /// Its group.
    pub group: u16,
    /// Its position in the group: its fragments are at `position · F` of their slots.
    pub position: u32,
    /// The file's bytes that it gives.
    pub bytes: Range<u64>,
    /// The data fragments that hold them; if one is lost, any `data` fragments do.
    pub fragments: Range<u16>,
}

/// What a range needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadPlan {
    /// The file's bytes.
    pub bytes: Range<u64>,
    /// The segments, in order.
    pub segments: Vec<SegmentPlan>,
}

/// Decodes one file. Cheap to clone.
#[derive(Clone)]
pub struct Decoder {
    manifest: Arc<Manifest>,
    envelope: Option<Envelope>,
}

impl Decoder {
    /// A decoder of a file; a public file needs no key.
    ///
    /// # Errors
    /// [`DecodeError::KeyMissing`] if the file is private and no key is given.
    pub fn new(
        manifest: impl Into<Arc<Manifest>>,
        key: Option<&FileKey>,
    ) -> Result<Self, DecodeError> {
        let manifest = manifest.into();
        let envelope = match manifest.encryption() {
            None => None,
            Some(encryption) => {
                let key = key.ok_or(DecodeError::KeyMissing)?;
                let nonce = encryption.file_nonce;
                Some(Envelope::new(
                    key,
                    nonce,
                    manifest.layout(),
                    manifest.codec(),
                ))
            }
        };
        Ok(Self { manifest, envelope })
    }

    /// The file's manifest.
    pub const fn manifest(&self) -> &Arc<Manifest> {
        &self.manifest
    }

    /// What bytes `range` of the file need.
    ///
    /// # Errors
    /// [`DecodeError::OutOfRange`] if the range is reversed or ends behind the file.
    pub fn plan(&self, range: Range<u64>) -> Result<ReadPlan, DecodeError> {
        let layout = self.manifest.layout();
        let length = layout.length();
        let Range { start, end } = range;
        if start > end || end > length {
            return Err(DecodeError::OutOfRange { start, end, length });
        }
        let mut segments = Vec::new();
        let first = u32::try_from(start / layout.segment_payload()).unwrap_or(u32::MAX);
        for segment in first..layout.segments() {
            let all = layout.segment_range(segment);
            let bytes = all.start.max(start)..all.end.min(end);
            if bytes.is_empty() {
                break;
            }
            let records = self.records(segment, &bytes);
            let per_fragment = layout.records_per_fragment();
            let fragment = |record: u32| u16::try_from(record / per_fragment).unwrap_or(u16::MAX);
            let fragments = fragment(records.start)..fragment(records.end - 1) + 1;
            let (group, position) = layout.group_of(segment);
            segments.push(SegmentPlan {
                segment,
                group,
                position,
                bytes,
                fragments,
            });
        }
        Ok(ReadPlan {
            bytes: start..end,
            segments,
        })
    }

    /// The file's bytes in a segment; `fragments` has a place for each fragment, lost ones `None`.
    /// Restored data fragments are left in their places.
    ///
    /// # Errors
    /// The first fragment that is corrupt, or what is missing; see [`DecodeError`].
    pub fn decode_segment(
        &self,
        segment: u32,
        fragments: &mut [Option<Vec<u8>>],
    ) -> Result<Vec<u8>, DecodeError> {
        self.decode_part(
            segment,
            self.manifest.layout().segment_range(segment),
            fragments,
        )
    }

    /// Bytes `bytes` of the file, all in one segment. Data fragments that hold none of them may be
    /// absent; if one that does is absent, any `data` fragments do.
    ///
    /// # Errors
    /// As [`Decoder::decode_segment`]; [`DecodeError::OutOfRange`] for bytes of another segment.
    pub fn decode_part(
        &self,
        segment: u32,
        bytes: Range<u64>,
        fragments: &mut [Option<Vec<u8>>],
    ) -> Result<Vec<u8>, DecodeError> {
        let manifest = &*self.manifest;
        let layout = manifest.layout();
        verify_given(manifest, segment, fragments)?;
        let all = layout.segment_range(segment);
        let Range { start, end } = bytes;
        if start > end || start < all.start || end > all.end {
            return Err(DecodeError::OutOfRange {
                start,
                end,
                length: layout.length(),
            });
        }
        if bytes.is_empty() {
            return Ok(Vec::new());
        }
        let records = self.records(segment, &bytes);
        let per_fragment = layout.records_per_fragment();
        let place = |record: u32| {
            let fragment = usize::try_from(record / per_fragment).unwrap_or(usize::MAX);
            (
                fragment,
                to_usize(record % per_fragment) * to_usize(layout.record_bytes()),
            )
        };
        let needed = place(records.start).0..=place(records.end - 1).0;
        if fragments[needed].iter().any(Option::is_none) {
            restore(manifest, segment, fragments, false)?;
        }
        let payload_start =
            all.start + u64::from(records.start) * u64::from(layout.record_payload());
        let mut out = Vec::with_capacity(
            to_usize(records.end - records.start) * to_usize(layout.record_bytes()),
        );
        for record in records {
            let stored = layout.record_len(segment, record) + to_usize(layout.tag_bytes());
            let (fragment, offset) = place(record);
            let bytes = fragments[fragment].as_deref().unwrap_or_default();
            let begin = out.len();
            out.extend_from_slice(&bytes[offset..offset + stored]);
            self.open_record(segment, record, begin, &mut out)?;
        }
        let skip = usize::try_from(start - payload_start).unwrap_or(usize::MAX);
        let take = usize::try_from(end - start).unwrap_or(usize::MAX);
        out.truncate(skip.saturating_add(take));
        out.drain(..skip);
        Ok(out)
    }

    /// Decodes a range segment by segment: `fetch` gives a segment's fragments, `write` takes its
    /// bytes in order. At most one segment is held.
    ///
    /// # Errors
    /// As [`Decoder::decode_part`], or what `fetch` or `write` return.
    pub fn decode_range<E: From<DecodeError>>(
        &self,
        range: Range<u64>,
        mut fetch: impl FnMut(&SegmentPlan) -> Result<Vec<Option<Vec<u8>>>, E>,
        mut write: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        for plan in self.plan(range)?.segments {
            let mut fragments = fetch(&plan)?;
            write(&self.decode_part(plan.segment, plan.bytes, &mut fragments)?)?;
        }
        Ok(())
    }

    /// The records of a segment that hold `bytes`, which are not empty and inside the segment.
    fn records(&self, segment: u32, bytes: &Range<u64>) -> Range<u32> {
        let layout = self.manifest.layout();
        let start = layout.segment_range(segment).start;
        let record = |byte: u64| {
            let index = byte.saturating_sub(start) / u64::from(layout.record_payload());
            u32::try_from(index).unwrap_or(u32::MAX)
        };
        record(bytes.start)..record(bytes.end - 1).saturating_add(1)
    }

    /// Decrypts the record at the end of `out`, from `begin`, in place.
    fn open_record(
        &self,
        segment: u32,
        record: u32,
        begin: usize,
        out: &mut Vec<u8>,
    ) -> Result<(), DecodeError> {
        let Some(envelope) = &self.envelope else {
            return Ok(());
        };
        let last = self.manifest.layout().is_last_record(segment, record);
        let payload = envelope
            .open(
                RecordAt {
                    segment,
                    record,
                    last,
                },
                &mut out[begin..],
            )
            .map_err(|_| DecodeError::WrongKey { segment, record })?
            .len();
        out.truncate(begin + payload);
        Ok(())
    }
}

/// Restores all missing fragments of a segment, parity too; needs no key. For repair.
///
/// # Errors
/// As [`Decoder::decode_segment`].
pub fn rebuild_segment(
    manifest: &Manifest,
    segment: u32,
    fragments: &mut [Option<Vec<u8>>],
) -> Result<(), DecodeError> {
    verify_given(manifest, segment, fragments)?;
    restore(manifest, segment, fragments, true)
}

/// Checks the number of places and the id of every fragment given.
fn verify_given(
    manifest: &Manifest,
    segment: u32,
    fragments: &[Option<Vec<u8>>],
) -> Result<(), DecodeError> {
    let segments = manifest.layout().segments();
    if segment >= segments {
        return Err(DecodeError::NoSegment { segment, segments });
    }
    let (expected, got) = (
        usize::from(manifest.layout().erasure().total()),
        fragments.len(),
    );
    if got != expected {
        return Err(DecodeError::FragmentCount {
            segment,
            expected,
            got,
        });
    }
    for (index, fragment) in (0..).zip(fragments) {
        if fragment
            .as_ref()
            .is_some_and(|bytes| !manifest.is_fragment(segment, index, bytes))
        {
            return Err(DecodeError::CorruptFragment { segment, index });
        }
    }
    Ok(())
}

/// Restores missing fragments from verified ones, and verifies what it made.
fn restore(
    manifest: &Manifest,
    segment: u32,
    fragments: &mut [Option<Vec<u8>>],
    parity_too: bool,
) -> Result<(), DecodeError> {
    let erasure = manifest.layout().erasure();
    let need = usize::from(erasure.data);
    let missing: Vec<u16> = (0..)
        .zip(&*fragments)
        .filter(|(_, f)| f.is_none())
        .map(|(index, _)| index)
        .collect();
    let have = fragments.len() - missing.len();
    if have < need {
        return Err(DecodeError::NotEnoughFragments {
            segment,
            have,
            need,
            missing,
        });
    }
    let codec = manifest.codec().codec();
    if parity_too {
        codec.reconstruct(erasure, fragments)?;
    } else {
        codec.reconstruct_data(erasure, fragments)?;
    }
    // Whoever made the manifest may have lied about parity.
    for index in missing {
        let made = fragments[usize::from(index)].as_ref();
        if made.is_some_and(|bytes| !manifest.is_fragment(segment, index, bytes)) {
            return Err(DecodeError::InconsistentManifest { segment, index });
        }
    }
    Ok(())
}
