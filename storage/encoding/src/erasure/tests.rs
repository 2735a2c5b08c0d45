//! Every loss pattern, both codecs.

use super::*;
use ips_primitives::fragment::{GroupWidth, Level};
use rand::{rngs::StdRng, seq::index::sample, Rng, RngCore, SeedableRng};

fn fragments(codec: CodecId, params: ErasureParams, length: usize, seed: u64) -> Vec<Vec<u8>> {
    let mut rng = StdRng::seed_from_u64(seed);
    let mut all = vec![vec![0; length]; usize::from(params.data)];
    all.iter_mut().for_each(|fragment| rng.fill_bytes(fragment));
    let data: Vec<&[u8]> = all.iter().map(Vec::as_slice).collect();
    let parity = codec.codec().encode(params, &data).unwrap();
    assert_eq!(parity.len(), usize::from(params.parity));
    all.extend(parity);
    all
}

fn survive(codec: CodecId, params: ErasureParams, all: &[Vec<u8>], lost: &[usize]) {
    let mut left: Vec<_> = all.iter().cloned().map(Some).collect();
    lost.iter().for_each(|index| left[*index] = None);
    let mut data_only = left.clone();
    codec.codec().reconstruct(params, &mut left).unwrap();
    let back: Vec<_> = left.into_iter().map(Option::unwrap).collect();
    assert_eq!(back, all, "{codec:?} {params:?} lost {lost:?}");
    codec
        .codec()
        .reconstruct_data(params, &mut data_only)
        .unwrap();
    for index in 0..usize::from(params.data) {
        assert_eq!(data_only[index].as_ref(), Some(&all[index]));
    }
}

#[test]
fn every_pattern_of_up_to_parity_losses_of_six_is_survived() {
    for codec in CodecId::ALL {
        for level in Level::ALL {
            let params = ErasureParams::new(level, GroupWidth::ALL[0]);
            let all = fragments(codec, params, 192, 1);
            let mut patterns = 0;
            for pattern in 0u32..1 << 6 {
                let lost: Vec<usize> = (0..6).filter(|i| pattern >> i & 1 == 1).collect();
                if lost.len() <= usize::from(params.parity) {
                    survive(codec, params, &all, &lost);
                    patterns += 1;
                }
            }
            assert!(patterns >= 22, "{patterns}");
        }
    }
}

#[test]
fn random_patterns_of_wide_groups_are_survived() {
    let mut rng = StdRng::seed_from_u64(2);
    for codec in CodecId::ALL {
        for width in &GroupWidth::ALL[1..] {
            for level in Level::ALL {
                let params = ErasureParams::new(level, *width);
                let all = fragments(codec, params, 128, rng.gen());
                for _ in 0..10 {
                    let losses = rng.gen_range(0..=usize::from(params.parity));
                    let lost = sample(&mut rng, usize::from(params.total()), losses).into_vec();
                    survive(codec, params, &all, &lost);
                }
                let most: Vec<usize> = (0..usize::from(params.parity)).collect();
                survive(codec, params, &all, &most);
            }
        }
    }
}

#[test]
fn columns_give_the_parity_of_whole_fragments() {
    let params = ErasureParams { data: 3, parity: 3 };
    let length = 2 * COLUMN_BYTES + 8192;
    let all = fragments(CodecId::Rs16, params, length, 3);
    let whole = reed_solomon_simd::encode(3, 3, &all[..3]).unwrap();
    assert_eq!(whole, all[3..]);
    survive(CodecId::Rs16, params, &all, &[0, 2]);
    let all = fragments(CodecId::Rs8, params, length, 3);
    survive(CodecId::Rs8, params, &all, &[0, 2, 4]);
}

#[test]
fn codecs_differ_in_parity_and_numbers_are_stable() {
    let params = ErasureParams { data: 3, parity: 3 };
    let parity = CodecId::ALL.map(|codec| fragments(codec, params, 64, 4)[3..].to_vec());
    assert_ne!(parity[0], parity[1]);
    assert_eq!(CodecId::ALL.map(CodecId::number), [1, 2]);
    for codec in CodecId::ALL {
        assert_eq!(codec.codec().id(), codec);
        assert_eq!(CodecId::from_number(codec.number()), Some(codec));
    }
    assert_eq!(CodecId::from_number(0), None);
    assert_eq!(CodecId::from_number(3), None);
}

#[test]
fn wrong_input_is_refused() {
    let params = ErasureParams { data: 3, parity: 3 };
    for codec in CodecId::ALL.map(CodecId::codec) {
        let bad = ErasureParams { data: 5, parity: 1 };
        let refused = codec.encode(bad, &[&[0; 64][..]; 5]);
        assert_eq!(refused, Err(ErasureError::Params { data: 5, parity: 1 }));
        let refused = codec.encode(params, &[&[0; 64][..]; 2]);
        assert_eq!(
            refused,
            Err(ErasureError::Count {
                expected: 3,
                got: 2
            })
        );
        let uneven: [&[u8]; 3] = [&[0; 64], &[0; 64], &[0; 62]];
        assert_eq!(codec.encode(params, &uneven), Err(ErasureError::Length));
        assert_eq!(
            codec.encode(params, &[&[][..]; 3]),
            Err(ErasureError::Length)
        );
        assert_eq!(
            codec.encode(params, &[&[0; 63][..]; 3]),
            Err(ErasureError::Length)
        );
        let mut few = vec![Some(vec![0; 64]), Some(vec![0; 64]), None, None, None, None];
        let refused = codec.reconstruct(params, &mut few);
        assert_eq!(refused, Err(ErasureError::NotEnough { have: 2, need: 3 }));
        let refused = codec.reconstruct(params, &mut few[..5]);
        assert_eq!(
            refused,
            Err(ErasureError::Count {
                expected: 6,
                got: 5
            })
        );
        few[4] = Some(vec![0; 66]);
        assert_eq!(
            codec.reconstruct(params, &mut few),
            Err(ErasureError::Length)
        );
    }
}
