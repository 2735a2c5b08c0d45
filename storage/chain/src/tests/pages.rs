//! Answers that are longer than one page.

use codec::{Decode, Encode};
use ips_engine::chain::ChainReader;
use ips_primitives::{
    id::{ProviderId, SectorNumber},
    sector::{CommD, CommR, ReplicaId, SectorState},
    view::{SectorView, SECTORS_PAGE},
};
use subxt_rpcs::RpcClient;

use super::fake::FakeNode;
use crate::SubxtReader;

/// Two full pages: only an empty third one says that this is all.
const SECTORS: u64 = 2 * SECTORS_PAGE as u64;

fn sector(number: u64) -> SectorView {
    SectorView {
        number: SectorNumber(number),
        state: SectorState::Active,
        comm_d: CommD([0; 32]),
        comm_r: CommR([0; 32]),
        replica_id: ReplicaId([0; 32]),
        pieces: Vec::new(),
        pre_committed_at: 0,
        seed: None,
        partition: None,
    }
}

/// What a runtime answers that keeps the sectors in descending order.
pub(super) fn sectors_after(arguments: &str) -> Vec<u8> {
    let bytes = hex::decode(arguments.trim_start_matches("0x")).unwrap();
    let (_, after) = <(ProviderId, Option<SectorNumber>)>::decode(&mut bytes.as_slice()).unwrap();
    let end = after.map_or(SECTORS, |after| after.0);
    let page: Vec<_> = (0..end)
        .rev()
        .take(SECTORS_PAGE as usize)
        .map(sector)
        .collect();
    page.encode()
}

#[tokio::test]
async fn every_page_of_a_long_answer_is_asked_for() {
    let node = FakeNode::new([]);
    let reader = SubxtReader::new(RpcClient::new(node), "fake")
        .await
        .unwrap();
    let sectors = reader.sectors_of(ProviderId([1; 32])).await.unwrap();
    let numbers: Vec<_> = sectors.iter().map(|sector| sector.number.0).collect();
    assert_eq!(numbers, (0..SECTORS).collect::<Vec<_>>());
}
