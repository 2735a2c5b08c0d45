//! Bytes of the pieces of a sector, from the hot copies of their slots.

use std::sync::Arc;

use ips_primitives::{
    id::SlotId,
    sector::{Piece, PieceRange, Profile},
};

use crate::{
    engine::Node,
    error::EngineError,
    sealer::PieceData,
    store::{SectorRecord, Store, StoreError},
};

/// The bytes of every piece of a sector.
pub(super) async fn load(
    node: &Arc<Node>,
    record: &SectorRecord,
) -> Result<Vec<PieceData>, EngineError> {
    let (pieces, profile) = (record.pieces.clone(), node.sealer.profile());
    let loaded = node
        .store
        .run(move |store| load_blocking(store, &pieces, profile))
        .await?;
    loaded.map_err(EngineError::SlotDamaged)
}

fn load_blocking(
    store: &Store,
    pieces: &[Piece],
    profile: Profile,
) -> Result<Result<Vec<PieceData>, SlotId>, StoreError> {
    let mut last: Option<(SlotId, Vec<u8>)> = None;
    let mut data = Vec::with_capacity(pieces.len());
    for piece in pieces {
        if last.as_ref().is_none_or(|(slot, _)| *slot != piece.slot) {
            let Some(bytes) = store.read_slot(piece.slot)? else {
                return Ok(Err(piece.slot));
            };
            last = Some((piece.slot, bytes));
        }
        let Some(bytes) = last
            .as_ref()
            .and_then(|(_, slot)| cut(profile, piece, slot))
        else {
            return Ok(Err(piece.slot));
        };
        data.push(PieceData {
            node_offset: piece.node_offset,
            bytes: bytes.to_vec(),
        });
    }
    Ok(Ok(data))
}

fn cut<'a>(profile: Profile, piece: &Piece, slot: &'a [u8]) -> Option<&'a [u8]> {
    let slot_bytes = u64::try_from(slot.len()).ok()?;
    let PieceRange { start, len } = profile.piece_range(slot_bytes, piece.index)?;
    let start = usize::try_from(start).ok()?;
    slot.get(start..start.checked_add(usize::try_from(len).ok()?)?)
}
