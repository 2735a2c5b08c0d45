//! What the calls do, by topic.

mod binding;
mod disputes;
mod posts;
mod sectors;
