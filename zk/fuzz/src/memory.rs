//! An allocator that counts, so that a decoder's appetite is an assertion.
//!
//! Non-goal: threads; a fuzz target decodes on one.
#![allow(unsafe_code, reason = "an allocator is unsafe by its trait")]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    sync::atomic::{AtomicUsize, Ordering},
};

static LIVE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

// SAFETY: every call is the system allocator's own.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let live = LIVE.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        PEAK.fetch_max(live, Ordering::Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(pointer, layout) }
    }
}

/// What SCALE reserves for a list before its elements are there, for lists in lists.
const RESERVE_BYTES: usize = 64 << 10;

/// Runs `work` on an input of `input_bytes` bytes.
///
/// # Panics
/// If it holds more than 64 KiB and 16 times its input at any moment.
pub fn bounded<T>(input_bytes: usize, work: impl FnOnce() -> T) -> T {
    bounded_above(RESERVE_BYTES, input_bytes, work)
}

/// As [`bounded`], of a decoder that may reserve other than 64 KiB.
///
/// # Panics
/// If `work` holds more than `reserve_bytes` and 16 times its input at any moment.
pub fn bounded_above<T>(reserve_bytes: usize, input_bytes: usize, work: impl FnOnce() -> T) -> T {
    let before = LIVE.load(Ordering::Relaxed);
    PEAK.store(before, Ordering::Relaxed);
    let outcome = work();
    let held = PEAK.load(Ordering::Relaxed).saturating_sub(before);
    let limit = reserve_bytes + 16 * input_bytes;
    assert!(
        held <= limit,
        "{held} bytes held for an input of {input_bytes}"
    );
    outcome
}
