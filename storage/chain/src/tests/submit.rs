//! The submitter against what nodes do: include, refuse, drop, lose, restart.

use std::{path::Path, time::Duration};

use codec::Decode as _;
use ips_engine::chain::{Call, ChainClient, ChainError, ChainReader, Outcome};
use ips_primitives::{
    id::{AgreementId, Genesis, OrderId, SectorNumber},
    view::ChainInfo,
};
use subxt_rpcs::RpcClient;

use super::{
    fake::{Act, Effect, FakeNode},
    metadata::SYSTEM,
};
use crate::{AccountSigner, SubmitterConfig, SubxtClient, SubxtReader};

const LIMIT: Duration = Duration::from_secs(60);

async fn client_in(node: &FakeNode, folder: Option<&Path>) -> SubxtClient {
    let reader = SubxtReader::new(RpcClient::new(node.clone()), "fake")
        .await
        .unwrap();
    let config = SubmitterConfig {
        folder: folder.map(Path::to_owned),
    };
    SubxtClient::new(reader, AccountSigner::parse("//Alice").unwrap(), &config)
}

async fn client(node: &FakeNode) -> SubxtClient {
    client_in(node, None).await
}

async fn submit(client: &SubxtClient, call: Call) -> Result<Outcome, ChainError> {
    tokio::time::timeout(LIMIT, client.submit(call))
        .await
        .expect("an answer within the limit")
}

fn recover(number: u64) -> Call {
    Call::Recover(SectorNumber(number))
}

/// The nonce in an extrinsic: after length, version, address, signature kind, signature and era.
fn nonce_of(extrinsic: &[u8]) -> u8 {
    extrinsic[103] >> 2
}

/// What the runtime tells before it has a block: it does not know its genesis yet.
pub(super) fn info_at_block_0() -> ChainInfo {
    let mut info = ChainInfo::decode(&mut &[0; 512][..]).unwrap();
    info.genesis = Genesis([69; 32]);
    info
}

#[tokio::test]
async fn the_hash_of_block_0_is_known_before_there_is_a_block_1() {
    let node = FakeNode::new([]);
    let reader = SubxtReader::new(RpcClient::new(node), "fake")
        .await
        .unwrap();
    let told = reader.info().await.unwrap().genesis;
    assert_eq!(told, reader.genesis());
    assert_ne!(told, info_at_block_0().genesis);
}

#[tokio::test]
async fn included_call_tells_weight_block_and_new_ids() {
    let script = [
        Effect::OrderPlaced(41),
        Effect::AgreementOpened(42),
        Effect::Success,
    ];
    let node = FakeNode::new(script.map(Act::Include));
    let client = client(&node).await;
    let order = submit(&client, recover(1)).await.unwrap();
    assert_eq!((order.order, order.agreement), (Some(OrderId(41)), None));
    assert_eq!(order.included.ref_time, 1_000_000);
    assert_eq!(order.included.proof_size, 2_000);
    assert_eq!(order.included.block.number, 1);
    let agreement = submit(&client, recover(2)).await.unwrap();
    assert_eq!(agreement.agreement, Some(AgreementId(42)));
    let plain = submit(&client, recover(3)).await.unwrap();
    assert_eq!((plain.order, plain.agreement), (None, None));
    let nonces: Vec<u8> = node
        .handed_in()
        .iter()
        .map(|bytes| nonce_of(bytes))
        .collect();
    assert_eq!(nonces, [0, 1, 2]);
}

#[tokio::test]
async fn refusal_names_pallet_error_and_documentation() {
    let node = FakeNode::new([Act::Include(Effect::ModuleError(1))]);
    let client = client(&node).await;
    let error = submit(&client, Call::CancelOrder(OrderId(1)))
        .await
        .unwrap_err();
    let expected = ChainError::Refused {
        call: "storage_market.cancel_order",
        pallet: "StorageMarket".into(),
        error: "UnknownSlot".into(),
        explanation: "No such slot.".into(),
    };
    assert_eq!(error, expected);
    assert_eq!(node.handed_in().len(), 1);
}

#[tokio::test]
async fn lack_of_funds_is_told_as_such_by_pool_and_by_runtime() {
    let pool = Act::Reject(
        1010,
        "Inability to pay some fees (e.g. account balance too low)",
    );
    let node = FakeNode::new([pool, Act::Include(Effect::NoFunds)]);
    let client = client(&node).await;
    for _ in 0..2 {
        let error = submit(&client, recover(1)).await.unwrap_err();
        assert!(
            matches!(
                error,
                ChainError::NoFunds {
                    call: "porep.recover",
                    ..
                }
            ),
            "{error}"
        );
    }
    // The pool's refusal used no nonce.
    let nonces: Vec<u8> = node
        .handed_in()
        .iter()
        .map(|bytes| nonce_of(bytes))
        .collect();
    assert_eq!(nonces, [0, 0]);
}

#[tokio::test]
async fn dropped_extrinsic_is_sent_again_with_its_nonce() {
    let node = FakeNode::new([Act::Drop, Act::LoseBefore]);
    let client = client(&node).await;
    submit(&client, recover(1)).await.unwrap();
    let sent = node.handed_in();
    assert_eq!(sent.len(), 3);
    assert_eq!((&sent[0], &sent[1]), (&sent[1], &sent[2]));
}

#[tokio::test]
async fn extrinsic_included_behind_a_lost_connection_is_not_sent_twice() {
    let node = FakeNode::new([Act::LoseAfter]);
    let client = client(&node).await;
    let outcome = submit(&client, recover(1)).await.unwrap();
    assert_eq!(outcome.included.block.number, 1);
    assert_eq!(node.handed_in().len(), 1);
}

/// Makes blocks until it is aborted.
fn blocks_of(node: &FakeNode) -> tokio::task::JoinHandle<()> {
    let node = node.clone();
    tokio::spawn(async move {
        let mut tick = tokio::time::interval(Duration::from_millis(20));
        loop {
            tick.tick().await;
            node.advance(1);
        }
    })
}

#[tokio::test]
async fn pool_that_is_full_or_knows_another_runtime_is_asked_again_with_the_same_nonce() {
    let node = FakeNode::new([
        Act::Reject(1016, "Immediately Dropped"),
        Act::Reject(1010, "Transaction has a bad signature"),
        Act::Reject(1012, "Transaction is temporarily banned"),
    ]);
    let client = client(&node).await;
    let blocks = blocks_of(&node);
    submit(&client, recover(1)).await.unwrap();
    blocks.abort();
    let nonces: Vec<u8> = node
        .handed_in()
        .iter()
        .map(|bytes| nonce_of(bytes))
        .collect();
    assert_eq!(nonces, [0; 4]);
}

#[tokio::test]
async fn pool_that_never_takes_a_call_is_reported_and_blocks_nobody() {
    let full = || Act::Reject(1016, "Immediately Dropped");
    let node = FakeNode::new((0..8).map(|_| full()));
    let client = client(&node).await;
    let blocks = blocks_of(&node);
    let error = submit(&client, recover(1)).await.unwrap_err();
    assert!(
        matches!(&error, ChainError::Refused { error, .. } if error == "PoolFull"),
        "{error}"
    );
    submit(&client, recover(2)).await.unwrap();
    blocks.abort();
    assert_eq!(
        node.handed_in().last().map(|bytes| nonce_of(bytes)),
        Some(0)
    );
}

#[tokio::test]
async fn node_that_is_away_gets_the_call_when_it_is_back() {
    let node = FakeNode::new([]);
    let client = client(&node).await;
    submit(&client, recover(1)).await.unwrap();
    let blocks = blocks_of(&node);
    for away in 1..6 {
        node.fail_requests(away);
        submit(&client, recover(u64::from(away) + 1)).await.unwrap();
    }
    blocks.abort();
    let nonces: Vec<u8> = node
        .handed_in()
        .iter()
        .map(|bytes| nonce_of(bytes))
        .collect();
    assert_eq!(nonces, (0..6).collect::<Vec<u8>>());
}

#[tokio::test]
async fn former_build_that_was_included_is_found() {
    let stale = Act::Reject(1010, "Transaction is outdated");
    let node = FakeNode::new([Act::IncludeAndBan, stale]);
    let client = client(&node).await;
    let blocks = blocks_of(&node);
    let outcome = submit(&client, recover(1)).await.unwrap();
    blocks.abort();
    assert_eq!(outcome.included.block.number, 1);
    assert_eq!(node.handed_in().len(), 2, "built twice, with one nonce");
}

#[tokio::test]
async fn duplicate_in_the_pool_is_waited_for() {
    let node = FakeNode::new([Act::Drop, Act::Reject(1013, "0x00")]);
    let client = client(&node).await;
    let blocks = blocks_of(&node);
    submit(&client, recover(1)).await.unwrap();
    blocks.abort();
    let sent = node.handed_in();
    assert_eq!(sent.len(), 3);
    assert!(sent.iter().all(|bytes| *bytes == sent[0]));
}

#[tokio::test]
async fn nonce_taken_by_another_program_is_passed_over() {
    let node = FakeNode::new([Act::Reject(1014, "too low")]);
    let client = client(&node).await;
    submit(&client, recover(1)).await.unwrap();
    let nonces: Vec<u8> = node
        .handed_in()
        .iter()
        .map(|bytes| nonce_of(bytes))
        .collect();
    assert_eq!(nonces, [0, 1]);
}

#[tokio::test]
async fn expired_extrinsic_is_built_anew() {
    let node = FakeNode::new([Act::Keep]);
    let client = client(&node).await;
    let waiting = tokio::spawn({
        let client = client.clone();
        async move { submit(&client, recover(1)).await }
    });
    wait_until(|| node.handed_in().len() == 1).await;
    node.advance(70);
    waiting.await.unwrap().unwrap();
    let sent = node.handed_in();
    assert_eq!(sent.len(), 2);
    assert_ne!(sent[0], sent[1]);
}

#[tokio::test]
async fn restart_takes_up_what_was_in_flight_and_joins_an_equal_call() {
    let folder = tempfile::tempdir().unwrap();
    let node = FakeNode::new([Act::Keep]);
    let first = client_in(&node, Some(folder.path())).await;
    let waiting = tokio::spawn({
        let first = first.clone();
        async move { first.submit(recover(7)).await }
    });
    wait_until(|| node.handed_in().len() == 1).await;
    waiting.abort();
    // The aborted task holds the journal until it is gone.
    assert!(waiting.await.unwrap_err().is_cancelled());
    drop(first);
    wait_until_closed(folder.path()).await;

    node.then(Act::Include(Effect::OrderPlaced(5)));
    let second = client_in(&node, Some(folder.path())).await;
    let outcome = submit(&second, recover(7)).await.unwrap();
    assert_eq!(outcome.order, Some(OrderId(5)));
    let sent = node.handed_in();
    assert_eq!(sent.len(), 2, "the same call was not built a second time");
    assert_eq!(sent[0], sent[1]);
    submit(&second, recover(7)).await.unwrap();
    assert_eq!(
        node.handed_in().len(),
        3,
        "a later equal call is a call of its own"
    );
}

#[tokio::test]
async fn recovered_call_is_followed_but_not_built_anew_unasked() {
    let folder = tempfile::tempdir().unwrap();
    let node = FakeNode::new([Act::Keep, Act::Keep]);
    let first = client_in(&node, Some(folder.path())).await;
    let waiting = tokio::spawn({
        let first = first.clone();
        async move { first.submit(recover(7)).await }
    });
    wait_until(|| node.handed_in().len() == 1).await;
    waiting.abort();
    assert!(waiting.await.unwrap_err().is_cancelled());
    drop(first);
    wait_until_closed(folder.path()).await;

    let second = client_in(&node, Some(folder.path())).await;
    wait_until(|| node.handed_in().len() == 2).await;
    node.advance(70);
    // A call that asks for something else shows that the lane still works.
    submit(&second, recover(8)).await.unwrap();
    submit(&second, recover(7)).await.unwrap();
    let sent = node.handed_in();
    assert_eq!(sent.len(), 4);
    assert_eq!(sent[0], sent[1]);
    assert_ne!(sent[3], sent[0], "asked for again, it is a call of its own");
}

#[tokio::test]
async fn call_whose_end_cannot_be_seen_is_never_sent_as_another() {
    let stale = || Act::Reject(1010, "Transaction is outdated");
    let node = FakeNode::new([Act::Include(Effect::Unreadable), stale(), stale()]);
    let client = client(&node).await;
    for _ in 0..3 {
        let error = submit(&client, recover(1)).await.unwrap_err();
        assert!(matches!(error, ChainError::Incompatible(_)), "{error}");
    }
    let sent = node.handed_in();
    assert_eq!(sent.len(), 3);
    assert!(sent.iter().all(|bytes| *bytes == sent[0]));
}

#[tokio::test]
async fn inclusion_in_a_block_that_was_replaced_does_not_count() {
    let node = FakeNode::new([Act::IncludeAndRetract]);
    let client = client(&node).await;
    let outcome = submit(&client, recover(1)).await.unwrap();
    assert_eq!(outcome.included.block.number, 2);
    let sent = node.handed_in();
    assert_eq!(sent.len(), 2);
    assert_eq!(sent[0], sent[1]);
}

#[tokio::test]
async fn nonces_that_a_chain_has_lost_are_used_again() {
    let node = FakeNode::new([]);
    let client = client(&node).await;
    for number in 0..3 {
        submit(&client, recover(number)).await.unwrap();
    }
    node.go_back();
    submit(&client, recover(9)).await.unwrap();
    let nonces: Vec<u8> = node
        .handed_in()
        .iter()
        .map(|bytes| nonce_of(bytes))
        .collect();
    assert_eq!(nonces, [0, 1, 2, 0]);
}

#[tokio::test]
async fn gap_before_a_waiting_extrinsic_is_filled() {
    let success = || Act::Include(Effect::Success);
    let node = FakeNode::new([success(), Act::Future, success()]);
    let client = client(&node).await;
    submit(&client, recover(1)).await.unwrap();
    let waiting = tokio::spawn({
        let client = client.clone();
        async move { submit(&client, recover(2)).await }
    });
    wait_until(|| node.handed_in().len() == 2).await;
    node.go_back();
    let other = node.clone();
    wait_until(move || {
        other.advance(1);
        other.handed_in().len() == 3
    })
    .await;
    let sent = node.handed_in();
    assert_eq!((nonce_of(&sent[1]), nonce_of(&sent[2])), (1, 0));
    let remark = [SYSTEM, 0, 0];
    assert!(sent[2].ends_with(&remark));
    node.include_kept(1);
    node.advance(70);
    waiting.await.unwrap().unwrap();
    assert_eq!(node.handed_in().len(), 3);
}

#[tokio::test]
async fn many_calls_at_once_get_consecutive_nonces() {
    let node = FakeNode::new([]);
    let client = client(&node).await;
    let calls = (0..40).map(|number| submit(&client, recover(number)));
    let outcomes = futures::future::join_all(calls).await;
    assert!(outcomes.iter().all(Result::is_ok));
    let nonces: Vec<u8> = node
        .handed_in()
        .iter()
        .map(|bytes| nonce_of(bytes))
        .collect();
    assert_eq!(nonces, (0..40).collect::<Vec<u8>>());
}

#[tokio::test]
async fn reads_and_heads_survive_a_node_that_is_away() {
    let node = FakeNode::new([]);
    let client = client(&node).await;
    node.fail_requests(3);
    assert_eq!(client.beacon(5).await.unwrap(), Some([10; 32]));
    let mut heads = client.heads();
    let before = heads.borrow_and_update().number;
    node.advance(1);
    tokio::time::timeout(LIMIT, heads.changed())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(heads.borrow().number, before + 1);
}

/// Waits until nobody has the journal in a folder.
async fn wait_until_closed(folder: &Path) {
    wait_until(|| {
        let mut files = std::fs::read_dir(folder).unwrap();
        let file = files.next().unwrap().unwrap().path();
        crate::journal::Journal::open(&file).is_ok()
    })
    .await;
}

async fn wait_until(mut condition: impl FnMut() -> bool) {
    let poll = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(LIMIT, poll)
        .await
        .expect("the condition within the limit");
}
