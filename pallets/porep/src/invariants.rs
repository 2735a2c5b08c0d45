//! What always holds between the pallet's storage items.
//!
//! 1. A piece's entry names a sector that is not terminated and lists the piece.
//! 2. A sector is active or faulty iff it has a place; the place names it, with its `comm_r`, and is
//!    not vacant. A terminated sector lists no piece. `Power` counts the active ones.
//! 3. A place is faulty iff its sector is; a vacant place is not faulty and has left.
//! 4. A partition has at most `post_sectors` places, at least one of them, and lies below the
//!    provider's `NextPartition`.
//! 5. Every partition is due exactly once, at its `due.closes_at`, which is not handled yet.
//! 6. A partition is in `WithRoom` iff it has room.
//! 7. No beacon is older than `beacon_blocks` or of the future.
//! 8. A key's id is the digest of its canonical bytes, and its prepared form is of these bytes.

#[cfg(any(test, feature = "try-runtime"))]
mod checks {
    use alloc::{format, string::String, vec::Vec};

    use frame_support::traits::Get;
    use ips_primitives::{id::SectorNumber, sector::SectorState};
    use sp_runtime::TryRuntimeError;

    use crate::{
        pallet::{
            BlockBeacons, Config, Due, Keys, NextClose, NextPartition, Pallet, Partitions,
            PieceSectors, Power, Sectors, WithRoom,
        },
        types::{Partition, PartitionRef, Position},
    };

    impl<T: Config> Pallet<T> {
        /// Checks every invariant, in order.
        pub(crate) fn ensure_invariants() -> Result<(), TryRuntimeError> {
            let mut broken = Vec::new();
            Self::check_pieces(&mut broken);
            Self::check_sectors(&mut broken);
            Self::check_partitions(&mut broken);
            Self::check_due(&mut broken);
            Self::check_beacons_and_keys(&mut broken);
            if broken.is_empty() {
                return Ok(());
            }
            // Leaks, once, in a build that exists to find such states.
            Err(TryRuntimeError::Other(broken.join("; ").leak()))
        }

        fn check_pieces(broken: &mut Vec<String>) {
            for (slot, index, (provider, sector)) in PieceSectors::<T>::iter() {
                let holds = Sectors::<T>::get(provider, sector).is_some_and(|info| {
                    info.state != SectorState::Terminated
                        && info
                            .pieces
                            .iter()
                            .any(|piece| piece.piece.slot == slot && piece.piece.index == index)
                });
                if !holds {
                    broken.push(format!("1: {slot:?} {index:?} is not in {sector:?}"));
                }
            }
        }

        fn check_sectors(broken: &mut Vec<String>) {
            let mut active = alloc::collections::BTreeMap::<_, u32>::new();
            for (provider, _, info) in Sectors::<T>::iter() {
                if info.state == SectorState::Active {
                    *active.entry(provider).or_default() += 1;
                }
            }
            if active != Power::<T>::iter().collect() {
                broken.push("2: power is not the active sectors".into());
            }
            for (provider, number, info) in Sectors::<T>::iter() {
                let placed = matches!(info.state, SectorState::Active | SectorState::Faulty);
                if placed != info.partition.is_some() {
                    broken.push(format!("2: {number:?} is {:?}", info.state));
                }
                if info.state == SectorState::Terminated && !info.pieces.is_empty() {
                    broken.push(format!("2: {number:?} ended with pieces"));
                }
                let Some((index, place)) = info.partition else {
                    continue;
                };
                let partition = Partitions::<T>::get(provider, index);
                let position: Option<Position> =
                    partition.and_then(|p| p.positions.get(place as usize).copied());
                let Some(position) = position else {
                    broken.push(format!("2: {number:?} has no place"));
                    continue;
                };
                let SectorNumber(named) = position.sector;
                if named != number.0 || position.comm_r != info.comm_r || position.vacant {
                    broken.push(format!("2: the place of {number:?} is of {named}"));
                }
                if position.faulty_since.is_some() != (info.state == SectorState::Faulty) {
                    broken.push(format!("3: {number:?} is {:?}", info.state));
                }
            }
        }

        fn check_partitions(broken: &mut Vec<String>) {
            let post_sectors = T::Parameters::get().profile.post_sectors;
            for (provider, index, partition) in Partitions::<T>::iter() {
                let Partition { positions, .. } = &partition;
                if positions.is_empty() || positions.len() > post_sectors as usize {
                    broken.push(format!("4: {index:?} has {} places", positions.len()));
                }
                if index >= NextPartition::<T>::get(provider) {
                    broken.push(format!("4: {index:?} was never opened"));
                }
                let is_off = |position: &Position| {
                    position.vacant
                        && (position.faulty_since.is_some() || position.left_at.is_none())
                };
                if positions.iter().any(is_off) {
                    broken.push(format!("3: {index:?} has a vacant place that counts"));
                }
                let listed = WithRoom::<T>::contains_key(provider, index);
                if listed != partition.has_room(post_sectors) {
                    broken.push(format!("6: {index:?} is wrongly listed"));
                }
            }
            for (provider, index, ()) in WithRoom::<T>::iter() {
                if !Partitions::<T>::contains_key(provider, index) {
                    broken.push(format!("6: {index:?} is gone"));
                }
            }
        }

        fn check_due(broken: &mut Vec<String>) {
            let next_close = NextClose::<T>::get();
            let mut due = 0;
            for (
                closes_at,
                PartitionRef {
                    provider,
                    partition,
                },
                (),
            ) in Due::<T>::iter()
            {
                due += 1;
                let owed = Partitions::<T>::get(provider, partition).map(|p| p.due.closes_at);
                if owed != Some(closes_at) || closes_at < next_close {
                    broken.push(format!("5: {partition:?} is due at {closes_at}"));
                }
            }
            if due != Partitions::<T>::iter_keys().count() {
                broken.push(format!("5: {due} partitions are due"));
            }
        }

        fn check_beacons_and_keys(broken: &mut Vec<String>) {
            let (now, kept) = (Self::now(), T::Parameters::get().beacon_blocks);
            for block in BlockBeacons::<T>::iter_keys() {
                if block > now || now - block > kept {
                    broken.push(format!("7: beacon of {block} at {now}"));
                }
            }
            for (kind, key) in Keys::<T>::iter() {
                if !Self::is_consistent_key(kind, &key) {
                    broken.push(format!("8: key {kind}"));
                }
            }
        }
    }
}
