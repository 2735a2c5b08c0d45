//! Work on independent fragments by several threads.
//!
//! Goal: hashing and encryption use the processor's cores. Non-goal: a thread pool; a segment is
//! large enough to pay for its threads.

use std::{num::NonZero, thread};

/// Below this many bytes a thread costs more than it saves.
const PARALLEL_BYTES_MIN: usize = 1 << 20;
/// Most threads, so that many encoders at once stay bounded.
const THREADS_MAX: usize = 8;

/// Applies `work` to each item of a job of `bytes` bytes; returns the first error in item order.
pub(crate) fn for_each<T: Send, E: Send>(
    mut items: Vec<T>,
    bytes: usize,
    work: impl Fn(T) -> Result<(), E> + Sync,
) -> Result<(), E> {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let threads = if bytes < PARALLEL_BYTES_MIN {
        1
    } else {
        cores.min(THREADS_MAX)
    };
    let per_thread = items.len().div_ceil(threads).max(1);
    if items.len() <= per_thread {
        return items.into_iter().try_for_each(work);
    }
    let work = &work;
    thread::scope(|scope| {
        let mut running = Vec::new();
        while !items.is_empty() {
            let rest = items.split_off(per_thread.min(items.len()));
            let part = std::mem::replace(&mut items, rest);
            running.push(scope.spawn(move || part.into_iter().try_for_each(work)));
        }
        let mut result = Ok(());
        for thread in running {
            let done = thread
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            result = result.and(done);
        }
        result
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn every_item_is_worked_on_once_and_the_first_error_wins() {
        for bytes in [0, PARALLEL_BYTES_MIN] {
            for count in [0usize, 1, 2, 7, 60] {
                let sum = AtomicUsize::new(0);
                let add = |item| {
                    sum.fetch_add(item, Ordering::Relaxed);
                    Ok::<(), ()>(())
                };
                assert_eq!(for_each((0..count).collect(), bytes, add), Ok(()));
                assert_eq!(sum.into_inner(), count * count.saturating_sub(1) / 2);
            }
            let fail = |item| if item >= 3 { Err(item) } else { Ok(()) };
            assert_eq!(for_each((0..60).collect(), bytes, fail), Err(3));
        }
    }
}
