//! What can be wrong with a ceremony's files, each with what to do about it.

use std::{
    io,
    path::{Path, PathBuf},
};

use bellperson::SynthesisError;
use ips_verifier::groth16::KeyError;

use super::record::{HeaderFault, OriginHash};
use crate::memory::NotEnoughMemory;

/// Why a step of a ceremony was not done.
#[derive(Debug, thiserror::Error)]
pub enum CeremonyError {
    /// The file system refused.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The target is there already.
    #[error("{0} exists; a ceremony never overwrites a file, so name another")]
    Exists(PathBuf),
    /// Not a ceremony of this program.
    #[error("{path}: {fault}")]
    Header {
        /// The file.
        path: PathBuf,
        /// What its first bytes say.
        fault: HeaderFault,
    },
    /// Shorter or longer than its own counts say.
    #[error("{0} has the wrong length, as after an interrupted copy; fetch it again")]
    Length(PathBuf),
    /// The bytes changed since they were written.
    #[error("{0} does not match its checksum: it was damaged on the way; fetch it again")]
    Checksum(PathBuf),
    /// The checksum holds, but these are no parameters of a circuit with one public input.
    #[error("{path}: its {part} cannot be read; ask the sender for the file again")]
    Content {
        /// The file.
        path: PathBuf,
        /// What is unreadable.
        part: Part,
    },
    /// The ceremony is of another circuit than this program's.
    #[error("{0} is of another circuit than this program's; use the release that started it")]
    OtherCircuit(PathBuf),
    /// The ceremony did not start from the first phase or seed that was named.
    #[error(
        "{path} started from {found}, not from {expected}; name the origin that it started from"
    )]
    OtherOrigin {
        /// The file.
        path: PathBuf,
        /// What it says it started from.
        found: String,
        /// What was named.
        expected: String,
    },
    /// The origin is right, but does not lead to the ceremony's initial parameters.
    #[error(
        "{0} has other initial parameters than its origin leads to: whoever started it cheated"
    )]
    OtherInitial(PathBuf),
    /// A contribution is not what a contributor following the rules makes.
    #[error("contribution {number}: {fault}")]
    Contribution {
        /// Its number, from 1.
        number: usize,
        /// What is wrong with it.
        fault: Fault,
    },
    /// The ceremony is full.
    #[error("a ceremony has at most {0} contributions")]
    Full(usize),
    /// The parameters are not those that the contributions lead to.
    #[error(
        "the {0} of the parameters is not what the contributions lead to: the last one cheated"
    )]
    Parameters(Part),
    /// A beacon that cannot be used.
    #[error("a beacon has 1 to 64 bytes and at most 2^40 iterations")]
    Beacon,
    /// The first phase is not the pinned one.
    #[error("{path} has BLAKE2b-512 {found}, not {expected}; fetch the published file")]
    PhaseOneHash {
        /// The file.
        path: PathBuf,
        /// Its hash.
        found: OriginHash,
        /// The one that was named.
        expected: OriginHash,
    },
    /// The first phase has too few powers, or a length that no first phase has.
    #[error("{path} has {found} powers of tau; the circuit needs {needed} (its domain)")]
    PhaseOneSize {
        /// The file.
        path: PathBuf,
        /// Powers in it; 0 if its length fits no first phase.
        found: usize,
        /// Rows of the circuit's domain.
        needed: usize,
    },
    /// The first phase's points are not powers of one tau.
    #[error("{path}: {what} of the first phase; it is damaged or dishonest, do not use it")]
    PhaseOne {
        /// The file.
        path: PathBuf,
        /// What does not hold.
        what: &'static str,
    },
    /// Less memory is free than the step needs.
    #[error(transparent)]
    Memory(#[from] NotEnoughMemory),
    /// The circuit could not be turned into parameters.
    #[error("deriving parameters: {0}")]
    Derive(#[from] SynthesisError),
    /// The verifying key that came out is none.
    #[error("the exported key: {0}")]
    Key(#[from] KeyError),
}

impl CeremonyError {
    /// Wraps an error of the file system.
    pub(super) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self + '_ {
        |source| Self::Io {
            path: path.to_owned(),
            source,
        }
    }
}

/// What is wrong with one contribution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Bytes that are no contribution.
    #[error("it is not encoded as a contribution")]
    Encoding,
    /// A point outside the group or the identity, as after δ = 0.
    #[error("it has a point that is the identity or outside the group")]
    Point,
    /// No name, a long one, or one that another contributor has.
    #[error(
        "a name has 1 to 64 bytes, none of them a control character, and no other contributor's"
    )]
    Name,
    /// The hash is not that of everything before and of the contribution.
    #[error("its hash does not follow from what is before it: one was removed, moved or changed")]
    Hash,
    /// The proof of knowledge does not hold at this place of the chain.
    #[error("its maker has not proven to know the secret at this place of the chain")]
    Knowledge,
    /// δ was not multiplied by the proven secret.
    #[error("delta was not multiplied by the secret that was proven")]
    Ratio,
    /// δ did not change.
    #[error("delta did not change, so nothing was contributed")]
    Unchanged,
    /// The secret is not the one of the beacon's value.
    #[error("its secret does not come from the beacon's value")]
    Beacon,
    /// The beacon must be last.
    #[error("it comes after the beacon, which must be the last")]
    AfterBeacon,
}

/// A part of parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// All of it: its hash.
    Hash,
    /// α, β, γ and the inputs' points.
    Key,
    /// δ.
    Delta,
    /// The points of the quotient.
    H,
    /// The points of the private variables.
    L,
    /// The points of the first side.
    A,
    /// The points of the second side in G1.
    BG1,
    /// The points of the second side in G2.
    BG2,
}

impl std::fmt::Display for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Hash => "hash",
            Self::Key => "verifying key",
            Self::Delta => "delta",
            Self::H => "H query",
            Self::L => "L query",
            Self::A => "A query",
            Self::BG1 => "B query in G1",
            Self::BG2 => "B query in G2",
        })
    }
}
