//! Connections to a node's JSON-RPC.
//!
//! Goal: one `RpcClient` that outlives restarts of the node. Non-goal: repeating requests; the
//! layer above knows which may be repeated. A node in the same process hands in its own
//! `RpcClient` instead.

use std::{
    future::Future,
    sync::Arc,
    time::{Duration, Instant},
};

use subxt_rpcs::{
    client::{
        jsonrpsee_client, JsonrpseeRpcClient, RawRpcFuture, RawRpcSubscription, RawValue,
        RpcClientT,
    },
    Error, RpcClient,
};
use tokio::sync::Mutex;

/// Longest time one attempt to connect takes.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// After a failed attempt, requests fail at once for this long.
const FAILURE_PAUSE: Duration = Duration::from_millis(200);

/// A client of the node at a `ws://` or `wss://` URL; connects at the first request and again
/// after a loss. Subscriptions end with the connection.
pub fn connect(url: &str) -> RpcClient {
    RpcClient::new(Reconnecting {
        url: url.into(),
        link: Mutex::new(Link::default()),
    })
}

/// The connection, if there is one, else when the last attempt failed.
#[derive(Default)]
struct Link {
    client: Option<Arc<JsonrpseeRpcClient>>,
    failed: Option<(Instant, String)>,
}

struct Reconnecting {
    url: String,
    link: Mutex<Link>,
}

impl Reconnecting {
    async fn client(&self) -> Result<Arc<JsonrpseeRpcClient>, Error> {
        let mut link = self.link.lock().await;
        if let Some(client) = link.client.as_ref().filter(|client| client.is_connected()) {
            return Ok(Arc::clone(client));
        }
        link.client = None;
        if let Some((at, reason)) = &link.failed {
            if at.elapsed() < FAILURE_PAUSE {
                return Err(Error::DisconnectedWillReconnect(reason.clone()));
            }
        }
        match within(CONNECT_TIMEOUT, jsonrpsee_client(&self.url)).await {
            Ok(client) => {
                let client = Arc::new(client);
                *link = Link {
                    client: Some(Arc::clone(&client)),
                    failed: None,
                };
                Ok(client)
            }
            Err(error) => {
                link.failed = Some((Instant::now(), error.to_string()));
                Err(Error::DisconnectedWillReconnect(error.to_string()))
            }
        }
    }

    /// Forgets a connection that failed, unless another one has replaced it.
    async fn forget(&self, lost: &Arc<JsonrpseeRpcClient>) {
        let mut link = self.link.lock().await;
        if link
            .client
            .as_ref()
            .is_some_and(|client| Arc::ptr_eq(client, lost))
        {
            link.client = None;
        }
    }

    async fn checked<T>(
        &self,
        client: &Arc<JsonrpseeRpcClient>,
        answer: Result<T, Error>,
    ) -> Result<T, Error> {
        if let Err(Error::Client(reason)) = answer {
            self.forget(client).await;
            return Err(Error::DisconnectedWillReconnect(reason.to_string()));
        }
        answer
    }
}

async fn within<T>(
    limit: Duration,
    attempt: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    tokio::time::timeout(limit, attempt)
        .await
        .unwrap_or_else(|_| {
            Err(Error::DisconnectedWillReconnect(
                "no answer to the connection request".into(),
            ))
        })
}

impl RpcClientT for Reconnecting {
    fn request_raw<'a>(
        &'a self,
        method: &'a str,
        params: Option<Box<RawValue>>,
    ) -> RawRpcFuture<'a, Box<RawValue>> {
        Box::pin(async move {
            let client = self.client().await?;
            let answer = client.request_raw(method, params).await;
            self.checked(&client, answer).await
        })
    }

    fn subscribe_raw<'a>(
        &'a self,
        sub: &'a str,
        params: Option<Box<RawValue>>,
        unsub: &'a str,
    ) -> RawRpcFuture<'a, RawRpcSubscription> {
        Box::pin(async move {
            let client = self.client().await?;
            let answer = client.subscribe_raw(sub, params, unsub).await;
            self.checked(&client, answer).await
        })
    }
}
