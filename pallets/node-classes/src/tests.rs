//! Each call: success, each error, wrong origin, event; and the registry seam.

use frame_support::{
    assert_noop, assert_ok,
    traits::{fungible::Inspect, ConstU32},
    BoundedVec,
};
use ips_pallet_traits::NodeRegistry;
use ips_primitives::{
    consent::{Consent, ConsentNote, Consents, NodeRole},
    id::{AccountKey, Genesis},
    node_class::NodeClass,
};
use sp_runtime::{AccountId32, DispatchError};

use crate::{
    mock::{
        addresses, consents, key, note, owner, params, peer_id, provider, run, sign, worker,
        Balances, NodeClasses, RuntimeOrigin, System, Test, DEPOSIT, ENDOWMENT,
    },
    Error, Event, NodeParams, Nodes, PeerId, Workers,
};

fn signed(n: u8) -> RuntimeOrigin {
    RuntimeOrigin::signed(owner(n))
}

fn register(n: u8) {
    assert_ok!(NodeClasses::register(signed(n), params(n), consents(n)));
}

fn last_event() -> Event<Test> {
    match System::events().pop().map(|record| record.event) {
        Some(crate::mock::RuntimeEvent::NodeClasses(event)) => event,
        other => panic!("not an event of this pallet: {other:?}"),
    }
}

#[test]
fn registered_node_is_known_by_owner_and_worker() {
    run(|| {
        register(1);
        assert_eq!(NodeClasses::provider_of(&worker(1)), Some(provider(1)));
        assert_eq!(NodeClasses::worker_provider(worker(1)), Some(provider(1)));
        let facts = NodeClasses::facts(&provider(1)).unwrap();
        assert_eq!(facts.class, NodeClass::Personal);
        assert_eq!(facts.operator, [1; 32]);
        assert_eq!(facts.free_bytes, 1 << 30);
        assert_eq!(facts.reliability_permille, 1000);
        assert_eq!(facts.registered_at, 1);
        assert_eq!(
            last_event(),
            Event::Registered {
                provider: provider(1),
                class: NodeClass::Personal,
                capacity_bytes: 1 << 30
            }
        );
    });
}

#[test]
fn bad_registrations_are_refused() {
    run(|| {
        register(1);
        assert_noop!(
            NodeClasses::register(signed(1), params(2), consents(2)),
            Error::<Test>::AlreadyRegistered
        );
        let taken = NodeParams {
            worker: worker(1),
            ..params(2)
        };
        assert_noop!(
            NodeClasses::register(signed(2), taken, consents(2)),
            Error::<Test>::WorkerTaken
        );
        let nameless = NodeParams {
            peer_id: PeerId::default(),
            ..params(2)
        };
        assert_noop!(
            NodeClasses::register(signed(2), nameless, consents(2)),
            Error::<Test>::NoPeerId
        );
        for capacity_bytes in [0, NodeClass::Personal.capacity_bytes_max() + 1, u64::MAX] {
            let bad = NodeParams {
                capacity_bytes,
                ..params(2)
            };
            assert_noop!(
                NodeClasses::register(signed(2), bad, consents(2)),
                Error::<Test>::CapacityOutOfRange
            );
        }
        assert_noop!(
            NodeClasses::register(RuntimeOrigin::root(), params(2), consents(2)),
            DispatchError::BadOrigin
        );
    });
}

#[test]
fn lists_longer_than_their_bounds_do_not_decode() {
    use codec::{Decode, Encode};
    assert!(PeerId::decode(&mut &vec![0u8; 65].encode()[..]).is_err());
    let addresses = vec![vec![0u8; 10]; 9].encode();
    assert!(crate::Addresses::decode(&mut &addresses[..]).is_err());
    assert!(BoundedVec::<u8, ConstU32<128>>::decode(&mut &vec![0u8; 129].encode()[..]).is_err());
}

#[test]
fn owner_and_worker_update_the_addresses() {
    run(|| {
        register(1);
        assert_ok!(NodeClasses::update(signed(1), addresses(5), peer_id()));
        assert_eq!(
            Nodes::<Test>::get(provider(1))
                .unwrap()
                .params
                .addresses
                .len(),
            5
        );
        let by_worker = RuntimeOrigin::signed(AccountId32::new(worker(1).0));
        let moved: PeerId = vec![9].try_into().unwrap();
        assert_ok!(NodeClasses::update(by_worker, addresses(1), moved.clone()));
        assert_eq!(
            Nodes::<Test>::get(provider(1)).unwrap().params.peer_id,
            moved
        );
        assert_eq!(
            last_event(),
            Event::Updated {
                provider: provider(1)
            }
        );
        assert_noop!(
            NodeClasses::update(signed(3), addresses(1), peer_id()),
            Error::<Test>::NotRegistered
        );
        assert_noop!(
            NodeClasses::update(signed(1), addresses(1), PeerId::default()),
            Error::<Test>::NoPeerId
        );
        assert_noop!(
            NodeClasses::update(RuntimeOrigin::none(), addresses(1), peer_id()),
            DispatchError::BadOrigin
        );
    });
}

#[test]
fn an_owner_that_works_for_another_updates_its_own_node() {
    run(|| {
        register(1);
        // Owner 1 in the shoes of a worker of owner 2.
        assert_ok!(NodeClasses::insert(
            provider(2),
            NodeParams {
                worker: AccountKey([1; 32]),
                ..params(2)
            }
        ));
        assert_ok!(NodeClasses::update(signed(1), addresses(7), peer_id()));
        assert_eq!(
            Nodes::<Test>::get(provider(1))
                .unwrap()
                .params
                .addresses
                .len(),
            7
        );
        assert_eq!(
            Nodes::<Test>::get(provider(2))
                .unwrap()
                .params
                .addresses
                .len(),
            2
        );
    });
}

#[test]
fn a_new_worker_replaces_the_old() {
    run(|| {
        register(1);
        register(2);
        let word = |owner, pair| Some(sign(pair, &note(owner, NodeRole::Worker)));
        assert_ok!(NodeClasses::set_worker(signed(1), key(77), word(1, 77)));
        assert_eq!(NodeClasses::provider_of(&worker(1)), None);
        assert_eq!(NodeClasses::provider_of(&key(77)), Some(provider(1)));
        assert_eq!(
            last_event(),
            Event::WorkerSet {
                provider: provider(1),
                worker: key(77)
            }
        );
        assert_noop!(
            NodeClasses::set_worker(signed(1), worker(2), word(1, 102)),
            Error::<Test>::WorkerTaken
        );
        assert_noop!(
            NodeClasses::set_worker(signed(3), worker(3), word(3, 103)),
            Error::<Test>::NotRegistered
        );
        assert_noop!(
            NodeClasses::set_worker(RuntimeOrigin::root(), worker(3), word(3, 103)),
            DispatchError::BadOrigin
        );
        for consent in [None, word(2, 78), word(1, 77)] {
            assert_noop!(
                NodeClasses::set_worker(signed(1), key(78), consent),
                Error::<Test>::NoConsent
            );
        }
        // The owner may sign for its node itself.
        assert_ok!(NodeClasses::set_worker(
            signed(1),
            AccountKey([1; 32]),
            None
        ));
    });
}

#[test]
fn nobody_is_tied_to_a_node_without_its_word() {
    run(|| {
        let good = note(1, NodeRole::Worker);
        let refused = [
            None,
            Some(sign(9, &good)),
            Some(sign(101, &note(2, NodeRole::Worker))),
            Some(sign(101, &note(1, NodeRole::Operator))),
            Some(sign(
                101,
                &ConsentNote {
                    genesis: Genesis([9; 32]),
                    ..good
                },
            )),
            Some(Consent {
                valid_until: 11,
                ..sign(101, &good)
            }),
        ];
        for worker in refused {
            let consents = Consents {
                worker,
                operator: None,
            };
            assert_noop!(
                NodeClasses::register(signed(1), params(1), consents),
                Error::<Test>::NoConsent
            );
        }
        System::set_block_number(11);
        assert_noop!(
            NodeClasses::register(signed(1), params(1), consents(1)),
            Error::<Test>::NoConsent
        );
        System::set_block_number(10);
        register(1);
    });
}

#[test]
fn an_operator_that_is_not_the_owner_must_agree_too() {
    run(|| {
        let params = NodeParams {
            operator: key(50).0,
            ..params(1)
        };
        let with = |operator| Consents {
            operator,
            ..consents(1)
        };
        for operator in [None, Some(sign(50, &note(1, NodeRole::Worker)))] {
            assert_noop!(
                NodeClasses::register(signed(1), params.clone(), with(operator)),
                Error::<Test>::NoConsent
            );
        }
        let operator = Some(sign(50, &note(1, NodeRole::Operator)));
        assert_ok!(NodeClasses::register(signed(1), params, with(operator)));
        assert_eq!(
            NodeClasses::facts(&provider(1)).unwrap().operator,
            key(50).0
        );
    });
}

#[test]
fn the_upper_classes_are_given_and_not_taken() {
    run(|| {
        for class in [NodeClass::Enterprise, NodeClass::Super] {
            let params = NodeParams { class, ..params(1) };
            assert_noop!(
                NodeClasses::register(signed(1), params, consents(1)),
                Error::<Test>::NotApproved
            );
        }
    });
}

#[test]
fn a_node_costs_a_deposit_until_it_retires() {
    run(|| {
        let free = || <Balances as Inspect<AccountId32>>::balance(&owner(1));
        register(1);
        assert_eq!(free(), ENDOWMENT - DEPOSIT);
        assert_ok!(NodeClasses::retire(signed(1)));
        assert_eq!(free(), ENDOWMENT);
        // Owner 20 has nothing.
        assert_noop!(
            NodeClasses::register(signed(20), params(20), consents(20)),
            sp_runtime::TokenError::FundsUnavailable
        );
    });
}

#[test]
fn capacity_stays_between_use_and_class_bound() {
    run(|| {
        register(1);
        assert_ok!(NodeClasses::reserve(&provider(1), 1000));
        assert_ok!(NodeClasses::set_capacity(signed(1), 1000));
        assert_eq!(
            last_event(),
            Event::CapacitySet {
                provider: provider(1),
                capacity_bytes: 1000
            }
        );
        assert_noop!(
            NodeClasses::set_capacity(signed(1), 999),
            Error::<Test>::CapacityInUse
        );
        assert_noop!(
            NodeClasses::set_capacity(signed(1), u64::MAX),
            Error::<Test>::CapacityOutOfRange
        );
        assert_noop!(
            NodeClasses::set_capacity(signed(2), 5),
            Error::<Test>::NotRegistered
        );
        assert_noop!(
            NodeClasses::set_capacity(RuntimeOrigin::none(), 5),
            DispatchError::BadOrigin
        );
    });
}

#[test]
fn only_root_changes_a_class() {
    run(|| {
        register(1);
        assert_ok!(NodeClasses::promote(
            RuntimeOrigin::root(),
            provider(1),
            NodeClass::Super
        ));
        assert_eq!(
            last_event(),
            Event::Promoted {
                provider: provider(1),
                class: NodeClass::Super
            }
        );
        assert_eq!(
            NodeClasses::facts(&provider(1)).unwrap().class,
            NodeClass::Super
        );
        assert_noop!(
            NodeClasses::promote(signed(1), provider(1), NodeClass::Enterprise),
            DispatchError::BadOrigin
        );
        assert_noop!(
            NodeClasses::promote(RuntimeOrigin::root(), provider(2), NodeClass::Super),
            Error::<Test>::NotRegistered
        );
        let large = NodeClass::Mobile.capacity_bytes_max() + 1;
        assert_ok!(NodeClasses::set_capacity(signed(1), large));
        assert_noop!(
            NodeClasses::promote(RuntimeOrigin::root(), provider(1), NodeClass::Mobile),
            Error::<Test>::CapacityOutOfRange
        );
    });
}

#[test]
fn a_node_retires_only_when_nothing_is_reserved() {
    run(|| {
        register(1);
        assert_ok!(NodeClasses::reserve(&provider(1), 1));
        assert_noop!(NodeClasses::retire(signed(1)), Error::<Test>::CapacityInUse);
        NodeClasses::unreserve(&provider(1), 1);
        assert_ok!(NodeClasses::retire(signed(1)));
        assert_eq!(
            last_event(),
            Event::Retired {
                provider: provider(1)
            }
        );
        assert!(NodeClasses::facts(&provider(1)).is_none());
        assert!(!Workers::<Test>::contains_key(worker(1)));
        assert_noop!(NodeClasses::retire(signed(1)), Error::<Test>::NotRegistered);
        assert_noop!(
            NodeClasses::retire(RuntimeOrigin::root()),
            DispatchError::BadOrigin
        );
        register(1);
    });
}

#[test]
fn reservations_never_exceed_the_capacity() {
    run(|| {
        register(1);
        assert_ok!(NodeClasses::reserve(&provider(1), (1 << 30) - 10));
        assert_noop!(
            NodeClasses::reserve(&provider(1), 11),
            Error::<Test>::NotEnoughCapacity
        );
        assert_ok!(NodeClasses::reserve(&provider(1), 10));
        assert_noop!(
            NodeClasses::reserve(&provider(1), u64::MAX),
            Error::<Test>::NotEnoughCapacity
        );
        NodeClasses::unreserve(&provider(1), u64::MAX);
        assert_eq!(
            NodeClasses::facts(&provider(1)).unwrap().free_bytes,
            1 << 30
        );
        assert_noop!(
            NodeClasses::reserve(&provider(2), 1),
            Error::<Test>::NotRegistered
        );
    });
}

#[test]
fn promises_move_the_average_and_unknown_nodes_are_ignored() {
    run(|| {
        register(1);
        NodeClasses::note_promise(&provider(1), false);
        assert_eq!(
            NodeClasses::facts(&provider(1))
                .unwrap()
                .reliability_permille,
            937
        );
        NodeClasses::note_promise(&provider(1), true);
        assert_eq!(
            NodeClasses::facts(&provider(1))
                .unwrap()
                .reliability_permille,
            941
        );
        NodeClasses::note_promise(&provider(9), false);
        assert!(NodeClasses::facts(&provider(9)).is_none());
    });
}

#[test]
fn views_show_what_is_stored() {
    run(|| {
        for n in [3, 1, 2] {
            register(n);
        }
        let all = NodeClasses::all_nodes(u32::MAX);
        assert_eq!(
            all.iter().map(|node| node.provider).collect::<Vec<_>>(),
            vec![provider(1), provider(2), provider(3)]
        );
        assert_eq!(NodeClasses::all_nodes(2).len(), 2);
        let one = NodeClasses::node_view_parts(provider(2)).unwrap();
        assert_eq!(one, all[1]);
        assert_eq!(
            (one.worker, one.addresses.len(), one.ask),
            (worker(2), 2, None)
        );
        assert!(NodeClasses::node_view_parts(provider(8)).is_none());
        assert_eq!(NodeClasses::node(provider(1)).unwrap().params, params(1));
    });
}
