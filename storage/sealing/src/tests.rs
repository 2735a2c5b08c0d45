//! A sector's life through the port, with profile `test` and real proofs, and what damage does.

use std::{fs, num::NonZeroUsize, path::PathBuf};

use ips_engine::sealer::{PieceData, SealedSector, Sealer, SealerError};
use ips_primitives::sector::{CommD, CommR, Profile, ProofBytes, ReplicaId, Statement};
use ips_proofs::params::ParamsCache;
use ips_verifier::{
    groth16::{verify, CircuitKind, PreparedKey},
    hash::{scalar_from_bytes, scalar_to_bytes},
    keys::builtin_key,
    poe::poe_statement,
    post::{post_statement, set_root},
    seal::{seal_challenges, seal_statement},
    tree::{node_scalar, siblings_root},
};

use crate::LocalSealer;

const PROFILE: Profile = Profile::TEST;
const ID: ReplicaId = ReplicaId([7; 32]);

fn sealer() -> LocalSealer {
    LocalSealer::new(PROFILE, ParamsCache::of_user().unwrap(), NonZeroUsize::MIN)
}

fn pieces() -> Vec<PieceData> {
    vec![
        PieceData {
            node_offset: 0,
            bytes: vec![1; 100],
        },
        PieceData {
            node_offset: 10,
            bytes: vec![2; 3_000],
        },
    ]
}

fn accepts(kind: CircuitKind, statement: Statement, proof: &ProofBytes) -> bool {
    let key = PreparedKey::from_verifying_key(builtin_key(PROFILE.id, kind)).unwrap();
    verify(&key, &statement, proof).is_ok()
}

/// A folder with a sealed sector.
async fn sealed(sealer: &LocalSealer) -> (tempfile::TempDir, PathBuf, CommD, CommR) {
    let base = tempfile::tempdir().unwrap();
    let folder = base.path().join("sector");
    let done = sealer.seal(folder.clone(), pieces(), ID).await.unwrap();
    (base, folder, done.comm_d, done.comm_r)
}

#[tokio::test]
async fn a_sector_lives_through_all_steps() {
    let sealer = sealer();
    let (_base, folder, comm_d, comm_r) = sealed(&sealer).await;
    assert_eq!(sealer.comm_d(pieces()).await.unwrap(), comm_d);

    // The steps survive a restart: another sealer goes on from the files.
    let sealer = self::sealer();
    let seed = [9; 32];
    let proofs = sealer.prove_seal(folder.clone(), ID, seed).await.unwrap();
    assert_eq!(proofs.len(), PROFILE.seal_proofs as usize);
    let challenges = seal_challenges(&PROFILE, &seed, &ID, &comm_r, 0);
    let statement = seal_statement(&ID, &comm_d, &comm_r, &challenges).unwrap();
    assert!(accepts(CircuitKind::Seal, statement, &proofs[0]));

    let set = vec![
        None,
        Some(SealedSector {
            folder: folder.clone(),
            comm_r,
        }),
    ];
    let proof = sealer.prove_post(set, [3; 32]).await.unwrap();
    let none = CommR::default();
    let root = set_root(&[none, comm_r, none, none]).unwrap();
    assert!(accepts(
        CircuitKind::Post,
        post_statement(&root, &[3; 32]).unwrap(),
        &proof
    ));

    let proof = sealer
        .prove_extract(folder.clone(), comm_d, [4; 32])
        .await
        .unwrap();
    assert!(accepts(
        CircuitKind::Poe,
        poe_statement(&comm_d, &[4; 32]).unwrap(),
        &proof
    ));

    let path = sealer.data_path(folder.clone(), 11).await.unwrap();
    let root = siblings_root(node_scalar(&[2; 31]), 11, &path.0, PROFILE.tree_levels).unwrap();
    assert_eq!(scalar_to_bytes(&root), comm_d.0);
    assert!(scalar_from_bytes(&comm_d.0).is_some());
    let past = sealer.data_path(folder, PROFILE.nodes()).await;
    assert!(matches!(past, Err(SealerError::Input(_))));
}

#[tokio::test]
async fn damage_names_the_folder() {
    let sealer = sealer();
    let (_base, folder, comm_d, comm_r) = sealed(&sealer).await;
    let is_damage = |outcome: Result<ProofBytes, SealerError>| match outcome {
        Err(SealerError::Damaged { folder: named, .. }) => named == folder,
        _ => false,
    };
    let set = |comm_r| {
        vec![Some(SealedSector {
            folder: folder.clone(),
            comm_r,
        })]
    };
    assert!(is_damage(
        sealer.prove_post(set(CommR([1; 32])), [3; 32]).await
    ));
    assert!(is_damage(
        sealer
            .prove_extract(folder.clone(), CommD([1; 32]), [3; 32])
            .await
    ));
    let other = sealer
        .prove_seal(folder.clone(), ReplicaId([8; 32]), [3; 32])
        .await;
    assert!(is_damage(other.map(|proofs| proofs[0])));

    for name in ["post.ips", "sealed.ips"] {
        let file = folder.join(name);
        let mut bytes = fs::read(&file).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(&file, bytes).unwrap();
    }
    assert!(is_damage(sealer.prove_post(set(comm_r), [3; 32]).await));
    assert!(is_damage(
        sealer.prove_extract(folder.clone(), comm_d, [3; 32]).await
    ));

    // Sealing again repairs both files.
    let again = sealer.seal(folder.clone(), pieces(), ID).await.unwrap();
    assert_eq!((again.comm_d, again.comm_r), (comm_d, comm_r));
    assert!(sealer.data_path(folder.clone(), 0).await.is_ok());

    fs::remove_dir_all(&folder).unwrap();
    assert!(is_damage(sealer.prove_post(set(comm_r), [3; 32]).await));
}

#[tokio::test]
async fn bad_pieces_are_refused_before_any_work() {
    let sealer = sealer();
    let base = tempfile::tempdir().unwrap();
    let overlap = vec![
        PieceData {
            node_offset: 0,
            bytes: vec![1; 100],
        },
        PieceData {
            node_offset: 1,
            bytes: vec![2; 31],
        },
    ];
    let folder = base.path().join("sector");
    let outcome = sealer.seal(folder.clone(), overlap, ID).await;
    assert!(matches!(outcome, Err(SealerError::Input(_))));
    assert!(!folder.exists());
    let outcome = sealer.seal(folder, pieces(), ReplicaId([0xff; 32])).await;
    assert!(matches!(outcome, Err(SealerError::Input(_))));
}
