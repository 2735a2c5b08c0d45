//! The last contribution: a secret that everybody can compute, from a value that nobody could foresee
//! when the contributors were done.
//!
//! It takes away what is left to the last contributor: the choice among final parameters. The value is
//! hashed many times, so that whoever can influence it cannot try many values in time.

use ips_primitives::hash::blake2_256;

use super::{error::CeremonyError, knowledge::Secret, record::CeremonyHash};

/// Longest value.
pub(super) const VALUE_BYTES_MAX: usize = 64;
/// Most iterations, as a power of two: days on one core.
const ITERATIONS_LOG2_MAX: u8 = 40;

/// A public value and how often it is hashed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beacon {
    value: Vec<u8>,
    iterations_log2: u8,
}

impl Beacon {
    /// A beacon of a value of 1 to 64 bytes, hashed `2^iterations_log2` times.
    ///
    /// # Errors
    /// [`CeremonyError::Beacon`] if one of the two is out of bounds.
    pub fn new(value: Vec<u8>, iterations_log2: u8) -> Result<Self, CeremonyError> {
        if value.is_empty()
            || value.len() > VALUE_BYTES_MAX
            || iterations_log2 > ITERATIONS_LOG2_MAX
        {
            return Err(CeremonyError::Beacon);
        }
        Ok(Self {
            value,
            iterations_log2,
        })
    }

    /// The value.
    pub fn value(&self) -> &[u8] {
        &self.value
    }

    /// The value is hashed two to the power of this many times.
    pub fn iterations_log2(&self) -> u8 {
        self.iterations_log2
    }

    /// The secret of the contribution after `before`.
    pub(super) fn secret(&self, before: CeremonyHash) -> Secret {
        let first = blake2_256(&[b"ips/ceremony/beacon/1", &self.value]);
        let last = (0..1u64 << self.iterations_log2).fold(first, |hash, _| blake2_256(&[&hash]));
        Secret::from_seed(blake2_256(&[
            b"ips/ceremony/beacon-secret/1",
            &last,
            &before.0,
        ]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_secret_depends_on_value_iterations_and_place() {
        let here = CeremonyHash([1; 32]);
        let secret = |value: &[u8], log2, before| {
            Beacon::new(value.to_vec(), log2)
                .unwrap()
                .secret(before)
                .delta
        };
        let one = secret(b"value", 3, here);
        assert_eq!(one, secret(b"value", 3, here));
        assert_ne!(one, secret(b"valuf", 3, here));
        assert_ne!(one, secret(b"value", 4, here));
        assert_ne!(one, secret(b"value", 3, CeremonyHash([2; 32])));
    }

    #[test]
    fn bounds_are_kept() {
        for (length, log2, good) in [(1, 0, true), (64, 40, true), (0, 1, false), (65, 1, false)] {
            assert_eq!(Beacon::new(vec![1; length], log2).is_ok(), good);
        }
        assert!(Beacon::new(vec![1], 41).is_err());
    }
}
