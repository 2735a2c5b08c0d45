//! Erasure parameters and fragment sizes (`docs/protocol.md` §2).

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// Share of the holders of a file that may vanish without loss.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Level {
    /// One third: 1.5 bytes stored per byte.
    #[codec(index = 0)]
    OneThird,
    /// One half: 2 bytes stored per byte.
    #[codec(index = 1)]
    Half,
    /// Two thirds: 3 bytes stored per byte.
    #[codec(index = 2)]
    TwoThirds,
}

impl Level {
    /// All levels, ascending.
    pub const ALL: [Self; 3] = [Self::OneThird, Self::Half, Self::TwoThirds];

    /// Parses `1/3`, `1/2` or `2/3`.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.name() == name)
    }

    /// `1/3`, `1/2` or `2/3`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::OneThird => "1/3",
            Self::Half => "1/2",
            Self::TwoThirds => "2/3",
        }
    }
}

/// How many slots a group has in all: 6, 12, 30 or 60 by network size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupWidth(u8);

impl GroupWidth {
    /// All widths, ascending.
    pub const ALL: [Self; 4] = [Self(6), Self(12), Self(30), Self(60)];

    /// The widest group that a network of `nodes` usable nodes can fill; `None` below 6 nodes.
    pub fn for_network(nodes: usize) -> Option<Self> {
        Self::ALL
            .into_iter()
            .rev()
            .find(|width| usize::from(width.0) <= nodes)
    }

    /// The number of slots.
    pub const fn total(self) -> u8 {
        self.0
    }
}

/// Any `data` of `data + parity` fragments give a segment back.
///
/// Bounds: both at least 1; `data + parity` is 6, 12, 30 or 60; `parity / total` is a [`Level`].
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ErasureParams {
    /// Fragments needed to read a segment.
    pub data: u8,
    /// Fragments that may be lost.
    pub parity: u8,
}

impl ErasureParams {
    /// The parameters of a level at a group width.
    pub const fn new(level: Level, width: GroupWidth) -> Self {
        let parity = match level {
            Level::OneThird => width.0 / 3,
            Level::Half => width.0 / 2,
            Level::TwoThirds => width.0 / 3 * 2,
        };
        Self {
            data: width.0 - parity,
            parity,
        }
    }

    /// Fragments of a segment, slots of a group.
    pub const fn total(self) -> u8 {
        self.data.saturating_add(self.parity)
    }

    /// The level, or `None` if these are not parameters of the protocol.
    pub fn level(self) -> Option<Level> {
        GroupWidth::ALL
            .into_iter()
            .flat_map(|width| Level::ALL.map(|level| (level, Self::new(level, width))))
            .find(|(_, params)| *params == self)
            .map(|(level, _)| level)
    }

    /// Whether slot `index` holds data fragments (the others hold parity).
    pub const fn is_data(self, index: u16) -> bool {
        index < self.data as u16
    }
}

/// Bytes of every fragment of a file (white paper 5.4.1).
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub enum FragmentSize {
    /// 8 KiB.
    #[codec(index = 0)]
    K8,
    /// 16 KiB.
    #[codec(index = 1)]
    K16,
    /// 32 KiB.
    #[codec(index = 2)]
    K32,
    /// 256 KiB.
    #[codec(index = 3)]
    K256,
    /// 1 MiB.
    #[codec(index = 4)]
    K1024,
}

impl FragmentSize {
    /// All sizes, ascending.
    pub const ALL: [Self; 5] = [Self::K8, Self::K16, Self::K32, Self::K256, Self::K1024];
    /// Files above this many bytes use 1 MiB fragments.
    pub const LARGE_FILE_BYTES: u64 = 64 << 20;

    /// The size in bytes.
    pub const fn bytes(self) -> u32 {
        match self {
            Self::K8 => 8 << 10,
            Self::K16 => 16 << 10,
            Self::K32 => 32 << 10,
            Self::K256 => 256 << 10,
            Self::K1024 => 1024 << 10,
        }
    }

    /// The size of exactly `bytes`, if there is one.
    pub fn from_bytes(bytes: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|size| size.bytes() == bytes)
    }

    /// The fragment size for a file: the smallest of 8, 16, 32 KiB whose one segment holds the
    /// file, else 256 KiB up to 64 MiB, else 1 MiB.
    ///
    /// `stored_bytes` is the length after encryption.
    pub fn for_file(stored_bytes: u64, params: ErasureParams) -> Self {
        for size in [Self::K8, Self::K16, Self::K32] {
            if stored_bytes <= u64::from(size.bytes()) * u64::from(params.data) {
                return size;
            }
        }
        if stored_bytes <= Self::LARGE_FILE_BYTES {
            Self::K256
        } else {
            Self::K1024
        }
    }
}

/// The largest slot of one order, in bytes: a larger file has several groups.
pub const SLOT_BYTES_MAX: u64 = 16 << 20;

/// Segments of one group for a fragment size: as many as fit a slot.
pub const fn segments_per_group(size: FragmentSize) -> u32 {
    (SLOT_BYTES_MAX as u32) / size.bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn params_follow_the_table() {
        let table = [
            (6, [(4, 2), (3, 3), (2, 4)]),
            (12, [(8, 4), (6, 6), (4, 8)]),
            (30, [(20, 10), (15, 15), (10, 20)]),
            (60, [(40, 20), (30, 30), (20, 40)]),
        ];
        for (width, (total, rows)) in GroupWidth::ALL.into_iter().zip(table) {
            assert_eq!(width.total(), total);
            for (level, (data, parity)) in Level::ALL.into_iter().zip(rows) {
                let params = ErasureParams::new(level, width);
                assert_eq!(params, ErasureParams { data, parity });
                assert_eq!(params.level(), Some(level));
            }
        }
        assert_eq!(ErasureParams { data: 5, parity: 1 }.level(), None);
        assert_eq!(ErasureParams { data: 0, parity: 6 }.level(), None);
    }

    #[test]
    fn width_grows_with_the_network() {
        let widths = [
            (5, None),
            (6, Some(6)),
            (11, Some(6)),
            (12, Some(12)),
            (59, Some(30)),
        ];
        for (nodes, total) in widths {
            assert_eq!(GroupWidth::for_network(nodes).map(GroupWidth::total), total);
        }
        assert_eq!(
            GroupWidth::for_network(1_000).map(GroupWidth::total),
            Some(60)
        );
    }

    #[test]
    fn fragment_size_changes_exactly_at_its_borders() {
        let params = ErasureParams { data: 3, parity: 3 };
        let borders = [
            (3 * 8192, FragmentSize::K8, FragmentSize::K16),
            (3 * 16384, FragmentSize::K16, FragmentSize::K32),
            (3 * 32768, FragmentSize::K32, FragmentSize::K256),
            (64 << 20, FragmentSize::K256, FragmentSize::K1024),
        ];
        for (border, at, above) in borders {
            assert_eq!(FragmentSize::for_file(border, params), at);
            assert_eq!(FragmentSize::for_file(border + 1, params), above);
        }
    }
}
