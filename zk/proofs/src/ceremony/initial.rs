//! The parameters before the first contribution: γ = δ = 1, the rest from the origin.
//!
//! Deterministic: whoever derives them from the same origin gets the same bytes, so that nobody has to
//! trust who started the ceremony.

use std::{
    io::{self, Write},
    ops::Range,
    path::{Path, PathBuf},
};

use bellperson::{groth16::Parameters, Circuit};
use blake2::{
    digest::consts::{U32, U64},
    Blake2b, Digest,
};
use blstrs::{Bls12, Scalar};
use ff::Field;
use ips_primitives::{
    hash::blake2_256,
    sector::{Profile, ProfileId},
};
use ips_verifier::groth16::CircuitKind;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

use super::{
    contribute::Output,
    error::{CeremonyError, Part},
    matrix::from_powers,
    payload::{KEY_BYTES, QUERIES},
    phase_one::Powers,
    record::{CeremonyHash, Header, Origin, OriginHash},
};
use crate::{
    domain::Domain,
    memory::{ensure_derivation, ensure_generation},
    params::{count_rows, generate_from, r1cs_digest, Secrets},
    poe::PoeCircuit,
    post::PostCircuit,
    seal::SealCircuit,
};

/// Where tau, α and β are to come from.
#[derive(Clone, Debug)]
pub enum Source {
    /// A text that everybody knows; for rehearsals and tests. Insecure whatever follows.
    PublicSeed(String),
    /// The file of a first phase, in the layout of the Zcash and Filecoin set-ups' uncompressed
    /// challenge files.
    PhaseOne {
        /// The file.
        path: PathBuf,
        /// Its published BLAKE2b-512.
        hash: OriginHash,
    },
}

impl Source {
    fn origin(&self) -> Origin {
        match self {
            Self::PublicSeed(text) => {
                Origin::PublicSeed(OriginHash(Blake2b::<U64>::digest(text.as_bytes()).into()))
            }
            Self::PhaseOne { hash, .. } => Origin::PhaseOne(*hash),
        }
    }
}

/// The initial parameters of one ceremony.
pub struct Initial {
    header: Header,
    groth: Parameters<Bls12>,
}

impl Initial {
    /// Derives the parameters of a circuit.
    ///
    /// # Errors
    /// [`CeremonyError`] if the first phase is not the named one, too small or dishonest, or if the
    /// parameters do not fit in memory.
    pub fn derive(
        kind: CircuitKind,
        profile: ProfileId,
        source: &Source,
    ) -> Result<Self, CeremonyError> {
        let sizes = Profile::of(profile);
        let groth = match kind {
            CircuitKind::Seal => derive(SealCircuit::blank(sizes), source),
            CircuitKind::Post => derive(PostCircuit::blank(sizes), source),
            CircuitKind::Poe => derive(PoeCircuit::blank(sizes), source),
        }?;
        let mut hash = HashingSink(Blake2b::new());
        groth
            .write(&mut hash)
            .map_err(CeremonyError::io(Path::new("parameters")))?;
        let mut circuit = [0; 32];
        hex::decode_to_slice(r1cs_digest(kind, profile), &mut circuit)
            .expect("the pinned digests are 64 hexadecimal digits");
        let header = Header {
            kind,
            profile,
            origin: source.origin(),
            circuit: CeremonyHash(circuit),
            initial: CeremonyHash(hash.0.finalize().into()),
        };
        Ok(Self { header, groth })
    }

    /// Writes a ceremony without contributions to `path`.
    ///
    /// # Errors
    /// [`CeremonyError`] if the file exists or cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), CeremonyError> {
        if path.exists() {
            return Err(CeremonyError::Exists(path.to_owned()));
        }
        let mut out = Output::create(path)?;
        out.write(&self.header.to_bytes())?;
        out.write(&self.payload_bytes().to_le_bytes())?;
        self.groth
            .write(&mut out)
            .map_err(CeremonyError::io(path))?;
        out.write(&0u32.to_le_bytes())?;
        out.finish().map(drop)
    }

    /// What the ceremony is for.
    pub fn header(&self) -> &Header {
        &self.header
    }

    pub(super) fn groth(&self) -> &Parameters<Bls12> {
        &self.groth
    }

    /// Points of a query; 0 for what is none.
    pub(super) fn count(&self, part: Part) -> usize {
        match part {
            Part::H => self.groth.h.len(),
            Part::L => self.groth.l.len(),
            Part::A => self.groth.a.len(),
            Part::BG1 => self.groth.b_g1.len(),
            Part::BG2 => self.groth.b_g2.len(),
            Part::Hash | Part::Key | Part::Delta => 0,
        }
    }

    /// The uncompressed points `range` of a query that no contribution changes.
    pub(super) fn encoded(&self, part: Part, range: Range<usize>) -> Vec<u8> {
        let g1 = match part {
            Part::A => &self.groth.a,
            Part::BG1 => &self.groth.b_g1,
            _ => {
                let points = &self.groth.b_g2[range];
                return points.iter().flat_map(|p| p.to_uncompressed()).collect();
            }
        };
        let points = &g1[range];
        points.iter().flat_map(|p| p.to_uncompressed()).collect()
    }

    fn payload_bytes(&self) -> u64 {
        let queries = QUERIES
            .into_iter()
            .map(|(part, point_bytes)| 4 + self.count(part) * point_bytes);
        let bytes = KEY_BYTES + queries.sum::<usize>();
        // A `usize` always fits a `u64` on the supported targets.
        u64::try_from(bytes).unwrap_or(u64::MAX)
    }
}

/// The parameters of a circuit from `source`.
pub(super) fn derive<C: Circuit<Scalar> + Clone>(
    circuit: C,
    source: &Source,
) -> Result<Parameters<Bls12>, CeremonyError> {
    let rows = count_rows(circuit.clone())?;
    match source {
        Source::PublicSeed(text) => {
            ensure_generation(rows)?;
            let [alpha, beta, tau] = public_secrets(text);
            let secrets = Secrets::before_second_phase(alpha, beta, tau);
            Ok(generate_from(circuit, &secrets)?)
        }
        Source::PhaseOne { path, hash } => {
            ensure_derivation(rows)?;
            let domain = Domain::new(rows)?;
            let powers = Powers::read(path, hash, domain.size)?;
            from_powers(circuit, &domain, &powers)
        }
    }
}

/// α, β and tau of a public seed.
pub(super) fn public_secrets(text: &str) -> [Scalar; 3] {
    let seed = blake2_256(&[b"ips/ceremony/insecure-phase-one/1", text.as_bytes()]);
    let mut rng = ChaCha20Rng::from_seed(seed);
    [(); 3].map(|()| Scalar::random(&mut rng))
}

/// Hashes what is written to it.
struct HashingSink(Blake2b<U32>);

impl Write for HashingSink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
