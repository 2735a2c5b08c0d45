//! Reading files: find holders, fetch, decrypt, write, pay.

mod find;
mod output;
mod pay;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    ops::Range,
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use async_trait::async_trait;
use indicatif::ProgressBar;
use ips_chain::{AccountSigner, SubxtClient, SubxtReader};
use ips_encoding::{DecodeError, Decoder, Directory, FileKey, FileSecret, Manifest, SegmentPlan};
use ips_engine::{
    layout::FileMap,
    retrieval::{
        fetch_segments, FetchedSegment, Holder, HolderNetwork, RetrievalError, RetrievalSettings,
        SegmentSink, Want,
    },
};
use ips_primitives::id::{FragmentId, OrderId, ProviderId, SlotId, SlotIndex};
use ips_swarm::{FetchError, Swarm};
use serde::Serialize;

use crate::{
    cli::{ByteRange, GetArgs, Global},
    connection,
    error::ClientError,
    state::State,
    terminal::Terminal,
};
use find::{is_held, Found};
use output::Output;
use pay::{Paid, Payer};

/// The result of `get`.
#[derive(Debug, Serialize)]
struct GetReport {
    file: String,
    length: u64,
    bytes: u64,
    output: String,
    seconds: Seconds,
    providers: Vec<Paid>,
}

#[derive(Clone, Copy, Debug, Default, Serialize)]
struct Seconds {
    lookup: f64,
    fetch: f64,
    pay: f64,
}

/// Useful bytes by who delivered them and of which slot.
pub(crate) type Delivered = BTreeMap<(ProviderId, SlotId), u64>;

pub(crate) async fn run(
    global: &Global,
    args: &GetArgs,
    terminal: &Terminal,
) -> Result<(), ClientError> {
    let started = Instant::now();
    let signer = global
        .key
        .as_ref()
        .map(|_| connection::signer(global))
        .transpose()?;
    if signer.is_none() && !args.no_pay {
        return Err(ClientError::NoKey);
    }
    let state = connection::state(global)?;
    let reader = connection::reader(global).await?;
    let swarm = connection::swarm(global, &reader)?;
    let getting = Getting {
        args,
        state: &state,
        reader: &reader,
        swarm: &swarm,
        terminal,
    };
    let result = getting.get(signer, started).await;
    swarm.shutdown().await;
    let report = result?;
    // With the bytes on standard output, the report must not follow them.
    if report.output != "-" {
        terminal.result(&report, || text(&report));
    }
    Ok(())
}

struct Getting<'a> {
    args: &'a GetArgs,
    state: &'a State,
    reader: &'a SubxtReader,
    swarm: &'a Swarm,
    terminal: &'a Terminal,
}

impl Getting<'_> {
    async fn get(
        &self,
        signer: Option<AccountSigner>,
        started: Instant,
    ) -> Result<GetReport, ClientError> {
        let file = self.args.file.0;
        let found = Found::on(self.reader, file).await?;
        let manifest = Arc::new(found.manifest(self.swarm, self.state, file).await?);
        let found = found.matching(&manifest);
        let key = file_key(&manifest, signer.as_ref())?;
        let directory = manifest.directory(key.as_ref())?;
        let range = wanted_range(self.args, &manifest, &directory)?;
        let decoder = Decoder::new(Arc::clone(&manifest), key.as_ref())?;
        let output = Output::create(self.args, &directory, &file, &range)?;
        let plan = decoder.plan(range.clone())?.segments;
        let payer = match signer.filter(|_| !self.args.no_pay) {
            Some(signer) => Some(self.open_payer(signer, &found, &manifest, &plan).await?),
            None => None,
        };
        let mut seconds = Seconds {
            lookup: started.elapsed().as_secs_f64(),
            ..Seconds::default()
        };
        let fetching = Instant::now();
        let (written, delivered) = self.fetch(&found, &manifest, decoder, plan, output).await?;
        seconds.fetch = fetching.elapsed().as_secs_f64();
        let paying = Instant::now();
        let providers = match payer {
            Some(payer) => {
                let holders = &found.by_provider;
                payer
                    .pay(self.swarm, holders, &delivered, self.args, self.terminal)
                    .await?
            }
            None => delivered
                .iter()
                .map(|(who, bytes)| Paid::unpaid(*who, *bytes))
                .collect(),
        };
        seconds.pay = paying.elapsed().as_secs_f64();
        Ok(GetReport {
            file: hex::encode(file.0),
            length: manifest.length(),
            bytes: range.end - range.start,
            output: written,
            seconds,
            providers,
        })
    }

    async fn open_payer(
        &self,
        signer: AccountSigner,
        found: &Found,
        manifest: &Manifest,
        plan: &[SegmentPlan],
    ) -> Result<Payer, ClientError> {
        let groups: BTreeSet<u16> = plan.iter().map(|segment| segment.group).collect();
        let mut wanted = BTreeMap::<OrderId, u64>::new();
        let fragment = u64::from(manifest.layout().fragment_size().bytes());
        for order in found
            .orders
            .iter()
            .filter(|order| groups.contains(&order.params.group))
        {
            let segments = plan.iter().filter(|s| s.group == order.params.group);
            let bytes = segments
                .map(|s| fragment * u64::from(width(&s.fragments)))
                .sum();
            if order.slots.iter().any(|slot| is_held(slot.state)) {
                wanted.insert(order.id, bytes);
            }
        }
        let client = SubxtClient::new(
            self.reader.clone(),
            signer.clone(),
            &self.submitter_config(),
        );
        Payer::open(client, signer, self.state.clone(), &wanted, self.args.price).await
    }

    fn submitter_config(&self) -> ips_chain::SubmitterConfig {
        ips_chain::SubmitterConfig {
            folder: Some(self.state.journal_folder()),
        }
    }

    async fn fetch(
        &self,
        found: &Found,
        manifest: &Manifest,
        decoder: Decoder,
        plan: Vec<SegmentPlan>,
        output: Output,
    ) -> Result<(String, Delivered), ClientError> {
        let data = u16::from(manifest.layout().erasure().data);
        let wants = plan.iter().map(|segment| want(segment, data)).collect();
        let total = plan
            .iter()
            .map(|segment| segment.bytes.end - segment.bytes.start)
            .sum();
        let bar = self.terminal.bytes("fetch", total);
        let network = Counting::new(self.swarm, found, manifest);
        let mut sink = DecodingSink {
            decoder,
            plan: plan.into_iter(),
            output,
            bar,
        };
        let fetched = fetch_segments(
            &network,
            &FileMap::from_manifest(manifest),
            &found.holders,
            wants,
            RetrievalSettings::default(),
            &mut sink,
        )
        .await;
        let DecodingSink { output, bar, .. } = sink;
        bar.finish_and_clear();
        match fetched {
            Ok(_) => Ok((output.finish()?, network.delivered())),
            Err(RetrievalError::Missing { missing, .. }) => Err(ClientError::Missing { missing }),
            Err(RetrievalError::OutOfRange { .. }) => Err(ClientError::Range {
                length: manifest.length(),
            }),
            Err(RetrievalError::Sink(source)) => Err(sink_error(output, source)),
        }
    }
}

fn width(range: &Range<u16>) -> u16 {
    range.end.saturating_sub(range.start)
}

fn want(segment: &SegmentPlan, data: u16) -> Want {
    let byte = |index: u16| u8::try_from(index).unwrap_or(u8::MAX);
    let rows = (width(&segment.fragments) < data)
        .then(|| byte(segment.fragments.start)..byte(segment.fragments.end));
    Want {
        segment: segment.segment,
        rows,
    }
}

fn file_key(
    manifest: &Manifest,
    signer: Option<&AccountSigner>,
) -> Result<Option<FileKey>, ClientError> {
    if manifest.encryption().is_none() {
        return Ok(None);
    }
    let signer = signer.ok_or(ClientError::NoKey)?;
    Ok(Some(
        manifest.unwrap_key(&FileSecret::from_seed(&signer.file_seed()))?,
    ))
}

/// A sink fails because it can not decode, or because it can not write.
fn sink_error(output: Output, source: std::io::Error) -> ClientError {
    let inner = source.get_ref();
    match inner.and_then(|inner| inner.downcast_ref::<DecodeError>()) {
        Some(error) => error.clone().into(),
        None => output.write_error(source),
    }
}

/// The bytes of the file that the command line asks for.
fn wanted_range(
    args: &GetArgs,
    manifest: &Manifest,
    directory: &Directory,
) -> Result<Range<u64>, ClientError> {
    let length = manifest.length();
    if let Some(name) = &args.entry {
        let known = || {
            directory
                .entries
                .iter()
                .map(|entry| entry.name.clone())
                .collect()
        };
        let entry = directory.entry(name).ok_or_else(|| ClientError::NoEntry {
            name: name.clone(),
            known: known(),
        })?;
        return Ok(entry.range());
    }
    range_of(args.range, length)
}

fn range_of(range: Option<ByteRange>, length: u64) -> Result<Range<u64>, ClientError> {
    let Some(ByteRange { first, last }) = range else {
        return Ok(0..length);
    };
    let end = last.map_or(length, |last| last.saturating_add(1));
    if first >= length || end > length {
        return Err(ClientError::Range { length });
    }
    Ok(first..end)
}

/// The network, counting who delivered how much of which slot.
struct Counting<'a> {
    swarm: &'a Swarm,
    slots: HashMap<(ProviderId, FragmentId), SlotId>,
    delivered: Mutex<Delivered>,
}

impl<'a> Counting<'a> {
    fn new(swarm: &'a Swarm, found: &Found, manifest: &Manifest) -> Self {
        let mut slots = HashMap::new();
        for order in &found.orders {
            for slot in order.slots.iter().filter(|slot| is_held(slot.state)) {
                let Some(provider) = slot.provider else {
                    continue;
                };
                let id = SlotId {
                    order: order.id,
                    slot: slot.index,
                };
                let SlotIndex(index) = slot.index;
                for (_, fragment) in manifest.slot_fragments(order.params.group, index) {
                    slots.insert((provider, fragment), id);
                }
            }
        }
        Self {
            swarm,
            slots,
            delivered: Mutex::default(),
        }
    }

    fn delivered(self) -> Delivered {
        self.delivered
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl HolderNetwork for Counting<'_> {
    async fn fetch(
        &self,
        holder: &Holder,
        id: FragmentId,
        expected_bytes: u32,
    ) -> Result<Vec<u8>, FetchError> {
        let bytes = HolderNetwork::fetch(self.swarm, holder, id, expected_bytes).await?;
        if let Some(slot) = self.slots.get(&(holder.provider, id)) {
            let mut delivered = self
                .delivered
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            *delivered.entry((holder.provider, *slot)).or_default() += u64::from(expected_bytes);
        }
        Ok(bytes)
    }
}

/// Decodes segments on a thread for work and writes them in order.
struct DecodingSink {
    decoder: Decoder,
    plan: std::vec::IntoIter<SegmentPlan>,
    output: Output,
    bar: ProgressBar,
}

#[async_trait]
impl SegmentSink for DecodingSink {
    async fn segment(&mut self, fetched: FetchedSegment) -> std::io::Result<()> {
        use std::io::Error;
        let plan = self
            .plan
            .next()
            .filter(|plan| plan.segment == fetched.segment);
        let plan = plan.ok_or_else(|| Error::other("segments out of order"))?;
        let decoder = self.decoder.clone();
        let mut fragments = fetched.fragments;
        let decode = move || decoder.decode_part(plan.segment, plan.bytes, &mut fragments);
        let bytes = tokio::task::spawn_blocking(decode)
            .await
            .map_err(Error::other)?
            .map_err(Error::other)?;
        self.output.write(&bytes)?;
        self.bar.inc(u64::try_from(bytes.len()).unwrap_or(0));
        Ok(())
    }
}

fn text(report: &GetReport) -> String {
    let mut text = format!("{} ({} bytes)", report.output, report.bytes);
    for paid in &report.providers {
        text += &format!("\n  {}", paid.text());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn range_must_lie_in_the_file() {
        let range = |first, last| range_of(Some(ByteRange { first, last }), 10);
        assert_eq!(range_of(None, 10).unwrap(), 0..10);
        assert_eq!(range(0, Some(0)).unwrap(), 0..1);
        assert_eq!(range(4, None).unwrap(), 4..10);
        assert_eq!(range(4, Some(9)).unwrap(), 4..10);
        for (first, last) in [(10, None), (0, Some(10)), (0, Some(u64::MAX))] {
            assert!(matches!(
                range(first, last),
                Err(ClientError::Range { length: 10 })
            ));
        }
    }

    #[test]
    fn whole_segments_are_wanted_unless_fewer_fragments_do() {
        let plan = |fragments| SegmentPlan {
            segment: 3,
            group: 0,
            position: 3,
            bytes: 0..1,
            fragments,
        };
        assert_eq!(want(&plan(0..3), 3).rows, None);
        assert_eq!(want(&plan(1..2), 3).rows, Some(1..2));
    }

    #[test]
    fn report_has_the_promised_shape() {
        let paid = Paid::unpaid(
            (
                ProviderId([1; 32]),
                SlotId {
                    order: OrderId(2),
                    slot: SlotIndex(3),
                },
            ),
            4,
        );
        let report = GetReport {
            file: "ab".into(),
            length: 9,
            bytes: 5,
            output: "out".into(),
            seconds: Seconds::default(),
            providers: vec![paid],
        };
        let value = serde_json::to_value(&report).unwrap();
        assert_eq!(value["providers"][0]["slot"], 3);
        assert_eq!(value["providers"][0]["proof"], "skipped");
        assert_eq!(value["seconds"]["fetch"], 0.0);
        assert_eq!(
            (&value["bytes"], &value["output"]),
            (&5.into(), &"out".into())
        );
    }
}
