//! Answers for other pallets and for the runtime's queries.

use alloc::vec::Vec;

use frame_support::{traits::Get, weights::Weight};
use frame_system::pallet_prelude::BlockNumberFor;
use ips_pallet_traits::{Beacons, Deals, Replicas, VerifyingKeys};
use ips_primitives::{
    challenge::Beacon,
    id::{
        BlockNumber, Genesis, PartitionIndex, PieceIndex, ProviderId, SectorNumber, SlotId,
        VerifyingKeyId,
    },
    sector::{CommD, ProofBytes, SectorState, Statement},
    statement::Context,
    view::{PartitionView, SectorView, PARTITIONS_PAGE, SECTORS_PAGE},
};
use ips_verifier::groth16::CircuitKind;
use sp_runtime::SaturatedConversion;

use crate::{
    pallet::{BlockBeacons, Config, Error, Keys, Pallet, Partitions, PieceSectors, Power, Sectors},
    types::{Partition, SectorInfo},
};

/// Ids of the keys that are set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeyIds {
    /// Key of the seal proof.
    pub seal: Option<VerifyingKeyId>,
    /// Key of the storage proof.
    pub post: Option<VerifyingKeyId>,
    /// Key of the proof of extract.
    pub poe: Option<VerifyingKeyId>,
}

impl<T: Config> Pallet<T> {
    pub(crate) fn to_number(block: BlockNumberFor<T>) -> BlockNumber {
        block.saturated_into()
    }

    pub(crate) fn now() -> BlockNumber {
        Self::to_number(frame_system::Pallet::<T>::block_number())
    }

    /// Sectors of a provider that are proven now.
    pub fn power_of(provider: &ProviderId) -> u32 {
        Power::<T>::get(provider)
    }

    /// Hash of block 0, which every statement is bound to.
    pub fn genesis() -> Genesis {
        let hash = frame_system::Pallet::<T>::block_hash(BlockNumberFor::<T>::default());
        let mut bytes = [0; 32];
        let source = hash.as_ref();
        let len = source.len().min(bytes.len());
        bytes[..len].copy_from_slice(&source[..len]);
        Genesis(bytes)
    }

    /// What statements of a circuit are bound to.
    pub(crate) fn context(kind: CircuitKind) -> Result<Context, Error<T>> {
        let key = Keys::<T>::get(kind as u8).ok_or(Error::<T>::KeyNotSet)?.id;
        Ok(Context {
            genesis: Self::genesis(),
            profile: T::Parameters::get().profile.id,
            key,
        })
    }

    /// Ids of the keys that are set.
    pub fn key_ids() -> KeyIds {
        let id = |kind: CircuitKind| Keys::<T>::get(kind as u8).map(|key| key.id);
        KeyIds {
            seal: id(CircuitKind::Seal),
            post: id(CircuitKind::Post),
            poe: id(CircuitKind::Poe),
        }
    }

    /// Sectors of a provider after `after` in the order of the storage; up to [`SECTORS_PAGE`].
    pub fn sectors_of(provider: ProviderId, after: Option<SectorNumber>) -> Vec<SectorView> {
        let entries = match after {
            None => Sectors::<T>::iter_prefix(provider),
            Some(after) => {
                let start = Sectors::<T>::hashed_key_for(provider, after);
                Sectors::<T>::iter_prefix_from(provider, start)
            }
        };
        entries
            .take(SECTORS_PAGE as usize)
            .map(|(number, info)| Self::sector_view(number, info))
            .collect()
    }

    fn sector_view(number: SectorNumber, info: SectorInfo) -> SectorView {
        SectorView {
            number,
            state: info.state,
            comm_d: info.comm_d,
            comm_r: info.comm_r,
            replica_id: info.replica_id,
            pieces: info.pieces.iter().map(|piece| piece.piece).collect(),
            pre_committed_at: info.pre_committed_at,
            seed: Self::at(T::Parameters::get().seed_at(info.pre_committed_at)),
            partition: info.partition,
        }
    }

    /// Partitions of a provider after `after` in the order of the storage; up to
    /// [`PARTITIONS_PAGE`].
    pub fn partitions_of(
        provider: ProviderId,
        after: Option<PartitionIndex>,
    ) -> Vec<PartitionView> {
        let entries = match after {
            None => Partitions::<T>::iter_prefix(provider),
            Some(after) => {
                let start = Partitions::<T>::hashed_key_for(provider, after);
                Partitions::<T>::iter_prefix_from(provider, start)
            }
        };
        entries
            .take(PARTITIONS_PAGE as usize)
            .map(|(index, partition)| Self::partition_view(provider, index, &partition))
            .collect()
    }

    fn partition_view(
        provider: ProviderId,
        index: PartitionIndex,
        partition: &Partition,
    ) -> PartitionView {
        let parameters = T::Parameters::get();
        let deadline = parameters.schedule.deadline_of(&provider, index);
        let now = Self::now();
        let window = Self::open_window_of(&provider, index, now)
            .unwrap_or_else(|| parameters.schedule.next_window(now, deadline));
        let mut sectors: Vec<_> = partition
            .positions
            .iter()
            .map(|position| (!position.vacant).then_some(position.sector))
            .collect();
        sectors.resize(parameters.profile.post_sectors as usize, None);
        PartitionView {
            index,
            deadline,
            window,
            set: partition.set_at(window.opens_at, parameters.profile.post_sectors),
            sectors,
            beacon: Self::at(window.opens_at),
            proven: partition.last_proven == Some(window.period),
            proven_periods: partition.proven_periods,
            missed_periods: partition.missed_periods,
        }
    }

    /// Sectors of a slot's pieces that are pre-committed or sealed, by piece.
    pub fn piece_sectors(slot: SlotId) -> Vec<(PieceIndex, SectorNumber)> {
        let mut sectors: Vec<_> = PieceSectors::<T>::iter_prefix(slot)
            .map(|(piece, (_, sector))| (piece, sector))
            .collect();
        sectors.sort();
        sectors
    }

    /// The sector that holds a piece for the slot's current provider.
    fn sector_with(
        slot: SlotId,
        piece: PieceIndex,
    ) -> Option<(ProviderId, SectorNumber, SectorInfo)> {
        let (provider, sector) = PieceSectors::<T>::get(slot, piece)?;
        // A sector of a provider that lost the slot says nothing about the one that has it now. A
        // slot that ended has no facts, but what was proven of it stays proven.
        if T::Deals::facts(slot).is_some_and(|facts| facts.provider != provider) {
            return None;
        }
        Some((provider, sector, Sectors::<T>::get(provider, sector)?))
    }
}

impl<T: Config> Beacons for Pallet<T> {
    fn at(block: BlockNumber) -> Option<Beacon> {
        BlockBeacons::<T>::get(block)
    }

    #[cfg(feature = "runtime-benchmarks")]
    fn set_for_benchmark(block: BlockNumber, beacon: Beacon) {
        BlockBeacons::<T>::insert(block, beacon);
    }
}

impl<T: Config> Replicas for Pallet<T> {
    fn proven_through(slot: SlotId, pieces: u64) -> Option<BlockNumber> {
        (0..pieces)
            .map(|index| {
                let piece = PieceIndex(u16::try_from(index).ok()?);
                let (provider, _, info) = Self::sector_with(slot, piece)?;
                let (index, place) = info.partition?;
                let partition = Partitions::<T>::get(provider, index)?;
                Some(partition.positions.get(place as usize)?.proven_through)
            })
            .try_fold(None, |least: Option<BlockNumber>, through| {
                let through = through?;
                Some(Some(least.map_or(through, |least| least.min(through))))
            })
            .flatten()
    }

    fn sector_of(slot: SlotId, piece: PieceIndex) -> Option<(SectorNumber, CommD, SectorState)> {
        let (_, sector, info) = Self::sector_with(slot, piece)?;
        Some((sector, info.comm_d, info.state))
    }

    #[cfg(feature = "runtime-benchmarks")]
    fn prove_for_benchmark(
        provider: &ProviderId,
        slot: SlotId,
        pieces: u64,
        proven_through: BlockNumber,
    ) {
        crate::benchmarking::proven::<T>(*provider, slot, pieces, proven_through);
    }

    #[cfg(feature = "runtime-benchmarks")]
    fn seal_for_benchmark(
        provider: &ProviderId,
        slot: SlotId,
        facts: &ips_pallet_traits::SlotFacts,
        comm_d: CommD,
    ) {
        crate::benchmarking::seal::<T>(provider, slot, facts, comm_d);
    }
}

impl<T: Config> VerifyingKeys for Pallet<T> {
    fn id(kind: u8) -> Option<VerifyingKeyId> {
        Keys::<T>::get(kind).map(|key| key.id)
    }

    fn verify(kind: u8, batch: &[(Statement, ProofBytes)]) -> bool {
        CircuitKind::from_byte(kind).is_some_and(|kind| Self::verify_proofs(kind, batch).is_ok())
    }

    fn saved(proofs: u32) -> Weight {
        Self::saved_by_host(proofs)
    }

    #[cfg(feature = "runtime-benchmarks")]
    fn set_for_benchmark(key: &[u8]) {
        Self::set_genesis_key(key);
    }
}
