//! The two erasure codecs side by side; the faster one is the default (`CodecId::default`).

#![allow(missing_docs, reason = "criterion's macros make undocumented items")]

use std::hint::black_box;

use criterion::{criterion_group, criterion_main, BenchmarkId, Criterion, Throughput};
use ips_encoding::CodecId;
use ips_primitives::fragment::{ErasureParams, GroupWidth, Level};

const FRAGMENT_BYTES: usize = 256 << 10;

fn codecs(c: &mut Criterion) {
    for width in [GroupWidth::ALL[0], GroupWidth::ALL[2]] {
        for level in Level::ALL {
            let params = ErasureParams::new(level, width);
            let data: Vec<Vec<u8>> = (0..params.data)
                .map(|seed| {
                    (0..FRAGMENT_BYTES)
                        .map(|i| (i % 251) as u8 ^ seed)
                        .collect()
                })
                .collect();
            let data: Vec<&[u8]> = data.iter().map(Vec::as_slice).collect();
            let bytes = u64::try_from(data.len() * FRAGMENT_BYTES).expect("a few MiB");
            let name = format!("{}+{}", params.data, params.parity);
            let mut group = c.benchmark_group(&name);
            group.sample_size(10).throughput(Throughput::Bytes(bytes));
            for id in CodecId::ALL {
                let codec = id.codec();
                group.bench_function(BenchmarkId::new("encode", format!("{id:?}")), |b| {
                    b.iter(|| codec.encode(params, black_box(&data)).expect("valid input"));
                });
                let parity = codec.encode(params, &data).expect("valid input");
                let all = data.iter().map(|f| f.to_vec()).chain(parity).map(Some);
                let mut left: Vec<_> = all.collect();
                left[..usize::from(params.parity.min(params.data))].fill(None);
                group.bench_function(BenchmarkId::new("reconstruct", format!("{id:?}")), |b| {
                    b.iter_batched(
                        || left.clone(),
                        |mut left| {
                            codec
                                .reconstruct_data(params, &mut left)
                                .expect("enough are left");
                            left
                        },
                        criterion::BatchSize::LargeInput,
                    );
                });
            }
            group.finish();
        }
    }
}

criterion_group!(benches, codecs);
criterion_main!(benches);
