//! Async side: one permit per heavy step, the step itself on a blocking thread.

use std::{num::NonZeroUsize, path::PathBuf, sync::Arc};

use async_trait::async_trait;
use ips_engine::sealer::{PieceData, SealedCommitments, SealedSector, Sealer, SealerError};
use ips_primitives::{
    challenge::Beacon,
    proof_calls::TreePath,
    sector::{CommD, Profile, ProofBytes, ReplicaId},
};
use ips_proofs::params::ParamsCache;
use tokio::sync::Semaphore;

use crate::{
    queue::SealQueue,
    steps::{SealOrder, Steps},
};

/// Seals and proves on this machine.
///
/// Cheap to clone; clones share permits and loaded parameters.
#[derive(Clone, Debug)]
pub struct LocalSealer {
    steps: Arc<Steps>,
    queue: Arc<SealQueue>,
    permits: Arc<Semaphore>,
    /// Of storage proofs alone: their windows close, so they do not wait for a seal.
    post_permits: Arc<Semaphore>,
}

impl LocalSealer {
    /// A sealer that runs at most `steps_at_once` heavy steps at the same time, and as many storage
    /// proofs beside them.
    ///
    /// Parameters are taken from `cache` on first use, and generated there if they are missing.
    pub fn new(profile: Profile, cache: ParamsCache, steps_at_once: NonZeroUsize) -> Self {
        Self {
            steps: Arc::new(Steps::new(profile, cache)),
            queue: Arc::default(),
            permits: Arc::new(Semaphore::new(steps_at_once.get())),
            post_permits: Arc::new(Semaphore::new(steps_at_once.get())),
        }
    }

    /// Loads the parameters of all circuits, so that the first proof does not wait for them.
    ///
    /// # Errors
    /// [`SealerError::Prover`] if they can neither be loaded nor generated.
    pub async fn warm_up(&self) -> Result<(), SealerError> {
        self.run(Steps::warm_up).await
    }

    /// Runs `step` on a blocking thread. The permit goes with it: a caller that is cancelled does
    /// not free a core that is still busy.
    async fn run<T: Send + 'static>(
        &self,
        step: impl FnOnce(&Steps) -> Result<T, SealerError> + Send + 'static,
    ) -> Result<T, SealerError> {
        self.run_with(&self.permits, step).await
    }

    async fn run_with<T: Send + 'static>(
        &self,
        permits: &Arc<Semaphore>,
        step: impl FnOnce(&Steps) -> Result<T, SealerError> + Send + 'static,
    ) -> Result<T, SealerError> {
        let permit = permits
            .clone()
            .acquire_owned()
            .await
            .map_err(|error| SealerError::Prover(error.to_string()))?;
        let steps = self.steps.clone();
        let task = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            step(&steps)
        });
        match task.await {
            Ok(outcome) => outcome,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(error) => Err(SealerError::Prover(error.to_string())),
            },
        }
    }
}

#[async_trait]
impl Sealer for LocalSealer {
    fn profile(&self) -> Profile {
        self.steps.profile()
    }

    async fn comm_d(&self, pieces: Vec<PieceData>) -> Result<CommD, SealerError> {
        self.run(move |steps| steps.comm_d(&pieces)).await
    }

    async fn seal(
        &self,
        folder: PathBuf,
        pieces: Vec<PieceData>,
        replica_id: ReplicaId,
    ) -> Result<SealedCommitments, SealerError> {
        let order = SealOrder {
            folder,
            pieces,
            replica_id,
        };
        let answer = self.queue.push(order);
        let queue = self.queue.clone();
        // Whoever gets a permit seals what waits; when this one's turn comes, that may be done.
        self.run(move |steps| {
            queue.seal(steps);
            Ok(())
        })
        .await?;
        let failed = |_| SealerError::Prover("the step that sealed it broke off".into());
        answer.await.map_err(failed)?
    }

    async fn prove_seal(
        &self,
        folder: PathBuf,
        replica_id: ReplicaId,
        seed: Beacon,
    ) -> Result<Vec<ProofBytes>, SealerError> {
        self.run(move |steps| steps.prove_seal(&folder, replica_id, &seed))
            .await
    }

    async fn data_path(&self, folder: PathBuf, node: u32) -> Result<TreePath, SealerError> {
        self.run(move |steps| steps.data_path(&folder, node)).await
    }

    async fn check(&self, sector: SealedSector) -> Result<(), SealerError> {
        let steps = self.steps.clone();
        let task = tokio::task::spawn_blocking(move || steps.check(&sector));
        task.await
            .map_err(|error| SealerError::Prover(error.to_string()))?
    }

    async fn prove_post(
        &self,
        set: Vec<Option<SealedSector>>,
        randomness: [u8; 32],
    ) -> Result<ProofBytes, SealerError> {
        self.run_with(&self.post_permits, move |steps| {
            steps.prove_post(&set, &randomness)
        })
        .await
    }

    async fn prove_extract(
        &self,
        folder: PathBuf,
        comm_d: CommD,
        rho: [u8; 32],
    ) -> Result<ProofBytes, SealerError> {
        self.run(move |steps| steps.prove_extract(&folder, comm_d, &rho))
            .await
    }
}
