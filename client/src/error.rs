//! What can go wrong, and what the customer can do about it.

use std::{io, path::PathBuf};

use ips_chain::KeyError;
use ips_encoding::{DecodeError, EncodeError, ManifestError};
use ips_engine::{chain::ChainError, retrieval::MissingSegment};
use ips_primitives::id::{Balance, OrderId, SlotIndex};

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// No key was given for a command that needs one.
    #[error(
        "no key given; use --key FILE (make one with: ips keygen --out FILE) or --key //Alice"
    )]
    NoKey,
    /// The key is unusable.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The chain refused or cannot be reached.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// A file to store cannot be read.
    #[error("cannot read {path}: {source}; check the path and its permissions")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A folder was given.
    #[error("{path} is a folder; give its files, such as {path}/*")]
    Folder {
        /// The folder.
        path: PathBuf,
    },
    /// A file has no bytes.
    #[error("{path} is empty; there is nothing to store")]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// A path has no usable name.
    #[error("{path} has no name that can be stored; rename it to plain text")]
    Name {
        /// The path.
        path: PathBuf,
    },
    /// The file cannot be encoded.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// The file cannot be decoded.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// The manifest is wrong.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// The file's key cannot be had.
    #[error(transparent)]
    FileKey(#[from] ips_encoding::KeyError),
    /// A file cannot be written.
    #[error("cannot write {path}: {source}; check space and permissions")]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The output exists.
    #[error("{path} exists; choose another place with -o")]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// Too few nodes take deals.
    #[error(
        "only {found} of 6 slots could be filled for {duration} blocks: each needs another operator, \
         and no class of nodes may hold more slots than may be lost; see `ips nodes`, or try a \
         shorter --duration or another --level"
    )]
    TooFewNodes {
        /// Slots of the narrowest group that could be filled.
        found: usize,
        /// Blocks asked for.
        duration: u32,
    },
    /// The price given cannot fill the slots.
    #[error(
        "a price of {price} is too low: {willing} nodes would take it, {needed} are needed; \
         use --price {enough} or more"
    )]
    PriceTooLow {
        /// Price given.
        price: Balance,
        /// Nodes that ask no more.
        willing: usize,
        /// Slots of a group.
        needed: usize,
        /// Price that enough nodes accept.
        enough: Balance,
    },
    /// The account cannot pay.
    #[error("not enough funds: {need} are needed, account {account} has {have}; send it tokens")]
    NoFunds {
        /// Amount needed.
        need: Balance,
        /// Amount there.
        have: Balance,
        /// The account's address.
        account: String,
    },
    /// Slots were not claimed in time.
    #[error(
        "nobody claimed {} in {seconds} s; {cancelled}. Try a higher --price or see `ips nodes`",
        list_slots(.slots)
    )]
    Unclaimed {
        /// Open slots.
        slots: Vec<(OrderId, SlotIndex)>,
        /// How long was waited.
        seconds: u64,
        /// What was done about the orders.
        cancelled: &'static str,
    },
    /// Slots were not delivered, confirmed or sealed in time.
    #[error("{} not {state} in {seconds} s; go on with: ips put --resume {file}", list_slots(.slots))]
    Unfinished {
        /// The slots.
        slots: Vec<(OrderId, SlotIndex)>,
        /// What they should be.
        state: &'static str,
        /// How long was waited.
        seconds: u64,
        /// The file.
        file: String,
    },
    /// The chain has no order of the file.
    #[error("this chain has no order of file {0}; check the id and --rpc")]
    UnknownFile(String),
    /// There is nothing to resume.
    #[error("nothing of file {0} waits for delivery in this state folder; check --state")]
    NothingStaged(String),
    /// The bundle has no such entry.
    #[error("the bundle has no file {name}; it has: {}", .known.join(", "))]
    NoEntry {
        /// Name asked for.
        name: String,
        /// Names in it.
        known: Vec<String>,
    },
    /// The range is outside the file.
    #[error("the range ends behind the file, which has {length} bytes")]
    Range {
        /// Bytes of the file.
        length: u64,
    },
    /// No holder gave the manifest.
    #[error("none of {asked} holders gave the file's manifest; try again later")]
    NoManifest {
        /// Holders asked.
        asked: usize,
    },
    /// Too few holders deliver.
    #[error("too few holders answer; the file cannot be read now\n{}", list_missing(.missing))]
    Missing {
        /// What lacks.
        missing: Vec<MissingSegment>,
    },
    /// The state folder holds something unreadable.
    #[error("{path} is no state of this version; move it away")]
    State {
        /// The file.
        path: PathBuf,
    },
    /// No folder for the state.
    #[error("no home folder known; use --state FOLDER")]
    NoHome,
    /// The storage network cannot be joined.
    #[error(transparent)]
    Swarm(#[from] ips_swarm::SwarmError),
    /// The system gave no threads.
    #[error("cannot start: {0}")]
    Runtime(io::Error),
    /// A worker thread ended.
    #[error("a worker thread ended unexpectedly; run the command again")]
    Worker,
}

impl ClientError {
    /// What the process ends with; see `ips --help`.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::NoKey | Self::Key(_) | Self::PriceTooLow { .. } | Self::NoEntry { .. } => 2,
            Self::Missing { .. } | Self::NoManifest { .. } => 3,
            Self::NoFunds { .. } | Self::Chain(ChainError::NoFunds { .. }) => 4,
            Self::Chain(ChainError::Unreachable { .. } | ChainError::Incompatible(_)) => 5,
            Self::Unclaimed { .. } | Self::Unfinished { .. } | Self::TooFewNodes { .. } => 6,
            _ => 1,
        }
    }

    /// A short name for scripts.
    pub fn kind(&self) -> &'static str {
        match self.exit_code() {
            2 => "usage",
            3 => "too_few_holders",
            4 => "no_funds",
            5 => "chain",
            6 => "not_taken",
            _ => "failed",
        }
    }
}

/// Most slots or segments that a message lists.
const LISTED_MAX: usize = 20;

fn list_slots(slots: &[(OrderId, SlotIndex)]) -> String {
    let shown: Vec<String> = slots
        .iter()
        .take(LISTED_MAX)
        .map(|(order, slot)| format!("slot {} of order {}", slot.0, order.0))
        .collect();
    let more = slots.len().saturating_sub(LISTED_MAX);
    if more == 0 {
        shown.join(", ")
    } else {
        format!("{} and {more} more", shown.join(", "))
    }
}

fn list_missing(missing: &[MissingSegment]) -> String {
    let lines = missing.iter().take(LISTED_MAX).map(|lacks| {
        let without: Vec<String> = lacks
            .without_holder
            .iter()
            .map(|slot| slot.0.to_string())
            .collect();
        let mut line = format!(
            "  segment {}: {} of {} needed fragments",
            lacks.segment, lacks.have, lacks.need
        );
        if !without.is_empty() {
            line += &format!("; no holder of slots {}", without.join(", "));
        }
        for failure in &lacks.failures {
            let provider = hex::encode(failure.provider.0);
            line += &format!(
                "\n    slot {} at {provider}: {}",
                failure.slot.0, failure.error
            );
        }
        line
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use ips_engine::retrieval::HolderFailure;
    use ips_primitives::id::ProviderId;

    #[test]
    fn each_kind_of_failure_has_its_exit_code() {
        let funds = ClientError::NoFunds {
            need: 7,
            have: 3,
            account: "5Grw".into(),
        };
        assert_eq!((funds.exit_code(), funds.kind()), (4, "no_funds"));
        let text = funds.to_string();
        assert!(text.contains('7') && text.contains("5Grw") && text.contains("send it tokens"));
        let chain = ChainError::NoFunds {
            call: "c",
            account: "a".into(),
        };
        assert_eq!(ClientError::from(chain).exit_code(), 4);
        let away = ChainError::Unreachable {
            url: "ws://x".into(),
            reason: "refused".into(),
        };
        assert_eq!(ClientError::from(away).exit_code(), 5);
        assert_eq!(ClientError::NoKey.exit_code(), 2);
        assert_eq!(ClientError::UnknownFile("00".into()).exit_code(), 1);
    }

    #[test]
    fn missing_report_names_segments_slots_and_holders() {
        let missing = vec![MissingSegment {
            segment: 4,
            have: 2,
            need: 3,
            without_holder: vec![SlotIndex(5)],
            failures: vec![HolderFailure {
                provider: ProviderId([0xab; 32]),
                slot: SlotIndex(1),
                error: ips_swarm::FetchError::Closed,
            }],
        }];
        let error = ClientError::Missing { missing };
        assert_eq!(error.exit_code(), 3);
        let text = error.to_string();
        for part in [
            "segment 4: 2 of 3",
            "no holder of slots 5",
            "slot 1 at abab",
        ] {
            assert!(text.contains(part), "{text}");
        }
    }

    #[test]
    fn unclaimed_slots_are_listed_but_not_without_end() {
        let slots = (0..30).map(|slot| (OrderId(9), SlotIndex(slot))).collect();
        let error = ClientError::Unclaimed {
            slots,
            seconds: 60,
            cancelled: "the order is cancelled",
        };
        let text = error.to_string();
        assert!(text.contains("slot 19 of order 9 and 10 more"), "{text}");
        assert!(text.contains("cancelled"));
        assert_eq!(error.exit_code(), 6);
    }
}
