//! Following an extrinsic from the pool into a block.

use ips_engine::chain::{ChainError, Outcome};
use ips_primitives::hash::blake2_256;
use subxt::config::substrate::H256;
use subxt_rpcs::{client::RpcSubscription, methods::legacy::TransactionStatus};

use crate::{
    calls::CallBytes,
    events::{self, Place},
    journal::Pending,
    keys::address_of,
    rpc::Block,
    runtime::ERA_BLOCKS,
};

use super::{Lane, IN_FLIGHT_MAX};

/// What is known of an extrinsic that is no longer followed.
pub(super) enum Settled {
    /// It is in a block: its effect, or the runtime's refusal.
    Done(Result<Outcome, ChainError>),
    /// It is in no block yet and may still come.
    MayCome,
    /// Its nonce is used by another, or its mortality has ended.
    NeverComes,
}

impl Lane {
    /// Follows the statuses of an extrinsic that the pool has taken.
    pub(super) async fn follow(
        &self,
        call: &CallBytes,
        pending: &Pending,
        mut statuses: RpcSubscription<TransactionStatus<H256>>,
    ) -> Result<Settled, ChainError> {
        use TransactionStatus as Status;
        let mut heads = self.heads.clone();
        let mut is_blocked = false;
        loop {
            tokio::select! {
                status = statuses.next() => match status {
                    Some(Ok(Status::InBlock(hash) | Status::Finalized(hash))) => {
                        match self.outcome_in(call, pending, hash.0).await? {
                            Some(result) => return Ok(Settled::Done(result)),
                            None => return self.settle(call, pending).await,
                        }
                    }
                    Some(Ok(Status::Future)) => is_blocked = true,
                    Some(Ok(Status::Ready | Status::Broadcast(_) | Status::Retracted(_))) => {
                        is_blocked = false;
                    }
                    lost => {
                        let nonce = pending.nonce;
                        tracing::debug!(call = call.name.label, nonce, ?lost, "no longer followed");
                        return self.settle(call, pending).await;
                    }
                },
                changed = heads.changed() => {
                    let number = heads.borrow_and_update().number;
                    if changed.is_err() || number >= last_block(pending) {
                        return self.settle(call, pending).await;
                    }
                    if is_blocked {
                        if let Err(error) = self.fill_gaps(pending.nonce).await {
                            tracing::debug!(%error, "gap stays");
                        }
                    }
                }
            }
        }
    }

    /// Uses up the nonces that nobody has and that block `nonce`: their extrinsics were given up, or lost
    /// with a block that was dropped.
    async fn fill_gaps(&self, nonce: u32) -> Result<(), ChainError> {
        let _building = self.building.lock().await;
        for _ in 0..IN_FLIGHT_MAX {
            let ready = self.rpc.next_nonce(&address_of(self.account())).await?;
            let Some(gap) = self.nonces.gap_before(nonce, ready) else {
                return Ok(());
            };
            tracing::info!(gap, nonce, "a lost nonce is used up");
            let filler = self.build(&CallBytes::nothing(), gap).await?;
            if let Err(failure) = self.rpc.submit(&filler.extrinsic).await {
                tracing::debug!(?failure, gap, "not filled");
                return Ok(());
            }
        }
        Ok(())
    }

    /// Looks for an extrinsic in the blocks in which it can be.
    pub(super) async fn settle(
        &self,
        call: &CallBytes,
        pending: &Pending,
    ) -> Result<Settled, ChainError> {
        let account = self.account();
        let nonce: u32 = self
            .rpc
            .runtime_api("AccountNonceApi_account_nonce", &account)
            .await?;
        let best = self.rpc.best().await?.number;
        if nonce > pending.nonce {
            for number in pending.since..=best.min(last_block(pending)) {
                let Some(hash) = self.rpc.block_hash(number).await? else {
                    break;
                };
                if let Some(result) = self.outcome_in(call, pending, hash).await? {
                    return Ok(Settled::Done(result));
                }
            }
            return Ok(Settled::NeverComes);
        }
        Ok(if best >= last_block(pending) {
            Settled::NeverComes
        } else {
            Settled::MayCome
        })
    }

    /// The extrinsic's effect in a block of the best chain, or `None` if it is not in it.
    async fn outcome_in(
        &self,
        call: &CallBytes,
        pending: &Pending,
        hash: [u8; 32],
    ) -> Result<Option<Result<Outcome, ChainError>>, ChainError> {
        let Some(Block { head, extrinsics }) = self.rpc.block(hash).await? else {
            return Ok(None);
        };
        if self.rpc.block_hash(head.number).await? != Some(hash) {
            // Another block took its place meanwhile.
            return Ok(None);
        }
        let index = extrinsics
            .iter()
            .position(|bytes| pending.is(&blake2_256(&[bytes])));
        let Some(index) = index.and_then(|index| u32::try_from(index).ok()) else {
            return Ok(None);
        };
        let runtime = self.current_runtime().await?;
        let place = Place { block: head, index };
        events::outcome(&self.rpc, &runtime, place, self.sender(call))
            .await
            .map(Some)
    }
}

/// Last block that can hold the extrinsic.
fn last_block(pending: &Pending) -> u32 {
    pending.born_at.saturating_add(ERA_BLOCKS)
}
