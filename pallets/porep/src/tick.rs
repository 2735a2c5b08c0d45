//! Work of every block: its beacon, and the misses of windows that closed. Bounded.

use alloc::vec::Vec;

use frame_support::{traits::Get, weights::Weight};
use ips_primitives::{challenge::Beacon, id::BlockNumber, sector::SECTOR_PIECES_MAX};

use crate::{
    pallet::{BlockBeacons, Config, Due, Endings, NextClose, Pallet, Partitions},
    types::{BlockRandomness, PartitionRef},
    weights::WeightInfo,
};

/// Window ends that one block looks at: more than one only after an upgrade that cut windows short.
const CLOSES_PER_BLOCK: u32 = 4;
/// Sectors that one block terminates because they were faulty for too long.
pub const ENDINGS_PER_BLOCK: u64 = 2;

impl<T: Config> Pallet<T> {
    pub(crate) fn tick(now: BlockNumber) -> Weight {
        Self::note_beacon(now, T::BlockRandomness::for_block(now));
        let (partitions, pieces) = Self::close_windows(now);
        let ended = Self::end_sectors(now);
        let end = T::WeightInfo::terminate(SECTOR_PIECES_MAX);
        T::WeightInfo::tick(partitions, pieces).saturating_add(end.saturating_mul(ended))
    }

    /// Terminates sectors that are faulty for too long; returns how many it looked for.
    fn end_sectors(now: BlockNumber) -> u64 {
        let queued: Vec<PartitionRef> = Endings::<T>::iter_keys()
            .take(ENDINGS_PER_BLOCK as usize)
            .collect();
        for who in &queued {
            Self::end_one(*who, now);
        }
        queued.len() as u64
    }

    fn note_beacon(now: BlockNumber, beacon: Beacon) {
        BlockBeacons::<T>::insert(now, beacon);
        if let Some(old) = now.checked_sub(T::Parameters::get().beacon_blocks.saturating_add(1)) {
            BlockBeacons::<T>::remove(old);
        }
    }

    /// Handles misses up to the block's limits; what is left waits for the next block. Returns how
    /// many partitions and pieces were handled.
    fn close_windows(now: BlockNumber) -> (u32, u32) {
        let parameters = T::Parameters::get();
        let window_blocks = parameters.schedule.window_blocks();
        let (mut partitions, mut pieces) = (0u32, 0u32);
        if !NextClose::<T>::exists() {
            NextClose::<T>::put((now / window_blocks + 1) * window_blocks);
        }
        for _ in 0..CLOSES_PER_BLOCK {
            let close = NextClose::<T>::get();
            if close > now {
                break;
            }
            let room = parameters.tick_partitions_max.saturating_sub(partitions) as usize;
            // One more than there is room for tells whether any is left.
            let due: Vec<PartitionRef> = Due::<T>::iter_key_prefix(close).take(room + 1).collect();
            let mut handled = 0;
            for who in due.iter().take(room) {
                let (provider, partition) = (who.provider, who.partition);
                let more = Partitions::<T>::get(provider, partition).map_or(0, |p| p.pieces());
                // The first one always: a partition of any size is handled at last.
                let is_first = partitions == 0 && handled == 0;
                if !is_first && pieces.saturating_add(more) > parameters.tick_pieces_max {
                    break;
                }
                pieces = pieces.saturating_add(more);
                Self::miss(provider, partition, now);
                handled += 1;
            }
            partitions += handled as u32;
            if handled < due.len() {
                break;
            }
            NextClose::<T>::put(close.saturating_add(window_blocks));
        }
        (partitions, pieces)
    }
}
