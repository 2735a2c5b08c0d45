//! One hash, eight at once and many are the verifier's.

use super::*;
use crate::testing::random::Dice;

fn by_the_verifier(block: &Block) -> Scalar {
    let theirs = block.each_ref().map(|scalar| {
        let bytes = crate::scalar::scalar_to_bytes(scalar);
        ips_verifier::hash::scalar_from_bytes(&bytes).unwrap()
    });
    scalar_from_bytes(&scalar_to_bytes(&ips_verifier::hash::c8(&theirs))).unwrap()
}

/// Random blocks with the smallest and the largest scalars strewn in.
fn blocks(number: u32, count: usize) -> Vec<Block> {
    let dice = &mut Dice::new(8, number);
    let mut scalar = || match dice.below(5) {
        0 => Scalar::ZERO,
        1 => -Scalar::ONE,
        2 => Scalar::from(u64::MAX),
        _ => dice.scalar(),
    };
    (0..count)
        .map(|_| std::array::from_fn(|_| scalar()))
        .collect()
}

#[test]
fn eight_at_once_are_the_verifiers() {
    for number in 0..40 {
        let blocks: [Block; LANES] = blocks(number, LANES).try_into().unwrap();
        let expected = blocks.each_ref().map(by_the_verifier);
        assert_eq!(c8_eight(&blocks), expected);
        assert_eq!(blocks.each_ref().map(c8), expected);
    }
    for extreme in [Scalar::ZERO, Scalar::ONE, -Scalar::ONE] {
        let hash = by_the_verifier(&[extreme; C8_ARITY]);
        assert_eq!(c8_eight(&[[extreme; C8_ARITY]; LANES]), [hash; LANES]);
    }
}

#[test]
fn many_are_each_by_itself() {
    for count in [0, 1, 7, 8, 9, 64, 100] {
        let blocks = blocks(count, count as usize);
        let expected: Vec<_> = blocks.iter().map(c8).collect();
        assert_eq!(c8_many(&blocks), expected);
    }
}

#[test]
fn padding_is_zeros() {
    let one = Scalar::ONE;
    assert_eq!(padded(&[one, one])[1..3], [one, Scalar::ZERO]);
    assert_eq!(c8_padded(&[one]), c8(&padded(&[one])));
}
