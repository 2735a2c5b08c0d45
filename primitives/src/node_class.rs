//! The five classes of storage nodes (white paper 5.4.2).

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// What kind of machine a node is, in ascending order of expected availability.
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
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "lowercase"))]
pub enum NodeClass {
    /// A phone or tablet.
    #[codec(index = 0)]
    Mobile,
    /// A home computer.
    #[codec(index = 1)]
    Personal,
    /// A mining machine run for income.
    #[codec(index = 2)]
    Professional,
    /// A company's server.
    #[codec(index = 3)]
    Enterprise,
    /// A super node: keeps indexes, schedules, patrols, relays.
    #[codec(index = 4)]
    Super,
}

impl NodeClass {
    /// All classes, ascending.
    pub const ALL: [Self; 5] = [
        Self::Mobile,
        Self::Personal,
        Self::Professional,
        Self::Enterprise,
        Self::Super,
    ];

    /// Whether governance gives the class; the others are what the owner says. The classes that data
    /// slots prefer and that keep the network's indexes are worth lying about.
    pub const fn needs_approval(self) -> bool {
        matches!(self, Self::Enterprise | Self::Super)
    }

    /// Weight of the class in the slot lottery for a data slot (`true`) or a parity slot.
    ///
    /// Bounds: `1..=8`. Data slots prefer enterprise and super nodes (white paper 5.4.2).
    pub const fn lottery_weight(self, data_slot: bool) -> u64 {
        match (self, data_slot) {
            (Self::Mobile, _) => 1,
            (Self::Personal, _) => 2,
            (Self::Professional, true) => 2,
            (Self::Professional, false) => 4,
            (Self::Enterprise, true) => 6,
            (Self::Super, true) => 8,
            (Self::Enterprise | Self::Super, false) => 3,
        }
    }

    /// Largest capacity a node of the class may register, in bytes.
    pub const fn capacity_bytes_max(self) -> u64 {
        const GIB: u64 = 1 << 30;
        match self {
            Self::Mobile => 128 * GIB,
            Self::Personal => 8 * 1024 * GIB,
            Self::Professional => 128 * 1024 * GIB,
            Self::Enterprise => 1024 * 1024 * GIB,
            Self::Super => 4096 * 1024 * GIB,
        }
    }

    /// Parses the lower-case name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.name() == name)
    }

    /// The lower-case name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mobile => "mobile",
            Self::Personal => "personal",
            Self::Professional => "professional",
            Self::Enterprise => "enterprise",
            Self::Super => "super",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip() {
        for class in NodeClass::ALL {
            assert_eq!(NodeClass::from_name(class.name()), Some(class));
        }
        assert_eq!(NodeClass::from_name("toaster"), None);
    }

    #[test]
    fn what_data_slots_prefer_needs_approval() {
        let free: Vec<_> = NodeClass::ALL
            .into_iter()
            .filter(|class| !class.needs_approval())
            .collect();
        let best = free.iter().map(|class| class.lottery_weight(true)).max();
        assert_eq!(best, Some(2));
        assert_eq!(free.len(), 3);
    }

    #[test]
    fn data_slots_prefer_super_and_enterprise() {
        let best_other = NodeClass::Professional.lottery_weight(true);
        assert!(NodeClass::Enterprise.lottery_weight(true) > best_other);
        assert!(NodeClass::Super.lottery_weight(true) > best_other);
    }
}
