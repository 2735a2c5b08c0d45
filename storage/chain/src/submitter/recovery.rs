//! Extrinsics of an earlier run, and those whose end could not be seen.
//!
//! They are followed to their end but never built anew unasked. A call that is equal to one of them takes
//! it up instead of being sent a second time.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use futures::{stream::FuturesUnordered, FutureExt};
use ips_engine::chain::{ChainError, Outcome};
use ips_primitives::id::BlockNumber;
use tokio::sync::oneshot;

use super::{Driven, Job, Lane, Step, Tries, Way};
use crate::{
    calls::{self, CallBytes},
    journal::Pending,
    runtime::ERA_BLOCKS,
};

/// Blocks after the start in which a call may still be answered with an earlier run's outcome. Later an
/// equal call is meant anew.
const JOIN_BLOCKS: BlockNumber = 16;
/// Extrinsics without a follower that are remembered.
const ORPHANS_MAX: usize = 64;

/// Extrinsics that may be on their way but are not followed, by the bytes of their call.
#[derive(Default)]
pub(super) struct Orphans {
    pending: Mutex<HashMap<Vec<u8>, Pending>>,
}

impl Orphans {
    fn lock(&self) -> MutexGuard<'_, HashMap<Vec<u8>, Pending>> {
        // Every entry is whole whatever panicked.
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn put(&self, pending: Pending) {
        let mut orphans = self.lock();
        if orphans.len() < ORPHANS_MAX {
            orphans.insert(pending.call.clone(), pending);
        } else {
            tracing::warn!(call = pending.label, "lost sight of an extrinsic");
        }
    }

    fn take(&self, call: &[u8]) -> Option<Pending> {
        self.lock().remove(call)
    }
}

/// What an earlier run has left.
pub(super) struct Recovered {
    answers: HashMap<Vec<u8>, oneshot::Receiver<Result<Driven, ChainError>>>,
    /// Last block at which an answer may be used.
    until: BlockNumber,
}

/// Takes up what an earlier run has left in the journal.
pub(super) fn recover(lane: &Arc<Lane>, ways: &FuturesUnordered<Way>) -> Recovered {
    let records = lane.journal.all().unwrap_or_else(|error| {
        tracing::warn!(%error, "journal not readable, nothing recovered");
        Vec::new()
    });
    let best = lane.heads.borrow().number;
    let mut recovered = Recovered {
        answers: HashMap::new(),
        until: best.saturating_add(JOIN_BLOCKS),
    };
    for pending in records {
        let stale = best > pending.born_at.saturating_add(2 * ERA_BLOCKS);
        let name = calls::name_of(&pending.label).filter(|_| !stale);
        let Some(name) = name else {
            lane.forget(&pending);
            continue;
        };
        tracing::info!(
            call = pending.label,
            nonce = pending.nonce,
            "recovering an extrinsic"
        );
        lane.nonces.take(pending.nonce);
        let (reply, answer) = oneshot::channel();
        recovered.answers.insert(pending.call.clone(), answer);
        let lane = Arc::clone(lane);
        let call = calls::from_bytes(name, &pending.call);
        ways.push(
            async move {
                let end = lane.take_up(&call, pending).await;
                // Nobody asks for it if the caller did not come back: fine.
                let _ = reply.send(end);
            }
            .boxed(),
        );
    }
    recovered
}

/// The way of one call; joins the earlier extrinsic of an equal call.
pub(super) fn serve(lane: Arc<Lane>, job: Job, recovered: &mut Recovered) -> Way {
    let call = CallBytes::of(&job.call);
    let bytes = call
        .to_bytes(lane.runtime.borrow().metadata())
        .unwrap_or_default();
    if lane.heads.borrow().number > recovered.until {
        recovered.answers.clear();
    }
    let earlier = recovered.answers.remove(&bytes);
    async move {
        let result = lane.answer(&call, &bytes, earlier).await;
        // The caller may have gone; the call took effect all the same.
        let _ = job.reply.send(result);
    }
    .boxed()
}

impl Lane {
    async fn take_up(&self, call: &CallBytes, pending: Pending) -> Result<Driven, ChainError> {
        let mut tries = Tries::default();
        self.follow_through(call, Step::Resend(pending), &mut tries)
            .await
    }

    /// The outcome of a call, which may have been sent before.
    async fn answer(
        &self,
        call: &CallBytes,
        bytes: &[u8],
        earlier: Option<oneshot::Receiver<Result<Driven, ChainError>>>,
    ) -> Result<Outcome, ChainError> {
        if let Some(earlier) = earlier {
            match earlier.await {
                Ok(Ok(Driven::Done(Ok(outcome)))) => return Ok(outcome),
                // It is an orphan now.
                Ok(Err(_)) => {}
                // It had no effect, and the caller asks again.
                Ok(Ok(Driven::Done(Err(_)) | Driven::NeverComes)) | Err(_) => {}
            }
        }
        if let Some(orphan) = self.orphans.take(bytes) {
            if let Driven::Done(result) = self.take_up(call, orphan).await? {
                return result;
            }
        }
        self.drive(call).await
    }
}
