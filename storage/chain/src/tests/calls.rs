//! Calls as bytes, and what an unknown runtime is answered.

use codec::Encode;
use ips_engine::chain::{Call, ChainError, Head};
use ips_primitives::id::{AccountKey, OrderId, SlotId, SlotIndex};

use super::metadata::{self, metadata, Without};
use crate::{
    calls::{self, CallBytes},
    keys::AccountSigner,
    runtime::Runtime,
};

fn bytes(call: &Call) -> Vec<u8> {
    CallBytes::of(call)
        .to_bytes(&metadata(Without::default()))
        .unwrap()
}

fn runtime(without: Without) -> Runtime {
    Runtime::new(metadata(without), [1; 32], metadata::SPEC, 1).unwrap()
}

#[test]
fn calls_have_the_indices_of_the_metadata_and_arguments_in_order() {
    let slot = SlotId {
        order: OrderId(0x0102),
        slot: SlotIndex(3),
    };
    let claim = [&[50, 2][..], &[2, 1, 0, 0, 0, 0, 0, 0], &[3, 0]].concat();
    assert_eq!(bytes(&Call::ClaimSlot(slot)), claim);

    let transfer = Call::Transfer {
        to: AccountKey([9; 32]),
        amount: 1 << 14,
    };
    // Pallet, call, MultiAddress::Id, account, compact amount in four-byte mode.
    let expected = [&[10, 3, 0][..], &[9; 32], &[2, 0, 1, 0]].concat();
    assert_eq!(bytes(&transfer), expected);

    let open = Call::OpenRetrieval {
        order: OrderId(1),
        price_per_mib: 2,
        budget: 3,
    };
    let expected = [
        &[54, 0][..],
        &1u64.encode(),
        &2u128.encode(),
        &3u128.encode(),
    ]
    .concat();
    assert_eq!(bytes(&open), expected);

    let update = Call::UpdateAddresses {
        peer_id: vec![7],
        addresses: vec![vec![8, 9]],
    };
    assert_eq!(bytes(&update), [51, 1, 4, 8, 8, 9, 4, 7]);
}

#[test]
fn every_call_is_known_by_its_label() {
    let samples = calls::samples();
    for call in &samples {
        let name = CallBytes::of(call).name;
        assert_eq!(calls::name_of(name.label), Some(name));
        assert_eq!(
            bytes(call)[2..],
            calls::from_bytes(name, &bytes(call))
                .to_bytes(&metadata(Without::default()))
                .unwrap()[2..]
        );
    }
    assert_eq!(samples.len(), 21);
    assert_eq!(calls::name_of("system.remark"), None);
}

#[test]
fn runtime_without_a_query_or_a_pallet_is_incompatible() {
    assert_eq!(runtime(Without::default()).ensure_compatible(), Ok(()));
    let no_api = runtime(Without {
        api: true,
        poe: false,
    })
    .ensure_compatible()
    .unwrap_err();
    assert!(matches!(&no_api, ChainError::Incompatible(why) if why.contains("IpsApi")));
    let no_poe = runtime(Without {
        api: false,
        poe: true,
    })
    .ensure_compatible()
    .unwrap_err();
    assert!(matches!(&no_poe, ChainError::Incompatible(why) if why.contains("poe.")));
}

#[test]
fn extrinsic_carries_signer_era_nonce_and_call() {
    let alice = AccountSigner::parse("//Alice").unwrap();
    let call = CallBytes::of(&Call::CancelOrder(OrderId(5)));
    let birth = Head {
        number: 66,
        hash: [2; 32],
    };
    let signed = runtime(Without::default())
        .sign(&call, 7, birth, &alice)
        .unwrap();
    let bytes = &signed.bytes;
    // Length of the rest in two-byte compact mode, version 4 signed, MultiAddress::Id, account.
    assert_eq!(
        u16::from_le_bytes([bytes[0], bytes[1]]) >> 2,
        bytes.len() as u16 - 2
    );
    assert_eq!(bytes[2..4], [0x84, 0]);
    assert_eq!(bytes[4..36], alice.account().0);
    // Sr25519, signature; era 64 at phase 2; nonce, tip, no metadata hash; call.
    assert_eq!(bytes[36], 1);
    assert_eq!(bytes[101..106], [0x25, 0, 7 << 2, 0, 0]);
    assert_eq!(bytes[106..], [&[50, 5][..], &5u64.encode()].concat());
    assert_eq!(signed.hash, ips_primitives::hash::blake2_256(&[bytes]));
}
