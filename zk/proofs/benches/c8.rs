//! Time of the field hash and of a tree of 512 leaves.
#![allow(missing_docs)]

use criterion::{criterion_group, criterion_main, Criterion};
use ips_proofs::{c8, scalar_from_bytes, Tree};

fn hashes(criterion: &mut Criterion) {
    let one = scalar_from_bytes(&[1; 32]).expect("0x0101… is below the group order");
    criterion.bench_function("c8", |bencher| {
        bencher.iter(|| c8(&std::hint::black_box([one; 8])))
    });
    let blocks = vec![[one; 8]; 8];
    criterion.bench_function("c8, eight at once", |bencher| {
        bencher.iter(|| ips_proofs::c8_many(&std::hint::black_box(&blocks)[..]))
    });
    criterion.bench_function("tree of 512 leaves", |bencher| {
        bencher.iter(|| Tree::build(vec![one; 512]).expect("512 is 8^3"));
    });
}

criterion_group!(benches, hashes);
criterion_main!(benches);
