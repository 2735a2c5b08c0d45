//! Manifests that a dishonest maker could publish: well-formed, but telling lies.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::collections::BTreeMap;

use ipld_core::ipld::Ipld;
use ips_encoding::{
    fragment::fragment_id, DecodeError, Decoder, EncodeOptions, Limits, Manifest, Privacy,
};
use ips_primitives::fragment::FragmentSize;
use support::{bytes_of, encode, private, File, HALF};

fn file(privacy: Privacy) -> File {
    let mut options = EncodeOptions::new(HALF, privacy);
    options.fragment_size = Some(FragmentSize::K8);
    encode(&bytes_of(3 * 3 * (8192 - 16), 1), options)
}

fn forge(file: &File, change: impl FnOnce(&mut BTreeMap<String, Ipld>)) -> Decoder {
    let mut ipld: Ipld = serde_ipld_dagcbor::from_slice(file.manifest.as_bytes()).unwrap();
    let Ipld::List(list) = &mut ipld else {
        panic!("a list")
    };
    let Ipld::Map(map) = &mut list[1] else {
        panic!("a map")
    };
    change(map);
    let bytes = serde_ipld_dagcbor::to_vec(&ipld).unwrap();
    let manifest = Manifest::decode(&bytes, &Limits::default()).unwrap();
    assert_ne!(manifest.file_id(), file.manifest.file_id());
    Decoder::new(manifest, file.key.as_ref()).unwrap()
}

fn segments(map: &mut BTreeMap<String, Ipld>) -> &mut Vec<Ipld> {
    let Some(Ipld::List(rows)) = map.get_mut("segments") else {
        panic!("rows")
    };
    rows
}

fn set_digest(map: &mut BTreeMap<String, Ipld>, index: usize, bytes: &[u8]) {
    let Ipld::Bytes(row) = &mut segments(map)[0] else {
        panic!("bytes")
    };
    row[index * 32..][..32].copy_from_slice(&fragment_id(bytes).0);
}

#[test]
fn reordered_segments_do_not_open() {
    let file = file(private());
    let decoder = forge(&file, |map| segments(map).swap(0, 1));
    let error = decoder
        .decode_segment(0, &mut file.fragments(1, |_| false))
        .unwrap_err();
    assert_eq!(
        error,
        DecodeError::WrongKey {
            segment: 0,
            record: 0
        }
    );
}

#[test]
fn repeated_segments_do_not_open() {
    let file = file(private());
    let decoder = forge(&file, |map| segments(map)[1] = segments(map)[0].clone());
    let error = decoder
        .decode_segment(1, &mut file.fragments(0, |_| false))
        .unwrap_err();
    assert_eq!(
        error,
        DecodeError::WrongKey {
            segment: 1,
            record: 0
        }
    );
}

#[test]
fn truncated_files_do_not_open_at_their_end() {
    let file = file(private());
    for length in [file.manifest.length() - 8176, file.manifest.length() - 1] {
        let decoder = forge(&file, |map| {
            map.insert("length".to_owned(), Ipld::Integer(length.into()));
        });
        let last = if length % 8176 == 0 { 1 } else { 2 };
        let error = decoder
            .decode_segment(2, &mut file.fragments(2, |_| false))
            .unwrap_err();
        assert_eq!(
            error,
            DecodeError::WrongKey {
                segment: 2,
                record: last
            }
        );
    }
    let decoder = forge(&file, |map| {
        let length = file.manifest.layout().segment_range(1).end;
        map.insert("length".to_owned(), Ipld::Integer(length.into()));
        segments(map).pop();
    });
    assert!(decoder
        .decode_segment(0, &mut file.fragments(0, |_| false))
        .is_ok());
    let error = decoder
        .decode_segment(1, &mut file.fragments(1, |_| false))
        .unwrap_err();
    assert_eq!(
        error,
        DecodeError::WrongKey {
            segment: 1,
            record: 2
        }
    );
}

#[test]
fn wrong_parity_in_the_manifest_is_named() {
    let file = file(Privacy::Public);
    let lie = vec![9; 8192];
    let decoder = forge(&file, |map| set_digest(map, 4, &lie));
    let mut fragments = file.fragments(0, |index| index == 1);
    fragments[4] = None;
    assert!(decoder.decode_segment(0, &mut fragments).is_ok());
    let mut fragments = file.fragments(0, |index| [0, 1, 2].contains(&index));
    fragments[4] = Some(lie);
    let error = decoder.decode_segment(0, &mut fragments).unwrap_err();
    assert_eq!(
        error,
        DecodeError::InconsistentManifest {
            segment: 0,
            index: 0
        }
    );
    let mut fragments = file.fragments(0, |index| index == 4);
    let error = ips_encoding::rebuild_segment(decoder.manifest(), 0, &mut fragments).unwrap_err();
    assert_eq!(
        error,
        DecodeError::InconsistentManifest {
            segment: 0,
            index: 4
        }
    );
}

#[test]
fn fragments_of_another_length_are_corrupt_even_if_named() {
    let file = file(Privacy::Public);
    for length in [0, 1, 8191, 8193] {
        let lie = vec![9; length];
        let decoder = forge(&file, |map| set_digest(map, 0, &lie));
        let mut fragments = file.fragments(0, |_| false);
        fragments[0] = Some(lie);
        let error = decoder.decode_segment(0, &mut fragments).unwrap_err();
        assert_eq!(
            error,
            DecodeError::CorruptFragment {
                segment: 0,
                index: 0
            }
        );
    }
}
