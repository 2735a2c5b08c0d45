//! Claims with real proofs: what is paid, and what is refused.

use frame_support::{assert_noop, dispatch::Pays};
use ips_pallet_traits::SlotFacts;
use ips_primitives::{
    id::{AgreementId, Genesis, OrderId, ProviderId, SlotId},
    retrieval::{ExtractClaim, ExtractRequest, Voucher},
    sector::{ProofBytes, SectorState},
    slot::SlotRoot,
};
use sp_core::{sr25519, Pair};
use sp_runtime::{AccountId32, DispatchError};

use super::fixture::*;
use crate::{mock::*, Error, Event, PoeParameters};

const OTHER: ProviderId = ProviderId([6; 32]);

fn good() -> ExtractClaim {
    claim(voucher(request(1, 1_000), 1_000))
}

/// A claim signed anew after its voucher was changed; the proof stays.
fn resigned(change: impl FnOnce(&mut Voucher)) -> ExtractClaim {
    let mut claim = good();
    change(&mut claim.voucher);
    claim.signature = sign(&claim.voucher);
    claim
}

fn assert_refused(claim: ExtractClaim, error: Error<Test>) {
    assert_noop!(submit(&[claim]), error);
}

#[test]
fn fee_is_split_and_the_claim_is_free() {
    with_agreement(|| {
        let issuance = Balances::total_issuance();
        let info = submit(&[good()]).unwrap();
        assert_eq!(info.pays_fee, Pays::No);
        // 1,000 bytes at 1 per byte: 200 to the server, 350 to each of two provers, 100 burnt.
        assert_eq!(free(owner(PROVIDER)), 1_000_000 + 200 + 350);
        assert_eq!(free(owner(OTHER)), 1_000_000 + 350);
        assert_eq!(Balances::total_issuance(), issuance - 100);
        let view = Poe::agreement_view(AGREEMENT).unwrap();
        assert_eq!(view.budget, BUDGET - 1_000);
        assert_eq!(view.claimed, vec![(PROVIDER, 1, 1_000)]);
        System::assert_has_event(
            Event::ExtractClaimed {
                agreement: AGREEMENT,
                provider: PROVIDER,
                nonce: 1,
                bytes: 1_000,
                fee: 1_000,
            }
            .into(),
        );
        System::assert_last_event(
            Event::FeesPaid {
                agreement: AGREEMENT,
                servers: 200,
                provers: 700,
                burnt: 100,
            }
            .into(),
        );
    });
}

#[test]
fn batch_is_paid_in_order_of_its_nonces() {
    with_agreement(|| {
        let first = claim(voucher(request(1, 1_000), 1_000));
        let second = claim(voucher(request(3, 500), 1_500));
        assert_noop!(submit(&[second, first]), Error::<Test>::StaleNonce);
        assert_noop!(submit(&[first, first]), Error::<Test>::StaleNonce);
        assert_eq!(submit(&[first, second]).unwrap().pays_fee, Pays::No);
        let view = Poe::agreement_view(AGREEMENT).unwrap();
        assert_eq!(view.budget, BUDGET - 1_500);
        assert_eq!(view.claimed, vec![(PROVIDER, 3, 1_500)]);
    });
}

#[test]
fn one_bad_claim_undoes_its_batch() {
    with_agreement(|| {
        let first = claim(voucher(request(1, 1_000), 1_000));
        let mut second = claim(voucher(request(2, 500), 1_500));
        second.proof = first.proof;
        assert_noop!(submit(&[first, second]), Error::<Test>::InvalidProof);
        assert_noop!(submit(&[]), Error::<Test>::EmptyBatch);
        let unsigned = Poe::claim(RuntimeOrigin::none(), vec![first].try_into().unwrap());
        assert_eq!(unsigned.unwrap_err().error, DispatchError::BadOrigin);
    });
}

#[test]
fn replayed_voucher_is_refused() {
    with_agreement(|| {
        submit(&[good()]).unwrap();
        assert_refused(good(), Error::StaleNonce);
        // The same promise under a new nonce promises nothing new.
        let again = claim(voucher(request(2, 1_000), 1_000));
        assert_refused(again, Error::BadAmount);
        let less = claim(voucher(request(2, 1_000), 999));
        assert_refused(less, Error::BadAmount);
    });
}

#[test]
fn bytes_are_bounded_by_the_request() {
    with_agreement(|| {
        assert_refused(
            resigned(|voucher| voucher.cumulative_bytes = 0),
            Error::BadAmount,
        );
        for over in [SLOT_BYTES + 1, u64::MAX] {
            let far = resigned(|voucher| {
                voucher.request.length = over;
                voucher.cumulative_bytes = over;
            });
            assert_refused(far, Error::BadRange);
        }
        for (offset, length) in [
            (0, 0),
            (SLOT_BYTES, 1),
            (SLOT_BYTES - 99, 100),
            (u64::MAX, 1),
            (0, 6_001),
        ] {
            let bad = resigned(|voucher| {
                voucher.request = ExtractRequest {
                    offset,
                    length,
                    ..voucher.request
                };
            });
            assert_refused(bad, Error::BadRange);
        }
    });
}

#[test]
fn what_a_voucher_promises_beyond_its_request_is_forfeited() {
    with_agreement(|| {
        // The claim of nonce 1 never came; its 1,000 bytes have no proof.
        let second = claim(voucher(request(2, 500), 1_500));
        submit(&[second]).unwrap();
        let view = Poe::agreement_view(AGREEMENT).unwrap();
        assert_eq!(view.budget, BUDGET - 500);
        assert_eq!(view.claimed, vec![(PROVIDER, 2, 1_500)]);
        assert_refused(good(), Error::StaleNonce);
        // The provider is not locked out: the next voucher is paid whole.
        submit(&[claim(voucher(request(3, 700), 2_200))]).unwrap();
        let view = Poe::agreement_view(AGREEMENT).unwrap();
        assert_eq!(view.budget, BUDGET - 1_200);
    });
}

#[test]
fn greatest_nonce_and_total_are_taken_and_end_the_pair() {
    with_agreement(|| {
        let last = claim(voucher(request(u64::MAX, 10), u64::MAX));
        submit(&[last]).unwrap();
        assert_eq!(Poe::agreement_view(AGREEMENT).unwrap().budget, BUDGET - 10);
        assert_refused(last, Error::StaleNonce);
        assert_refused(good(), Error::StaleNonce);
    });
}

#[test]
fn voucher_is_of_this_chain_order_and_client() {
    with_agreement(|| {
        assert_refused(
            resigned(|voucher| voucher.genesis = Genesis([1; 32])),
            Error::OtherChain,
        );
        assert_refused(
            resigned(|voucher| voucher.request.agreement = AgreementId(1)),
            Error::UnknownAgreement,
        );
        let slot = SlotId {
            order: OrderId(4),
            ..slot_id(3)
        };
        assert_refused(
            resigned(|voucher| voucher.request.slot = slot),
            Error::OtherOrder,
        );
        let mut unsigned = good();
        unsigned.voucher.cumulative_bytes = 999;
        assert_refused(unsigned, Error::BadSignature);
        let mut forged = good();
        let stranger = sr25519::Pair::from_seed(&[2; 32]);
        forged.signature.0 = stranger.sign(&forged.voucher.signing_bytes()).0;
        assert_refused(forged, Error::BadSignature);
    });
}

#[test]
fn claimant_is_registered_and_holds_the_slot() {
    with_agreement(|| {
        assert_refused(
            resigned(|voucher| voucher.request.provider = OTHER),
            Error::NotTheHolder,
        );
        let slot = SlotId {
            slot: 1.into(),
            ..slot_id(3)
        };
        assert_refused(
            resigned(|voucher| voucher.request.slot = slot),
            Error::NotTheHolder,
        );
        Nodes::set(vec![]);
        assert_refused(good(), Error::NotTheHolder);
    });
}

#[test]
fn request_is_recent() {
    with_agreement(|| {
        assert_refused(
            resigned(|voucher| voucher.request.block = 6),
            Error::BadBlock,
        );
        System::set_block_number(u64::from(BEACON_BLOCKS) + 5);
        assert_refused(good(), Error::BadBlock);
    });
}

#[test]
fn only_an_active_sector_earns() {
    with_agreement(|| {
        for state in [
            SectorState::PreCommitted,
            SectorState::Faulty,
            SectorState::Terminated,
        ] {
            Sealed::set(sealed(state));
            assert_refused(good(), Error::NotSealed);
        }
        Sealed::set(Default::default());
        assert_refused(good(), Error::NotSealed);
        Key::set(None);
        assert_refused(good(), Error::KeyNotSet);
    });
}

#[test]
fn proof_is_of_this_request_and_data() {
    with_agreement(|| {
        let other_nonce = claim(voucher(request(2, 1_000), 1_000));
        let mut identity = [0u8; 192];
        for at in [0, 48, 144] {
            identity[at] = 0xc0;
        }
        let mut flipped = good().proof;
        flipped.0[0] ^= 0x20;
        for proof in [
            other_nonce.proof,
            ProofBytes([0; 192]),
            ProofBytes([0xff; 192]),
            ProofBytes(identity),
            flipped,
        ] {
            let error = submit(&[ExtractClaim { proof, ..good() }]).unwrap_err();
            assert_eq!(error.error, Error::<Test>::InvalidProof.into());
            assert_eq!(error.post_info.pays_fee, Pays::Yes);
        }
        // The picked piece lies in a sector of other data.
        let picked = piece(&good().voucher.request);
        let mut swapped = sealed(SectorState::Active);
        let comm_d = data(1 - picked).comm_d();
        for sector in swapped.values_mut() {
            sector.1 = comm_d;
        }
        Sealed::set(swapped);
        assert_refused(good(), Error::InvalidProof);
    });
}

#[test]
fn budget_and_period_limits_hold() {
    with_agreement(|| {
        Parameters::set(PoeParameters {
            claim_bytes_max: 1_000,
            ..DEFAULTS
        });
        for nonce in 1..=3 {
            submit(&[claim(voucher(request(nonce, 1_000), nonce * 1_000))]).unwrap();
        }
        let fourth = claim(voucher(request(4, 1_000), 4_000));
        assert_refused(fourth, Error::PeriodLimit);
        Parameters::set(PoeParameters {
            period_claims_max: 9,
            period_bytes_max: 3_999,
            ..DEFAULTS
        });
        assert_refused(fourth, Error::PeriodLimit);
        Parameters::set(PoeParameters {
            period_blocks: 4,
            ..DEFAULTS
        });
        submit(&[fourth]).unwrap();
    });
    with_agreement(|| {
        let signer = || RuntimeOrigin::signed(client_account());
        Parameters::set(PoeParameters {
            budget_min: 1,
            ..DEFAULTS
        });
        Poe::open_retrieval(signer(), 3.into(), PRICE, 999).unwrap();
        let poor = ExtractRequest {
            agreement: AgreementId(1),
            ..request(1, 1_000)
        };
        let claim = claim(voucher(poor, 1_000));
        assert_refused(claim, Error::BudgetSpent);
        Poe::top_up(signer(), AgreementId(1), 1).unwrap();
        submit(&[claim]).unwrap();
        assert_eq!(Poe::agreement_view(AgreementId(1)).unwrap().budget, 0);
    });
}

#[test]
fn closing_agreement_pays_until_its_end() {
    with_agreement(|| {
        let signer = || RuntimeOrigin::signed(client_account());
        Poe::close(signer(), AGREEMENT).unwrap();
        System::set_block_number(14);
        submit(&[good()]).unwrap();
        System::set_block_number(15);
        let late = claim(voucher(request(2, 1_000), 2_000));
        assert_refused(late, Error::Closing);
        Poe::withdraw(signer(), AGREEMENT).unwrap();
        assert_eq!(free(client_account()), 1_000_000 - 1_000);
        assert_eq!(crate::Claims::<Test>::iter().count(), 0);
    });
}

#[test]
fn share_that_cannot_be_received_is_burnt() {
    with_agreement(|| {
        // Three shares of 2 each are below the existential deposit of an account that is not there.
        let nobody = ProviderId([8; 32]);
        Provers::set(vec![PROVIDER, OTHER, nobody]);
        let claim = claim(voucher(request(1, 10), 10));
        submit(&[claim]).unwrap();
        assert_eq!(free(owner(nobody)), 0);
        System::assert_last_event(
            Event::FeesPaid {
                agreement: AGREEMENT,
                servers: 2,
                provers: 4,
                burnt: 4,
            }
            .into(),
        );
        // Nobody proves the order: the provers' part is burnt.
        Provers::set(vec![]);
        submit(&[super::fixture::claim(voucher(request(2, 10), 20))]).unwrap();
        System::assert_last_event(
            Event::FeesPaid {
                agreement: AGREEMENT,
                servers: 2,
                provers: 0,
                burnt: 8,
            }
            .into(),
        );
    });
}

#[test]
fn claim_without_a_fee_pays_for_itself() {
    with_agreement(|| {
        let signer = RuntimeOrigin::signed(client_account());
        Poe::open_retrieval(signer, 3.into(), 0, 100).unwrap();
        let gift = ExtractRequest {
            agreement: AgreementId(1),
            ..request(1, 1_000)
        };
        let info = submit(&[claim(voucher(gift, 1_000))]).unwrap();
        assert_eq!(info.pays_fee, Pays::Yes);
    });
}

#[test]
fn claimants_of_an_agreement_are_bounded() {
    with_agreement(|| {
        crate::Agreements::<Test>::mutate(AGREEMENT, |agreement| {
            agreement.as_mut().unwrap().claimants = crate::CLAIMANTS_MAX;
        });
        let facts = SlotFacts {
            provider: PROVIDER,
            root: SlotRoot([6; 32]),
            bytes: SLOT_BYTES,
        };
        assert_eq!(Slots::get()[&slot_id(3)], facts);
        assert_refused(good(), Error::TooManyClaimants);
        crate::Agreements::<Test>::mutate(AGREEMENT, |agreement| {
            agreement.as_mut().unwrap().claimants = 0;
        });
    });
}

#[test]
fn anyone_may_send_a_claim() {
    with_agreement(|| {
        let sender = AccountId32::from([77; 32]);
        submit(&[good()]).unwrap();
        assert_eq!(free(sender), 0);
    });
}
