//! Which contacts are kept: usable addresses, spread over networks, seen within the hour.

use std::{
    collections::{HashMap, VecDeque},
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    time::{Duration, Instant},
};

use libp2p::{kad, multiaddr::Protocol, Multiaddr, PeerId};

use crate::{behaviour::CONTACT_TTL, peer::Address};

/// Addresses kept of one peer.
const ADDRESSES_MAX: usize = 8;
/// Peers in the address book.
const BOOK_PEERS_MAX: usize = 1024;
/// Contacts of one /24 (IPv6: /48) in one bucket.
const NETWORK_PER_BUCKET_MAX: usize = 2;
/// Contacts of one /24 (IPv6: /48) in the whole table.
const NETWORK_PER_TABLE_MAX: usize = 10;

type Directory = kad::Behaviour<kad::store::MemoryStore>;

/// Addresses that callers and bootstrap settings gave us; outlives a rebuild of the swarm.
#[derive(Default)]
pub(crate) struct AddressBook {
    peers: HashMap<PeerId, Vec<Multiaddr>>,
    order: VecDeque<PeerId>,
}

impl AddressBook {
    /// Notes an address, newest first; the oldest peer gives way when the book is full. Tells whether
    /// the address is new.
    pub(crate) fn add(&mut self, peer: PeerId, address: Multiaddr) -> bool {
        if !self.peers.contains_key(&peer) {
            if self.order.len() >= BOOK_PEERS_MAX {
                if let Some(oldest) = self.order.pop_front() {
                    self.peers.remove(&oldest);
                }
            }
            self.order.push_back(peer);
        }
        let addresses = self.peers.entry(peer).or_default();
        let before = addresses.len();
        addresses.retain(|known| *known != address);
        let is_new = addresses.len() == before;
        addresses.insert(0, address);
        addresses.truncate(ADDRESSES_MAX);
        is_new
    }

    pub(crate) fn get(&self, peer: &PeerId) -> Vec<Multiaddr> {
        self.peers.get(peer).cloned().unwrap_or_default()
    }
}

/// How soon a peer that could not be reached is dialled again. Outlives a rebuild of the swarm.
#[derive(Default)]
pub(crate) struct Backoff(HashMap<PeerId, Failures>);

#[derive(Clone, Copy)]
struct Failures {
    count: u32,
    last: Instant,
}

/// Pause after the first failed dial; doubles.
const DIAL_PAUSE: Duration = Duration::from_millis(500);
/// Longest pause of a dial that a caller waits for.
const DIAL_PAUSE_ASKED_MAX: Duration = Duration::from_secs(10);
/// Longest pause of a dial that nobody waits for.
const DIAL_PAUSE_MAX: Duration = Duration::from_secs(600);

impl Backoff {
    /// Notes a dial that failed.
    pub(crate) fn failed(&mut self, peer: PeerId, now: Instant) {
        if self.0.len() >= BOOK_PEERS_MAX && !self.0.contains_key(&peer) {
            // Forgetting costs a few dials too many.
            self.0.retain(|_, failures| {
                now.saturating_duration_since(failures.last) < DIAL_PAUSE_ASKED_MAX
            });
            if self.0.len() >= BOOK_PEERS_MAX {
                self.0.clear();
            }
        }
        let failures = self.0.entry(peer).or_insert(Failures {
            count: 0,
            last: now,
        });
        failures.count = failures.count.saturating_add(1);
        failures.last = now;
    }

    /// Notes that the peer was reached, or that there is a new address to try.
    pub(crate) fn forget(&mut self, peer: &PeerId) {
        self.0.remove(peer);
    }

    /// Whether the peer may be dialled now; `asked` = somebody waits for it.
    pub(crate) fn allows(&self, peer: &PeerId, asked: bool, now: Instant) -> bool {
        let Some(failures) = self.0.get(peer) else {
            return true;
        };
        let pause = DIAL_PAUSE.saturating_mul(1 << (failures.count - 1).min(16));
        let longest = if asked {
            DIAL_PAUSE_ASKED_MAX
        } else {
            DIAL_PAUSE_MAX
        };
        now.saturating_duration_since(failures.last) >= pause.min(longest)
    }
}

/// When each contact in the table was last seen: libp2p does not forget by itself.
#[derive(Default)]
pub(crate) struct LastSeen(HashMap<PeerId, Instant>);

impl LastSeen {
    /// Notes a sign of life of a contact in the table; of others nothing is kept.
    pub(crate) fn note(&mut self, peer: &PeerId, now: Instant) {
        if let Some(seen) = self.0.get_mut(peer) {
            *seen = now;
        }
    }

    /// Takes silent contacts out of the table.
    pub(crate) fn sweep(&mut self, directory: &mut Directory, now: Instant) {
        self.0.retain(|peer, seen| {
            let alive = now.saturating_duration_since(*seen) < CONTACT_TTL;
            if !alive {
                directory.remove_peer(peer);
            }
            alive
        });
    }

    /// Puts a peer with its usable addresses into the table.
    pub(crate) fn insert(
        &mut self,
        directory: &mut Directory,
        peer: PeerId,
        addresses: Vec<Multiaddr>,
        local_network: bool,
        now: Instant,
    ) {
        let mut usable = addresses
            .into_iter()
            .filter_map(|address| usable(address, local_network))
            .filter(|address| local_network || has_room(directory, &peer, address))
            .take(ADDRESSES_MAX)
            .peekable();
        if usable.peek().is_none() {
            return;
        }
        for address in usable.collect::<Vec<_>>() {
            if directory.add_address(&peer, address) == kad::RoutingUpdate::Failed {
                return;
            }
        }
        self.0.insert(peer, now);
    }

    /// Takes a peer out that has left the directory.
    pub(crate) fn remove(&mut self, directory: &mut Directory, peer: &PeerId) {
        if self.0.remove(peer).is_some() {
            directory.remove_peer(peer);
        }
    }
}

/// The address without its peer id, if others can dial it.
pub(crate) fn usable(address: Multiaddr, local_network: bool) -> Option<Multiaddr> {
    let (Address(address), _) = Address(address).split_peer();
    let mut parts = address.iter();
    let reachable = match parts.next()? {
        Protocol::Ip4(ip) => !ip.is_unspecified() && (local_network || is_public_v4(ip)),
        Protocol::Ip6(ip) => !ip.is_unspecified() && (local_network || is_public_v6(ip)),
        Protocol::Dns(_) | Protocol::Dns4(_) | Protocol::Dns6(_) => true,
        _ => false,
    };
    let transport = match (parts.next()?, parts.next(), parts.next()) {
        (Protocol::Tcp(port), None, None) => port != 0,
        (Protocol::Udp(port), Some(Protocol::QuicV1), None) => port != 0,
        _ => false,
    };
    (reachable && transport).then_some(address)
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    !(ip.is_loopback()
        || ip.is_private()
        || ip.is_link_local()
        || ip.is_multicast()
        || ip.is_broadcast()
        || ip.is_documentation())
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    let [first, ..] = ip.segments();
    let (unique_local, link_local) = (first & 0xfe00 == 0xfc00, first & 0xffc0 == 0xfe80);
    let mapped = ip.to_ipv4_mapped().is_none_or(is_public_v4);
    mapped && !(ip.is_loopback() || ip.is_multicast() || unique_local || link_local)
}

/// Start of an IP address: what one operator usually has, /24, or /48 for IPv6.
pub(crate) type Network = [u8; 6];

/// The network of an address that is given by number.
pub(crate) fn network(address: &Multiaddr) -> Option<Network> {
    match Address(address.clone()).ip()? {
        IpAddr::V4(ip) => {
            let [a, b, c, _] = ip.octets();
            Some([4, a, b, c, 0, 0])
        }
        IpAddr::V6(ip) => {
            let [a, b, c, d, e, f, ..] = ip.octets();
            Some([a, b, c, d, e, f])
        }
    }
}

/// Whether one more contact of this network leaves the table diverse: it is harder to surround a
/// node with contacts of one machine.
fn has_room(directory: &mut Directory, peer: &PeerId, address: &Multiaddr) -> bool {
    let Some(wanted) = network(address) else {
        return true;
    };
    let own_distance = kad::KBucketKey::from(*peer);
    let same = |addresses: &kad::Addresses| addresses.iter().any(|a| network(a) == Some(wanted));
    let in_table = directory
        .kbuckets()
        .map(|bucket| {
            bucket
                .iter()
                .filter(|entry| *entry.node.key != own_distance && same(entry.node.value))
                .count()
        })
        .sum::<usize>();
    let in_bucket = directory.kbucket(*peer).map_or(0, |bucket| {
        bucket
            .iter()
            .filter(|entry| *entry.node.key != own_distance && same(entry.node.value))
            .count()
    });
    in_table < NETWORK_PER_TABLE_MAX && in_bucket < NETWORK_PER_BUCKET_MAX
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{NodeKey, SwarmConfig};
    use ips_primitives::id::Genesis;

    fn is_usable(text: &str, local: bool) -> bool {
        usable(text.parse().unwrap(), local).is_some()
    }

    #[test]
    fn only_addresses_that_others_can_dial_are_usable() {
        for good in [
            "/ip4/8.8.8.8/tcp/1",
            "/ip4/8.8.8.8/udp/1/quic-v1",
            "/ip6/2a00::1/tcp/1",
            "/dns4/node.example/tcp/1",
        ] {
            assert!(is_usable(good, false), "{good}");
        }
        for private in [
            "/ip4/127.0.0.1/tcp/1",
            "/ip4/10.1.1.1/tcp/1",
            "/ip6/fe80::1/tcp/1",
            "/ip6/::1/tcp/1",
        ] {
            assert!(
                !is_usable(private, false) && is_usable(private, true),
                "{private}"
            );
        }
        for bad in [
            "/ip4/0.0.0.0/tcp/1",
            "/ip4/8.8.8.8/tcp/0",
            "/ip4/8.8.8.8/udp/1",
            "/memory/1",
        ] {
            assert!(!is_usable(bad, false) && !is_usable(bad, true), "{bad}");
        }
    }

    #[test]
    fn address_book_is_bounded() {
        let mut book = AddressBook::default();
        let first = PeerId::random();
        for port in 1..20u16 {
            book.add(first, format!("/ip4/1.2.3.4/tcp/{port}").parse().unwrap());
        }
        assert_eq!(book.get(&first).len(), ADDRESSES_MAX);
        assert_eq!(book.get(&first)[0].to_string(), "/ip4/1.2.3.4/tcp/19");
        for _ in 0..BOOK_PEERS_MAX {
            book.add(PeerId::random(), "/ip4/1.2.3.4/tcp/1".parse().unwrap());
        }
        assert!(book.get(&first).is_empty());
        assert_eq!(book.peers.len(), BOOK_PEERS_MAX);
    }

    #[test]
    fn dials_back_off_until_the_peer_is_reached() {
        let (mut backoff, peer, now) = (Backoff::default(), PeerId::random(), Instant::now());
        assert!(backoff.allows(&peer, false, now));
        backoff.failed(peer, now);
        assert!(!backoff.allows(&peer, true, now));
        assert!(backoff.allows(&peer, true, now + DIAL_PAUSE));
        for _ in 0..40 {
            backoff.failed(peer, now);
        }
        assert!(backoff.allows(&peer, true, now + DIAL_PAUSE_ASKED_MAX));
        assert!(!backoff.allows(&peer, false, now + DIAL_PAUSE_ASKED_MAX));
        assert!(backoff.allows(&peer, false, now + DIAL_PAUSE_MAX));
        backoff.forget(&peer);
        assert!(backoff.allows(&peer, false, now));
        for _ in 0..BOOK_PEERS_MAX * 2 {
            backoff.failed(PeerId::random(), now);
        }
        assert!(backoff.0.len() <= BOOK_PEERS_MAX);
    }

    #[tokio::test]
    async fn one_network_cannot_fill_the_table_and_silence_empties_it() {
        let config = SwarmConfig::client(Genesis([1; 32]), NodeKey::from_seed([2; 32]));
        let mut swarm = crate::behaviour::build(&config).unwrap();
        let directory = &mut swarm.behaviour_mut().kad;
        let (mut seen, now) = (LastSeen::default(), Instant::now());
        for _ in 0..200 {
            let address = "/ip4/8.8.8.8/tcp/1".parse().unwrap();
            seen.insert(directory, PeerId::random(), vec![address], false, now);
        }
        let count = |directory: &mut Directory| {
            directory
                .kbuckets()
                .map(|bucket| bucket.num_entries())
                .sum::<usize>()
        };
        assert_eq!(count(directory), NETWORK_PER_TABLE_MAX);
        seen.sweep(directory, now + CONTACT_TTL / 2);
        assert_eq!(count(directory), NETWORK_PER_TABLE_MAX);
        seen.sweep(directory, now + CONTACT_TTL);
        assert_eq!(count(directory), 0);
    }
}
