//! Frames: `version (1) ‖ length (4, little-endian) ‖ payload`.
//!
//! Memory grows with the bytes received, never with the length announced; a frame must be complete
//! within the time limit, so dribbling bytes keeps no stream open. A whole transfer must keep a
//! [`Pace`], so dribbling frames does not either.

use std::{io, time::Duration};

use codec::{DecodeAll, Encode};
use futures::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::time::Instant;

use super::FRAME_BYTES_MAX;

const VERSION: u8 = 1;
const HEADER_BYTES: usize = 5;

/// Why a frame did not pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FrameError {
    #[error("not complete in time")]
    Timeout,
    #[error("the stream ended")]
    Closed,
    #[error("longer than allowed here")]
    TooLarge,
    #[error("not a frame of this protocol version")]
    Malformed,
}

impl From<io::Error> for FrameError {
    fn from(_: io::Error) -> Self {
        // Whatever broke below, the stream is of no use any more.
        Self::Closed
    }
}

/// The slowest transfer that is borne: so long to begin with, and so much longer per byte.
///
/// Only time spent on the wire counts, not what we do between two frames.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    grace: Duration,
    bytes_per_second: u32,
    bytes: u64,
    spent: Duration,
}

impl Pace {
    pub(crate) fn new(grace: Duration, bytes_per_second: u32) -> Self {
        Self {
            grace,
            bytes_per_second: bytes_per_second.max(1),
            bytes: 0,
            spent: Duration::ZERO,
        }
    }

    /// What the next frame may take at most.
    fn left(&self) -> Duration {
        let millis = self.bytes.saturating_mul(1000) / u64::from(self.bytes_per_second);
        (self.grace + Duration::from_millis(millis)).saturating_sub(self.spent)
    }

    fn note(&mut self, bytes: usize, spent: Duration) {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        self.bytes = self.bytes.saturating_add(bytes);
        self.spent = self.spent.saturating_add(spent);
    }
}

/// A stream cut into frames.
pub(crate) struct Frames<S> {
    io: S,
    limit: Duration,
    pace: Option<Pace>,
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Frames<S> {
    pub(crate) fn new(io: S, limit: Duration) -> Self {
        Self {
            io,
            limit,
            pace: None,
        }
    }

    /// From here on all frames together must keep a pace.
    pub(crate) fn keep_pace(&mut self, pace: Pace) {
        self.pace = Some(pace);
    }

    fn limit(&self) -> Duration {
        self.pace
            .map_or(self.limit, |pace| pace.left().min(self.limit))
    }

    fn note(&mut self, bytes: usize, began: Instant) {
        if let Some(pace) = &mut self.pace {
            pace.note(bytes, began.elapsed());
        }
    }

    /// The next frame with at most `max` bytes of payload.
    pub(crate) async fn read<T: DecodeAll>(&mut self, max: usize) -> Result<T, FrameError> {
        let began = Instant::now();
        let payload = self.payload_within(max, self.limit()).await?;
        self.note(HEADER_BYTES + payload.len(), began);
        decode(&payload)
    }

    /// As [`read`](Self::read), with another time limit, and whatever the pace is.
    pub(crate) async fn read_within<T: DecodeAll>(
        &mut self,
        max: usize,
        limit: Duration,
    ) -> Result<T, FrameError> {
        decode(&self.payload_within(max, limit).await?)
    }

    async fn payload_within(&mut self, max: usize, limit: Duration) -> Result<Vec<u8>, FrameError> {
        tokio::time::timeout(limit, self.read_payload(max))
            .await
            .map_err(|_| FrameError::Timeout)?
    }

    async fn read_payload(&mut self, max: usize) -> Result<Vec<u8>, FrameError> {
        let mut header = [0; HEADER_BYTES];
        self.io.read_exact(&mut header).await?;
        let [version, length @ ..] = header;
        if version != VERSION {
            return Err(FrameError::Malformed);
        }
        let length = u32::from_le_bytes(length);
        if usize::try_from(length).map_or(true, |length| length > max.min(FRAME_BYTES_MAX)) {
            return Err(FrameError::TooLarge);
        }
        let mut payload = Vec::new();
        let read = (&mut self.io)
            .take(u64::from(length))
            .read_to_end(&mut payload)
            .await?;
        if u32::try_from(read) != Ok(length) {
            return Err(FrameError::Closed);
        }
        Ok(payload)
    }

    /// Sends a frame; waits while the other side does not take it.
    pub(crate) async fn write<T: Encode>(&mut self, message: &T) -> Result<(), FrameError> {
        let mut frame = vec![VERSION, 0, 0, 0, 0];
        message.encode_to(&mut frame);
        let payload = frame.len() - HEADER_BYTES;
        let length = u32::try_from(payload)
            .ok()
            .filter(|_| payload <= FRAME_BYTES_MAX)
            .ok_or(FrameError::TooLarge)?;
        frame[1..HEADER_BYTES].copy_from_slice(&length.to_le_bytes());
        let (began, limit) = (Instant::now(), self.limit());
        let sent = async {
            self.io.write_all(&frame).await?;
            self.io.flush().await
        };
        tokio::time::timeout(limit, sent)
            .await
            .map_err(|_| FrameError::Timeout)??;
        self.note(frame.len(), began);
        Ok(())
    }

    /// Ends our half and takes what is still on the way, so that our last frame is not lost to a
    /// reset: some transports drop unread data of both sides then.
    pub(crate) async fn finish(mut self, drain_bytes: u64, limit: Duration) {
        let drained = async {
            self.io.close().await?;
            let mut sink = futures::io::sink();
            futures::io::copy((&mut self.io).take(drain_bytes), &mut sink).await
        };
        // The exchange is over; whether its tail arrived changes nothing for us.
        let _ = tokio::time::timeout(limit, drained).await;
    }
}

fn decode<T: DecodeAll>(payload: &[u8]) -> Result<T, FrameError> {
    T::decode_all(&mut &*payload).map_err(|_| FrameError::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::io::Cursor;

    const LIMIT: Duration = Duration::from_secs(1);

    async fn parse(bytes: Vec<u8>, max: usize) -> Result<Vec<u8>, FrameError> {
        Frames::new(Cursor::new(bytes), LIMIT).read(max).await
    }

    #[tokio::test]
    async fn what_is_written_is_read() {
        let mut frames = Frames::new(Cursor::new(Vec::new()), LIMIT);
        let message = vec![7u8; 70_000];
        frames.write(&message).await.unwrap();
        assert_eq!(
            parse(frames.io.into_inner(), FRAME_BYTES_MAX).await,
            Ok(message)
        );
    }

    #[test]
    fn a_pace_is_earned_by_bytes() {
        let seconds = Duration::from_secs;
        let mut pace = Pace::new(seconds(10), 1000);
        pace.note(5000, seconds(12));
        assert_eq!(pace.left(), seconds(3));
        pace.note(0, seconds(4));
        assert_eq!(pace.left(), Duration::ZERO);
        pace.note(usize::MAX, seconds(u64::MAX));
        assert_eq!(Pace::new(seconds(1), 0).left(), seconds(1));
    }

    #[tokio::test]
    async fn a_transfer_below_its_pace_ends() {
        let mut frames = Frames::new(Cursor::new(Vec::new()), LIMIT);
        frames.write(&vec![1u8; 10]).await.unwrap();
        frames.keep_pace(Pace::new(Duration::ZERO, 1));
        frames.io.set_position(0);
        // What is there at once is in time, even with no time left.
        assert_eq!(frames.read::<Vec<u8>>(100).await, Ok(vec![1; 10]));
        let (_silent, io) = tokio::io::duplex(100);
        let mut frames = Frames::new(
            tokio_util::compat::TokioAsyncReadCompatExt::compat(io),
            LIMIT,
        );
        frames.keep_pace(Pace::new(Duration::from_millis(1), 1));
        assert_eq!(frames.read::<Vec<u8>>(100).await, Err(FrameError::Timeout));
    }

    #[tokio::test]
    async fn hostile_frames_are_errors() {
        let announced = |length: u32| [&[VERSION][..], &length.to_le_bytes()].concat();
        assert_eq!(parse(vec![], 10).await, Err(FrameError::Closed));
        assert_eq!(parse(vec![9; 20], 10).await, Err(FrameError::Malformed));
        assert_eq!(parse(announced(11), 10).await, Err(FrameError::TooLarge));
        assert_eq!(
            parse(announced(u32::MAX), usize::MAX).await,
            Err(FrameError::TooLarge)
        );
        assert_eq!(parse(announced(9), 10).await, Err(FrameError::Closed));
        let trailing = [announced(3), vec![4, 5, 6]].concat();
        assert_eq!(parse(trailing, 10).await, Err(FrameError::Malformed));
        // A vector that announces more than the frame has must not be allocated.
        let lying = [announced(4), vec![0xfe, 0xff, 0xff, 0xff]].concat();
        assert_eq!(parse(lying, 10).await, Err(FrameError::Malformed));
        let mut frames = Frames::new(Cursor::new(Vec::new()), LIMIT);
        assert_eq!(
            frames.write(&vec![0u8; FRAME_BYTES_MAX]).await,
            Err(FrameError::TooLarge)
        );
    }
}
