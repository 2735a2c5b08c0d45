//! The steps of the demo, each of which must be seen on the chain or on disk.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::{bail, ensure, Context};
use ips_chain::{AccountSigner, SubxtReader};
use ips_engine::chain::{ChainReader, Head};
use ips_primitives::{
    deal::SlotState,
    fragment::{ErasureParams, GroupWidth},
    id::{AccountKey, FileId, ProviderId},
    view::OrderView,
};

use tokio::sync::watch;

use crate::{
    blocks::{Fact, Watcher},
    network::Network,
    report::{AcceptedProof, BalanceRow, Report, Timing},
    Args,
};

/// The customer.
const CUSTOMER: &str = "//Alice";
/// Longest time of a step that waits for the chain.
const PATIENCE: Duration = Duration::from_secs(600);
/// Bytes of the file made when none is given.
const DEFAULT_BYTES: usize = 5 << 20;

/// One storage node of the demo.
struct Node {
    index: u32,
    provider: ProviderId,
}

struct Demo<'a> {
    network: &'a mut Network,
    chain: SubxtReader,
    heads: watch::Receiver<Head>,
    watcher: Watcher,
    nodes: Vec<Node>,
    timings: Vec<Timing>,
}

fn account(uri: &str) -> anyhow::Result<AccountKey> {
    Ok(AccountSigner::from_uri(uri)?.account())
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

    step(1, "starting the chain and its storage node");
    let since = Instant::now();
    network.start_chain(args.block_time)?;
    let mut demo = connect(network, args.nodes).await?;
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
    let before = demo.balances(args).await?;

    step(
        3,
        &format!("ips put {} --level {}", file.display(), args.level.name()),
    );
    let since = Instant::now();
    let file_id = demo.put(&file, args)?;
    demo.time("put: encrypt, code, place, deliver, confirm", since);

    step(
        4,
        "sealing; every seal proof is verified by the runtime's WASM in a block",
    );
    let since = Instant::now();
    let sectors = demo.wait_sealed(file_id, erasure).await?;
    demo.time("seal and prove every sector", since);

    step(
        5,
        "one full proving period: a storage proof for every partition",
    );
    let since = Instant::now();
    let full_period = demo.wait_full_period().await?;
    let missed_before_kill = demo.watcher.count(|fact| matches!(fact, Fact::Missed(..)));
    demo.time("a full proving period", since);

    let count = args.kill.unwrap_or(u32::from(erasure.parity));
    step(6, &format!("SIGKILL to {count} of {} nodes", args.nodes));
    let killed = demo.kill_holders(count)?;

    step(7, &format!("ips get {}", hex::encode(file_id.0)));
    let since = Instant::now();
    let out = demo.network.folder().join("fetched");
    demo.get(file_id, &out)?;
    demo.time("get: fetch, check, decode, decrypt, prove extracts", since);

    step(8, "comparing byte by byte");
    ensure!(
        same_bytes(&file, &out)?,
        "the fetched file differs from the original"
    );
    println!("      identical");

    step(9, "waiting for the proof-of-extract claims");
    let since = Instant::now();
    let extract_fees = demo.wait_claims().await?;
    demo.time("claims of the nodes that served", since);

    let after = demo.balances(args).await?;
    let slots = demo.slot_lines(file_id).await?;
    let balances = demo.balance_rows(before, after, &killed);
    Ok(Report {
        file: file.display().to_string(),
        file_id: hex::encode(file_id.0),
        bytes,
        level: args.level.name(),
        data: erasure.data,
        parity: erasure.parity,
        slots,
        sectors,
        killed: killed.iter().map(|index| format!("node{index}")).collect(),
        proofs: demo.proofs(),
        full_period,
        missed_before_kill,
        extract_fees,
        balances,
        timings: demo.timings,
    })
}

async fn connect(network: &mut Network, nodes: u32) -> anyhow::Result<Demo<'_>> {
    let url = network.rpc_url();
    let since = Instant::now();
    let chain = loop {
        network.check()?;
        match SubxtReader::connect(&url).await {
            Ok(chain) => break chain,
            Err(error) if since.elapsed() > PATIENCE => return Err(error.into()),
            Err(_) => tokio::time::sleep(Duration::from_millis(500)).await,
        }
    };
    let watcher = Watcher::new(ips_chain::connect(&url));
    let nodes = (1..=nodes)
        .map(|index| {
            let provider = ProviderId(account(&format!("//Node{index}"))?.0);
            Ok(Node { index, provider })
        })
        .collect::<anyhow::Result<_>>()?;
    let heads = chain.heads();
    Ok(Demo {
        heads,
        network,
        chain,
        watcher,
        nodes,
        timings: Vec::new(),
    })
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

fn same_bytes(a: &Path, b: &Path) -> anyhow::Result<bool> {
    let status = std::process::Command::new("cmp").arg(a).arg(b).status()?;
    Ok(status.success())
}

impl Demo<'_> {
    fn time(&mut self, step: &'static str, since: Instant) {
        let seconds = since.elapsed().as_secs_f64();
        println!("      {step}: {seconds:.1} s");
        self.timings.push(Timing { step, seconds });
    }

    /// Waits for the next block, reads it, checks the processes.
    async fn next_block(&mut self, since: Instant) -> anyhow::Result<u32> {
        ensure!(
            since.elapsed() < PATIENCE,
            "no progress within {} s",
            PATIENCE.as_secs()
        );
        self.network.check()?;
        tokio::time::timeout(PATIENCE, self.heads.changed())
            .await
            .context("no block")??;
        let head = self.heads.borrow_and_update().number;
        self.watcher.advance(head).await?;
        Ok(head)
    }

    async fn wait_registered(&mut self) -> anyhow::Result<()> {
        let since = Instant::now();
        loop {
            let mut ready = 0;
            for node in &self.nodes {
                let view = self.chain.node(node.provider).await?;
                ready += usize::from(view.is_some_and(|v| v.ask.is_some() && v.pledged > 0));
            }
            if ready == self.nodes.len() {
                return Ok(());
            }
            self.next_block(since)
                .await
                .with_context(|| format!("{ready} nodes ready"))?;
        }
    }

    fn put(&self, file: &Path, args: &Args) -> anyhow::Result<FileId> {
        let output = self
            .network
            .command("ips")
            .args([
                "--rpc",
                &self.network.rpc_url(),
                "--key",
                CUSTOMER,
                "--state",
            ])
            .arg(self.network.folder().join("customer"))
            .args(["--json", "put", "--level", args.level.name()])
            .arg(file)
            .stderr(Stdio::inherit())
            .output()?;
        ensure!(output.status.success(), "ips put: {}", output.status);
        let answer: serde_json::Value = serde_json::from_slice(&output.stdout)?;
        let id = answer["file"].as_str().context("ips put gave no file id")?;
        let bytes: [u8; 32] = hex::decode(id)?
            .try_into()
            .ok()
            .context("a file id has 32 bytes")?;
        Ok(FileId(bytes))
    }

    async fn orders(&self, file: FileId) -> anyhow::Result<Vec<OrderView>> {
        Ok(self.chain.orders_of_file(file).await?)
    }

    async fn wait_sealed(&mut self, file: FileId, erasure: ErasureParams) -> anyhow::Result<usize> {
        let since = Instant::now();
        loop {
            let orders = self.orders(file).await?;
            let slots: usize = orders.iter().map(|order| order.slots.len()).sum();
            let active = orders
                .iter()
                .flat_map(|order| &order.slots)
                .filter(|slot| slot.state == SlotState::Active)
                .count();
            let sealed = self.watcher.count(|fact| matches!(fact, Fact::Sealed(..)));
            if !orders.is_empty() && active == slots {
                let confirmed = self
                    .watcher
                    .count(|fact| matches!(fact, Fact::Confirmed(..)));
                ensure!(slots % usize::from(erasure.total()) == 0, "{slots} slots");
                ensure!(confirmed >= slots, "{confirmed} of {slots} deals confirmed");
                return Ok(sealed);
            }
            let head = self.next_block(since).await.with_context(|| {
                format!("{active} of {slots} slots active, {sealed} sectors sealed")
            })?;
            print!("\r      block {head}: {sealed} sectors sealed, {active}/{slots} slots active ");
            std::io::Write::flush(&mut std::io::stdout())?;
        }
    }

    /// Waits until every partition has proven one whole period that began after the last seal.
    async fn wait_full_period(&mut self) -> anyhow::Result<u32> {
        println!();
        let since = Instant::now();
        let schedule = self.chain.info().await?.schedule;
        let start = self.heads.borrow().number;
        let period = start / schedule.period_blocks + 1;
        let mut partitions = BTreeSet::new();
        for node in &self.nodes {
            for partition in self.chain.partitions_of(node.provider).await? {
                partitions.insert((node.provider, partition.index));
            }
        }
        ensure!(!partitions.is_empty(), "no partition to prove");
        loop {
            let proven: BTreeSet<_> = self
                .watcher
                .seen
                .iter()
                .filter_map(|seen| match seen.fact {
                    Fact::Post(provider, partition, of) if of == period => {
                        Some((provider, partition))
                    }
                    _ => None,
                })
                .collect();
            if partitions.is_subset(&proven) {
                println!();
                return Ok(period);
            }
            let head = self.next_block(since).await?;
            let missed = self
                .watcher
                .count(|fact| matches!(fact, Fact::Missed(_, _, of) if *of == period));
            ensure!(
                missed == 0,
                "{missed} partitions missed their proof of period {period}"
            );
            print!(
                "\r      block {head}: period {period}, {}/{} partitions proven ",
                proven.intersection(&partitions).count(),
                partitions.len()
            );
            std::io::Write::flush(&mut std::io::stdout())?;
        }
    }

    /// Kills stand-alone nodes; node 1 is inside the chain's process.
    fn kill_holders(&mut self, count: u32) -> anyhow::Result<Vec<u32>> {
        let last = u32::try_from(self.nodes.len())?;
        if count >= last {
            bail!(
                "--kill {count}: at most {} of {last} nodes can be killed",
                last - 1
            );
        }
        let victims: Vec<u32> = (0..count).map(|i| last - i).collect();
        for index in &victims {
            self.network.kill(*index)?;
            println!("      killed node{index}");
        }
        Ok(victims)
    }

    fn get(&self, file: FileId, out: &Path) -> anyhow::Result<()> {
        let output = self
            .network
            .command("ips")
            .args([
                "--rpc",
                &self.network.rpc_url(),
                "--key",
                CUSTOMER,
                "--state",
            ])
            .arg(self.network.folder().join("customer"))
            .args(["--json", "get", &hex::encode(file.0), "--pay", "-o"])
            .arg(out)
            .stderr(Stdio::inherit())
            .output()?;
        println!("      {}", String::from_utf8_lossy(&output.stdout).trim());
        ensure!(output.status.success(), "ips get: {}", output.status);
        Ok(())
    }

    async fn wait_claims(&mut self) -> anyhow::Result<u128> {
        let since = Instant::now();
        // At least the `data` nodes that served have a claim coming; wait until no new one comes
        // for a few blocks after the first.
        let mut quiet = 0;
        let mut last = 0;
        loop {
            self.next_block(since)
                .await
                .context("no proof-of-extract claim was accepted")?;
            let fees: Vec<u128> = self
                .watcher
                .seen
                .iter()
                .filter_map(|seen| match seen.fact {
                    Fact::Extract(_, fee) => Some(fee),
                    _ => None,
                })
                .collect();
            quiet = if fees.len() == last { quiet + 1 } else { 0 };
            last = fees.len();
            if last > 0 && quiet >= 5 {
                let total = fees.iter().sum();
                ensure!(total > 0, "claims were accepted but paid nothing");
                return Ok(total);
            }
        }
    }

    async fn balances(&self, args: &Args) -> anyhow::Result<BTreeMap<u32, u128>> {
        let mut balances = BTreeMap::new();
        balances.insert(0, self.chain.balance(account(CUSTOMER)?).await?);
        for index in 1..=args.nodes {
            let owner = account(&format!("//Node{index}"))?;
            balances.insert(index, self.chain.balance(owner).await?);
        }
        Ok(balances)
    }

    fn balance_rows(
        &self,
        before: BTreeMap<u32, u128>,
        after: BTreeMap<u32, u128>,
        killed: &[u32],
    ) -> Vec<BalanceRow> {
        before
            .into_iter()
            .map(|(index, before)| BalanceRow {
                account: if index == 0 {
                    "customer".into()
                } else {
                    format!("node{index}")
                },
                before,
                after: after.get(&index).copied().unwrap_or_default(),
                killed: killed.contains(&index),
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
                let bytes = order.params.slot_bytes();
                lines.push(format!(
                    "{}/{}: {holder} ({kind}, {bytes} bytes, {} sectors, {:?})",
                    order.id.0,
                    slot.index.0,
                    slot.sectors.len(),
                    slot.state
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
                    Fact::Missed(..) | Fact::Confirmed(..) => return None,
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
