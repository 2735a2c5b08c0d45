//! Storing files: encode, order, deliver, wait.

mod deliver;
mod source;
mod stage;

use std::{fs, path::PathBuf, sync::Arc, time::Instant};

use futures::{stream, StreamExt, TryStreamExt};
use ips_chain::{keys, AccountSigner, SubxtClient};
use ips_encoding::{FileSecret, Layout, Limits, Manifest, Privacy};
use ips_engine::chain::{Call, ChainClient, ChainError, ChainReader};
use ips_primitives::{
    deal::SlotState,
    fragment::Level,
    id::{Balance, FileId, OrderId},
};
use serde::Serialize;

use crate::{
    cli::{Global, PutArgs, WaitFor},
    connection,
    error::ClientError,
    market::{self, Terms},
    state::{write_error, FileRecord, State},
    terminal::Terminal,
};
use deliver::{Delivering, SlotReport};
use source::Source;
use stage::Staged;

/// Most nodes that are asked for their asks.
const NODES_MAX: u32 = 1024;
/// Orders on the way at once.
const ORDERS_IN_FLIGHT: usize = 8;

/// How long the parts took.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct Seconds {
    encode: f64,
    claims: f64,
    upload: f64,
    confirm: f64,
    sealed: Option<f64>,
}

/// The result of `put`.
#[derive(Debug, Serialize)]
pub(crate) struct PutReport {
    file: String,
    name: String,
    length: u64,
    level: &'static str,
    orders: Vec<u64>,
    price_per_mib_block: String,
    slots: Vec<SlotReport>,
    seconds: Seconds,
}

/// A file with its orders, ready for delivery.
struct Ordered {
    manifest: Arc<Manifest>,
    folder: PathBuf,
    record: FileRecord,
    encode_seconds: f64,
}

pub(crate) async fn run(
    global: &Global,
    args: &PutArgs,
    terminal: &Terminal,
) -> Result<(), ClientError> {
    let signer = connection::signer(global)?;
    let state = connection::state(global)?;
    // Before any contact, so that a wrong path is told at once.
    let source = match args.resume {
        Some(_) => None,
        None => Some(Source::open(&args.files)?),
    };
    let chain = connection::client(global, signer.clone(), &state).await?;
    let mut ordered = match (&args.resume, source) {
        (Some(file), _) => take_up(&chain, &state, file.0).await?,
        (None, Some(source)) => encode(args, &chain, &signer, &state, source, terminal).await?,
        (None, None) => return Err(ClientError::NoKey),
    };
    if ordered.record.orders.is_empty() {
        ordered = place(&chain, &state, ordered, terminal).await?;
    }
    let report = if args.no_wait {
        let seconds = Seconds {
            encode: ordered.encode_seconds,
            ..Seconds::default()
        };
        report(&chain, &ordered, seconds).await?
    } else {
        finish(global, args, &chain, &signer, &ordered, terminal).await?
    };
    terminal.result(&report, || text(&report, args));
    Ok(())
}

/// Encodes into the staging folder, after asking whether the order can be filled and paid.
async fn encode(
    args: &PutArgs,
    chain: &SubxtClient,
    signer: &AccountSigner,
    state: &State,
    source: Source,
    terminal: &Terminal,
) -> Result<Ordered, ClientError> {
    let nodes = chain.nodes(NODES_MAX).await?;
    let terms = market::terms(&nodes, args.level, args.price, args.duration)?;
    let layout = Layout::for_file(terms.erasure, source.length(), !args.public);
    ensure_funds(chain, &terms, &layout).await?;
    let privacy = if args.public {
        Privacy::Public
    } else {
        Privacy::Private(vec![FileSecret::from_seed(&signer.file_seed()).public()])
    };
    let started = Instant::now();
    let record = FileRecord::new(source.name().to_owned(), source.length(), args.level);
    let folder = state.new_staging()?;
    let bar = terminal.bytes("encode", source.length());
    let staged = stage::encode(source, terms.erasure, privacy, folder.clone(), bar).await;
    let Staged { manifest } = match staged {
        Ok(staged) => staged,
        Err(error) => {
            // What is left of a failed try has no name and no use.
            let _ = fs::remove_dir_all(&folder);
            return Err(error);
        }
    };
    let file = manifest.file_id();
    let folder = state.name_staging(&folder, &file)?;
    state.put_manifest(&file, manifest.as_bytes())?;
    state.put_record(&file, &record)?;
    let order_terms = OrderTerms {
        price: terms.price,
        duration: terms.duration,
    };
    order_terms.keep(&folder)?;
    let encode_seconds = started.elapsed().as_secs_f64();
    Ok(Ordered {
        manifest: Arc::new(manifest),
        folder,
        record,
        encode_seconds,
    })
}

async fn ensure_funds(
    chain: &SubxtClient,
    terms: &Terms,
    layout: &Layout,
) -> Result<(), ClientError> {
    let deposit = chain.info().await?.order_deposit.of(terms.erasure);
    let deposits = deposit.saturating_mul(Balance::from(layout.groups()));
    let need = terms.total(layout).saturating_add(deposits);
    let have = chain.balance(chain.account()).await?;
    if have < need {
        let account = keys::address_of(chain.account());
        return Err(ClientError::NoFunds {
            need,
            have,
            account,
        });
    }
    Ok(())
}

/// What was decided before the orders are placed; kept beside the slots for a resumed upload.
#[derive(Clone, Copy, Serialize, serde::Deserialize)]
struct OrderTerms {
    price: u128,
    duration: u32,
}

impl OrderTerms {
    fn keep(&self, folder: &std::path::Path) -> Result<(), ClientError> {
        let path = folder.join("terms.json");
        let bytes = serde_json::to_vec(self)
            .map_err(|error| write_error(&path)(std::io::Error::other(error)))?;
        fs::write(&path, bytes).map_err(write_error(&path))
    }

    fn kept(folder: &std::path::Path) -> Option<Self> {
        serde_json::from_slice(&fs::read(folder.join("terms.json")).ok()?).ok()
    }
}

/// A file whose upload was interrupted.
async fn take_up(chain: &SubxtClient, state: &State, file: FileId) -> Result<Ordered, ClientError> {
    let nothing = || ClientError::NothingStaged(hex::encode(file.0));
    let folder = state.staging(&file);
    let mut record = state
        .record(&file)?
        .filter(|_| folder.is_dir())
        .ok_or_else(nothing)?;
    if record.orders.is_empty() {
        // The interruption may have come after the orders and before they were written down.
        let orders = chain.orders_of_file(file).await?;
        let own = orders
            .iter()
            .filter(|order| order.client == chain.account());
        record.orders = own.map(|order| order.id).collect();
    }
    let bytes = state.manifest(&file).ok_or_else(nothing)?;
    let manifest = Arc::new(Manifest::decode_of(&file, &bytes, &Limits::default())?);
    Ok(Ordered {
        manifest,
        folder,
        record,
        encode_seconds: 0.0,
    })
}

/// Places an order for every group.
async fn place(
    chain: &SubxtClient,
    state: &State,
    mut ordered: Ordered,
    terminal: &Terminal,
) -> Result<Ordered, ClientError> {
    let terms = OrderTerms::kept(&ordered.folder).ok_or_else(|| ClientError::State {
        path: ordered.folder.join("terms.json"),
    })?;
    let manifest = Arc::clone(&ordered.manifest);
    let groups = manifest.layout().groups();
    let bar = terminal.count("order", usize::from(groups));
    let placed = stream::iter(0..groups)
        .map(|group| {
            let (manifest, bar) = (Arc::clone(&manifest), bar.clone());
            async move {
                let params =
                    manifest.order_params(group, terms.duration, terms.price, chain.account())?;
                let outcome = chain.submit(Call::PlaceOrder(params)).await?;
                bar.inc(1);
                outcome.order.ok_or_else(no_order)
            }
        })
        .buffered(ORDERS_IN_FLIGHT)
        .try_collect::<Vec<OrderId>>()
        .await;
    bar.finish_and_clear();
    let file = manifest.file_id();
    ordered.record.orders = match placed {
        Ok(orders) => orders,
        Err(error) => {
            // Some groups may be ordered: cancel them, so that no money stays held for nothing.
            let orders = chain.orders_of_file(file).await.unwrap_or_default();
            for order in orders
                .iter()
                .filter(|order| order.client == chain.account())
            {
                if let Err(error) = chain.submit(Call::CancelOrder(order.id)).await {
                    tracing::warn!(%error, order = order.id.0, "order not cancelled");
                }
                if let Err(error) = chain.submit(Call::PruneOrder(order.id)).await {
                    tracing::info!(%error, order = order.id.0, "deposit stays held");
                }
            }
            let _ = fs::remove_dir_all(&ordered.folder);
            return Err(error);
        }
    };
    state.put_record(&file, &ordered.record)?;
    terminal.note(&format!(
        "file {} ({} orders placed)",
        hex::encode(file.0),
        groups
    ));
    Ok(ordered)
}

fn no_order() -> ClientError {
    ChainError::Incompatible("storage_market.place_order told no order".into()).into()
}

/// Delivers and waits as long as asked for.
async fn finish(
    global: &Global,
    args: &PutArgs,
    chain: &SubxtClient,
    signer: &AccountSigner,
    ordered: &Ordered,
    terminal: &Terminal,
) -> Result<PutReport, ClientError> {
    let swarm = connection::swarm(global, chain.reader())?;
    let mut delivering = Delivering {
        chain,
        signer,
        swarm: &swarm,
        manifest: &ordered.manifest,
        folder: &ordered.folder,
        orders: &ordered.record.orders,
        claim_timeout: args.claim_timeout,
        timeout: args.timeout,
        keep_open: args.keep_open,
    };
    let times = delivering.run(terminal).await;
    swarm.shutdown().await;
    let times = times?;
    // Every slot is at its provider and confirmed: the staged bytes are no longer needed.
    if let Err(error) = fs::remove_dir_all(&ordered.folder) {
        tracing::warn!(%error, "staging folder stays");
    }
    let mut seconds = Seconds {
        encode: ordered.encode_seconds,
        claims: times.claims,
        upload: times.upload,
        confirm: times.confirm,
        sealed: None,
    };
    if args.wait == WaitFor::Sealed {
        let started = Instant::now();
        delivering.wait_sealed(terminal).await?;
        seconds.sealed = Some(started.elapsed().as_secs_f64());
    }
    report(chain, ordered, seconds).await
}

async fn report(
    chain: &SubxtClient,
    ordered: &Ordered,
    seconds: Seconds,
) -> Result<PutReport, ClientError> {
    let mut slots = Vec::new();
    let mut price = 0;
    for id in &ordered.record.orders {
        if let Some(order) = chain.order(*id).await? {
            price = order.params.price_per_mib_block_max;
            slots.extend(order.slots.iter().map(|slot| SlotReport::new(*id, slot)));
        }
    }
    Ok(PutReport {
        file: hex::encode(ordered.manifest.file_id().0),
        name: ordered.record.name.clone(),
        length: ordered.record.length,
        level: Level::name(ordered.record.level),
        orders: ordered.record.orders.iter().map(|order| order.0).collect(),
        price_per_mib_block: price.to_string(),
        slots,
        seconds,
    })
}

fn text(report: &PutReport, args: &PutArgs) -> String {
    let held = report
        .slots
        .iter()
        .filter(|slot| matches!(slot.state, SlotState::Confirmed | SlotState::Active))
        .count();
    let mut text = format!(
        "{}\n{} ({} bytes, level {}): {held} of {} slots delivered",
        report.file,
        report.name,
        report.length,
        report.level,
        report.slots.len()
    );
    if args.no_wait {
        text += &format!("; deliver with: ips put --resume {}", report.file);
    }
    text
}
