//! Records of an encrypted file under a manifest that its maker forged: whatever opens is what was
//! sealed there.
#![no_main]

use std::{collections::BTreeMap, sync::OnceLock};

use ipld_core::ipld::Ipld;
use ips_encoding::{
    fragment::fragment_id, rebuild_segment, Decoder, EncodeError, EncodeOptions, Encoder, FileKey,
    FileSecret, Limits, Manifest, Privacy,
};
use ips_primitives::fragment::{ErasureParams, FragmentSize};
use libfuzzer_sys::fuzz_target;
use rand::{rngs::StdRng, SeedableRng};

const ERASURE: ErasureParams = ErasureParams { data: 3, parity: 3 };
const SEGMENTS: usize = 2;
const SLOTS: usize = 6;
/// One full segment and a part of the next.
const LENGTH: usize = 3 * (8192 - 16) + 9000;

struct File {
    plain: Vec<u8>,
    manifest: Vec<u8>,
    key: FileKey,
    fragments: [Vec<Vec<u8>>; SEGMENTS],
}

fn file() -> &'static File {
    static FILE: OnceLock<File> = OnceLock::new();
    FILE.get_or_init(|| {
        let plain: Vec<u8> = (0..LENGTH).map(|at| (at * 7 % 251) as u8).collect();
        let owner = FileSecret::from_seed(&[1; 32]).public();
        let mut options = EncodeOptions::new(ERASURE, Privacy::Private(vec![owner]));
        options.fragment_size = Some(FragmentSize::K8);
        let mut rng = StdRng::seed_from_u64(1);
        let encoder = Encoder::new(options, LENGTH as u64, &mut rng).expect("good options");
        let mut segments = Vec::new();
        let encoded = encoder.encode_all(&mut &*plain, |segment| {
            segments.push(segment.fragments);
            Ok::<(), EncodeError>(())
        });
        let encoded = encoded.expect("a file of the announced length");
        File {
            plain,
            manifest: encoded.manifest.as_bytes().to_vec(),
            key: encoded.key.expect("a private file"),
            fragments: segments.try_into().expect("two segments"),
        }
    })
}

/// The manifest with `change` made to its fields, if it still is one.
fn forged(change: impl FnOnce(&mut BTreeMap<String, Ipld>)) -> Option<Manifest> {
    let mut ipld: Ipld = serde_ipld_dagcbor::from_slice(&file().manifest).ok()?;
    let Ipld::List(list) = &mut ipld else {
        return None;
    };
    let Some(Ipld::Map(map)) = list.get_mut(1) else {
        return None;
    };
    change(map);
    let bytes = serde_ipld_dagcbor::to_vec(&ipld).ok()?;
    Manifest::decode(&bytes, &Limits::default()).ok()
}

/// Length (2) ‖ codec ‖ fragments withheld, a byte per segment ‖ changes of 4 bytes: fragment, place
/// (2), and what.
fn attempt(bytes: &[u8]) -> Option<()> {
    let ([low, high, codec, first, second], changes) = bytes.split_first_chunk::<5>()?;
    let file = file();
    let mut fragments = file.fragments.clone();
    let mut touched = [[false; SLOTS]; SEGMENTS];
    for change in changes.chunks_exact(4) {
        let (segment, slot) = (
            usize::from(change[0]) % 2,
            usize::from(change[0] / 2) % SLOTS,
        );
        let place = usize::from(u16::from_le_bytes([change[1], change[2]]));
        let from = usize::from(change[3]);
        if change[0] & 0x80 != 0 {
            fragments[segment][slot] = file.fragments[from % 2][from / 2 % SLOTS].clone();
        } else {
            fragments[segment][slot][place % 8192] ^= change[3];
        }
        touched[segment][slot] |= fragments[segment][slot] != file.fragments[segment][slot];
    }
    let cut = usize::from(u16::from_le_bytes([*low, *high])) % LENGTH;
    let length = (LENGTH - cut) as u64;
    let manifest = forged(|map| {
        map.insert("length".to_owned(), Ipld::Integer(length.into()));
        if *codec < 8 {
            map.insert("codec".to_owned(), Ipld::Integer((*codec).into()));
        }
        let rows = fragments.iter().map(|segment| {
            let ids = segment.iter().flat_map(|fragment| fragment_id(fragment).0);
            Ipld::Bytes(ids.collect())
        });
        let mut rows: Vec<_> = rows.collect();
        if length <= 3 * (8192 - 16) {
            rows.truncate(1);
        }
        map.insert("segments".to_owned(), Ipld::List(rows));
    })?;
    let layout = *manifest.layout();
    let decoder = Decoder::new(manifest, Some(&file.key)).expect("the key was given");
    for (segment, withheld) in (0..layout.segments()).zip([first, second]) {
        let at = usize::try_from(segment).expect("two segments");
        let mut given: Vec<_> = (0..SLOTS)
            .map(|slot| (withheld >> slot & 1 == 0).then(|| fragments[at][slot].clone()))
            .collect();
        // A repairer without the key, then a reader with it.
        let _ = rebuild_segment(decoder.manifest(), segment, &mut given.clone());
        let Ok(found) = decoder.decode_segment(segment, &mut given) else {
            let true_file = touched == [[false; SLOTS]; SEGMENTS] && length == LENGTH as u64;
            assert!(!true_file || *codec < 8 || withheld.count_ones() > 3);
            continue;
        };
        let range = layout.segment_range(segment);
        let place = |at: u64| usize::try_from(at).expect("a small file");
        assert_eq!(found, file.plain[place(range.start)..place(range.end)]);
    }
    Some(())
}

fuzz_target!(|bytes: &[u8]| {
    attempt(bytes);
});
