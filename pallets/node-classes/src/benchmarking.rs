//! Benchmarks of the calls, each at its longest input.

use alloc::vec;
use frame_benchmarking::v2::*;
use frame_support::traits::{
    fungible::{Inspect, Mutate},
    Get,
};
use frame_system::RawOrigin;
use ips_primitives::{
    consent::{Consent, ConsentNote, Consents, NodeRole},
    id::{AccountKey, ProviderId, Signature},
    node_class::NodeClass,
};
use sp_core::{crypto::KeyTypeId, sr25519};
use sp_runtime::AccountId32;

use crate::{
    calls::owner_of,
    pallet::{Call, Config, Nodes, Pallet},
    types::{Addresses, NodeParams, PeerId},
};

const OWNER: AccountId32 = AccountId32::new([1; 32]);
const WORKER: AccountKey = AccountKey([2; 32]);
const KEY_TYPE: KeyTypeId = KeyTypeId(*b"node");

fn longest_peer_id() -> PeerId {
    vec![7; 64].try_into().expect("64 is the bound")
}

fn longest_addresses() -> Addresses {
    let address = vec![8; 128].try_into().expect("128 is the bound");
    vec![address; 8].try_into().expect("8 is the bound")
}

/// Valid parameters with every list as long as it may be.
pub(crate) fn params_of(class: NodeClass, worker: AccountKey, operator: [u8; 32]) -> NodeParams {
    NodeParams {
        class,
        worker,
        operator,
        peer_id: longest_peer_id(),
        addresses: longest_addresses(),
        capacity_bytes: class.capacity_bytes_max(),
    }
}

/// Gives an owner the deposit and what its account needs besides.
pub(crate) fn endow<T: Config>(provider: &ProviderId) {
    let minimum = T::Currency::minimum_balance().max(1);
    let amount = T::NodeDeposit::get().saturating_add(minimum.saturating_mul(10));
    T::Currency::mint_into(&owner_of(provider), amount).expect("accounts can receive");
}

/// A fresh key's word for the role.
fn consent<T: Config>(role: NodeRole) -> (AccountKey, Consent) {
    let key: sr25519::Public = sp_io::crypto::sr25519_generate(KEY_TYPE, None);
    let note = ConsentNote {
        genesis: Pallet::<T>::genesis(),
        provider: ProviderId(OWNER.into()),
        role,
        valid_until: u32::MAX,
    };
    let signature = sp_io::crypto::sr25519_sign(KEY_TYPE, &key, &note.signing_bytes())
        .expect("the key was just made");
    let consent = Consent {
        valid_until: u32::MAX,
        signature: Signature(signature.0),
    };
    (AccountKey(key.0), consent)
}

fn register<T: Config>() -> ProviderId {
    let provider = ProviderId(OWNER.into());
    endow::<T>(&provider);
    Pallet::<T>::insert(provider, params_of(NodeClass::Personal, WORKER, [3; 32]))
        .expect("nothing is registered before");
    provider
}

#[benchmarks]
mod benchmarks {
    use super::*;

    #[benchmark]
    fn register() {
        endow::<T>(&ProviderId(OWNER.into()));
        let (worker, of_worker) = consent::<T>(NodeRole::Worker);
        let (operator, of_operator) = consent::<T>(NodeRole::Operator);
        let params = params_of(NodeClass::Professional, worker, operator.0);
        let consents = Consents {
            worker: Some(of_worker),
            operator: Some(of_operator),
        };
        #[extrinsic_call]
        _(RawOrigin::Signed(OWNER), params, consents);
        assert!(Nodes::<T>::contains_key(ProviderId(OWNER.into())));
    }

    #[benchmark]
    fn update() {
        super::register::<T>();
        let worker = AccountId32::new(WORKER.0);
        #[extrinsic_call]
        _(
            RawOrigin::Signed(worker),
            longest_addresses(),
            longest_peer_id(),
        );
    }

    #[benchmark]
    fn set_worker() {
        let provider = super::register::<T>();
        let (worker, consent) = consent::<T>(NodeRole::Worker);
        #[extrinsic_call]
        _(RawOrigin::Signed(OWNER), worker, Some(consent));
        assert_eq!(
            Nodes::<T>::get(provider).map(|node| node.params.worker),
            Some(worker)
        );
    }

    #[benchmark]
    fn set_capacity() {
        super::register::<T>();
        #[extrinsic_call]
        _(RawOrigin::Signed(OWNER), 1);
    }

    #[benchmark]
    fn promote() {
        let provider = super::register::<T>();
        #[extrinsic_call]
        _(RawOrigin::Root, provider, NodeClass::Super);
        assert_eq!(
            Nodes::<T>::get(provider).map(|node| node.params.class),
            Some(NodeClass::Super)
        );
    }

    #[benchmark]
    fn retire() {
        let provider = super::register::<T>();
        #[extrinsic_call]
        _(RawOrigin::Signed(OWNER));
        assert!(!Nodes::<T>::contains_key(provider));
    }

    impl_benchmark_test_suite!(Pallet, crate::mock::new_test_ext(), crate::mock::Test);
}
