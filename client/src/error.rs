//! What can go wrong, and what the customer can do about it.

use std::{io, path::PathBuf};

use ips_chain::KeyError;
use ips_encoding::{DecodeError, EncodeError, ManifestError};
use ips_engine::{chain::ChainError, retrieval::MissingSegment};
use ips_primitives::id::{Balance, OrderId, SlotIndex};
use serde_json::{json, Map, Value};

use crate::connection::address;

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The command line is wrong.
    #[error("{0}")]
    Usage(String),
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
    /// A pipe, a device or a socket was given.
    #[error("{path} is no regular file; copy its bytes to a file and store that")]
    Irregular {
        /// The path.
        path: PathBuf,
    },
    /// A file was written to while it was read.
    #[error(
        "{path} changed while it was read; nothing was ordered, store it again when it is at rest"
    )]
    Changed {
        /// The file.
        path: PathBuf,
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
        "nobody claimed {} in {seconds} s; {cancelled}. See `ips nodes`, then order again with: ips put \
         --resume {file} --price MORE, or give it up with: ips cancel {file}",
        list_slots(.slots)
    )]
    Unclaimed {
        /// Open slots.
        slots: Vec<(OrderId, SlotIndex)>,
        /// How long was waited.
        seconds: u64,
        /// What was done about the orders.
        cancelled: &'static str,
        /// The file.
        file: String,
    },
    /// The providers of a group lost its slots again and again.
    #[error("group {group} was ordered {times} times and is not kept; go on with: ips put --resume {file}")]
    NotKept {
        /// The group.
        group: u16,
        /// Orders placed for it.
        times: u32,
        /// The file.
        file: String,
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
    /// An upload stopped in the middle and can go on.
    #[error("{source}; go on with: ips put --resume {file}")]
    Paused {
        /// The file.
        file: String,
        /// Why it stopped.
        source: Box<ClientError>,
    },
    /// The user or the system asked to stop.
    #[error("stopped{}", resume_hint(.resume))]
    Interrupted {
        /// The file of the upload that can go on.
        resume: Option<String>,
    },
    /// Another process works on the same.
    #[error("another ips works on {path}; wait for its end")]
    Busy {
        /// What is locked.
        path: PathBuf,
    },
    /// An upload of the same bytes was not finished.
    #[error(
        "an upload of file {0} was not finished; go on with: ips put --resume {0}, or give it up \
         with: ips cancel {0}"
    )]
    UploadWaits(String),
    /// The chain has no order of the file.
    #[error("this chain knows no file {0}; check the id and --rpc")]
    UnknownFile(String),
    /// The file is another customer's.
    #[error("no order of file {0} is yours; check --key")]
    NotYours(String),
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
            Self::Usage(_)
            | Self::NoKey
            | Self::Key(_)
            | Self::FileKey(_)
            | Self::Read { .. }
            | Self::Irregular { .. }
            | Self::Changed { .. }
            | Self::Folder { .. }
            | Self::Empty { .. }
            | Self::Name { .. }
            | Self::PriceTooLow { .. }
            | Self::UnknownFile(_)
            | Self::NotYours(_)
            | Self::NothingStaged(_)
            | Self::UploadWaits(_)
            | Self::NoEntry { .. }
            | Self::Range { .. } => 2,
            Self::Missing { .. } | Self::NoManifest { .. } => 3,
            Self::NoFunds { .. } | Self::Chain(ChainError::NoFunds { .. }) => 4,
            Self::Chain(_) => 5,
            Self::Unclaimed { .. }
            | Self::Unfinished { .. }
            | Self::NotKept { .. }
            | Self::TooFewNodes { .. } => 6,
            Self::Paused { source, .. } => source.exit_code(),
            Self::Interrupted { .. } => 130,
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
            130 => "interrupted",
            _ => "failed",
        }
    }

    /// The error as the object that `--json` prints: kind, message, exit code and what scripts act on.
    /// Amounts are decimal strings, accounts SS58 addresses.
    pub fn object(&self) -> Value {
        let mut error = self.facts();
        error.insert("kind".into(), json!(self.kind()));
        error.insert("message".into(), json!(self.to_string()));
        error.insert("exit_code".into(), json!(self.exit_code()));
        json!({ "error": error })
    }

    fn facts(&self) -> Map<String, Value> {
        let facts = match self {
            Self::NoFunds {
                need,
                have,
                account,
            } => {
                json!({"need": need.to_string(), "have": have.to_string(), "account": account})
            }
            Self::PriceTooLow { price, enough, .. } => {
                json!({"price": price.to_string(), "enough": enough.to_string()})
            }
            Self::Missing { missing } => {
                json!({"missing": missing.iter().map(missing_object).collect::<Vec<_>>()})
            }
            Self::Unclaimed { slots, file, .. } | Self::Unfinished { slots, file, .. } => {
                json!({"slots": slots.iter().map(slot_object).collect::<Vec<_>>(), "file": file})
            }
            Self::NotKept { file, .. } => json!({ "file": file }),
            Self::UnknownFile(file)
            | Self::NotYours(file)
            | Self::NothingStaged(file)
            | Self::UploadWaits(file) => json!({ "file": file }),
            Self::Interrupted { resume } => json!({ "file": resume }),
            Self::Paused { file, source } => {
                let mut facts = source.facts();
                facts.insert("file".into(), json!(file));
                return facts;
            }
            _ => Value::Null,
        };
        match facts {
            Value::Object(facts) => facts,
            _ => Map::new(),
        }
    }
}

fn slot_object((order, slot): &(OrderId, SlotIndex)) -> Value {
    json!({"order": order.0, "slot": slot.0})
}

fn missing_object(lacks: &MissingSegment) -> Value {
    let failures: Vec<Value> = lacks
        .failures
        .iter()
        .map(|failure| {
            json!({
                "provider": address(failure.provider),
                "slot": failure.slot.0,
                "error": failure.error.to_string(),
            })
        })
        .collect();
    json!({
        "segment": lacks.segment,
        "have": lacks.have,
        "need": lacks.need,
        "without_holder": lacks.without_holder.iter().map(|slot| slot.0).collect::<Vec<_>>(),
        "failures": failures,
    })
}

fn resume_hint(resume: &Option<String>) -> String {
    resume.as_ref().map_or_else(String::new, |file| {
        format!("; nothing is lost, go on with: ips put --resume {file}")
    })
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
            let provider = address(failure.provider);
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
        let refused = ChainError::Refused {
            call: "c",
            pallet: "p".into(),
            error: "e".into(),
            explanation: "x".into(),
        };
        assert_eq!(ClientError::from(refused).exit_code(), 5);
        let unknown = ClientError::UnknownFile("00".into());
        assert_eq!((unknown.exit_code(), unknown.kind()), (2, "usage"));
        let key = ClientError::from(ips_encoding::KeyError::NotRecipient);
        assert_eq!(key.exit_code(), 2);
        assert!(key.to_string().contains("your key"));
        assert_eq!(ClientError::Interrupted { resume: None }.exit_code(), 130);
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
        let holder = address(ProviderId([0xab; 32]));
        let at = format!("slot 1 at {holder}");
        for part in ["segment 4: 2 of 3", "no holder of slots 5", &at] {
            assert!(text.contains(part), "{text}");
        }
        let lacks = &error.object()["error"]["missing"][0];
        assert_eq!(lacks["segment"], 4);
        assert_eq!(lacks["without_holder"], json!([5]));
        assert_eq!(lacks["failures"][0]["provider"], holder.as_str());
    }

    #[test]
    fn objects_say_what_scripts_act_on() {
        let funds = ClientError::NoFunds {
            need: 7,
            have: 0,
            account: "5Grw".into(),
        };
        let object = &funds.object()["error"];
        assert_eq!(
            (&object["need"], &object["have"]),
            (&json!("7"), &json!("0"))
        );
        assert_eq!(
            (&object["kind"], &object["exit_code"]),
            (&json!("no_funds"), &json!(4))
        );
        let paused = ClientError::Paused {
            file: "ab".into(),
            source: Box::new(funds),
        };
        let object = &paused.object()["error"];
        assert_eq!(
            (&object["file"], &object["need"]),
            (&json!("ab"), &json!("7"))
        );
        assert_eq!(paused.exit_code(), 4);
        assert!(paused.to_string().ends_with("ips put --resume ab"));
        let stopped = ClientError::Interrupted {
            resume: Some("cd".into()),
        };
        assert!(stopped.to_string().contains("--resume cd"));
    }

    #[test]
    fn unclaimed_slots_are_listed_but_not_without_end() {
        let slots = (0..30).map(|slot| (OrderId(9), SlotIndex(slot))).collect();
        let error = ClientError::Unclaimed {
            slots,
            seconds: 60,
            cancelled: "the order is cancelled",
            file: "ab".into(),
        };
        let text = error.to_string();
        assert!(text.contains("slot 19 of order 9 and 10 more"), "{text}");
        assert!(text.contains("cancelled") && text.contains("ips cancel ab"));
        let object = &error.object()["error"];
        assert_eq!(object["slots"][29], json!({"order": 9, "slot": 29}));
        assert_eq!(error.exit_code(), 6);
    }
}
