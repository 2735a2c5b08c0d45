//! Names and addresses of nodes, with the libp2p types kept inside.

use std::{fmt, net::IpAddr, str::FromStr};

use libp2p::{multiaddr::Protocol, Multiaddr};

/// The name of a node in the network: hash of its public key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PeerId(pub(crate) libp2p::PeerId);

/// Bytes or text are not a peer id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a peer id; expected a multihash or its base58 text")]
pub struct PeerIdError;

impl PeerId {
    /// Reads the multihash bytes, as the chain stores them.
    ///
    /// # Errors
    /// If they are not a peer id.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, PeerIdError> {
        libp2p::PeerId::from_bytes(bytes)
            .map(Self)
            .map_err(|_| PeerIdError)
    }

    /// The multihash bytes, as the chain stores them.
    pub fn to_bytes(self) -> Vec<u8> {
        self.0.to_bytes()
    }
}

impl FromStr for PeerId {
    type Err = PeerIdError;

    fn from_str(text: &str) -> Result<Self, PeerIdError> {
        text.parse().map(Self).map_err(|_| PeerIdError)
    }
}

impl fmt::Display for PeerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for PeerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PeerId({})", self.0)
    }
}

/// Where a node listens: a multiaddress, such as `/ip4/192.0.2.1/udp/4001/quic-v1`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address(pub(crate) Multiaddr);

/// Bytes or text are not a multiaddress.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a multiaddress; expected such as /ip4/192.0.2.1/tcp/4001")]
pub struct AddressError;

/// No real multiaddress is longer; a longer one is hostile.
const ADDRESS_BYTES_MAX: usize = 512;

impl Address {
    /// Reads the binary form, as the chain stores it.
    ///
    /// # Errors
    /// If it is not a multiaddress or is unreasonably long.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, AddressError> {
        if bytes.len() > ADDRESS_BYTES_MAX {
            return Err(AddressError);
        }
        Multiaddr::try_from(bytes.to_vec())
            .map(Self)
            .map_err(|_| AddressError)
    }

    /// The binary form, as the chain stores it.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.to_vec()
    }

    /// This address with `/p2p/<peer>` at its end.
    pub fn with_peer(self, peer: PeerId) -> Self {
        match self.0.clone().with_p2p(peer.0) {
            Ok(with) | Err(with) => Self(with),
        }
    }

    /// Takes a `/p2p/<peer>` off the end, if there is one.
    pub fn split_peer(mut self) -> (Self, Option<PeerId>) {
        match self.0.iter().last() {
            Some(Protocol::P2p(peer)) => {
                self.0.pop();
                (self, Some(PeerId(peer)))
            }
            _ => (self, None),
        }
    }

    /// Whether telling the address to others makes sense: a transport of ours at a public address, or
    /// at any address of this machine or its network if all nodes are there.
    pub fn is_reachable(&self, local_network: bool) -> bool {
        crate::routing::usable(self.0.clone(), local_network).is_some()
    }

    /// The address of the machine, if it is given by number and not by name.
    pub fn ip(&self) -> Option<IpAddr> {
        self.0.iter().find_map(|part| match part {
            Protocol::Ip4(ip) => Some(IpAddr::V4(ip)),
            Protocol::Ip6(ip) => Some(IpAddr::V6(ip)),
            _ => None,
        })
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let address: Multiaddr = text.parse().map_err(|_| AddressError)?;
        // What is typed must be readable for others once the chain has it.
        Self::from_bytes(address.as_ref())
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({})", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_addresses_survive_bytes_and_text() {
        let peer = PeerId(libp2p::PeerId::random());
        assert_eq!(PeerId::from_bytes(&peer.to_bytes()), Ok(peer));
        assert_eq!(peer.to_string().parse(), Ok(peer));
        let plain: Address = "/ip4/127.0.0.1/udp/9/quic-v1".parse().unwrap();
        assert_eq!(Address::from_bytes(&plain.to_bytes()), Ok(plain.clone()));
        assert_eq!(
            plain.clone().with_peer(peer).split_peer(),
            (plain.clone(), Some(peer))
        );
        assert_eq!(plain.clone().split_peer(), (plain, None));
    }

    #[test]
    fn junk_is_no_name_and_no_address() {
        assert_eq!(PeerId::from_bytes(&[1, 2, 3]), Err(PeerIdError));
        assert_eq!(PeerId::from_bytes(&[]), Err(PeerIdError));
        assert_eq!(Address::from_bytes(&[0xff; 9]), Err(AddressError));
        assert_eq!(Address::from_bytes(&vec![4; 10_000]), Err(AddressError));
        assert_eq!("localhost:80".parse::<Address>(), Err(AddressError));
        let long = format!("/dns4/{}/tcp/4001", "a".repeat(600));
        assert_eq!(long.parse::<Address>(), Err(AddressError));
    }
}
