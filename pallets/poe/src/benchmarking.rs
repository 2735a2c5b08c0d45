//! Benchmarks: each call as it is dispatched, on its longest path, with proofs that verify.
//!
//! No prover runs in WASM, so the proofs are of a key with a known trapdoor
//! ([`ips_verifier::groth16::TrapdoorKey`]); the chain's work does not depend on which key it is.

use alloc::vec::Vec;

use frame_benchmarking::v2::*;
use frame_support::traits::{
    fungible::{Inspect, Mutate},
    Get,
};
use frame_system::RawOrigin;
use ips_pallet_traits::{Beacons, Holders, NodeRegistry, Replicas, VerifyingKeys};
use ips_primitives::{
    id::{AccountKey, AgreementId, Balance, OrderId, ProviderId, Signature, SlotId},
    node_class::NodeClass,
    proof_calls::CLAIM_BATCH_MAX,
    retrieval::{ExtractClaim, ExtractRequest, Voucher},
    sector::CommD,
    statement::{Context, ExtractInputs},
};
use ips_verifier::{
    groth16::{CircuitKind, TrapdoorKey},
    poe::poe_statement,
};
use sp_core::{crypto::KeyTypeId, sr25519};
use sp_runtime::AccountId32;

use crate::{
    pallet::*,
    types::{ClaimRecord, CLAIMANTS_MAX},
};

/// Providers of a full group.
const PROVIDERS: u8 = 60;
/// Bytes of a slot, all of which are read.
const SLOT_BYTES: u64 = 8 * 1024;
/// Price of 1 MiB in existential deposits: each prover's share is above one.
const PRICE: Balance = 1 << 20;
const COMM_D: CommD = CommD([1; 32]);
const KEY_TYPE: KeyTypeId = KeyTypeId(*b"poe!");

/// What nothing here costs more than.
fn budget<T: Config>() -> Balance {
    T::Currency::minimum_balance()
        .max(T::Parameters::get().budget_min)
        .saturating_mul(Balance::from(SLOT_BYTES) * 2)
}

fn endow<T: Config>(account: &AccountId32) {
    T::Currency::set_balance(account, budget::<T>().saturating_mul(4));
}

/// A client whose key signs, with money.
fn client<T: Config>() -> sr25519::Public {
    let key = sp_io::crypto::sr25519_generate(KEY_TYPE, None);
    endow::<T>(&AccountId32::from(key.0));
    key
}

fn signed(client: sr25519::Public) -> RawOrigin<AccountId32> {
    RawOrigin::Signed(AccountId32::from(client.0))
}

/// Providers of group `group`, with accounts.
fn providers<T: Config>(group: u8) -> Vec<ProviderId> {
    let providers = (0..PROVIDERS).map(|index| {
        let mut bytes = [group; 32];
        bytes[0] = index;
        bytes[1] = 0xaa;
        endow::<T>(&AccountId32::from(bytes));
        ProviderId(bytes)
    });
    providers.collect()
}

/// A client's agreement over an order.
fn open<T: Config>(client: sr25519::Public, order: OrderId) -> AgreementId {
    let id = NextAgreement::<T>::get();
    let price = T::Currency::minimum_balance().saturating_mul(PRICE);
    let account = AccountId32::from(client.0);
    Pallet::<T>::do_open_retrieval(&account, order, price, budget::<T>())
        .expect("the client was just endowed");
    id
}

/// A valid claim for all of a slot, under an agreement and an order of its own.
fn claim_of<T: Config>(group: u8, key: &TrapdoorKey) -> ExtractClaim {
    let providers = providers::<T>(group);
    let order = T::Holders::active_order_for_benchmark(&providers);
    let slot = SlotId {
        order,
        slot: 0.into(),
    };
    let provider = providers[0];
    let mut worker = provider.0;
    worker[1] = 0xbb;
    T::Nodes::register_for_benchmark(&provider, &AccountKey(worker), NodeClass::Personal);
    let facts = T::Holders::slot(slot).expect("its slots are active");
    T::Replicas::seal_for_benchmark(&provider, slot, &facts, COMM_D);

    let client = client::<T>();
    let request = ExtractRequest {
        agreement: open::<T>(client, order),
        provider,
        slot,
        offset: 0,
        length: SLOT_BYTES,
        nonce: 1,
        block: Pallet::<T>::now(),
    };
    let voucher = Voucher {
        genesis: Pallet::<T>::genesis(),
        request,
        cumulative_bytes: SLOT_BYTES,
    };
    let signature = sp_io::crypto::sr25519_sign(KEY_TYPE, &client, &voucher.signing_bytes())
        .expect("the key was just made");
    let context = Context {
        genesis: voucher.genesis,
        profile: T::Parameters::get().profile.id,
        key: key.verifying_key().id(),
    };
    let rho = context.extract_randomness(&ExtractInputs {
        client_key: client.0,
        agreement: request.agreement,
        nonce: request.nonce,
        provider,
        slot,
        range: (request.offset, request.length),
        beacon: T::Beacons::at(request.block).expect("it was just set"),
    });
    let statement = poe_statement(&COMM_D, &rho).expect("the root is canonical");
    ExtractClaim {
        voucher,
        signature: Signature(signature.0),
        proof: key.prove(&statement).expect("statements are canonical"),
    }
}

#[benchmarks]
mod benchmarks {
    use super::*;

    #[benchmark]
    fn open_retrieval() {
        let order = T::Holders::active_order_for_benchmark(&providers::<T>(1));
        let client = client::<T>();

        #[extrinsic_call]
        _(signed(client), order, 1, budget::<T>());

        assert_eq!(Agreements::<T>::iter().count(), 1);
    }

    #[benchmark]
    fn top_up() {
        let order = T::Holders::active_order_for_benchmark(&providers::<T>(1));
        let client = client::<T>();
        let id = open::<T>(client, order);

        #[extrinsic_call]
        _(signed(client), id, 1);

        assert_eq!(
            Agreements::<T>::get(id).map(|found| found.budget),
            Some(budget::<T>() + 1)
        );
    }

    #[benchmark]
    fn claim(n: Linear<1, CLAIM_BATCH_MAX>) {
        let key = TrapdoorKey::new(T::Parameters::get().profile.id, CircuitKind::Poe);
        T::Keys::set_for_benchmark(&key.verifying_key().to_bytes());
        T::Beacons::set_for_benchmark(Pallet::<T>::now(), [3; 32]);
        let batch: Vec<_> = (0..n)
            .map(|group| claim_of::<T>(group as u8, &key))
            .collect();
        let anyone = RawOrigin::Signed(AccountId32::from([0xcc; 32]));
        let first = AccountId32::from(batch[0].voucher.request.provider.0);
        let before = T::Currency::total_balance(&first);
        let batch = batch.try_into().expect("at most the largest batch");

        #[extrinsic_call]
        _(anyone, batch);

        assert!(T::Currency::total_balance(&first) > before);
        assert_eq!(Claims::<T>::iter().count(), n as usize);
    }

    #[benchmark]
    fn close() {
        let order = T::Holders::active_order_for_benchmark(&providers::<T>(1));
        let client = client::<T>();
        let id = open::<T>(client, order);

        #[extrinsic_call]
        _(signed(client), id);

        assert!(Agreements::<T>::get(id).is_some_and(|found| found.closes_at.is_some()));
    }

    #[benchmark]
    fn withdraw(n: Linear<0, CLAIMANTS_MAX>) {
        let order = T::Holders::active_order_for_benchmark(&providers::<T>(1));
        let client = client::<T>();
        let id = open::<T>(client, order);
        for claimant in 0..n {
            let record = ClaimRecord {
                nonce: Some(1),
                cumulative_bytes: 1,
            };
            Claims::<T>::insert(id, ProviderId([claimant as u8; 32]), record);
        }
        Agreements::<T>::mutate(id, |agreement| {
            if let Some(agreement) = agreement {
                agreement.closes_at = Some(0);
                agreement.claimants = n;
            }
        });

        #[extrinsic_call]
        _(signed(client), id);

        assert!(!Agreements::<T>::contains_key(id));
        assert!(Claims::<T>::iter_prefix(id).next().is_none());
    }

    impl_benchmark_test_suite!(Pallet, crate::mock::new_test_ext(), crate::mock::Test);
}
