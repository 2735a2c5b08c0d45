//! Opening one node of a sector and the bytes of its slot at once.

use alloc::vec::Vec;

use frame_support::{ensure, traits::Get};
use ips_primitives::{
    challenge::{binding_challenge, Beacon},
    proof_calls::BindingOpening,
    slot::SLOT_LEAF_BYTES,
};

use crate::{
    math::{locate_node, occupied_nodes},
    pallet::{Config, Error, Pallet},
    proofs::{node_scalar_of, opens_node},
    types::{SectorInfo, SectorPiece},
};

impl<T: Config> Pallet<T> {
    /// Checks that at every challenged node the sector holds the bytes of the slot.
    pub(crate) fn ensure_bindings(
        info: &SectorInfo,
        seed: &Beacon,
        bindings: &[BindingOpening],
    ) -> Result<(), Error<T>> {
        let profile = T::Parameters::get().profile;
        let occupied = occupied_nodes(&profile, &info.pieces);
        for (index, opening) in (0u32..).zip(bindings) {
            let challenge =
                binding_challenge(seed, &info.replica_id, &info.comm_r, index, occupied);
            let (piece, node) =
                locate_node(&profile, &info.pieces, challenge).ok_or(Error::<T>::InvalidBinding)?;
            let bytes =
                Self::slot_bytes_of(piece, node, opening).ok_or(Error::<T>::InvalidBinding)?;
            let scalar = node_scalar_of(&bytes).ok_or(Error::<T>::InvalidBinding)?;
            let position = piece.piece.node_offset.saturating_add(node);
            ensure!(
                opens_node(&profile, &scalar, position, &opening.path, &info.comm_d),
                Error::<T>::InvalidBinding
            );
        }
        Ok(())
    }

    /// The slot's bytes in node `node` of the piece, if the opening's leaves are of the slot.
    pub(crate) fn slot_bytes_of(
        piece: &SectorPiece,
        node: u32,
        opening: &BindingOpening,
    ) -> Option<Vec<u8>> {
        let profile = T::Parameters::get().profile;
        let (start, len) = piece.range(&profile)?.node_bytes(node)?;
        let leaf_bytes = SLOT_LEAF_BYTES as u64;
        let end = start + u64::from(len);
        let (first, last) = (start / leaf_bytes, (end - 1) / leaf_bytes);
        if opening.leaves.len() as u64 != last - first + 1 {
            return None;
        }
        let mut bytes = Vec::with_capacity(2 * SLOT_LEAF_BYTES);
        for (index, leaf) in (first..).zip(&opening.leaves) {
            if !leaf.verify(&piece.slot_root, piece.slot_bytes, index) {
                return None;
            }
            bytes.extend_from_slice(&leaf.leaf);
        }
        let from = usize::try_from(start - first * leaf_bytes).ok()?;
        bytes.get(from..from + len as usize).map(Vec::from)
    }
}
