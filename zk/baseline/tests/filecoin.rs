//! We drive Filecoin's crates as they are meant to be driven: the counts that they publish, and sectors
//! that their own verifier accepts.

use ips_baseline::{
    counter::Counter,
    filecoin::{count_post, keep_caches_in, seal_random, Shape},
};
use rand_chacha::{rand_core::SeedableRng, ChaCha20Rng};

/// storage-proofs-porep 19.1.0, tests/stacked_circuit.rs.
#[test]
fn a_seal_circuit_has_the_published_size() {
    let shape = Shape {
        nodes: 8,
        layers: 2,
        challenges: 1,
    };
    let Counter { rows, inputs, .. } = shape.count().unwrap();
    assert_eq!((rows, inputs), (1_199_620, 22));
}

/// storage-proofs-post 19.1.0, tests/fallback_circuit.rs: 32 GiB, 10 challenges, 5 sectors.
#[test]
fn a_post_circuit_has_the_published_size() {
    let count = count_post(1 << 30, 10, 5).unwrap();
    assert_eq!(count.rows, 266_665);
}

#[test]
fn sectors_open_with_both_numbers_of_layers() {
    let caches = tempfile::tempdir().unwrap();
    keep_caches_in(caches.path());
    let mut rng = ChaCha20Rng::from_seed([3; 32]);
    for layers in [2, 11] {
        let shape = Shape {
            nodes: 512,
            layers,
            challenges: 2,
        };
        let (sealed, took) = seal_random(shape, &mut rng).unwrap();
        assert!(took.wall > 0.0);
        assert_eq!(sealed.open().unwrap()[0].len(), 2);
    }
}
