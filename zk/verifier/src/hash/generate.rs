//! Makes the tables of [`super::constants`] from their definition, and hashes by the definition of
//! the permutation with its matrices written out: `c8_plain`. Only tests compile this.

use ark_ff::{BigInt, BigInteger, PrimeField};

use super::{
    constants::{FULL_ROUNDS, PARTIAL_ROUNDS},
    quintic, Scalar, State, C8_ARITY,
};

type Matrix = [State; C8_ARITY];

const HALF: usize = FULL_ROUNDS / 2;
const FIELD_BITS: usize = 255;
/// Diagonals that the designers drew and rejected, because a subspace trail of the inner matrix was
/// too long (the criteria of the Poseidon2 paper), before the one they published.
const REJECTED_DIAGONALS: usize = 8;

/// The Grain LFSR of the Poseidon papers, self-shrinking; seeded with this instance.
struct Grain(Vec<bool>);

impl Grain {
    fn new() -> Self {
        let fields = [
            (2, 1),
            (4, 0),
            (12, FIELD_BITS),
            (12, C8_ARITY),
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

    /// 255 bits, highest first.
    fn draw(&mut self) -> BigInt<4> {
        let mut limbs = [0u64; 4];
        for position in (0..FIELD_BITS).rev() {
            limbs[position / 64] |= u64::from(self.bit()) << (position % 64);
        }
        BigInt::new(limbs)
    }

    /// The next draw that is below the group order.
    fn scalar(&mut self) -> Scalar {
        loop {
            if let Some(scalar) = Scalar::from_bigint(self.draw()) {
                return scalar;
            }
        }
    }

    /// The next draw modulo the group order.
    fn reduced(&mut self) -> Scalar {
        Scalar::from_le_bytes_mod_order(&self.draw().to_bytes_le())
    }
}

/// All constants of the instance.
struct Instance {
    /// Keys in the order of use: of a partial round one.
    keys: Vec<Vec<Scalar>>,
    /// Diagonal of the inner matrix.
    diagonal: State,
}

fn instance() -> Instance {
    let mut grain = Grain::new();
    let keys = (0..FULL_ROUNDS + PARTIAL_ROUNDS)
        .map(|round| {
            let lanes = if is_full(round) { C8_ARITY } else { 1 };
            (0..lanes).map(|_| grain.scalar()).collect()
        })
        .collect();
    for _ in 0..REJECTED_DIAGONALS * C8_ARITY {
        grain.reduced();
    }
    let diagonal = std::array::from_fn(|_| grain.reduced());
    Instance { keys, diagonal }
}

fn is_full(round: usize) -> bool {
    !(HALF..HALF + PARTIAL_ROUNDS).contains(&round)
}

/// All tables, in the order of the file.
pub(super) fn tables() -> Vec<Scalar> {
    let Instance { keys, diagonal } = instance();
    let of = |full: bool| {
        let rounds = keys.iter().enumerate();
        rounds
            .filter(move |(round, _)| is_full(*round) == full)
            .flat_map(|(_, keys)| keys.iter().copied())
    };
    let less_one = diagonal.map(|entry| entry - Scalar::from(1u64));
    of(true).chain(of(false)).chain(less_one).collect()
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

/// The outer matrix: blocks of the 4 by 4 matrix, twice on the diagonal.
pub(super) fn external() -> Matrix {
    let block = [[5u64, 7, 1, 3], [4, 6, 1, 1], [1, 3, 5, 7], [1, 1, 4, 6]];
    std::array::from_fn(|i| {
        std::array::from_fn(|j| {
            let times = if i / 4 == j / 4 { 2 } else { 1 };
            Scalar::from(times * block[i % 4][j % 4])
        })
    })
}

fn internal(diagonal: &State) -> Matrix {
    std::array::from_fn(|i| {
        std::array::from_fn(|j| match i == j {
            true => diagonal[i],
            false => Scalar::from(1u64),
        })
    })
}

fn apply(matrix: &Matrix, state: &State) -> State {
    std::array::from_fn(|i| matrix[i].iter().zip(state).map(|(m, x)| *m * x).sum())
}

/// C8 by its definition.
pub(super) fn c8_plain(inputs: &State) -> Scalar {
    let Instance { keys, diagonal } = instance();
    let (external, internal) = (external(), internal(&diagonal));
    let mut state = apply(&external, inputs);
    for (round, keys) in keys.iter().enumerate() {
        for (lane, key) in state.iter_mut().zip(keys) {
            *lane = quintic(*lane + key);
        }
        let matrix = if is_full(round) { &external } else { &internal };
        state = apply(matrix, &state);
    }
    state[0] + inputs[0]
}
