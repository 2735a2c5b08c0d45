//! Joining, leaving, and what happens at the border of two sessions.

use alloc::vec::Vec;
use core::cmp::Reverse;

use frame_support::{
    dispatch::{DispatchClass, DispatchResult},
    ensure,
    traits::{Get, ValidatorRegistration},
};
use ips_pallet_traits::AuthorRank;
use ips_primitives::id::AccountKey;
use pallet_session::SessionManager;
use sp_runtime::AccountId32;
use sp_staking::SessionIndex;

use crate::{
    pallet::{Authored, Candidates, Config, Current, Error, Event, Pallet, Planned},
    weights::WeightInfo,
};

fn rank<T: Config>(who: &AccountId32) -> u128 {
    T::Rank::rank(&AccountKey(who.clone().into()))
}

impl<T: Config> Pallet<T> {
    pub(crate) fn do_join(who: AccountId32) -> DispatchResult {
        let mut candidates = Candidates::<T>::get();
        ensure!(!candidates.contains(&who), Error::<T>::AlreadyCandidate);
        ensure!(T::Keys::is_registered(&who), Error::<T>::NoKeys);
        let own = rank::<T>(&who);
        ensure!(own > 0, Error::<T>::NoRank);
        if let Err(who) = candidates.try_push(who.clone()) {
            let ranks = candidates.iter().map(rank::<T>).enumerate();
            let (place, lowest) = ranks.min_by_key(|(_, rank)| *rank).unwrap_or((0, own));
            ensure!(lowest < own, Error::<T>::TooLow);
            if let Some(seat) = candidates.get_mut(place) {
                let left = core::mem::replace(seat, who);
                Self::deposit_event(Event::Left { who: left });
            }
        }
        Candidates::<T>::put(candidates);
        Self::deposit_event(Event::Joined { who });
        Ok(())
    }

    pub(crate) fn do_leave(who: &AccountId32) -> DispatchResult {
        ensure!(Self::remove(who), Error::<T>::NoCandidate);
        Self::deposit_event(Event::Left { who: who.clone() });
        Ok(())
    }

    /// Whether it was a candidate.
    fn remove(who: &AccountId32) -> bool {
        Candidates::<T>::mutate(|candidates| {
            let before = candidates.len();
            candidates.retain(|candidate| candidate != who);
            candidates.len() < before
        })
    }

    /// The candidates of the highest ranks, best first; of equals the one that joined first.
    pub fn elected() -> Vec<AccountId32> {
        let mut ranked: Vec<_> = Candidates::<T>::get()
            .into_iter()
            .map(|who| (rank::<T>(&who), who))
            // What a candidate had may be gone since it joined.
            .filter(|(rank, who)| *rank > 0 && T::Keys::is_registered(who))
            .collect();
        ranked.sort_by_key(|(rank, _)| Reverse(*rank));
        ranked
            .into_iter()
            .map(|(_, who)| who)
            .take(T::Seats::get() as usize)
            .collect()
    }
}

impl<T: Config> SessionManager<AccountId32> for Pallet<T> {
    fn new_session(index: SessionIndex) -> Option<Vec<AccountId32>> {
        frame_system::Pallet::<T>::register_extra_weight_unchecked(
            T::WeightInfo::new_session(),
            DispatchClass::Mandatory,
        );
        let elected = Self::elected();
        if elected.len() < T::SeatsMin::get() as usize {
            Self::deposit_event(Event::Elected {
                session: index,
                seats: 0,
            });
            return T::Fallback::new_session(index);
        }
        Self::deposit_event(Event::Elected {
            session: index,
            seats: u32::try_from(elected.len()).unwrap_or(u32::MAX),
        });
        // Never more than the candidates.
        Planned::<T>::insert(index, crate::Accounts::truncate_from(elected.clone()));
        Some(elected)
    }

    fn start_session(index: SessionIndex) {
        Current::<T>::put(index);
        T::Fallback::start_session(index);
    }

    fn end_session(index: SessionIndex) {
        for who in Planned::<T>::take(index) {
            let was_there = Authored::<T>::take(&who).is_some();
            if !was_there && Self::remove(&who) {
                Self::deposit_event(Event::Idle {
                    who,
                    session: index,
                });
            }
        }
        T::Fallback::end_session(index);
    }
}

impl<T: Config + pallet_authorship::Config>
    pallet_authorship::EventHandler<AccountId32, frame_system::pallet_prelude::BlockNumberFor<T>>
    for Pallet<T>
{
    fn note_author(author: AccountId32) {
        if Planned::<T>::get(Current::<T>::get()).contains(&author) {
            Authored::<T>::insert(author, ());
        }
    }
}
