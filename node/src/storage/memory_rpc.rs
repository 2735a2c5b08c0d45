//! The node's own RPC, without a socket, as a client of the storage node.

use std::sync::Arc;

use futures::StreamExt;
use jsonrpsee::RpcModule;
use sc_service::RpcHandlers;
use serde::Deserialize;
use subxt_rpcs::{
    client::{RawRpcFuture, RawRpcSubscription, RawValue, RpcClientT},
    Error,
};

/// Notifications a subscription may lag behind before the node drops it.
const NOTIFICATIONS_MAX: usize = 1_024;

/// Answers requests from the module that the node's RPC server uses.
pub(super) struct MemoryRpc {
    module: Arc<RpcModule<()>>,
}

/// A JSON-RPC response.
#[derive(Deserialize)]
struct Response {
    result: Option<Box<RawValue>>,
    error: Option<RpcFailure>,
}

/// A JSON-RPC notification of a subscription.
#[derive(Deserialize)]
struct Notification {
    params: Payload,
}

#[derive(Deserialize)]
struct Payload {
    result: Box<RawValue>,
}

/// The error object of a response.
#[derive(Debug, Deserialize, thiserror::Error)]
#[error("{message} (code {code})")]
struct RpcFailure {
    code: i64,
    message: String,
}

/// A response with neither result nor error.
#[derive(Debug, thiserror::Error)]
#[error("the node answered with neither a result nor an error")]
struct EmptyResponse;

impl MemoryRpc {
    pub(super) fn new(handlers: RpcHandlers) -> Self {
        Self { module: handlers.handle() }
    }

    async fn call(
        &self,
        method: &str,
        params: Option<Box<RawValue>>,
    ) -> Result<(Box<RawValue>, tokio::sync::mpsc::Receiver<String>), Error> {
        let params = params.as_deref().map_or("[]", RawValue::get);
        let method = serde_json::to_string(method).map_err(Error::Serialization)?;
        let request =
            format!(r#"{{"jsonrpc":"2.0","id":1,"method":{method},"params":{params}}}"#);
        let (response, notifications) = self
            .module
            .raw_json_request(&request, NOTIFICATIONS_MAX)
            .await
            .map_err(Error::Serialization)?;
        let response: Response =
            serde_json::from_str(&response).map_err(Error::Deserialization)?;
        match (response.result, response.error) {
            (_, Some(failure)) => Err(Error::Client(Box::new(failure))),
            (Some(result), None) => Ok((result, notifications)),
            (None, None) => Err(Error::Client(Box::new(EmptyResponse))),
        }
    }
}

impl RpcClientT for MemoryRpc {
    fn request_raw<'a>(
        &'a self,
        method: &'a str,
        params: Option<Box<RawValue>>,
    ) -> RawRpcFuture<'a, Box<RawValue>> {
        Box::pin(async move { self.call(method, params).await.map(|(result, _)| result) })
    }

    fn subscribe_raw<'a>(
        &'a self,
        sub: &'a str,
        params: Option<Box<RawValue>>,
        _unsub: &'a str,
    ) -> RawRpcFuture<'a, RawRpcSubscription> {
        Box::pin(async move {
            let (id, notifications) = self.call(sub, params).await?;
            let id = serde_json::from_str::<serde_json::Value>(id.get())
                .map_err(Error::Deserialization)?;
            let id = match id {
                serde_json::Value::String(id) => id,
                other => other.to_string(),
            };
            // The subscription ends when the receiver is dropped; no call is needed for it.
            let stream = futures::stream::unfold(notifications, |mut receiver| async {
                let text = receiver.recv().await?;
                let item = serde_json::from_str::<Notification>(&text)
                    .map(|notification| notification.params.result)
                    .map_err(Error::Deserialization);
                Some((item, receiver))
            });
            Ok(RawRpcSubscription { stream: stream.boxed(), id: Some(id) })
        })
    }
}
