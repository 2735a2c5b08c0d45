//! From chain state to the verifier: scalars, statements, verification.

use alloc::vec::Vec;

use frame_support::{ensure, traits::Get};
use ips_primitives::{
    challenge::Beacon,
    id::{PartitionIndex, ProviderId},
    proof_calls::{PreCommit, TreePath},
    sector::{CommD, CommR, Profile, ProofBytes, Statement},
};
use ips_verifier::{
    groth16::CircuitKind,
    hash::{scalar_from_bytes, scalar_to_bytes},
    post::{post_statement, set_root},
    seal::{seal_challenges, seal_statement},
    tree::{node_scalar, siblings_root},
};

use crate::{
    pallet::{Config, Error, Pallet},
    types::SectorInfo,
};

/// The scalar of a node's data, in bytes; `None` if there are more than a node holds.
pub(crate) fn node_scalar_of(data: &[u8]) -> Option<[u8; 32]> {
    let fits = data.len() <= ips_primitives::sector::NODE_DATA_BYTES as usize;
    fits.then(|| scalar_to_bytes(&node_scalar(data)))
}

/// The root that the path leads to from a node; `None` if anything in it is not canonical, or the
/// path is not of the profile's height.
pub(crate) fn root_of(
    profile: &Profile,
    node: &[u8; 32],
    position: u32,
    path: &TreePath,
) -> Option<CommD> {
    let leaf = scalar_from_bytes(node)?;
    let root = siblings_root(leaf, position, &path.0, profile.tree_levels)?;
    Some(CommD(scalar_to_bytes(&root)))
}

/// Whether `comm_d` has that scalar at that position.
pub(crate) fn opens_node(
    profile: &Profile,
    node: &[u8; 32],
    position: u32,
    path: &TreePath,
    comm_d: &CommD,
) -> bool {
    root_of(profile, node, position, path).as_ref() == Some(comm_d)
}

impl<T: Config> Pallet<T> {
    /// Checks that the commitments can be part of a statement, and that the sector is not empty.
    pub(crate) fn ensure_commitments(args: &PreCommit) -> Result<(), Error<T>> {
        ensure!(
            scalar_from_bytes(&args.comm_d.0).is_some()
                && scalar_from_bytes(&args.comm_r.0).is_some()
                // Zero means "empty" in a partition's set.
                && args.comm_r != CommR::default(),
            Error::<T>::NotCanonical
        );
        Ok(())
    }

    /// What seal proof `index` of the sector must show.
    pub(crate) fn seal_statement(
        info: &SectorInfo,
        seed: &Beacon,
        index: u32,
    ) -> Result<Statement, Error<T>> {
        let profile = T::Parameters::get().profile;
        let challenges = seal_challenges(&profile, seed, &info.replica_id, &info.comm_r, index);
        seal_statement(&info.replica_id, &info.comm_d, &info.comm_r, &challenges)
            .map_err(|_| Error::<T>::NotCanonical)
    }

    /// Verifies the sector's seal proofs, in order; all of them at once if there are several.
    pub(crate) fn verify_seal(
        info: &SectorInfo,
        seed: &Beacon,
        proofs: &[ProofBytes],
    ) -> Result<(), Error<T>> {
        let mut batch = Vec::with_capacity(proofs.len());
        for (index, proof) in (0u32..).zip(proofs) {
            batch.push((Self::seal_statement(info, seed, index)?, *proof));
        }
        Self::verify_proofs(CircuitKind::Seal, &batch)
    }

    /// What the storage proof of a partition's set must show.
    pub(crate) fn post_statement(
        provider: ProviderId,
        partition: PartitionIndex,
        period: u32,
        beacon: &Beacon,
        set: &[CommR],
    ) -> Result<Statement, Error<T>> {
        let context = Self::context(CircuitKind::Post)?;
        let randomness = context.post_randomness(&provider, partition, period, beacon);
        set_root(set)
            .and_then(|root| post_statement(&root, &randomness))
            .map_err(|_| Error::<T>::NotCanonical)
    }

    /// Verifies a storage proof.
    pub(crate) fn verify_post(statement: &Statement, proof: &ProofBytes) -> Result<(), Error<T>> {
        Self::verify_proofs(CircuitKind::Post, &[(*statement, *proof)])
    }
}
