//! One actor per account that gets calls into blocks exactly once.
//!
//! Goal: nonces, mortality, resubmission after drops and restarts. Non-goal: finality; a call is
//! done when it is in a best block.
//!
//! An extrinsic that got lost is never replaced by one with another nonce while it may still be
//! included: it is sent again as it is, or rebuilt with the same nonce, until its nonce is used or
//! its mortality ends. So one call can not take effect twice.
//!
//! What an earlier run has left, and what could not be followed to its end, is taken up by the next
//! equal call (`recovery`).

mod nonces;
mod pool;
mod recovery;
mod track;

use std::{sync::Arc, time::Duration};

use futures::{future::BoxFuture, stream::FuturesUnordered, StreamExt};
use ips_engine::chain::{Call, ChainError, Head, Outcome};
use ips_primitives::id::AccountKey;
use tokio::{
    sync::{mpsc, oneshot, watch, Mutex},
    task::JoinHandle,
};

use crate::{
    calls::CallBytes,
    events::Sender,
    journal::{Journal, Pending},
    keys::{address_of, AccountSigner},
    rpc::{Rpc, RpcFailure},
    runtime::Runtime,
};
use nonces::Nonces;
use pool::{PoolAnswer, Rejection};
use recovery::{recover, serve, Orphans};
use track::Settled;

/// Most extrinsics of an account that are under way at once.
pub(crate) const IN_FLIGHT_MAX: usize = 16;
/// Most calls that wait for one of those places.
const QUEUE_MAX: usize = 256;
/// Times that a pool may turn a fresh extrinsic down before the caller hears of it.
const REJECTIONS_MAX: u32 = 8;
/// Times that a call is built anew because its extrinsic can no longer come.
const RENEWALS_MAX: u32 = 8;
/// Times that a lost extrinsic is sent again without waiting for a block.
const HASTY_RESENDS: u32 = 3;
/// Longest wait for a new block before trying again.
const RETRY_AFTER: Duration = Duration::from_secs(6);

/// A call and who waits for it.
struct Job {
    call: Call,
    reply: oneshot::Sender<Result<Outcome, ChainError>>,
}

/// The handle of the actor; the actor ends with it.
pub(crate) struct Submitter {
    jobs: mpsc::Sender<Job>,
    task: JoinHandle<()>,
}

impl Drop for Submitter {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Submitter {
    pub(crate) fn spawn(lane: Lane) -> Self {
        let (jobs, queue) = mpsc::channel(QUEUE_MAX);
        let task = tokio::spawn(run(Arc::new(lane), queue));
        Self { jobs, task }
    }

    /// Waits until the call took effect or was refused.
    pub(crate) async fn submit(&self, call: Call) -> Result<Outcome, ChainError> {
        let stopped = || ChainError::Unreachable {
            url: "submitter".into(),
            reason: "the submitter has stopped; restart this program".into(),
        };
        let (reply, answer) = oneshot::channel();
        self.jobs
            .send(Job { call, reply })
            .await
            .map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())?
    }
}

/// What the ways of all extrinsics of one account share.
pub(crate) struct Lane {
    rpc: Rpc,
    genesis: [u8; 32],
    /// As last seen; never held across an await.
    runtime: watch::Sender<Arc<Runtime>>,
    heads: watch::Receiver<Head>,
    signer: AccountSigner,
    journal: Journal,
    nonces: Nonces,
    orphans: Orphans,
    /// Held while an extrinsic is built and handed in.
    building: Mutex<()>,
}

type Way = BoxFuture<'static, ()>;

async fn run(lane: Arc<Lane>, mut queue: mpsc::Receiver<Job>) {
    let mut ways: FuturesUnordered<Way> = FuturesUnordered::new();
    let mut recovered = recover(&lane, &ways);
    loop {
        tokio::select! {
            Some(()) = ways.next(), if !ways.is_empty() => {}
            job = queue.recv(), if ways.len() < IN_FLIGHT_MAX => match job {
                Some(job) => ways.push(serve(Arc::clone(&lane), job, &mut recovered)),
                None => return,
            },
        }
    }
}

/// What to do with a call next.
enum Step {
    /// Build a new extrinsic with a nonce that is free and at least this.
    Fresh(u32),
    /// Build a new extrinsic with the nonce of a lost one.
    Rebuild(Pending),
    /// Hand the same extrinsic in again.
    Resend(Pending),
}

/// How the way of a call ended.
enum Driven {
    /// It is in a block: its effect, or the runtime's refusal.
    Done(Result<Outcome, ChainError>),
    /// The extrinsic that was to be followed can no longer come.
    NeverComes,
}

/// What to do with an extrinsic after the pool's answer.
enum Next {
    Step(Step),
    End(Driven),
}

/// Counts of one call's way.
#[derive(Default)]
struct Tries {
    /// Whether the extrinsic was in no pool before.
    is_fresh: bool,
    rejections: u32,
    resends: u32,
    renewals: u32,
}

impl Lane {
    pub(crate) fn new(
        rpc: Rpc,
        genesis: [u8; 32],
        runtime: Arc<Runtime>,
        heads: watch::Receiver<Head>,
        signer: AccountSigner,
        journal: Journal,
    ) -> Self {
        Self {
            rpc,
            genesis,
            runtime: watch::Sender::new(runtime),
            heads,
            signer,
            journal,
            nonces: Nonces::default(),
            orphans: Orphans::default(),
            building: Mutex::new(()),
        }
    }

    fn account(&self) -> AccountKey {
        self.signer.account()
    }

    fn sender(&self, call: &CallBytes) -> Sender {
        Sender {
            call: call.name,
            account: self.account(),
        }
    }

    /// Ends the watch over an extrinsic: its nonce is used, or free for another.
    fn forget(&self, pending: &Pending) {
        self.nonces.release(pending.nonce);
        if let Err(error) = self.journal.remove(pending) {
            tracing::warn!(%error, "journal record stays");
        }
    }

    /// Brings a call into a block.
    async fn drive(&self, call: &CallBytes) -> Result<Outcome, ChainError> {
        let mut tries = Tries::default();
        let mut step = Step::Fresh(0);
        loop {
            match self.follow_through(call, step, &mut tries).await? {
                Driven::Done(result) => return result,
                Driven::NeverComes if tries.renewals >= RENEWALS_MAX => {
                    let why = "its extrinsics are never taken into a block; check the node".into();
                    let sender = self.sender(call);
                    return Err(sender.refused("TransactionPool", "NeverIncluded", why));
                }
                Driven::NeverComes => {
                    tries.renewals += 1;
                    step = Step::Fresh(0);
                }
            }
        }
    }

    /// Follows one extrinsic to its end. If the end cannot be seen, the next equal call takes it up.
    async fn follow_through(
        &self,
        call: &CallBytes,
        mut step: Step,
        tries: &mut Tries,
    ) -> Result<Driven, ChainError> {
        loop {
            tries.is_fresh = matches!(step, Step::Fresh(_));
            let (pending, answer) = self.hand_in(call, step).await?;
            match self.answered(call, &pending, answer, tries).await {
                Ok(Next::Step(next)) => step = next,
                Ok(Next::End(end)) => {
                    self.forget(&pending);
                    return Ok(end);
                }
                Err(error) => {
                    let is_final = matches!(
                        error,
                        ChainError::Refused { .. } | ChainError::NoFunds { .. }
                    );
                    if is_final {
                        self.forget(&pending);
                    } else {
                        self.nonces.release(pending.nonce);
                        self.orphans.put(pending);
                    }
                    return Err(error);
                }
            }
        }
    }

    /// What follows the pool's answer to an extrinsic.
    async fn answered(
        &self,
        call: &CallBytes,
        pending: &Pending,
        answer: PoolAnswer,
        tries: &mut Tries,
    ) -> Result<Next, ChainError> {
        let settled = match answer {
            PoolAnswer::Accepted(statuses) => self.follow(call, pending, statuses).await?,
            PoolAnswer::AlreadyThere | PoolAnswer::Unknown => {
                self.wait_for_block().await;
                self.settle(call, pending).await?
            }
            PoolAnswer::Rejected(Rejection::NonceTaken) if tries.is_fresh => {
                // Another program's extrinsic has the nonce: ours comes after it.
                self.forget(pending);
                return Ok(Next::Step(Step::Fresh(pending.nonce.saturating_add(1))));
            }
            PoolAnswer::Rejected(rejection) => {
                tries.rejections += 1;
                match self.rejected(call, pending, rejection, tries).await? {
                    Some(next) => return Ok(Next::Step(next)),
                    None => self.settle(call, pending).await?,
                }
            }
        };
        Ok(match settled {
            Settled::Done(result) => Next::End(Driven::Done(result)),
            Settled::NeverComes => Next::End(Driven::NeverComes),
            Settled::MayCome => {
                tries.resends += 1;
                if tries.resends >= HASTY_RESENDS {
                    self.wait_for_block().await;
                }
                Next::Step(Step::Resend(pending.clone()))
            }
        })
    }

    /// Builds if need be, writes the journal, then hands the extrinsic to the pool.
    async fn hand_in(
        &self,
        call: &CallBytes,
        step: Step,
    ) -> Result<(Pending, PoolAnswer), ChainError> {
        let _building = self.building.lock().await;
        let pending = match step {
            Step::Resend(pending) => pending,
            Step::Rebuild(lost) => {
                let mut rebuilt = match self.build(call, lost.nonce).await {
                    Ok(rebuilt) => rebuilt,
                    Err(error) => {
                        self.nonces.release(lost.nonce);
                        self.orphans.put(lost);
                        return Err(error);
                    }
                };
                rebuilt.since = lost.since;
                rebuilt.earlier = lost.earlier;
                rebuilt.earlier.push(lost.hash);
                rebuilt
            }
            Step::Fresh(least) => {
                let ready = self.rpc.next_nonce(&address_of(self.account())).await?;
                let nonce = self.nonces.first_free(ready.max(least));
                self.build(call, nonce).await?
            }
        };
        self.nonces.take(pending.nonce);
        if let Err(error) = self.journal.put(&pending) {
            tracing::warn!(%error, "not journalled; a crash now could lose track of it");
        }
        let answer = match self.rpc.submit(&pending.extrinsic).await {
            Ok(statuses) => PoolAnswer::Accepted(statuses),
            Err(RpcFailure::Refused(error)) => PoolAnswer::of(&error),
            Err(RpcFailure::Unreachable(_)) => PoolAnswer::Unknown,
            Err(RpcFailure::Malformed(reason)) => {
                tracing::warn!(reason, "an unknown answer to an extrinsic");
                PoolAnswer::Unknown
            }
        };
        Ok((pending, answer))
    }

    async fn build(&self, call: &CallBytes, nonce: u32) -> Result<Pending, ChainError> {
        let runtime = self.current_runtime().await?;
        let birth = self.rpc.best().await?;
        let bytes = call.to_bytes(runtime.metadata())?;
        let signed = runtime.sign(call, nonce, birth, &self.signer)?;
        Ok(Pending {
            nonce,
            label: call.name.label.to_owned(),
            call: bytes,
            extrinsic: signed.bytes,
            hash: signed.hash,
            earlier: Vec::new(),
            born_at: birth.number,
            since: birth.number,
        })
    }

    /// The runtime as the chain has it now; fetched anew after an upgrade.
    pub(crate) async fn current_runtime(&self) -> Result<Arc<Runtime>, ChainError> {
        let (spec_version, _) = self.rpc.runtime_version().await?;
        let known = Arc::clone(&self.runtime.borrow());
        if known.spec_version() == spec_version {
            return Ok(known);
        }
        let fetched = Arc::new(Runtime::fetch(&self.rpc, self.genesis).await?);
        self.runtime.send_replace(Arc::clone(&fetched));
        Ok(fetched)
    }

    /// What follows a rejection; `None` = look for the extrinsic in blocks.
    async fn rejected(
        &self,
        call: &CallBytes,
        pending: &Pending,
        rejection: Rejection,
        tries: &Tries,
    ) -> Result<Option<Step>, ChainError> {
        tracing::debug!(
            call = call.name.label,
            nonce = pending.nonce,
            ?rejection,
            "rejected"
        );
        match rejection {
            Rejection::NoFunds => return Err(self.sender(call).no_funds()),
            // Its nonce is used or taken, perhaps by itself, or its time has passed.
            Rejection::Stale | Rejection::Expired | Rejection::NonceTaken => return Ok(None),
            _ if tries.rejections >= REJECTIONS_MAX => {
                let (error, explanation) = rejection.text();
                return Err(self
                    .sender(call)
                    .refused("TransactionPool", error, explanation));
            }
            Rejection::BadProof | Rejection::Banned | Rejection::Full | Rejection::Other(_) => {}
        }
        self.wait_for_block().await;
        Ok(Some(Step::Rebuild(pending.clone())))
    }

    /// Until the next best block, but no longer than [`RETRY_AFTER`].
    async fn wait_for_block(&self) {
        let mut heads = self.heads.clone();
        heads.mark_unchanged();
        let _ = tokio::time::timeout(RETRY_AFTER, heads.changed()).await;
    }
}
