//! Benchmarks.
//!
//! A valid proof needs a prover, and a claim needs state of three other pallets. So `claim` is
//! measured in its parts: signature, statement, booking, proofs of well-formed points that prove
//! nothing (which cost as much up to the last comparison), and the payment of a full group.

use alloc::vec::Vec;

use frame_benchmarking::v2::*;
use frame_support::traits::{
    fungible::{Inspect, Mutate},
    Get,
};
use frame_system::RawOrigin;
use ips_primitives::{
    id::{AccountKey, AgreementId, Balance, Genesis, OrderId, ProviderId, Signature, SlotId},
    proof_calls::CLAIM_BATCH_MAX,
    retrieval::{ExtractClaim, ExtractRequest, Voucher},
    sector::{CommD, ProofBytes},
};
use ips_verifier::{
    groth16::{CircuitKind, PreparedKey},
    keys::builtin_key,
};
use sp_core::sr25519;
use sp_runtime::AccountId32;

use crate::{
    pallet::*,
    payments::Fees,
    proofs,
    types::{Agreement, ClaimRecord, CLAIMANTS_MAX},
};

/// Holders of a full group.
const HOLDERS: u8 = 60;

fn rich<T: Config>(n: u8) -> AccountId32 {
    let account = AccountId32::from([n; 32]);
    let amount = T::Currency::minimum_balance()
        .saturating_add(budget::<T>())
        .saturating_mul(1_000);
    T::Currency::set_balance(&account, amount);
    account
}

fn budget<T: Config>() -> Balance {
    let least = T::Currency::minimum_balance().max(T::Parameters::get().budget_min);
    least.saturating_mul(1_000)
}

/// An agreement as `open_retrieval` makes it, for an order that need not exist.
fn open<T: Config>(n: u8) -> AgreementId {
    use frame_support::traits::fungible::MutateHold;
    let (id, client, budget) = (AgreementId(n.into()), rich::<T>(n), budget::<T>());
    let held = T::Currency::hold(&HoldReason::Retrieval.into(), &client, budget);
    assert!(held.is_ok());
    let client = AccountKey(client.into());
    let agreement = Agreement {
        client,
        order: OrderId(0),
        price_per_mib: 1 << 20,
        budget,
        closes_at: None,
        claimants: 0,
        period: 0,
        period_claims: 0,
        period_bytes: 0,
    };
    Agreements::<T>::insert(id, agreement);
    AgreementsOf::<T>::mutate(client, |list| assert!(list.try_push(id).is_ok()));
    NextAgreement::<T>::put(AgreementId(u64::from(n) + 1));
    id
}

fn signed(n: u8) -> RawOrigin<AccountId32> {
    RawOrigin::Signed(AccountId32::from([n; 32]))
}

/// A claim of one byte whose proof is of well-formed points: the α, β and α of the key.
fn idle_claim(agreement: AgreementId, key: &[u8]) -> ExtractClaim {
    let mut proof = [0; 192];
    proof[..48].copy_from_slice(&key[4..52]);
    proof[48..144].copy_from_slice(&key[52..148]);
    proof[144..].copy_from_slice(&key[4..52]);
    let request = ExtractRequest {
        agreement,
        provider: ProviderId([9; 32]),
        slot: SlotId {
            order: OrderId(0),
            slot: 0.into(),
        },
        offset: 0,
        length: 1,
        nonce: 1,
        block: 0,
    };
    ExtractClaim {
        voucher: Voucher {
            genesis: Genesis([0; 32]),
            request,
            cumulative_bytes: 1,
        },
        signature: Signature([1; 64]),
        proof: ProofBytes(proof),
    }
}

#[benchmarks]
mod benchmarks {
    use super::*;

    #[benchmark]
    fn open_retrieval() {
        let client = rich::<T>(1);
        let budget = budget::<T>();

        // An unknown order ends the call early, so its writes are measured with the refusal.
        #[block]
        {
            let refused = Pallet::<T>::do_open_retrieval(&client, OrderId(u64::MAX), 1, budget);
            assert!(refused.is_err());
            open::<T>(1);
        }

        assert_eq!(Agreements::<T>::iter().count(), 1);
    }

    #[benchmark]
    fn top_up() {
        let id = open::<T>(1);

        #[extrinsic_call]
        _(signed(1), id, 1);

        assert_eq!(
            Agreements::<T>::get(id).map(|found| found.budget),
            Some(budget::<T>() + 1)
        );
    }

    #[benchmark]
    fn claim(n: Linear<1, CLAIM_BATCH_MAX>) -> Result<(), BenchmarkError> {
        let key = builtin_key(T::Parameters::get().profile.id, CircuitKind::Poe);
        let prepared = PreparedKey::from_verifying_key(key)
            .map_err(|_| BenchmarkError::Stop("the built-in key is not prepared"))?
            .to_bytes()
            .0;
        let claims: Vec<_> = (0..n)
            .map(|index| idle_claim(open::<T>(index as u8), key))
            .collect();
        for holder in 0..HOLDERS {
            rich::<T>(100 + holder);
        }

        #[block]
        {
            let mut batch = Vec::new();
            for one in &claims {
                let request = &one.voucher.request;
                let agreement = Agreements::<T>::get(request.agreement)
                    .ok_or(BenchmarkError::Stop("it was opened above"))?;
                let is_signed = sp_io::crypto::sr25519_verify(
                    &sr25519::Signature::from_raw(one.signature.0),
                    &one.voucher.signing_bytes(),
                    &sr25519::Public::from_raw(agreement.client.0),
                );
                assert!(!is_signed);
                let statement = proofs::statement(&CommD([1; 32]), &[2; 32])
                    .ok_or(BenchmarkError::Stop("canonical"))?;
                assert!(Pallet::<T>::book(one).is_ok());
                batch.push((statement, one.proof));
            }
            assert!(!proofs::verify_all(&prepared, &batch));
            for one in &claims {
                let id = one.voucher.request.agreement;
                let agreement =
                    Agreements::<T>::get(id).ok_or(BenchmarkError::Stop("it was opened above"))?;
                let mut fees = Fees::default();
                for holder in 0..HOLDERS {
                    fees.servers.insert(ProviderId([100 + holder; 32]), 1);
                }
                fees.burnt = 1;
                assert!(Pallet::<T>::pay(id, &agreement, fees).is_ok());
            }
        }
        Ok(())
    }

    #[benchmark]
    fn close() {
        let id = open::<T>(1);

        #[extrinsic_call]
        _(signed(1), id);

        assert!(Agreements::<T>::get(id).is_some_and(|found| found.closes_at.is_some()));
    }

    #[benchmark]
    fn withdraw() {
        let id = open::<T>(1);
        for n in 0..CLAIMANTS_MAX as u8 {
            let record = ClaimRecord {
                nonce: Some(1),
                cumulative_bytes: 1,
            };
            Claims::<T>::insert(id, ProviderId([n; 32]), record);
        }
        Agreements::<T>::mutate(id, |agreement| {
            if let Some(agreement) = agreement {
                agreement.closes_at = Some(0);
                agreement.claimants = CLAIMANTS_MAX;
            }
        });

        #[extrinsic_call]
        _(signed(1), id);

        assert!(!Agreements::<T>::contains_key(id));
        assert!(Claims::<T>::iter_prefix(id).next().is_none());
    }

    impl_benchmark_test_suite!(Pallet, crate::mock::new_test_ext(), crate::mock::Test);
}
