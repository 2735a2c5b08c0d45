//! The market as a customer of another chain sees it: every call is a program sent from there.

use std::time::{Duration, Instant};

use async_trait::async_trait;
use ips_chain::{elsewhere::OtherChain, AccountSigner, SubxtClient, SubxtReader};
use ips_engine::chain::{Call, ChainError, ChainReader};
use ips_primitives::{
    deal::{storage_price, OrderParams},
    id::{AccountKey, Balance, OrderId},
    view::OrderView,
};
use tokio::sync::Mutex;

use super::{Elsewhere, Purse};
use crate::{cli::PayArgs, error::ClientError, market::RESERVE, put::Market};

/// Longest time from the other chain's block to the effect here.
const ARRIVAL_PATIENCE: Duration = Duration::from_secs(600);
/// A chain that stands still must not stop the clock.
const LOOK_EVERY: Duration = Duration::from_secs(6);

/// Pays from another chain.
pub(crate) struct Payer {
    elsewhere: Elsewhere,
    chain: SubxtClient,
    signer: AccountSigner,
    via: Option<String>,
    /// Held while a program is on its way: what comes of it is told apart by what is in the account.
    sending: Mutex<()>,
}

impl Payer {
    /// Who pays, if another chain is named.
    pub(crate) async fn of(
        args: &PayArgs,
        chain: &SubxtClient,
        signer: &AccountSigner,
    ) -> Result<Option<Self>, ClientError> {
        let Some(from) = args.elsewhere() else {
            return Ok(None);
        };
        let elsewhere = Elsewhere::new(chain.reader().clone(), &from, signer).await?;
        Ok(Some(Self {
            elsewhere,
            chain: chain.clone(),
            signer: signer.clone(),
            via: from.via,
            sending: Mutex::default(),
        }))
    }

    async fn via(&self) -> Result<OtherChain, ChainError> {
        match &self.via {
            Some(url) => OtherChain::connect(url).await,
            None => Err(refused(
                "NoNode",
                "a program must be sent to the chain that pays: name a node of it with --via"
                    .into(),
            )),
        }
    }

    /// The newest order of a group; orders before `first` do not count.
    async fn newest(
        &self,
        params: &OrderParams,
        first: OrderId,
    ) -> Result<Option<OrderId>, ChainError> {
        let orders = self.chain.orders_of_file(params.file).await?;
        let ours = orders.iter().filter(|order| {
            order.client == self.elsewhere.account
                && order.params.group == params.group
                && order.id >= first
        });
        Ok(ours.map(|order| order.id).max())
    }

    /// Waits until an order is there, or until the money is without one.
    async fn arrived(
        &self,
        params: &OrderParams,
        (first, before): (OrderId, Purse),
    ) -> Result<OrderId, ChainError> {
        let mut heads = self.chain.heads();
        let since = Instant::now();
        while since.elapsed() < ARRIVAL_PATIENCE {
            // Before the order, which is placed in the block in which the money arrives.
            let purse = self.elsewhere.purse().await?;
            if let Some(order) = self.newest(params, first).await? {
                return Ok(order);
            }
            if purse != before {
                return Err(refused(
                    "NotOrdered",
                    "the money arrived and the order was not placed; try again, or bring the money \
                     home with: ips xcm withdraw"
                        .into(),
                ));
            }
            // A head, or the clock: either way there may be news.
            let _ = tokio::time::timeout(LOOK_EVERY, heads.changed()).await;
        }
        Err(refused(
            "NotArrived",
            format!(
                "nothing arrived from the other chain in {} s; look at: ips xcm account, before you try \
                 again",
                ARRIVAL_PATIENCE.as_secs()
            ),
        ))
    }
}

fn refused(error: &str, explanation: String) -> ChainError {
    ChainError::Refused {
        call: "xcm.order",
        pallet: "Xcm".into(),
        error: error.into(),
        explanation,
    }
}

/// What an order holds at most, and what must stay in an account.
pub(super) async fn cost(
    reader: &SubxtReader,
    params: &OrderParams,
) -> Result<Balance, ChainError> {
    let slot = storage_price(
        params.price_per_mib_block_max,
        params.slot_bytes(),
        params.duration_blocks,
    );
    let deposit = reader.info().await?.order_deposit.of(params.erasure);
    Ok(slot
        .saturating_mul(Balance::from(params.erasure.total()))
        .saturating_add(deposit)
        .saturating_add(RESERVE))
}

/// The call that places an order.
pub(super) fn order_call(reader: &SubxtReader, params: OrderParams) -> Result<Vec<u8>, ChainError> {
    reader.call_bytes(&Call::PlaceOrder(params))
}

#[async_trait]
impl Market for Payer {
    fn client(&self) -> AccountKey {
        self.elsewhere.account
    }

    async fn order(&self, id: OrderId) -> Result<Option<OrderView>, ChainError> {
        ChainReader::order(&self.chain, id).await
    }

    async fn orders_of(
        &self,
        file: ips_primitives::id::FileId,
    ) -> Result<Vec<OrderView>, ChainError> {
        self.chain.orders_of_file(file).await
    }

    async fn place(&self, params: OrderParams) -> Result<Option<OrderId>, ChainError> {
        let _one = self.sending.lock().await;
        let via = self.via().await?;
        let reader = self.chain.reader();
        let amount = cost(reader, &params).await?;
        let calls = vec![order_call(reader, params.clone())?];
        let program = self.elsewhere.buy(amount, calls).await?;
        let before = (reader.next_order().await?, self.elsewhere.purse().await?);
        via.execute(&program, &self.signer).await?;
        self.arrived(&params, before).await.map(Some)
    }

    async fn cancel(&self, id: OrderId) -> Result<(), ChainError> {
        let _one = self.sending.lock().await;
        let via = self.via().await?;
        let call = |call| self.chain.reader().call_bytes(&call);
        let calls = vec![call(Call::CancelOrder(id))?, call(Call::PruneOrder(id))?];
        let fees = self.elsewhere.fees().await?;
        let before = self.elsewhere.purse().await?;
        via.execute(&self.elsewhere.route.call(fees, calls), &self.signer)
            .await?;
        let since = Instant::now();
        let mut heads = self.chain.heads();
        // What is left of the fees arrives with the effect.
        while self.elsewhere.purse().await? == before {
            if since.elapsed() > ARRIVAL_PATIENCE {
                return Err(refused(
                    "NotArrived",
                    "nothing arrived from the other chain".into(),
                ));
            }
            let _ = tokio::time::timeout(LOOK_EVERY, heads.changed()).await;
        }
        Ok(())
    }
}
