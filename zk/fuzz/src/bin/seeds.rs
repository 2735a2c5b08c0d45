//! Writes the seeds of every target: `seeds FOLDER`.
//!
//! Goal: each target starts at bytes that are accepted, made from the recorded proofs and the real
//! encoders. Non-goal: interesting bytes; the fuzzer finds them.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use codec::Encode;
use ips_encoding::{
    erasure::CodecId, Directory, EncodeError, EncodeOptions, Encoder, Entry, FileSecret, Privacy,
};
use ips_fuzz::edit::known;
use ips_primitives::{
    fragment::{ErasureParams, FragmentSize},
    sector::{Profile, ReplicaId},
    slot::{SlotOpening, SlotTree},
};
use ips_proofs::seal::{seal, SectorData};
use ips_swarm::{Address, PeerId};
use rand::{rngs::StdRng, SeedableRng};

fn main() {
    let folder = env::args_os().nth(1).map(PathBuf::from);
    let seeds = Seeds(folder.expect("seeds FOLDER"));
    proofs(&seeds);
    openings(&seeds);
    calls(&seeds);
    files(&seeds);
    manifests(&seeds);
    for (number, frames) in ips_swarm::fuzzing::samples().into_iter().enumerate() {
        seeds.write("message", number, &frames);
    }
    addresses(&seeds);
}

/// A folder with a folder per target.
struct Seeds(PathBuf);

impl Seeds {
    fn write(&self, target: &str, number: usize, bytes: &[u8]) {
        let folder = self.0.join(target);
        fs::create_dir_all(&folder).expect("a folder to write to");
        fs::write(folder.join(number.to_string()), bytes).expect("a folder to write to");
    }

    /// Where a target's seed `number` belongs.
    fn path(&self, target: &str, number: usize) -> PathBuf {
        self.write(target, number, &[]);
        self.0.join(target).join(number.to_string())
    }
}

fn proofs(seeds: &Seeds) {
    for (number, known) in known().iter().enumerate() {
        let first = u8::try_from(number).expect("few recorded proofs");
        let raw = [&known.good.statement[..], &known.good.proof].concat();
        seeds.write("proof", 2 * number, &[&[first], &raw[..]].concat());
        let recipe = [first, 0xff, 3, 1, 7];
        seeds.write("proof", 2 * number + 1, &recipe);
        seeds.write("batch", number, &[first, 2, 0xff, 1, 2, 2, 0xff, 0, 0]);
        seeds.write("verifying_key", 2 * number, known.key);
        // The first byte of a key is its version, so it is no recipe's.
        let recipe = [first.wrapping_add(6), 3, 1, 7, 0, 0, 2];
        seeds.write("verifying_key", 2 * number + 1, &recipe);
        let prepared = known.prepared.to_bytes().0;
        seeds.write("prepared_key", 2 * number, &prepared);
        seeds.write("prepared_key", 2 * number + 1, &recipe);
    }
}

fn openings(seeds: &Seeds) {
    let data = sector();
    for (number, index) in [0u32, 9, 511].into_iter().enumerate() {
        let tree = data.tree();
        let leaf = tree.leaf(index).expect("a node of the sector");
        let path = tree.opening(index).expect("a node of the sector");
        let leaf = ips_proofs::scalar_to_bytes(&leaf);
        let head = [&[0][..], &leaf, &index.to_le_bytes(), &[3]].concat();
        let bytes = [head, path.encode()].concat();
        seeds.write("opening", number, &bytes);
    }
    let slot = vec![7; 3000];
    let tree = SlotTree::from_bytes(&slot).expect("a slot with bytes");
    let opening = SlotOpening {
        leaf: slot[..1024].to_vec(),
        path: tree.path(0).expect("a leaf of the slot"),
    };
    let head = [
        &tree.root().0[..],
        &3000u64.to_le_bytes(),
        &0u64.to_le_bytes(),
    ]
    .concat();
    let whole = [&[1][..], &head, &opening.encode()].concat();
    seeds.write("opening", 3, &whole);
    seeds.write("opening", 4, &[&[2, 1, 50, 0][..], &slot[..200]].concat());
}

/// Zeros are a value of most types, if there are as many as the type has bytes.
fn calls(seeds: &Seeds) {
    let lengths = [
        84, 6, 200, 70, 1, 2, 1, 32, 1, 1188, 5, 24, 62, 200, 69, 70, 50, 106, 101, 9, 4, 2, 2,
        400, 130, 120, 1, 1, 1, 1, 1, 1,
    ];
    for (kind, length) in (0u8..).zip(lengths) {
        let number = usize::from(kind);
        seeds.write("calls", number, &[&[kind][..], &vec![0; length]].concat());
    }
    let claim = [&[4, 4][..], &[0; 404]].concat();
    seeds.write("calls", 40, &claim);
}

fn sector() -> SectorData {
    let mut data = SectorData::new(Profile::TEST);
    data.push_piece(0, b"A seed.").expect("a piece that fits");
    data
}

fn files(seeds: &Seeds) {
    let sealed = seal(Profile::TEST, ReplicaId([3; 32]), &sector()).expect("a sector that fits");
    let framed = |path: &Path, kind: u8, save: &dyn Fn(&Path)| {
        save(path);
        let bytes = fs::read(path).expect("a file that was written");
        fs::write(path, [&[0, kind], &bytes[..]].concat()).expect("a folder to write to");
        bytes
    };
    let path = seeds.path("file", 0);
    let whole = framed(&path, 0, &|path| {
        sealed.save(path).expect("a file to write")
    });
    seeds.write("file", 1, &[&[1, 0], &whole[..48]].concat());
    let path = seeds.path("file", 2);
    let save = |path: &Path| sealed.post_sector().save(path).expect("a file to write");
    let post = framed(&path, 1, &save);
    seeds.write("file", 3, &[&[1, 1], &post[..48]].concat());
    seeds.write("file", 4, &[&[5, 1], &post[..48]].concat());
    seeds.write("file", 5, &[&[1, 2], &whole[..48]].concat());
}

fn manifests(seeds: &Seeds) {
    let reader = FileSecret::from_seed(&[1; 32]).public();
    let mut directory = Directory::named("seed");
    directory.entries.push(Entry {
        name: "a/b".to_owned(),
        offset: 0,
        length: 100,
    });
    let privacies = [Privacy::Public, Privacy::Private(vec![reader; 2])];
    for (number, privacy) in privacies.into_iter().enumerate() {
        for (other, (codec, length)) in [(CodecId::Rs16, 100), (CodecId::Rs8, 60_000)]
            .into_iter()
            .enumerate()
        {
            let mut options =
                EncodeOptions::new(ErasureParams { data: 3, parity: 3 }, privacy.clone());
            options.codec = codec;
            options.fragment_size = Some(FragmentSize::K8);
            if length == 100 {
                options.directory = directory.clone();
            }
            let mut rng = StdRng::seed_from_u64(1);
            let encoder = Encoder::new(options, length, &mut rng).expect("good options");
            let bytes = vec![1; usize::try_from(length).expect("a small file")];
            let keep = |_| Ok::<(), EncodeError>(());
            let encoded = encoder
                .encode_all(&mut &*bytes, keep)
                .expect("a whole file");
            seeds.write("manifest", 2 * number + other, encoded.manifest.as_bytes());
        }
    }
    seeds.write("records", 0, &[0, 0, 8, 1, 0x38]);
    seeds.write("records", 1, &[1, 0, 8, 0, 0, 0, 9, 0, 1]);
    seeds.write("records", 2, &[0x40, 0x23, 0, 0, 0, 0x81, 0, 0, 2]);
}

fn addresses(seeds: &Seeds) {
    let peer = "12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN";
    let peer: PeerId = peer.parse().expect("a peer id");
    seeds.write("address", 0, &peer.to_bytes());
    let texts = [
        "/ip4/192.0.2.1/udp/4001/quic-v1",
        "/ip6/2001:db8::1/tcp/4001",
        "/dns4/example.com/tcp/443",
    ];
    for (number, text) in texts.into_iter().enumerate() {
        let address: Address = text.parse().expect("an address");
        seeds.write("address", 3 * number + 1, text.as_bytes());
        seeds.write("address", 3 * number + 2, &address.to_bytes());
        let with_peer = address.with_peer(peer);
        seeds.write("address", 3 * number + 3, &with_peer.to_bytes());
    }
}
