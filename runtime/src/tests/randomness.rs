//! The beacon: from the relay chain, out of the hands of a block's author.

use frame_support::assert_ok;
use ips_pallet_traits::Beacons;
use ips_primitives::challenge::Beacon;
use sp_trie::StorageProof;

use super::chain::{relay_state, vrf, Chain};
use crate::*;

fn beacon(chain: &mut Chain, block: BlockNumber) -> Option<Beacon> {
    chain.read(|| Porep::at(block))
}

/// A block 1 on a relay block with that VRF output, then block 2: its beacon.
fn beacon_after(output: Option<[u8; 32]>, salt: u64) -> Beacon {
    let mut chain = Chain::development();
    let mut relay = relay_state(1_001, None, output);
    relay.current_epoch = salt;
    let (root, proof) = relay.into_state_root_and_proof();
    chain.block_on(root, proof, vec![]);
    chain.block(vec![]);
    beacon(&mut chain, 2).unwrap()
}

#[test]
fn beacon_follows_the_vrf_of_the_relay_block_and_nothing_else() {
    let one = beacon_after(Some(vrf(1)), 0);
    assert_ne!(one, beacon_after(Some(vrf(2)), 0));
    assert_eq!(one, beacon_after(Some(vrf(1)), 9));
    // Without a VRF output it follows the relay chain's state root.
    assert_ne!(beacon_after(None, 0), beacon_after(None, 9));
}

#[test]
fn what_an_author_puts_into_its_block_does_not_move_the_next_beacon() {
    let mut plain = Chain::development();
    plain.run_to(2);
    let mut ground = Chain::development();
    let remark = frame_system::Call::remark { remark: vec![1] };
    let extrinsic = ground.signed("//Alice", remark);
    assert_ok!(ground.block(vec![extrinsic])[0]);
    ground.run_to(2);
    let hash = |chain: &mut Chain| chain.read(|| System::block_hash(1));
    assert_ne!(hash(&mut plain), hash(&mut ground));
    assert_eq!(beacon(&mut plain, 2), beacon(&mut ground, 2));
    assert_eq!(beacon(&mut plain, 3), None);
}

#[test]
#[should_panic(expected = "covers the randomness")]
fn a_proof_that_leaves_the_randomness_out_makes_the_block_invalid() {
    let output = vrf(1);
    let (root, proof) = relay_state(1_001, None, Some(output)).into_state_root_and_proof();
    let has_output = |node: &Vec<u8>| node.windows(32).any(|part| part == output);
    let nodes: Vec<_> = proof.into_iter_nodes().collect();
    let left: Vec<_> = nodes
        .iter()
        .filter(|node| !has_output(node))
        .cloned()
        .collect();
    assert!(left.len() < nodes.len());
    Chain::development().block_on(root, StorageProof::new(left), vec![]);
}
