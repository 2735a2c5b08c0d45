//! What is compared, section by section.

pub mod counts;
pub mod on_chain;
pub mod prover;
pub mod seal_proof;
pub mod sealing;

/// Nodes of a sector whose trees have `levels` levels.
fn nodes(levels: u32) -> usize {
    1 << (3 * levels)
}

/// A count as a number of the table; counts are far below 2^53.
fn count(rows: usize) -> f64 {
    f64::from(u32::try_from(rows).unwrap_or(u32::MAX))
}

/// The size of a sector with trees of `levels` levels, in words.
fn size_name(levels: u32) -> String {
    let kibibytes = 1u64 << (3 * levels - 5);
    match kibibytes {
        0..1024 => format!("{kibibytes} KiB"),
        1024..1_048_576 => format!("{} MiB", kibibytes >> 10),
        _ => format!("{} GiB", kibibytes >> 20),
    }
}
