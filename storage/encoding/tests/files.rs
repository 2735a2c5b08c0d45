//! Whole files through encoder and decoder: borders, losses, ranges, changes, hostile fragments.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::io::{self, Read};

use ips_encoding::{
    Bundle, BundleError, CodecId, DecodeError, Decoder, Directory, EncodeError, EncodeOptions,
    Encoder, FileKey, FilePublic, FileSecret, Layout, Privacy,
};
use ips_primitives::{
    fragment::{ErasureParams, FragmentSize, GroupWidth, Level},
    slot::{SlotRoot, SlotTree},
};
use proptest::prelude::*;
use support::{bytes_of, encode, private, HALF};

fn border_lengths(erasure: ErasureParams, encrypted: bool) -> Vec<u64> {
    let mut lengths = vec![1];
    for size in [FragmentSize::K8, FragmentSize::K16, FragmentSize::K32] {
        let border = Layout::new(erasure, size, 1, encrypted).segment_payload();
        lengths.extend([border - 1, border, border + 1]);
    }
    lengths
}

#[test]
fn files_at_every_small_border_come_back() {
    for level in Level::ALL {
        let erasure = ErasureParams::new(level, GroupWidth::ALL[0]);
        for codec in CodecId::ALL {
            for privacy in [Privacy::Public, private()] {
                let encrypted = privacy != Privacy::Public;
                for length in border_lengths(erasure, encrypted) {
                    let bytes = bytes_of(length, length);
                    let mut options = EncodeOptions::new(erasure, privacy.clone());
                    options.codec = codec;
                    let file = encode(&bytes, options);
                    assert_eq!(file.manifest.length(), length);
                    let parity = usize::from(erasure.parity);
                    assert_eq!(
                        file.decode(|index| index < parity),
                        bytes,
                        "{length} {level:?}"
                    );
                    assert_eq!(file.decode(|_| false), bytes);
                }
            }
        }
    }
}

#[test]
fn files_at_the_large_border_come_back_in_several_groups() {
    let border = 64 << 20;
    for (length, size, groups) in [
        (border - 1, FragmentSize::K256, 2),
        (border, FragmentSize::K256, 2),
        (border + 1, FragmentSize::K1024, 2),
    ] {
        let bytes = bytes_of(length, 9);
        let file = encode(&bytes, EncodeOptions::new(HALF, Privacy::Public));
        let layout = *file.manifest.layout();
        assert_eq!((layout.fragment_size(), layout.groups()), (size, groups));
        assert!(file.decode(|index| index == 1 || index == 4) == bytes);
        for group in 0..groups {
            let segments = layout.segments_of(group);
            for slot in 0..6 {
                let mut slot_bytes = Vec::new();
                for segment in segments.clone() {
                    let segment = &file.segments[usize::try_from(segment).unwrap()];
                    assert_eq!(segment.group, group);
                    slot_bytes.extend_from_slice(&segment.fragments[usize::from(slot)]);
                }
                assert_eq!(
                    u64::try_from(slot_bytes.len()).unwrap(),
                    layout.slot_bytes(group)
                );
                let root: SlotRoot = SlotTree::from_bytes(&slot_bytes).unwrap().root();
                assert_eq!(file.manifest.slot_root(group, slot), Some(root));
            }
        }
    }
}

#[test]
fn public_data_fragments_are_the_file() {
    let bytes = bytes_of(100_000, 1);
    let file = encode(&bytes, EncodeOptions::new(HALF, Privacy::Public));
    let mut stored = file.segments[0].fragments[..3].concat();
    assert!(stored.split_off(bytes.len()).iter().all(|byte| *byte == 0));
    assert_eq!(stored, bytes);
    let hidden = encode(&bytes, EncodeOptions::new(HALF, private()));
    assert!(!hidden.segments[0].fragments[..3]
        .concat()
        .windows(32)
        .any(|w| w == &bytes[..32]));
}

#[test]
fn the_same_file_twice_has_nothing_in_common_unless_public() {
    let bytes = vec![5; 50_000];
    let ids = |privacy: Privacy| {
        let seeds = [1, 2].map(|seed| {
            let options = EncodeOptions::new(HALF, privacy.clone());
            support::encode_with(&bytes, options, seed)
                .manifest
                .fragment_id(0, 0)
        });
        seeds[0] == seeds[1]
    };
    assert!(ids(Privacy::Public));
    assert!(!ids(private()));
}

#[test]
fn wide_groups_survive_parity_losses() {
    for width in &GroupWidth::ALL[1..] {
        for level in Level::ALL {
            let erasure = ErasureParams::new(level, *width);
            let bytes = bytes_of(200_000, 3);
            let file = encode(&bytes, EncodeOptions::new(erasure, private()));
            let parity = usize::from(erasure.parity);
            assert_eq!(file.decode(|index| index < parity), bytes);
            let stride = usize::from(erasure.total()) / parity;
            let lost = |index: usize| index.is_multiple_of(stride) && index / stride < parity;
            assert_eq!(file.decode(lost), bytes);
        }
    }
}

#[test]
fn too_many_losses_name_what_is_missing() {
    let file = encode(&bytes_of(1000, 1), EncodeOptions::new(HALF, private()));
    let mut fragments = file.fragments(0, |index| [0, 2, 3, 5].contains(&index));
    let error = file
        .decoder()
        .decode_segment(0, &mut fragments)
        .unwrap_err();
    let missing = vec![0, 2, 3, 5];
    let expected = DecodeError::NotEnoughFragments {
        segment: 0,
        have: 2,
        need: 3,
        missing,
    };
    assert_eq!(error, expected);
    assert!(error.to_string().contains("[0, 2, 3, 5]"));
}

#[test]
fn corrupt_fragments_are_named_before_use() {
    let file = encode(&bytes_of(90_000, 1), EncodeOptions::new(HALF, private()));
    let f = file.segments[0].fragments[0].len();
    for index in 0..6u16 {
        let changes: [fn(&mut Vec<u8>); 5] = [
            |bytes| bytes[0] ^= 1,
            |bytes| *bytes.last_mut().unwrap() ^= 0x80,
            |bytes| bytes.truncate(bytes.len() - 1),
            |bytes| bytes.push(0),
            |bytes| bytes.rotate_left(1),
        ];
        for change in changes {
            let mut fragments = file.fragments(0, |_| false);
            change(fragments[usize::from(index)].as_mut().unwrap());
            let error = file
                .decoder()
                .decode_segment(0, &mut fragments)
                .unwrap_err();
            assert_eq!(error, DecodeError::CorruptFragment { segment: 0, index });
            fragments[usize::from(index)] = None;
            assert!(file.decoder().decode_segment(0, &mut fragments).is_ok());
        }
    }
    let mut swapped = file.fragments(0, |_| false);
    swapped.swap(1, 4);
    let error = file.decoder().decode_segment(0, &mut swapped).unwrap_err();
    assert_eq!(
        error,
        DecodeError::CorruptFragment {
            segment: 0,
            index: 1
        }
    );
    let mut few = vec![Some(vec![0; f]); 5];
    let error = file.decoder().decode_segment(0, &mut few).unwrap_err();
    assert_eq!(
        error,
        DecodeError::FragmentCount {
            segment: 0,
            expected: 6,
            got: 5
        }
    );
    let error = file.decoder().decode_segment(1, &mut swapped).unwrap_err();
    assert_eq!(
        error,
        DecodeError::NoSegment {
            segment: 1,
            segments: 1
        }
    );
}

#[test]
fn wrong_keys_are_told_from_corruption() {
    let file = encode(&bytes_of(100_000, 1), EncodeOptions::new(HALF, private()));
    let missing = Decoder::new(file.manifest.clone(), None).err();
    assert_eq!(missing, Some(DecodeError::KeyMissing));
    let wrong = FileKey::from_bytes([1; 32]);
    let decoder = Decoder::new(file.manifest.clone(), Some(&wrong)).unwrap();
    let error = decoder
        .decode_segment(0, &mut file.fragments(0, |_| false))
        .unwrap_err();
    assert_eq!(
        error,
        DecodeError::WrongKey {
            segment: 0,
            record: 0
        }
    );
    let secret = FileSecret::from_seed(&[1; 32]);
    let key = file.manifest.unwrap_key(&secret).unwrap();
    assert_eq!(Some(key), file.key);
}

#[test]
fn repair_needs_no_key_and_restores_every_fragment() {
    let file = encode(&bytes_of(100_000, 1), EncodeOptions::new(HALF, private()));
    let mut fragments = file.fragments(0, |index| [1, 3, 5].contains(&index));
    ips_encoding::rebuild_segment(&file.manifest, 0, &mut fragments).unwrap();
    assert_eq!(fragments, file.fragments(0, |_| false));
    let mut few = file.fragments(0, |index| index < 4);
    let error = ips_encoding::rebuild_segment(&file.manifest, 0, &mut few).unwrap_err();
    assert!(matches!(
        error,
        DecodeError::NotEnoughFragments {
            have: 2,
            need: 3,
            ..
        }
    ));
}

#[test]
fn ranges_need_only_their_fragments() {
    let bytes = bytes_of(3_000_000, 1);
    let file = encode(&bytes, EncodeOptions::new(HALF, private()));
    let decoder = file.decoder();
    let plan = decoder.plan(1_000_000..1_000_001).unwrap();
    assert_eq!(plan.segments.len(), 1);
    let part = &plan.segments[0];
    assert_eq!((part.segment, part.fragments.len()), (1, 1));
    let lost = |index: usize| !part.fragments.contains(&u16::try_from(index).unwrap());
    let mut fragments = file.fragments(1, lost);
    let byte = decoder
        .decode_part(1, part.bytes.clone(), &mut fragments)
        .unwrap();
    assert_eq!(byte, bytes[1_000_000..1_000_001]);
    assert_eq!(decoder.plan(5..5).unwrap().segments, []);
    assert_eq!(decoder.plan(3_000_000..3_000_000).unwrap().segments, []);
    #[expect(clippy::reversed_empty_ranges, reason = "hostile input")]
    for range in [0..3_000_001, 7..5, u64::MAX..u64::MAX] {
        let error = decoder.plan(range).unwrap_err();
        assert!(matches!(
            error,
            DecodeError::OutOfRange {
                length: 3_000_000,
                ..
            }
        ));
    }
    let error = decoder.decode_part(0, 0..3_000_000, &mut file.fragments(0, |_| false));
    assert!(matches!(error, Err(DecodeError::OutOfRange { .. })));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn any_range_with_any_losses_is_the_slice(
        length in 1u64..400_000,
        cut in any::<(u64, u64)>(),
        lost in proptest::collection::vec(0usize..6, 0..=3),
        size in 0usize..3,
        public in any::<bool>(),
        codec in 0usize..2,
    ) {
        let bytes = bytes_of(length, cut.0);
        let mut options =
            EncodeOptions::new(HALF, if public { Privacy::Public } else { private() });
        options.fragment_size = Some(FragmentSize::ALL[size]);
        options.codec = CodecId::ALL[codec];
        let file = encode(&bytes, options);
        let (a, b) = (cut.0 % (length + 1), cut.1 % (length + 1));
        let range = a.min(b)..a.max(b);
        let mut out = Vec::new();
        file.decoder().decode_range::<DecodeError>(
            range.clone(),
            |plan| Ok(file.fragments(plan.segment, |index| lost.contains(&index))),
            |part| { out.extend_from_slice(part); Ok(()) },
        ).unwrap();
        let expected = &bytes[usize::try_from(range.start).unwrap()..][..out.len()];
        prop_assert_eq!(u64::try_from(out.len()).unwrap(), range.end - range.start);
        prop_assert_eq!(&out[..], expected);
    }
}

fn start(length: u64) -> Encoder {
    let options = EncodeOptions::new(HALF, private());
    Encoder::new(options, length, &mut rand::thread_rng()).unwrap()
}

#[test]
fn files_that_change_while_read_are_detected() {
    for length in [1u64, 24_000, 24_529, 1_000_000] {
        let bytes = bytes_of(length + 1, 1);
        let read = |upto: u64| {
            let mut reader = &bytes[..usize::try_from(upto).unwrap()];
            start(length).encode_all::<EncodeError>(&mut reader, |_| Ok(()))
        };
        assert!(read(length).is_ok());
        for found in [length - 1, length + 1] {
            let error = read(found).unwrap_err();
            let EncodeError::FileChanged { expected, got } = error else {
                panic!("{error}")
            };
            assert_eq!((expected, got), (length, found));
        }
    }
}

#[test]
fn read_errors_end_the_encoder_and_slow_readers_do_not() {
    struct Failing;
    impl Read for Failing {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::from(io::ErrorKind::PermissionDenied))
        }
    }
    let mut encoder = start(10);
    let error = encoder.encode_segment(&mut Failing).unwrap_err();
    assert!(matches!(error, EncodeError::Read(e) if e.kind() == io::ErrorKind::PermissionDenied));
    let error = encoder.encode_segment(&mut &[0u8; 10][..]).unwrap_err();
    assert!(matches!(
        error,
        EncodeError::Incomplete {
            done: 0,
            segments: 1
        }
    ));
    assert!(matches!(
        encoder.finish(),
        Err(EncodeError::Incomplete { .. })
    ));

    /// One byte at a time, with interruptions.
    struct Slow<'a>(&'a [u8], bool);
    impl Read for Slow<'_> {
        fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
            self.1 = !self.1;
            if self.1 {
                return Err(io::Error::from(io::ErrorKind::Interrupted));
            }
            let most = buf.len().min(1);
            self.0.read(&mut buf[..most])
        }
    }
    let bytes = bytes_of(30_000, 1);
    let mut slow = Slow(&bytes, false);
    let mut encoder = start(30_000);
    let segment = encoder.encode_segment(&mut slow).unwrap().unwrap();
    assert!(encoder.encode_segment(&mut slow).unwrap().is_none());
    let file = encoder.finish().unwrap();
    let mut fragments: Vec<_> = segment.fragments.into_iter().map(Some).collect();
    let decoder = Decoder::new(file.manifest, file.key.as_ref()).unwrap();
    assert_eq!(decoder.decode_segment(0, &mut fragments).unwrap(), bytes);
}

#[test]
fn bad_options_are_refused() {
    let new = |options: EncodeOptions, length| {
        Encoder::new(options, length, &mut rand::thread_rng())
            .err()
            .unwrap()
    };
    let options = || EncodeOptions::new(HALF, private());
    assert!(matches!(new(options(), 0), EncodeError::EmptyFile));
    assert!(matches!(
        new(options(), u64::MAX),
        EncodeError::TooLong { length: u64::MAX }
    ));
    assert!(matches!(
        new(options(), 1 << 41),
        EncodeError::TooLong { .. }
    ));
    let odd = EncodeOptions {
        erasure: ErasureParams { data: 5, parity: 1 },
        ..options()
    };
    assert!(matches!(new(odd, 1), EncodeError::Erasure(_)));
    for count in [0, 65] {
        let recipients = vec![FileSecret::from_seed(&[1; 32]).public(); count];
        let crowd = EncodeOptions {
            privacy: Privacy::Private(recipients),
            ..options()
        };
        assert!(matches!(new(crowd, 1), EncodeError::Recipients { got } if got == count));
    }
    let weak = EncodeOptions {
        privacy: Privacy::Private(vec![FilePublic([0; 32])]),
        ..options()
    };
    assert!(matches!(new(weak, 1), EncodeError::Key(_)));
    let named = EncodeOptions {
        directory: Directory::named(".."),
        ..options()
    };
    assert!(matches!(
        new(named, 1),
        EncodeError::Directory(BundleError::Name { index: 0 })
    ));
}

#[test]
fn bundles_come_back_file_by_file() {
    let files: Vec<(String, Vec<u8>)> = (0..50u64)
        .map(|i| (format!("d/{i}.txt"), bytes_of(i * 37 % 2000, i)))
        .collect();
    let lengths = files
        .iter()
        .map(|(name, f)| (name.clone(), u64::try_from(f.len()).unwrap()));
    let bundle = Bundle::new(lengths).unwrap();
    let mut options = EncodeOptions::new(HALF, private());
    options.directory = bundle.directory().clone();
    let mut reader = bundle.reader(|index| Ok(&files[index].1[..]));
    let encoder = Encoder::new(options, bundle.length(), &mut rand::thread_rng()).unwrap();
    let mut segments = Vec::new();
    let file = encoder
        .encode_all::<EncodeError>(&mut reader, |segment| {
            segments.push(segment);
            Ok(())
        })
        .unwrap();
    let file = support::File {
        manifest: file.manifest,
        key: file.key,
        segments,
    };
    let directory = file.manifest.directory(file.key.as_ref()).unwrap();
    assert_eq!(&directory, bundle.directory());
    for (name, bytes) in &files {
        let range = directory.entry(name).unwrap().range();
        let mut out = Vec::new();
        file.decoder()
            .decode_range::<DecodeError>(
                range,
                |plan| Ok(file.fragments(plan.segment, |index| index % 2 == 0)),
                |part| {
                    out.extend_from_slice(part);
                    Ok(())
                },
            )
            .unwrap();
        assert_eq!(&out, bytes, "{name}");
    }
}
