//! The rules of [`ips_verifier`] for values that are `blstrs` scalars.
//!
//! Goal: statements and challenges are computed by the verifier's own functions; only `comm_r`, of
//! which sealing needs many, is computed here, and a test compares it.

use blstrs::Scalar;
use ips_primitives::sector::{CommD, CommR, Profile, ReplicaId, SetRoot, Statement};
use ips_verifier::{
    hash::NonCanonical,
    poe::{self, POE_CHALLENGE_TAG, POE_TAG},
    post::{self, POST_CHALLENGE_TAG, POST_TAG},
    replica::COMM_R_TAG,
    seal::{self, SealChallenge, SEAL_TAG},
};

use crate::{
    c8::c8_padded,
    scalar::{scalar_from_bytes, scalar_to_bytes, tag},
};

/// Defines the scalars of tags.
macro_rules! tags {
    ($($name:ident = $text:ident;)*) => {$(
        pub(crate) fn $name() -> Scalar {
            tag($text.as_bytes())
        }
    )*};
}

tags! {
    tag_comm_r = COMM_R_TAG;
    tag_seal = SEAL_TAG;
    tag_post = POST_TAG;
    tag_post_challenge = POST_CHALLENGE_TAG;
    tag_poe = POE_TAG;
    tag_poe_challenge = POE_CHALLENGE_TAG;
}

/// `comm_r` of the roots of trees C and R.
pub(crate) fn comm_r(comm_c: Scalar, comm_r_last: Scalar) -> Scalar {
    c8_padded(&[tag_comm_r(), comm_c, comm_r_last])
}

/// What the verifier says about values that are scalars, and so canonical.
fn of_scalars<T>(result: Result<T, NonCanonical>) -> T {
    result.expect("every argument was encoded from a scalar, which is canonical")
}

fn statement_scalar(statement: &Statement) -> Scalar {
    scalar_from_bytes(&statement.0).expect("a statement is an encoded field hash")
}

/// The statement of a seal proof.
pub(crate) fn seal_statement(
    replica_id: Scalar,
    comm_d: Scalar,
    comm_r: Scalar,
    challenges: &[SealChallenge],
) -> Scalar {
    let replica_id = ReplicaId(scalar_to_bytes(&replica_id));
    let (comm_d, comm_r) = (
        CommD(scalar_to_bytes(&comm_d)),
        CommR(scalar_to_bytes(&comm_r)),
    );
    statement_scalar(&of_scalars(seal::seal_statement(
        &replica_id,
        &comm_d,
        &comm_r,
        challenges,
    )))
}

/// The statement of a storage proof.
pub(crate) fn post_statement(comm_rs: &[Scalar], randomness: Scalar) -> Scalar {
    let comm_rs: Vec<_> = comm_rs
        .iter()
        .map(|comm_r| CommR(scalar_to_bytes(comm_r)))
        .collect();
    let root: SetRoot = of_scalars(post::set_root(&comm_rs));
    statement_scalar(&of_scalars(post::post_statement(
        &root,
        &scalar_to_bytes(&randomness),
    )))
}

/// The leaves of the slot at `position` that a storage proof opens.
pub(crate) fn post_challenges(
    profile: &Profile,
    statement: Scalar,
    position: u32,
    comm_r: Scalar,
) -> Vec<u32> {
    let statement = Statement(scalar_to_bytes(&statement));
    let comm_r = CommR(scalar_to_bytes(&comm_r));
    of_scalars(post::post_challenges(
        profile, &statement, position, &comm_r,
    ))
}

/// The statement of a proof of extract.
pub(crate) fn poe_statement(comm_d: Scalar, rho: Scalar) -> Scalar {
    let comm_d = CommD(scalar_to_bytes(&comm_d));
    statement_scalar(&of_scalars(poe::poe_statement(
        &comm_d,
        &scalar_to_bytes(&rho),
    )))
}

/// The nodes of the data that a proof of extract opens.
pub(crate) fn poe_challenges(profile: &Profile, statement: Scalar) -> Vec<u32> {
    of_scalars(poe::poe_challenges(
        profile,
        &Statement(scalar_to_bytes(&statement)),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seal::labels;
    use ff::Field;
    use ips_verifier::{hash, replica};
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng;

    fn ark(scalar: &Scalar) -> hash::Scalar {
        hash::scalar_from_bytes(&scalar_to_bytes(scalar)).unwrap()
    }

    fn ours(scalar: hash::Scalar) -> Scalar {
        scalar_from_bytes(&hash::scalar_to_bytes(&scalar)).unwrap()
    }

    #[test]
    fn the_field_hash_is_the_verifiers() {
        let mut rng = ChaCha20Rng::from_seed([1; 32]);
        let edge = [Scalar::ZERO, Scalar::ONE, -Scalar::ONE];
        for round in 0..40 {
            let inputs = std::array::from_fn(|i| match round {
                0..=2 => edge[round],
                _ if i % 5 == round % 7 => edge[i % 3],
                _ => Scalar::random(&mut rng),
            });
            let theirs = hash::c8(&inputs.each_ref().map(ark));
            assert_eq!(crate::c8(&inputs), ours(theirs));
        }
    }

    #[test]
    fn labels_columns_and_comm_r_are_the_verifiers() {
        let mut rng = ChaCha20Rng::from_seed([2; 32]);
        for node in [0, 1, 511, u32::MAX] {
            let id = Scalar::random(&mut rng);
            let drg: [Scalar; 6] = std::array::from_fn(|_| Scalar::random(&mut rng));
            let expander: [Scalar; 8] = std::array::from_fn(|_| Scalar::random(&mut rng));
            let base = id + labels::layer_base(3) + Scalar::from(u64::from(node));
            let their_base = replica::label_base(ark(&id), 3, node);
            assert_eq!(base, ours(their_base));
            let drg_ark = drg.each_ref().map(ark);
            let first = replica::first_layer_label(their_base, &drg_ark);
            assert_eq!(labels::label(base, &drg, &[]), ours(first));
            let higher = replica::label(their_base, &drg_ark, &expander.each_ref().map(ark));
            assert_eq!(labels::label(base, &drg, &expander), ours(higher));
            let column = replica::column(&drg_ark);
            assert_eq!(labels::column(&drg), ours(column));
            let both = replica::comm_r(drg_ark[0], drg_ark[1]);
            assert_eq!(comm_r(drg[0], drg[1]), ours(both));
        }
    }
}
