//! Files to encrypted, erasure-coded, addressed fragments and back.
//!
//! Goal: one implementation of the data format for customer, provider and gateway, streaming and
//! with bounded memory: at most one segment is held. Non-goals: files on disk, the network, the
//! chain, async; callers move the bytes.
//!
//! | step | module |
//! |---|---|
//! | geometry: fragment size, segments, groups, records | [`segment`] |
//! | per-file key, wrapped for each recipient | [`keys`] |
//! | authenticated records of at most 64 KiB | `envelope` |
//! | Reed–Solomon, two codecs | [`erasure`] |
//! | content addresses | [`fragment`] |
//! | Merkle roots of slots | [`slots`] |
//! | the description of a file, and its name | [`manifest`] |
//! | several small files in one | [`bundle`] |
//! | bytes in, fragments out | [`encoder`] |
//! | fragments in, bytes out, by range | [`decoder`] |

pub mod bundle;
pub mod decoder;
pub mod encoder;
mod envelope;
pub mod erasure;
pub mod fragment;
pub mod keys;
pub mod manifest;
mod parallel;
pub mod segment;
pub mod slots;

pub use bundle::{Bundle, BundleError, BundleReader, Directory, Entry};
pub use decoder::{rebuild_segment, DecodeError, Decoder, ReadPlan, SegmentPlan};
pub use encoder::{EncodeError, EncodeOptions, EncodedFile, EncodedSegment, Encoder, Privacy};
pub use erasure::{CodecId, ErasureCodec, ErasureError};
pub use keys::{FileKey, FilePublic, FileSecret, KeyError, WrappedKey};
pub use manifest::{Encryption, Limits, Manifest, ManifestError};
pub use segment::Layout;
pub use slots::SlotHasher;
