//! Scalars of BLS12-381 as 32 little-endian bytes.
//!
//! Goal: the one conversion between bytes and `blstrs` scalars. Non-goal: reduction; bytes that are
//! not canonical are refused.

use blstrs::Scalar;

/// Bytes that are not the canonical encoding of a scalar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("32 bytes are not a canonical scalar; pass a value below the group order, little-endian")]
pub struct NotCanonical;

/// The scalar of 32 little-endian bytes.
///
/// # Errors
/// [`NotCanonical`] if the value is not below the group order.
pub fn scalar_from_bytes(bytes: &[u8; 32]) -> Result<Scalar, NotCanonical> {
    Option::from(Scalar::from_bytes_le(bytes)).ok_or(NotCanonical)
}

/// The 32 little-endian bytes of a scalar.
pub fn scalar_to_bytes(scalar: &Scalar) -> [u8; 32] {
    scalar.to_bytes_le()
}

/// The scalar of an ASCII tag of at most 31 bytes, read little-endian.
pub(crate) fn tag(text: &[u8]) -> Scalar {
    let mut bytes = [0u8; 32];
    bytes[..text.len()].copy_from_slice(text);
    scalar_from_bytes(&bytes).expect("a tag is at most 31 bytes, so its value is below 2^248")
}

/// A node or index as a position in memory.
pub(crate) fn at(index: u32) -> usize {
    usize::try_from(index).expect("targets of this crate have at least 32-bit addresses")
}

#[cfg(test)]
mod tests {
    use super::*;
    use ff::Field;

    #[test]
    fn bytes_round_trip_and_the_order_is_refused() {
        let top = scalar_to_bytes(&-Scalar::ONE);
        assert_eq!(scalar_from_bytes(&top), Ok(-Scalar::ONE));
        let mut order = top;
        order[0] += 1;
        assert_eq!(scalar_from_bytes(&order), Err(NotCanonical));
        assert_eq!(scalar_from_bytes(&[0xff; 32]), Err(NotCanonical));
    }

    #[test]
    fn tags_are_little_endian() {
        assert_eq!(tag(b"\x01\x02"), Scalar::from(0x0201u64));
    }
}
