//! Benchmarks of the calls, each at its longest input.

use alloc::vec;
use frame_benchmarking::v2::*;
use frame_system::RawOrigin;
use ips_primitives::{
    id::{AccountKey, ProviderId},
    node_class::NodeClass,
};
use sp_runtime::AccountId32;

use crate::{
    pallet::{Call, Config, Nodes, Pallet},
    types::{Addresses, NodeParams, PeerId},
};

const OWNER: AccountId32 = AccountId32::new([1; 32]);
const WORKER: AccountKey = AccountKey([2; 32]);

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

fn register<T: Config>() -> ProviderId {
    let provider = ProviderId(OWNER.into());
    Pallet::<T>::do_register(provider, params_of(NodeClass::Personal, WORKER, [3; 32]))
        .expect("nothing is registered before");
    provider
}

#[benchmarks]
mod benchmarks {
    use super::*;

    #[benchmark]
    fn register() {
        let params = params_of(NodeClass::Super, WORKER, [3; 32]);
        #[extrinsic_call]
        _(RawOrigin::Signed(OWNER), params);
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
        #[extrinsic_call]
        _(RawOrigin::Signed(OWNER), AccountKey([9; 32]));
        assert_eq!(
            Nodes::<T>::get(provider).map(|node| node.params.worker),
            Some(AccountKey([9; 32]))
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
