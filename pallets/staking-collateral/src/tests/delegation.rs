//! Delegating, sharing rewards and slashes, leaving.

use frame_support::{
    assert_noop, assert_ok,
    traits::{
        fungible::{Balanced, Mutate},
        tokens::{Fortitude, Precision, Preservation},
    },
};

use super::*;
use crate::{pot_of, Delegations, Pools};

/// Node 1 with a pledge, of which half is locked for a slot.
fn node() {
    assert_ok!(StakingCollateral::pledge(signed(1), 1_000));
    assert_ok!(StakingCollateral::lock(&provider(1), slot(0), 500));
}

fn delegate(n: u8, amount: Balance) {
    assert_ok!(StakingCollateral::delegate(signed(n), provider(1), amount));
}

fn worth(n: u8) -> Balance {
    StakingCollateral::worth_of(&provider(1), &owner(n))
}

fn shares(n: u8) -> Balance {
    Delegations::<Test>::get(provider(1), owner(n)).map_or(0, |d| d.shares)
}

/// Pays a reward out of the treasury, so that no token appears.
fn reward(amount: Balance) {
    let credit = <Balances as Balanced<_>>::withdraw(
        &TREASURY,
        amount,
        Precision::Exact,
        Preservation::Preserve,
        Fortitude::Polite,
    )
    .unwrap();
    assert!(StakingCollateral::reward(&provider(1), credit).is_ok());
}

fn leave(n: u8, all: Balance) {
    assert_ok!(StakingCollateral::undelegate(signed(n), provider(1), all));
    System::set_block_number(System::block_number() + 10);
    assert_ok!(StakingCollateral::withdraw_delegation(
        signed(n),
        provider(1)
    ));
}

#[test]
fn delegated_stake_ranks_the_node_and_comes_back() {
    run(|| {
        node();
        delegate(2, 300);
        delegate(3, 100);
        assert_eq!(StakingCollateral::stake_of(&provider(1)), 1_400);
        assert_eq!(StakingCollateral::pledged(&provider(1)), 1_000);
        assert_eq!((worth(2), worth(3)), (300, 100));
        leave(2, shares(2));
        assert_eq!(Balances::balance(&owner(2)), ENDOWMENT);
        assert_eq!(StakingCollateral::stake_of(&provider(1)), 1_100);
        leave(3, shares(3));
        assert_eq!(Pools::<Test>::get(provider(1)), None);
        assert_eq!(Balances::balance(&pot_of(&provider(1))), 0);
    });
}

#[test]
fn a_slash_takes_the_same_part_of_everybody() {
    run(|| {
        node();
        delegate(2, 300);
        delegate(3, 100);
        // A quarter of the pledge, all of it from the lock.
        assert_eq!(StakingCollateral::slash(&provider(1), slot(0), 250), 250);
        assert_eq!((worth(2), worth(3)), (225, 75));
        assert_eq!(StakingCollateral::pledged(&provider(1)), 750);
        assert_eq!(Balances::balance(&TREASURY), ENDOWMENT + 350);
        // Whoever comes later has no part in what was lost before.
        delegate(3, 75);
        assert_eq!((worth(2), worth(3)), (225, 150));
    });
}

#[test]
fn a_reporter_is_paid_from_the_lock_alone() {
    run(|| {
        node();
        delegate(2, 400);
        let reporter = AccountKey([3; 32]);
        let taken = StakingCollateral::slash_reported(&provider(1), slot(0), 500, &reporter, 20);
        assert_eq!(taken, 500);
        assert_eq!(Balances::balance(&owner(3)), ENDOWMENT + 100);
        assert_eq!(Balances::balance(&TREASURY), ENDOWMENT + 400 + 200);
        assert_eq!(worth(2), 200);
    });
}

#[test]
fn a_reward_is_shared_by_stake_after_the_commission() {
    run(|| {
        node();
        assert_ok!(StakingCollateral::set_commission(signed(1), 100));
        delegate(2, 750);
        delegate(3, 250);
        let before = Balances::balance(&owner(1));
        reward(200);
        // 20 of 200 are the commission; of the rest half is the own stake's.
        assert_eq!(Balances::balance(&owner(1)), before + 20 + 90);
        assert_eq!(
            Pools::<Test>::get(provider(1)).map(|pool| pool.stake),
            Some(1_090)
        );
        assert_eq!((worth(2), worth(3)), (817, 272));
        // Without delegators everything is the owner's.
        leave(2, shares(2));
        leave(3, shares(3));
        let before = Balances::balance(&owner(1));
        reward(100);
        assert_eq!(Balances::balance(&owner(1)), before + 100);
    });
}

#[test]
fn what_leaves_still_earns_and_loses() {
    run(|| {
        node();
        delegate(2, 400);
        assert_ok!(StakingCollateral::undelegate(signed(2), provider(1), 400));
        assert_noop!(
            StakingCollateral::withdraw_delegation(signed(2), provider(1)),
            Error::<Test>::NothingDue
        );
        assert_noop!(
            StakingCollateral::undelegate(signed(2), provider(1), 1),
            Error::<Test>::NotEnoughFree
        );
        assert_eq!(StakingCollateral::slash(&provider(1), slot(0), 500), 500);
        System::set_block_number(11);
        assert_ok!(StakingCollateral::withdraw_delegation(
            signed(2),
            provider(1)
        ));
        assert_eq!(Balances::balance(&owner(2)), ENDOWMENT - 200);
        assert_eq!(shares(2), 0);
    });
}

#[test]
fn calls_that_make_no_sense_are_refused() {
    run(|| {
        let delegate = |amount| StakingCollateral::delegate(signed(2), provider(1), amount);
        assert_noop!(delegate(100), Error::<Test>::NothingPledged);
        assert_noop!(
            StakingCollateral::set_commission(signed(1), 1),
            Error::<Test>::NothingPledged
        );
        node();
        assert_noop!(delegate(9), Error::<Test>::TooSmall);
        assert!(delegate(ENDOWMENT).is_err(), "an account must stay alive");
        assert_noop!(
            StakingCollateral::undelegate(signed(2), provider(1), 0),
            Error::<Test>::ZeroAmount
        );
        assert_noop!(
            StakingCollateral::undelegate(signed(2), provider(1), 1),
            Error::<Test>::NotDelegated
        );
        assert_noop!(
            StakingCollateral::withdraw_delegation(signed(2), provider(1)),
            Error::<Test>::NotDelegated
        );
        assert_noop!(
            StakingCollateral::set_commission(signed(1), 1_001),
            Error::<Test>::NoCommission
        );
        assert_ok!(StakingCollateral::set_commission(signed(1), 300));
        assert_ok!(delegate(100));
        assert_noop!(
            StakingCollateral::set_commission(signed(1), 301),
            Error::<Test>::CommissionRises
        );
        assert_ok!(StakingCollateral::set_commission(signed(1), 299));
        for _ in 0..RELEASES_MAX {
            assert_ok!(StakingCollateral::undelegate(signed(2), provider(1), 1));
        }
        assert_noop!(
            StakingCollateral::undelegate(signed(2), provider(1), 1),
            Error::<Test>::TooManyReleases
        );
    });
}

#[test]
fn nothing_is_added_to_a_pool_that_lost_everything() {
    run(|| {
        assert_ok!(StakingCollateral::pledge(signed(1), 100));
        assert_ok!(StakingCollateral::lock(&provider(1), slot(0), 100));
        delegate(2, 50);
        assert_eq!(StakingCollateral::slash(&provider(1), slot(0), 100), 100);
        assert_eq!(worth(2), 0);
        assert_ok!(StakingCollateral::pledge(signed(1), 100));
        assert_noop!(
            StakingCollateral::delegate(signed(3), provider(1), 50),
            Error::<Test>::AllSlashed
        );
        leave(2, shares(2));
        assert_ok!(StakingCollateral::delegate(signed(3), provider(1), 50));
    });
}

#[test]
fn tokens_sent_to_the_pot_change_nothing() {
    run(|| {
        node();
        delegate(2, 300);
        let pot = pot_of(&provider(1));
        assert_ok!(Balances::transfer(
            &owner(3),
            &pot,
            50,
            Preservation::Preserve
        ));
        assert_eq!(worth(2), 300);
    });
}

/// Long random sequences: nobody gets more than was put in and earned, and the books always balance.
#[test]
fn random_sequences_keep_the_books() {
    run(|| {
        node();
        let mut seed = 7u64;
        let mut draw = |below: u64| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (seed >> 33) % below
        };
        for _ in 0..500 {
            let who = 2 + draw(2) as u8;
            // Refusals are part of the sequence.
            match draw(6) {
                0 | 1 => drop(StakingCollateral::delegate(
                    signed(who),
                    provider(1),
                    Balance::from(10 + draw(200)),
                )),
                2 => drop(StakingCollateral::undelegate(
                    signed(who),
                    provider(1),
                    Balance::from(1 + draw(150)),
                )),
                3 => drop(StakingCollateral::withdraw_delegation(
                    signed(who),
                    provider(1),
                )),
                4 => reward(Balance::from(1 + draw(20))),
                _ => drop(StakingCollateral::slash(
                    &provider(1),
                    slot(0),
                    Balance::from(draw(5)),
                )),
            }
            System::set_block_number(System::block_number() + 3);
            assert_ok!(StakingCollateral::do_try_state());
        }
        assert!(worth(2) + worth(3) <= Balances::balance(&pot_of(&provider(1))));
    });
}
