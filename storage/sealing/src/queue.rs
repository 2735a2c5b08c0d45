//! Sectors that wait to be sealed.
//!
//! Goal: whoever gets a permit takes as many as are best sealed side by side, so waiting costs nothing
//! and nobody waits for company. Non-goal: order among steps of other kinds.

use std::sync::{Mutex, PoisonError};

use ips_engine::sealer::{SealedCommitments, SealerError};
use tokio::sync::oneshot;

use crate::steps::{SealOrder, Steps};

type Outcome = Result<SealedCommitments, SealerError>;

#[derive(Debug)]
struct Waiting {
    order: SealOrder,
    reply: oneshot::Sender<Outcome>,
}

/// The queue; first come, first sealed.
#[derive(Debug, Default)]
pub(crate) struct SealQueue(Mutex<Vec<Waiting>>);

impl SealQueue {
    /// Puts a sector at the end; the outcome comes when somebody has sealed it.
    pub(crate) fn push(&self, order: SealOrder) -> oneshot::Receiver<Outcome> {
        let (reply, answer) = oneshot::channel();
        self.lock().push(Waiting { order, reply });
        answer
    }

    /// Seals those in front side by side, if any are left.
    pub(crate) fn seal(&self, steps: &Steps) {
        let (orders, replies): (Vec<_>, Vec<_>) = self
            .take(|waiting| steps.side_by_side(waiting))
            .into_iter()
            .map(|waiting| (waiting.order, waiting.reply))
            .unzip();
        for (reply, outcome) in replies.into_iter().zip(steps.seal(&orders)) {
            // Nobody waits any more: the files are there for the next who asks.
            let _ = reply.send(outcome);
        }
    }

    /// The first in the queue whom somebody still waits for, at most as many as `most` says of all of
    /// them, and none of a folder that is among them already.
    fn take(&self, most: impl FnOnce(usize) -> usize) -> Vec<Waiting> {
        let mut queue = self.lock();
        queue.retain(|waiting| !waiting.reply.is_closed());
        let most = most(queue.len());
        let mut taken: Vec<Waiting> = Vec::new();
        for waiting in std::mem::take(&mut *queue) {
            let is_free = taken
                .iter()
                .all(|other| other.order.folder != waiting.order.folder);
            if taken.len() < most && is_free {
                taken.push(waiting);
            } else {
                queue.push(waiting);
            }
        }
        taken
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Waiting>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ips_primitives::sector::ReplicaId;

    fn order(name: &str) -> SealOrder {
        SealOrder {
            folder: name.into(),
            pieces: Vec::new(),
            replica_id: ReplicaId([0; 32]),
        }
    }

    fn names(taken: &[Waiting]) -> Vec<&str> {
        let folders = taken.iter().map(|waiting| &waiting.order.folder);
        folders.map(|folder| folder.to_str().unwrap()).collect()
    }

    #[test]
    fn the_first_are_taken_that_somebody_waits_for() {
        let queue = SealQueue::default();
        let mut answers: Vec<_> = ["a", "b", "a", "c", "d"]
            .map(|name| queue.push(order(name)))
            .into();
        drop(answers.remove(1));
        let seen = |expected: usize, most: usize| {
            queue.take(move |waiting| {
                assert_eq!(waiting, expected);
                most
            })
        };
        assert_eq!(names(&seen(4, 2)), ["a", "c"]);
        assert_eq!(names(&seen(2, 8)), ["a", "d"]);
        assert!(seen(0, 8).is_empty());
        drop(answers);
    }
}
