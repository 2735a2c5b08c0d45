//! A process that keeps slots is killed with SIGKILL again and again: what it acknowledged is there.
//!
//! The test runs its own binary as the child, with the folder in the environment. The child says on its
//! output what was acknowledged; the parent kills it, opens the store and looks.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use ips_primitives::{
    fragment::FragmentSize,
    hash::sha2_256,
    id::{
        AgreementId, FileId, FragmentId, Genesis, OrderId, ProviderId, Signature, SlotId, SlotIndex,
    },
    retrieval::{ExtractRequest, Voucher},
    sector::ProofBytes,
    slot::SlotRoot,
};
use rand::Rng as _;

use super::{SlotRecord, SlotStage, Store};
use crate::Config;

const FOLDER: &str = "IPS_CRASH_FOLDER";
const CHILD: &str = "store::tests::child_that_is_killed";
const ROUNDS: u32 = 20;
const SEGMENTS: u32 = 5;
const SIGNED: Signature = Signature([7; 64]);

fn open(folder: &Path) -> Store {
    let config = Config {
        reserve_bytes: 0,
        ..Config::new(folder.to_owned(), ProviderId([1; 32]), 1 << 40)
    };
    Store::open(&config).unwrap()
}

fn slot(order: u64) -> SlotId {
    SlotId {
        order: OrderId(order),
        slot: SlotIndex(0),
    }
}

/// Two neighbours share a fragment, so that removing one must leave it to the other.
fn fragment(order: u64, segment: u32) -> Vec<u8> {
    let owner = if segment == 0 { order / 2 } else { order };
    let mut bytes = vec![0; 8192];
    bytes[..8].copy_from_slice(&owner.to_le_bytes());
    bytes[8..12].copy_from_slice(&segment.to_le_bytes());
    bytes
}

fn id(order: u64, segment: u32) -> FragmentId {
    FragmentId(sha2_256(&[&fragment(order, segment)]))
}

fn request(order: u64) -> ExtractRequest {
    ExtractRequest {
        agreement: AgreementId(1),
        provider: ProviderId([1; 32]),
        slot: slot(order),
        offset: 0,
        length: 10,
        nonce: order + 1,
        block: 1,
    }
}

/// Keeps one slot, and says after each step that it is done.
fn keep(store: &Store, order: u64) {
    let manifest = order.to_le_bytes();
    let record = SlotRecord {
        slot: slot(order),
        file: FileId(sha2_256(&[&manifest])),
        fragment_size: FragmentSize::K8,
        segments: SEGMENTS,
        slot_root: SlotRoot([3; 32]),
        stage: SlotStage::Receiving,
    };
    let ids = (0..SEGMENTS).map(|segment| id(order, segment)).collect();
    store.begin_slot(record, ids, &manifest).unwrap();
    println!("ack begun {order}");
    for segment in 0..SEGMENTS {
        let bytes = fragment(order, segment);
        store.write_fragment(slot(order), segment, &bytes).unwrap();
        println!("ack fragment {order} {segment}");
    }
    let delivered = |_| SlotStage::Delivered(SIGNED);
    store.change_stage(slot(order), delivered).unwrap();
    println!("ack delivered {order}");
    if order.is_multiple_of(4) {
        let (request, proof) = (request(order), ProofBytes([9; 192]));
        store.put_answer(request, proof).unwrap();
        let voucher = Voucher {
            genesis: Genesis([1; 32]),
            request,
            cumulative_bytes: 10 * (order + 1),
        };
        if store.put_voucher(voucher, SIGNED, 0).unwrap() {
            println!("ack voucher {order}");
        }
    }
}

#[test]
fn child_that_is_killed() {
    let Some(folder) = std::env::var_os(FOLDER) else {
        return;
    };
    let store = open(Path::new(&folder));
    let known: BTreeSet<u64> = store
        .slots()
        .unwrap()
        .iter()
        .map(|record| record.slot.order.0)
        .collect();
    let mut random = rand::thread_rng();
    // The last one may be half done.
    let mut order = known.last().copied().unwrap_or(0);
    loop {
        keep(&store, order);
        if order > 6 && random.gen_bool(0.4) {
            let old = order - random.gen_range(1..6);
            println!("ack removing {old}");
            store.remove_slot(slot(old)).unwrap();
            println!("ack removed {old}");
        }
        order += 1;
    }
}

/// What the children acknowledged.
#[derive(Default)]
struct Acknowledged {
    /// Segments of each slot.
    slots: BTreeMap<u64, BTreeSet<u32>>,
    delivered: BTreeSet<u64>,
    removed: BTreeSet<u64>,
    vouchers: BTreeSet<u64>,
    count: usize,
}

impl Acknowledged {
    fn note(&mut self, line: &str) {
        let words: Vec<&str> = line.split(' ').collect();
        let number = |at: usize| words[at].parse::<u64>().unwrap();
        match words[..] {
            ["ack", "begun", _] => drop(self.slots.entry(number(2)).or_default()),
            ["ack", "fragment", _, segment] => {
                let segments = self.slots.entry(number(2)).or_default();
                segments.insert(segment.parse().unwrap());
            }
            ["ack", "delivered", _] => drop(self.delivered.insert(number(2))),
            ["ack", "voucher", _] => drop(self.vouchers.insert(number(2))),
            ["ack", "removing", _] => {
                self.slots.remove(&number(2));
                self.delivered.remove(&number(2));
            }
            ["ack", "removed", _] => drop(self.removed.insert(number(2))),
            _ => return,
        }
        self.count += 1;
    }

    fn check(&self, folder: &Path) {
        let store = open(folder);
        for (order, segments) in &self.slots {
            let record = store.slot(slot(*order)).unwrap();
            if self.delivered.contains(order) {
                assert_eq!(record.stage, SlotStage::Delivered(SIGNED));
                assert!(store.read_slot(slot(*order)).unwrap().is_some());
            }
            let received = store.received(slot(*order)).unwrap();
            for segment in segments {
                assert!(received[*segment as usize], "{order} {segment}");
                let read = store.read_fragment(id(*order, *segment)).unwrap();
                assert_eq!(read, Some(fragment(*order, *segment)));
            }
            assert!(store.read_manifest(record.file).unwrap().is_some());
        }
        for order in &self.removed {
            assert!(store.slot(slot(*order)).is_err());
        }
        let due = store.extract(AgreementId(1)).unwrap().due;
        let kept: BTreeSet<u64> = due.iter().map(|due| due.nonce() - 1).collect();
        assert!(self.vouchers.is_subset(&kept), "{kept:?}");
        assert_eq!(std::fs::read_dir(folder.join("tmp")).unwrap().count(), 0);
        assert_eq!(files(folder), needed(&store), "files that no slot needs");
    }
}

/// Names of fragment files.
fn files(folder: &Path) -> BTreeSet<String> {
    let inside = |folder: &Path| {
        let entries = std::fs::read_dir(folder).unwrap();
        entries.map(|entry| entry.unwrap().path())
    };
    let folders = inside(&folder.join("fragments")).flat_map(|first| inside(&first));
    let files = folders.flat_map(|second| inside(&second));
    files
        .map(|path| path.file_name().unwrap().to_str().unwrap().to_owned())
        .collect()
}

/// Names of the fragments of the slots that are whole or come in.
fn needed(store: &Store) -> BTreeSet<String> {
    let slots = store.slots().unwrap();
    let ids = slots.iter().flat_map(|record| {
        let have = store.received(record.slot).unwrap();
        let ids = store.slot_fragments(record.slot).unwrap();
        ids.into_iter().zip(have).filter(|(_, have)| *have)
    });
    ids.map(|(id, _)| id.0.iter().map(|byte| format!("{byte:02x}")).collect())
        .collect()
}

/// Runs this binary as the child.
fn spawn(folder: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", CHILD, "--nocapture", "--test-threads=1"])
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[test]
fn a_kill_at_the_very_first_start_leaves_a_store_that_opens() {
    let mut random = rand::thread_rng();
    for _ in 0..ROUNDS {
        let folder = tempfile::tempdir().unwrap();
        let mut child = spawn(folder.path());
        let made = folder.path().join("tmp");
        while !made.exists() {
            std::hint::spin_loop();
        }
        std::thread::sleep(Duration::from_micros(random.gen_range(0..15_000)));
        child.kill().unwrap();
        child.wait().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut acknowledged = Acknowledged::default();
        lines.for_each(|line| acknowledged.note(&line.unwrap()));
        acknowledged.check(folder.path());
    }
}

#[test]
fn what_was_acknowledged_survives_sigkill_at_any_moment() {
    let folder = tempfile::tempdir().unwrap();
    let mut acknowledged = Acknowledged::default();
    let mut random = rand::thread_rng();
    for _ in 0..ROUNDS {
        let mut child = spawn(folder.path());
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let enough = acknowledged.count + random.gen_range(1..40);
        while acknowledged.count < enough {
            let line = lines.next().expect("the child writes until it is killed");
            acknowledged.note(&line.unwrap());
        }
        // Any moment of the next steps.
        std::thread::sleep(Duration::from_micros(random.gen_range(0..20_000)));
        child.kill().unwrap();
        child.wait().unwrap();
        // What it said before it died counts, too; a line goes into the pipe whole or not at all.
        let rest = lines.map_while(Result::ok);
        rest.for_each(|line| acknowledged.note(&line));
        acknowledged.check(folder.path());
    }
    assert!(acknowledged.slots.len() > 10);
}
