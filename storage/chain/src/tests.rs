//! The crate against a scripted node: no network, no runtime build.

mod calls;
mod fake;
mod metadata;
mod pages;
mod submit;
