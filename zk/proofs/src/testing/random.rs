//! Random true and false witnesses: what the tests of all three relations draw them with.
//!
//! Goal: circuit and native twin give the same verdict on many witnesses that nobody thought of.
//! Non-goal: which rule breaks; the tests of single rules say that.

use blstrs::Scalar;
use ff::Field;
use ips_primitives::sector::Profile;
use rand_chacha::ChaCha20Rng;
use rand_core::{RngCore, SeedableRng};

use super::divert;
use crate::{seal::SectorData, tree::Path};

/// `base` witnesses, or as many times more as `IPS_ROUNDS` says.
pub(crate) fn witnesses(base: u32) -> std::ops::Range<u32> {
    let rounds = std::env::var("IPS_ROUNDS").map_or(1, |rounds| rounds.parse().unwrap());
    0..base * rounds
}

/// A source of choices; the same number gives the same choices.
pub(crate) struct Dice(ChaCha20Rng);

impl Dice {
    pub(crate) fn new(relation: u8, number: u32) -> Self {
        let mut seed = [relation; 32];
        seed[..4].copy_from_slice(&number.to_le_bytes());
        Self(ChaCha20Rng::from_seed(seed))
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: u32) -> u32 {
        self.0.next_u32() % end
    }

    /// Whether one of `of` equal chances came true.
    pub(crate) fn one_of(&mut self, of: u32) -> bool {
        self.below(of) == 0
    }

    pub(crate) fn scalar(&mut self) -> Scalar {
        Scalar::random(&mut self.0)
    }

    pub(crate) fn bytes(&mut self) -> [u8; 32] {
        let mut bytes = [0; 32];
        self.0.fill_bytes(&mut bytes);
        // Below the group order.
        bytes[31] &= 0x3f;
        bytes
    }

    /// A profile of small sectors with any numbers of all else.
    pub(crate) fn profile(&mut self) -> Profile {
        Profile {
            tree_levels: 1 + self.below(3),
            layers: 2 + self.below(2),
            seal_challenges: 1 + self.below(2),
            post_sectors: 1 + self.below(9),
            post_challenges: 1 + self.below(3),
            poe_openings: 1 + self.below(6),
            ..Profile::TEST
        }
    }

    /// Random data of any length that fits a sector.
    pub(crate) fn data(&mut self, profile: Profile) -> SectorData {
        let mut data = SectorData::new(profile);
        let length = 1 + self.below(profile.payload_bytes());
        let mut bytes = vec![0; usize::try_from(length).unwrap()];
        self.0.fill_bytes(&mut bytes);
        data.push_piece(0, &bytes).unwrap();
        data
    }

    /// Changes one of `values`, most likely.
    pub(crate) fn lie(&mut self, mut values: Vec<&mut Scalar>) {
        let count = u32::try_from(values.len()).unwrap();
        let [at, other] = [self.below(count), self.below(count)].map(|at| at as usize);
        let there = *values[other];
        *values[at] = match self.below(8) {
            0 => Scalar::ZERO,
            1 => Scalar::ONE,
            2 => -*values[at],
            3 => *values[at] + Scalar::ONE,
            4 => there,
            5 => {
                *values[other] = *values[at];
                there
            }
            _ => self.scalar(),
        };
    }

    /// Leads the path of leaf `index` to another root.
    pub(crate) fn divert(&mut self, path: &mut Path, index: u32) {
        let level = self.below(u32::try_from(path.len()).unwrap());
        divert(path, index, level as usize);
    }
}

/// Counts verdicts, so that neither kind is missing.
#[derive(Debug, Default)]
pub(crate) struct Verdicts {
    accepted: u32,
    refused: u32,
}

impl Verdicts {
    /// Notes what the native twin and the circuit say; they must agree.
    pub(crate) fn note(&mut self, number: u32, native: bool, broken: &[String]) {
        assert_eq!(native, broken.is_empty(), "witness {number}: {broken:?}");
        match native {
            true => self.accepted += 1,
            false => self.refused += 1,
        }
    }

    /// Both verdicts occurred often.
    pub(crate) fn are_mixed(&self) {
        let least = (self.accepted + self.refused) / 5;
        assert!(self.accepted >= least && self.refused >= least, "{self:?}");
    }
}
