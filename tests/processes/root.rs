//! Governance of a local chain: calls as Root, by its sudo key, and an authorised upgrade.

use std::time::{Duration, Instant};

use anyhow::{ensure, Context};
use codec::{Decode, Encode};
use frame_support::storage::storage_prefix;
use frame_system::{EventRecord, Phase};
use ips_chain::RpcClient;
use ips_primitives::hash::blake2_256;
use ips_runtime::{
    AccountId, Hash, Runtime, RuntimeCall, RuntimeEvent, Signature, TxExtension,
    UncheckedExtrinsic, VERSION,
};
use serde_json::Value;
use sp_core::{sr25519, Pair};
use sp_runtime::{
    generic::{Era, SignedPayload},
    DispatchResult,
};
use subxt_rpcs::rpc_params;

use crate::finality::{block_hash, final_head};

/// The sudo key of the development presets.
const SUDO: &str = "//Alice";
/// Pause between two looks at the chain.
const POLL: Duration = Duration::from_secs(1);
/// Largest code that is compressed.
const CODE_MAX: usize = 64 << 20;

/// Root of a local chain.
pub struct Root {
    rpc: RpcClient,
    pair: sr25519::Pair,
    patience: Duration,
}

impl Root {
    /// Root of the chain behind `rpc`; nothing is waited for longer than `patience`.
    ///
    /// # Errors
    /// Never: the sudo key's name is valid.
    pub fn new(rpc: RpcClient, patience: Duration) -> anyhow::Result<Self> {
        let pair = sr25519::Pair::from_string(SUDO, None)?;
        Ok(Self {
            rpc,
            pair,
            patience,
        })
    }

    /// Dispatches a call as Root and waits until that is final: what came of it.
    ///
    /// # Errors
    /// If the chain does not take it.
    pub async fn call(&self, call: impl Into<RuntimeCall>) -> anyhow::Result<DispatchResult> {
        let call = Box::new(call.into());
        let events = self.sign_and_wait(pallet_sudo::Call::sudo { call }).await?;
        let outcome = events.into_iter().find_map(|event| match event {
            RuntimeEvent::Sudo(pallet_sudo::Event::Sudid { sudo_result }) => Some(sudo_result),
            _ => None,
        });
        outcome.context("sudo told nothing")
    }

    /// Dispatches a call of the sudo key's own account and waits until that is final.
    ///
    /// # Errors
    /// If the chain does not take it, or refuses it.
    pub async fn submit(&self, call: impl Into<RuntimeCall>) -> anyhow::Result<()> {
        self.sign_and_wait(call).await.map(drop)
    }

    /// Authorises the code and applies it, as anybody may then; waits until the chain runs it.
    ///
    /// # Errors
    /// If the chain, or its relay chain, does not take it.
    pub async fn upgrade(&self, code: &[u8], spec_version: u64) -> anyhow::Result<()> {
        let code = sp_maybe_compressed_blob::compress_strongly(code, CODE_MAX)
            .context("the code cannot be compressed")?;
        let code_hash = Hash::from(blake2_256(&[&code]));
        let authorised = self
            .call(frame_system::Call::authorize_upgrade { code_hash })
            .await?;
        ensure!(authorised.is_ok(), "not authorised: {authorised:?}");
        self.sign_and_wait(frame_system::Call::apply_authorized_upgrade { code })
            .await?;
        let since = Instant::now();
        while self.spec_version().await? != spec_version {
            ensure!(
                since.elapsed() < self.patience,
                "the relay chain does not let the upgrade through"
            );
            tokio::time::sleep(POLL).await;
        }
        Ok(())
    }

    /// Version of the runtime at the last final block.
    ///
    /// # Errors
    /// If the node does not answer.
    pub async fn spec_version(&self) -> anyhow::Result<u64> {
        let (_, hash) = final_head(&self.rpc).await?;
        let version: Value = self
            .rpc
            .request("state_getRuntimeVersion", rpc_params![hash])
            .await?;
        version["specVersion"].as_u64().context("no version")
    }

    /// A value of the last final block's state.
    ///
    /// # Errors
    /// If the node does not answer, or the value is of another type.
    pub async fn read<T: Decode>(&self, pallet: &str, item: &str) -> anyhow::Result<Option<T>> {
        let (_, hash) = final_head(&self.rpc).await?;
        self.read_at(pallet, item, hash).await
    }

    async fn read_at<T: Decode>(
        &self,
        pallet: &str,
        item: &str,
        at: Hash,
    ) -> anyhow::Result<Option<T>> {
        let prefix = storage_prefix(pallet.as_bytes(), item.as_bytes());
        let key = format!("0x{}", hex::encode(prefix));
        let value: Option<String> = self
            .rpc
            .request("state_getStorage", rpc_params![key, at])
            .await?;
        let Some(value) = value else {
            return Ok(None);
        };
        let bytes = hex::decode(value.trim_start_matches("0x"))?;
        Ok(Some(T::decode(&mut bytes.as_slice())?))
    }

    /// Signs a call with the sudo key, hands it in, and waits until it is final; its events.
    async fn sign_and_wait(
        &self,
        call: impl Into<RuntimeCall>,
    ) -> anyhow::Result<Vec<RuntimeEvent>> {
        let (first, _) = final_head(&self.rpc).await?;
        let extrinsic = self.sign(call.into()).await?.encode();
        let bytes = format!("0x{}", hex::encode(&extrinsic));
        let _: Hash = self
            .rpc
            .request("author_submitExtrinsic", rpc_params![&bytes])
            .await?;
        let since = Instant::now();
        let mut next = first + 1;
        loop {
            let (last, _) = final_head(&self.rpc).await?;
            while next <= last {
                let hash = block_hash(&self.rpc, next).await?;
                if let Some(index) = self.index_in(hash, &bytes).await? {
                    return self.events_of(hash, index).await;
                }
                next += 1;
            }
            ensure!(
                since.elapsed() < self.patience,
                "a call by the sudo key does not become final"
            );
            tokio::time::sleep(POLL).await;
        }
    }

    async fn index_in(&self, block: Hash, extrinsic: &str) -> anyhow::Result<Option<u32>> {
        let block: Value = self
            .rpc
            .request("chain_getBlock", rpc_params![block])
            .await?;
        let all = block["block"]["extrinsics"].as_array();
        let index = all
            .context("a block without extrinsics")?
            .iter()
            .position(|bytes| bytes.as_str() == Some(extrinsic));
        Ok(index.map(u32::try_from).transpose()?)
    }

    async fn events_of(&self, block: Hash, index: u32) -> anyhow::Result<Vec<RuntimeEvent>> {
        let records = self
            .read_at::<Vec<EventRecord<RuntimeEvent, Hash>>>("System", "Events", block)
            .await?;
        let events: Vec<_> = records
            .unwrap_or_default()
            .into_iter()
            .filter(|record| record.phase == Phase::ApplyExtrinsic(index))
            .map(|record| record.event)
            .collect();
        let failed = events.iter().find_map(|event| match event {
            RuntimeEvent::System(frame_system::Event::ExtrinsicFailed {
                dispatch_error, ..
            }) => Some(dispatch_error),
            _ => None,
        });
        ensure!(failed.is_none(), "refused: {failed:?}");
        Ok(events)
    }

    async fn sign(&self, call: RuntimeCall) -> anyhow::Result<UncheckedExtrinsic> {
        let account = AccountId::from(<[u8; 32]>::from(self.pair.public()));
        let nonce: u32 = self
            .rpc
            .request("system_accountNextIndex", rpc_params![account.to_string()])
            .await?;
        let genesis = block_hash(&self.rpc, 0).await?;
        let spec = u32::try_from(self.spec_version().await?)?;
        Ok(sign(&self.pair, call, nonce, spec, genesis))
    }
}

/// Signs a call for the chain with that genesis and version; it never dies and tips nothing.
pub fn sign(
    pair: &sr25519::Pair,
    call: RuntimeCall,
    nonce: u32,
    spec: u32,
    genesis: Hash,
) -> UncheckedExtrinsic {
    let extension = TxExtension::new((
        frame_system::AuthorizeCall::new(),
        frame_system::CheckNonZeroSender::new(),
        frame_system::CheckSpecVersion::new(),
        frame_system::CheckTxVersion::new(),
        frame_system::CheckGenesis::new(),
        frame_system::CheckEra::from(Era::Immortal),
        frame_system::CheckNonce::from(nonce),
        frame_system::CheckWeight::new(),
        pallet_transaction_payment::ChargeTransactionPayment::<Runtime>::from(0),
        frame_metadata_hash_extension::CheckMetadataHash::new(false),
    ));
    let implicit = (
        (),
        (),
        spec,
        VERSION.transaction_version,
        genesis,
        genesis,
        (),
        (),
        (),
        None,
    );
    let payload = SignedPayload::from_raw(call.clone(), extension.clone(), implicit);
    let signature = payload.using_encoded(|bytes| pair.sign(bytes));
    let account = AccountId::from(<[u8; 32]>::from(pair.public()));
    UncheckedExtrinsic::new_signed(
        call,
        account.into(),
        Signature::Sr25519(signature),
        extension,
    )
}
