//! Claims: voucher, signature, limits, proof.
//!
//! There is no call to dispute a voucher. A voucher is the client's own signature, so there is
//! nothing that the client could take back; a later one of a higher nonce supersedes it; and only
//! bytes above the last claimed total are paid, so an old one is worth nothing. What a voucher promises
//! beyond its own request (because an earlier one was never claimed) is forfeited.

use alloc::{collections::BTreeMap, vec::Vec};

use frame_support::{
    dispatch::{DispatchResultWithPostInfo, Pays, PostDispatchInfo},
    ensure,
    traits::Get,
};
use ips_pallet_traits::{Beacons, Holders, NodeRegistry, Replicas, SlotFacts, VerifyingKeys};
use ips_primitives::{
    challenge::extract_piece,
    id::{AgreementId, Balance, BlockNumber, PieceIndex},
    retrieval::{payable_bytes, retrieval_fee, ExtractClaim, ExtractRequest},
    sector::{CommD, ProofBytes, SectorState, Statement},
    statement::{Context, ExtractInputs},
};
use ips_verifier::{groth16::CircuitKind, poe::poe_statement};
use sp_core::sr25519;

use crate::{
    pallet::{Agreements, Claims, Config, Error, Event, Pallet},
    payments::Fees,
    types::{Agreement, CLAIMANTS_MAX},
    weights::WeightInfo,
};

impl<T: Config> Pallet<T> {
    pub(crate) fn do_claim(batch: &[ExtractClaim]) -> DispatchResultWithPostInfo {
        ensure!(!batch.is_empty(), Error::<T>::EmptyBatch);
        let kind = CircuitKind::Poe as u8;
        let key = T::Keys::id(kind).ok_or(Error::<T>::KeyNotSet)?;
        let context = Context {
            genesis: Self::genesis(),
            profile: T::Parameters::get().profile.id,
            key,
        };
        let mut owed = BTreeMap::<AgreementId, Fees>::new();
        let mut proofs: Vec<(Statement, ProofBytes)> = Vec::with_capacity(batch.len());
        let mut all_paid = true;
        for claim in batch {
            let statement = Self::ensure_bound(&context, claim)?;
            let fee = Self::book(claim)?;
            all_paid &= fee > 0;
            owed.entry(claim.voucher.request.agreement)
                .or_default()
                .add(claim.voucher.request.provider, fee);
            proofs.push((statement, claim.proof));
        }
        // Last, since it costs most; a failure undoes what was booked.
        ensure!(T::Keys::verify(kind, &proofs), Error::<T>::InvalidProof);
        for (id, fees) in owed {
            let agreement = Agreements::<T>::get(id).ok_or(Error::<T>::UnknownAgreement)?;
            Self::pay(id, &agreement, fees)?;
        }
        // A claim that moves no money is no reason to work for free.
        let pays_fee = if all_paid { Pays::No } else { Pays::Yes };
        let claims = batch.len() as u32;
        let weight = T::WeightInfo::claim(claims).saturating_sub(T::Keys::saved(claims));
        Ok(PostDispatchInfo {
            actual_weight: Some(weight),
            pays_fee,
        })
    }

    /// Checks that the claim is the client's word about a slot that the provider holds, and returns
    /// the statement that its proof must be of.
    fn ensure_bound(context: &Context, claim: &ExtractClaim) -> Result<Statement, Error<T>> {
        let voucher = &claim.voucher;
        let request = &voucher.request;
        ensure!(voucher.genesis == context.genesis, Error::<T>::OtherChain);
        let agreement =
            Agreements::<T>::get(request.agreement).ok_or(Error::<T>::UnknownAgreement)?;
        ensure!(
            agreement
                .closes_at
                .is_none_or(|closes_at| Self::now() < closes_at),
            Error::<T>::Closing
        );
        ensure!(
            request.slot.order == agreement.order,
            Error::<T>::OtherOrder
        );
        let facts = T::Holders::slot(request.slot).ok_or(Error::<T>::NotTheHolder)?;
        ensure!(
            facts.provider == request.provider && T::Nodes::facts(&request.provider).is_some(),
            Error::<T>::NotTheHolder
        );
        Self::ensure_range(request, &facts)?;
        let is_signed = sp_io::crypto::sr25519_verify(
            &sr25519::Signature::from_raw(claim.signature.0),
            &voucher.signing_bytes(),
            &sr25519::Public::from_raw(agreement.client.0),
        );
        ensure!(is_signed, Error::<T>::BadSignature);

        let rho = context.extract_randomness(&ExtractInputs {
            client_key: agreement.client.0,
            agreement: request.agreement,
            nonce: request.nonce,
            provider: request.provider,
            slot: request.slot,
            range: (request.offset, request.length),
            beacon: T::Beacons::at(request.block).ok_or(Error::<T>::BadBlock)?,
        });
        let comm_d = Self::ensure_sealed(request, &facts, &rho)?;
        // A root that is not canonical is refused at the pre-commit.
        poe_statement(&comm_d, &rho).map_err(|_| Error::<T>::NotSealed)
    }

    fn ensure_range(request: &ExtractRequest, facts: &SlotFacts) -> Result<(), Error<T>> {
        let end = request
            .offset
            .checked_add(request.length)
            .ok_or(Error::<T>::BadRange)?;
        ensure!(
            request.length > 0
                && request.length <= T::Parameters::get().claim_bytes_max
                && end <= facts.bytes,
            Error::<T>::BadRange
        );
        Ok(())
    }

    /// Data root of the active sector that holds the piece which the request asks for.
    fn ensure_sealed(
        request: &ExtractRequest,
        facts: &SlotFacts,
        rho: &[u8; 32],
    ) -> Result<CommD, Error<T>> {
        let pieces = T::Parameters::get().profile.pieces_of(facts.bytes);
        let index = extract_piece(rho, request.slot.order, pieces);
        let piece = PieceIndex(u16::try_from(index).map_err(|_| Error::<T>::NotSealed)?);
        match T::Replicas::sector_of(request.slot, piece) {
            Some((_, comm_d, SectorState::Active)) => Ok(comm_d),
            _ => Err(Error::<T>::NotSealed),
        }
    }

    /// Takes the claim's fee from the budget and uses up its nonce and bytes. Returns the fee.
    pub(crate) fn book(claim: &ExtractClaim) -> Result<Balance, Error<T>> {
        let request = &claim.voucher.request;
        let id = request.agreement;
        let mut agreement = Agreements::<T>::get(id).ok_or(Error::<T>::UnknownAgreement)?;
        let mut record = Claims::<T>::get(id, request.provider).unwrap_or_default();
        ensure!(
            record.nonce.is_none_or(|last| request.nonce > last),
            Error::<T>::StaleNonce
        );
        let total = claim.voucher.cumulative_bytes;
        let bytes = payable_bytes(record.cumulative_bytes, total, request.length)
            .ok_or(Error::<T>::BadAmount)?;
        Self::ensure_period_limits(&mut agreement, bytes, Self::now())?;
        let fee = retrieval_fee(agreement.price_per_mib, bytes);
        agreement.budget = agreement
            .budget
            .checked_sub(fee)
            .ok_or(Error::<T>::BudgetSpent)?;
        if record.nonce.is_none() {
            ensure!(
                agreement.claimants < CLAIMANTS_MAX,
                Error::<T>::TooManyClaimants
            );
            agreement.claimants += 1;
        }
        record.nonce = Some(request.nonce);
        record.cumulative_bytes = total;
        Claims::<T>::insert(id, request.provider, record);
        Agreements::<T>::insert(id, agreement);
        Self::deposit_event(Event::ExtractClaimed {
            agreement: id,
            provider: request.provider,
            nonce: request.nonce,
            bytes,
            fee,
        });
        Ok(fee)
    }

    fn ensure_period_limits(
        agreement: &mut Agreement,
        bytes: u64,
        now: BlockNumber,
    ) -> Result<(), Error<T>> {
        let parameters = T::Parameters::get();
        let period = parameters.period_of(now);
        if agreement.period != period {
            agreement.period = period;
            agreement.period_claims = 0;
            agreement.period_bytes = 0;
        }
        agreement.period_claims = agreement.period_claims.saturating_add(1);
        agreement.period_bytes = agreement.period_bytes.saturating_add(bytes);
        ensure!(
            agreement.period_claims <= parameters.period_claims_max
                && agreement.period_bytes <= parameters.period_bytes_max,
            Error::<T>::PeriodLimit
        );
        Ok(())
    }
}
