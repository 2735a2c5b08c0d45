//! What a WASM module needs beside the verifier: memory and two exports.
//!
//! Goal: no import at all, so that any engine runs it. Non-goal: giving memory back; an instance
//! answers one question.

use alloc::{boxed::Box, vec};
use core::{
    alloc::{GlobalAlloc, Layout},
    arch::wasm32,
    ptr,
    sync::atomic::{AtomicUsize, Ordering},
};

const PAGE_BYTES: usize = 64 << 10;

extern "C" {
    /// Where the linker says that static data ends.
    static __heap_base: u8;
}

/// Hands out memory from the end of static data on, never takes it back.
struct Rising {
    used: AtomicUsize,
}

#[global_allocator]
static MEMORY: Rising = Rising {
    used: AtomicUsize::new(0),
};

// SAFETY: every block starts where the one before ended, aligned, inside memory that was grown for it;
// a module has one thread.
unsafe impl GlobalAlloc for Rising {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let base = &raw const __heap_base as usize;
        let start = (base + self.used.load(Ordering::Relaxed)).next_multiple_of(layout.align());
        let Some(end) = start.checked_add(layout.size()) else {
            return ptr::null_mut();
        };
        let missing = end.saturating_sub(wasm32::memory_size(0) * PAGE_BYTES);
        if missing > 0 && wasm32::memory_grow(0, missing.div_ceil(PAGE_BYTES)) == usize::MAX {
            return ptr::null_mut();
        }
        self.used.store(end - base, Ordering::Relaxed);
        start as *mut u8
    }

    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    wasm32::unreachable()
}

/// Memory for a question of `length` bytes.
#[no_mangle]
extern "C" fn ips_question(length: usize) -> *mut u8 {
    Box::leak(vec![0; length].into_boxed_slice()).as_mut_ptr()
}

/// The answer to the question at `start`: its address in the upper half, its length in the lower.
///
/// # Safety
/// `start` and `length` are of a call of [`ips_question`].
#[no_mangle]
unsafe extern "C" fn ips_answer(start: *const u8, length: usize) -> u64 {
    // SAFETY: as the caller promises.
    let question = unsafe { core::slice::from_raw_parts(start, length) };
    let answer = Box::leak(crate::answer(question).into_boxed_str());
    (answer.as_ptr() as u64) << 32 | answer.len() as u64
}
