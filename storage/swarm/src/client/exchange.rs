//! One stream to a peer: request out, answers in, errors told apart.

use std::time::Duration;

use codec::Encode;
use tokio::time::Instant;

use crate::{
    config::Timeouts,
    error::FetchError,
    handle::Swarm,
    peer::PeerId,
    protocols::fragment::{
        frame::{FrameError, Frames, Pace},
        wire::{Answer, Request},
        FRAME_BYTES_MAX,
    },
};

/// A stream that ends before any answer was lost in the peer's accept queue; it is opened again.
const OPEN_ATTEMPTS: u32 = 4;
/// Pause before the second attempt; doubles.
const OPEN_PAUSE: Duration = Duration::from_millis(20);

/// A stream whose request was sent.
pub(crate) struct Exchange {
    frames: Frames<libp2p::Stream>,
    peer: PeerId,
    timeouts: Timeouts,
}

impl Exchange {
    /// Sends `request` and waits at most `limit` for the first answer that is not a keep-alive.
    pub(super) async fn begin(
        swarm: &Swarm,
        peer: PeerId,
        request: &Request,
        limit: Duration,
    ) -> Result<(Self, Answer), FetchError> {
        let mut pause = OPEN_PAUSE;
        for _ in 1..OPEN_ATTEMPTS {
            match Self::attempt(swarm, peer, request, limit).await {
                Err(FetchError::Closed) => tokio::time::sleep(pause).await,
                done => return done,
            }
            pause *= 2;
        }
        Self::attempt(swarm, peer, request, limit).await
    }

    async fn attempt(
        swarm: &Swarm,
        peer: PeerId,
        request: &Request,
        limit: Duration,
    ) -> Result<(Self, Answer), FetchError> {
        let timeouts = *swarm.timeouts();
        let stream = swarm.open_stream(peer).await?;
        let mut exchange = Self {
            frames: Frames::new(stream, timeouts.frame),
            peer,
            timeouts,
        };
        exchange.send(request).await?;
        let deadline = Instant::now() + limit;
        let answer = match exchange.read().await? {
            // From here on the request is being served and must not be sent twice.
            Answer::KeepAlive => match exchange.answer_before(deadline).await {
                Err(FetchError::Closed) => return Err(exchange.broken("ended while serving")),
                answer => answer?,
            },
            Answer::Refused(refusal) => return Err(FetchError::Refused(refusal)),
            answer => answer,
        };
        Ok((exchange, answer))
    }

    /// From here on all frames together must keep a pace.
    pub(super) fn keep_pace(&mut self, pace: Pace) {
        self.frames.keep_pace(pace);
    }

    /// The next answer that is not a keep-alive, within the usual time.
    pub(super) async fn answer(&mut self) -> Result<Answer, FetchError> {
        self.answer_before(Instant::now() + self.timeouts.answer)
            .await
    }

    async fn answer_before(&mut self, deadline: Instant) -> Result<Answer, FetchError> {
        loop {
            match tokio::time::timeout_at(deadline, self.read()).await {
                Ok(Ok(Answer::KeepAlive)) => {}
                Ok(Ok(Answer::Refused(refusal))) => return Err(FetchError::Refused(refusal)),
                Ok(answer) => return answer,
                Err(_) => return Err(FetchError::Timeout { peer: self.peer }),
            }
        }
    }

    async fn read(&mut self) -> Result<Answer, FetchError> {
        self.frames
            .read(FRAME_BYTES_MAX)
            .await
            .map_err(|error| self.error(error))
    }

    /// Sends a frame. If the peer has ended the exchange, its last word is the error.
    pub(super) async fn send<T: Encode>(&mut self, message: &T) -> Result<(), FetchError> {
        let Err(error) = self.frames.write(message).await else {
            return Ok(());
        };
        if error == FrameError::Closed {
            if let Ok(Answer::Refused(refusal)) = self.last_answer().await {
                return Err(FetchError::Refused(refusal));
            }
        }
        Err(self.error(error))
    }

    /// Skips what the peer had answered to earlier frames.
    async fn last_answer(&mut self) -> Result<Answer, FetchError> {
        loop {
            match self.read().await? {
                Answer::KeepAlive | Answer::Stored { .. } => {}
                answer => return Ok(answer),
            }
        }
    }

    /// The end of an exchange: the peer's agreement.
    pub(super) async fn accepted(&mut self) -> Result<(), FetchError> {
        match self.answer().await? {
            Answer::Accepted => Ok(()),
            _ => Err(self.broken("no agreement at the end")),
        }
    }

    pub(super) fn broken(&self, what: &'static str) -> FetchError {
        FetchError::Protocol {
            peer: self.peer,
            what,
        }
    }

    fn error(&self, error: FrameError) -> FetchError {
        match error {
            FrameError::Timeout => FetchError::Timeout { peer: self.peer },
            FrameError::Closed => FetchError::Closed,
            FrameError::TooLarge => self.broken("oversize frame"),
            FrameError::Malformed => self.broken("malformed frame"),
        }
    }
}
