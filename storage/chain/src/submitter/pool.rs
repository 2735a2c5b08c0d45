//! What a node's transaction pool answers to an extrinsic.

use subxt::config::substrate::H256;
use subxt_rpcs::{client::RpcSubscription, methods::legacy::TransactionStatus, UserError};

const INVALID: i32 = 1010;
const BANNED: i32 = 1012;
const ALREADY_IMPORTED: i32 = 1013;
const LOW_PRIORITY: i32 = 1014;
const DROPPED: i32 = 1016;
/// Longest text of a rejection that is kept.
const TEXT_MAX: usize = 256;

/// The answer to a hand-in.
pub(super) enum PoolAnswer {
    /// It is in; its statuses follow.
    Accepted(RpcSubscription<TransactionStatus<H256>>),
    /// It was in before.
    AlreadyThere,
    /// No answer: it may be in.
    Unknown,
    /// It is not in.
    Rejected(Rejection),
}

/// Why an extrinsic is not in the pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Rejection {
    /// The account can not pay the fee.
    NoFunds,
    /// The nonce is used.
    Stale,
    /// Its mortality has ended.
    Expired,
    /// Another extrinsic with the nonce is in the pool.
    NonceTaken,
    /// The signature is not for this runtime.
    BadProof,
    /// It was thrown out a short time ago.
    Banned,
    /// There is no room.
    Full,
    /// Anything else, as the node says it.
    Other(String),
}

impl PoolAnswer {
    /// Reads the node's error.
    pub(super) fn of(error: &UserError) -> Self {
        let data = error.data.as_ref().map_or("", |data| data.get());
        Self::Rejected(match error.code {
            ALREADY_IMPORTED => return Self::AlreadyThere,
            LOW_PRIORITY => Rejection::NonceTaken,
            BANNED => Rejection::Banned,
            DROPPED => Rejection::Full,
            INVALID if data.contains("Inability to pay") => Rejection::NoFunds,
            INVALID if data.contains("outdated") => Rejection::Stale,
            INVALID if data.contains("ancient birth block") => Rejection::Expired,
            INVALID if data.contains("bad signature") => Rejection::BadProof,
            _ => {
                let text = format!("{} {data} ({})", error.message, error.code);
                Rejection::Other(text.chars().take(TEXT_MAX).collect())
            }
        })
    }
}

impl Rejection {
    /// Name and explanation for the caller.
    pub(super) fn text(self) -> (&'static str, String) {
        match self {
            Self::NoFunds => ("Payment", "the account can not pay the fee".into()),
            Self::Stale => ("Stale", "the nonce is used".into()),
            Self::Expired => ("AncientBirthBlock", "the extrinsic came too late".into()),
            Self::NonceTaken => (
                "LowPriority",
                "another program sends for the same account; stop it or wait".into(),
            ),
            Self::BadProof => ("BadProof", "the signature does not verify".into()),
            Self::Banned => ("TemporarilyBanned", "try again in half an hour".into()),
            Self::Full => (
                "PoolFull",
                "the node's pool is full; try again later".into(),
            ),
            Self::Other(text) => ("Rejected", text),
        }
    }
}
