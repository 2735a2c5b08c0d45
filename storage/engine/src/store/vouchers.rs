//! Retrievals: requests answered, vouchers received, claims filed.

use ips_primitives::{
    id::{AgreementId, Signature},
    retrieval::{ExtractClaim, ExtractRequest, Voucher},
    sector::ProofBytes,
};

use super::{records::ExtractRecord, Store, StoreError};

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
        self.inner
            .index
            .change_extract(request.agreement, |record| {
                let fresh = record
                    .answered
                    .is_none_or(|(last, _)| last.nonce < request.nonce);
                if fresh {
                    record.answered = Some((request, proof));
                }
                fresh
            })
    }

    /// Keeps a voucher for the request answered last, if it promises more than the one before.
    pub(crate) fn put_voucher(
        &self,
        voucher: Voucher,
        signature: Signature,
    ) -> Result<bool, StoreError> {
        self.inner
            .index
            .change_extract(voucher.request.agreement, |record| {
                let Some((_, proof)) = record
                    .answered
                    .filter(|(request, _)| *request == voucher.request)
                else {
                    return false;
                };
                let grows = record.claim.as_ref().is_none_or(|old| {
                    old.voucher.request.nonce < voucher.request.nonce
                        && old.voucher.cumulative_bytes < voucher.cumulative_bytes
                });
                if grows {
                    record.claim = Some(ExtractClaim {
                        voucher,
                        signature,
                        proof,
                    });
                    record.refusals = 0;
                }
                grows
            })
    }

    /// Notes that the claim of a nonce is on the chain.
    pub(crate) fn mark_claimed(&self, id: AgreementId, nonce: u64) -> Result<(), StoreError> {
        self.inner.index.change_extract(id, |record| {
            record.claimed_nonce = record.claimed_nonce.max(Some(nonce));
            record.refusals = 0;
        })
    }

    /// Notes that the chain refused the claim of a nonce.
    pub(crate) fn mark_refused(&self, id: AgreementId) -> Result<(), StoreError> {
        self.inner.index.change_extract(id, |record| {
            record.refusals = record.refusals.saturating_add(1);
        })
    }
}
