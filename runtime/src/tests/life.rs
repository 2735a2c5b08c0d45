//! The life of an order through real extrinsics: nodes register, the lottery admits them, both sides
//! sign, sectors are sealed and proven, pay and retrieval fees flow, and a node that stops is slashed.
//!
//! Proofs are of trapdoor keys, which Root sets first; everything else is what nodes and customers send.

use ips_pallet_traits::{Beacons, Collateral};
use ips_primitives::{
    challenge::{binding_challenge, extract_piece},
    deal::{Ask, DeliveryNote, OrderParams, SlotState},
    fragment::{ErasureParams, FragmentSize},
    id::{
        AccountKey, AgreementId, FileId, OrderId, PieceIndex, ProviderId, SectorNumber, Signature,
        SlotId, SlotIndex,
    },
    node_class::NodeClass,
    proof_calls::{BindingOpening, PreCommit, TreePath},
    retrieval::{ExtractClaim, ExtractRequest, FeeSplit, Voucher},
    sector::{CommD, CommR, Piece, SectorState, Statement},
    slot::{SlotOpening, SlotTree, SLOT_LEAF_BYTES},
    statement::{Context, ExtractInputs},
    view::PartitionView,
};
use ips_verifier::{
    groth16::{CircuitKind, TrapdoorKey},
    hash::{c8, scalar_to_bytes, Scalar},
    poe::poe_statement,
    post::{post_statement, set_root},
    seal::{seal_challenges, seal_statement},
};
use sp_core::Pair;
use sp_runtime::DispatchError;

use super::chain::{account, pair, Chain};
use crate::{
    configs::{Sectors, Terms},
    constants::{MICROUNIT, PROFILE, UNIT},
    *,
};

const NODES: [&str; 6] = [
    "//Node1", "//Node2", "//Node3", "//Node4", "//Node5", "//Node6",
];
const CUSTOMER: &str = "//Bob";
const ORDER: OrderId = OrderId(0);
const SECTOR: SectorNumber = SectorNumber(1);
/// Every slot is of zeros: the trees of data and of the sector need one hash per level.
const SLOT_BYTES: u64 = 8 * 1024;

fn slot(index: usize) -> SlotId {
    SlotId {
        order: ORDER,
        slot: SlotIndex(index as u16),
    }
}

fn provider(name: &str) -> ProviderId {
    ProviderId(account(name).into())
}

fn slot_tree() -> SlotTree {
    SlotTree::from_bytes(&[0; SLOT_BYTES as usize]).unwrap()
}

fn prove(kind: CircuitKind, statement: &Statement) -> ips_primitives::sector::ProofBytes {
    TrapdoorKey::new(PROFILE.id, kind).prove(statement).unwrap()
}

fn context(kind: CircuitKind) -> Context {
    Context {
        genesis: Porep::genesis(),
        profile: PROFILE.id,
        key: TrapdoorKey::new(PROFILE.id, kind).verifying_key().id(),
    }
}

/// The data root of a sector of zeros, and the siblings of each of its nodes.
fn zero_sector() -> (CommD, TreePath) {
    let mut node = Scalar::from(0u64);
    let mut siblings = Vec::new();
    for _ in 0..PROFILE.tree_levels {
        siblings.push([scalar_to_bytes(&node); 7]);
        node = c8(&[node; 8]);
    }
    let path = TreePath(siblings.try_into().unwrap());
    (CommD(scalar_to_bytes(&node)), path)
}

/// Makes a block of one call of each signer; all must succeed.
fn all_succeed(chain: &mut Chain, calls: Vec<(&str, RuntimeCall)>) {
    let extrinsics = calls
        .into_iter()
        .map(|(signer, call)| chain.signed(signer, call))
        .collect();
    for (index, result) in chain.block(extrinsics).into_iter().enumerate() {
        assert_eq!(result, Ok(()), "extrinsic {index}");
    }
}

/// Makes a block of a call that must fail.
fn fails(chain: &mut Chain, signer: &str, call: RuntimeCall, error: impl Into<DispatchError>) {
    let extrinsic = chain.signed(signer, call);
    let result = chain.block(vec![extrinsic]).remove(0);
    let DispatchError::Module(mut expected) = error.into() else {
        panic!("errors of pallets only");
    };
    let Err(DispatchError::Module(mut found)) = result else {
        panic!("{result:?}");
    };
    (expected.message, found.message) = (None, None);
    assert_eq!(found, expected);
}

fn register(name: &str, class: NodeClass) -> RuntimeCall {
    let owner: [u8; 32] = account(name).into();
    pallet_node_classes::Call::register {
        params: pallet_node_classes::NodeParams {
            class,
            worker: AccountKey(owner),
            operator: owner,
            peer_id: vec![1].try_into().unwrap(),
            addresses: Default::default(),
            capacity_bytes: 1 << 30,
        },
        consents: Default::default(),
    }
    .into()
}

fn order() -> RuntimeCall {
    let params = OrderParams {
        file: FileId([4; 32]),
        group: 0,
        erasure: ErasureParams { data: 3, parity: 3 },
        fragment_size: FragmentSize::K8,
        segments: 1,
        slot_roots: vec![slot_tree().root(); 6].try_into().unwrap(),
        duration_blocks: 1_000,
        price_per_mib_block_max: UNIT,
        delivery_key: AccountKey(account(CUSTOMER).into()),
    };
    pallet_storage_market::Call::place_order { params }.into()
}

fn set_keys(chain: &mut Chain) {
    let calls = CircuitKind::ALL.map(|kind| {
        let key = TrapdoorKey::new(PROFILE.id, kind)
            .verifying_key()
            .to_bytes();
        let call = pallet_porep::Call::set_verifying_key {
            key: key.to_vec().try_into().unwrap(),
        };
        let call = Box::new(call.into());
        ("//Alice", pallet_sudo::Call::sudo { call }.into())
    });
    all_succeed(chain, calls.to_vec());
}

fn on_board(chain: &mut Chain) {
    let classes = [
        NodeClass::Mobile,
        NodeClass::Personal,
        NodeClass::Professional,
    ];
    let mut calls = Vec::new();
    for (index, name) in NODES.into_iter().enumerate() {
        let ask = Ask {
            price_per_mib_block: UNIT / 2,
            duration_blocks_max: 10_000,
        };
        calls.push((name, register(name, classes[index % 3])));
        let amount = 10 * UNIT;
        calls.push((
            name,
            pallet_staking_collateral::Call::pledge { amount }.into(),
        ));
        calls.push((name, pallet_storage_market::Call::set_ask { ask }.into()));
    }
    all_succeed(chain, calls);
}

/// Places the order and has each node claim and confirm its slot.
fn place_and_deliver(chain: &mut Chain) {
    all_succeed(chain, vec![(CUSTOMER, order())]);
    let early = pallet_storage_market::Call::claim_slot { slot: slot(0) };
    let not_open = pallet_storage_market::Error::<Runtime>::LotteryNotOpen;
    fails(chain, NODES[0], early.into(), not_open);
    let now = chain.read(System::block_number);
    chain.run_to(now + Terms::get().lottery_blocks + 1);
    let claims = NODES.into_iter().enumerate().map(|(index, name)| {
        let call = pallet_storage_market::Call::claim_slot { slot: slot(index) };
        (name, call.into())
    });
    all_succeed(chain, claims.collect());

    let genesis = chain.read(Porep::genesis);
    let confirm = |signer: &str, index: usize, name: &'static str| {
        let note = DeliveryNote {
            genesis,
            slot: slot(index),
            provider: provider(name),
            slot_root: slot_tree().root(),
        };
        let signature = Signature(pair(signer).sign(&note.signing_bytes()).0);
        let slot = slot(index);
        RuntimeCall::from(pallet_storage_market::Call::confirm_deal { slot, signature })
    };
    // The provider can't sign for the customer.
    let forged = confirm(NODES[0], 0, NODES[0]);
    let bad = pallet_storage_market::Error::<Runtime>::BadSignature;
    fails(chain, NODES[0], forged, bad);
    let confirms = NODES
        .into_iter()
        .enumerate()
        .map(|(index, name)| (name, confirm(CUSTOMER, index, name)));
    all_succeed(chain, confirms.collect());
}

fn pre_commit(index: usize, ticket_block: BlockNumber) -> RuntimeCall {
    let piece = Piece {
        slot: slot(index),
        index: PieceIndex(0),
        node_offset: 0,
    };
    let args = PreCommit {
        sector: SECTOR,
        comm_d: zero_sector().0,
        comm_r: CommR([index as u8 + 1; 32]),
        ticket_block,
        replica_index: 0,
        pieces: vec![piece].try_into().unwrap(),
    };
    pallet_porep::Call::pre_commit { args }.into()
}

/// The openings and the seal proof that the seed asks of a node's sector.
fn prove_commit(name: &str) -> RuntimeCall {
    let info = pallet_porep::Sectors::<Runtime>::get(provider(name), SECTOR).unwrap();
    let seed = Porep::at(Sectors::get().seed_at(info.pre_committed_at)).unwrap();
    let challenges = seal_challenges(&PROFILE, &seed, &info.replica_id, &info.comm_r, 0);
    let statement =
        seal_statement(&info.replica_id, &info.comm_d, &info.comm_r, &challenges).unwrap();
    let nodes = (SLOT_BYTES as u32).div_ceil(31);
    let openings = (0..PROFILE.binding_openings).map(|index| {
        let node = binding_challenge(&seed, &info.replica_id, &info.comm_r, index, nodes);
        let first = u64::from(node) * 31;
        let last = (first + 30).min(SLOT_BYTES - 1);
        let leaf_bytes = SLOT_LEAF_BYTES as u64;
        let leaves: Vec<_> = (first / leaf_bytes..=last / leaf_bytes)
            .map(|leaf| SlotOpening {
                leaf: vec![0; SLOT_LEAF_BYTES],
                path: slot_tree().path(leaf).unwrap(),
            })
            .collect();
        BindingOpening {
            leaves: leaves.try_into().unwrap(),
            path: zero_sector().1,
        }
    });
    pallet_porep::Call::prove_commit {
        sector: SECTOR,
        proofs: vec![prove(CircuitKind::Seal, &statement)]
            .try_into()
            .unwrap(),
        bindings: openings.collect::<Vec<_>>().try_into().unwrap(),
    }
    .into()
}

fn seal_all(chain: &mut Chain) {
    let now = chain.read(System::block_number);
    let commits = NODES.into_iter().enumerate();
    all_succeed(
        chain,
        commits
            .map(|(index, name)| (name, pre_commit(index, now)))
            .collect(),
    );
    chain.run_to(now + 1 + Sectors::get().seed_delay_blocks);
    let proofs = chain.read(|| NODES.map(prove_commit));
    all_succeed(chain, NODES.into_iter().zip(proofs).collect());
    chain.read(|| {
        for (index, name) in NODES.into_iter().enumerate() {
            let info = pallet_porep::Sectors::<Runtime>::get(provider(name), SECTOR).unwrap();
            assert_eq!(info.state, SectorState::Active);
            assert_eq!(slot_state(index), SlotState::Active);
        }
    });
}

fn slot_state(index: usize) -> SlotState {
    let id = slot(index);
    let found = pallet_storage_market::Slots::<Runtime>::get(id.order, id.slot);
    found.unwrap().state
}

/// The storage proof that a node owes in the next block, if its window is open.
fn post(name: &str) -> Option<RuntimeCall> {
    let next = System::block_number() + 1;
    let view: PartitionView = Porep::partitions_of(provider(name), None)
        .into_iter()
        .next()?;
    let (window, beacon) = (view.window, view.beacon?);
    let is_due = !view.proven && next < window.closes_at && view.set.iter().any(|r| r.0 != [0; 32]);
    if !is_due {
        return None;
    }
    let r = context(CircuitKind::Post).post_randomness(
        &provider(name),
        view.index,
        window.period,
        &beacon,
    );
    let statement = post_statement(&set_root(&view.set).unwrap(), &r).unwrap();
    let call = pallet_porep::Call::submit_post {
        partition: view.index,
        period: window.period,
        proof: prove(CircuitKind::Post, &statement),
    };
    Some(call.into())
}

/// Makes blocks up to `block`, in which the given nodes prove what they owe; returns the last proof.
fn keep_proving(
    chain: &mut Chain,
    block: BlockNumber,
    nodes: &[&'static str],
) -> Option<(&'static str, RuntimeCall)> {
    let mut last = None;
    while chain.read(System::block_number) < block {
        let due: Vec<(&str, RuntimeCall)> = chain.read(|| {
            let due = nodes.iter().filter_map(|name| Some((*name, post(name)?)));
            due.collect()
        });
        last = due.last().cloned().or(last);
        all_succeed(chain, due);
    }
    last
}

fn retrieval(nonce: u64, total: u64, block: BlockNumber) -> RuntimeCall {
    let request = ExtractRequest {
        agreement: AgreementId(0),
        provider: provider(NODES[0]),
        slot: slot(0),
        offset: 0,
        length: SLOT_BYTES,
        nonce,
        block,
    };
    let voucher = Voucher {
        genesis: Porep::genesis(),
        request,
        cumulative_bytes: total,
    };
    let rho = context(CircuitKind::Poe).extract_randomness(&ExtractInputs {
        client_key: account(CUSTOMER).into(),
        agreement: request.agreement,
        nonce,
        provider: request.provider,
        slot: request.slot,
        range: (0, SLOT_BYTES),
        beacon: Porep::at(block).unwrap(),
    });
    assert_eq!(extract_piece(&rho, ORDER, 1), 0);
    let statement = poe_statement(&zero_sector().0, &rho).unwrap();
    let claim = ExtractClaim {
        voucher,
        signature: Signature(pair(CUSTOMER).sign(&voucher.signing_bytes()).0),
        proof: prove(CircuitKind::Poe, &statement),
    };
    let batch = vec![claim].try_into().unwrap();
    pallet_poe::Call::claim { batch }.into()
}

/// A chain whose six sectors are active.
fn sealed() -> Chain {
    let mut chain = Chain::development();
    set_keys(&mut chain);
    on_board(&mut chain);
    place_and_deliver(&mut chain);
    seal_all(&mut chain);
    chain
}

#[test]
fn order_is_placed_sealed_proven_and_paid() {
    let mut chain = sealed();
    let now = chain.read(System::block_number);
    let period = Sectors::get().schedule.period_blocks;
    let (signer, replay) = keep_proving(&mut chain, now + 2 * period, &NODES).unwrap();
    // The last proof again, in or after its window.
    let extrinsic = chain.signed(signer, replay);
    assert!(chain.block(vec![extrinsic])[0].is_err());

    let free = |name: &str| Balances::free_balance(account(name));
    let before = chain.read(|| free(NODES[5]));
    let settle = pallet_storage_market::Call::settle { slot: slot(5) };
    all_succeed(&mut chain, vec![("//Charlie", settle.into())]);
    chain.read(|| {
        assert!(free(NODES[5]) > before, "proven time is paid");
        for name in NODES {
            let partition = Porep::partitions_of(provider(name), None).remove(0);
            assert_eq!(partition.missed_periods, 0);
            assert!(partition.proven_periods >= 1);
        }
    });
}

#[test]
fn reading_pays_the_server_and_every_prover_once() {
    let mut chain = sealed();
    let price_per_mib = UNIT;
    let open = pallet_poe::Call::open_retrieval {
        order: ORDER,
        price_per_mib,
        budget: UNIT,
    };
    all_succeed(&mut chain, vec![(CUSTOMER, open.into())]);
    let block = chain.read(System::block_number);
    let claim = chain.read(|| retrieval(1, SLOT_BYTES, block));
    let before = chain.read(|| NODES.map(|name| Balances::free_balance(account(name))));
    let issued = chain.read(Balances::total_issuance);
    let extrinsic = chain.signed("//Charlie", claim.clone());
    assert_eq!(chain.block(vec![extrinsic]), vec![Ok(())]);
    let fee = price_per_mib * u128::from(SLOT_BYTES) / (1 << 20);
    let split = FeeSplit::of(fee);
    chain.read(|| {
        let share = split.provers / 6;
        for (index, name) in NODES.into_iter().enumerate() {
            let earned = Balances::free_balance(account(name)) - before[index];
            let expected = share + if index == 0 { split.server } else { 0 };
            assert_eq!(earned, expected, "{name}");
        }
        // A valid claim is free, so nothing else was burnt.
        let burnt = fee - split.server - 6 * share;
        assert_eq!(Balances::total_issuance(), issued - burnt);
        assert_eq!(
            Poe::agreement_view(AgreementId(0)).unwrap().budget,
            UNIT - fee
        );
    });
    fails(
        &mut chain,
        "//Charlie",
        claim,
        pallet_poe::Error::<Runtime>::StaleNonce,
    );
}

#[test]
fn node_that_stops_proving_is_slashed_and_earns_no_more() {
    let mut chain = sealed();
    let now = chain.read(System::block_number);
    let locked = |index: usize| StakingCollateral::locked(&provider(NODES[index]), slot(index));
    let before = chain.read(|| (locked(4), locked(5)));
    assert!(before.1 > MICROUNIT);
    let period = Sectors::get().schedule.period_blocks;
    keep_proving(&mut chain, now + 2 * period + 2, &NODES[..5]);
    chain.read(|| {
        assert_eq!(locked(4), before.0);
        assert!(locked(5) < before.1);
        assert_eq!(slot_state(4), SlotState::Active);
        assert_eq!(slot_state(5), SlotState::Faulty);
        let info = pallet_porep::Sectors::<Runtime>::get(provider(NODES[5]), SECTOR).unwrap();
        assert_eq!(info.state, SectorState::Faulty);
    });
    let recover = pallet_porep::Call::recover { sector: SECTOR };
    all_succeed(&mut chain, vec![(NODES[5], recover.into())]);
    let now = chain.read(System::block_number);
    keep_proving(&mut chain, now + 2 * period, &NODES);
    assert_eq!(chain.read(|| slot_state(5)), SlotState::Active);
}
