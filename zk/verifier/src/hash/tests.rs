//! C8 against its definition and against its designers' code; bytes of scalars.

use proptest::prelude::*;

use super::{
    constants::{FILE, SCALARS},
    generate::{c8_plain, external as external_matrix, file_bytes},
    *,
};

#[test]
fn constants_file_is_what_the_definition_gives() {
    let bytes = file_bytes();
    assert_eq!(bytes.len(), SCALARS * 32);
    assert!(
        bytes == FILE,
        "run the ignored test `write_constants_file`, then build again"
    );
}

#[test]
#[ignore = "writes src/c8_constants.bin; only needed if the definition of the hash changes"]
fn write_constants_file() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/c8_constants.bin");
    std::fs::write(path, file_bytes()).unwrap();
    assert_eq!(std::fs::read(path).unwrap().len(), SCALARS * 32);
}

/// Digests by `zkhash` 0.2.0, the designers' code (`POSEIDON2_BLS_8_PARAMS`): the permutation's first
/// lane plus the first input.
#[test]
fn digests_equal_the_designers() {
    let one = Scalar::from(1u64);
    let cases: [([Scalar; 8], &str); 4] = [
        (
            [one - one; 8],
            "3c33cb257e774096d86bb4ccc75bd6824092ff93760ff074fd92343c3db26d56",
        ),
        (
            core::array::from_fn(|i| Scalar::from(i as u64)),
            "44fd57557c3d286df2cfb2e1c9dd8765d488b0cbd645253b47c495a3e5708a63",
        ),
        (
            [-one; 8],
            "4521340391024965079402c77b3f8ccfac736e573c91b37ef3d5676dd1bdfc55",
        ),
        (
            core::array::from_fn(|i| Scalar::from(i as u64 + 3).inverse().unwrap()),
            "c6e4b87a6579964ebefb78e7337916963dac2fa454290f9a6f8107d005a2db25",
        ),
    ];
    for (inputs, digest) in cases {
        assert_eq!(hex::encode(scalar_to_bytes(&c8(&inputs))), digest);
        assert_eq!(c8_plain(&inputs), c8(&inputs));
    }
}

#[test]
fn additions_are_the_outer_matrix() {
    let matrix = external_matrix();
    for unit in 0..C8_ARITY {
        let mut state: State = core::array::from_fn(|i| Scalar::from(u64::from(i == unit)));
        external(&mut state);
        assert_eq!(state, matrix.map(|row| row[unit]));
    }
}

#[test]
fn padding_is_zeros_and_order_matters() {
    let [a, b, zero] = [7u64, 8, 0].map(Scalar::from);
    assert_eq!(
        c8_padded(&[a, b]),
        c8(&[a, b, zero, zero, zero, zero, zero, zero])
    );
    assert_ne!(c8_padded(&[a, b]), c8_padded(&[b, a]));
}

#[test]
fn bytes_of_the_group_order_and_above_are_refused() {
    let top = scalar_to_bytes(&-Scalar::from(1u64));
    assert_eq!(scalar_from_bytes(&top), Some(-Scalar::from(1u64)));
    let mut order = top;
    order[0] += 1;
    assert_eq!(scalar_from_bytes(&order), None);
    assert_eq!(scalar_from_bytes(&[0xff; 32]), None);
}

#[test]
fn tags_are_different_little_endian_texts() {
    use crate::{poe, post, replica, seal};
    let names = [
        replica::COMM_R_TAG,
        seal::SEAL_TAG,
        post::POST_TAG,
        post::POST_CHALLENGE_TAG,
        poe::POE_TAG,
        poe::POE_CHALLENGE_TAG,
    ];
    for (i, name) in names.iter().enumerate() {
        assert!(name.len() <= SHORT_BYTES && name.is_ascii());
        assert_eq!(&scalar_to_bytes(&tag(name))[..name.len()], name.as_bytes());
        assert!(names[..i].iter().all(|other| tag(other) != tag(name)));
    }
}

#[test]
fn bit_slices_are_disjoint_and_end_with_zeros() {
    let mut bytes = [0u8; 32];
    bytes[..5].copy_from_slice(&[0b1111_0001, 0b0000_0010, 0xff, 0, 1]);
    let scalar = scalar_from_bytes(&bytes).unwrap();
    let slices: Vec<u32> = bit_slices(&scalar, 9, 4).collect();
    assert_eq!(
        slices,
        [0b0_1111_0001, 0b1_1000_0001, 0b0_0011_1111, 0b0_0010_0000]
    );
    assert_eq!(
        bit_slices(&scalar, 30, 12).skip(8).collect::<Vec<_>>(),
        [0; 4]
    );
    assert_eq!(bit_slices(&scalar, 40, 1).next(), Some(0x00ff_02f1));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn short_form_equals_the_definition(words in any::<[[u64; 3]; 8]>()) {
        let inputs = words.map(|[a, b, c]| {
            Scalar::from_bigint(BigInt::new([a, b, c, a >> 2])).unwrap()
        });
        prop_assert_eq!(c8(&inputs), c8_plain(&inputs));
    }

    #[test]
    fn canonical_bytes_round_trip(mut bytes in any::<[u8; 32]>()) {
        bytes[31] &= 0x3f;
        prop_assert_eq!(scalar_to_bytes(&scalar_from_bytes(&bytes).unwrap()), bytes);
    }
}
