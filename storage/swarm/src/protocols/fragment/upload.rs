//! The receiving half of a slot upload: manifest, progress, fragments in order, delivery note.

use std::collections::BTreeSet;

use futures::{AsyncRead, AsyncWrite};
use ips_primitives::id::{FileId, SlotId};

use super::{
    server::{is_manifest_of, End, Exchange},
    wire::{Answer, Upload},
    FRAGMENT_BYTES_MAX, FRAME_BYTES_MAX, MANIFEST_BYTES_MAX, MANIFEST_PART_BYTES,
};
use crate::error::Refusal;

/// Serves one `StoreSlot` request.
pub(super) async fn receive<S>(
    exchange: &mut Exchange<'_, S>,
    slot: SlotId,
    file: FileId,
    manifest_bytes: u32,
) -> Result<(), End>
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    if manifest_bytes > MANIFEST_BYTES_MAX {
        return Err(Refusal::TooLarge.into());
    }
    let (service, peer) = (exchange.server.service.clone(), exchange.peer);
    exchange.work(service.admit_slot(peer, slot, file)).await?;
    let server = exchange.server;
    let memory = exchange
        .work(server.manifest_memory(manifest_bytes))
        .await?;
    exchange.frames.write(&Answer::Accepted).await?;
    exchange.frames.keep_pace(server.timeouts.manifest_pace());
    let manifest = receive_manifest(exchange, manifest_bytes).await?;
    if !is_manifest_of(&manifest, file) {
        return Err(Refusal::Corrupt.into());
    }
    let progress = exchange
        .work(service.begin_slot(peer, slot, file, manifest))
        .await?;
    drop(memory);
    let mut missing: BTreeSet<u32> = progress.missing().collect();
    exchange.frames.keep_pace(server.timeouts.fragment_pace());
    exchange.frames.write(&Answer::Progress(progress)).await?;
    receive_fragments(exchange, slot, &mut missing).await
}

async fn receive_manifest<S>(
    exchange: &mut Exchange<'_, S>,
    manifest_bytes: u32,
) -> Result<Vec<u8>, End>
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    let total = usize::try_from(manifest_bytes).map_err(|_| Refusal::TooLarge)?;
    let mut manifest = Vec::new();
    while manifest.len() < total {
        let Upload::ManifestPart(part) = exchange.frames.read(FRAME_BYTES_MAX).await? else {
            return Err(Refusal::Corrupt.into());
        };
        // Parts of one fixed size: a stream of tiny ones could be dragged out for ever.
        if part.len() != (total - manifest.len()).min(MANIFEST_PART_BYTES) {
            return Err(Refusal::Corrupt.into());
        }
        manifest.extend_from_slice(&part);
    }
    Ok(manifest)
}

async fn receive_fragments<S>(
    exchange: &mut Exchange<'_, S>,
    slot: SlotId,
    missing: &mut BTreeSet<u32>,
) -> Result<(), End>
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    let (service, peer) = (exchange.server.service.clone(), exchange.peer);
    loop {
        match exchange.frames.read(FRAME_BYTES_MAX).await? {
            Upload::Fragment { segment, bytes } => {
                if u32::try_from(bytes.len()).map_or(true, |length| length > FRAGMENT_BYTES_MAX) {
                    return Err(Refusal::TooLarge.into());
                }
                // Each missing one exactly once, so an upload is as long as its slot and no longer.
                if missing.pop_first() != Some(segment) {
                    return Err(Refusal::Corrupt.into());
                }
                exchange
                    .work(service.store_fragment(peer, slot, segment, bytes))
                    .await?;
                exchange.frames.write(&Answer::Stored { segment }).await?;
            }
            Upload::Deliver { note, signature } => {
                if !missing.is_empty() || note.slot != slot {
                    return Err(Refusal::Corrupt.into());
                }
                exchange
                    .work(service.finish_slot(peer, slot, note, signature))
                    .await?;
                return Ok(exchange.frames.write(&Answer::Accepted).await?);
            }
            Upload::ManifestPart(_) => return Err(Refusal::Corrupt.into()),
        }
    }
}
