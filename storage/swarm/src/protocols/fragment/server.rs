//! The answering half of `/ips/frag/1`.

use std::{future::Future, sync::Arc, time::Duration};

use futures::{AsyncRead, AsyncWrite, StreamExt as _};
use ips_primitives::{
    hash::sha2_256,
    id::{FileId, FragmentId, Signature},
    retrieval::ExtractRequest,
};
use libp2p_stream::IncomingStreams;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{
    frame::{FrameError, Frames},
    limits::StreamLimits,
    upload,
    wire::{Answer, Payment, Request},
    DATA_BYTES, FRAGMENT_BYTES_MAX, MANIFEST_BYTES_MAX, SMALL_FRAME_BYTES_MAX, SOFTWARE_BYTES_MAX,
    UPLOAD_CREDIT,
};
use crate::{
    config::{SwarmConfig, Timeouts},
    error::Refusal,
    peer::PeerId,
    service::FragmentService,
    standing::{Offence, Standing},
};

/// Streams beyond the limits that still get to hear `Busy`; further ones are just dropped.
const TURNED_AWAY_MAX: usize = 64;
/// How long a client that is turned away may take over its request.
const TURNED_AWAY_LIMIT: Duration = Duration::from_secs(5);
/// How long a stream waits for manifest memory.
const MANIFEST_MEMORY_LIMIT: Duration = Duration::from_secs(10);
/// What a client may still have on the way when it is refused: its whole upload credit.
const DRAIN_BYTES: u64 = (UPLOAD_CREDIT as u64 + 1) * FRAGMENT_BYTES_MAX as u64;

/// How an exchange ends early.
#[derive(Debug)]
pub(crate) enum End {
    /// The client is told why.
    Refuse(Refusal),
    /// There is no client any more, or it broke the protocol.
    Gone(FrameError),
}

impl From<FrameError> for End {
    fn from(error: FrameError) -> Self {
        Self::Gone(error)
    }
}

impl From<Refusal> for End {
    fn from(refusal: Refusal) -> Self {
        Self::Refuse(refusal)
    }
}

/// What all served streams share.
pub(crate) struct Server {
    pub(crate) service: Arc<dyn FragmentService>,
    pub(crate) timeouts: Timeouts,
    standing: Arc<Standing>,
    streams: Arc<StreamLimits>,
    turned_away: Arc<Semaphore>,
    manifest_kib: Arc<Semaphore>,
}

/// One served stream.
pub(crate) struct Exchange<'a, S> {
    pub(crate) server: &'a Server,
    pub(crate) peer: PeerId,
    pub(crate) frames: Frames<S>,
}

impl Server {
    pub(crate) fn new(
        config: &SwarmConfig,
        service: Arc<dyn FragmentService>,
        standing: Arc<Standing>,
    ) -> Arc<Self> {
        let limits = config.limits;
        Arc::new(Self {
            service,
            timeouts: config.timeouts,
            standing,
            streams: StreamLimits::new(limits.streams, limits.streams_per_peer),
            turned_away: Arc::new(Semaphore::new(TURNED_AWAY_MAX)),
            manifest_kib: Arc::new(Semaphore::new(
                // Less than one manifest would make every manifest wait for ever.
                usize::try_from(limits.manifest_kib.max(MANIFEST_BYTES_MAX >> 10))
                    .unwrap_or(Semaphore::MAX_PERMITS),
            )),
        })
    }

    /// Takes streams for ever. Only spawns: libp2p drops streams while nobody accepts.
    pub(crate) async fn accept(self: Arc<Self>, mut incoming: IncomingStreams) {
        while let Some((peer, stream)) = incoming.next().await {
            self.clone().admit(PeerId(peer), stream);
        }
    }

    fn admit<S>(self: Arc<Self>, peer: PeerId, stream: S)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        if self.standing.is_banned(peer) {
            return;
        }
        if let Some(permit) = self.streams.admit(peer) {
            tokio::spawn(async move {
                self.serve(peer, stream).await;
                drop(permit);
            });
        } else if let Ok(permit) = self.turned_away.clone().try_acquire_owned() {
            tokio::spawn(async move {
                let mut frames = Frames::new(stream, TURNED_AWAY_LIMIT);
                if frames.read::<Request>(SMALL_FRAME_BYTES_MAX).await.is_ok()
                    && frames.write(&Answer::Refused(Refusal::Busy)).await.is_ok()
                {
                    frames.finish(0, TURNED_AWAY_LIMIT).await;
                }
                drop(permit);
            });
        }
    }

    async fn serve<S>(&self, peer: PeerId, stream: S)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send,
    {
        let mut frames = Frames::new(stream, self.timeouts.frame);
        frames.keep_pace(self.timeouts.fragment_pace());
        let mut exchange = Exchange {
            server: self,
            peer,
            frames,
        };
        let outcome = exchange.answer().await;
        let Exchange { mut frames, .. } = exchange;
        match outcome {
            Ok(()) => frames.finish(0, self.timeouts.frame).await,
            Err(End::Refuse(refusal)) => {
                tracing::debug!(%peer, %refusal, "request refused");
                if refusal == Refusal::Corrupt {
                    self.standing.note(peer, Offence::Corrupt);
                }
                if frames.write(&Answer::Refused(refusal)).await.is_ok() {
                    frames.finish(DRAIN_BYTES, self.timeouts.frame).await;
                }
            }
            Err(End::Gone(error)) => {
                tracing::debug!(%peer, %error, "stream dropped");
                match error {
                    FrameError::Malformed | FrameError::TooLarge => {
                        self.standing.note(peer, Offence::Protocol);
                    }
                    FrameError::Timeout => self.standing.note(peer, Offence::Dragging),
                    FrameError::Closed => {}
                }
            }
        }
    }

    /// Memory for a manifest of `bytes` bytes, for as long as the permit lives.
    pub(crate) async fn manifest_memory(
        &self,
        bytes: u32,
    ) -> Result<OwnedSemaphorePermit, Refusal> {
        let permit = self
            .manifest_kib
            .clone()
            .acquire_many_owned(bytes.div_ceil(1024));
        match tokio::time::timeout(MANIFEST_MEMORY_LIMIT, permit).await {
            Ok(Ok(permit)) => Ok(permit),
            Ok(Err(_)) | Err(_) => Err(Refusal::Busy),
        }
    }

    async fn load_permille(&self) -> u16 {
        let own = self.service.status().await.load_permille.min(1000);
        own.max(self.streams.load_permille())
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Exchange<'_, S> {
    async fn answer(&mut self) -> Result<(), End> {
        match self.frames.read(SMALL_FRAME_BYTES_MAX).await? {
            Request::Fetch {
                fragment,
                offset,
                length,
            } => self.fetch(fragment, offset, length).await,
            Request::FetchManifest { file } => self.fetch_manifest(file).await,
            Request::StoreSlot {
                slot,
                file,
                manifest_bytes,
            } => upload::receive(self, slot, file, manifest_bytes).await,
            Request::Extract {
                request,
                client_key,
                signature,
            } => self.extract(request, client_key, signature).await,
            Request::Status => self.status().await,
        }
    }

    /// Waits for the service and meanwhile tells the client that it is worth waiting. Gives up
    /// with the client, or when the client has given up for sure.
    pub(crate) async fn work<T>(
        &mut self,
        work: impl Future<Output = Result<T, Refusal>> + Send,
    ) -> Result<T, End> {
        self.work_within(self.server.timeouts.answer * 2, work)
            .await
    }

    async fn work_within<T>(
        &mut self,
        limit: Duration,
        work: impl Future<Output = Result<T, Refusal>> + Send,
    ) -> Result<T, End> {
        let deadline = tokio::time::Instant::now() + limit;
        let every = self.server.timeouts.keep_alive;
        let mut work = std::pin::pin!(work);
        while tokio::time::Instant::now() < deadline {
            match tokio::time::timeout(every, &mut work).await {
                Ok(done) => return Ok(done?),
                Err(_) => self.frames.write(&Answer::KeepAlive).await?,
            }
        }
        tracing::warn!(peer = %self.peer, ?limit, "the service does not answer; request given up");
        Err(Refusal::Internal.into())
    }

    async fn fetch(&mut self, id: FragmentId, offset: u32, length: u32) -> Result<(), End> {
        let service = self.server.service.clone();
        let bytes = self
            .work(service.read_fragment(id))
            .await?
            .ok_or(Refusal::NotFound)?;
        self.send(&bytes, FRAGMENT_BYTES_MAX, offset, length).await
    }

    async fn fetch_manifest(&mut self, file: FileId) -> Result<(), End> {
        // Its size is not known before it is read, so the largest is reserved meanwhile.
        let server = self.server;
        let reading = self
            .work(server.manifest_memory(MANIFEST_BYTES_MAX))
            .await?;
        let bytes = self.work(server.service.read_manifest(file)).await?;
        let bytes = bytes.ok_or(Refusal::NotFound)?;
        drop(reading);
        let length = u32::try_from(bytes.len()).map_err(|_| Refusal::Internal)?;
        let _sending = self.work(server.manifest_memory(length)).await?;
        self.frames.keep_pace(server.timeouts.manifest_pace());
        self.send(&bytes, MANIFEST_BYTES_MAX, 0, u32::MAX).await
    }

    /// Sends the part of `bytes` that was asked for; past its end there is none.
    async fn send(&mut self, bytes: &[u8], max: u32, offset: u32, length: u32) -> Result<(), End> {
        let total_bytes = u32::try_from(bytes.len())
            .ok()
            .filter(|total| *total <= max)
            .ok_or(Refusal::Internal)?;
        let load_permille = self.server.load_permille().await;
        self.frames
            .write(&Answer::Header {
                total_bytes,
                load_permille,
            })
            .await?;
        let start = offset.min(total_bytes);
        let end = start.saturating_add(length).min(total_bytes);
        let position = |at| usize::try_from(at).map_err(|_| Refusal::Internal);
        let range = bytes
            .get(position(start)?..position(end)?)
            .ok_or(Refusal::Internal)?;
        for part in range.chunks(DATA_BYTES) {
            self.frames.write(&Answer::Data(part.to_vec())).await?;
        }
        Ok(())
    }

    async fn extract(
        &mut self,
        request: ExtractRequest,
        client_key: [u8; 32],
        signature: Signature,
    ) -> Result<(), End> {
        // Tells a stream that is being served from one that was dropped unseen.
        self.frames.write(&Answer::KeepAlive).await?;
        let service = self.server.service.clone();
        let limit = self.server.timeouts.extract * 2;
        let proof = self
            .work_within(limit, service.extract(request, client_key, signature))
            .await?;
        self.frames
            .write(&Answer::Extracted(Box::new(proof)))
            .await?;
        let voucher_limit = self.server.timeouts.voucher;
        let Payment { voucher, signature } = self
            .frames
            .read_within(SMALL_FRAME_BYTES_MAX, voucher_limit)
            .await?;
        if voucher.request != request {
            return Err(Refusal::Unauthorised.into());
        }
        self.work(service.accept_voucher(voucher, signature))
            .await?;
        Ok(self.frames.write(&Answer::Accepted).await?)
    }

    async fn status(&mut self) -> Result<(), End> {
        let status = self.server.service.status().await;
        let mut software = concat!("ips/", env!("CARGO_PKG_VERSION"))
            .as_bytes()
            .to_vec();
        software.truncate(SOFTWARE_BYTES_MAX);
        let load_permille = status
            .load_permille
            .min(1000)
            .max(self.server.streams.load_permille());
        let answer = Answer::Status {
            software,
            load_permille,
            free_bytes: status.free_bytes,
        };
        Ok(self.frames.write(&answer).await?)
    }
}

/// Whether these are the bytes of the manifest that names `file`.
pub(crate) fn is_manifest_of(bytes: &[u8], file: FileId) -> bool {
    sha2_256(&[bytes]) == file.0
}
