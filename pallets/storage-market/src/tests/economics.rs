//! Money over whole lives, and random sequences of calls and reports.

use super::*;
use crate::mock::{account, run, ENDOWMENT, PROVIDER_BALANCE};

#[test]
fn many_small_settlements_pay_the_same_as_one() {
    // Slots of 8 KiB: one block costs a fraction of the smallest unit.
    let tiny = || OrderParams {
        fragment_size: FragmentSize::K8,
        segments: 1,
        ..params()
    };
    let earned_with_steps = |step: BlockNumber| {
        let mut earned = 0;
        run(|| {
            place(tiny());
            after(12);
            confirmed(1, slot(0, 0));
            Market::piece_sealed(&provider(1), slot(0, 0), System::block_number());
            let end = System::block_number() + DURATION;
            while state(slot(0, 0)) == SlotState::Active {
                after(step);
                prove(slot(0, 0), System::block_number());
                // Refused while less than one unit is due.
                let _ = settle(slot(0, 0));
                Market::do_try_state().unwrap();
                assert!(System::block_number() < end + 2 * step);
            }
            earned = free(&account(1)) - PROVIDER_BALANCE;
        });
        earned
    };
    let once = earned_with_steps(DURATION);
    assert_eq!(once, (ASK * 8 * DURATION as Balance).div_ceil(1024));
    for step in [1, 3, 7, 99] {
        assert_eq!(earned_with_steps(step), once, "step {step}");
    }
}

#[test]
fn a_full_life_moves_exactly_the_agreed_price() {
    run(|| {
        placed();
        for n in 1..=6 {
            active(n, slot(0, u16::from(n) - 1));
        }
        assert_eq!(held(), 6 * ASK * 100);
        after(DURATION);
        for index in 0..6 {
            prove(slot(0, index), System::block_number());
            assert_ok!(settle(slot(0, index)));
        }
        assert_eq!(held(), 0);
        assert_eq!(free(&client()), ENDOWMENT - DEPOSIT - 6 * ASK * 100);
        for n in 1..=6 {
            assert_eq!(free(&account(n)), PROVIDER_BALANCE + ASK * 100);
        }
    });
}

#[test]
fn a_client_cannot_freeze_what_it_owes() {
    use frame_support::traits::{Currency, LockableCurrency, WithdrawReasons};
    run(|| {
        placed();
        active(1, slot(0, 0));
        let everything = <Balances as Currency<AccountId32>>::total_balance(&client());
        Balances::set_lock(*b"freezing", &client(), everything, WithdrawReasons::all());
        after(10);
        prove(slot(0, 0), System::block_number());
        assert_ok!(settle(slot(0, 0)));
        assert_eq!(free(&account(1)), PROVIDER_BALANCE + 10 * ASK);
    });
}

/// Orders of one random sequence.
const ORDERS: u64 = 2;

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

fn random_step(random: &mut Random) {
    let id = slot(random.below(ORDERS), random.below(6) as u16);
    let n = (random.below(8) + 1) as u8;
    let now = System::block_number();
    let claimant = Slots::<Test>::get(id.order, id.slot).and_then(|slot| slot.claim);
    // Mostly the slot's provider, sometimes one that had it before or never.
    let who = match claimant {
        Some(claim) if random.below(4) > 0 => claim.provider,
        _ => provider(n),
    };
    // Refusals are part of the sequence: what matters is the state that is left.
    let _ = match random.below(13) {
        12 => call(
            crate::mock::account(30),
            Call::prune_order { order: id.order },
        ),
        0..=2 => claim(n, id),
        3 | 4 => match claimant {
            Some(claim) => confirm(claim.provider.0[0], id),
            None => settle(id),
        },
        5 => {
            prove(id, now.saturating_sub(random.below(5) as u32));
            settle(id)
        }
        6 => {
            let extra_blocks = random.below(60) as u32;
            call(
                client(),
                Call::renew {
                    order: id.order,
                    extra_blocks,
                },
            )
        }
        7 if random.below(6) == 0 => call(client(), Call::cancel_order { order: id.order }),
        other => {
            match other {
                8 => {
                    Market::piece_sealed(&who, id, now);
                    Market::piece_sealed(&who, id, now);
                }
                9 => Market::piece_faulted(&who, id, now.saturating_sub(random.below(20) as u32)),
                10 => Market::piece_recovered(&who, id, now),
                11 if random.below(4) == 0 => Market::piece_lost(&who, id, LossReason::Cutoff),
                _ => after(random.below(30) as u32),
            }
            return;
        }
    };
}

#[test]
fn random_sequences_keep_every_invariant_and_every_token() {
    let mut ended = 0;
    for seed in 1..=20 {
        run(|| {
            (1..=8).for_each(ready);
            for _ in 0..ORDERS {
                place(params());
            }
            let mut random = Random(seed * 0x9E37_79B9);
            for step in 0..300 {
                random_step(&mut random);
                if let Err(error) = Market::do_try_state() {
                    panic!("seed {seed}, step {step}: {error:?}");
                }
            }
            ended += Slots::<Test>::iter_values()
                .filter(|slot| slot.claim.is_some())
                .filter(|slot| matches!(slot.state, SlotState::Lost | SlotState::Expired))
                .count();
        });
    }
    assert!(ended > 20, "the sequences reach the end of deals: {ended}");
}
