//! The steps of the demo, each of which must be seen on the chain or on disk.

use std::{
    collections::BTreeMap,
    io::IsTerminal,
    path::{Path, PathBuf},
    time::Instant,
};

use anyhow::{ensure, Context};
use ips_chain::SubxtReader;
use ips_engine::chain::{ChainReader, Head};
use ips_primitives::{
    deal::SlotState,
    fragment::{ErasureParams, GroupWidth},
    id::{AccountKey, FileId, ProviderId},
    retrieval::FeeSplit,
    view::OrderView,
};
use ips_tests::{
    account,
    customer::{file_id, Customer},
    network::Network,
    provider,
    watcher::{Fact, Tokens, Watcher},
};
use tokio::sync::watch;

use crate::{
    parachain::{self, Parachain},
    report::{AcceptedProof, BalanceRow, Report, Timing},
    Args,
};

/// The customer.
const CUSTOMER: &str = "//Alice";
/// Bytes of the file made when none is given.
const DEFAULT_BYTES: usize = 5 << 20;

/// One storage node of the demo.
pub(crate) struct Node {
    pub(crate) index: u32,
    pub(crate) provider: ProviderId,
}

/// The running network and what was seen of it.
pub(crate) struct Demo<'a> {
    pub(crate) network: &'a mut Network,
    pub(crate) chain: SubxtReader,
    pub(crate) heads: watch::Receiver<Head>,
    pub(crate) watcher: Watcher,
    pub(crate) nodes: Vec<Node>,
    pub(crate) parachain: Option<Parachain>,
    /// What governance did, and the block at which it was done.
    pub(crate) governed: Vec<String>,
    pub(crate) govern_at: u32,
    timings: Vec<Timing>,
}

fn step(number: u32, text: &str) {
    println!("\n[{number}/9] {text}");
}

/// Runs all steps.
pub(crate) async fn run(args: &Args, network: &mut Network) -> anyhow::Result<Report> {
    let file = match &args.file {
        Some(file) => file.clone(),
        None => make_file(network.folder())?,
    };
    let bytes = std::fs::metadata(&file)
        .with_context(|| file.display().to_string())?
        .len();
    let width = GroupWidth::for_network(args.nodes as usize).context("too few nodes")?;
    let erasure = ErasureParams::new(args.level, width);
    let kills = args.kill.unwrap_or(u32::from(erasure.parity));
    ensure!(kills < args.nodes, "--kill {kills} leaves no node");

    let (mut demo, before) = start(args, network).await?;
    demo.pay_from_elsewhere(&file, args).await?;
    let file_id = demo.put(&file, args).await?;
    demo.disturb().await?;
    let sectors = demo.seal(file_id, erasure).await?;
    demo.govern().await?;
    let full_period = demo.prove().await?;
    let missed_before_kill = demo.watcher.count(|fact| matches!(fact, Fact::Missed(..)));

    step(6, &format!("SIGKILL to {kills} of {} nodes", args.nodes));
    let killed = demo.kill_holders(file_id, kills).await?;
    let out = demo.get(file_id).await?;
    step(8, "comparing byte by byte");
    ensure!(
        same_bytes(&file, &out)?,
        "the fetched file differs from the original"
    );
    println!("      identical");
    let fees = demo.claims(erasure, width).await?;

    let after = demo.balances().await?;
    let parachain = demo.judge_parachain().await?;
    Ok(Report {
        file: file.display().to_string(),
        file_id: hex::encode(file_id.0),
        bytes,
        level: args.level.name(),
        data: erasure.data,
        parity: erasure.parity,
        slots: demo.slot_lines(file_id).await?,
        sectors,
        killed: killed.iter().map(|index| format!("node{index}")).collect(),
        proofs: demo.proofs(),
        full_period,
        missed_before_kill,
        parachain,
        fees: fees.into(),
        balances: demo.balance_rows(&before, &after, &killed),
        timings: demo.timings,
    })
}

/// Steps 1 and 2: the chain and its nodes.
async fn start<'a>(
    args: &Args,
    network: &'a mut Network,
) -> anyhow::Result<(Demo<'a>, BTreeMap<u32, Tokens>)> {
    step(1, "starting the chain and its storage node");
    let since = Instant::now();
    let parachain = match args.relay {
        Some(scenario) => Some(parachain::start(network, scenario, args.blob.as_deref()).await?),
        None => None,
    };
    network.start_chain()?;
    let chain = network.connect().await?;
    let watcher = Watcher::new(ips_chain::connect(&network.rpc_url()));
    let nodes = (1..=args.nodes)
        .map(|index| {
            let provider = provider(index)?;
            Ok(Node { index, provider })
        })
        .collect::<anyhow::Result<_>>()?;
    let mut demo = Demo {
        heads: chain.heads(),
        network,
        chain,
        watcher,
        nodes,
        parachain,
        governed: Vec::new(),
        govern_at: 0,
        timings: Vec::new(),
    };
    demo.time("chain start", since);

    step(
        2,
        &format!("starting {} more storage nodes", args.nodes - 1),
    );
    let since = Instant::now();
    for index in 2..=args.nodes {
        demo.network.start_storage(index)?;
    }
    demo.wait_registered().await?;
    demo.time("register, pledge, ask", since);
    let before = demo.balances().await?;
    Ok((demo, before))
}

/// A file of real data: this system's programs and libraries.
fn make_file(folder: &Path) -> anyhow::Result<PathBuf> {
    let mut bytes = Vec::with_capacity(DEFAULT_BYTES);
    let mut sources: Vec<_> = std::fs::read_dir("/usr/bin")?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .collect();
    sources.sort();
    for source in sources {
        if bytes.len() >= DEFAULT_BYTES {
            break;
        }
        if let Ok(content) = std::fs::read(&source) {
            bytes.extend_from_slice(&content);
        }
    }
    ensure!(
        bytes.len() >= DEFAULT_BYTES,
        "/usr/bin holds less than 5 MiB: name a file"
    );
    bytes.truncate(DEFAULT_BYTES);
    let path = folder.join("original");
    std::fs::write(&path, bytes)?;
    Ok(path)
}

pub(crate) fn same_bytes(a: &Path, b: &Path) -> anyhow::Result<bool> {
    let status = std::process::Command::new("cmp").arg(a).arg(b).status()?;
    Ok(status.success())
}

impl Demo<'_> {
    fn time(&mut self, step: &'static str, since: Instant) {
        let seconds = since.elapsed().as_secs_f64();
        println!("      {step}: {seconds:.1} s");
        self.timings.push(Timing { step, seconds });
    }

    /// A line that changes in place on a terminal; elsewhere nothing, for it would fill a log.
    pub(crate) fn show(&self, text: &str) {
        let mut out = std::io::stdout();
        if out.is_terminal() {
            print!("\r      {text}   ");
            // A closed terminal is no reason to fail.
            let _ = std::io::Write::flush(&mut out);
        }
    }

    async fn put(&mut self, file: &Path, args: &Args) -> anyhow::Result<FileId> {
        let level = args.level.name();
        step(3, &format!("ips put {} --level {level}", file.display()));
        let since = Instant::now();
        let customer = Customer::new(self.network, CUSTOMER, "customer");
        let path = file.as_os_str();
        let answer = customer
            .run(&["put".as_ref(), "--level".as_ref(), level.as_ref(), path])
            .await?
            .success()?;
        let id = file_id(&answer)?;
        println!("      {}", hex::encode(id.0));
        self.time("put: encrypt, code, place, deliver, confirm", since);
        Ok(id)
    }

    async fn seal(&mut self, file: FileId, erasure: ErasureParams) -> anyhow::Result<usize> {
        step(
            4,
            "sealing; every seal proof is verified by the runtime's WASM in a block",
        );
        let since = Instant::now();
        let sectors = self.wait_sealed(file, erasure).await?;
        self.time("seal and prove every sector", since);
        Ok(sectors)
    }

    async fn prove(&mut self) -> anyhow::Result<u32> {
        step(
            5,
            "one full proving period: a storage proof for every partition",
        );
        let since = Instant::now();
        let period = self.wait_full_period().await?;
        self.time("a full proving period", since);
        Ok(period)
    }

    /// Reads the file back on a machine that has nothing but the key.
    async fn get(&mut self, file: FileId) -> anyhow::Result<PathBuf> {
        let id = hex::encode(file.0);
        step(7, &format!("ips get {id}"));
        let since = Instant::now();
        let out = self.network.folder().join("fetched");
        let customer = Customer::new(self.network, CUSTOMER, "reader");
        let answer = customer
            .run(&["get".as_ref(), id.as_ref(), "-o".as_ref(), out.as_os_str()])
            .await?
            .success()?;
        println!("      {answer}");
        self.time("get: fetch, check, decode, decrypt, prove extracts", since);
        Ok(out)
    }

    async fn claims(
        &mut self,
        erasure: ErasureParams,
        width: GroupWidth,
    ) -> anyhow::Result<FeeSplit> {
        step(9, "waiting for the proof-of-extract claims");
        let since = Instant::now();
        let least = if usize::from(width.total()) == self.nodes.len() {
            usize::from(erasure.data)
        } else {
            1
        };
        let split = self.wait_claims(least).await?;
        self.time("claims of the nodes that served", since);
        Ok(split)
    }

    /// Kills holders of the file, those of data slots first: the hardest way to lose `count`. Node 1
    /// is inside the chain's process and lives.
    async fn kill_holders(&mut self, file: FileId, count: u32) -> anyhow::Result<Vec<u32>> {
        let mut victims = Vec::new();
        for order in self.orders(file).await? {
            for slot in &order.slots {
                let holder = self
                    .nodes
                    .iter()
                    .find(|node| Some(node.provider) == slot.provider);
                victims.extend(holder.map(|node| node.index));
            }
        }
        victims.extend(self.network.running());
        let mut killed: Vec<u32> = Vec::new();
        for index in victims {
            let is_killed = killed.len() < count as usize && index != 1;
            if is_killed && !killed.contains(&index) {
                self.network.kill_storage(index)?;
                println!("      killed node{index}");
                killed.push(index);
            }
        }
        ensure!(
            killed.len() == count as usize,
            "--kill {count}: only {} nodes can be killed",
            killed.len()
        );
        Ok(killed)
    }

    pub(crate) async fn orders(&self, file: FileId) -> anyhow::Result<Vec<OrderView>> {
        Ok(self.chain.orders_of_file(file).await?)
    }

    async fn balances(&self) -> anyhow::Result<BTreeMap<u32, Tokens>> {
        let mut balances = BTreeMap::new();
        balances.insert(0, self.watcher.tokens(account(CUSTOMER)?).await?);
        for node in &self.nodes {
            let owner = AccountKey(node.provider.0);
            balances.insert(node.index, self.watcher.tokens(owner).await?);
        }
        Ok(balances)
    }

    fn balance_rows(
        &self,
        before: &BTreeMap<u32, Tokens>,
        after: &BTreeMap<u32, Tokens>,
        killed: &[u32],
    ) -> Vec<BalanceRow> {
        before
            .iter()
            .map(|(index, before)| {
                let name = match index {
                    0 => "customer".into(),
                    index => format!("node{index}"),
                };
                let after = after.get(index).copied().unwrap_or_default();
                BalanceRow::new(name, *before, after, killed.contains(index))
            })
            .collect()
    }

    fn name_of(&self, provider: ProviderId) -> String {
        self.nodes
            .iter()
            .find(|node| node.provider == provider)
            .map_or_else(
                || hex::encode(&provider.0[..4]),
                |node| format!("node{}", node.index),
            )
    }

    async fn slot_lines(&self, file: FileId) -> anyhow::Result<Vec<String>> {
        let mut lines = Vec::new();
        for order in self.orders(file).await? {
            for slot in &order.slots {
                let holder = slot
                    .provider
                    .map_or("-".into(), |provider| self.name_of(provider));
                let kind = if order.params.erasure.is_data(slot.index.0) {
                    "data"
                } else {
                    "parity"
                };
                let state: SlotState = slot.state;
                lines.push(format!(
                    "{}/{}: {holder} ({kind}, {} bytes, {} sectors, {state:?})",
                    order.id.0,
                    slot.index.0,
                    order.params.slot_bytes(),
                    slot.sectors.len(),
                ));
            }
        }
        Ok(lines)
    }

    fn proofs(&self) -> Vec<AcceptedProof> {
        self.watcher
            .seen
            .iter()
            .filter_map(|seen| {
                let (kind, provider, detail) = match &seen.fact {
                    Fact::Sealed(provider, sector) => {
                        ("seal", *provider, format!("sector {}", sector.0))
                    }
                    Fact::Post(provider, partition, period) => (
                        "post",
                        *provider,
                        format!("partition {} period {period}", partition.0),
                    ),
                    Fact::Extract(provider, fee) => ("poe", *provider, format!("fee {fee}")),
                    _ => return None,
                };
                Some(AcceptedProof {
                    kind,
                    provider: self.name_of(provider),
                    detail,
                    block: seen.block,
                    ref_time_ms: seen.ref_time as f64 / 1e9,
                    proof_size_bytes: seen.proof_size,
                })
            })
            .collect()
    }
}
