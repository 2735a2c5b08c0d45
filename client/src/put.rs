//! Storing files: encode, order, deliver, wait; and giving up what was not finished.
//!
//! Every step can be interrupted. Before slots have their file's name, nothing is ordered and nothing is
//! kept; from then on `--resume` goes on from whatever the chain and the providers have.

mod deliver;
mod orders;
mod source;
mod stage;

use std::{sync::Arc, time::Instant};

use ips_chain::{keys, AccountSigner, SubxtClient};
use ips_encoding::{FileSecret, Layout, Limits, Manifest, Privacy};
use ips_engine::chain::{ChainClient, ChainError, ChainReader};
use ips_primitives::{
    fragment::Level,
    id::{Balance, FileId, OrderId},
};
use serde::Serialize;
use serde_json::json;

use crate::{
    cli::{CancelArgs, Global, PutArgs, WaitFor},
    connection,
    elsewhere::Payer,
    error::ClientError,
    market::{self, Need, Terms},
    state::{FileRecord, Plan, State, Upload},
    terminal::Terminal,
};
use deliver::{Delivering, SlotReport};
pub(crate) use orders::Market;
use orders::{is_held, OrderTerms, Orders};
use source::Source;

/// Most nodes that are asked for their asks.
const NODES_MAX: u32 = 1024;

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
    /// Orders that this run has placed: none if the same bytes were stored before.
    placed: u32,
    price_per_mib_block: String,
    slots: Vec<SlotReport>,
    seconds: Seconds,
}

/// What a run of `put` works with.
struct Putting<'a> {
    global: &'a Global,
    args: &'a PutArgs,
    terminal: &'a Terminal,
    signer: AccountSigner,
    state: State,
    chain: SubxtClient,
    /// Who pays from another chain.
    payer: Option<Payer>,
}

pub(crate) async fn run(
    global: &Global,
    args: &PutArgs,
    terminal: &Terminal,
) -> Result<(), ClientError> {
    let signer = connection::signer(global)?;
    let state = connection::state(global)?;
    // Before any contact, so that a wrong path or id is told at once.
    let work = match &args.resume {
        Some(file) => Work::Resume(take_up(&state, file.0)?),
        None => Work::New(Source::open(&args.files)?),
    };
    let chain = connection::client(global, signer.clone(), &state).await?;
    let payer = Payer::of(&args.pay, &chain, &signer).await?;
    let putting = Putting {
        global,
        args,
        terminal,
        signer,
        state,
        chain,
        payer,
    };
    let since = Instant::now();
    let (manifest, upload) = match work {
        Work::Resume(taken_up) => taken_up,
        Work::New(source) => putting.encode(source).await?,
    };
    let seconds = Seconds {
        encode: since.elapsed().as_secs_f64(),
        ..Seconds::default()
    };
    let file = hex::encode(manifest.file_id().0);
    if args.no_order {
        terminal.result(&json!({ "file": file }), || {
            format!("{file}\nencoded; order it with: ips xcm order {file} --from CHAIN, or: ips put --resume {file}")
        });
        return Ok(());
    }
    terminal.can_resume(Some(&file));
    let waits = putting.state.staging(&manifest.file_id());
    let report = match putting.order_and_deliver(manifest, upload, seconds).await {
        Err(source) if waits.is_dir() && !says_how_to_go_on(&source) => {
            let source = Box::new(source);
            return Err(ClientError::Paused { file, source });
        }
        result => result?,
    };
    terminal.result(&report, || text(&report, args));
    Ok(())
}

/// Whether an error's message says how an upload goes on.
fn says_how_to_go_on(error: &ClientError) -> bool {
    matches!(
        error,
        ClientError::Unclaimed { .. }
            | ClientError::Unfinished { .. }
            | ClientError::NotKept { .. }
    )
}

enum Work {
    New(Source),
    Resume((Arc<Manifest>, Upload)),
}

/// A file whose upload was interrupted.
pub(crate) fn take_up(state: &State, file: FileId) -> Result<(Arc<Manifest>, Upload), ClientError> {
    let upload = state
        .upload(&file)?
        .ok_or_else(|| ClientError::NothingStaged(hex::encode(file.0)))?;
    let manifest = Manifest::decode_of(&file, &upload.manifest()?, &Limits::default())?;
    Ok((Arc::new(manifest), upload))
}

impl Putting<'_> {
    /// Encodes into the staging folder, after asking whether the orders can be filled and paid.
    async fn encode(&self, source: Source) -> Result<(Arc<Manifest>, Upload), ClientError> {
        let (args, chain) = (self.args, &self.chain);
        let (nodes, info) = (chain.nodes(NODES_MAX).await?, chain.info().await?);
        let terms = market::terms(
            &nodes,
            args.price,
            &Need {
                level: args.level,
                duration: args.duration,
                length: source.length(),
                encrypted: !args.public,
                collateral_per_mib: info.collateral_per_mib,
            },
        )?;
        let layout = Layout::for_file(terms.erasure, source.length(), !args.public);
        if self.payer.is_none() && !args.no_order {
            self.ensure_funds(&terms, &layout).await?;
        }
        let privacy = if args.public {
            Privacy::Public
        } else {
            let seed = self.signer.file_seed();
            Privacy::Private(vec![FileSecret::from_seed(&seed).public()])
        };
        let name = source.name().to_owned();
        let plan = Plan::new(
            name,
            source.length(),
            args.level,
            terms.price,
            terms.duration,
        );
        let new = self.state.new_upload()?;
        let bar = self.terminal.bytes("encode", source.length());
        let folder = new.folder().to_path_buf();
        let manifest = stage::encode(source, terms.erasure, privacy, folder, bar).await?;
        let file = manifest.file_id();
        let upload = new.name(&self.state, &file, plan, manifest.as_bytes())?;
        Ok((Arc::new(manifest), upload))
    }

    fn market(&self) -> &dyn Market {
        match &self.payer {
            Some(payer) => payer,
            None => &self.chain,
        }
    }

    async fn ensure_funds(&self, terms: &Terms, layout: &Layout) -> Result<(), ClientError> {
        let account = self.chain.account();
        let deposit = self.chain.info().await?.order_deposit.of(terms.erasure);
        let deposits = deposit.saturating_mul(Balance::from(layout.groups()));
        let need = terms.total(layout).saturating_add(deposits);
        let have = self.chain.balance(account).await?;
        if have < need {
            let account = keys::address_of(account);
            return Err(ClientError::NoFunds {
                need,
                have,
                account,
            });
        }
        Ok(())
    }

    async fn order_and_deliver(
        &self,
        manifest: Arc<Manifest>,
        upload: Upload,
        mut seconds: Seconds,
    ) -> Result<PutReport, ClientError> {
        let file = manifest.file_id();
        let plan = upload.plan.clone();
        self.state.put_manifest(&file, manifest.as_bytes())?;
        let mut record = self
            .state
            .record(&file)?
            .unwrap_or_else(|| FileRecord::new(plan.name, plan.length, plan.level));
        let terms = OrderTerms {
            price: self.args.price.unwrap_or(plan.price),
            duration: plan.duration,
            delivery_key: self.signer.account(),
        };
        let market = self.market();
        let mut orders = Orders::find(market, &manifest, terms, &record.orders).await?;
        let is_first = record.orders.is_empty() && orders.ids().is_empty();
        let groups = usize::from(manifest.layout().groups());
        let bar = self.terminal.count("order", groups);
        let placed = orders.place_missing(&bar).await;
        bar.finish_and_clear();
        match placed {
            Ok(()) => {}
            Err(error @ ClientError::Chain(ChainError::Unreachable { .. })) => return Err(error),
            Err(error) => {
                // So that no money stays held for a file that is not stored as a whole.
                if orders.cancel().await && is_first {
                    upload.remove();
                }
                return Err(error);
            }
        }
        record.orders = orders.ids();
        self.state.put_record(&file, &record)?;
        if !self.args.no_wait {
            self.deliver(&manifest, upload, &mut orders, &mut seconds)
                .await?;
            record.orders = orders.ids();
            self.state.put_record(&file, &record)?;
        }
        self.report(&manifest, &record, orders.placed(), seconds)
            .await
    }

    /// Delivers and waits as long as asked for.
    async fn deliver(
        &self,
        manifest: &Manifest,
        upload: Upload,
        orders: &mut Orders<'_>,
        seconds: &mut Seconds,
    ) -> Result<(), ClientError> {
        let swarm = connection::swarm(self.global, self.chain.reader())?;
        let delivering = Delivering {
            chain: &self.chain,
            signer: &self.signer,
            swarm: &swarm,
            manifest,
            folder: &upload.folder,
            claim_timeout: self.args.claim_timeout,
            timeout: self.args.timeout,
            keep_open: self.args.keep_open,
        };
        let times = delivering.run(orders, self.terminal).await;
        if let Ok(times) = &times {
            seconds.claims = times.claims;
            seconds.upload = times.upload;
            seconds.confirm = times.confirm;
        }
        let sealed = match &times {
            Ok(_) if self.args.wait == WaitFor::Sealed => {
                let started = Instant::now();
                let sealed = delivering.wait_sealed(orders, self.terminal).await;
                seconds.sealed = Some(started.elapsed().as_secs_f64());
                sealed
            }
            _ => Ok(()),
        };
        swarm.shutdown().await;
        times?;
        sealed?;
        // Every slot is at its provider and confirmed: the staged bytes are no longer needed.
        upload.remove();
        self.terminal.can_resume(None);
        Ok(())
    }

    async fn report(
        &self,
        manifest: &Manifest,
        record: &FileRecord,
        placed: u32,
        seconds: Seconds,
    ) -> Result<PutReport, ClientError> {
        let mut slots = Vec::new();
        let mut price = 0;
        for id in &record.orders {
            if let Some(order) = ChainReader::order(&self.chain, *id).await? {
                price = order.params.price_per_mib_block_max;
                slots.extend(order.slots.iter().map(|slot| SlotReport::new(*id, slot)));
            }
        }
        Ok(PutReport {
            file: hex::encode(manifest.file_id().0),
            name: record.name.clone(),
            length: record.length,
            level: Level::name(record.level),
            orders: record.orders.iter().map(|order| order.0).collect(),
            placed,
            price_per_mib_block: price.to_string(),
            slots,
            seconds,
        })
    }
}

fn text(report: &PutReport, args: &PutArgs) -> String {
    let held = report
        .slots
        .iter()
        .filter(|slot| is_held(slot.state))
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
    } else if report.placed == 0 && args.resume.is_none() {
        text += "; these bytes were stored before and nothing was ordered";
    }
    text
}

/// Lists what was not finished.
pub(crate) fn uploads(global: &Global, terminal: &Terminal) -> Result<(), ClientError> {
    let state = connection::state(global)?;
    let mut lines = Vec::new();
    for (file, plan) in state.uploads()? {
        let record = state.record(&file)?;
        let orders = record.map(|record| record.orders).unwrap_or_default();
        lines.push(json!({
            "file": hex::encode(file.0),
            "name": plan.name,
            "length": plan.length,
            "level": Level::name(plan.level),
            "orders": orders.iter().map(|order| order.0).collect::<Vec<_>>(),
        }));
    }
    terminal.result(&json!({ "uploads": lines }), || {
        if lines.is_empty() {
            return "every upload is finished".into();
        }
        let line = |line: &serde_json::Value| {
            let text = |key: &str| line[key].as_str().unwrap_or_default().to_owned();
            format!(
                "{}  {}  {} bytes",
                text("file"),
                text("name"),
                line["length"]
            )
        };
        let mut text: Vec<String> = lines.iter().map(line).collect();
        text.push("go on with: ips put --resume FILEID, or give up with: ips cancel FILEID".into());
        text.join("\n")
    });
    Ok(())
}

/// Closes the open slots of a file's orders and forgets what waits for delivery.
pub(crate) async fn cancel(
    global: &Global,
    args: &CancelArgs,
    terminal: &Terminal,
) -> Result<(), ClientError> {
    let signer = connection::signer(global)?;
    let state = connection::state(global)?;
    let file = args.file.0;
    // First, so that no other process delivers meanwhile.
    let upload = state.upload(&file)?;
    let chain = connection::client(global, signer.clone(), &state).await?;
    let payer = Payer::of(&args.pay, &chain, &signer).await?;
    let market: &dyn Market = match &payer {
        Some(payer) => payer,
        None => &chain,
    };
    let open = |order: &ips_primitives::view::OrderView| {
        order.client == market.client() && !order.slots.iter().all(|slot| is_over(slot.state))
    };
    let orders = chain.orders_of_file(file).await?;
    let own: Vec<OrderId> = orders.iter().filter(|o| open(o)).map(|o| o.id).collect();
    if own.is_empty() && upload.is_none() {
        return Err(match orders.is_empty() {
            true => ClientError::UnknownFile(hex::encode(file.0)),
            false => ClientError::NotYours(hex::encode(file.0)),
        });
    }
    let closed = orders::cancel(market, &own).await;
    if let Some(upload) = upload.filter(|_| closed) {
        upload.remove();
    }
    let object = json!({
        "file": hex::encode(file.0),
        "orders": own.iter().map(|order| order.0).collect::<Vec<_>>(),
        "closed": closed,
    });
    terminal.result(&object, || {
        let ids: Vec<String> = own.iter().map(|order| order.0.to_string()).collect();
        match (ids.is_empty(), closed) {
            (true, _) => "nothing was ordered; the upload is forgotten".into(),
            (false, true) => format!(
                "orders {}: open slots are closed and their price is refunded; deals that run go on",
                ids.join(", ")
            ),
            (false, false) => "not every order could be closed; try again".into(),
        }
    });
    Ok(())
}

/// Whether nothing of a slot can be closed any more.
fn is_over(state: ips_primitives::deal::SlotState) -> bool {
    use ips_primitives::deal::SlotState;
    matches!(state, SlotState::Lost | SlotState::Expired)
}
