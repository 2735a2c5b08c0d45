//! Finding nodes through other nodes.

use ips_primitives::id::Genesis;
use ips_swarm::FetchError;

use crate::support::{bytes, until, within, Node, QUIC, TCP};

#[tokio::test(flavor = "multi_thread")]
async fn five_nodes_find_each_other_through_the_first() {
    let first = Node::start(TCP, |_| {});
    let entry = first.addresses().await.remove(0).with_peer(first.peer());
    let mut nodes = vec![first];
    for index in 1..5 {
        let listen = if index % 2 == 0 { TCP } else { QUIC };
        nodes.push(Node::start(listen, |config| {
            config.bootstrap = vec![entry.clone()]
        }));
    }
    until(|| async { nodes[0].swarm.known_peers().await.unwrap().len() == nodes.len() - 1 }).await;
    let client = Node::client(|config| config.bootstrap = vec![entry.clone()]);
    until(|| async { !client.swarm.known_peers().await.unwrap().is_empty() }).await;
    for (index, node) in nodes.iter().enumerate() {
        let expected = node.addresses().await;
        let asker = &nodes[(index + 2) % nodes.len()];
        for asker in [&client, asker] {
            until(|| async { asker.swarm.find_peer(node.peer()).await.as_ref() == Ok(&expected) })
                .await;
        }
    }
    // What was found can be used.
    let holder = &nodes[3];
    let found = within(client.swarm.find_peer(holder.peer())).await.unwrap();
    within(client.swarm.connect(holder.peer(), found))
        .await
        .unwrap();
    let id = holder.service.put(bytes(500, 1));
    let got = within(client.swarm.fetch_fragment(holder.peer(), id, 500)).await;
    assert_eq!(got, Ok(bytes(500, 1)));
    // A customer only asks: nobody lists it.
    let lost = within(nodes[1].swarm.find_peer(client.peer())).await;
    assert_eq!(
        lost,
        Err(FetchError::Unreachable {
            peer: client.peer()
        })
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_of_another_chain_stay_out_of_the_directory() {
    let first = Node::start(TCP, |_| {});
    let entry = first.addresses().await.remove(0).with_peer(first.peer());
    let foreign = Node::start(TCP, |config| {
        config.genesis = Genesis([0xcd; 32]);
        config.bootstrap = vec![entry.clone()];
    });
    let own = Node::start(TCP, |config| config.bootstrap = vec![entry.clone()]);
    until(|| async { first.swarm.connected_peers().await.unwrap().len() == 2 }).await;
    until(|| async { first.swarm.known_peers().await.unwrap() == vec![own.peer()] }).await;
    assert!(foreign.swarm.known_peers().await.unwrap().is_empty());
}
