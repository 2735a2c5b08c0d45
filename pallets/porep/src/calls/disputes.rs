//! Fraud proofs: a sector that does not hold its slot's bytes.

use frame_support::{dispatch::DispatchResultWithPostInfo, ensure, traits::Get};
use ips_primitives::{
    id::{AccountKey, ProviderId, SectorNumber},
    proof_calls::FraudProof,
    sector::SectorState,
};

use crate::{
    calls::free,
    pallet::{Config, Error, Pallet, Partitions, Sectors},
    proofs::{node_scalar_of, opens_node},
    types::{SectorInfo, TerminationReason},
    weights::WeightInfo,
};

impl<T: Config> Pallet<T> {
    pub(crate) fn do_dispute(
        reporter: AccountKey,
        provider: ProviderId,
        sector: SectorNumber,
        proof: &FraudProof,
    ) -> DispatchResultWithPostInfo {
        let info = Sectors::<T>::get(provider, sector).ok_or(Error::<T>::UnknownSector)?;
        ensure!(
            matches!(info.state, SectorState::Active | SectorState::Faulty),
            Error::<T>::WrongState
        );
        ensure!(Self::shows_fraud(&info, proof), Error::<T>::NoFraud);
        if let Some((index, place)) = info.partition {
            let mut partition =
                Partitions::<T>::get(provider, index).ok_or(Error::<T>::UnknownPartition)?;
            Self::vacate(provider, index, &mut partition, place);
            Partitions::<T>::insert(provider, index, partition);
        }
        let pieces = info.pieces.len() as u32;
        let slashed = Self::slash_fraud(provider, sector, &info, &reporter);
        Self::end_sector(provider, sector, info, TerminationReason::Fraud, slashed);
        Ok(free(T::WeightInfo::dispute(pieces)))
    }

    /// Whether `comm_d` opens at the node to something else than the slot's bytes.
    fn shows_fraud(info: &SectorInfo, proof: &FraudProof) -> bool {
        let profile = T::Parameters::get().profile;
        let Some(piece) = info
            .pieces
            .iter()
            .find(|piece| piece.piece.slot == proof.slot && piece.piece.index == proof.piece)
        else {
            return false;
        };
        let Some(bytes) = Self::slot_bytes_of(piece, proof.node, &proof.opening) else {
            return false;
        };
        let position = piece.piece.node_offset.saturating_add(proof.node);
        node_scalar_of(&bytes).is_some_and(|expected| expected != proof.node_scalar)
            && opens_node(
                &profile,
                &proof.node_scalar,
                position,
                &proof.opening.path,
                &info.comm_d,
            )
    }
}
