//! The node's JSON-RPC methods that IPS uses, typed.
//!
//! Goal: patience with a node that restarts, and a clear split between "no answer" and "refused".

use std::time::{Duration, Instant};

use codec::{Decode, Encode};
use ips_engine::chain::{ChainError, Head};
use ips_primitives::{hash::blake2_256, id::BlockNumber};
use serde::{de::DeserializeOwned, Deserialize};
use serde_json::{json, Value};
use subxt::config::substrate::{SubstrateHeader, H256};
use subxt_rpcs::{
    client::{RpcParams, RpcSubscription},
    methods::legacy::TransactionStatus,
    Error, RpcClient, UserError,
};

const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// Times that the best block may vanish before its header is read.
const BEST_TRIES: u32 = 16;
/// Most extrinsics of a block that are looked at.
const BLOCK_EXTRINSICS_MAX: usize = 1 << 16;

/// Why a request has no result.
#[derive(Debug)]
pub(crate) enum RpcFailure {
    /// The node could not be asked for as long as patience lasted.
    Unreachable(String),
    /// The node answered with an error.
    Refused(UserError),
    /// The answer is not what the method promises.
    Malformed(String),
}

/// A block's header and extrinsics.
pub(crate) struct Block {
    pub(crate) head: Head,
    pub(crate) extrinsics: Vec<Vec<u8>>,
}

/// A node, by its JSON-RPC.
#[derive(Clone)]
pub(crate) struct Rpc {
    client: RpcClient,
    url: String,
    patience: Duration,
}

impl Rpc {
    pub(crate) fn new(client: RpcClient, url: &str, patience: Duration) -> Self {
        Self {
            client,
            url: url.into(),
            patience,
        }
    }

    /// The same node, waited for no longer than `patience`.
    pub(crate) fn with_patience(&self, patience: Duration) -> Self {
        Self {
            patience,
            ..self.clone()
        }
    }

    /// The error that the port knows for a failed request.
    pub(crate) fn explain(&self, method: &str, failure: RpcFailure) -> ChainError {
        match failure {
            RpcFailure::Unreachable(reason) => ChainError::Unreachable {
                url: self.url.clone(),
                reason,
            },
            RpcFailure::Refused(error) => {
                let data = error.data.as_ref().map_or("", |data| data.get());
                ChainError::Incompatible(format!(
                    "{method} is refused by {}: {} {data} ({})",
                    self.url, error.message, error.code
                ))
            }
            RpcFailure::Malformed(reason) => ChainError::Incompatible(format!(
                "{method} of {} has an unknown answer: {reason}",
                self.url
            )),
        }
    }

    /// Asks until there is an answer or patience ends; only for requests that may be repeated.
    async fn request<T: DeserializeOwned>(
        &self,
        method: &str,
        params: &[Value],
    ) -> Result<T, RpcFailure> {
        let started = Instant::now();
        let mut pause = FIRST_PAUSE;
        loop {
            let reason = match self.client.request(method, rpc_params(params)?).await {
                Ok(answer) => return Ok(answer),
                Err(error) => unreachable_reason(error)?,
            };
            if started.elapsed() + pause > self.patience {
                return Err(RpcFailure::Unreachable(reason));
            }
            tracing::debug!(method, reason, "node not reached, trying again");
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        method: &str,
        params: &[Value],
    ) -> Result<T, ChainError> {
        self.request(method, params)
            .await
            .map_err(|failure| self.explain(method, failure))
    }

    /// Calls a runtime API at the best block and decodes its answer.
    pub(crate) async fn runtime_api<T: Decode>(
        &self,
        method: &str,
        arguments: &impl Encode,
    ) -> Result<T, ChainError> {
        let answer: String = self
            .ask("state_call", &[json!(method), hex_value(arguments)])
            .await?;
        let decoded = unhex(&answer).and_then(|bytes| {
            let mut rest = bytes.as_slice();
            let value = T::decode(&mut rest).map_err(|error| error.to_string())?;
            rest.is_empty()
                .then_some(value)
                .ok_or_else(|| "too many bytes".to_owned())
        });
        decoded.map_err(|reason| {
            ChainError::Incompatible(format!("the runtime's answer to {method}: {reason}"))
        })
    }

    /// A storage value at a block, or at the best one.
    pub(crate) async fn storage(
        &self,
        key: &[u8],
        at: Option<[u8; 32]>,
    ) -> Result<Option<Vec<u8>>, ChainError> {
        let params = [json!(hex_of(key)), json!(at.map(|hash| hex_of(&hash)))];
        let answer: Option<String> = self.ask("state_getStorage", &params).await?;
        answer
            .map(|text| self.bytes("state_getStorage", &text))
            .transpose()
    }

    /// The best block.
    pub(crate) async fn best(&self) -> Result<Head, ChainError> {
        for _ in 0..BEST_TRIES {
            let hash: Option<H256> = self.ask("chain_getBlockHash", &[]).await?;
            let hash = hash.ok_or_else(|| missing("the best block's hash"))?;
            let header: Option<SubstrateHeader<H256>> =
                self.ask("chain_getHeader", &[json!(hash)]).await?;
            // The block may be retracted and pruned between the two requests.
            if let Some(header) = header {
                return Ok(Head {
                    number: block_number(header.number)?,
                    hash: hash.0,
                });
            }
        }
        Err(missing("the header of its best block"))
    }

    /// Hash of the block of a number on the best chain.
    pub(crate) async fn block_hash(
        &self,
        number: BlockNumber,
    ) -> Result<Option<[u8; 32]>, ChainError> {
        let hash: Option<H256> = self.ask("chain_getBlockHash", &[json!(number)]).await?;
        Ok(hash.map(|hash| hash.0))
    }

    /// A block, unless the node does not know it.
    pub(crate) async fn block(&self, hash: [u8; 32]) -> Result<Option<Block>, ChainError> {
        #[derive(Deserialize)]
        struct Answer {
            block: Body,
        }
        #[derive(Deserialize)]
        struct Body {
            header: SubstrateHeader<H256>,
            extrinsics: Vec<String>,
        }
        let answer: Option<Answer> = self.ask("chain_getBlock", &[json!(hex_of(&hash))]).await?;
        let Some(Answer {
            block: Body { header, extrinsics },
        }) = answer
        else {
            return Ok(None);
        };
        let extrinsics = extrinsics
            .iter()
            .take(BLOCK_EXTRINSICS_MAX)
            .map(|text| self.bytes("chain_getBlock", text))
            .collect::<Result<_, _>>()?;
        Ok(Some(Block {
            head: Head {
                number: block_number(header.number)?,
                hash,
            },
            extrinsics,
        }))
    }

    /// Spec version and transaction version of the runtime.
    pub(crate) async fn runtime_version(&self) -> Result<(u32, u32), ChainError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Answer {
            spec_version: u32,
            transaction_version: u32,
        }
        let answer: Answer = self.ask("state_getRuntimeVersion", &[]).await?;
        Ok((answer.spec_version, answer.transaction_version))
    }

    /// The account's next nonce, counting what is ready in the node's pool.
    pub(crate) async fn next_nonce(&self, account: &str) -> Result<u32, ChainError> {
        self.ask("system_accountNextIndex", &[json!(account)]).await
    }

    /// Hands an extrinsic to the node and follows it. Asked once: a repeat may find it in the pool.
    pub(crate) async fn submit(
        &self,
        extrinsic: &[u8],
    ) -> Result<RpcSubscription<TransactionStatus<H256>>, RpcFailure> {
        let params = rpc_params(&[json!(hex_of(extrinsic))])?;
        let answer = self
            .client
            .subscribe(
                "author_submitAndWatchExtrinsic",
                params,
                "author_unwatchExtrinsic",
            )
            .await;
        match answer {
            Ok(statuses) => Ok(statuses),
            Err(error) => Err(RpcFailure::Unreachable(unreachable_reason(error)?)),
        }
    }

    /// New best heads, until the connection is lost.
    pub(crate) async fn subscribe_heads(
        &self,
    ) -> Result<RpcSubscription<SubstrateHeader<H256>>, Error> {
        self.client
            .subscribe(
                "chain_subscribeNewHeads",
                RpcParams::new(),
                "chain_unsubscribeNewHeads",
            )
            .await
    }

    fn bytes(&self, method: &str, text: &str) -> Result<Vec<u8>, ChainError> {
        unhex(text).map_err(|reason| self.explain(method, RpcFailure::Malformed(reason)))
    }
}

/// The head that a header describes.
pub(crate) fn head_of(header: &SubstrateHeader<H256>) -> Result<Head, ChainError> {
    Ok(Head {
        number: block_number(header.number)?,
        hash: blake2_256(&[&header.encode()]),
    })
}

/// `0x` and hex.
pub(crate) fn hex_of(bytes: &[u8]) -> String {
    format!("0x{}", hex::encode(bytes))
}

fn hex_value(arguments: &impl Encode) -> Value {
    json!(hex_of(&arguments.encode()))
}

fn unhex(text: &str) -> Result<Vec<u8>, String> {
    hex::decode(text.strip_prefix("0x").unwrap_or(text)).map_err(|error| error.to_string())
}

fn block_number(number: u64) -> Result<BlockNumber, ChainError> {
    number
        .try_into()
        .map_err(|_| ChainError::Incompatible(format!("block number {number}")))
}

fn missing(what: &str) -> ChainError {
    ChainError::Incompatible(format!("the node does not tell {what}"))
}

fn rpc_params(values: &[Value]) -> Result<RpcParams, RpcFailure> {
    let mut params = RpcParams::new();
    for value in values {
        params
            .push(value)
            .map_err(|error| RpcFailure::Malformed(error.to_string()))?;
    }
    Ok(params)
}

/// The reason if asking again may help, else the failure.
fn unreachable_reason(error: Error) -> Result<String, RpcFailure> {
    match error {
        Error::User(user) => Err(RpcFailure::Refused(user)),
        Error::Client(reason) => Ok(reason.to_string()),
        Error::DisconnectedWillReconnect(reason) => Ok(reason),
        Error::InsecureUrl(url) => Ok(format!("insecure url {url}")),
        other => Err(RpcFailure::Malformed(other.to_string())),
    }
}
