//! The storage-proof statement: the sectors of a partition are held now (`docs/protocol.md` §5).

use alloc::vec::Vec;

use ips_primitives::sector::{CommR, Profile, SetRoot, Statement};

use crate::hash::{
    bit_slices, c8_padded, canonical, scalar_to_bytes, tag, NonCanonical, Scalar, C8_ARITY,
};

/// Tag of the statement.
pub const POST_TAG: &str = "ips/post/1";
/// Tag of a sector's challenges.
pub const POST_CHALLENGE_TAG: &str = "ips/post-challenge/1";

/// Root of the `comm_r`s of a partition by position; zero = empty or faulty.
///
/// Filled up with zeros to a multiple of 8 and hashed in groups of 8 until one scalar is left, at
/// least once. A profile fixes the number of positions, so roots of different heights never meet.
///
/// # Errors
/// [`NonCanonical`] if a `comm_r` is not a canonical scalar.
pub fn set_root(comm_rs: &[CommR]) -> Result<SetRoot, NonCanonical> {
    let leaves = comm_rs.iter().map(|comm_r| canonical(&comm_r.0));
    let mut level = leaves.collect::<Result<Vec<Scalar>, _>>()?;
    loop {
        level = level.chunks(C8_ARITY).map(c8_padded).collect();
        match level.as_slice() {
            [] => level.push(c8_padded(&[])),
            [_] => {}
            _ => continue,
        }
        return Ok(SetRoot(scalar_to_bytes(&level[0])));
    }
}

/// The public input of a storage proof; `r` is `Context::post_randomness`.
///
/// # Errors
/// [`NonCanonical`] if the root or `r` is not a canonical scalar.
pub fn post_statement(set_root: &SetRoot, r: &[u8; 32]) -> Result<Statement, NonCanonical> {
    let hash = c8_padded(&[tag(POST_TAG), canonical(&set_root.0)?, canonical(r)?]);
    Ok(Statement(scalar_to_bytes(&hash)))
}

/// Nodes of the replica at `position` that a storage proof opens.
///
/// # Errors
/// [`NonCanonical`] if the statement or `comm_r` is not a canonical scalar.
pub fn post_challenges(
    profile: &Profile,
    statement: &Statement,
    position: u32,
    comm_r: &CommR,
) -> Result<Vec<u32>, NonCanonical> {
    let hash = c8_padded(&[
        tag(POST_CHALLENGE_TAG),
        canonical(&statement.0)?,
        Scalar::from(u64::from(position)),
        canonical(&comm_r.0)?,
    ]);
    Ok(bit_slices(&hash, 3 * profile.tree_levels, profile.post_challenges).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::c8;

    fn set(count: u8) -> Vec<CommR> {
        (1..=count).map(|byte| CommR([byte; 32])).collect()
    }

    #[test]
    fn small_sets_are_one_hash_and_large_sets_a_tree() {
        let zero = Scalar::from(0u64);
        let leaf = |byte: u8| canonical(&[byte; 32]).unwrap();
        let root = set_root(&set(4)).unwrap();
        let expected = c8(&[leaf(1), leaf(2), leaf(3), leaf(4), zero, zero, zero, zero]);
        assert_eq!(root.0, scalar_to_bytes(&expected));
        let low = c8(&core::array::from_fn(|i| leaf(1 + i as u8)));
        let high = c8(&[leaf(9), zero, zero, zero, zero, zero, zero, zero]);
        let expected = c8(&[low, high, zero, zero, zero, zero, zero, zero]);
        assert_eq!(set_root(&set(9)).unwrap().0, scalar_to_bytes(&expected));
        assert_eq!(set_root(&[]).unwrap().0, scalar_to_bytes(&c8(&[zero; 8])));
    }

    #[test]
    fn set_root_depends_on_every_position() {
        let base = set_root(&set(20)).unwrap();
        for i in 0..20 {
            let mut other = set(20);
            other[i] = CommR([0; 32]);
            assert_ne!(set_root(&other).unwrap(), base);
        }
        let mut swapped = set(20);
        swapped.swap(0, 19);
        assert_ne!(set_root(&swapped).unwrap(), base);
    }

    #[test]
    fn statement_depends_on_set_and_randomness() {
        let base = post_statement(&SetRoot([1; 32]), &[2; 32]).unwrap();
        assert_ne!(post_statement(&SetRoot([3; 32]), &[2; 32]).unwrap(), base);
        assert_ne!(post_statement(&SetRoot([1; 32]), &[3; 32]).unwrap(), base);
        assert_ne!(post_statement(&SetRoot([2; 32]), &[1; 32]).unwrap(), base);
    }

    #[test]
    fn non_canonical_values_are_refused() {
        let bad = [0xff; 32];
        assert_eq!(set_root(&[CommR([1; 32]), CommR(bad)]), Err(NonCanonical));
        assert_eq!(post_statement(&SetRoot(bad), &[1; 32]), Err(NonCanonical));
        assert_eq!(post_statement(&SetRoot([1; 32]), &bad), Err(NonCanonical));
        let challenges = |s, r| post_challenges(&Profile::TEST, &Statement(s), 0, &CommR(r));
        assert_eq!(challenges(bad, [1; 32]), Err(NonCanonical));
        assert_eq!(challenges([1; 32], bad), Err(NonCanonical));
    }

    #[test]
    fn challenges_are_disjoint_slices_and_depend_on_all() {
        let profile = Profile {
            post_challenges: 10,
            ..Profile::DEV
        };
        let of = |statement, position, comm_r| {
            post_challenges(
                &profile,
                &Statement([statement; 32]),
                position,
                &CommR([comm_r; 32]),
            )
            .unwrap()
        };
        let base = of(1, 0, 2);
        assert_eq!(base.len(), 10);
        assert!(base.iter().all(|node| *node < profile.nodes()));
        assert_ne!(base, of(2, 0, 2));
        assert_ne!(base, of(1, 1, 2));
        assert_ne!(base, of(1, 0, 3));
    }
}
