//! Round trips, limits and hostile manifests.

use std::collections::BTreeMap;

use ipld_core::ipld::Ipld;
use ips_primitives::fragment::{ErasureParams, FragmentSize};
use rand::{rngs::StdRng, SeedableRng};

use super::*;
use crate::{
    bundle::Bundle,
    encoder::{EncodeOptions, Encoder, Privacy},
};

const HALF: ErasureParams = ErasureParams { data: 3, parity: 3 };
const LIMITS: Limits = Limits {
    manifest_bytes: 64 << 20,
    directory_bytes: 2 << 20,
};

/// A manifest of a small file in several segments, and its key.
fn manifest(private: bool) -> (Manifest, Option<FileKey>) {
    let recipients = [1, 2].map(|seed| FileSecret::from_seed(&[seed; 32]).public());
    let privacy = if private {
        Privacy::Private(recipients.to_vec())
    } else {
        Privacy::Public
    };
    let mut options = EncodeOptions::new(HALF, privacy);
    options.fragment_size = Some(FragmentSize::K8);
    options.directory = Directory::named("letter.txt");
    let bytes = vec![7; 60_000];
    let mut rng = StdRng::seed_from_u64(1);
    let encoder = Encoder::new(options, 60_000, &mut rng).unwrap();
    let file = encoder
        .encode_all::<crate::EncodeError>(&mut &bytes[..], |_| Ok(()))
        .unwrap();
    (file.manifest, file.key)
}

/// The manifest with its map changed.
fn changed(manifest: &Manifest, change: impl FnOnce(&mut BTreeMap<String, Ipld>)) -> Vec<u8> {
    let mut ipld: Ipld = serde_ipld_dagcbor::from_slice(manifest.as_bytes()).unwrap();
    let Ipld::List(list) = &mut ipld else {
        panic!("a list")
    };
    let Ipld::Map(map) = &mut list[1] else {
        panic!("a map")
    };
    change(map);
    serde_ipld_dagcbor::to_vec(&ipld).unwrap()
}

fn refused_field(map: impl FnOnce(&mut BTreeMap<String, Ipld>), field: &'static str) {
    let bytes = changed(&manifest(true).0, map);
    assert_eq!(
        Manifest::decode(&bytes, &LIMITS),
        Err(ManifestError::Field { field })
    );
}

fn set(map: &mut BTreeMap<String, Ipld>, field: &str, value: impl Into<Ipld>) {
    assert!(
        map.insert(field.to_owned(), value.into()).is_some(),
        "no field {field}"
    );
}

#[test]
fn manifests_come_back_and_their_hash_is_the_file_id() {
    for private in [true, false] {
        let (manifest, _) = manifest(private);
        let back = Manifest::decode(manifest.as_bytes(), &LIMITS).unwrap();
        assert_eq!(back, manifest);
        let id = manifest.file_id();
        assert_eq!(id.0, sha2_256(&[manifest.as_bytes()]));
        assert_eq!(
            Manifest::decode_of(&id, manifest.as_bytes(), &LIMITS),
            Ok(back)
        );
        assert_eq!(manifest.verify_id(&id), Ok(()));
        assert_eq!(
            manifest.verify_id(&FileId([0; 32])),
            Err(ManifestError::WrongId)
        );
        assert_eq!(manifest.cid().codec(), 0x71);
        let other = Manifest::decode_of(&FileId([0; 32]), manifest.as_bytes(), &LIMITS);
        assert_eq!(other, Err(ManifestError::WrongId));
    }
}

#[test]
fn the_format_is_stable() {
    let (manifest, _) = manifest(false);
    let id = hex::encode(manifest.file_id().0);
    assert_eq!(
        id,
        "d9337f57b368fb6c589e4cbc8b66a004f3911c9682f148325f55110d2727e25d"
    );
}

#[test]
fn cut_and_extended_manifests_are_refused() {
    let (manifest, _) = manifest(true);
    let bytes = manifest.as_bytes();
    for len in 0..bytes.len() {
        let cut = Manifest::decode(&bytes[..len], &LIMITS);
        assert_eq!(cut, Err(ManifestError::Malformed), "length {len}");
    }
    let extended = [bytes, &[0]].concat();
    assert_eq!(
        Manifest::decode(&extended, &LIMITS),
        Err(ManifestError::Malformed)
    );
}

#[test]
fn flipped_bits_never_panic_and_never_keep_the_name() {
    let (manifest, _) = manifest(true);
    for bit in 0..manifest.as_bytes().len() * 8 {
        let mut bytes = manifest.as_bytes().to_vec();
        bytes[bit / 8] ^= 1 << (bit % 8);
        if let Ok(other) = Manifest::decode(&bytes, &LIMITS) {
            assert_ne!(other.file_id(), manifest.file_id());
            assert_eq!(other.as_bytes(), bytes);
        }
    }
}

#[test]
fn other_versions_are_named() {
    let (manifest, _) = manifest(false);
    for got in [0, 2, 23] {
        let mut bytes = manifest.as_bytes().to_vec();
        bytes[1] = got;
        assert_eq!(
            Manifest::decode(&bytes, &LIMITS),
            Err(ManifestError::Version { got })
        );
    }
}

#[test]
fn size_is_checked_first() {
    let (manifest, _) = manifest(false);
    let got = manifest.as_bytes().len();
    let exact = Limits {
        manifest_bytes: got,
        ..LIMITS
    };
    assert!(Manifest::decode(manifest.as_bytes(), &exact).is_ok());
    let tight = Limits {
        manifest_bytes: got - 1,
        ..LIMITS
    };
    let refused = Manifest::decode(manifest.as_bytes(), &tight);
    assert_eq!(refused, Err(ManifestError::TooLarge { got, max: got - 1 }));
    let no_directory = Limits {
        directory_bytes: 1,
        ..LIMITS
    };
    let refused = Manifest::decode(manifest.as_bytes(), &no_directory);
    assert_eq!(refused, Err(ManifestError::Field { field: "directory" }));
}

#[test]
fn contradicting_fields_are_refused() {
    refused_field(|map| set(map, "codec", 3), "codec");
    refused_field(|map| set(map, "fragment_size", 8193), "fragment_size");
    refused_field(|map| set(map, "length", 0), "length");
    refused_field(|map| set(map, "length", i128::from(u64::MAX)), "length");
    refused_field(|map| set(map, "length", 1), "segments");
    refused_field(|map| set(map, "length", 600_000), "segments");
    refused_field(|map| set(map, "data", 4), "segments");
    refused_field(
        |map| (set(map, "data", 1), set(map, "parity", 5)).0,
        "erasure",
    );
    refused_field(|map| set(map, "parity", 255), "segments");
    refused_field(
        |map| {
            let Some(Ipld::List(rows)) = map.get_mut("segments") else {
                panic!("rows")
            };
            rows.pop();
        },
        "segments",
    );
    refused_field(
        |map| {
            let Some(Ipld::List(rows)) = map.get_mut("slot_roots") else {
                panic!("rows")
            };
            rows.push(rows[0].clone());
        },
        "slot_roots",
    );
    refused_field(
        |map| {
            let Some(Ipld::Map(encryption)) = map.get_mut("encryption") else {
                panic!("map")
            };
            encryption.insert("keys".to_owned(), Ipld::List(Vec::new()));
        },
        "keys",
    );
    refused_field(
        |map| {
            let Some(Ipld::Map(encryption)) = map.get_mut("encryption") else {
                panic!("map")
            };
            let Some(Ipld::List(keys)) = encryption.get_mut("keys") else {
                panic!("keys")
            };
            *keys = vec![keys[0].clone(); RECIPIENTS_MAX + 1];
        },
        "keys",
    );
}

#[test]
fn other_shapes_are_refused() {
    let (manifest, _) = manifest(true);
    let add = |map: &mut BTreeMap<String, Ipld>| {
        map.insert("extra".to_owned(), Ipld::Null);
    };
    let remove = |map: &mut BTreeMap<String, Ipld>| {
        map.remove("directory");
    };
    let short_row = |map: &mut BTreeMap<String, Ipld>| {
        set(map, "segments", vec![Ipld::Bytes(vec![0; 191])]);
    };
    let empty_rows = |map: &mut BTreeMap<String, Ipld>| {
        set(map, "segments", vec![Ipld::Bytes(Vec::new()); 10_000]);
    };
    let numbers = |map: &mut BTreeMap<String, Ipld>| {
        set(map, "directory", vec![Ipld::Integer(1); 4]);
    };
    let bad = [
        changed(&manifest, add),
        changed(&manifest, remove),
        changed(&manifest, short_row),
        changed(&manifest, empty_rows),
        changed(&manifest, numbers),
    ];
    for bytes in bad {
        assert_eq!(
            Manifest::decode(&bytes, &LIMITS),
            Err(ManifestError::Malformed)
        );
    }
}

#[test]
fn hostile_counts_cost_nothing() {
    let (manifest, _) = manifest(true);
    let bytes = manifest.as_bytes();
    let key = b"segments";
    let at = bytes
        .windows(key.len())
        .position(|window| window == key)
        .unwrap()
        + key.len();
    // A list, then a byte string, that announce 2^60 elements.
    for major in [0x9b, 0x5b] {
        let count = (1u64 << 60).to_be_bytes();
        let hostile = [&bytes[..at], &[major], &count, &bytes[at + 1..]].concat();
        assert_eq!(
            Manifest::decode(&hostile, &LIMITS),
            Err(ManifestError::Malformed)
        );
    }
    let deep = [&[0x82, 1][..], &vec![0x81; 1 << 20]].concat();
    assert_eq!(
        Manifest::decode(&deep, &LIMITS),
        Err(ManifestError::Malformed)
    );
}

#[test]
fn names_of_private_files_need_the_key() {
    let (private, key) = manifest(true);
    let named = Directory::named("letter.txt");
    assert_eq!(private.directory(key.as_ref()), Ok(named.clone()));
    assert_eq!(private.directory(None), Err(ManifestError::DirectoryKey));
    let wrong = FileKey::from_bytes([3; 32]);
    assert_eq!(
        private.directory(Some(&wrong)),
        Err(ManifestError::DirectoryKey)
    );
    let visible = |manifest: &Manifest| {
        manifest
            .as_bytes()
            .windows(10)
            .any(|window| window == b"letter.txt")
    };
    assert!(!visible(&private));
    let (public, no_key) = manifest(false);
    assert!(no_key.is_none() && visible(&public));
    assert_eq!(public.directory(None), Ok(named));
}

#[test]
fn unsafe_names_in_a_foreign_directory_are_refused() {
    let (public, _) = manifest(false);
    let directory = Directory {
        name: Some("../x".to_owned()),
        entries: Vec::new(),
    };
    let sealed = seal_directory(&directory, None).unwrap();
    let bytes = changed(&public, |map| set(map, "directory", sealed));
    let refused = Manifest::decode(&bytes, &LIMITS).unwrap().directory(None);
    assert_eq!(
        refused,
        Err(ManifestError::Directory(BundleError::Name { index: 0 }))
    );
    let bundle = Bundle::new([("a".to_owned(), 5)]).unwrap();
    let sealed = seal_directory(bundle.directory(), None).unwrap();
    let bytes = changed(&public, |map| set(map, "directory", sealed));
    let refused = Manifest::decode(&bytes, &LIMITS).unwrap().directory(None);
    assert_eq!(refused, Err(ManifestError::Directory(BundleError::Extent)));
}

#[test]
fn recipients_get_the_key_and_others_do_not() {
    let (private, key) = manifest(true);
    for seed in [1, 2] {
        let opened = private.unwrap_key(&FileSecret::from_seed(&[seed; 32]));
        assert_eq!(opened.ok(), key);
    }
    let other = private.unwrap_key(&FileSecret::from_seed(&[3; 32]));
    assert_eq!(other, Err(KeyError::NotRecipient));
    let (public, _) = manifest(false);
    let secret = FileSecret::from_seed(&[1; 32]);
    assert_eq!(public.unwrap_key(&secret), Err(KeyError::PublicFile));
}

#[test]
fn orders_are_what_the_chain_accepts() {
    let (manifest, _) = manifest(true);
    let order = manifest
        .order_params(0, 100, 5, AccountKey([4; 32]))
        .unwrap();
    assert_eq!(order.validate(), Ok(()));
    assert_eq!(order.file, manifest.file_id());
    assert_eq!(
        (order.erasure, order.fragment_size),
        (HALF, FragmentSize::K8)
    );
    assert_eq!(order.segments, manifest.layout().segments());
    assert_eq!(order.slot_bytes(), manifest.layout().slot_bytes(0));
    assert_eq!(
        order.slot_roots.to_vec(),
        manifest.slot_roots(0).collect::<Vec<_>>()
    );
    let none = manifest.order_params(1, 100, 5, AccountKey([4; 32]));
    assert_eq!(
        none,
        Err(ManifestError::NoGroup {
            group: 1,
            groups: 1
        })
    );
    let never = manifest.order_params(0, 0, 5, AccountKey([4; 32]));
    assert_eq!(never, Err(ManifestError::Order(OrderParamsError::Duration)));
}
