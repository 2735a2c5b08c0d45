//! A manifest from anyone: accepted bytes are canonical, memory is bounded by them, and what a client or
//! a provider computes from it does not panic.
#![no_main]

use ips_encoding::{fragment::file_of_cid, Decoder, Limits, Manifest};
use ips_fuzz::memory::bounded_above;
use libfuzzer_sys::fuzz_target;

const LIMITS: Limits = Limits {
    manifest_bytes: 1 << 20,
    directory_bytes: 4 << 10,
};

/// What serde reserves at most for a list before its elements are there; no list holds another.
const RESERVE_BYTES: usize = (1 << 20) + (64 << 10);

fuzz_target!(|bytes: &[u8]| {
    let Ok(manifest) = bounded_above(RESERVE_BYTES, bytes.len(), || {
        Manifest::decode(bytes, &LIMITS)
    }) else {
        return;
    };
    assert_eq!(manifest.as_bytes(), bytes);
    let file = manifest.file_id();
    assert_eq!(
        Manifest::decode_of(&file, bytes, &LIMITS).as_ref(),
        Ok(&manifest)
    );
    assert_eq!(file_of_cid(&manifest.cid()), Some(file));

    let layout = *manifest.layout();
    let mut segments = 0;
    for group in 0..layout.groups() {
        let order = manifest.order_params(group, 1, 1, Default::default());
        let order = order.expect("a checked manifest makes an order of each group");
        assert_eq!(order.slot_bytes(), layout.slot_bytes(group));
        segments += order.segments;
        for slot in 0..u16::from(layout.erasure().total()) {
            assert_eq!(
                manifest.slot_fragments(group, slot).count(),
                usize::try_from(order.segments).expect("few segments")
            );
        }
    }
    assert_eq!(segments, layout.segments());
    assert!(manifest
        .order_params(layout.groups(), 1, 1, Default::default())
        .is_err());

    if let Ok(directory) = bounded_above(RESERVE_BYTES, bytes.len(), || manifest.directory(None)) {
        assert!(manifest.encryption().is_none());
        assert_eq!(directory.validate(manifest.length()), Ok(()));
    }
    if let Ok(decoder) = Decoder::new(manifest, None) {
        let plan = decoder
            .plan(0..layout.length())
            .expect("a range of the file");
        let covered: u64 = plan
            .segments
            .iter()
            .map(|segment| segment.bytes.end - segment.bytes.start)
            .sum();
        assert_eq!(covered, layout.length());
    }
});
