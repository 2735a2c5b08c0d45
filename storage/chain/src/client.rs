//! The port's two traits on a node's JSON-RPC.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use async_trait::async_trait;
use blake2::{
    digest::{consts::U16, Digest},
    Blake2b,
};
use codec::{Decode, Encode};
use ips_engine::chain::{Call, ChainClient, ChainError, ChainReader, Head, Outcome};
use ips_primitives::{
    challenge::Beacon,
    id::{
        AccountKey, AgreementId, Balance, BlockNumber, FileId, Genesis, OrderId, ProviderId,
        Signature,
    },
    view::{
        AgreementView, ChainInfo, DealView, NodeView, OrderView, PartitionView, SectorView,
        DEALS_PAGE, ORDERS_PAGE, PARTITIONS_PAGE, SECTORS_PAGE,
    },
};
use subxt_rpcs::RpcClient;
use tokio::sync::watch;

use crate::{
    heads::Heads,
    journal::{Journal, JournalError},
    keys::{address_of, AccountSigner},
    rpc::{hex_of, Rpc},
    runtime::Runtime,
    submitter::{Lane, Submitter},
};

/// Key prefix of `System.Account`: `twox128("System") ‖ twox128("Account")`.
const ACCOUNT_PREFIX: [u8; 32] = [
    0x26, 0xaa, 0x39, 0x4e, 0xea, 0x56, 0x30, 0xe0, 0x7c, 0x48, 0xae, 0x0c, 0x95, 0x58, 0xce, 0xf7,
    0xb9, 0x9d, 0x88, 0x0e, 0xc6, 0x81, 0x79, 0x9c, 0x0c, 0xf3, 0x0e, 0x88, 0x86, 0x37, 0x1d, 0xa9,
];
/// How long constants and keys are taken as they were told.
const INFO_KEPT: Duration = Duration::from_secs(60);
/// How long a node is waited for when it is first asked.
const FIRST_PATIENCE: Duration = Duration::from_secs(10);
/// How long a node is waited for later: a restart with a database to check takes minutes.
const PATIENCE: Duration = Duration::from_secs(300);

/// Pages of one answer that are asked for at most.
const PAGES_MAX: usize = 256;

/// Where an account's submitter keeps what is in flight.
#[derive(Clone, Debug, Default)]
pub struct SubmitterConfig {
    /// Folder of the journal; `None` = nothing survives the process.
    pub folder: Option<PathBuf>,
}

/// Reads the chain.
#[derive(Clone)]
pub struct SubxtReader {
    shared: Arc<Shared>,
}

struct Shared {
    rpc: Rpc,
    genesis: [u8; 32],
    runtime: Arc<Runtime>,
    heads: Heads,
    /// As told last, and when; an upgrade of the runtime may change it.
    info: Mutex<Option<(Instant, ChainInfo)>>,
}

impl SubxtReader {
    /// Asks the node for its runtime and follows its best head. Must be called in a tokio runtime.
    ///
    /// `url` only names the node in messages.
    ///
    /// # Errors
    /// [`ChainError::Unreachable`] after some seconds; [`ChainError::Incompatible`] if the runtime
    /// lacks a query or a call of this software.
    pub async fn new(client: RpcClient, url: &str) -> Result<Self, ChainError> {
        let started = Instant::now();
        let first = Rpc::new(client, url, FIRST_PATIENCE);
        let genesis = first.block_hash(0).await?.ok_or_else(|| {
            ChainError::Incompatible("the node does not tell the hash of block 0".into())
        })?;
        let runtime = Arc::new(Runtime::fetch(&first, genesis).await?);
        let best = first.best().await?;
        let rpc = first.with_patience(PATIENCE);
        let heads = Heads::spawn(rpc.clone(), best);
        tracing::info!(
            url,
            genesis = hex_of(&genesis),
            spec = runtime.spec_version(),
            best = best.number,
            millis = started.elapsed().as_millis(),
            "chain connected"
        );
        let info = Mutex::default();
        Ok(Self {
            shared: Arc::new(Shared {
                rpc,
                genesis,
                runtime,
                heads,
                info,
            }),
        })
    }

    /// Connects to a `ws://` or `wss://` URL; see [`Self::new`].
    ///
    /// # Errors
    /// See [`Self::new`].
    pub async fn connect(url: &str) -> Result<Self, ChainError> {
        Self::new(crate::connect(url), url).await
    }

    /// Hash of block 0.
    pub fn genesis(&self) -> Genesis {
        Genesis(self.shared.genesis)
    }

    /// The provider whose worker key this is.
    ///
    /// # Errors
    /// [`ChainError`].
    pub async fn provider_of(&self, worker: AccountKey) -> Result<Option<ProviderId>, ChainError> {
        self.ask("IpsApi_provider_of", &worker).await
    }

    /// Every page of an answer about `of`: asks again after the last entry while pages are full.
    async fn ask_pages<T, Id>(
        &self,
        method: &str,
        of: &(impl Encode + Sync),
        (page, id): (u32, impl Fn(&T) -> Id + Send + Sync),
    ) -> Result<Vec<T>, ChainError>
    where
        T: Decode + Send,
        Id: Encode + Send + Sync,
    {
        let page = usize::try_from(page).unwrap_or(usize::MAX);
        let mut all: Vec<T> = Vec::new();
        for _ in 0..PAGES_MAX {
            let after = all.last().map(&id);
            let next: Vec<T> = self.ask(method, &(of, after)).await?;
            let is_full = next.len() >= page;
            all.extend(next);
            if !is_full {
                break;
            }
        }
        Ok(all)
    }

    pub(crate) async fn ask<T: Decode>(
        &self,
        method: &str,
        arguments: &impl Encode,
    ) -> Result<T, ChainError> {
        self.shared.rpc.runtime_api(method, arguments).await
    }

    pub(crate) fn rpc(&self) -> &Rpc {
        &self.shared.rpc
    }

    pub(crate) fn runtime(&self) -> &Runtime {
        &self.shared.runtime
    }
}

/// Free balance of an account on any chain.
pub(crate) async fn free_balance(rpc: &Rpc, account: AccountKey) -> Result<Balance, ChainError> {
    let mut key = ACCOUNT_PREFIX.to_vec();
    key.extend_from_slice(&Blake2b::<U16>::digest(account.0));
    key.extend_from_slice(&account.0);
    let Some(bytes) = rpc.storage(&key, None).await? else {
        return Ok(0);
    };
    // Nonce, consumers, providers, sufficients; then free and the rest of the balances.
    let ((_, _, _, _), free) = <((u32, u32, u32, u32), Balance)>::decode(&mut bytes.as_slice())
        .map_err(|error| ChainError::Incompatible(format!("its account record: {error}")))?;
    Ok(free)
}

#[async_trait]
impl ChainReader for SubxtReader {
    async fn info(&self) -> Result<ChainInfo, ChainError> {
        // What was told is whole, whatever panicked since.
        let known = || {
            self.shared
                .info
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
        };
        if let Some((at, info)) = known().as_ref() {
            let is_complete =
                info.seal_key.is_some() && info.post_key.is_some() && info.poe_key.is_some();
            if is_complete && at.elapsed() < INFO_KEPT {
                return Ok(info.clone());
            }
        }
        let mut info: ChainInfo = self.ask("IpsApi_info", &()).await?;
        // The runtime only learns the hash of block 0 in block 1, which a parachain may wait for.
        info.genesis = self.genesis();
        *known() = Some((Instant::now(), info.clone()));
        Ok(info)
    }

    fn heads(&self) -> watch::Receiver<Head> {
        self.shared.heads.receiver()
    }

    async fn beacon(&self, block: BlockNumber) -> Result<Option<Beacon>, ChainError> {
        self.ask("IpsApi_beacon", &block).await
    }

    async fn balance(&self, account: AccountKey) -> Result<Balance, ChainError> {
        free_balance(&self.shared.rpc, account).await
    }

    async fn node(&self, provider: ProviderId) -> Result<Option<NodeView>, ChainError> {
        self.ask("IpsApi_node", &provider).await
    }

    async fn nodes(&self, max: u32) -> Result<Vec<NodeView>, ChainError> {
        self.ask("IpsApi_nodes", &max).await
    }

    async fn next_order(&self) -> Result<OrderId, ChainError> {
        self.ask("IpsApi_next_order", &()).await
    }

    async fn open_orders(&self, from: OrderId, max: u32) -> Result<Vec<OrderView>, ChainError> {
        self.ask("IpsApi_open_orders", &(from, max)).await
    }

    async fn order(&self, order: OrderId) -> Result<Option<OrderView>, ChainError> {
        self.ask("IpsApi_order", &order).await
    }

    async fn orders_of_file(&self, file: FileId) -> Result<Vec<OrderView>, ChainError> {
        let pages = (ORDERS_PAGE, |order: &OrderView| order.id);
        self.ask_pages("IpsApi_orders_of_file", &file, pages).await
    }

    async fn orders_of_client(&self, client: AccountKey) -> Result<Vec<OrderView>, ChainError> {
        let pages = (ORDERS_PAGE, |order: &OrderView| order.id);
        self.ask_pages("IpsApi_orders_of_client", &client, pages)
            .await
    }

    async fn deals_of(&self, provider: ProviderId) -> Result<Vec<DealView>, ChainError> {
        let pages = (DEALS_PAGE, |deal: &DealView| deal.slot);
        self.ask_pages("IpsApi_deals_of", &provider, pages).await
    }

    async fn sectors_of(&self, provider: ProviderId) -> Result<Vec<SectorView>, ChainError> {
        let pages = (SECTORS_PAGE, |sector: &SectorView| sector.number);
        let mut sectors = self
            .ask_pages("IpsApi_sectors_of", &provider, pages)
            .await?;
        sectors.sort_by_key(|sector: &SectorView| sector.number);
        Ok(sectors)
    }

    async fn partitions_of(&self, provider: ProviderId) -> Result<Vec<PartitionView>, ChainError> {
        let pages = (PARTITIONS_PAGE, |partition: &PartitionView| partition.index);
        let mut partitions = self
            .ask_pages("IpsApi_partitions_of", &provider, pages)
            .await?;
        partitions.sort_by_key(|partition: &PartitionView| partition.index);
        Ok(partitions)
    }

    async fn agreement(&self, id: AgreementId) -> Result<Option<AgreementView>, ChainError> {
        self.ask("IpsApi_agreement", &id).await
    }
}

/// Reads the chain and submits for one account.
#[derive(Clone)]
pub struct SubxtClient {
    reader: SubxtReader,
    signer: AccountSigner,
    submitter: Arc<Submitter>,
}

impl SubxtClient {
    /// Starts the account's submitter on a reader's connection.
    pub fn new(reader: SubxtReader, signer: AccountSigner, config: &SubmitterConfig) -> Self {
        let shared = &reader.shared;
        let journal = open_journal(config, signer.account(), &shared.genesis);
        let lane = Lane::new(
            shared.rpc.clone(),
            shared.genesis,
            Arc::clone(&shared.runtime),
            shared.heads.receiver(),
            signer.clone(),
            journal,
        );
        Self {
            submitter: Arc::new(Submitter::spawn(lane)),
            reader,
            signer,
        }
    }

    /// The reading half.
    pub fn reader(&self) -> &SubxtReader {
        &self.reader
    }
}

/// The account's journal on that chain; one in memory if there is none on disk or it is in use.
fn open_journal(config: &SubmitterConfig, account: AccountKey, genesis: &[u8; 32]) -> Journal {
    let on_disk = config.folder.as_ref().map(|folder| {
        std::fs::create_dir_all(folder)
            .map_err(|error| JournalError::Storage(Box::new(redb::Error::Io(error))))?;
        let chain = hex::encode(&genesis[..4]);
        let name = format!("in-flight-{chain}-{}.redb", address_of(account));
        Journal::open(&folder.join(name))
    });
    match on_disk {
        Some(Ok(journal)) => return journal,
        Some(Err(error)) => tracing::warn!(%error, "what is in flight is not kept on disk"),
        None => {}
    }
    Journal::in_memory().expect("an empty database in memory needs no disk")
}

#[async_trait]
#[rustfmt::skip]
impl ChainReader for SubxtClient {
    async fn info(&self) -> Result<ChainInfo, ChainError> {
        self.reader.info().await
    }
    fn heads(&self) -> watch::Receiver<Head> {
        self.reader.heads()
    }
    async fn beacon(&self, block: BlockNumber) -> Result<Option<Beacon>, ChainError> {
        self.reader.beacon(block).await
    }
    async fn balance(&self, account: AccountKey) -> Result<Balance, ChainError> {
        self.reader.balance(account).await
    }
    async fn node(&self, provider: ProviderId) -> Result<Option<NodeView>, ChainError> {
        self.reader.node(provider).await
    }
    async fn nodes(&self, max: u32) -> Result<Vec<NodeView>, ChainError> {
        self.reader.nodes(max).await
    }
    async fn next_order(&self) -> Result<OrderId, ChainError> {
        self.reader.next_order().await
    }
    async fn open_orders(&self, from: OrderId, max: u32) -> Result<Vec<OrderView>, ChainError> {
        self.reader.open_orders(from, max).await
    }
    async fn order(&self, order: OrderId) -> Result<Option<OrderView>, ChainError> {
        self.reader.order(order).await
    }
    async fn orders_of_file(&self, file: FileId) -> Result<Vec<OrderView>, ChainError> {
        self.reader.orders_of_file(file).await
    }
    async fn orders_of_client(&self, client: AccountKey) -> Result<Vec<OrderView>, ChainError> {
        self.reader.orders_of_client(client).await
    }
    async fn deals_of(&self, provider: ProviderId) -> Result<Vec<DealView>, ChainError> {
        self.reader.deals_of(provider).await
    }
    async fn sectors_of(&self, provider: ProviderId) -> Result<Vec<SectorView>, ChainError> {
        self.reader.sectors_of(provider).await
    }
    async fn partitions_of(&self, provider: ProviderId) -> Result<Vec<PartitionView>, ChainError> {
        self.reader.partitions_of(provider).await
    }
    async fn agreement(&self, id: AgreementId) -> Result<Option<AgreementView>, ChainError> {
        self.reader.agreement(id).await
    }
}

#[async_trait]
impl ChainClient for SubxtClient {
    fn account(&self) -> AccountKey {
        self.signer.account()
    }

    async fn submit(&self, call: Call) -> Result<Outcome, ChainError> {
        self.submitter.submit(call).await
    }

    fn sign(&self, message: &[u8; 32]) -> Signature {
        self.signer.sign(message)
    }
}
