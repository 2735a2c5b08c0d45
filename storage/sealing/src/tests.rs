//! A sector's life through the port, with profile `test` and real proofs, and what damage does.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    num::NonZeroUsize,
    path::PathBuf,
    process::{Command, Stdio},
    time::Duration,
};

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
    let bytes = builtin_key(PROFILE.id, kind).unwrap();
    let key = PreparedKey::from_verifying_key(bytes).unwrap();
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
async fn sectors_that_wait_are_sealed_together_and_fail_alone() {
    let sealer = sealer();
    let base = tempfile::tempdir().unwrap();
    let folder = |name: &str| base.path().join(name);
    let alone = sealer.seal(folder("alone"), pieces(), ID).await.unwrap();
    let bad = vec![PieceData {
        node_offset: 0,
        bytes: Vec::new(),
    }];
    let (one, two, refused, three) = tokio::join!(
        sealer.seal(folder("one"), pieces(), ID),
        sealer.seal(folder("two"), pieces(), ReplicaId([8; 32])),
        sealer.seal(folder("refused"), bad, ID),
        sealer.seal(folder("three"), pieces(), ReplicaId([9; 32])),
    );
    let (one, two, three) = (one.unwrap(), two.unwrap(), three.unwrap());
    assert_eq!((one.comm_d, one.comm_r), (alone.comm_d, alone.comm_r));
    assert!(matches!(refused, Err(SealerError::Input(_))));
    assert!(two.comm_r != one.comm_r && two.comm_r != three.comm_r);
    for (name, sealed) in [("two", two), ("three", three)] {
        let folder = folder(name);
        let comm_r = sealed.comm_r;
        sealer.check(SealedSector { folder, comm_r }).await.unwrap();
    }
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

    let of_chain = SealedSector {
        folder: folder.clone(),
        comm_r,
    };
    sealer.check(of_chain.clone()).await.unwrap();
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

    let checked = sealer.check(of_chain).await;
    assert!(matches!(checked, Err(SealerError::Damaged { .. })));

    // Sealing again repairs both files and removes what a killed process left.
    fs::write(folder.join("sealed.ips.1-2.tmp"), b"half").unwrap();
    let again = sealer.seal(folder.clone(), pieces(), ID).await.unwrap();
    assert_eq!((again.comm_d, again.comm_r), (comm_d, comm_r));
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 2);
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

const FOLDER: &str = "IPS_SEALING_FOLDER";

/// Seals the same sector anew, again and again, until it is killed.
#[tokio::test]
async fn child_that_is_killed() {
    let Some(folder) = std::env::var_os(FOLDER) else {
        return;
    };
    let sealer = sealer();
    let folder = PathBuf::from(folder);
    loop {
        sealer.seal(folder.clone(), pieces(), ID).await.unwrap();
        println!("ack");
        fs::remove_file(folder.join("sealed.ips")).unwrap();
        println!("ack");
        fs::remove_file(folder.join("post.ips")).unwrap();
    }
}

#[tokio::test]
async fn a_process_killed_while_sealing_leaves_whole_files_or_none() {
    let sealer = sealer();
    let (_base, _folder, comm_d, comm_r) = sealed(&sealer).await;
    let base = tempfile::tempdir().unwrap();
    let folder = base.path().join("sector");
    for _ in 0..8 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "tests::child_that_is_killed", "--nocapture"])
            .env(FOLDER, &folder)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let acks = lines.map_while(Result::ok).filter(|line| line == "ack");
        assert!(acks.take(rand::random::<u8>() as usize % 4 + 1).count() > 0);
        // Any moment of the next steps.
        let moment = rand::random::<u64>() % 60_000;
        std::thread::sleep(Duration::from_micros(moment));
        child.kill().unwrap();
        child.wait().unwrap();

        let of_chain = SealedSector {
            folder: folder.clone(),
            comm_r,
        };
        let whole = folder.join("post.ips").exists();
        assert_eq!(sealer.check(of_chain).await.is_ok(), whole);
        let again = sealer.seal(folder.clone(), pieces(), ID).await.unwrap();
        assert_eq!((again.comm_d, again.comm_r), (comm_d, comm_r));
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 2);
    }
}
