//! Benchmarks with the longest list of candidates. The runtime's rank of an account that has nothing is zero,
//! so candidates are put into storage.

use frame_benchmarking::v2::*;
use frame_system::RawOrigin;
use pallet_session::SessionManager;
use sp_runtime::AccountId32;

use crate::{
    pallet::{Accounts, Call, Candidates, Config, Pallet},
    CANDIDATES_MAX,
};

fn account(n: u32) -> AccountId32 {
    let mut bytes = [0; 32];
    bytes[..4].copy_from_slice(&n.to_le_bytes());
    AccountId32::new(bytes)
}

fn fill<T: Config>(count: u32) {
    let accounts: alloc::vec::Vec<_> = (0..count).map(account).collect();
    Candidates::<T>::put(Accounts::truncate_from(accounts));
}

#[benchmarks]
mod benchmarks {
    use super::*;

    /// Refused at the last check: ranking all others is what costs.
    #[benchmark]
    fn join() {
        fill::<T>(CANDIDATES_MAX);
        let result;
        #[block]
        {
            let _ = Pallet::<T>::elected();
            result = Pallet::<T>::do_join(account(CANDIDATES_MAX));
        }
        assert!(result.is_err());
    }

    #[benchmark]
    fn leave() {
        fill::<T>(CANDIDATES_MAX);
        #[extrinsic_call]
        _(RawOrigin::Signed(account(CANDIDATES_MAX - 1)));
        assert_eq!(Candidates::<T>::get().len(), CANDIDATES_MAX as usize - 1);
    }

    #[benchmark]
    fn new_session() {
        fill::<T>(CANDIDATES_MAX);
        #[block]
        {
            <Pallet<T> as SessionManager<AccountId32>>::new_session(1);
        }
    }
}
