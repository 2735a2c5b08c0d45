//! Retrieval: requests, vouchers, claims and how a fee is split (`docs/protocol.md` §7).

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

use crate::{
    hash::blake2_256,
    id::{AgreementId, Balance, BlockNumber, Genesis, ProviderId, Signature, SlotId},
    sector::ProofBytes,
};

/// What a client asked a provider for, and what a proof of extract is bound to.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub struct ExtractRequest {
    /// The agreement that pays.
    pub agreement: AgreementId,
    /// Who is asked.
    pub provider: ProviderId,
    /// The slot.
    pub slot: SlotId,
    /// First byte of the slot.
    pub offset: u64,
    /// Bytes.
    pub length: u64,
    /// Strictly ascending per agreement and provider.
    pub nonce: u64,
    /// Block whose beacon binds the proof in time.
    pub block: BlockNumber,
}

impl ExtractRequest {
    /// The bytes that the agreement's client signs when it asks.
    pub fn signing_bytes(&self, genesis: &Genesis) -> [u8; 32] {
        blake2_256(&[b"ips/extract-request/1", &genesis.0, &self.encode()])
    }
}

/// The payer's cumulative promise to one provider; a later one replaces all before it.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub struct Voucher {
    /// The chain.
    pub genesis: Genesis,
    /// The request that was answered.
    pub request: ExtractRequest,
    /// All bytes that the provider has delivered under the agreement so far.
    pub cumulative_bytes: u64,
}

impl Voucher {
    /// The bytes that the agreement's client signs.
    pub fn signing_bytes(&self) -> [u8; 32] {
        blake2_256(&[b"ips/voucher/1", &self.encode()])
    }
}

/// A provider's claim: the signed voucher and the proof that the data was there.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub struct ExtractClaim {
    /// The promise.
    pub voucher: Voucher,
    /// The client's signature over [`Voucher::signing_bytes`].
    pub signature: Signature,
    /// π_PoE for the request.
    pub proof: ProofBytes,
}

/// Parts of a retrieval fee; they sum to the fee exactly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FeeSplit {
    /// To the node that served.
    pub server: Balance,
    /// To all current provers of the file, in equal shares.
    pub provers: Balance,
    /// Burnt.
    pub burnt: Balance,
}

/// Percent of a fee for the node that served (white paper 5.4.4: the small part).
pub const SERVER_PERCENT: Balance = 20;
/// Percent of a fee for all current provers of the file.
pub const PROVERS_PERCENT: Balance = 70;

impl FeeSplit {
    /// Splits a fee; what rounding leaves is burnt.
    pub fn of(fee: Balance) -> Self {
        let part = |percent: Balance| fee / 100 * percent + fee % 100 * percent / 100;
        let (server, provers) = (part(SERVER_PERCENT), part(PROVERS_PERCENT));
        Self {
            server,
            provers,
            burnt: fee - server - provers,
        }
    }
}

/// Bytes that a claim pays for, or `None` if its voucher promises nothing new.
///
/// `claimed` are the bytes claimed before under the agreement, `total` is the voucher's cumulative
/// promise and `length` what its request asked for. Never more than `length`, so that every paid byte
/// has a proof behind it; what a voucher promises beyond that is forfeited, because the claim sets
/// the claimed bytes to `total`. A provider that claims its vouchers in the order of their nonces
/// forfeits nothing.
pub fn payable_bytes(claimed: u64, total: u64, length: u64) -> Option<u64> {
    let new = total.checked_sub(claimed).filter(|new| *new > 0)?;
    Some(new.min(length)).filter(|bytes| *bytes > 0)
}

/// Fee for `bytes` delivered bytes at a price per MiB, rounded down (a claim never mints).
pub fn retrieval_fee(price_per_mib: Balance, bytes: u64) -> Balance {
    price_per_mib.saturating_mul(Balance::from(bytes))
        / Balance::from(crate::deal::PRICE_UNIT_BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn split_parts_sum_to_the_fee() {
        for fee in [0, 1, 7, 99, 100, 101, 12_345, u128::MAX] {
            let split = FeeSplit::of(fee);
            assert_eq!(split.server + split.provers + split.burnt, fee);
            assert!(split.server <= split.provers || fee < 10);
        }
        assert_eq!(
            FeeSplit::of(1000),
            FeeSplit {
                server: 200,
                provers: 700,
                burnt: 100
            }
        );
    }

    #[test]
    fn a_claim_pays_what_is_new_up_to_what_was_asked_for() {
        for (claimed, total, length, expected) in [
            (0, 10, 10, Some(10)),
            (10, 30, 20, Some(20)),
            (0, 20, 10, Some(10)),
            (0, 4, 10, Some(4)),
            (10, 10, 10, None),
            (10, 9, 10, None),
            (0, 10, 0, None),
            (0, u64::MAX, u64::MAX, Some(u64::MAX)),
        ] {
            assert_eq!(payable_bytes(claimed, total, length), expected);
        }
    }

    #[test]
    fn fee_rounds_down() {
        assert_eq!(retrieval_fee(10, 1 << 20), 10);
        assert_eq!(retrieval_fee(10, (1 << 20) - 1), 9);
        assert_eq!(retrieval_fee(10, 0), 0);
    }
}
