//! Tasks that must not end: an error or a panic is logged, and the task starts again.

use std::{future::Future, time::Duration};

use tokio_util::sync::CancellationToken;

use crate::error::EngineError;

/// Pause after the first failure; doubles.
const PAUSE_MIN: Duration = Duration::from_millis(500);
/// Longest pause.
const PAUSE_MAX: Duration = Duration::from_secs(60);
/// A task that ran this long starts with the shortest pause again.
const HEALTHY: Duration = Duration::from_secs(300);

/// Runs `task` again and again until `stop`.
pub(crate) async fn supervise<F>(
    name: &'static str,
    stop: CancellationToken,
    mut task: impl FnMut() -> F + Send,
) where
    F: Future<Output = Result<(), EngineError>> + Send + 'static,
{
    let mut pause = PAUSE_MIN;
    loop {
        let began = tokio::time::Instant::now();
        // Its own task, so that a panic ends only this round; aborted when we are dropped.
        let round = tokio_util::task::AbortOnDropHandle::new(tokio::spawn(task()));
        tokio::select! {
            () = stop.cancelled() => return,
            ended = round => match ended {
                Ok(Ok(())) => return,
                Ok(Err(error)) => tracing::warn!(task = name, %error, ?pause, "restarting"),
                Err(panic) => tracing::error!(task = name, %panic, ?pause, "restarting"),
            },
        }
        if began.elapsed() > HEALTHY {
            pause = PAUSE_MIN;
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(pause) => pause = (pause * 2).min(PAUSE_MAX),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{
        atomic::{AtomicU32, Ordering},
        Arc,
    };

    #[tokio::test]
    async fn errors_and_panics_restart_the_task() {
        let rounds = Arc::new(AtomicU32::new(0));
        let counter = rounds.clone();
        supervise("test", CancellationToken::new(), move || {
            let round = counter.fetch_add(1, Ordering::SeqCst);
            async move {
                match round {
                    0 => Err(EngineError::ChainStopped),
                    1 => panic!("in a task"),
                    _ => Ok(()),
                }
            }
        })
        .await;
        assert_eq!(rounds.load(Ordering::SeqCst), 3);
    }

    #[tokio::test]
    async fn cancelling_ends_a_hanging_task() {
        let stop = CancellationToken::new();
        stop.cancel();
        supervise("test", stop, std::future::pending).await;
    }
}
