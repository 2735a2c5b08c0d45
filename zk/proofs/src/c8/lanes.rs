//! Eight `C8` side by side with the 52-bit multiplier of AVX-512 (IFMA).
//!
//! A [`Number`] is eight field elements, one per 64-bit lane, in five digits of 52 bits; an element
//! is kept times 2^260, and as any residue below a stated multiple of the group order r. Below
//! 2^260 = 35.3·r five digits hold it. Digits above 52 bits are carried before a multiplication,
//! which reads 52 bits of each.
//!
//! Bounds: a product of a·r and b·r is below (1 + 0.0284·a·b)·r.

// Vector loads and stores take pointers, and code for a processor that has been asked for its features
// is called: both are in `load`, `store` and `c8_eight`.
#![allow(unsafe_code)]

use std::{arch::x86_64::*, sync::OnceLock};

use blst::blst_fr;
use blstrs::Scalar;
use ff::Field;
use ips_verifier::hash::constants::{FULL_ROUNDS, PARTIAL_ROUNDS};

use super::{constants, Block, C8_ARITY, LANES};

const DIGITS: usize = 5;
const DIGIT_BITS: u32 = 52;
const MASK: u64 = (1 << DIGIT_BITS) - 1;

/// The group order, in words of 64 bits.
const ORDER: [u64; 4] = [
    0xffff_ffff_0000_0001,
    0x53bd_a402_fffe_5bfe,
    0x3339_d808_09a1_d805,
    0x73ed_a753_299d_7d48,
];
const ORDER_DIGITS: Digits = digits(&ORDER, 0);
/// 2^260 − r.
const COMPLEMENT: Digits = complement(&ORDER_DIGITS);
/// −1/r modulo 2^52.
const NEGATED_INVERSE: u64 = negated_inverse(ORDER_DIGITS[0]);
/// The quotient by r of a number is its top digit, without 6 bits, times this, without a digit.
const RECIPROCAL: u64 = (1 << 58) / (ORDER_DIGITS[4] + 1);
/// 2^256 modulo r, which is 2^256 − 2r: a product with it is 2^256 times the element.
const BACK: Digits = digits(&two_to_256(), 0);

type Digits = [u64; DIGITS];
type Number = [__m512i; DIGITS];

/// Words times 2^`shift`, as digits.
const fn digits(words: &[u64; 4], shift: u32) -> Digits {
    let mut out = [0; DIGITS];
    let mut i = 0;
    while i < DIGITS {
        // The digit's first bit is this bit of the words; of the first digit it lies before them.
        let bit = DIGIT_BITS * i as u32;
        let mut digit = 0;
        if bit < shift {
            digit = words[0] << shift;
        } else {
            let (word, offset) = ((bit - shift) / 64, (bit - shift) % 64);
            digit |= words[word as usize] >> offset;
            if offset > 64 - DIGIT_BITS && (word as usize) < 3 {
                digit |= words[word as usize + 1] << (64 - offset);
            }
        }
        out[i] = digit & MASK;
        i += 1;
    }
    out
}

const fn complement(order: &Digits) -> Digits {
    let mut out = [0; DIGITS];
    let mut i = 0;
    while i < DIGITS {
        // r is odd, so only its lowest digit borrows for all.
        out[i] = MASK - order[i] + (i == 0) as u64;
        i += 1;
    }
    out
}

const fn negated_inverse(low: u64) -> u64 {
    let mut inverse = 1u64;
    let mut i = 0;
    while i < 6 {
        inverse = inverse.wrapping_mul(2u64.wrapping_sub(low.wrapping_mul(inverse)));
        i += 1;
    }
    inverse.wrapping_neg() & MASK
}

const fn two_to_256() -> [u64; 4] {
    // −2r in 256 bits.
    let mut out = [0; 4];
    let (mut borrow, mut i) = (false, 0);
    while i < 4 {
        let double = ORDER[i] << 1 | if i > 0 { ORDER[i - 1] >> 63 } else { 0 };
        let (rest, under) = 0u64.overflowing_sub(double);
        let (rest, under_again) = rest.overflowing_sub(borrow as u64);
        out[i] = rest;
        borrow = under | under_again;
        i += 1;
    }
    out
}

/// The constants in digits, times 2^260.
pub(super) struct Tables {
    full_keys: [[Digits; C8_ARITY]; FULL_ROUNDS],
    /// One more than there are rounds: nothing is added after the last.
    partial_keys: [Digits; PARTIAL_ROUNDS + 1],
    /// The first is the entry of lane 0 plus one: what a round makes of the lane alone.
    diagonal: [Digits; C8_ARITY],
}

/// The tables, if the processor has the instructions.
pub(super) fn tables() -> Option<&'static Tables> {
    static TABLES: OnceLock<Option<Tables>> = OnceLock::new();
    let make = || {
        let able = is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512ifma");
        able.then(|| {
            let constants = constants();
            let table = |scalar: &Scalar| digits(&words(&(scalar * Scalar::from(16))), 0);
            let mut diagonal = constants.diagonal;
            diagonal[0] += Scalar::ONE;
            let mut partial_keys = [[0; DIGITS]; PARTIAL_ROUNDS + 1];
            for (key, scalar) in partial_keys.iter_mut().zip(&constants.partial_keys) {
                *key = table(scalar);
            }
            Tables {
                full_keys: constants.full_keys.map(|row| row.each_ref().map(table)),
                partial_keys,
                diagonal: diagonal.each_ref().map(table),
            }
        })
    };
    TABLES.get_or_init(make).as_ref()
}

/// The scalar times 2^256 modulo r.
fn words(scalar: &Scalar) -> [u64; 4] {
    blst_fr::from(*scalar).l
}

/// Eight hashes, or `None` if the processor has no such multiplier.
pub(super) fn c8_eight(blocks: &[Block; LANES]) -> Option<[Scalar; LANES]> {
    let tables = tables()?;
    // SAFETY: there are tables only if the processor has both features.
    Some(unsafe { hash(blocks, tables) })
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn hash(blocks: &[Block; LANES], tables: &Tables) -> [Scalar; LANES] {
    let inputs: [Number; C8_ARITY] = std::array::from_fn(|i| gather(blocks, i));
    let mut state = inputs;
    let (before, after) = tables.full_keys.split_at(FULL_ROUNDS / 2);
    // At most 48 · 16·r.
    external(&mut state);
    full_rounds(&mut state, before);
    partial_rounds(&mut state, tables);
    full_rounds(&mut state, after);
    let sum = reduce(add(&state[0], &inputs[0]));
    scatter(&carry(product(&sum, &splat(&BACK))))
}

/// Rounds with an S-box on every lane, each followed by the outer matrix.
#[target_feature(enable = "avx512f,avx512ifma")]
fn full_rounds(state: &mut [Number; C8_ARITY], keys: &[[Digits; C8_ARITY]]) {
    for keys in keys {
        for (lane, key) in state.iter_mut().zip(keys) {
            let x = reduce(add(lane, &splat(key)));
            *lane = multiply(&square(&square(&x)), &x);
        }
        external(state);
    }
}

/// Rounds with an S-box on lane 0, each followed by the inner matrix. Lanes are at most 107·r before
/// and 2.3·r after.
#[target_feature(enable = "avx512f,avx512ifma")]
fn partial_rounds(state: &mut [Number; C8_ARITY], tables: &Tables) {
    state[0] = add(&state[0], &splat(&tables.partial_keys[0]));
    for lane in state.iter_mut() {
        *lane = reduce(*lane);
    }
    let [mut first, mut rest @ ..] = *state;
    for next_key in &tables.partial_keys[1..] {
        // Products of the other lanes need no result of the S-box: the processor makes them meanwhile.
        let x2 = square(&first);
        let products_low = [0, 1].map(|i| product(&rest[i], &splat(&tables.diagonal[i + 1])));
        let x4 = square(&x2);
        let products_mid = [2, 3].map(|i| product(&rest[i], &splat(&tables.diagonal[i + 1])));
        let y = multiply(&x4, &first);
        let products_high = [4, 5, 6].map(|i| product(&rest[i], &splat(&tables.diagonal[i + 1])));
        let others = rest[1..].iter().fold(rest[0], |sum, lane| add(&sum, lane));
        // At most 1.1·r + 7 · 2.3·r + r.
        let grown = add(&product(&y, &splat(&tables.diagonal[0])), &others);
        first = carry(add(&grown, &splat(next_key)));
        let sum = reduce(add(&others, &y));
        let products = products_low
            .iter()
            .chain(&products_mid)
            .chain(&products_high);
        for (lane, product) in rest.iter_mut().zip(products) {
            *lane = carry(add(product, &sum));
        }
    }
    state[0] = first;
    state[1..].copy_from_slice(&rest);
}

/// The outer matrix; digits and value grow by a factor of 48 at most.
#[expect(
    clippy::needless_range_loop,
    reason = "a digit of all lanes, not all of one"
)]
#[target_feature(enable = "avx512f")]
fn external(state: &mut [Number; C8_ARITY]) {
    for digit in 0..DIGITS {
        let x: [__m512i; C8_ARITY] = std::array::from_fn(|i| state[i][digit]);
        let low = four(x[0], x[1], x[2], x[3]);
        let high = four(x[4], x[5], x[6], x[7]);
        for i in 0..C8_ARITY / 2 {
            let sum = _mm512_add_epi64(low[i], high[i]);
            state[i][digit] = _mm512_add_epi64(low[i], sum);
            state[i + 4][digit] = _mm512_add_epi64(high[i], sum);
        }
    }
}

#[target_feature(enable = "avx512f")]
#[inline]
fn four(x0: __m512i, x1: __m512i, x2: __m512i, x3: __m512i) -> [__m512i; 4] {
    let a = _mm512_add_epi64(x0, x1);
    let b = _mm512_add_epi64(x2, x3);
    let c = _mm512_add_epi64(_mm512_slli_epi64::<1>(x1), b);
    let d = _mm512_add_epi64(_mm512_slli_epi64::<1>(x3), a);
    let e = _mm512_add_epi64(_mm512_slli_epi64::<2>(b), d);
    let f = _mm512_add_epi64(_mm512_slli_epi64::<2>(a), c);
    [_mm512_add_epi64(d, f), f, _mm512_add_epi64(c, e), e]
}

#[target_feature(enable = "avx512f")]
#[inline]
fn splat(digits: &Digits) -> Number {
    digits.map(|digit| _mm512_set1_epi64(digit as i64))
}

#[target_feature(enable = "avx512f")]
#[inline]
fn add(a: &Number, b: &Number) -> Number {
    std::array::from_fn(|i| _mm512_add_epi64(a[i], b[i]))
}

/// The same number with digits of 52 bits, if it is below 2^260.
#[target_feature(enable = "avx512f")]
#[inline]
fn carry(mut x: Number) -> Number {
    for i in 0..DIGITS - 1 {
        x[i + 1] = _mm512_add_epi64(x[i + 1], _mm512_srli_epi64::<DIGIT_BITS>(x[i]));
        x[i] = _mm512_and_si512(x[i], _mm512_set1_epi64(MASK as i64));
    }
    x
}

/// A residue below 1.2·r with digits of 52 bits, of a number below 800·r with digits below 2^58.
#[target_feature(enable = "avx512f,avx512ifma")]
#[inline]
fn reduce(mut x: Number) -> Number {
    let zero = _mm512_setzero_si512();
    // Never above the true quotient; what is subtracted is therefore never too much.
    let quotient = _mm512_madd52hi_epu64(
        zero,
        _mm512_srli_epi64::<6>(x[4]),
        _mm512_set1_epi64(RECIPROCAL as i64),
    );
    let complement = splat(&COMPLEMENT);
    for i in 0..DIGITS {
        x[i] = _mm512_madd52lo_epu64(x[i], quotient, complement[i]);
        if i + 1 < DIGITS {
            x[i + 1] = _mm512_madd52hi_epu64(x[i + 1], quotient, complement[i]);
        }
    }
    // Above 2^260 now stands the quotient itself.
    x = carry(x);
    x[4] = _mm512_and_si512(x[4], _mm512_set1_epi64(MASK as i64));
    x
}

#[target_feature(enable = "avx512f,avx512ifma")]
#[inline]
fn square(x: &Number) -> Number {
    multiply(x, x)
}

#[target_feature(enable = "avx512f,avx512ifma")]
#[inline]
fn multiply(a: &Number, b: &Number) -> Number {
    carry(product(a, b))
}

/// `a·b / 2^260` modulo r, by Montgomery's reduction digit by digit; digits are left uncarried.
#[target_feature(enable = "avx512f,avx512ifma")]
#[inline]
fn product(a: &Number, b: &Number) -> Number {
    let zero = _mm512_setzero_si512();
    let order = splat(&ORDER_DIGITS);
    let mut t = [zero; DIGITS + 1];
    for digit in a {
        for j in 0..DIGITS {
            t[j] = _mm512_madd52lo_epu64(t[j], *digit, b[j]);
            t[j + 1] = _mm512_madd52hi_epu64(t[j + 1], *digit, b[j]);
        }
        let m = _mm512_madd52lo_epu64(zero, t[0], _mm512_set1_epi64(NEGATED_INVERSE as i64));
        for j in 0..DIGITS {
            t[j] = _mm512_madd52lo_epu64(t[j], m, order[j]);
            t[j + 1] = _mm512_madd52hi_epu64(t[j + 1], m, order[j]);
        }
        t[1] = _mm512_add_epi64(t[1], _mm512_srli_epi64::<DIGIT_BITS>(t[0]));
        t = [t[1], t[2], t[3], t[4], t[5], zero];
    }
    [t[0], t[1], t[2], t[3], t[4]]
}

/// Input `i` of all blocks: below 16·r, since it is kept times 2^256 and shifted.
#[target_feature(enable = "avx512f")]
#[inline]
fn gather(blocks: &[Block; LANES], i: usize) -> Number {
    let lanes = blocks.each_ref().map(|block| digits(&words(&block[i]), 4));
    std::array::from_fn(|digit| load(&lanes.map(|digits| digits[digit])))
}

/// Scalars of a number below 2·r that is kept times 2^256.
#[target_feature(enable = "avx512f")]
#[inline]
fn scatter(number: &Number) -> [Scalar; LANES] {
    let digits = number.map(|vector| store(vector));
    std::array::from_fn(|lane| {
        let d: Digits = std::array::from_fn(|digit| digits[digit][lane]);
        let mut l = [
            d[0] | d[1] << 52,
            d[1] >> 12 | d[2] << 40,
            d[2] >> 24 | d[3] << 28,
            d[3] >> 36 | d[4] << 16,
        ];
        let (mut less, mut borrow) = ([0; 4], false);
        for (out, (word, order)) in less.iter_mut().zip(l.iter().zip(ORDER)) {
            let (rest, under) = word.overflowing_sub(order);
            let (rest, under_again) = rest.overflowing_sub(u64::from(borrow));
            *out = rest;
            borrow = under | under_again;
        }
        if !borrow {
            l = less;
        }
        Scalar::from(blst_fr { l })
    })
}

#[target_feature(enable = "avx512f")]
#[inline]
fn load(words: &[u64; LANES]) -> __m512i {
    // SAFETY: 64 bytes are there to read, and no alignment is asked for.
    unsafe { _mm512_loadu_epi64(words.as_ptr().cast()) }
}

#[target_feature(enable = "avx512f")]
#[inline]
fn store(vector: __m512i) -> [u64; LANES] {
    let mut words = [0u64; LANES];
    // SAFETY: 64 bytes are there to write, and no alignment is asked for.
    unsafe { _mm512_storeu_epi64(words.as_mut_ptr().cast(), vector) };
    words
}
