//! Names and addresses of nodes, as the chain stores them and as a user types them.
#![no_main]

use ips_fuzz::memory::bounded;
use ips_swarm::{Address, PeerId};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(peer) = bounded(bytes.len(), || PeerId::from_bytes(bytes)) {
        assert_eq!(PeerId::from_bytes(&peer.to_bytes()), Ok(peer));
        assert_eq!(peer.to_string().parse(), Ok(peer));
    }
    if let Ok(address) = bounded(bytes.len(), || Address::from_bytes(bytes)) {
        judge(address);
    }
    if let Some(address) = std::str::from_utf8(bytes)
        .ok()
        .and_then(|text| text.parse().ok())
    {
        judge(address);
    }
});

fn judge(address: Address) {
    assert_eq!(
        Address::from_bytes(&address.to_bytes()).ok().as_ref(),
        Some(&address)
    );
    let _ = (address.ip(), address.to_string());
    let _ = (address.is_reachable(true), address.is_reachable(false));
    let (short, peer) = address.clone().split_peer();
    // An address may name two peers; only one is ever put back.
    let again = short.clone().split_peer().1;
    if let (Some(peer), None) = (peer, again) {
        assert_eq!(short.with_peer(peer), address);
    }
}
