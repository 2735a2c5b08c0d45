//! Each call: success, each error, wrong origin, event; locks and slashes; random sequences.

mod delegation;

use frame_support::{
    assert_noop, assert_ok,
    traits::fungible::{Inspect, InspectHold},
};
use ips_pallet_traits::Collateral;
use ips_primitives::id::{AccountKey, Balance};
use sp_runtime::{AccountId32, DispatchError, TokenError};

use crate::{
    mock::{
        owner, provider, run, slot, Balances, RuntimeEvent, RuntimeOrigin, StakingCollateral,
        System, Test, ENDOWMENT, TREASURY,
    },
    Error, Event, HoldReason, Locks, Pledges, RELEASES_MAX,
};

fn signed(n: u8) -> RuntimeOrigin {
    RuntimeOrigin::signed(owner(n))
}

fn held(n: u8) -> Balance {
    Balances::balance_on_hold(&HoldReason::Pledge.into(), &owner(n))
}

fn own_events() -> Vec<Event<Test>> {
    System::events()
        .into_iter()
        .filter_map(|record| match record.event {
            RuntimeEvent::StakingCollateral(event) => Some(event),
            _ => None,
        })
        .collect()
}

#[test]
fn pledged_tokens_are_held() {
    run(|| {
        assert_ok!(StakingCollateral::pledge(signed(1), 400));
        assert_ok!(StakingCollateral::pledge(signed(1), 100));
        assert_eq!(held(1), 500);
        assert_eq!(StakingCollateral::pledged(&provider(1)), 500);
        assert_eq!(StakingCollateral::pledged(&provider(2)), 0);
        assert_eq!(
            own_events(),
            vec![
                Event::Pledged {
                    provider: provider(1),
                    amount: 400,
                    total: 400
                },
                Event::Pledged {
                    provider: provider(1),
                    amount: 100,
                    total: 500
                },
            ]
        );
    });
}

#[test]
fn bad_pledges_are_refused() {
    run(|| {
        assert_noop!(
            StakingCollateral::pledge(signed(1), 0),
            Error::<Test>::ZeroAmount
        );
        assert_noop!(
            StakingCollateral::pledge(signed(1), ENDOWMENT + 1),
            TokenError::FundsUnavailable
        );
        assert_noop!(
            StakingCollateral::pledge(signed(9), 10),
            TokenError::FundsUnavailable
        );
        assert_noop!(
            StakingCollateral::pledge(RuntimeOrigin::root(), 10),
            DispatchError::BadOrigin
        );
    });
}

#[test]
fn free_pledge_comes_back_after_the_unbonding_period() {
    run(|| {
        assert_ok!(StakingCollateral::pledge(signed(1), 500));
        assert_ok!(StakingCollateral::request_release(signed(1), 200));
        assert_noop!(
            StakingCollateral::withdraw(signed(1)),
            Error::<Test>::NothingDue
        );
        System::set_block_number(10);
        assert_noop!(
            StakingCollateral::withdraw(signed(1)),
            Error::<Test>::NothingDue
        );
        assert_ok!(StakingCollateral::request_release(signed(1), 300));
        System::set_block_number(11);
        assert_ok!(StakingCollateral::withdraw(signed(1)));
        assert_eq!(
            (held(1), StakingCollateral::pledged(&provider(1))),
            (300, 300)
        );
        System::set_block_number(20);
        assert_ok!(StakingCollateral::withdraw(signed(1)));
        assert_eq!(held(1), 0);
        assert!(Pledges::<Test>::get(provider(1)).is_none());
        assert_eq!(
            own_events()[1..],
            [
                Event::ReleaseRequested {
                    provider: provider(1),
                    amount: 200,
                    due_at: 11
                },
                Event::ReleaseRequested {
                    provider: provider(1),
                    amount: 300,
                    due_at: 20
                },
                Event::Withdrawn {
                    provider: provider(1),
                    amount: 200
                },
                Event::Withdrawn {
                    provider: provider(1),
                    amount: 300
                },
            ]
        );
        assert_noop!(
            StakingCollateral::withdraw(RuntimeOrigin::none()),
            DispatchError::BadOrigin
        );
    });
}

#[test]
fn only_free_pledge_can_be_asked_back() {
    run(|| {
        assert_ok!(StakingCollateral::pledge(signed(1), 500));
        assert_ok!(StakingCollateral::lock(&provider(1), slot(0), 300));
        assert_noop!(
            StakingCollateral::request_release(signed(1), 201),
            Error::<Test>::NotEnoughFree
        );
        assert_ok!(StakingCollateral::request_release(signed(1), 150));
        assert_noop!(
            StakingCollateral::request_release(signed(1), 51),
            Error::<Test>::NotEnoughFree
        );
        assert_noop!(
            StakingCollateral::request_release(signed(2), 1),
            Error::<Test>::NotEnoughFree
        );
        assert_noop!(
            StakingCollateral::request_release(signed(1), 0),
            Error::<Test>::ZeroAmount
        );
        assert_noop!(
            StakingCollateral::request_release(RuntimeOrigin::root(), 1),
            DispatchError::BadOrigin
        );
    });
}

#[test]
fn the_number_of_waiting_requests_is_bounded() {
    run(|| {
        assert_ok!(StakingCollateral::pledge(signed(1), 500));
        for _ in 0..RELEASES_MAX {
            assert_ok!(StakingCollateral::request_release(signed(1), 1));
        }
        assert_noop!(
            StakingCollateral::request_release(signed(1), 1),
            Error::<Test>::TooManyReleases
        );
        System::set_block_number(11);
        assert_ok!(StakingCollateral::withdraw(signed(1)));
        assert_ok!(StakingCollateral::request_release(signed(1), 1));
    });
}

#[test]
fn locks_take_only_free_pledge_and_add_up() {
    run(|| {
        assert_ok!(StakingCollateral::pledge(signed(1), 500));
        assert_ok!(StakingCollateral::lock(&provider(1), slot(0), 200));
        assert_ok!(StakingCollateral::lock(&provider(1), slot(0), 100));
        assert_ok!(StakingCollateral::lock(&provider(1), slot(1), 200));
        assert_noop!(
            StakingCollateral::lock(&provider(1), slot(2), 1),
            Error::<Test>::NotEnoughFree
        );
        assert_noop!(
            StakingCollateral::lock(&provider(2), slot(2), 1),
            Error::<Test>::NotEnoughFree
        );
        assert_ok!(StakingCollateral::lock(&provider(2), slot(2), 0));
        assert_eq!(StakingCollateral::locked(&provider(1), slot(0)), 300);
        assert_eq!(StakingCollateral::lock_of(provider(1), slot(1)), 200);
        assert_eq!(StakingCollateral::locked_total(&provider(1)), 500);
        StakingCollateral::release(&provider(1), slot(0));
        StakingCollateral::release(&provider(1), slot(0));
        assert_eq!(StakingCollateral::locked_total(&provider(1)), 200);
        assert_eq!(held(1), 500);
        assert_eq!(
            own_events().last(),
            Some(&Event::Released {
                provider: provider(1),
                slot: slot(0),
                amount: 300
            })
        );
    });
}

#[test]
fn a_slash_takes_from_the_lock_alone_and_goes_to_the_treasury() {
    run(|| {
        assert_ok!(StakingCollateral::pledge(signed(1), 500));
        assert_ok!(StakingCollateral::lock(&provider(1), slot(0), 200));
        assert_eq!(StakingCollateral::slash(&provider(1), slot(0), 50), 50);
        assert_eq!(StakingCollateral::locked(&provider(1), slot(0)), 150);
        assert_eq!(
            StakingCollateral::slash(&provider(1), slot(0), Balance::MAX),
            150
        );
        assert_eq!(StakingCollateral::slash(&provider(1), slot(0), 1), 0);
        assert_eq!(StakingCollateral::slash(&provider(2), slot(0), 1), 0);
        assert!(!Locks::<Test>::contains_key(provider(1), slot(0)));
        assert_eq!(
            (held(1), StakingCollateral::pledged(&provider(1))),
            (300, 300)
        );
        assert_eq!(Balances::balance(&TREASURY), ENDOWMENT + 200);
        assert_eq!(
            own_events().last(),
            Some(&Event::Slashed {
                provider: provider(1),
                slot: slot(0),
                amount: 150
            })
        );
    });
}

#[test]
fn whoever_reports_gets_a_share_unless_it_is_too_little_to_live_on() {
    run(|| {
        assert_ok!(StakingCollateral::pledge(signed(1), 500));
        assert_ok!(StakingCollateral::lock(&provider(1), slot(0), 200));
        let slash = |amount, reporter: AccountId32| {
            let key = AccountKey(reporter.into());
            StakingCollateral::slash_reported(&provider(1), slot(0), amount, &key, 25)
        };
        assert_eq!(slash(103, owner(2)), 103);
        assert_eq!(Balances::balance(&owner(2)), ENDOWMENT + 25);
        assert_eq!(Balances::balance(&TREASURY), ENDOWMENT + 78);
        let stranger = AccountId32::new([77; 32]);
        assert_eq!(slash(1, stranger.clone()), 1);
        assert_eq!(Balances::balance(&stranger), 0);
        assert_eq!(Balances::balance(&TREASURY), ENDOWMENT + 79);
        assert_eq!(slash(Balance::MAX, owner(2)), 96);
        assert_eq!(slash(1, owner(2)), 0);
        assert_eq!(
            (held(1), StakingCollateral::pledged(&provider(1))),
            (300, 300)
        );
    });
}

#[test]
fn a_slash_spares_pledge_on_its_way_out() {
    run(|| {
        assert_ok!(StakingCollateral::pledge(signed(1), 500));
        assert_ok!(StakingCollateral::lock(&provider(1), slot(0), 200));
        assert_ok!(StakingCollateral::request_release(signed(1), 300));
        assert_eq!(StakingCollateral::slash(&provider(1), slot(0), 200), 200);
        System::set_block_number(11);
        assert_ok!(StakingCollateral::withdraw(signed(1)));
        assert_eq!(Balances::balance(&owner(1)), ENDOWMENT - 200);
        assert!(Pledges::<Test>::get(provider(1)).is_none());
    });
}

/// A small xorshift: the sequences below are the same in every run and replayable by seed.
struct Random(u64);
impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

#[test]
fn random_sequences_keep_every_invariant() {
    for seed in 1..=20 {
        run(|| {
            let mut random = Random(seed);
            for _ in 0..150 {
                let who = (random.below(3) + 1) as u8;
                let at = slot(random.below(3) as u16);
                let amount = Balance::from(random.below(3_000));
                match random.below(6) {
                    0 => drop(StakingCollateral::pledge(signed(who), amount)),
                    1 => drop(StakingCollateral::request_release(signed(who), amount)),
                    2 => drop(StakingCollateral::withdraw(signed(who))),
                    3 => drop(StakingCollateral::lock(&provider(who), at, amount)),
                    4 => StakingCollateral::release(&provider(who), at),
                    _ => {
                        let before = StakingCollateral::locked(&provider(who), at);
                        let taken = StakingCollateral::slash(&provider(who), at, amount);
                        assert_eq!(taken, amount.min(before), "seed {seed}");
                    }
                }
                System::set_block_number(System::block_number() + random.below(4) as u32);
                StakingCollateral::do_try_state()
                    .unwrap_or_else(|error| panic!("seed {seed}: {error:?}"));
            }
        });
    }
}
