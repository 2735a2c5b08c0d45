//! Handing a slot over to its provider.

use std::{fmt, sync::Arc};

use ips_primitives::{
    deal::DeliveryNote,
    id::{FileId, Signature, SlotId},
};

use super::exchange::Exchange;
use crate::{
    error::FetchError,
    handle::Swarm,
    peer::PeerId,
    protocols::fragment::{
        wire::{Answer, Request, Upload},
        FRAGMENT_BYTES_MAX, MANIFEST_BYTES_MAX, MANIFEST_PART_BYTES, UPLOAD_CREDIT,
    },
    service::{SegmentSource, SlotProgress},
};

/// A slot to hand over.
#[derive(Clone)]
pub struct SlotUpload {
    /// The slot.
    pub slot: SlotId,
    /// The file it belongs to.
    pub file: FileId,
    /// The file's manifest.
    pub manifest: Arc<[u8]>,
    /// Fragments of the slot.
    pub segments: u32,
    /// Where they are read from; only the missing ones are, ascending.
    pub source: Arc<dyn SegmentSource>,
    /// The customer's word that the slot was handed over; sent after the last fragment.
    pub note: DeliveryNote,
    /// The delivery key's signature over the note.
    pub signature: Signature,
    /// Told after each stored fragment, on a thread of the swarm: must not block.
    pub progress: Option<Arc<dyn Fn(UploadProgress) + Send + Sync>>,
}

/// How far an upload is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UploadProgress {
    /// Segments that the provider has, earlier uploads included.
    pub stored: u32,
    /// Segments of the slot.
    pub segments: u32,
}

impl fmt::Debug for SlotUpload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SlotUpload")
            .field("slot", &self.slot)
            .field("file", &self.file)
            .field("segments", &self.segments)
            .finish_non_exhaustive()
    }
}

impl SlotUpload {
    fn report(&self, stored: u32) {
        if let Some(progress) = &self.progress {
            progress(UploadProgress {
                stored,
                segments: self.segments,
            });
        }
    }
}

impl Swarm {
    /// Hands a slot over to `peer`: manifest, missing fragments, delivery note.
    ///
    /// What the provider has from an earlier, broken upload is not sent again. A connection that
    /// breaks is made again as long as fragments get through.
    ///
    /// # Errors
    /// See [`FetchError`].
    pub async fn store_slot(&self, peer: PeerId, upload: SlotUpload) -> Result<(), FetchError> {
        let manifest_bytes = u32::try_from(upload.manifest.len())
            .ok()
            .filter(|bytes| *bytes <= MANIFEST_BYTES_MAX)
            .ok_or(FetchError::TooLarge)?;
        let swarm = self.clone();
        self.on_swarm(async move {
            loop {
                let mut sent = 0;
                let ended = swarm
                    .upload_once(peer, &upload, manifest_bytes, &mut sent)
                    .await;
                match ended {
                    Err(FetchError::Closed) if sent > 0 => {
                        tracing::debug!(%peer, sent, "upload broke off; resuming");
                    }
                    ended => return ended,
                }
            }
        })
        .await
    }

    async fn upload_once(
        &self,
        peer: PeerId,
        upload: &SlotUpload,
        manifest_bytes: u32,
        sent: &mut u32,
    ) -> Result<(), FetchError> {
        let SlotUpload { slot, file, .. } = *upload;
        let request = Request::StoreSlot {
            slot,
            file,
            manifest_bytes,
        };
        let limit = self.timeouts().answer;
        let (mut exchange, answer) = Exchange::begin(self, peer, &request, limit).await?;
        if answer != Answer::Accepted {
            return Err(exchange.broken("no admission"));
        }
        exchange.keep_pace(self.timeouts().manifest_pace());
        for part in upload.manifest.chunks(MANIFEST_PART_BYTES) {
            exchange.send(&Upload::ManifestPart(part.to_vec())).await?;
        }
        let Answer::Progress(progress) = exchange.answer().await? else {
            return Err(exchange.broken("no progress"));
        };
        if !progress.is_valid() || progress.segments() != upload.segments {
            return Err(exchange.broken("progress of another slot"));
        }
        exchange.keep_pace(self.timeouts().fragment_pace());
        exchange.send_fragments(upload, &progress, sent).await?;
        let SlotUpload {
            note, signature, ..
        } = *upload;
        exchange.send(&Upload::Deliver { note, signature }).await?;
        exchange.accepted().await
    }
}

impl Exchange {
    async fn send_fragments(
        &mut self,
        upload: &SlotUpload,
        progress: &SlotProgress,
        sent: &mut u32,
    ) -> Result<(), FetchError> {
        let missing: Vec<u32> = progress.missing().collect();
        let already = upload
            .segments
            .saturating_sub(u32::try_from(missing.len()).unwrap_or(0));
        upload.report(already);
        let mut to_send = missing.iter();
        let mut on_the_way = 0;
        for expected in &missing {
            while on_the_way < UPLOAD_CREDIT {
                let Some(segment) = to_send.next() else { break };
                self.send(&read_fragment(upload, *segment).await?).await?;
                on_the_way += 1;
            }
            match self.answer().await? {
                Answer::Stored { segment } if segment == *expected => {}
                _ => return Err(self.broken("no receipt for a fragment")),
            }
            on_the_way -= 1;
            *sent += 1;
            upload.report(already + *sent);
        }
        Ok(())
    }
}

async fn read_fragment(upload: &SlotUpload, segment: u32) -> Result<Upload, FetchError> {
    let bytes = upload
        .source
        .fragment(segment)
        .await
        .map_err(|error| FetchError::Source {
            segment,
            kind: error.kind(),
        })?;
    if u32::try_from(bytes.len()).map_or(true, |length| length > FRAGMENT_BYTES_MAX) {
        return Err(FetchError::TooLarge);
    }
    Ok(Upload::Fragment { segment, bytes })
}
