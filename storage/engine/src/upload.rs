//! Handing staged slots over to the providers that claimed them.
//!
//! Goal: all slots in parallel within a bound, resumed after any break, with progress. Non-goals:
//! encoding (the stager's), finding the providers (the caller's, from the chain).

use std::{
    fs, io,
    io::{Read as _, Seek as _},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use async_trait::async_trait;
use futures::{stream, StreamExt as _};
use ips_primitives::{
    deal::DeliveryNote,
    fragment::FragmentSize,
    id::{FileId, Signature, SlotId, SlotIndex},
};
use ips_swarm::{FetchError, Refusal, SegmentSource, SlotUpload, Swarm};

use crate::retrieval::Holder;

/// The staged bytes of one slot: its fragments one after the other in one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StagedSlot {
    /// The file.
    pub path: PathBuf,
    /// Bytes of each fragment.
    pub fragment_size: FragmentSize,
}

impl StagedSlot {
    /// The place of a slot of a group in a staging folder: `<folder>/<group>-<slot>.slot`.
    pub fn new(folder: &Path, group: u16, slot: SlotIndex, fragment_size: FragmentSize) -> Self {
        Self {
            path: folder.join(format!("{group}-{}.slot", slot.0)),
            fragment_size,
        }
    }

    fn read(&self, segment: u32) -> io::Result<Vec<u8>> {
        let bytes = self.fragment_size.bytes();
        let mut file = fs::File::open(&self.path)?;
        file.seek(io::SeekFrom::Start(u64::from(segment) * u64::from(bytes)))?;
        let mut fragment = vec![0; usize::try_from(bytes).map_err(io::Error::other)?];
        file.read_exact(&mut fragment)?;
        Ok(fragment)
    }
}

#[async_trait]
impl SegmentSource for StagedSlot {
    async fn fragment(&self, segment: u32) -> io::Result<Vec<u8>> {
        let staged = self.clone();
        tokio::task::spawn_blocking(move || staged.read(segment))
            .await
            .map_err(io::Error::other)?
    }
}

/// One slot and the provider that waits for it.
#[derive(Clone)]
pub struct Delivery {
    /// The slot.
    pub slot: SlotId,
    /// Who claimed it.
    pub to: Holder,
    /// Fragments of the slot.
    pub segments: u32,
    /// Where they are read from, mostly a [`StagedSlot`].
    pub source: Arc<dyn SegmentSource>,
    /// The customer's word that the slot was handed over.
    pub note: DeliveryNote,
    /// The delivery key's signature over the note.
    pub signature: Signature,
}

/// How an upload goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UploadEvent {
    /// A fragment was stored.
    Progress {
        /// Which slot.
        slot: SlotId,
        /// Segments that the provider has.
        stored: u32,
        /// Segments of the slot.
        segments: u32,
    },
    /// An attempt failed; another one follows.
    Retry {
        /// Which slot.
        slot: SlotId,
        /// Failed attempts so far.
        attempt: u32,
        /// Why.
        error: FetchError,
    },
    /// The provider has the whole slot and will confirm the deal.
    Delivered {
        /// Which slot.
        slot: SlotId,
    },
    /// It was given up.
    Failed {
        /// Which slot.
        slot: SlotId,
        /// Why.
        error: FetchError,
    },
}

/// Told of every event, from several threads: must not block.
pub type UploadObserver = Arc<dyn Fn(UploadEvent) + Send + Sync>;

/// How to upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UploadSettings {
    /// Slots on the way at once; a home line stalls with more.
    pub slots_in_flight: usize,
    /// Attempts per slot.
    pub attempts: u32,
    /// Pause after the first failure; doubles up to a minute.
    pub pause: Duration,
}

impl Default for UploadSettings {
    fn default() -> Self {
        Self {
            slots_in_flight: 6,
            attempts: 6,
            pause: Duration::from_secs(1),
        }
    }
}

/// What became of each slot.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UploadReport {
    /// Handed over.
    pub delivered: Vec<SlotId>,
    /// Given up, with the last error.
    pub failed: Vec<(SlotId, FetchError)>,
}

/// Longest pause between two attempts.
const PAUSE_MAX: Duration = Duration::from_secs(60);

/// Delivers every slot; what a provider has already is not sent again.
pub async fn deliver_slots(
    swarm: &Swarm,
    file: FileId,
    manifest: Arc<[u8]>,
    deliveries: Vec<Delivery>,
    settings: UploadSettings,
    observer: UploadObserver,
) -> UploadReport {
    let mut report = UploadReport::default();
    let mut ends = stream::iter(deliveries)
        .map(|delivery| {
            let (manifest, observer) = (manifest.clone(), observer.clone());
            async move {
                let slot = delivery.slot;
                (
                    slot,
                    deliver(swarm, file, manifest, delivery, settings, observer).await,
                )
            }
        })
        .buffer_unordered(settings.slots_in_flight.max(1));
    while let Some((slot, end)) = ends.next().await {
        match end {
            Ok(()) => report.delivered.push(slot),
            Err(error) => report.failed.push((slot, error)),
        }
    }
    report
}

async fn deliver(
    swarm: &Swarm,
    file: FileId,
    manifest: Arc<[u8]>,
    delivery: Delivery,
    settings: UploadSettings,
    observer: UploadObserver,
) -> Result<(), FetchError> {
    let slot = delivery.slot;
    let observe = observer.clone();
    let upload = SlotUpload {
        slot,
        file,
        manifest,
        segments: delivery.segments,
        source: delivery.source,
        note: delivery.note,
        signature: delivery.signature,
        progress: Some(Arc::new(move |progress| {
            let (stored, segments) = (progress.stored, progress.segments);
            observe(UploadEvent::Progress {
                slot,
                stored,
                segments,
            });
        })),
    };
    let mut pause = settings.pause;
    let mut attempt = 0;
    loop {
        attempt += 1;
        let ended = match swarm
            .connect(delivery.to.peer, delivery.to.addresses.clone())
            .await
        {
            Ok(()) => swarm.store_slot(delivery.to.peer, upload.clone()).await,
            Err(error) => Err(error),
        };
        match ended {
            Ok(()) => {
                observer(UploadEvent::Delivered { slot });
                return Ok(());
            }
            Err(error) if attempt < settings.attempts && is_passing(error) => {
                observer(UploadEvent::Retry {
                    slot,
                    attempt,
                    error,
                });
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(PAUSE_MAX);
            }
            Err(error) => {
                observer(UploadEvent::Failed { slot, error });
                return Err(error);
            }
        }
    }
}

/// Whether another attempt may succeed. A provider whose chain node lags does not know its claim
/// yet.
fn is_passing(error: FetchError) -> bool {
    match error {
        FetchError::Refused(refusal) => {
            matches!(
                refusal,
                Refusal::Busy | Refusal::Internal | Refusal::NotClaimed
            )
        }
        FetchError::Unreachable { .. } | FetchError::Timeout { .. } | FetchError::Closed => true,
        FetchError::Corrupt { .. }
        | FetchError::Protocol { .. }
        | FetchError::TooLarge
        | FetchError::Source { .. } => false,
    }
}
