//! What other chains must not be able to do.

use codec::Encode;

use super::{orders::order, *};

/// A program that pays with the relay chain's token and transacts as its origin.
fn transact(kind: OriginKind, call: &RuntimeCall) -> Xcm<()> {
    Xcm(vec![
        WithdrawAsset((Here, UNIT).into()),
        PayFees {
            asset: (Here, UNIT).into(),
        },
        Transact {
            origin_kind: kind,
            fallback_max_weight: None,
            call: call.encode().into(),
        },
        ExpectTransactStatus(MaybeErrorCode::Success),
    ])
}

/// Executes a message that came from a chain.
fn receive(origin: Location, program: Xcm<()>) -> Outcome {
    Ips::execute_with(|| {
        mint_native(&derived(&origin), 10 * UNIT);
        let bytes = VersionedXcm::from(program).encode();
        Inbox::execute(origin, DecodeAll::decode_all(&mut &bytes[..]).unwrap());
    });
    outcomes().pop().unwrap()
}

fn origins() -> Vec<Location> {
    let account = AccountId32 {
        network: None,
        id: [5; 32],
    };
    vec![
        Location::parent(),
        Location::new(1, [Parachain(2_001)]),
        Location::new(1, [Parachain(1_000)]),
        Location::new(1, [account]),
        Location::new(1, [Parachain(2_001), account]),
    ]
}

fn forbidden() -> Vec<RuntimeCall> {
    let transfer: RuntimeCall = pallet_balances::Call::transfer_all {
        dest: CUSTOMER.into(),
        keep_alive: false,
    }
    .into();
    let key: RuntimeCall = pallet_porep::Call::set_verifying_key {
        key: vec![0; 8].try_into().unwrap(),
    }
    .into();
    let remark: RuntimeCall = frame_system::Call::remark { remark: vec![1] }.into();
    let batch =
        |calls: Vec<RuntimeCall>| RuntimeCall::from(pallet_utility::Call::batch_all { calls });
    let nested = batch(vec![batch(vec![order(1_000)])]);
    vec![
        batch(vec![order(1_000), transfer.clone()]),
        pallet_utility::Call::batch {
            calls: vec![order(1_000)],
        }
        .into(),
        pallet_sudo::Call::sudo {
            call: Box::new(key.clone()),
        }
        .into(),
        nested,
        transfer,
        key,
        remark,
    ]
}

#[test]
fn only_orders_can_be_transacted() {
    Network::reset();
    let kinds = [
        OriginKind::Native,
        OriginKind::SovereignAccount,
        OriginKind::Superuser,
        OriginKind::Xcm,
    ];
    for origin in origins() {
        for call in forbidden() {
            for kind in kinds {
                let outcome = receive(origin.clone(), transact(kind, &call));
                assert!(
                    matches!(
                        &outcome,
                        Outcome::Incomplete { error, .. } if error.error == XcmError::NoPermission
                    ),
                    "{origin:?} {kind:?} {call:?}: {outcome:?}"
                );
            }
        }
    }
    // And with the same programs, what is allowed works.
    for origin in origins() {
        let outcome = receive(
            origin,
            transact(OriginKind::SovereignAccount, &order(1_000)),
        );
        assert!(matches!(outcome, Outcome::Complete { .. }), "{outcome:?}");
    }
}

#[test]
fn nobody_transacts_as_governance() {
    Network::reset();
    for origin in origins() {
        for kind in [OriginKind::Superuser, OriginKind::Native, OriginKind::Xcm] {
            let outcome = receive(origin.clone(), transact(kind, &order(1_000)));
            assert!(
                !matches!(outcome, Outcome::Complete { .. }),
                "{origin:?} {kind:?}"
            );
        }
    }
}

#[test]
fn a_chain_speaks_for_its_own_accounts_only() {
    Network::reset();
    let sibling = Location::new(1, [Parachain(2_001)]);
    let account = AccountId32 {
        network: None,
        id: [5; 32],
    };
    let claimed = [
        Location::parent(),
        Location::new(1, [account]),
        Location::new(1, [Parachain(1_000)]),
        Location::new(1, [Parachain(1_000), account]),
        Location::new(0, [account]),
        Location::here(),
    ];
    for other in claimed {
        let mut program = transact(OriginKind::SovereignAccount, &order(1_000));
        program.0.insert(2, AliasOrigin(other.clone()));
        let outcome = receive(sibling.clone(), program);
        assert!(
            !matches!(outcome, Outcome::Complete { .. }),
            "{other:?}: {outcome:?}"
        );
    }
    let own = Location::new(1, [Parachain(2_001), account]);
    Ips::execute_with(|| mint_native(&derived(&own), 10 * UNIT));
    let mut program = transact(OriginKind::SovereignAccount, &order(1_000));
    program.0.insert(2, AliasOrigin(own));
    let outcome = receive(sibling, program);
    assert!(matches!(outcome, Outcome::Complete { .. }), "{outcome:?}");
}

#[test]
fn a_chain_is_no_reserve_of_another_chains_token() {
    Network::reset();
    let sibling = Location::new(1, [Parachain(2_001)]);
    let hub = Location::new(1, [Parachain(1_000)]);
    let deposit = |token: &Location| {
        Xcm(vec![
            ReserveAssetDeposited((token.clone(), 10 * UNIT).into()),
            PayFees {
                asset: (token.clone(), UNIT).into(),
            },
            DepositAsset {
                assets: Wild(AllCounted(1)),
                beneficiary: AccountId32 {
                    network: None,
                    id: CUSTOMER.into(),
                }
                .into(),
            },
        ])
    };
    for (origin, token) in [
        (&sibling, Location::parent()),
        (&sibling, Location::here()),
        (&sibling, hub.clone()),
        (&hub, Location::parent()),
        (&hub, sibling.clone()),
        (&Location::parent(), sibling.clone()),
    ] {
        let outcome = receive(origin.clone(), deposit(&token));
        assert!(
            matches!(
                &outcome,
                Outcome::Incomplete { error, .. } if error.error == XcmError::UntrustedReserveLocation
            ),
            "{origin:?} {token:?}: {outcome:?}"
        );
    }
    // A token that nobody registered is not taken in.
    let stranger = Location::new(1, [Parachain(2_001), GeneralIndex(1)]);
    let outcome = receive(sibling.clone(), deposit(&stranger));
    assert!(!matches!(outcome, Outcome::Complete { .. }), "{outcome:?}");
    let outcome = receive(sibling.clone(), deposit(&sibling));
    assert!(matches!(outcome, Outcome::Complete { .. }), "{outcome:?}");
}

#[test]
fn governance_says_who_holds_the_relay_chains_token() {
    Network::reset();
    let hub = Location::new(1, [Parachain(1_000)]);
    let deposit = || {
        Xcm(vec![
            ReserveAssetDeposited((Parent, 10 * UNIT).into()),
            PayFees {
                asset: (Parent, UNIT).into(),
            },
            DepositAsset {
                assets: Wild(AllCounted(1)),
                beneficiary: AccountId32 {
                    network: None,
                    id: CUSTOMER.into(),
                }
                .into(),
            },
        ])
    };
    Ips::execute_with(|| crate::configs::RelayTokenReserve::set(&hub));
    assert!(matches!(receive(hub, deposit()), Outcome::Complete { .. }));
    assert!(!matches!(
        receive(Location::parent(), deposit()),
        Outcome::Complete { .. }
    ));
}

#[test]
fn nothing_is_free_but_the_relay_chains_own_word() {
    Network::reset();
    let free = || {
        Xcm(vec![
            UnpaidExecution {
                weight_limit: Unlimited,
                check_origin: None,
            },
            ClearOrigin,
        ])
    };
    for origin in origins() {
        let outcome = receive(origin.clone(), free());
        let is_relay = origin == Location::parent();
        assert_eq!(
            matches!(outcome, Outcome::Complete { .. }),
            is_relay,
            "{origin:?}"
        );
        // And not by claiming to be somebody behind it.
        let mut descended = free();
        descended.0.insert(
            0,
            DescendOrigin(
                [AccountId32 {
                    network: None,
                    id: [5; 32],
                }]
                .into(),
            ),
        );
        assert!(!matches!(
            receive(origin, descended),
            Outcome::Complete { .. }
        ));
    }
}
