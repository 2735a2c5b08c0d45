//! Panics of the storage node stay in the storage node.
//!
//! The SDK ends the process at any panic: a chain that went on could write nonsense. The storage
//! node reads what strangers send and runs a prover, so its panics only unwind, up to where its
//! supervisors catch them. Its threads are known by their names, also those that libraries make.
//!
//! What no handler can catch is shared all the same: memory, a stack that overflows, the end of the
//! process. Whoever needs that apart runs `ips-storage` as a process of its own.

use sp_panic_handler::AbortGuard;

/// How the names of threads begin that only the storage node uses: ours (`ips-storage`, `ips-swarm`,
/// `ips-prover`), and the pool inside bellperson.
const STORAGE_THREADS: [&str; 2] = ["ips-", "worker-thread-"];

/// Turns abort-on-panic off for this thread, for good.
pub(crate) fn never_abort() {
    std::mem::forget(AbortGuard::never_abort());
}

/// Names the threads of the prover's shared pool; call it before anything computes on them.
///
/// The chain compiles its blob there as well. A panic of that goes on in the chain's own thread, so
/// nothing is hidden.
pub(crate) fn name_prover_threads() {
    let pool = rayon::ThreadPoolBuilder::new()
        .thread_name(|index| format!("ips-prover-{index}"))
        .start_handler(|_| never_abort());
    if pool.build_global().is_err() {
        tracing::warn!("the prover's threads were made before they could be named");
    }
}

/// Changes the installed panic handler so that it spares the process if the panic is the storage
/// node's.
pub(crate) fn spare_storage_threads() {
    let installed = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let _guard = is_storage_thread().then(AbortGuard::never_abort);
        installed(panic);
    }));
}

fn is_storage_thread() -> bool {
    let thread = std::thread::current();
    let name = thread.name().unwrap_or_default();
    STORAGE_THREADS.iter().any(|start| name.starts_with(start))
}
