//! Another chain of the same relay chain, on which a customer executes a program that pays here.
//!
//! Goal: sign and send one `execute` at a time, and tell what became of it. Non-goals: a journal (an
//! extrinsic that is not seen in a block dies after its era), messages in between; whether an order came
//! of it, the IPS chain tells.

use std::time::Duration;

use codec::{Compact, Encode};
use ips_engine::chain::{ChainError, Included};
use ips_primitives::{
    hash::blake2_256,
    id::{AccountKey, Balance},
    xcm::Program,
};
use subxt::config::substrate::H256;
use subxt_rpcs::methods::legacy::TransactionStatus;

use crate::{
    calls::{CallBytes, CallName},
    client::free_balance,
    events::{self, Place, Sender},
    keys::{address_of, AccountSigner},
    rpc::{Rpc, RpcFailure},
    runtime::Runtime,
};

/// How long its node is waited for.
const PATIENCE: Duration = Duration::from_secs(30);
/// The pallet for programs, as relay chains and as parachains name it.
const PALLETS: [CallName; 2] = [execute_of("XcmPallet"), execute_of("PolkadotXcm")];
/// The most that executing a program may weigh: some ten instructions.
const WEIGHT_MAX: (Compact<u64>, Compact<u64>) = (Compact(100_000_000_000), Compact(1_000_000));

const fn execute_of(pallet: &'static str) -> CallName {
    CallName {
        pallet,
        call: "execute",
        label: "xcm.execute",
    }
}

/// A chain that is not the IPS chain.
pub struct OtherChain {
    rpc: Rpc,
    runtime: Runtime,
}

impl OtherChain {
    /// Connects to a `ws://` or `wss://` URL.
    ///
    /// # Errors
    /// [`ChainError::Unreachable`] after half a minute; [`ChainError::Incompatible`] if its metadata cannot
    /// be read.
    pub async fn connect(url: &str) -> Result<Self, ChainError> {
        let rpc = Rpc::new(crate::connect(url), url, PATIENCE);
        let genesis = rpc.block_hash(0).await?.ok_or_else(|| {
            ChainError::Incompatible("the node does not tell the hash of block 0".into())
        })?;
        let runtime = Runtime::fetch_any(&rpc, genesis).await?;
        Ok(Self { rpc, runtime })
    }

    /// Free balance of its own token.
    ///
    /// # Errors
    /// [`ChainError`].
    pub async fn balance(&self, account: AccountKey) -> Result<Balance, ChainError> {
        free_balance(&self.rpc, account).await
    }

    /// Executes a program as the signer's account and waits until it is in a best block.
    ///
    /// # Errors
    /// [`ChainError::Refused`] if it was not executed to its end, [`ChainError::NoFunds`],
    /// [`ChainError::Unreachable`] if it is not seen in a block before it dies.
    pub async fn execute(
        &self,
        program: &Program,
        signer: &AccountSigner,
    ) -> Result<Included, ChainError> {
        let call = self.call(program)?;
        let sender = Sender {
            call: call.name,
            account: signer.account(),
        };
        let nonce = self.rpc.next_nonce(&address_of(signer.account())).await?;
        let birth = self.rpc.best().await?;
        let signed = self.runtime.sign(&call, nonce, birth, signer)?;
        let mut statuses = self
            .rpc
            .submit(&signed.bytes)
            .await
            .map_err(|failure| self.not_taken(failure, sender))?;
        while let Some(status) = statuses.next().await {
            match status {
                Ok(TransactionStatus::InBlock(hash) | TransactionStatus::Finalized(hash)) => {
                    let place = self.place(hash, &signed.bytes).await?;
                    let outcome = events::outcome(&self.rpc, &self.runtime, place, sender).await?;
                    return Ok(outcome?.included);
                }
                Ok(
                    TransactionStatus::Invalid
                    | TransactionStatus::Dropped
                    | TransactionStatus::Usurped(_)
                    | TransactionStatus::FinalityTimeout(_),
                )
                | Err(_) => break,
                Ok(_) => {}
            }
        }
        let reason =
            "the program was not seen in a block; look at your account there before you try again";
        Err(self.rpc.explain("", RpcFailure::Unreachable(reason.into())))
    }

    /// The call, checked against the chain's own types.
    fn call(&self, program: &Program) -> Result<CallBytes, ChainError> {
        let mut arguments = program.versioned();
        WEIGHT_MAX.encode_to(&mut arguments);
        let mut last = ChainError::Incompatible("it executes no programs".into());
        for name in PALLETS {
            let call = CallBytes::new(name, arguments.clone());
            match call.to_bytes(self.runtime.metadata()) {
                Ok(_) => return Ok(call),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    async fn place(&self, block: H256, extrinsic: &[u8]) -> Result<Place, ChainError> {
        let gone = || ChainError::Incompatible("the node does not know its own block".into());
        let block = self.rpc.block(block.0).await?.ok_or_else(gone)?;
        let hash = blake2_256(&[extrinsic]);
        let index = block
            .extrinsics
            .iter()
            .position(|bytes| blake2_256(&[bytes]) == hash)
            .ok_or_else(gone)?;
        Ok(Place {
            block: block.head,
            index: u32::try_from(index).map_err(|_| gone())?,
        })
    }

    fn not_taken(&self, failure: RpcFailure, sender: Sender) -> ChainError {
        match failure {
            // What a pool says of an account that cannot pay the fee.
            RpcFailure::Refused(error)
                if error
                    .data
                    .as_ref()
                    .is_some_and(|data| data.get().contains("pay some fees")) =>
            {
                sender.no_funds()
            }
            failure => self.rpc.explain("author_submitExtrinsic", failure),
        }
    }
}
