//! Places for heavy proving steps.
//!
//! Storage proofs have places of their own: their windows close, and they must not wait for a seal that
//! takes minutes. Of the rest, extracts go first, for which somebody waits.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::oneshot;

/// How urgent a step is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Urgency {
    /// A storage proof: a window closes.
    Proof,
    /// A proof of extract: somebody waits.
    Extract,
    /// Sealing.
    Seal,
}

/// The places of a node.
pub(crate) struct Permits {
    proofs: Pool,
    rest: Pool,
}

impl Permits {
    /// As many places for storage proofs as for everything else.
    pub(crate) fn new(places: usize) -> Self {
        Self {
            proofs: Pool::new(places),
            rest: Pool::new(places),
        }
    }

    pub(crate) async fn acquire(&self, urgency: Urgency) -> Permit {
        match urgency {
            Urgency::Proof => self.proofs.acquire(false).await,
            Urgency::Extract => self.rest.acquire(true).await,
            Urgency::Seal => self.rest.acquire(false).await,
        }
    }
}

#[derive(Default)]
struct State {
    free: usize,
    first: VecDeque<oneshot::Sender<Permit>>,
    others: VecDeque<oneshot::Sender<Permit>>,
}

/// A bounded number of places.
#[derive(Clone)]
struct Pool {
    state: Arc<Mutex<State>>,
}

/// One place; given back on drop.
pub(crate) struct Permit {
    /// `None` once the place has been handed on.
    pool: Option<Pool>,
}

impl Pool {
    fn new(places: usize) -> Self {
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

    async fn acquire(&self, goes_first: bool) -> Permit {
        let waiting = {
            let mut state = self.lock();
            if state.free > 0 {
                state.free -= 1;
                None
            } else {
                let (sender, receiver) = oneshot::channel();
                match goes_first {
                    true => state.first.push_back(sender),
                    false => state.others.push_back(sender),
                }
                Some(receiver)
            }
        };
        match waiting {
            None => Permit {
                pool: Some(self.clone()),
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
                let next = state.first.pop_front();
                let next = next.or_else(|| state.others.pop_front());
                if next.is_none() {
                    state.free += 1;
                }
                next
            };
            let Some(sender) = next else { return };
            match sender.send(Permit {
                pool: Some(self.clone()),
            }) {
                Ok(()) => return,
                // It gave up waiting; its place goes to the next.
                Err(mut permit) => permit.pool = None,
            }
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if let Some(pool) = self.pool.take() {
            pool.release();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn extracts_overtake_seals_and_proofs_wait_for_neither() {
        let permits = Arc::new(Permits::new(1));
        let first = permits.acquire(Urgency::Seal).await;
        let order = Arc::new(Mutex::new(Vec::new()));
        let mut tasks = Vec::new();
        for urgency in [Urgency::Seal, Urgency::Extract, Urgency::Proof] {
            let (permits, order) = (permits.clone(), order.clone());
            tasks.push(tokio::spawn(async move {
                let _place = permits.acquire(urgency).await;
                order.lock().unwrap().push(urgency);
            }));
            // The test runs on one thread: yielding lets the task queue up.
            tokio::task::yield_now().await;
        }
        assert_eq!(*order.lock().unwrap(), vec![Urgency::Proof]);
        drop(first);
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(
            *order.lock().unwrap(),
            vec![Urgency::Proof, Urgency::Extract, Urgency::Seal]
        );
    }

    #[tokio::test]
    async fn a_waiter_that_gave_up_does_not_lose_the_place() {
        let permits = Permits::new(1);
        let first = permits.acquire(Urgency::Seal).await;
        {
            let waiting = permits.acquire(Urgency::Extract);
            tokio::pin!(waiting);
            assert!(futures::poll!(&mut waiting).is_pending());
        }
        drop(first);
        let _again = permits.acquire(Urgency::Seal).await;
    }
}
