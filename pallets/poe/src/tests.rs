//! Tests by topic.

mod agreements;
mod claims;
mod fixture;
