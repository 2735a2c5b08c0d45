//! The head of a ceremony and its contributions, as bytes and as hashes.
//!
//! Head, version 1, [`HEADER_BYTES`]: magic `IPS2`, version, kind, profile, origin (0 public seed,
//! 1 first phase), R1CS digest (32), hash of the origin (64), hash of the initial parameters (32).
//! Contribution, [`CONTRIBUTION_BYTES`]: type (0 contributor, 1 beacon), length of the name, name
//! (64), δ (48), proof of knowledge (192), hash of the parameters after it (32), length of the
//! beacon's value, value (64), iterations (log2), hash of all before it and of itself (32). Unused
//! bytes are zero, so that there is one encoding.

use std::fmt;

use blstrs::G1Affine;
use ips_primitives::{hash::blake2_256, sector::ProfileId};
use ips_verifier::groth16::CircuitKind;

use super::{
    beacon::{Beacon, VALUE_BYTES_MAX},
    error::Fault,
    knowledge::{Knowledge, KNOWLEDGE_BYTES},
    points::g1_compressed,
};
use crate::file::profile_byte;

const MAGIC: [u8; 4] = *b"IPS2";
const VERSION: u8 = 1;
/// Bytes of the head.
pub(super) const HEADER_BYTES: usize = 8 + 32 + 64 + 32;
/// Longest name of a contributor.
pub(super) const NAME_BYTES_MAX: usize = 64;
/// Where the fields of a contribution begin.
const NAME_AT: usize = 2;
const DELTA_AT: usize = NAME_AT + NAME_BYTES_MAX;
const KNOWLEDGE_AT: usize = DELTA_AT + 48;
const PARAMETERS_AT: usize = KNOWLEDGE_AT + KNOWLEDGE_BYTES;
const VALUE_AT: usize = PARAMETERS_AT + 32 + 1;
const ITERATIONS_AT: usize = VALUE_AT + VALUE_BYTES_MAX;
const HASH_AT: usize = ITERATIONS_AT + 1;
/// Bytes of a contribution.
pub(super) const CONTRIBUTION_BYTES: usize = HASH_AT + 32;

/// BLAKE2b-256 of parameters, or of a ceremony up to a contribution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CeremonyHash(pub [u8; 32]);

impl fmt::Display for CeremonyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

/// BLAKE2b-512 of a first phase's file (what `b2sum` prints), or of a public seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OriginHash(pub [u8; 64]);

impl fmt::Display for OriginHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

/// Where tau, α and β come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A seed that everybody knows: whatever follows, anybody can forge proofs.
    PublicSeed(OriginHash),
    /// The file of a first phase.
    PhaseOne(OriginHash),
}

impl Origin {
    const fn byte(self) -> u8 {
        match self {
            Self::PublicSeed(_) => 0,
            Self::PhaseOne(_) => 1,
        }
    }

    const fn hash(&self) -> &OriginHash {
        match self {
            Self::PublicSeed(hash) | Self::PhaseOne(hash) => hash,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PublicSeed(hash) => write!(f, "the public seed {hash} (INSECURE)"),
            Self::PhaseOne(hash) => write!(f, "the first phase {hash}"),
        }
    }
}

/// What the first bytes of a file say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeaderFault {
    /// Other first bytes.
    #[error("not a ceremony file")]
    Foreign,
    /// Another version.
    #[error("ceremony version {0} is unknown, this program reads version 1; use its release")]
    Version(u8),
    /// An unknown circuit.
    #[error("circuit kind {0} is unknown; use the release that started the ceremony")]
    Kind(u8),
    /// An unknown profile.
    #[error("profile {0} is unknown; use the release that started the ceremony")]
    Profile(u8),
    /// An unknown origin.
    #[error("origin {0} is unknown; use the release that started the ceremony")]
    Origin(u8),
}

/// What a ceremony is for and where it starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// The circuit.
    pub kind: CircuitKind,
    /// The profile.
    pub profile: ProfileId,
    /// Where tau, α and β come from.
    pub origin: Origin,
    /// Digest of the circuit's constraints.
    pub circuit: CeremonyHash,
    /// Hash of the parameters before the first contribution.
    pub initial: CeremonyHash,
}

impl Header {
    pub(super) fn to_bytes(self) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        bytes[..4].copy_from_slice(&MAGIC);
        bytes[4..8].copy_from_slice(&[
            VERSION,
            self.kind as u8,
            profile_byte(self.profile),
            self.origin.byte(),
        ]);
        bytes[8..40].copy_from_slice(&self.circuit.0);
        bytes[40..104].copy_from_slice(&self.origin.hash().0);
        bytes[104..].copy_from_slice(&self.initial.0);
        bytes
    }

    pub(super) fn parse(bytes: &[u8; HEADER_BYTES]) -> Result<Self, HeaderFault> {
        if bytes[..4] != MAGIC {
            return Err(HeaderFault::Foreign);
        }
        let [version, kind, profile, origin] = array(&bytes[4..8]);
        if version != VERSION {
            return Err(HeaderFault::Version(version));
        }
        let kind = CircuitKind::from_byte(kind).ok_or(HeaderFault::Kind(kind))?;
        let profile = ProfileId::ALL
            .into_iter()
            .find(|id| profile_byte(*id) == profile)
            .ok_or(HeaderFault::Profile(profile))?;
        let hash = OriginHash(array(&bytes[40..104]));
        let origin = match origin {
            0 => Origin::PublicSeed(hash),
            1 => Origin::PhaseOne(hash),
            other => return Err(HeaderFault::Origin(other)),
        };
        Ok(Self {
            kind,
            profile,
            origin,
            circuit: CeremonyHash(array(&bytes[8..40])),
            initial: CeremonyHash(array(&bytes[104..])),
        })
    }

    /// What the first contribution is bound to.
    pub fn hash(&self) -> CeremonyHash {
        CeremonyHash(blake2_256(&[b"ips/ceremony/start/1", &self.to_bytes()]))
    }
}

/// One contribution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contribution {
    /// Who made it, in its own words.
    pub name: String,
    /// The beacon, if this is its contribution.
    pub beacon: Option<Beacon>,
    /// Hash of the parameters after it.
    pub parameters: CeremonyHash,
    /// Hash of everything before it and of itself: what its maker publishes.
    pub hash: CeremonyHash,
    pub(super) delta: G1Affine,
    pub(super) knowledge: Knowledge,
}

impl Contribution {
    /// What the hash should be after `before`.
    pub(super) fn hash_after(&self, before: CeremonyHash) -> CeremonyHash {
        let bytes = self.to_bytes();
        CeremonyHash(blake2_256(&[
            b"ips/ceremony/contribution/1",
            &before.0,
            &bytes[..HASH_AT],
        ]))
    }

    /// The name must be at most [`NAME_BYTES_MAX`] bytes long.
    pub(super) fn to_bytes(&self) -> [u8; CONTRIBUTION_BYTES] {
        let mut bytes = [0; CONTRIBUTION_BYTES];
        let name = self.name.as_bytes();
        bytes[0] = u8::from(self.beacon.is_some());
        bytes[1] = length_byte(name);
        bytes[NAME_AT..NAME_AT + name.len()].copy_from_slice(name);
        bytes[DELTA_AT..KNOWLEDGE_AT].copy_from_slice(&self.delta.to_compressed());
        bytes[KNOWLEDGE_AT..PARAMETERS_AT].copy_from_slice(&self.knowledge.to_bytes());
        bytes[PARAMETERS_AT..VALUE_AT - 1].copy_from_slice(&self.parameters.0);
        if let Some(beacon) = &self.beacon {
            let value = beacon.value();
            bytes[VALUE_AT - 1] = length_byte(value);
            bytes[VALUE_AT..VALUE_AT + value.len()].copy_from_slice(value);
            bytes[ITERATIONS_AT] = beacon.iterations_log2();
        }
        bytes[HASH_AT..].copy_from_slice(&self.hash.0);
        bytes
    }

    pub(super) fn parse(bytes: &[u8; CONTRIBUTION_BYTES]) -> Result<Self, Fault> {
        let prefix = |at: usize, max: usize, length: u8| {
            let length = usize::from(length);
            (length <= max).then(|| &bytes[at..at + length])
        };
        let name = prefix(NAME_AT, NAME_BYTES_MAX, bytes[1]).ok_or(Fault::Encoding)?;
        let name = String::from_utf8(name.to_vec()).map_err(|_| Fault::Encoding)?;
        let value = prefix(VALUE_AT, VALUE_BYTES_MAX, bytes[VALUE_AT - 1]);
        let value = value.ok_or(Fault::Encoding)?.to_vec();
        let beacon = match bytes[0] {
            0 => None,
            1 => {
                let beacon = Beacon::new(value, bytes[ITERATIONS_AT]);
                Some(beacon.map_err(|_| Fault::Encoding)?)
            }
            _ => return Err(Fault::Encoding),
        };
        let contribution = Self {
            name,
            beacon,
            parameters: CeremonyHash(array(&bytes[PARAMETERS_AT..VALUE_AT - 1])),
            hash: CeremonyHash(array(&bytes[HASH_AT..])),
            delta: g1_compressed(&bytes[DELTA_AT..KNOWLEDGE_AT]).ok_or(Fault::Point)?,
            knowledge: Knowledge::parse(&bytes[KNOWLEDGE_AT..PARAMETERS_AT]).ok_or(Fault::Point)?,
        };
        // Whatever was not read must be zero.
        if contribution.to_bytes() == *bytes {
            Ok(contribution)
        } else {
            Err(Fault::Encoding)
        }
    }
}

/// Whether others can read the name without harm.
pub(super) fn is_name(name: &str) -> bool {
    (1..=NAME_BYTES_MAX).contains(&name.len()) && !name.chars().any(char::is_control)
}

fn length_byte(bytes: &[u8]) -> u8 {
    u8::try_from(bytes.len()).expect("names and beacons are checked to have at most 64 bytes")
}

/// The bytes as an array of exactly their length.
fn array<const N: usize>(bytes: &[u8]) -> [u8; N] {
    bytes
        .try_into()
        .expect("the caller slices as many bytes as the array has")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ceremony::knowledge::{first_delta, Secret};

    fn header() -> Header {
        Header {
            kind: CircuitKind::Post,
            profile: ProfileId::Dev,
            origin: Origin::PhaseOne(OriginHash([3; 64])),
            circuit: CeremonyHash([1; 32]),
            initial: CeremonyHash([2; 32]),
        }
    }

    #[test]
    fn heads_round_trip_and_unknown_ones_are_named() {
        let bytes = header().to_bytes();
        assert_eq!(Header::parse(&bytes), Ok(header()));
        for (at, value, fault) in [
            (0, b'X', HeaderFault::Foreign),
            (4, 2, HeaderFault::Version(2)),
            (5, 9, HeaderFault::Kind(9)),
            (6, 99, HeaderFault::Profile(99)),
            (7, 2, HeaderFault::Origin(2)),
        ] {
            let mut bytes = bytes;
            bytes[at] = value;
            assert_eq!(Header::parse(&bytes), Err(fault));
        }
    }

    #[test]
    fn contributions_round_trip_in_one_encoding() {
        for beacon in [None, Some(Beacon::new(vec![8; 5], 3).unwrap())] {
            let contribution = Contribution {
                name: "Ada".into(),
                beacon,
                parameters: CeremonyHash([4; 32]),
                hash: CeremonyHash([5; 32]),
                delta: first_delta(),
                knowledge: Secret::from_seed([6; 32]).prove(header().hash()),
            };
            let bytes = contribution.to_bytes();
            assert_eq!(Contribution::parse(&bytes), Ok(contribution));
            for at in [0, 1, NAME_AT + 10, VALUE_AT - 1, VALUE_AT + 60] {
                let mut other = bytes;
                other[at] = 0xff;
                assert_eq!(Contribution::parse(&other), Err(Fault::Encoding), "{at}");
            }
            // The identity in place of delta, as after a secret of zero.
            let mut zero = bytes;
            zero[DELTA_AT..KNOWLEDGE_AT].fill(0);
            zero[DELTA_AT] = 0xc0;
            assert_eq!(Contribution::parse(&zero), Err(Fault::Point));
        }
    }

    #[test]
    fn names_can_be_printed() {
        for (name, good) in [("Ada", true), ("", false), ("a\x1b[2J", false)] {
            assert_eq!(is_name(name), good, "{name:?}");
        }
        assert!(!is_name(&"a".repeat(65)));
    }
}
