//! The storage node comes back after failures; its panics never end the process, the chain's do.

use std::{
    process::{Command, Output},
    sync::{
        atomic::{AtomicU32, Ordering},
        Arc,
    },
};

use super::*;
use crate::panics::{name_prover_threads, spare_storage_threads};

const QUICK: Pauses = Pauses {
    first: Duration::from_millis(1),
    longest: Duration::from_millis(4),
    healthy: Duration::from_secs(60),
};
/// No test waits longer.
const PATIENCE: Duration = Duration::from_secs(60);

fn until(what: &str, holds: impl Fn() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < PATIENCE, "not in time: {what}");
        thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn errors_and_panics_start_it_again_and_a_stop_ends_it() {
    let (rounds, ended) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
    let (counter, end) = (rounds.clone(), ended.clone());
    let supervised = supervise(QUICK, move |mut stopping| {
        let (round, end) = (counter.fetch_add(1, Ordering::SeqCst), end.clone());
        async move {
            match round {
                0 => anyhow::bail!("no chain yet"),
                1 => {
                    fail("in the storage layer");
                    Ok(())
                }
                _ => {
                    let _ = stopping.wait_for(|stop| *stop).await;
                    end.fetch_add(1, Ordering::SeqCst);
                    Ok(())
                }
            }
        }
    })
    .unwrap();
    until("third start", || rounds.load(Ordering::SeqCst) == 3);
    assert_eq!(ended.load(Ordering::SeqCst), 0);
    drop(supervised);
    let after = (rounds.load(Ordering::SeqCst), ended.load(Ordering::SeqCst));
    assert_eq!(after, (3, 1), "stopped once, and not started again");
}

#[test]
fn a_stop_does_not_wait_for_a_pause() {
    let long = Pauses {
        first: Duration::from_secs(3600),
        ..Pauses::default()
    };
    let rounds = Arc::new(AtomicU32::new(0));
    let counter = rounds.clone();
    let supervised = supervise(long, move |_| {
        counter.fetch_add(1, Ordering::SeqCst);
        async { anyhow::bail!("always") }
    })
    .unwrap();
    until("first start", || rounds.load(Ordering::SeqCst) == 1);
    let began = Instant::now();
    drop(supervised);
    assert!(began.elapsed() < SHUTDOWN_LIMIT);
}

#[test]
fn pauses_grow_to_their_limit_and_shrink_after_health() {
    let pauses = Pauses::default();
    let mut pause = pauses.first;
    for _ in 0..20 {
        pause = pauses.next(pause, Duration::ZERO);
    }
    assert_eq!(pause, pauses.longest);
    assert_eq!(pauses.next(pause, pauses.healthy), pauses.first);
}

/// Runs an ignored test of this program in a process of its own.
fn in_own_process(test: &str) -> Output {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "--ignored", "--nocapture", test])
        .output()
        .unwrap()
}

fn as_in_the_node() {
    name_prover_threads();
    sp_panic_handler::set("https://example.invalid", "test");
    spare_storage_threads();
}

#[test]
fn every_panic_of_the_storage_layer_leaves_the_chain_running() {
    let output = in_own_process("storage::supervisor::tests::child_storage_panics_everywhere");
    let (out, log) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{:?}\n{log}", output.status);
    assert!(
        out.contains("the chain made blocks after 5 panics"),
        "{out}"
    );
    assert!(
        log.contains("panicked at 'on a thread of the prover'"),
        "{log}"
    );
}

#[test]
fn a_panic_of_the_chain_still_ends_the_process() {
    let output = in_own_process("storage::supervisor::tests::child_chain_panics");
    assert_eq!(output.status.code(), Some(1));
    let out = String::from_utf8_lossy(&output.stdout);
    assert!(!out.contains("still alive"), "{out}");
}

fn fail(place: &str) {
    panic!("{place}");
}

/// One way for the storage layer to panic per round, on every kind of thread that it has.
async fn panic_somewhere(round: u32) -> anyhow::Result<()> {
    match round {
        0 => fail("in the node's own task"),
        1 => tokio::spawn(async { fail("in a task") }).await?,
        2 => tokio::task::spawn_blocking(|| fail("on a blocking thread")).await?,
        3 => {
            let proof = || rayon::scope(|scope| scope.spawn(|_| fail("on a thread of the prover")));
            tokio::task::spawn_blocking(proof).await?;
        }
        _ => {
            let pool = thread::Builder::new().name("worker-thread-1".into());
            let ended = pool.spawn(|| fail("on a thread of bellperson"))?.join();
            anyhow::ensure!(ended.is_ok(), "the prover died");
        }
    }
    Ok(())
}

#[test]
#[ignore = "runs as the child of another test"]
fn child_storage_panics_everywhere() {
    as_in_the_node();
    let (blocks, rounds) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
    let chain = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let height = blocks.clone();
    chain.spawn(async move {
        loop {
            tokio::time::sleep(Duration::from_millis(1)).await;
            height.fetch_add(1, Ordering::SeqCst);
        }
    });
    let counter = rounds.clone();
    let supervised = supervise(QUICK, move |mut stopping| {
        let round = counter.fetch_add(1, Ordering::SeqCst);
        async move {
            if round < 5 {
                return panic_somewhere(round).await;
            }
            let _ = stopping.wait_for(|stop| *stop).await;
            Ok(())
        }
    })
    .unwrap();
    until("a start after five panics", || {
        rounds.load(Ordering::SeqCst) == 6
    });
    let before = blocks.load(Ordering::SeqCst);
    until("ten more blocks", || {
        blocks.load(Ordering::SeqCst) > before + 10
    });
    drop(supervised);
    println!("the chain made blocks after 5 panics");
}

#[test]
#[ignore = "runs as the child of another test"]
fn child_chain_panics() {
    as_in_the_node();
    let chain = tokio::runtime::Builder::new_multi_thread().build().unwrap();
    let ended = chain.block_on(chain.spawn(async { fail("in the chain") }));
    println!("still alive: {}", ended.is_err());
}
