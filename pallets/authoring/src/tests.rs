//! Candidates, elections, idle authors.

use frame_support::{assert_noop, assert_ok};
use pallet_authorship::EventHandler;
use pallet_session::SessionManager;

use crate::{
    mock::{account, new_test_ext, set_ranks, Authoring, Keyless, RuntimeOrigin, Test},
    Candidates, Error, Planned, CANDIDATES_MAX,
};

fn join(n: u8) {
    assert_ok!(Authoring::join(RuntimeOrigin::signed(account(n))));
}

fn candidates() -> Vec<u8> {
    let bytes = |who: &sp_runtime::AccountId32| <[u8; 32]>::from(who.clone())[0];
    Candidates::<Test>::get().iter().map(bytes).collect()
}

#[test]
fn the_highest_ranks_get_the_seats() {
    new_test_ext().execute_with(|| {
        set_ranks(&[(1, 10), (2, 40), (3, 30), (4, 20)]);
        (1..=4).for_each(join);
        let elected = Authoring::new_session(5).unwrap();
        assert_eq!(elected, [account(2), account(3), account(4)]);
        // What counts is the rank of the day.
        set_ranks(&[(1, 50), (2, 40), (3, 0), (4, 20)]);
        let elected = Authoring::new_session(6).unwrap();
        assert_eq!(elected, [account(1), account(2), account(4)]);
        assert_eq!(Planned::<Test>::get(5).len(), 3);
    });
}

#[test]
fn of_equals_the_first_to_join_is_elected() {
    new_test_ext().execute_with(|| {
        set_ranks(&[(4, 7), (3, 7), (2, 7), (1, 7)]);
        [4, 3, 2, 1].into_iter().for_each(join);
        let elected = Authoring::new_session(1).unwrap();
        assert_eq!(elected, [account(4), account(3), account(2)]);
    });
}

#[test]
fn too_few_candidates_leave_the_choice_to_the_fallback() {
    new_test_ext().execute_with(|| {
        set_ranks(&[(1, 10), (2, 10)]);
        join(1);
        let fallback = Some(vec![account(201), account(202)]);
        assert_eq!(Authoring::new_session(1), fallback);
        join(2);
        assert_eq!(Authoring::new_session(2).unwrap().len(), 2);
        // Without keys nobody can author, whatever the rank.
        Keyless::set(&vec![account(2)]);
        assert_eq!(Authoring::new_session(3), fallback);
    });
}

#[test]
fn whoever_authors_nothing_is_no_candidate_any_more() {
    new_test_ext().execute_with(|| {
        set_ranks(&[(1, 10), (2, 20), (3, 30)]);
        (1..=3).for_each(join);
        Authoring::new_session(1);
        Authoring::start_session(1);
        Authoring::new_session(2);
        for author in [1, 3] {
            <Authoring as EventHandler<_, _>>::note_author(account(author));
        }
        Authoring::end_session(1);
        assert_eq!(candidates(), [1, 3]);
        // A seat of the session that was planned before stays; a block of the last one does not count.
        Authoring::start_session(2);
        <Authoring as EventHandler<_, _>>::note_author(account(3));
        Authoring::end_session(2);
        assert_eq!(candidates(), [3]);
        join(1);
        join(2);
        assert_eq!(candidates(), [3, 1, 2]);
    });
}

#[test]
fn joining_needs_keys_and_a_rank() {
    new_test_ext().execute_with(|| {
        set_ranks(&[(1, 10)]);
        Keyless::set(&vec![account(1)]);
        let join = |n| Authoring::join(RuntimeOrigin::signed(account(n)));
        assert_noop!(join(1), Error::<Test>::NoKeys);
        Keyless::set(&Vec::new());
        assert_noop!(join(2), Error::<Test>::NoRank);
        assert_ok!(join(1));
        assert_noop!(join(1), Error::<Test>::AlreadyCandidate);
        let leave = |n| Authoring::leave(RuntimeOrigin::signed(account(n)));
        assert_noop!(leave(2), Error::<Test>::NoCandidate);
        assert_ok!(leave(1));
        assert!(candidates().is_empty());
    });
}

#[test]
fn a_better_candidate_takes_the_place_of_the_lowest() {
    new_test_ext().execute_with(|| {
        let most = CANDIDATES_MAX as u8;
        let mut ranks: Vec<(u8, u128)> = (1..=most).map(|n| (n, u128::from(n) + 10)).collect();
        ranks.extend([(most + 1, 5), (most + 2, 12)]);
        set_ranks(&ranks);
        (1..=most).for_each(join);
        let join = |n| Authoring::join(RuntimeOrigin::signed(account(n)));
        assert_noop!(join(most + 1), Error::<Test>::TooLow);
        assert_ok!(join(most + 2));
        assert_eq!(candidates().len(), usize::from(most));
        assert_eq!(candidates()[0], most + 2);
    });
}
