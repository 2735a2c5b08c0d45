//! Frames: `version (1) ‖ length (4, little-endian) ‖ payload`.
//!
//! Memory grows with the bytes received, never with the length announced; a frame must be complete
//! within the time limit, so dribbling bytes keeps no stream open.

use std::{io, time::Duration};

use codec::{DecodeAll, Encode};
use futures::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

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

/// A stream cut into frames.
pub(crate) struct Frames<S> {
    io: S,
    limit: Duration,
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Frames<S> {
    pub(crate) fn new(io: S, limit: Duration) -> Self {
        Self { io, limit }
    }

    /// The next frame with at most `max` bytes of payload.
    pub(crate) async fn read<T: DecodeAll>(&mut self, max: usize) -> Result<T, FrameError> {
        self.read_within(max, self.limit).await
    }

    /// As [`read`](Self::read), with another time limit.
    pub(crate) async fn read_within<T: DecodeAll>(
        &mut self,
        max: usize,
        limit: Duration,
    ) -> Result<T, FrameError> {
        tokio::time::timeout(limit, self.read_payload(max))
            .await
            .map_err(|_| FrameError::Timeout)?
            .and_then(|payload| {
                T::decode_all(&mut payload.as_slice()).map_err(|_| FrameError::Malformed)
            })
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
        let sent = async {
            self.io.write_all(&frame).await?;
            self.io.flush().await
        };
        tokio::time::timeout(self.limit, sent)
            .await
            .map_err(|_| FrameError::Timeout)??;
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
