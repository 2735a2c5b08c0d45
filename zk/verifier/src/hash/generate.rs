//! Makes the tables of [`super::constants`] from the definition of the hash, and hashes by that
//! definition: `c8_plain`.
//!
//! Vectors are rows: a layer maps `x` to `x·M`. Only tests compile this.

use ark_ff::{AdditiveGroup, BigInt, Field, PrimeField};

use super::{quintic, Scalar, State, C8_ARITY, CAPACITY_TAG, FULL_ROUNDS, PARTIAL_ROUNDS, WIDTH};

type Matrix = Vec<Vec<Scalar>>;

const HALF: usize = FULL_ROUNDS / 2;
const FIELD_BITS: usize = 255;

/// The Grain LFSR of the Poseidon paper, self-shrinking.
struct Grain(Vec<bool>);

impl Grain {
    fn new() -> Self {
        let fields = [
            (2, 1),
            (4, 1),
            (12, FIELD_BITS),
            (12, WIDTH),
            (10, FULL_ROUNDS),
            (10, PARTIAL_ROUNDS),
        ];
        let mut bits = Vec::new();
        for (width, value) in fields {
            bits.extend((0..width).rev().map(|bit| value >> bit & 1 == 1));
        }
        bits.extend([true; 30]);
        let mut grain = Self(bits);
        for _ in 0..160 {
            grain.step();
        }
        grain
    }

    fn step(&mut self) -> bool {
        let next = [62, 51, 38, 23, 13, 0]
            .iter()
            .fold(false, |sum, tap| sum ^ self.0[*tap]);
        self.0.remove(0);
        self.0.push(next);
        next
    }

    fn bit(&mut self) -> bool {
        while !self.step() {
            self.step();
        }
        self.step()
    }

    /// 255 bits, highest first; draws that are not below the group order are thrown away.
    fn scalar(&mut self) -> Scalar {
        loop {
            let mut limbs = [0u64; 4];
            for position in (0..FIELD_BITS).rev() {
                limbs[position / 64] |= u64::from(self.bit()) << (position % 64);
            }
            if let Some(scalar) = Scalar::from_bigint(BigInt::new(limbs)) {
                return scalar;
            }
        }
    }
}

/// Keys of all rounds, one row of lanes each.
fn round_keys() -> Vec<Vec<Scalar>> {
    let mut grain = Grain::new();
    (0..FULL_ROUNDS + PARTIAL_ROUNDS)
        .map(|_| (0..WIDTH).map(|_| grain.scalar()).collect())
        .collect()
}

fn cauchy() -> Matrix {
    let entry = |i: usize, j: usize| {
        let sum = u64::try_from(i + j + WIDTH).unwrap();
        Scalar::from(sum).inverse().unwrap()
    };
    (0..WIDTH)
        .map(|i| (0..WIDTH).map(|j| entry(i, j)).collect())
        .collect()
}

fn apply(row: &[Scalar], matrix: &Matrix) -> Vec<Scalar> {
    (0..matrix[0].len())
        .map(|j| row.iter().zip(matrix).map(|(x, line)| *x * line[j]).sum())
        .collect()
}

fn product(left: &Matrix, right: &Matrix) -> Matrix {
    left.iter().map(|row| apply(row, right)).collect()
}

/// Gauss–Jordan elimination.
fn inverse(matrix: &Matrix) -> Matrix {
    let size = matrix.len();
    let mut work: Matrix = matrix
        .iter()
        .enumerate()
        .map(|(i, row)| {
            let unit = (0..size).map(|j| Scalar::from(u64::from(i == j)));
            row.iter().copied().chain(unit).collect()
        })
        .collect();
    for column in 0..size {
        let pivot = (column..size)
            .find(|row| work[*row][column] != Scalar::ZERO)
            .unwrap();
        work.swap(column, pivot);
        let scale = work[column][column].inverse().unwrap();
        for entry in &mut work[column] {
            *entry *= scale;
        }
        let pivot_row = work[column].clone();
        for (i, row) in work.iter_mut().enumerate() {
            let factor = row[column];
            if i != column && factor != Scalar::ZERO {
                for (entry, pivot_entry) in row.iter_mut().zip(&pivot_row) {
                    *entry -= factor * pivot_entry;
                }
            }
        }
    }
    work.into_iter().map(|row| row[size..].to_vec()).collect()
}

/// Splits `M = M'·M''`: `M'` leaves lane 0 alone (so it can move in front of the S-box), `M''` is
/// the identity but for its first column and row.
fn split(matrix: &Matrix) -> (Matrix, Vec<Scalar>, Vec<Scalar>) {
    let mut prime = matrix.clone();
    prime[0] = (0..WIDTH)
        .map(|j| Scalar::from(u64::from(j == 0)))
        .collect();
    for row in &mut prime[1..] {
        row[0] = Scalar::ZERO;
    }
    let minor: Matrix = matrix[1..].iter().map(|row| row[1..].to_vec()).collect();
    let first_column: Matrix = matrix[1..].iter().map(|row| vec![row[0]]).collect();
    let mut column = vec![matrix[0][0]];
    column.extend(
        product(&inverse(&minor), &first_column)
            .into_iter()
            .map(|row| row[0]),
    );
    (prime, column, matrix[0][1..].to_vec())
}

/// All tables, in the order of the file.
pub(super) fn tables() -> Vec<Scalar> {
    let keys = round_keys();
    let mds = cauchy();
    let mds_inverse = inverse(&mds);
    let back = |row: &[Scalar]| apply(row, &mds_inverse);
    let mut out = keys[0].clone();
    for key in &keys[1..HALF] {
        out.extend(back(key));
    }
    // From the first full round after the partial ones backwards: lane 0 stays behind as the key
    // after that round's S-box, the other lanes pass the S-box unchanged and join the round before.
    let mut carried = keys[HALF + PARTIAL_ROUNDS].clone();
    let mut partial = Vec::new();
    for key in keys[HALF..HALF + PARTIAL_ROUNDS].iter().rev() {
        let mut moved = back(&carried);
        partial.push(std::mem::replace(&mut moved[0], Scalar::ZERO));
        carried = key.iter().zip(&moved).map(|(a, b)| *a + b).collect();
    }
    out.extend(back(&carried));
    for key in &keys[HALF + PARTIAL_ROUNDS + 1..] {
        out.extend(back(key));
    }
    out.extend(partial.into_iter().rev());
    out.extend((0..2 * WIDTH - 1).map(|sum| {
        let row = sum.min(WIDTH - 1);
        mds[row][sum - row]
    }));
    let mut sparse = Vec::new();
    let mut matrix = mds.clone();
    for _ in 0..PARTIAL_ROUNDS {
        let (prime, column, row) = split(&matrix);
        sparse.push(column.into_iter().chain(row).collect::<Vec<_>>());
        matrix = product(&mds, &prime);
    }
    out.extend(matrix.into_iter().flatten());
    out.extend(sparse.into_iter().rev().flatten());
    out
}

/// The bytes of the file.
pub(super) fn file_bytes() -> Vec<u8> {
    // The inner value of an arkworks scalar is its Montgomery residue.
    tables()
        .iter()
        .flat_map(|scalar| scalar.0 .0)
        .flat_map(u64::to_le_bytes)
        .collect()
}

/// C8 by its definition: keys, S-boxes and the full matrix in each of the 65 rounds.
pub(super) fn c8_plain(inputs: &[Scalar; C8_ARITY]) -> Scalar {
    let mds = cauchy();
    let mut state: State = [Scalar::from(CAPACITY_TAG); WIDTH];
    state[1..].copy_from_slice(inputs);
    for (round, keys) in round_keys().iter().enumerate() {
        for (lane, key) in state.iter_mut().zip(keys) {
            *lane += key;
        }
        let full = !(HALF..HALF + PARTIAL_ROUNDS).contains(&round);
        for lane in &mut state[..if full { WIDTH } else { 1 }] {
            *lane = quintic(*lane);
        }
        state = apply(&state, &mds).try_into().unwrap();
    }
    state[1]
}
