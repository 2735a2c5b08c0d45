//! One actor per account that gets calls into blocks exactly once.
//!
//! Goal: nonces, mortality, resubmission after drops and restarts. Non-goal: finality; a call is
//! done when it is in a best block.
//!
//! An extrinsic that got lost is never replaced by one with another nonce while it may still be
//! included: it is sent again as it is, or rebuilt with the same nonce, until its nonce is used or
//! its mortality ends. So one call can not take effect twice.

mod pool;
mod track;

use std::{collections::HashMap, sync::Arc, time::Duration};

use futures::{future::BoxFuture, stream::FuturesUnordered, FutureExt, StreamExt};
use ips_engine::chain::{Call, ChainError, Head, Outcome};
use ips_primitives::id::AccountKey;
use tokio::{
    sync::{mpsc, oneshot, watch, Mutex},
    task::JoinHandle,
};

use crate::{
    calls::{self, CallBytes},
    events::Sender,
    journal::{Journal, Pending},
    keys::{address_of, AccountSigner},
    rpc::{Rpc, RpcFailure},
    runtime::{Runtime, ERA_BLOCKS},
};
use pool::{PoolAnswer, Rejection};
use track::Settled;

/// Most extrinsics of an account that are under way at once.
pub(crate) const IN_FLIGHT_MAX: usize = 16;
/// Most calls that wait for one of those places.
const QUEUE_MAX: usize = 256;
/// Times that a pool may turn a fresh extrinsic down before the caller hears of it.
const REJECTIONS_MAX: u32 = 8;
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
    pub(crate) rpc: Rpc,
    pub(crate) genesis: [u8; 32],
    /// As last seen; never held across an await.
    pub(crate) runtime: watch::Sender<Arc<Runtime>>,
    pub(crate) heads: watch::Receiver<Head>,
    pub(crate) signer: AccountSigner,
    pub(crate) journal: Journal,
    /// First nonce that was not handed to the pool; held while an extrinsic is built and handed in.
    pub(crate) next: Mutex<Option<u32>>,
}

type Recovered = HashMap<Vec<u8>, oneshot::Receiver<Result<Outcome, ChainError>>>;
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

/// Takes up what an earlier run has left in the journal.
fn recover(lane: &Arc<Lane>, ways: &FuturesUnordered<Way>) -> Recovered {
    let mut recovered = Recovered::new();
    let records = lane.journal.all().unwrap_or_else(|error| {
        tracing::warn!(%error, "journal not readable, nothing recovered");
        Vec::new()
    });
    let best = lane.heads.borrow().number;
    for pending in records {
        let stale = best > pending.born_at.saturating_add(2 * ERA_BLOCKS);
        let name = calls::name_of(&pending.label).filter(|_| !stale);
        let Some(name) = name else {
            lane.forget(&pending);
            continue;
        };
        tracing::info!(
            call = pending.label,
            nonce = pending.nonce,
            "recovering an extrinsic"
        );
        let (reply, answer) = oneshot::channel();
        recovered.insert(pending.call.clone(), answer);
        let lane = Arc::clone(lane);
        let call = calls::from_bytes(name, &pending.call);
        ways.push(
            async move {
                let result = lane.drive(&call, Some(pending)).await;
                // Nobody asks for it if the caller did not come back: fine.
                let _ = reply.send(result);
            }
            .boxed(),
        );
    }
    recovered
}

/// The way of one call; joins the recovered extrinsic of an equal call.
fn serve(lane: Arc<Lane>, job: Job, recovered: &mut Recovered) -> Way {
    let call = CallBytes::of(&job.call);
    let bytes = call
        .to_bytes(lane.runtime.borrow().metadata())
        .unwrap_or_default();
    let earlier = recovered.remove(&bytes);
    async move {
        let taken_up = match earlier {
            Some(answer) => answer.await.ok().and_then(Result::ok),
            None => None,
        };
        let result = match taken_up {
            Some(outcome) => Ok(outcome),
            None => lane.drive(&call, None).await,
        };
        // The caller may have gone; the call took effect all the same.
        let _ = job.reply.send(result);
    }
    .boxed()
}

/// What to do with a call next.
enum Step {
    /// Build a new extrinsic with a fresh nonce.
    Fresh,
    /// Build a new extrinsic with the nonce of a lost one.
    Rebuild(Pending),
    /// Hand the same extrinsic in again.
    Resend(Pending),
}

impl Lane {
    pub(crate) fn account(&self) -> AccountKey {
        self.signer.account()
    }

    fn sender(&self, call: &CallBytes) -> Sender {
        Sender {
            call: call.name,
            account: self.account(),
        }
    }

    fn forget(&self, pending: &Pending) {
        if let Err(error) = self.journal.remove(pending) {
            tracing::warn!(%error, "journal record stays");
        }
    }

    /// Brings a call into a block; takes up `earlier` if it was already sent.
    async fn drive(
        &self,
        call: &CallBytes,
        earlier: Option<Pending>,
    ) -> Result<Outcome, ChainError> {
        let mut step = earlier.map_or(Step::Fresh, Step::Resend);
        let (mut rejections, mut resends) = (0, 0);
        loop {
            let is_fresh = matches!(step, Step::Fresh);
            let (pending, answer) = self.hand_in(call, step).await?;
            let settled = match answer {
                PoolAnswer::Accepted(statuses) => self.follow(call, &pending, statuses).await?,
                PoolAnswer::AlreadyThere | PoolAnswer::Unknown => {
                    self.wait_for_block().await;
                    self.settle(call, &pending).await?
                }
                PoolAnswer::Rejected(rejection) => {
                    rejections += 1;
                    if rejection == Rejection::NonceTaken && is_fresh {
                        // Another program's extrinsic has the nonce: ours comes after it.
                        self.forget(&pending);
                        *self.next.lock().await = Some(pending.nonce + 1);
                        step = Step::Fresh;
                        continue;
                    }
                    match self.rejected(call, &pending, rejection, rejections).await? {
                        Some(next) => {
                            step = next;
                            continue;
                        }
                        None => self.settle(call, &pending).await?,
                    }
                }
            };
            step = match settled {
                Settled::Done(result) => {
                    self.forget(&pending);
                    return result;
                }
                Settled::MayCome => {
                    resends += 1;
                    if resends >= HASTY_RESENDS {
                        self.wait_for_block().await;
                    }
                    Step::Resend(pending)
                }
                Settled::NeverComes => {
                    self.forget(&pending);
                    *self.next.lock().await = None;
                    Step::Fresh
                }
            };
        }
    }

    /// Builds if need be, writes the journal, then hands the extrinsic to the pool.
    async fn hand_in(
        &self,
        call: &CallBytes,
        step: Step,
    ) -> Result<(Pending, PoolAnswer), ChainError> {
        let mut next = self.next.lock().await;
        let (pending, fresh) = match step {
            Step::Resend(pending) => (pending, false),
            Step::Rebuild(lost) => {
                let mut rebuilt = self.build(call, lost.nonce).await?;
                rebuilt.earlier = lost.earlier;
                rebuilt.earlier.push(lost.hash);
                (rebuilt, false)
            }
            Step::Fresh => {
                let pool = self.rpc.next_nonce(&address_of(self.account())).await?;
                (
                    self.build(call, next.map_or(pool, |local| local.max(pool)))
                        .await?,
                    true,
                )
            }
        };
        if let Err(error) = self.journal.put(&pending) {
            tracing::warn!(%error, "not journalled; a crash now could lose track of it");
        }
        let answer = match self.rpc.submit(&pending.extrinsic).await {
            Ok(statuses) => PoolAnswer::Accepted(statuses),
            Err(RpcFailure::Unreachable(_)) => PoolAnswer::Unknown,
            Err(RpcFailure::Refused(error)) => PoolAnswer::of(&error),
            Err(failure @ RpcFailure::Malformed(_)) => {
                return Err(self.rpc.explain("author_submitAndWatchExtrinsic", failure))
            }
        };
        if fresh && !matches!(answer, PoolAnswer::Rejected(_)) {
            *next = Some(pending.nonce + 1);
        }
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
        count: u32,
    ) -> Result<Option<Step>, ChainError> {
        tracing::debug!(
            call = call.name.label,
            nonce = pending.nonce,
            ?rejection,
            "rejected"
        );
        match rejection {
            Rejection::NoFunds => {
                self.abandon(pending).await;
                return Err(self.sender(call).no_funds());
            }
            // Its nonce is used or taken, perhaps by itself, or its time has passed.
            Rejection::Stale | Rejection::Expired | Rejection::NonceTaken => return Ok(None),
            _ if count >= REJECTIONS_MAX => {
                self.abandon(pending).await;
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

    /// Gives a nonce back.
    async fn abandon(&self, pending: &Pending) {
        self.forget(pending);
        *self.next.lock().await = None;
    }

    /// Until the next best block, but no longer than [`RETRY_AFTER`].
    async fn wait_for_block(&self) {
        let mut heads = self.heads.clone();
        heads.mark_unchanged();
        let _ = tokio::time::timeout(RETRY_AFTER, heads.changed()).await;
    }
}
