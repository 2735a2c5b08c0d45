//! Geometry of a stored file: which byte is in which record, fragment, segment and group.
//!
//! Goal: every size and index is computed here once. Non-goal: bytes.
//!
//! A segment is `data · F` stored bytes. A record is `min(64 KiB, F)` stored bytes, of which 16 are
//! the tag if the file is encrypted; only the file's last record is shorter. What is behind it in
//! the last segment is zeros.

use std::ops::Range;

use ips_primitives::fragment::{segments_per_group, ErasureParams, FragmentSize};

/// Most bytes of one record, tag included.
pub const RECORD_BYTES_MAX: u32 = 64 << 10;
/// Bytes that encryption adds to a record.
pub const TAG_BYTES: u32 = 16;

/// The geometry of one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    erasure: ErasureParams,
    fragment_size: FragmentSize,
    length: u64,
    encrypted: bool,
}

impl Layout {
    /// The geometry of a file of `length` bytes with the protocol's fragment size for it.
    pub fn for_file(erasure: ErasureParams, length: u64, encrypted: bool) -> Self {
        let with = |fragment_size| Self::new(erasure, fragment_size, length, encrypted);
        // Fewer, larger records cost less, so the stored length depends on the size: take the first
        // size that holds what it makes of the file.
        FragmentSize::ALL
            .into_iter()
            .map(with)
            .find(|l| FragmentSize::for_file(l.stored_bytes(), erasure) <= l.fragment_size)
            .unwrap_or_else(|| with(FragmentSize::K1024))
    }

    /// The geometry with a given fragment size.
    pub const fn new(
        erasure: ErasureParams,
        fragment_size: FragmentSize,
        length: u64,
        encrypted: bool,
    ) -> Self {
        Self {
            erasure,
            fragment_size,
            length,
            encrypted,
        }
    }

    /// Erasure parameters.
    pub const fn erasure(&self) -> ErasureParams {
        self.erasure
    }

    /// Fragment size.
    pub const fn fragment_size(&self) -> FragmentSize {
        self.fragment_size
    }

    /// Bytes of the file.
    pub const fn length(&self) -> u64 {
        self.length
    }

    /// Whether records carry tags.
    pub const fn is_encrypted(&self) -> bool {
        self.encrypted
    }

    /// Stored bytes of a full record.
    pub fn record_bytes(&self) -> u32 {
        self.fragment_size.bytes().min(RECORD_BYTES_MAX)
    }

    /// Bytes of each record that are not the file's.
    pub const fn tag_bytes(&self) -> u32 {
        if self.encrypted {
            TAG_BYTES
        } else {
            0
        }
    }

    /// File bytes of a full record.
    pub fn record_payload(&self) -> u32 {
        self.record_bytes() - self.tag_bytes()
    }

    /// Records of one fragment; a record never crosses a fragment's border.
    pub fn records_per_fragment(&self) -> u32 {
        self.fragment_size.bytes() / self.record_bytes()
    }

    /// Records of one full segment.
    pub fn records_per_segment(&self) -> u32 {
        self.records_per_fragment() * u32::from(self.erasure.data)
    }

    /// File bytes of a full segment.
    pub fn segment_payload(&self) -> u64 {
        u64::from(self.records_per_segment()) * u64::from(self.record_payload())
    }

    /// Bytes after encryption, without padding; saturates.
    pub fn stored_bytes(&self) -> u64 {
        let records = self.length.div_ceil(u64::from(self.record_payload()));
        self.length
            .saturating_add(records.saturating_mul(u64::from(self.tag_bytes())))
    }

    /// Number of segments, without the bound of `u32`.
    pub(crate) fn segments_unbounded(&self) -> u64 {
        self.length.div_ceil(self.segment_payload().max(1))
    }

    /// Number of segments; saturates (limits of the manifest keep real files far below).
    pub fn segments(&self) -> u32 {
        u32::try_from(self.segments_unbounded()).unwrap_or(u32::MAX)
    }

    /// Number of groups; saturates.
    pub fn groups(&self) -> u16 {
        let groups = self
            .segments()
            .div_ceil(segments_per_group(self.fragment_size));
        u16::try_from(groups).unwrap_or(u16::MAX)
    }

    /// The group of a segment and the segment's position in it.
    pub fn group_of(&self, segment: u32) -> (u16, u32) {
        let per_group = segments_per_group(self.fragment_size);
        (
            u16::try_from(segment / per_group).unwrap_or(u16::MAX),
            segment % per_group,
        )
    }

    /// The segments of a group; empty if there is no such group.
    pub fn segments_of(&self, group: u16) -> Range<u32> {
        let per_group = segments_per_group(self.fragment_size);
        let start = u32::from(group)
            .saturating_mul(per_group)
            .min(self.segments());
        start..start.saturating_add(per_group).min(self.segments())
    }

    /// Bytes of each slot of a group.
    pub fn slot_bytes(&self, group: u16) -> u64 {
        let segments = self.segments_of(group);
        u64::from(segments.end - segments.start) * u64::from(self.fragment_size.bytes())
    }

    /// The file's bytes that a segment holds; empty if there is no such segment.
    pub fn segment_range(&self, segment: u32) -> Range<u64> {
        let start = self
            .segment_payload()
            .saturating_mul(u64::from(segment))
            .min(self.length);
        start
            ..start
                .saturating_add(self.segment_payload())
                .min(self.length)
    }

    /// Number of records of a segment that hold bytes of the file.
    pub fn records_in(&self, segment: u32) -> u32 {
        let range = self.segment_range(segment);
        u32::try_from((range.end - range.start).div_ceil(u64::from(self.record_payload())))
            .unwrap_or(self.records_per_segment())
    }

    /// File bytes of record `record` of a segment, counted from the segment's first.
    pub(crate) fn record_len(&self, segment: u32, record: u32) -> usize {
        let range = self.segment_range(segment);
        let before = u64::from(record) * u64::from(self.record_payload());
        let left = (range.end - range.start).saturating_sub(before);
        usize::try_from(left.min(u64::from(self.record_payload()))).unwrap_or(0)
    }

    /// Whether this is the file's last record.
    pub(crate) fn is_last_record(&self, segment: u32, record: u32) -> bool {
        segment.checked_add(1) == Some(self.segments())
            && record.checked_add(1) == Some(self.records_in(segment))
    }
}

pub(crate) fn to_usize(number: u32) -> usize {
    usize::try_from(number).expect("pointers have at least 32 bits on supported machines")
}

#[cfg(test)]
mod tests {
    use super::*;
    use ips_primitives::fragment::{GroupWidth, Level};

    const HALF: ErasureParams = ErasureParams { data: 3, parity: 3 };

    #[test]
    fn plain_files_change_fragment_size_at_the_protocol_borders() {
        for border in [3 * 8192, 3 * 16384, 3 * 32768, 64 << 20] {
            for length in [border - 1, border, border + 1] {
                let layout = Layout::for_file(HALF, length, false);
                assert_eq!(layout.fragment_size(), FragmentSize::for_file(length, HALF));
            }
        }
    }

    #[test]
    fn encrypted_files_pay_for_their_tags() {
        let at = Layout::for_file(HALF, 3 * (8192 - 16), true);
        assert_eq!((at.fragment_size(), at.segments()), (FragmentSize::K8, 1));
        assert_eq!(at.stored_bytes(), 3 * 8192);
        let over = Layout::for_file(HALF, 3 * (8192 - 16) + 1, true);
        assert_eq!(
            (over.fragment_size(), over.segments()),
            (FragmentSize::K16, 1)
        );
    }

    #[test]
    fn encrypted_files_change_fragment_size_where_their_stored_bytes_do() {
        for width in GroupWidth::ALL {
            let erasure = ErasureParams::new(Level::Half, width);
            let segment =
                |size: FragmentSize| Layout::new(erasure, size, 1, true).segment_payload();
            let borders = [
                (
                    segment(FragmentSize::K8),
                    FragmentSize::K8,
                    FragmentSize::K16,
                ),
                (
                    segment(FragmentSize::K16),
                    FragmentSize::K16,
                    FragmentSize::K32,
                ),
                (
                    segment(FragmentSize::K32),
                    FragmentSize::K32,
                    FragmentSize::K256,
                ),
                // 64 MiB are 1024 records with their tags.
                (
                    1024 * (65_536 - 16),
                    FragmentSize::K256,
                    FragmentSize::K1024,
                ),
            ];
            for (border, at, above) in borders {
                for (length, size) in [(border - 1, at), (border, at), (border + 1, above)] {
                    let layout = Layout::for_file(erasure, length, true);
                    assert_eq!(layout.fragment_size(), size, "{erasure:?} {length}");
                }
            }
        }
    }

    #[test]
    fn segments_and_groups_tile_the_file() {
        for level in Level::ALL {
            let erasure = ErasureParams::new(level, GroupWidth::ALL[0]);
            for length in [1, 100_000, 3 << 20, (64 << 20) + 1, (1 << 30) + 7, 10 << 30] {
                let layout = Layout::for_file(erasure, length, true);
                let mut at = 0;
                for segment in 0..layout.segments() {
                    let range = layout.segment_range(segment);
                    assert_eq!(range.start, at);
                    assert!(range.end > range.start);
                    let records = layout.records_in(segment);
                    let sum: usize = (0..records).map(|r| layout.record_len(segment, r)).sum();
                    assert_eq!(u64::try_from(sum).unwrap(), range.end - range.start);
                    at = range.end;
                }
                assert_eq!(at, length);
                let mut next = 0;
                for group in 0..layout.groups() {
                    assert_eq!(layout.segments_of(group).start, next);
                    next = layout.segments_of(group).end;
                    assert_eq!(layout.group_of(next - 1).0, group);
                }
                assert_eq!(next, layout.segments());
                assert!(layout.segments_of(layout.groups()).is_empty());
            }
        }
    }
}
