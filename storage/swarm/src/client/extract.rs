//! Asking for a proof of extract and paying for it on the same stream.

use ips_primitives::{
    id::Signature,
    retrieval::{ExtractRequest, Voucher},
    sector::ProofBytes,
};

use super::exchange::Exchange;
use crate::{
    error::FetchError,
    handle::Swarm,
    peer::PeerId,
    protocols::fragment::wire::{Answer, Payment, Request},
};

/// An answered extract that waits for its voucher; dropping it pays nothing.
pub struct ExtractSession {
    swarm: Swarm,
    exchange: Exchange,
    proof: ProofBytes,
}

impl Swarm {
    /// Asks `peer` for a proof of extract; it may take minutes. `signature` is `client_key`'s over
    /// [`extract_signing_bytes`](crate::extract_signing_bytes).
    ///
    /// # Errors
    /// See [`FetchError`].
    pub async fn extract(
        &self,
        peer: PeerId,
        request: ExtractRequest,
        client_key: [u8; 32],
        signature: Signature,
    ) -> Result<ExtractSession, FetchError> {
        let swarm = self.clone();
        self.on_swarm(async move {
            let message = Request::Extract {
                request,
                client_key,
                signature,
            };
            let limit = swarm.timeouts().extract;
            let (exchange, answer) = Exchange::begin(&swarm, peer, &message, limit).await?;
            let Answer::Extracted(proof) = answer else {
                return Err(exchange.broken("no proof"));
            };
            Ok(ExtractSession {
                swarm,
                exchange,
                proof: *proof,
            })
        })
        .await
    }
}

impl ExtractSession {
    /// The proof; the caller verifies it before it pays.
    pub fn proof(&self) -> &ProofBytes {
        &self.proof
    }

    /// Pays with a voucher for the request and waits until the provider takes it.
    ///
    /// # Errors
    /// See [`FetchError`]. The provider waits for about two minutes.
    pub async fn send_voucher(
        self,
        voucher: Voucher,
        signature: Signature,
    ) -> Result<(), FetchError> {
        let Self {
            swarm,
            mut exchange,
            ..
        } = self;
        swarm
            .on_swarm(async move {
                exchange.send(&Payment { voucher, signature }).await?;
                exchange.accepted().await
            })
            .await
    }
}

impl std::fmt::Debug for ExtractSession {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ExtractSession")
            .field("proof", &self.proof)
            .finish_non_exhaustive()
    }
}
