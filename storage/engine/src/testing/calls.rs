//! What the mock chain does with a call: same checks, errors and deadlines as the pallets.

mod deals;
mod extracts;
mod sectors;

use ips_primitives::id::ProviderId;

use super::{client::MockClient, state::State};
use crate::chain::{Call, ChainClient as _, ChainError};

/// A refusal as the runtime of the real chain words it.
fn refused(pallet: &str, error: &str) -> ChainError {
    ChainError::Refused {
        call: "mock",
        pallet: pallet.to_owned(),
        error: error.to_owned(),
        explanation: "the mock chain's rule".to_owned(),
    }
}

fn name_of(call: &Call) -> &'static str {
    match call {
        Call::ClaimSlot(_) => "claim_slot",
        Call::ConfirmDeal { .. } => "confirm_deal",
        Call::Settle(_) => "settle",
        Call::PreCommit(_) => "pre_commit",
        Call::ProveCommit { .. } => "prove_commit",
        Call::SubmitPost { .. } => "submit_post",
        Call::DeclareFault(_) => "declare_fault",
        Call::Recover(_) => "recover",
        Call::Terminate(_) => "terminate",
        Call::ExpirePreCommit { .. } => "expire_pre_commit",
        Call::ClaimExtracts(_) => "claim",
        _ => "other",
    }
}

impl MockClient {
    /// The provider that this client's account works for.
    fn provider(&self, state: &State) -> Result<ProviderId, ChainError> {
        let worker = self.account();
        let node = state.nodes.values().find(|node| node.worker == worker);
        node.map(|node| node.provider)
            .ok_or_else(|| refused("StorageMarket", "NotAWorker"))
    }

    /// Applies a call whole or not at all.
    pub(super) fn apply(&self, call: &Call) -> Result<(), ChainError> {
        let mut state = self.chain.lock();
        let name = name_of(call);
        if state.unreachable.contains(name) {
            let (url, reason) = ("mock".to_owned(), "lost by the test".to_owned());
            return Err(ChainError::Unreachable { url, reason });
        }
        state.calls.push(name);
        let mut changed = state.clone();
        self.dispatch(&mut changed, call)?;
        *state = changed;
        Ok(())
    }

    fn dispatch(&self, state: &mut State, call: &Call) -> Result<(), ChainError> {
        let provider = self.provider(state)?;
        match call {
            Call::ClaimSlot(slot) => self.claim_slot(state, provider, *slot),
            Call::ConfirmDeal { slot, signature } => {
                self.confirm(state, provider, *slot, *signature)
            }
            Call::Settle(slot) => self.settle(state, *slot),
            Call::PreCommit(args) => self.pre_commit(state, provider, args),
            Call::ProveCommit {
                sector,
                proofs,
                bindings,
            } => self.prove_commit(state, (provider, *sector), proofs, bindings),
            Call::SubmitPost {
                partition,
                period,
                proof,
            } => self.submit_post(state, (provider, *partition), *period, proof),
            Call::DeclareFault(sector) => self.declare_fault(state, (provider, *sector)),
            Call::Recover(sector) => self.recover(state, (provider, *sector)),
            Call::Terminate(sector) => self.terminate(state, (provider, *sector)),
            Call::ExpirePreCommit { provider, sector } => self.expire(state, (*provider, *sector)),
            Call::ClaimExtracts(claims) => self.claim_extracts(state, claims),
            _ => Err(refused("Mock", "NotInTheMock")),
        }
    }
}
