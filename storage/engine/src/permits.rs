//! Places for heavy proving steps; storage proofs go first, since their windows close.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::oneshot;

/// How urgent a step is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Urgency {
    /// A storage proof or an extract: somebody waits, a window closes.
    Proof,
    /// Sealing.
    Seal,
}

#[derive(Default)]
struct State {
    free: usize,
    proofs: VecDeque<oneshot::Sender<Permit>>,
    seals: VecDeque<oneshot::Sender<Permit>>,
}

/// A bounded number of places.
#[derive(Clone)]
pub(crate) struct Permits {
    state: Arc<Mutex<State>>,
}

/// One place; given back on drop.
pub(crate) struct Permit {
    /// `None` once the place has been handed on.
    permits: Option<Permits>,
}

impl Permits {
    pub(crate) fn new(places: usize) -> Self {
        let state = State {
            free: places.max(1),
            ..State::default()
        };
        Self {
            state: Arc::new(Mutex::new(state)),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // The state is valid after every single statement under the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) async fn acquire(&self, urgency: Urgency) -> Permit {
        let waiting = {
            let mut state = self.lock();
            if state.free > 0 {
                state.free -= 1;
                None
            } else {
                let (sender, receiver) = oneshot::channel();
                match urgency {
                    Urgency::Proof => state.proofs.push_back(sender),
                    Urgency::Seal => state.seals.push_back(sender),
                }
                Some(receiver)
            }
        };
        match waiting {
            None => Permit {
                permits: Some(self.clone()),
            },
            Some(receiver) => receiver
                .await
                .expect("a waiting sender is only removed by sending a permit"),
        }
    }

    /// Gives a place to the next waiter that still waits.
    fn release(&self) {
        loop {
            let next = {
                let mut state = self.lock();
                let next = state.proofs.pop_front().or_else(|| state.seals.pop_front());
                if next.is_none() {
                    state.free += 1;
                }
                next
            };
            let Some(sender) = next else { return };
            match sender.send(Permit {
                permits: Some(self.clone()),
            }) {
                Ok(()) => return,
                // It gave up waiting; its place goes to the next.
                Err(mut permit) => permit.permits = None,
            }
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if let Some(permits) = self.permits.take() {
            permits.release();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn proofs_overtake_seals() {
        let permits = Permits::new(1);
        let first = permits.acquire(Urgency::Seal).await;
        let order = Arc::new(Mutex::new(Vec::new()));
        let mut tasks = Vec::new();
        for urgency in [Urgency::Seal, Urgency::Seal, Urgency::Proof] {
            let (permits, order) = (permits.clone(), order.clone());
            tasks.push(tokio::spawn(async move {
                let _place = permits.acquire(urgency).await;
                order.lock().unwrap().push(urgency);
            }));
            // The test runs on one thread: yielding lets the task queue up.
            tokio::task::yield_now().await;
        }
        drop(first);
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(
            *order.lock().unwrap(),
            vec![Urgency::Proof, Urgency::Seal, Urgency::Seal]
        );
    }

    #[tokio::test]
    async fn a_waiter_that_gave_up_does_not_lose_the_place() {
        let permits = Permits::new(1);
        let first = permits.acquire(Urgency::Seal).await;
        {
            let waiting = permits.acquire(Urgency::Proof);
            tokio::pin!(waiting);
            assert!(futures::poll!(&mut waiting).is_pending());
        }
        drop(first);
        let _again = permits.acquire(Urgency::Seal).await;
    }
}
