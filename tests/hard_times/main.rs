//! Bad input and power cuts on real processes: each a clear error, and nothing lost.
//!
//! The binaries must be built (`scripts/test.sh` does, or `cargo build --workspace --all-targets`). One
//! network runs at a time: they would only slow one another down.

mod bad_input;
mod power_cuts;
mod world;

use tokio::sync::Mutex;

/// Held by the test whose network runs.
static ONE_NETWORK: Mutex<()> = Mutex::const_new(());

#[tokio::test(flavor = "multi_thread")]
async fn bad_input_is_a_clear_error_and_holders_that_fail_do_not_matter() {
    let _turn = ONE_NETWORK.lock().await;
    world::run(5, 1_000, bad_input::scenario).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn power_cuts_lose_nothing() {
    let _turn = ONE_NETWORK.lock().await;
    world::run(6, 2_000, power_cuts::scenario).await;
}
