//! Time of the field hash, of eight side by side, of a tree of 512 leaves, and of the hash that Filecoin
//! uses (neptune's Poseidon of arity 8).
#![allow(missing_docs)]

use std::hint::black_box;

use blstrs::Scalar;
use criterion::{criterion_group, criterion_main, Criterion};
use generic_array::typenum::U8;
use ips_proofs::{c8, c8_many, scalar_from_bytes, Tree};
use neptune::{
    poseidon::{HashMode, PoseidonConstants},
    Poseidon,
};

fn hashes(criterion: &mut Criterion) {
    let one = scalar_from_bytes(&[1; 32]).expect("0x0101… is below the group order");
    let constants = PoseidonConstants::<Scalar, U8>::new();
    criterion.bench_function("Poseidon of neptune", |bencher| {
        bencher.iter(|| {
            Poseidon::new_with_preimage(&black_box([one; 8]), &constants)
                .hash_in_mode(HashMode::OptimizedStatic)
        })
    });
    criterion.bench_function("c8", |bencher| bencher.iter(|| c8(&black_box([one; 8]))));
    let blocks = [[one; 8]; 8];
    criterion.bench_function("c8, eight at once", |bencher| {
        bencher.iter(|| c8_many(black_box(&blocks)))
    });
    criterion.bench_function("tree of 512 leaves", |bencher| {
        bencher.iter(|| Tree::build(vec![one; 512]).expect("512 is 8^3"));
    });
}

criterion_group!(benches, hashes);
criterion_main!(benches);
