//! Verifying keys: who sets them, which are refused.

use frame_support::{assert_noop, assert_ok};
use ips_primitives::sector::Profile;
use ips_verifier::groth16::CircuitKind;
use sp_runtime::{AccountId32, DispatchError};

use super::real;
use crate::{mock::*, Error, Event, KeyBytes, Keys, PorepParameters};

fn key(kind: CircuitKind) -> Vec<u8> {
    real::params(kind).verifying_key()
}

fn bounded(bytes: Vec<u8>) -> KeyBytes {
    bytes.try_into().unwrap()
}

fn set(bytes: Vec<u8>) -> Result<(), DispatchError> {
    Porep::set_verifying_key(RuntimeOrigin::root(), bounded(bytes))
}

#[test]
fn genesis_and_root_set_keys() {
    with_keys(vec![key(CircuitKind::Post)], || {
        let ids = Porep::key_ids();
        assert_eq!((ids.seal, ids.poe), (None, None));
        assert!(ids.post.is_some());
        assert_ok!(set(key(CircuitKind::Seal)));
        let id = Porep::key_ids().seal.unwrap();
        System::assert_last_event(
            Event::KeySet {
                kind: CircuitKind::Seal as u8,
                id,
            }
            .into(),
        );
        use ips_pallet_traits::VerifyingKeys;
        assert_eq!(Porep::id(CircuitKind::Seal as u8), Some(id));
        assert_eq!(Porep::id(9), None);
        assert!(!Porep::verify(9, &[]));
    });
}

#[test]
fn nobody_but_root_sets_keys() {
    with_keys(vec![], || {
        let owner = provider(2);
        for origin in [
            RuntimeOrigin::none(),
            worker(owner),
            RuntimeOrigin::signed(AccountId32::from(owner.0)),
        ] {
            assert_noop!(
                Porep::set_verifying_key(origin, bounded(key(CircuitKind::Seal))),
                DispatchError::BadOrigin
            );
        }
        assert_eq!(Keys::<Test>::iter().count(), 0);
    });
}

#[test]
fn key_of_another_profile_is_refused() {
    with_keys(vec![], || {
        Parameters::set(PorepParameters {
            profile: Profile::DEV,
            ..DEFAULTS
        });
        assert_noop!(
            set(key(CircuitKind::Seal)),
            Error::<Test>::KeyOfOtherProfile
        );
    });
}

#[test]
fn insecure_key_is_refused_unless_allowed() {
    with_keys(vec![], || {
        Parameters::set(PorepParameters {
            allow_insecure_keys: false,
            ..DEFAULTS
        });
        assert_noop!(set(key(CircuitKind::Seal)), Error::<Test>::InsecureKey);
    });
}

#[test]
fn malformed_keys_are_refused() {
    with_keys(vec![], || {
        let good = key(CircuitKind::Seal);
        let with = |at: usize, byte: u8| {
            let mut bytes = good.clone();
            bytes[at] = byte;
            bytes
        };
        let mut identity = good.clone();
        identity[4..52].fill(0);
        identity[4] = 0xc0;
        let long = [good.clone(), vec![0]].concat();
        let short = good[..good.len() - 1].to_vec();
        for bad in [
            vec![],
            vec![0; 436],
            with(0, 9),
            with(1, 9),
            with(4, 0),
            short,
            long,
            identity,
        ] {
            assert_noop!(set(bad), Error::<Test>::MalformedKey);
        }
    });
}

#[test]
fn without_keys_nothing_is_sealed() {
    with_keys(vec![], || {
        real::add_slots(real::owner());
        assert_noop!(
            Porep::pre_commit(worker(real::owner()), real::pre_commit()),
            Error::<Test>::KeyNotSet
        );
    });
}
