//! Encoded files in memory, for tests.
#![allow(dead_code, reason = "each test file uses a part")]

use ips_encoding::{
    DecodeError, Decoder, EncodeError, EncodeOptions, EncodedSegment, Encoder, FileKey, FileSecret,
    Manifest, Privacy,
};
use ips_primitives::fragment::ErasureParams;
use rand::{rngs::StdRng, RngCore, SeedableRng};

pub(crate) const HALF: ErasureParams = ErasureParams { data: 3, parity: 3 };

pub(crate) fn private() -> Privacy {
    Privacy::Private(vec![FileSecret::from_seed(&[1; 32]).public()])
}

pub(crate) fn bytes_of(length: u64, seed: u64) -> Vec<u8> {
    let mut bytes = vec![0; usize::try_from(length).unwrap()];
    StdRng::seed_from_u64(seed).fill_bytes(&mut bytes);
    bytes
}

pub(crate) struct File {
    pub manifest: Manifest,
    pub key: Option<FileKey>,
    pub segments: Vec<EncodedSegment>,
}

pub(crate) fn encode(bytes: &[u8], options: EncodeOptions) -> File {
    encode_with(bytes, options, 1)
}

pub(crate) fn encode_with(bytes: &[u8], options: EncodeOptions, seed: u64) -> File {
    let mut rng = StdRng::seed_from_u64(seed);
    let length = u64::try_from(bytes.len()).unwrap();
    let encoder = Encoder::new(options, length, &mut rng).unwrap();
    let mut segments = Vec::new();
    let keep = |segment: EncodedSegment| {
        segments.push(segment);
        Ok::<(), EncodeError>(())
    };
    let file = encoder.encode_all(&mut &*bytes, keep).unwrap();
    for (index, segment) in (0..).zip(&segments) {
        assert_eq!(segment.index, index);
        assert_eq!(
            file.manifest.layout().group_of(index),
            (segment.group, segment.position)
        );
        assert_eq!(
            file.manifest.segment_fragments(index).collect::<Vec<_>>(),
            segment.ids
        );
    }
    File {
        manifest: file.manifest,
        key: file.key,
        segments,
    }
}

impl File {
    pub(crate) fn decoder(&self) -> Decoder {
        Decoder::new(self.manifest.clone(), self.key.as_ref()).unwrap()
    }

    /// The fragments of a segment without the lost ones.
    pub(crate) fn fragments(
        &self,
        segment: u32,
        lost: impl Fn(usize) -> bool,
    ) -> Vec<Option<Vec<u8>>> {
        let segment = &self.segments[usize::try_from(segment).unwrap()];
        let fragments = segment.fragments.iter().enumerate();
        fragments
            .map(|(index, bytes)| (!lost(index)).then(|| bytes.clone()))
            .collect()
    }

    /// The whole file without the lost fragments.
    pub(crate) fn decode(&self, lost: impl Fn(usize) -> bool) -> Vec<u8> {
        let mut out = Vec::new();
        self.decoder()
            .decode_range::<DecodeError>(
                0..self.manifest.length(),
                |plan| Ok(self.fragments(plan.segment, &lost)),
                |part| {
                    out.extend_from_slice(part);
                    Ok(())
                },
            )
            .unwrap();
        out
    }
}
