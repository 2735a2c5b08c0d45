//! Filecoin's side: sectors, circuits and parameters by its own crates, trees of arity 8 and SHA-256
//! labels as in its 512 MiB sectors.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use anyhow::{ensure, Context};
use blstrs::{Bls12, Scalar};
use ff::{Field, PrimeField};
use filecoin_hashers::{poseidon::PoseidonHasher, sha256::Sha256Hasher, Hasher};
use generic_array::typenum::{U0, U8};
use rand_chacha::ChaCha20Rng;
use storage_proofs_core::{
    api_version::ApiVersion, compound_proof::CompoundProof, drgraph::BASE_DEGREE, merkle::DiskTree,
    parameter_cache::Bls12GrothParams, proof::ProofScheme, test_helper::setup_replica,
    util::NODE_SIZE,
};
use storage_proofs_porep::stacked::{
    Challenges, PersistentAux, PrivateInputs, Proof, PublicInputs, PublicParams, SetupParams,
    StackedCompound, StackedDrg, Tau, TemporaryAux, TemporaryAuxCache, EXP_DEGREE,
};
use storage_proofs_post::fallback::{self, FallbackPoSt, FallbackPoStCompound};
use tempfile::TempDir;

use crate::{
    counter::Counter,
    stopwatch::{timed, Took},
};

type Tree = DiskTree<PoseidonHasher, U8, U0, U0>;
type Drg<'a> = StackedDrg<'a, Tree, Sha256Hasher>;
type Compound = StackedCompound<Tree, Sha256Hasher>;
type Field1 = <PoseidonHasher as Hasher>::Domain;
type Field2 = <Sha256Hasher as Hasher>::Domain;

/// Version of the rules, as for all sectors since 2020.
pub const API_VERSION: ApiVersion = ApiVersion::V1_2_0;
const POREP_ID: [u8; 32] = [7; 32];
const SEED: [u8; 32] = [8; 32];

/// Keeps all that the crates cache in `folder`. To be called before anything else of theirs, as they
/// read their settings once.
pub fn keep_caches_in(folder: &Path) {
    for name in ["PARAMETER_CACHE", "PARENT_CACHE"] {
        env::set_var(format!("FIL_PROOFS_{name}"), folder);
    }
}

/// Sizes of a sector and its seal circuit.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Nodes: a power of 8.
    pub nodes: usize,
    /// Layers: 2 or 11, others are not supported.
    pub layers: usize,
    /// Challenges of one partition.
    pub challenges: usize,
}

impl Shape {
    /// The public parameters of the stacked graph.
    ///
    /// # Errors
    /// If there are too many nodes.
    pub fn public_params(&self) -> anyhow::Result<PublicParams<Tree>> {
        Drg::setup(&SetupParams {
            nodes: self.nodes,
            degree: BASE_DEGREE,
            expansion_degree: EXP_DEGREE,
            porep_id: POREP_ID,
            challenges: Challenges::new_interactive(self.challenges),
            num_layers: self.layers,
            api_version: API_VERSION,
            api_features: Vec::new(),
        })
    }

    /// Counts the circuit of one seal partition.
    ///
    /// # Errors
    /// If the shape is not supported.
    pub fn count(&self) -> anyhow::Result<Counter> {
        let blank = Compound::blank_circuit(&self.public_params()?);
        Ok(Counter::of(blank)?)
    }

    /// Rows that one more challenge adds; what a partition has once is not counted.
    ///
    /// # Errors
    /// If the shape is not supported.
    pub fn rows_per_challenge(&self) -> anyhow::Result<usize> {
        let rows = |challenges| {
            Self {
                challenges,
                ..*self
            }
            .count()
            .map(|all| all.rows)
        };
        Ok(rows(2)? - rows(1)?)
    }
}

/// Counts the circuit of a window PoSt partition of `sectors` sectors.
///
/// # Errors
/// If the shape is not supported.
pub fn count_post(nodes: usize, openings: usize, sectors: usize) -> anyhow::Result<Counter> {
    let params = fallback::PublicParams {
        sector_size: u64::try_from(nodes * NODE_SIZE)?,
        challenge_count: openings,
        sector_count: sectors,
        api_version: API_VERSION,
    };
    let blank =
        <FallbackPoStCompound<Tree> as CompoundProof<FallbackPoSt<'_, Tree>, _>>::blank_circuit(
            &params,
        );
    Ok(Counter::of(blank)?)
}

/// A sealed sector, its files in a folder that goes with it.
pub struct Sealed {
    params: PublicParams<Tree>,
    tau: Tau<Field1, Field2>,
    aux: (PersistentAux<Field1>, TemporaryAux<Tree, Sha256Hasher>),
    replica_id: Field1,
    replica: PathBuf,
    _folder: TempDir,
}

/// Labels, trees and replica of a sector of random data; the graph is cached before the clock starts.
///
/// # Errors
/// What the crates say.
pub fn seal_random(shape: Shape, rng: &mut ChaCha20Rng) -> anyhow::Result<(Sealed, Took)> {
    let folder = tempfile::tempdir()?;
    let replica = folder.path().join("replica");
    let mut bytes = Vec::with_capacity(shape.nodes * NODE_SIZE);
    for _ in 0..shape.nodes {
        bytes.extend_from_slice(&Scalar::random(&mut *rng).to_repr());
    }
    let mut data = setup_replica(&bytes, &replica);
    let replica_id: Field1 = Scalar::random(&mut *rng).into();
    let params = shape.public_params()?;
    params.graph.parent_cache()?;
    let (outcome, took) = timed(|| {
        let (labels, _) = Drg::replicate_phase1(&params, &replica_id, folder.path())?;
        let (cache, to) = (folder.path().to_owned(), replica.clone());
        Drg::replicate_phase2(&params, labels, data.as_mut().into(), None, cache, to)
    });
    let (tau, aux) = outcome?;
    let sealed = Sealed {
        params,
        tau,
        aux,
        replica_id,
        replica,
        _folder: folder,
    };
    Ok((sealed, took))
}

/// Parameters of a seal partition, made by Filecoin's own way: bellperson's generator, written to a
/// file, mapped.
pub struct Parameters {
    mapped: Bls12GrothParams,
    /// Length of the file.
    pub bytes: u64,
    /// What making them took.
    pub took: Took,
}

/// Makes the parameters of a seal partition.
///
/// # Errors
/// What the crates say, or if the file is not in `folder`, which [`keep_caches_in`] set.
pub fn make_parameters(
    sealed: &Sealed,
    folder: &Path,
    rng: &mut ChaCha20Rng,
) -> anyhow::Result<Parameters> {
    let (mapped, took) = timed(|| {
        <Compound as CompoundProof<'_, Drg<'_>, _>>::groth_params(Some(rng), &sealed.params)
    });
    let mut bytes = None;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry
            .path()
            .extension()
            .is_some_and(|ending| ending == "params")
        {
            bytes = Some(entry.metadata()?.len());
        }
    }
    Ok(Parameters {
        mapped: mapped?,
        bytes: bytes.context("the crates wrote no parameter file where they were told to")?,
        took,
    })
}

/// The proof of one partition.
pub struct SealProof {
    proof: bellperson::groth16::Proof<Bls12>,
    inputs: PublicInputs<Field1, Field2>,
    /// What the Groth16 proof took, without the openings.
    pub took: Took,
}

impl Sealed {
    fn inputs(&self) -> PublicInputs<Field1, Field2> {
        PublicInputs {
            replica_id: self.replica_id,
            seed: Some(SEED),
            tau: Some(self.tau.clone()),
            k: None,
        }
    }

    /// Openings for the challenges of one partition, checked natively.
    ///
    /// # Errors
    /// What the crates say, or if the openings do not hold.
    pub fn open(&self) -> anyhow::Result<Vec<Vec<Proof<Tree, Sha256Hasher>>>> {
        let (persistent, temporary) = &self.aux;
        let cache = TemporaryAuxCache::new(temporary, self.replica.clone(), false)?;
        let private = PrivateInputs {
            p_aux: persistent.clone(),
            t_aux: cache,
        };
        let inputs = self.inputs();
        let openings = Drg::prove_all_partitions(&self.params, &inputs, &private, 1)?;
        ensure!(
            Drg::verify_all_partitions(&self.params, &inputs, &openings)?,
            "the openings of a Filecoin sector do not hold"
        );
        Ok(openings)
    }

    /// Proves one partition.
    ///
    /// # Errors
    /// What the crates say.
    pub fn prove(&self, parameters: &Parameters) -> anyhow::Result<SealProof> {
        let (openings, inputs) = (self.open()?, self.inputs());
        let (proofs, took) = timed(|| {
            <Compound as CompoundProof<'_, Drg<'_>, _>>::circuit_proofs(
                &inputs,
                openings,
                &self.params,
                &parameters.mapped,
                false,
            )
        });
        let proof = proofs?.pop().context("one partition has one proof")?;
        Ok(SealProof {
            proof,
            inputs,
            took,
        })
    }

    /// A check of `proof` as a chain does it: the public inputs from challenges and graph, then the
    /// pairings, with a key that is prepared.
    ///
    /// # Errors
    /// What the crates say.
    pub fn checker<'a>(
        &'a self,
        parameters: &Parameters,
        proof: &'a SealProof,
    ) -> impl Fn() -> anyhow::Result<bool> + 'a {
        let key = bellperson::groth16::prepare_verifying_key(&parameters.mapped.vk);
        move || {
            let inputs = <Compound as CompoundProof<'_, Drg<'_>, _>>::generate_public_inputs(
                &proof.inputs,
                &self.params,
                None,
            )?;
            let holds = bellperson::groth16::verify_proof(&key, &proof.proof, &inputs)?;
            Ok(holds)
        }
    }
}
