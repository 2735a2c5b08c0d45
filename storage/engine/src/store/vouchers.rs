//! Retrievals: requests answered, vouchers received, claims filed.
//!
//! A claim pays at most what its own request asked for, so every voucher is claimed, in the order of
//! the nonces: none replaces another. It is kept until the chain has shown the claim for a while.

use codec::{Decode, Encode};
use ips_primitives::{
    id::{AgreementId, BlockNumber, Signature},
    retrieval::{payable_bytes, ExtractClaim, ExtractRequest, Voucher},
    sector::ProofBytes,
};

use super::{records::Record, Store, StoreError};

/// Answers remembered per agreement while their vouchers are awaited; the oldest goes first.
const ANSWERS_MAX: usize = 16;
/// Vouchers kept per agreement until they are paid.
const VOUCHERS_MAX: usize = 64;

/// Retrievals under one agreement.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub(crate) struct ExtractRecord {
    /// Answered requests without a voucher, ascending by nonce, with their proofs.
    answered: Vec<(ExtractRequest, ProofBytes)>,
    /// Nonce of the request answered last.
    last_nonce: Option<u64>,
    /// Block of the request answered last.
    last_block: BlockNumber,
    /// Nonce and total of the latest voucher.
    promised: Option<(u64, u64)>,
    /// Vouchers that are not paid for good, ascending by nonce.
    pub(crate) due: Vec<DueClaim>,
}

/// A voucher that is to be claimed.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub(crate) struct DueClaim {
    pub(crate) claim: ExtractClaim,
    /// Block at which the claim was accepted; that block may still be dropped.
    pub(crate) filed_at: Option<BlockNumber>,
    /// Refusals by the chain that may be for good.
    pub(crate) refusals: u32,
    /// Not filed before this block.
    pub(crate) rests_until: BlockNumber,
}

impl DueClaim {
    pub(crate) fn nonce(&self) -> u64 {
        self.claim.voucher.request.nonce
    }
}

impl ExtractRecord {
    /// The proof that a request got, if it is still remembered.
    pub(crate) fn answer_to(&self, request: &ExtractRequest) -> Option<ProofBytes> {
        let mut known = self.answered.iter();
        let found = known.find(|(answered, _)| answered == request);
        let paid = || {
            let mut due = self.due.iter();
            due.find(|due| due.claim.voucher.request == *request)
        };
        found
            .map(|(_, proof)| *proof)
            .or_else(|| paid().map(|due| due.claim.proof))
    }

    /// Whether a request's nonce was not used before.
    pub(crate) fn is_fresh(&self, nonce: u64) -> bool {
        self.last_nonce.is_none_or(|last| last < nonce)
    }

    /// Bytes that the latest voucher promises in all.
    pub(crate) fn promised_bytes(&self) -> u64 {
        self.promised.map_or(0, |(_, total)| total)
    }

    /// Whether another voucher can be kept once its request is answered.
    pub(crate) fn has_room(&self) -> bool {
        self.due.len().saturating_add(self.answered.len()) < VOUCHERS_MAX
    }

    /// Whether nothing of it can matter any more at `now`.
    pub(crate) fn is_over(&self, now: BlockNumber, beacon_blocks: BlockNumber) -> bool {
        self.due.is_empty() && now > self.last_block.saturating_add(beacon_blocks)
    }

    fn answer(&mut self, request: ExtractRequest, proof: ProofBytes) -> bool {
        if !self.is_fresh(request.nonce) {
            return false;
        }
        if self.answered.len() >= ANSWERS_MAX {
            self.answered.remove(0);
        }
        self.answered.push((request, proof));
        self.last_nonce = Some(request.nonce);
        self.last_block = self.last_block.max(request.block);
        true
    }

    /// Takes a voucher for an answered request that promises more than all before it; `claimed` are the
    /// bytes that the chain has paid for.
    fn take(&mut self, voucher: Voucher, signature: Signature, claimed: u64) -> bool {
        let Voucher {
            request,
            cumulative_bytes,
            ..
        } = voucher;
        let Some(at) = self.answered.iter().position(|(r, _)| *r == request) else {
            return false;
        };
        let before = self.promised_bytes().max(claimed);
        let is_later = self.promised.is_none_or(|(last, _)| last < request.nonce);
        let pays = payable_bytes(before, cumulative_bytes, request.length).is_some();
        if !is_later || !pays || self.due.len() >= VOUCHERS_MAX {
            return false;
        }
        let (_, proof) = self.answered.remove(at);
        self.promised = Some((request.nonce, cumulative_bytes));
        let claim = ExtractClaim {
            voucher,
            signature,
            proof,
        };
        self.due.push(DueClaim {
            claim,
            filed_at: None,
            refusals: 0,
            rests_until: 0,
        });
        true
    }
}

impl Record for ExtractRecord {
    const NAME: &'static str = "a retrieval";
    const VERSION: u8 = 2;
}

impl Store {
    pub(crate) fn extract(&self, id: AgreementId) -> Result<ExtractRecord, StoreError> {
        self.inner.index.extract(id)
    }

    pub(crate) fn extracts(&self) -> Result<Vec<(AgreementId, ExtractRecord)>, StoreError> {
        self.inner.index.extracts()
    }

    /// Keeps an answer; `false` if a request with this or a later nonce was answered already.
    pub(crate) fn put_answer(
        &self,
        request: ExtractRequest,
        proof: ProofBytes,
    ) -> Result<bool, StoreError> {
        let change = |record: &mut ExtractRecord| record.answer(request, proof);
        self.inner.index.change_extract(request.agreement, change)
    }

    /// Keeps a voucher for an answered request, if it promises more than the one before and than what
    /// the chain has paid for.
    pub(crate) fn put_voucher(
        &self,
        voucher: Voucher,
        signature: Signature,
        claimed: u64,
    ) -> Result<bool, StoreError> {
        let change = |record: &mut ExtractRecord| record.take(voucher, signature, claimed);
        let agreement = voucher.request.agreement;
        self.inner.index.change_extract(agreement, change)
    }

    /// Changes the claims of an agreement.
    pub(crate) fn change_claims(
        &self,
        id: AgreementId,
        change: impl FnOnce(&mut Vec<DueClaim>),
    ) -> Result<(), StoreError> {
        self.inner
            .index
            .change_extract(id, |record| change(&mut record.due))
    }

    /// Forgets retrievals that are over at `now`.
    pub(crate) fn forget_extracts(
        &self,
        now: BlockNumber,
        beacon_blocks: BlockNumber,
    ) -> Result<(), StoreError> {
        let is_over = |record: &ExtractRecord| record.is_over(now, beacon_blocks);
        self.inner.index.remove_extracts(is_over)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ips_primitives::id::{Genesis, OrderId, ProviderId, SlotId, SlotIndex};

    fn request(nonce: u64, length: u64) -> ExtractRequest {
        ExtractRequest {
            agreement: AgreementId(1),
            provider: ProviderId([1; 32]),
            slot: SlotId {
                order: OrderId(1),
                slot: SlotIndex(0),
            },
            offset: 0,
            length,
            nonce,
            block: 10,
        }
    }

    fn voucher(request: ExtractRequest, cumulative_bytes: u64) -> Voucher {
        Voucher {
            genesis: Genesis([1; 32]),
            request,
            cumulative_bytes,
        }
    }

    const PROOF: ProofBytes = ProofBytes([1; 192]);
    const SIGNED: Signature = Signature([2; 64]);

    #[test]
    fn every_voucher_is_kept_in_the_order_of_nonces() {
        let mut record = ExtractRecord::default();
        for nonce in 1..4 {
            assert!(record.answer(request(nonce, 10), PROOF));
        }
        assert!(
            !record.answer(request(3, 10), PROOF),
            "a nonce is used once"
        );
        assert!(record.take(voucher(request(1, 10), 10), SIGNED, 0));
        assert!(record.take(voucher(request(3, 10), 20), SIGNED, 0));
        let late = voucher(request(2, 10), 30);
        assert!(!record.take(late, SIGNED, 0), "behind a later nonce");
        let nonces: Vec<u64> = record.due.iter().map(DueClaim::nonce).collect();
        assert_eq!(nonces, [1, 3]);
    }

    #[test]
    fn a_voucher_must_add_something_to_the_promise_and_to_what_was_claimed() {
        let mut record = ExtractRecord::default();
        record.answer(request(1, 10), PROOF);
        assert!(
            !record.take(voucher(request(2, 10), 10), SIGNED, 0),
            "not asked"
        );
        assert!(!record.take(voucher(request(1, 10), 0), SIGNED, 0));
        assert!(!record.take(voucher(request(1, 10), 10), SIGNED, 10));
        assert!(record.take(voucher(request(1, 10), 11), SIGNED, 10));
        assert!(
            !record.take(voucher(request(1, 10), 12), SIGNED, 10),
            "once"
        );
        assert_eq!(record.answer_to(&request(1, 10)), Some(PROOF));
    }

    #[test]
    fn answers_and_vouchers_are_bounded() {
        let mut record = ExtractRecord::default();
        for nonce in 0..1000 {
            record.answer(request(nonce, 1), PROOF);
            if nonce % 2 == 0 {
                record.take(voucher(request(nonce, 1), nonce + 1), SIGNED, 0);
            }
        }
        assert_eq!(record.answered.len(), ANSWERS_MAX);
        assert_eq!(record.due.len(), VOUCHERS_MAX);
        assert!(!record.has_room());
    }

    #[test]
    fn a_record_is_over_once_its_beacons_are_gone_and_nothing_is_due() {
        let mut record = ExtractRecord::default();
        record.answer(request(1, 10), PROOF);
        assert!(!record.is_over(30, 20));
        assert!(record.is_over(31, 20));
        record.take(voucher(request(1, 10), 10), SIGNED, 0);
        assert!(!record.is_over(31, 20));
    }
}
