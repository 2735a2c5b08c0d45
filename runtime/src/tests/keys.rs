//! Verifying keys: Root alone sets them.

use frame_support::assert_ok;
use ips_verifier::groth16::{CircuitKind, TrapdoorKey};
use sp_runtime::DispatchError;

use super::chain::Chain;
use crate::{constants::PROFILE, *};

fn set_key() -> RuntimeCall {
    let key = TrapdoorKey::new(PROFILE.id, CircuitKind::Seal).verifying_key();
    pallet_porep::Call::set_verifying_key {
        key: key.to_bytes().to_vec().try_into().unwrap(),
    }
    .into()
}

#[test]
fn a_signed_account_sets_no_key_even_if_it_is_the_sudo_key() {
    let mut chain = Chain::development();
    let before = chain.read(Porep::key_ids);
    let extrinsics = ["//Bob", "//Alice"].map(|signer| chain.signed(signer, set_key()));
    let results = chain.block(extrinsics.to_vec());
    assert_eq!(results, vec![Err(DispatchError::BadOrigin); 2]);
    let stranger = pallet_sudo::Call::sudo {
        call: Box::new(set_key()),
    };
    let extrinsic = chain.signed("//Bob", stranger);
    assert!(chain.block(vec![extrinsic])[0].is_err());
    assert_eq!(chain.read(Porep::key_ids), before);
}

#[test]
fn root_sets_a_key() {
    let mut chain = Chain::development();
    let before = chain.read(Porep::key_ids);
    let sudo = pallet_sudo::Call::sudo {
        call: Box::new(set_key()),
    };
    let extrinsic = chain.signed("//Alice", sudo);
    assert_ok!(chain.block(vec![extrinsic])[0]);
    let after = chain.read(Porep::key_ids);
    assert_ne!(after.seal, before.seal);
    assert_eq!((after.post, after.poe), (before.post, before.poe));
}
