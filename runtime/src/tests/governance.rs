//! Referenda from the proposal to their effect, what stops them, and that nothing else reaches Root.

use codec::Encode;
use frame_support::{
    assert_ok,
    traits::{Bounded, PalletInfoAccess},
    weights::Weight,
};
use ips_verifier::groth16::{CircuitKind, TrapdoorKey};
use pallet_conviction_voting::{AccountVote, Conviction, Vote};
use sp_runtime::traits::{Dispatchable, Hash as _};

use super::chain::{account, Chain};
use crate::{
    configs::governance::{origins::Origin, DAY},
    constants::{PROFILE, UNIT},
    *,
};

fn set_key() -> RuntimeCall {
    let key = TrapdoorKey::new(PROFILE.id, CircuitKind::Seal).verifying_key();
    pallet_porep::Call::set_verifying_key {
        key: key.to_bytes().to_vec().try_into().unwrap(),
    }
    .into()
}

fn spend(amount: Balance) -> RuntimeCall {
    pallet_treasury::Call::spend_local {
        amount,
        beneficiary: account("//Dave").into(),
    }
    .into()
}

#[track_caller]
fn all_ok(chain: &mut Chain, calls: Vec<(&str, RuntimeCall)>) {
    let signed = calls
        .into_iter()
        .map(|(signer, call)| chain.signed(signer, call))
        .collect();
    for (index, result) in chain.block(signed).into_iter().enumerate() {
        assert_eq!(result, Ok(()), "call {index}");
    }
}

/// Proposes a call, with its preimage and its deposit, by `//Bob`; the referendum's index.
fn propose(chain: &mut Chain, origin: OriginCaller, call: &RuntimeCall) -> u32 {
    let index = chain.read(pallet_referenda::ReferendumCount::<Runtime>::get);
    let bytes = call.encode();
    let proposal = Bounded::Lookup {
        hash: sp_io::hashing::blake2_256(&bytes).into(),
        len: bytes.len() as u32,
    };
    let submit = pallet_referenda::Call::submit {
        proposal_origin: Box::new(origin),
        proposal,
        enactment_moment: frame_support::traits::schedule::DispatchTime::After(0),
    };
    all_ok(
        chain,
        vec![
            (
                "//Bob",
                pallet_preimage::Call::note_preimage { bytes }.into(),
            ),
            ("//Bob", submit.into()),
            (
                "//Bob",
                pallet_referenda::Call::place_decision_deposit { index }.into(),
            ),
        ],
    );
    index
}

/// Half of all tokens vote, so that support is no question.
fn vote(chain: &mut Chain, poll_index: u32, aye: bool) {
    let voters: Vec<String> = (1..=50).map(|i| format!("//Node{i}")).collect();
    let vote = AccountVote::Standard {
        vote: Vote {
            aye,
            conviction: Conviction::Locked1x,
        },
        balance: 900_000 * UNIT,
    };
    // As many as a block takes.
    for some in voters.chunks(10) {
        let calls = some
            .iter()
            .map(|voter| {
                let call = pallet_conviction_voting::Call::vote { poll_index, vote };
                (voter.as_str(), call.into())
            })
            .collect();
        all_ok(chain, calls);
    }
}

fn later(chain: &mut Chain, blocks: BlockNumber) {
    let now = chain.read(System::block_number);
    chain.run_to(now + blocks);
}

fn root() -> OriginCaller {
    frame_system::RawOrigin::Root.into()
}

/// The governed chain, without sudo.
fn governed() -> Chain {
    Chain::of_preset("development").without_sudo()
}

#[test]
fn a_referendum_sets_a_verifying_key() {
    let mut chain = governed();
    let before = chain.read(Porep::key_ids).seal;
    let index = propose(&mut chain, root(), &set_key());
    vote(&mut chain, index, true);
    assert_eq!(chain.read(Porep::key_ids).seal, before);
    later(&mut chain, 4 * DAY);
    assert_ne!(chain.read(Porep::key_ids).seal, before);
}

#[test]
fn a_referendum_authorises_an_upgrade() {
    let mut chain = governed();
    let code_hash = Hash::repeat_byte(5);
    let call = frame_system::Call::authorize_upgrade { code_hash }.into();
    let index = propose(&mut chain, root(), &call);
    vote(&mut chain, index, true);
    later(&mut chain, 4 * DAY);
    let authorised = chain.read(System::authorized_upgrade).unwrap();
    assert_eq!(*authorised.code_hash(), code_hash);
}

#[test]
fn a_referendum_spends_from_the_treasury_up_to_its_limit() {
    for (amount, paid) in [(5_000 * UNIT, true), (10_001 * UNIT, false)] {
        let mut chain = governed();
        let fund = pallet_balances::Call::transfer_keep_alive {
            dest: chain.read(Treasury::account_id).into(),
            value: 50_000 * UNIT,
        };
        all_ok(&mut chain, vec![("//Eve", fund.into())]);
        let before = chain.read(|| Balances::free_balance(account("//Dave")));
        let origin = OriginCaller::Origins(Origin::Treasurer);
        let index = propose(&mut chain, origin, &spend(amount));
        vote(&mut chain, index, true);
        later(&mut chain, 5 * DAY);
        let after = chain.read(|| Balances::free_balance(account("//Dave")));
        assert_eq!(after - before, if paid { amount } else { 0 });
    }
}

#[test]
fn the_parameters_track_registers_a_token_and_sets_no_key() {
    let token = xcm::latest::Location::new(1, [xcm::latest::Junction::Parachain(3_000)]);
    let register = RuntimeCall::ForeignAssets(pallet_assets::Call::force_create {
        id: token.clone(),
        owner: account("//Eve").into(),
        is_sufficient: true,
        min_balance: 1,
    });
    let mut chain = governed();
    let before = chain.read(Porep::key_ids).seal;
    for call in [register, set_key()] {
        let origin = OriginCaller::Origins(Origin::Parameters);
        let index = propose(&mut chain, origin, &call);
        vote(&mut chain, index, true);
        later(&mut chain, 4 * DAY);
    }
    assert!(chain
        .read(|| pallet_assets::Asset::<Runtime, pallet_assets::Instance1>::contains_key(&token)));
    assert_eq!(chain.read(Porep::key_ids).seal, before);
}

#[test]
fn what_is_rejected_or_cancelled_changes_nothing() {
    let mut chain = governed();
    let before = chain.read(Porep::key_ids).seal;
    let index = propose(&mut chain, root(), &set_key());
    vote(&mut chain, index, false);
    later(&mut chain, 15 * DAY);
    assert_eq!(chain.read(Porep::key_ids).seal, before);

    // Another call, since the preimage of the first is there.
    let again = pallet_utility::Call::batch_all {
        calls: vec![set_key()],
    };
    let index = propose(&mut chain, root(), &again.into());
    vote(&mut chain, index, true);
    let cancel: RuntimeCall = pallet_referenda::Call::cancel { index }.into();
    let length_bound = cancel.encode().len() as u32;
    let hash = sp_runtime::traits::BlakeTwo256::hash_of(&cancel);
    let proposal = pallet_collective::Call::propose {
        threshold: 2,
        proposal: Box::new(cancel),
        length_bound,
    };
    let vote_for = |approve| pallet_collective::Call::vote {
        proposal: hash,
        index: 0,
        approve,
    };
    let close = pallet_collective::Call::close {
        proposal_hash: hash,
        index: 0,
        proposal_weight_bound: Weight::from_parts(10_000_000_000, 1_000_000),
        length_bound,
    };
    all_ok(
        &mut chain,
        vec![
            ("//Alice", RuntimeCall::TechnicalCommittee(proposal)),
            ("//Alice", RuntimeCall::TechnicalCommittee(vote_for(true))),
            ("//Charlie", RuntimeCall::TechnicalCommittee(vote_for(true))),
            ("//Alice", RuntimeCall::TechnicalCommittee(close)),
        ],
    );
    later(&mut chain, 4 * DAY);
    assert_eq!(chain.read(Porep::key_ids).seal, before);
}

#[test]
fn without_a_key_sudo_does_nothing_and_gets_none() {
    let mut chain = governed();
    let calls: Vec<RuntimeCall> = vec![
        pallet_sudo::Call::sudo {
            call: Box::new(set_key()),
        }
        .into(),
        pallet_sudo::Call::sudo_unchecked_weight {
            call: Box::new(set_key()),
            weight: Weight::zero(),
        }
        .into(),
        pallet_sudo::Call::set_key {
            new: account("//Alice").into(),
        }
        .into(),
        pallet_sudo::Call::sudo_as {
            who: account("//Bob").into(),
            call: Box::new(set_key()),
        }
        .into(),
        pallet_sudo::Call::remove_key {}.into(),
    ];
    let before = chain.read(Porep::key_ids);
    for call in calls {
        let signed = chain.signed("//Alice", call.clone());
        assert!(chain.block(vec![signed])[0].is_err(), "{call:?}");
    }
    assert_eq!(chain.read(Porep::key_ids), before);
    assert_eq!(chain.read(pallet_sudo::Key::<Runtime>::get), None);
}

/// Calls that carry calls, by pallet and name: what [`wrapped`] tries.
const CARRIERS: [(&str, &str); 20] = [
    ("Sudo", "sudo"),
    ("Sudo", "sudo_unchecked_weight"),
    ("Sudo", "sudo_as"),
    ("Utility", "batch"),
    ("Utility", "as_derivative"),
    ("Utility", "batch_all"),
    ("Utility", "dispatch_as"),
    ("Utility", "force_batch"),
    ("Utility", "with_weight"),
    ("Utility", "if_else"),
    ("Utility", "dispatch_as_fallible"),
    ("Proxy", "proxy"),
    ("Proxy", "proxy_announced"),
    ("PolkadotXcm", "execute"),
    ("TechnicalCommittee", "execute"),
    ("TechnicalCommittee", "propose"),
    ("Scheduler", "schedule"),
    ("Scheduler", "schedule_named"),
    ("Scheduler", "schedule_after"),
    ("Scheduler", "schedule_named_after"),
];

/// Every call of the runtime with an argument that holds a call, from the runtime's own metadata.
fn carriers() -> Vec<(String, String)> {
    use frame_metadata::RuntimeMetadata;
    let metadata = Chain::development()
        .read(|| Runtime::metadata_at_version(15))
        .unwrap();
    let frame_metadata::RuntimeMetadataPrefixed(_, RuntimeMetadata::V15(metadata)) =
        codec::Decode::decode(&mut &metadata[..]).unwrap()
    else {
        panic!("metadata of another version")
    };
    let types = &metadata.types;
    let is_call = |id: u32| {
        let path = &types.resolve(id).unwrap().path.segments;
        path.last().is_some_and(|name| name == "RuntimeCall")
    };
    // A call, a list of calls, or a program that may carry one in bytes.
    let carries = |id: u32| match &types.resolve(id).unwrap().type_def {
        scale_info::TypeDef::Sequence(list) => is_call(list.type_param.id),
        _ => {
            let path = &types.resolve(id).unwrap().path.segments;
            is_call(id) || path.last().is_some_and(|name| name == "VersionedXcm")
        }
    };
    let mut found = Vec::new();
    for pallet in &metadata.pallets {
        let Some(calls) = &pallet.calls else { continue };
        let scale_info::TypeDef::Variant(calls) = &types.resolve(calls.ty.id).unwrap().type_def
        else {
            continue;
        };
        for call in &calls.variants {
            if call.fields.iter().any(|field| carries(field.ty.id)) {
                found.push((pallet.name.clone(), call.name.clone()));
            }
        }
    }
    found
}

#[test]
fn every_call_that_carries_a_call_is_tried() {
    let known: std::collections::BTreeSet<_> = CARRIERS
        .iter()
        .map(|(pallet, call)| ((*pallet).to_owned(), (*call).to_owned()))
        .collect();
    // A program that is sent elsewhere runs nothing here.
    let elsewhere = ["send", "transfer_assets_using_type_and_then"];
    let found: std::collections::BTreeSet<_> = carriers()
        .into_iter()
        .filter(|(pallet, call)| pallet != "PolkadotXcm" || !elsewhere.contains(&call.as_str()))
        .collect();
    assert_eq!(
        found, known,
        "try the new one in `wrapped`, or take the old one out"
    );
}

/// The key call in every wrapper of [`CARRIERS`].
fn wrapped() -> Vec<RuntimeCall> {
    use pallet_utility::Call as Utility;
    let key = || Box::new(set_key());
    let as_root = || Box::new(OriginCaller::system(frame_system::RawOrigin::Root));
    let who = || account("//Alice");
    let program = xcm::latest::Xcm(vec![xcm::latest::Instruction::Transact {
        origin_kind: xcm::latest::OriginKind::Superuser,
        fallback_max_weight: None,
        call: set_key().encode().into(),
    }]);
    let committee = |call| RuntimeCall::TechnicalCommittee(call);
    let length_bound = 10_000;
    vec![
        set_key(),
        pallet_sudo::Call::sudo { call: key() }.into(),
        pallet_sudo::Call::sudo_unchecked_weight {
            call: key(),
            weight: Weight::zero(),
        }
        .into(),
        pallet_sudo::Call::sudo_as {
            who: who().into(),
            call: key(),
        }
        .into(),
        Utility::batch {
            calls: vec![set_key()],
        }
        .into(),
        Utility::batch_all {
            calls: vec![set_key()],
        }
        .into(),
        Utility::force_batch {
            calls: vec![set_key()],
        }
        .into(),
        Utility::as_derivative {
            index: 0,
            call: key(),
        }
        .into(),
        Utility::dispatch_as {
            as_origin: as_root(),
            call: key(),
        }
        .into(),
        Utility::dispatch_as_fallible {
            as_origin: as_root(),
            call: key(),
        }
        .into(),
        Utility::with_weight {
            call: key(),
            weight: Weight::zero(),
        }
        .into(),
        Utility::if_else {
            main: key(),
            fallback: key(),
        }
        .into(),
        pallet_proxy::Call::proxy {
            real: who().into(),
            force_proxy_type: None,
            call: key(),
        }
        .into(),
        pallet_proxy::Call::proxy_announced {
            delegate: who().into(),
            real: who().into(),
            force_proxy_type: None,
            call: key(),
        }
        .into(),
        pallet_xcm::Call::execute {
            message: Box::new(xcm::VersionedXcm::from(program)),
            max_weight: Weight::from_parts(1_000_000_000_000, 1_000_000),
        }
        .into(),
        committee(pallet_collective::Call::execute {
            proposal: key(),
            length_bound,
        }),
        committee(pallet_collective::Call::propose {
            threshold: 1,
            proposal: key(),
            length_bound,
        }),
    ]
}

/// [`wrapped`], by the scheduler.
fn scheduled() -> Vec<RuntimeCall> {
    let key = || Box::new(set_key());
    vec![
        pallet_scheduler::Call::schedule {
            when: 50,
            maybe_periodic: None,
            priority: 0,
            call: key(),
        }
        .into(),
        pallet_scheduler::Call::schedule_named {
            id: [1; 32],
            when: 50,
            maybe_periodic: None,
            priority: 0,
            call: key(),
        }
        .into(),
        pallet_scheduler::Call::schedule_after {
            after: 5,
            maybe_periodic: None,
            priority: 0,
            call: key(),
        }
        .into(),
        pallet_scheduler::Call::schedule_named_after {
            id: [2; 32],
            after: 5,
            maybe_periodic: None,
            priority: 0,
            call: key(),
        }
        .into(),
    ]
}

fn origins() -> Vec<RuntimeOrigin> {
    let members = |yes, all| {
        RuntimeOrigin::from(pallet_collective::RawOrigin::<
            AccountId,
            pallet_collective::Instance1,
        >::Members(yes, all))
    };
    let xcm = |location| RuntimeOrigin::from(pallet_xcm::Origin::Xcm(location));
    use xcm::latest::{Junction::Parachain, Location};
    vec![
        RuntimeOrigin::none(),
        RuntimeOrigin::signed(account("//Alice")),
        RuntimeOrigin::signed(account("//Node1")),
        members(2, 3),
        members(3, 3),
        RuntimeOrigin::from(pallet_collective::RawOrigin::<
            AccountId,
            pallet_collective::Instance1,
        >::Member(account("//Alice"))),
        Origin::Parameters.into(),
        Origin::Treasurer.into(),
        xcm(Location::parent()),
        xcm(Location::new(1, [Parachain(2_001)])),
        xcm(Location::here()),
        RuntimeOrigin::from(cumulus_pallet_xcm::Origin::Relay),
        RuntimeOrigin::from(cumulus_pallet_xcm::Origin::SiblingParachain(2_001.into())),
    ]
}

#[test]
fn no_path_but_governance_reaches_a_verifying_key() {
    let mut chain = governed();
    let before = chain.read(Porep::key_ids);
    for origin in origins() {
        for call in wrapped().into_iter().chain(scheduled()) {
            // Whether it is refused, or does nothing, or waits: the key stays.
            let _ = chain.read(|| call.clone().dispatch(origin.clone()));
            assert_eq!(chain.read(Porep::key_ids), before, "{origin:?}: {call:?}");
        }
    }
    // Nothing of it was kept for later.
    later(&mut chain, 3 * DAY);
    assert_eq!(chain.read(Porep::key_ids), before);
    // The same call does it as Root.
    assert_ok!(chain.read(|| set_key().dispatch(RuntimeOrigin::root())));
    assert_ne!(chain.read(Porep::key_ids), before);
}

#[test]
fn indices_of_governance_are_frozen() {
    assert_eq!(Treasury::index(), 18);
    assert_eq!(Referenda::index(), 41);
    assert_eq!(ConvictionVoting::index(), 42);
    assert_eq!(TechnicalCommittee::index(), 43);
    assert_eq!(Preimage::index(), 44);
    assert_eq!(Scheduler::index(), 45);
}
