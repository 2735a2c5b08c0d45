//! Benchmarks of the calls, each with the longest list of requests.

use frame_benchmarking::v2::*;
use frame_support::traits::{
    fungible::{Balanced, Inspect},
    Get,
};
use frame_system::RawOrigin;
use ips_primitives::id::{Balance, BlockNumber, ProviderId};
use sp_runtime::AccountId32;

use crate::{
    calls::owner_of,
    pallet::{Call, Config, Delegations, Pallet, Pledges},
    types::RELEASES_MAX,
};

const OWNER: AccountId32 = AccountId32::new([1; 32]);
const DELEGATOR: AccountId32 = AccountId32::new([2; 32]);

fn minimum<T: Config>() -> Balance {
    T::Currency::minimum_balance().max(1)
}

/// Gives an owner `amount` and what its account needs besides.
pub(crate) fn endow<T: Config>(provider: &ProviderId, amount: Balance) {
    let credit = T::Currency::issue(amount.saturating_add(minimum::<T>().saturating_mul(10)));
    if T::Currency::resolve(&owner_of(provider), credit).is_err() {
        panic!("benchmarks endow with more than the existential deposit");
    }
}

fn pledge<T: Config>(amount: Balance) -> ProviderId {
    let provider = ProviderId(OWNER.into());
    endow::<T>(&provider, amount.saturating_mul(2));
    Pallet::<T>::do_pledge(provider, amount).expect("just endowed");
    provider
}

/// A node with a delegator who has as much again: the node and the amount.
fn delegated<T: Config>() -> (ProviderId, Balance) {
    let amount = T::DelegationMin::get().max(minimum::<T>().saturating_mul(100));
    let provider = pledge::<T>(amount);
    endow::<T>(&ProviderId(DELEGATOR.into()), amount.saturating_mul(3));
    Pallet::<T>::do_delegate(&DELEGATOR, provider, amount).expect("just endowed");
    (provider, amount)
}

#[benchmarks]
mod benchmarks {
    use super::*;

    #[benchmark]
    fn pledge() {
        let amount = minimum::<T>().saturating_mul(100);
        let provider = super::pledge::<T>(amount);
        #[extrinsic_call]
        _(RawOrigin::Signed(OWNER), amount);
        assert_eq!(Pallet::<T>::pledged(&provider), amount * 2);
    }

    #[benchmark]
    fn request_release() {
        let amount = minimum::<T>().saturating_mul(100);
        let provider = super::pledge::<T>(amount);
        for _ in 1..RELEASES_MAX {
            Pallet::<T>::do_request_release(provider, 1).expect("enough is free");
        }
        #[extrinsic_call]
        _(RawOrigin::Signed(OWNER), 1);
        let releases = Pledges::<T>::get(provider).map(|stored| stored.releases.len());
        assert_eq!(releases, Some(RELEASES_MAX as usize));
    }

    #[benchmark]
    fn withdraw() {
        let amount = minimum::<T>().saturating_mul(100);
        let provider = super::pledge::<T>(amount);
        for _ in 0..RELEASES_MAX {
            Pallet::<T>::do_request_release(provider, 1).expect("enough is free");
        }
        let due: BlockNumber = Pallet::<T>::now().saturating_add(T::UnbondingBlocks::get());
        frame_system::Pallet::<T>::set_block_number(due.into());
        #[extrinsic_call]
        _(RawOrigin::Signed(OWNER));
        assert_eq!(
            Pallet::<T>::pledged(&provider),
            amount - Balance::from(RELEASES_MAX)
        );
    }

    #[benchmark]
    fn delegate() {
        let (provider, amount) = delegated::<T>();
        #[extrinsic_call]
        _(RawOrigin::Signed(DELEGATOR), provider, amount);
        assert_eq!(Pallet::<T>::worth_of(&provider, &DELEGATOR), amount * 2);
    }

    #[benchmark]
    fn undelegate() {
        let (provider, _) = delegated::<T>();
        for _ in 1..RELEASES_MAX {
            Pallet::<T>::do_undelegate(&DELEGATOR, provider, 1).expect("enough stays");
        }
        #[extrinsic_call]
        _(RawOrigin::Signed(DELEGATOR), provider, 1);
        let left = Delegations::<T>::get(provider, DELEGATOR).map(|d| d.leaving.len());
        assert_eq!(left, Some(RELEASES_MAX as usize));
    }

    #[benchmark]
    fn withdraw_delegation() {
        let (provider, amount) = delegated::<T>();
        for _ in 0..RELEASES_MAX {
            Pallet::<T>::do_undelegate(&DELEGATOR, provider, 1).expect("enough stays");
        }
        let due: BlockNumber = Pallet::<T>::now().saturating_add(T::UnbondingBlocks::get());
        frame_system::Pallet::<T>::set_block_number(due.into());
        #[extrinsic_call]
        _(RawOrigin::Signed(DELEGATOR), provider);
        assert_eq!(
            Pallet::<T>::worth_of(&provider, &DELEGATOR),
            amount - Balance::from(RELEASES_MAX)
        );
    }

    #[benchmark]
    fn set_commission() {
        let (provider, _) = delegated::<T>();
        #[extrinsic_call]
        _(RawOrigin::Signed(OWNER), 0);
        let pool = Pallet::<T>::pool_of(provider).expect("somebody has delegated");
        assert_eq!(pool.commission_permille, 0);
    }

    impl_benchmark_test_suite!(Pallet, crate::mock::new_test_ext(), crate::mock::Test);
}
