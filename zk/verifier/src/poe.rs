//! The proof-of-extract statement: this data could be read after this request (`docs/protocol.md`
//! §7).

use alloc::vec::Vec;

use ips_primitives::sector::{CommD, Profile, Statement};

use crate::hash::{bit_slices, c8_padded, canonical, scalar_to_bytes, tag, NonCanonical};

/// Tag of the statement.
pub const POE_TAG: &str = "ips/poe/1";
/// Tag of the openings' challenges.
pub const POE_CHALLENGE_TAG: &str = "ips/poe-challenge/1";

/// The public input of a proof of extract; `rho` is `Context::extract_randomness`.
///
/// # Errors
/// [`NonCanonical`] if the root or `rho` is not a canonical scalar.
pub fn poe_statement(comm_d: &CommD, rho: &[u8; 32]) -> Result<Statement, NonCanonical> {
    let hash = c8_padded(&[tag(POE_TAG), canonical(&comm_d.0)?, canonical(rho)?]);
    Ok(Statement(scalar_to_bytes(&hash)))
}

/// Nodes of the data that a proof of extract opens.
///
/// # Errors
/// [`NonCanonical`] if the statement is not a canonical scalar.
pub fn poe_challenges(profile: &Profile, statement: &Statement) -> Result<Vec<u32>, NonCanonical> {
    let hash = c8_padded(&[tag(POE_CHALLENGE_TAG), canonical(&statement.0)?]);
    Ok(bit_slices(&hash, 3 * profile.tree_levels, profile.poe_openings).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{hash::Scalar, post::post_statement};
    use ips_primitives::sector::SetRoot;

    #[test]
    fn statement_depends_on_data_request_and_kind() {
        let base = poe_statement(&CommD([1; 32]), &[2; 32]).unwrap();
        assert_ne!(poe_statement(&CommD([3; 32]), &[2; 32]).unwrap(), base);
        assert_ne!(poe_statement(&CommD([1; 32]), &[3; 32]).unwrap(), base);
        assert_ne!(post_statement(&SetRoot([1; 32]), &[2; 32]).unwrap(), base);
    }

    #[test]
    fn non_canonical_values_are_refused() {
        let bad = [0xff; 32];
        assert_eq!(poe_statement(&CommD(bad), &[1; 32]), Err(NonCanonical));
        assert_eq!(poe_statement(&CommD([1; 32]), &bad), Err(NonCanonical));
        assert_eq!(
            poe_challenges(&Profile::TEST, &Statement(bad)),
            Err(NonCanonical)
        );
    }

    #[test]
    fn challenges_are_bit_slices_of_the_squeeze() {
        let statement = Statement([5; 32]);
        let squeeze = c8_padded(&[tag(POE_CHALLENGE_TAG), canonical(&[5; 32]).unwrap()]);
        let nodes = poe_challenges(&Profile::TEST, &statement).unwrap();
        assert_eq!(nodes.len(), 4);
        let low = nodes
            .iter()
            .rev()
            .fold(0u64, |low, node| low << 9 | u64::from(*node));
        let mut head = [0; 8];
        head.copy_from_slice(&scalar_to_bytes(&squeeze)[..8]);
        assert_eq!(low, u64::from_le_bytes(head) & ((1 << 36) - 1));
        assert_ne!(
            squeeze,
            Scalar::from(low),
            "more bits than the openings use"
        );
        assert_ne!(
            poe_challenges(&Profile::TEST, &Statement([6; 32])).unwrap(),
            nodes
        );
    }
}
