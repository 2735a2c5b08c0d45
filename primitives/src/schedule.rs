//! When a partition must be proven (`docs/protocol.md` §6).

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

use crate::id::{BlockNumber, PartitionIndex, ProviderId};

/// Proving periods follow one another from block 0; each is cut into equal deadlines.
///
/// Bounds: `deadlines` >= 1 and divides `period_blocks`.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ProvingSchedule {
    /// Blocks of a proving period.
    pub period_blocks: BlockNumber,
    /// Deadlines of a proving period.
    pub deadlines: u32,
}

/// One window in which one storage proof of a partition is due.
///
/// Relations: `opens_at` <= block < `closes_at`; the challenge is the beacon of `opens_at`.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Window {
    /// Proving period, from 0.
    pub period: u32,
    /// First block in which the proof may be included.
    pub opens_at: BlockNumber,
    /// First block in which it may not.
    pub closes_at: BlockNumber,
}

impl ProvingSchedule {
    /// Blocks of one window.
    pub const fn window_blocks(&self) -> BlockNumber {
        self.period_blocks / self.deadlines
    }

    /// The deadline of a partition: spread over the period by provider.
    pub fn deadline_of(&self, provider: &ProviderId, partition: PartitionIndex) -> u32 {
        let spread = u32::from(provider.0[0]) % self.deadlines;
        (spread + partition.0 % self.deadlines) % self.deadlines
    }

    /// The window of deadline `deadline` in period `period`.
    pub const fn window(&self, period: u32, deadline: u32) -> Window {
        let opens_at = period * self.period_blocks + deadline * self.window_blocks();
        Window {
            period,
            opens_at,
            closes_at: opens_at + self.window_blocks(),
        }
    }

    /// The first window of `deadline` that opens strictly after block `after`.
    pub const fn next_window(&self, after: BlockNumber, deadline: u32) -> Window {
        let mut period = after / self.period_blocks;
        if self.window(period, deadline).opens_at <= after {
            period += 1;
        }
        self.window(period, deadline)
    }

    /// The window that is open at `block`, with its deadline.
    pub const fn open_window(&self, block: BlockNumber) -> (u32, Window) {
        let deadline = block % self.period_blocks / self.window_blocks();
        (deadline, self.window(block / self.period_blocks, deadline))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEDULE: ProvingSchedule = ProvingSchedule {
        period_blocks: 20,
        deadlines: 2,
    };

    #[test]
    fn windows_tile_the_chain() {
        for block in 0..100 {
            let (deadline, window) = SCHEDULE.open_window(block);
            assert!(window.opens_at <= block && block < window.closes_at);
            assert_eq!(SCHEDULE.window(window.period, deadline), window);
        }
    }

    #[test]
    fn next_window_opens_strictly_later_and_soonest() {
        for after in 0..100 {
            for deadline in 0..2 {
                let window = SCHEDULE.next_window(after, deadline);
                assert!(window.opens_at > after);
                assert!(window.opens_at <= after + SCHEDULE.period_blocks);
            }
        }
    }
}
