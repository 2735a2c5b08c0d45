//! Bytes of a file in, fragments and a manifest out.
//!
//! Goal: one pass, one segment in memory. Non-goal: keeping fragments; the caller stores or sends
//! them before it asks for the next segment.

use std::io::{self, Read};

use ips_primitives::{
    fragment::{segments_per_group, ErasureParams, FragmentSize},
    id::FragmentId,
};
use rand::{CryptoRng, RngCore};

use crate::{
    bundle::{BundleError, Directory},
    envelope::{Envelope, RecordAt},
    erasure::{CodecId, ErasureError},
    fragment::fragment_id,
    keys::{FileKey, FilePublic, KeyError, WrappedKey, FILE_NONCE_BYTES},
    manifest::{
        seal_directory, Encryption, Limits, Manifest, ManifestError, Parts, RECIPIENTS_MAX,
    },
    parallel,
    segment::{to_usize, Layout},
    slots::SlotHasher,
};

/// Who can read a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Privacy {
    /// Everyone: stored as it is.
    Public,
    /// The holders of these keys (at least one; the owner's own should be among them).
    Private(Vec<FilePublic>),
}

/// How a file is to be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncodeOptions {
    /// Erasure parameters.
    pub erasure: ErasureParams,
    /// Erasure codec.
    pub codec: CodecId,
    /// Who can read it.
    pub privacy: Privacy,
    /// Names; encrypted if the file is private.
    pub directory: Directory,
    /// A fragment size other than the protocol's choice (public files that need IPFS' 1 MiB leaves).
    pub fragment_size: Option<FragmentSize>,
}

impl EncodeOptions {
    /// The usual options: default codec, fragment size by file size, no names.
    pub fn new(erasure: ErasureParams, privacy: Privacy) -> Self {
        Self {
            erasure,
            codec: CodecId::default(),
            privacy,
            directory: Directory::default(),
            fragment_size: None,
        }
    }
}

/// Why a file cannot be encoded.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    /// The file has no bytes.
    #[error("the file is empty; there is nothing to store")]
    EmptyFile,
    /// The file's manifest would exceed its limit.
    #[error("a file of {length} bytes is too long for one manifest; split it")]
    TooLong {
        /// Bytes of the file.
        length: u64,
    },
    /// The file could not be read.
    #[error("could not read the file: {0}")]
    Read(#[from] io::Error),
    /// The file is shorter or longer than announced.
    #[error(
        "the file changed while it was read (announced {expected} bytes, found {got}); \
         store it again when it is at rest"
    )]
    FileChanged {
        /// Bytes announced.
        expected: u64,
        /// Bytes found; `expected + 1` if there were more.
        got: u64,
    },
    /// No recipient, or too many.
    #[error("{got} recipients were given; give between 1 and {RECIPIENTS_MAX}")]
    Recipients {
        /// Recipients given.
        got: usize,
    },
    /// A call came after an error, or before all segments were encoded.
    #[error("{done} of {segments} segments are encoded; encode the file from its start")]
    Incomplete {
        /// Segments encoded.
        done: u32,
        /// Segments of the file.
        segments: u32,
    },
    /// Encryption failed, which valid lengths exclude.
    #[error("could not encrypt record {record} of segment {segment}; report this")]
    Encrypt {
        /// The segment.
        segment: u32,
        /// The record.
        record: u32,
    },
    /// A recipient's key is unusable.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The names are unsafe or do not fit the file.
    #[error(transparent)]
    Directory(#[from] BundleError),
    /// The erasure parameters are wrong.
    #[error(transparent)]
    Erasure(#[from] ErasureError),
    /// The manifest breaks a limit.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
}

/// One segment, ready to be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncodedSegment {
    /// Number of the segment in the file.
    pub index: u32,
    /// Its group.
    pub group: u16,
    /// Its position in the group: fragment `i` is at `position · F` of slot `i`.
    pub position: u32,
    /// All fragments, data first; fragment `i` belongs to slot `i`.
    pub fragments: Vec<Vec<u8>>,
    /// Their ids.
    pub ids: Vec<FragmentId>,
}

/// The result of encoding a file.
#[derive(Clone, Debug)]
pub struct EncodedFile {
    /// The manifest; its hash is the file's id.
    pub manifest: Manifest,
    /// The file's key; `None` if it is public.
    pub key: Option<FileKey>,
}

struct Protection {
    key: FileKey,
    envelope: Envelope,
    encryption: Encryption,
}

/// Encodes one file, segment by segment.
pub struct Encoder {
    layout: Layout,
    codec: CodecId,
    protection: Option<Protection>,
    directory: Vec<u8>,
    next: u32,
    failed: bool,
    fragments: Vec<[u8; 32]>,
    slot_roots: Vec<[u8; 32]>,
    slots: Vec<SlotHasher>,
}

impl Encoder {
    /// Starts a file of exactly `length` bytes.
    ///
    /// # Errors
    /// If the file is empty or too long, or an option is out of bounds.
    pub fn new(
        options: EncodeOptions,
        length: u64,
        rng: &mut (impl RngCore + CryptoRng),
    ) -> Result<Self, EncodeError> {
        let EncodeOptions {
            erasure,
            codec,
            privacy,
            directory,
            fragment_size,
        } = options;
        if length == 0 {
            return Err(EncodeError::EmptyFile);
        }
        let ErasureParams { data, parity } = erasure;
        erasure
            .level()
            .ok_or(ErasureError::Params { data, parity })?;
        directory.validate(length)?;
        let encrypted = privacy != Privacy::Public;
        let layout = match fragment_size {
            Some(size) => Layout::new(erasure, size, length, encrypted),
            None => Layout::for_file(erasure, length, encrypted),
        };
        let protection = match privacy {
            Privacy::Public => None,
            Privacy::Private(recipients) => Some(protect(&recipients, &layout, codec, rng)?),
        };
        let sealed_with = protection
            .as_ref()
            .map(|p| (&p.key, &p.encryption.file_nonce));
        let directory = seal_directory(&directory, sealed_with)?;
        let limits = Limits::default();
        if directory.len() > limits.directory_bytes {
            return Err(ManifestError::Field { field: "directory" }.into());
        }
        let max = u64::try_from(limits.manifest_bytes - limits.directory_bytes).unwrap_or(0);
        if manifest_rows_bytes(&layout) > max {
            return Err(EncodeError::TooLong { length });
        }
        let slots = vec![SlotHasher::new(); usize::from(erasure.total())];
        let (fragments, slot_roots) = (Vec::new(), Vec::new());
        let (next, failed) = (0, false);
        Ok(Self {
            layout,
            codec,
            protection,
            directory,
            next,
            failed,
            fragments,
            slot_roots,
            slots,
        })
    }

    /// The geometry of the file.
    pub const fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Reads and encodes the next segment; `None` after the last.
    ///
    /// # Errors
    /// If the file cannot be read or is not as long as announced. The encoder cannot go on then.
    pub fn encode_segment(
        &mut self,
        reader: &mut impl Read,
    ) -> Result<Option<EncodedSegment>, EncodeError> {
        if self.failed {
            return Err(self.incomplete());
        }
        if self.next == self.layout.segments() {
            return Ok(None);
        }
        self.failed = true;
        let segment = self.next;
        let mut fragments = self.read_segment(segment, reader)?;
        self.encrypt(segment, &mut fragments)?;
        let data: Vec<&[u8]> = fragments.iter().map(Vec::as_slice).collect();
        let parity = self.codec.codec().encode(self.layout.erasure(), &data)?;
        fragments.extend(parity);
        let ids = self.hash(&fragments)?;
        self.fragments.extend(ids.iter().map(|id| id.0));
        let (group, position) = self.layout.group_of(segment);
        self.next += 1;
        if self.next == self.layout.segments_of(group).end {
            self.close_group()?;
        }
        self.failed = false;
        Ok(Some(EncodedSegment {
            index: segment,
            group,
            position,
            fragments,
            ids,
        }))
    }

    /// Encodes all segments and hands each to `keep`.
    ///
    /// # Errors
    /// As [`Encoder::encode_segment`], or what `keep` returns.
    pub fn encode_all<E: From<EncodeError>>(
        mut self,
        reader: &mut impl Read,
        mut keep: impl FnMut(EncodedSegment) -> Result<(), E>,
    ) -> Result<EncodedFile, E> {
        while let Some(segment) = self.encode_segment(reader)? {
            keep(segment)?;
        }
        Ok(self.finish()?)
    }

    /// Makes the manifest after the last segment.
    ///
    /// # Errors
    /// If a segment is missing or failed.
    pub fn finish(self) -> Result<EncodedFile, EncodeError> {
        if self.failed || self.next != self.layout.segments() {
            return Err(self.incomplete());
        }
        let (key, encryption) = self.protection.map(|p| (p.key, p.encryption)).unzip();
        let parts = Parts {
            layout: self.layout,
            codec: self.codec,
            encryption,
            fragments: self.fragments,
            slot_roots: self.slot_roots,
            directory: self.directory,
        };
        Ok(EncodedFile {
            manifest: Manifest::from_parts(parts, &Limits::default())?,
            key,
        })
    }

    fn incomplete(&self) -> EncodeError {
        EncodeError::Incomplete {
            done: self.next,
            segments: self.layout.segments(),
        }
    }

    /// The data fragments with the file's bytes in place, room for tags, zeros behind the end.
    fn read_segment(
        &self,
        segment: u32,
        reader: &mut impl Read,
    ) -> Result<Vec<Vec<u8>>, EncodeError> {
        let fragment_bytes = to_usize(self.layout.fragment_size().bytes());
        let mut fragments = vec![vec![0; fragment_bytes]; usize::from(self.layout.erasure().data)];
        let expected = self.layout.length();
        let mut got = self.layout.segment_range(segment).start;
        let record_bytes = self.record_bytes();
        let records = fragments
            .iter_mut()
            .flat_map(|fragment| fragment.chunks_mut(record_bytes));
        for (record, bytes) in (0..).zip(records) {
            let want = self.layout.record_len(segment, record);
            let read = read_full(reader, &mut bytes[..want])?;
            got = got.saturating_add(u64::try_from(read).unwrap_or(u64::MAX));
            if read < want {
                return Err(EncodeError::FileChanged { expected, got });
            }
        }
        if got == expected && read_full(reader, &mut [0])? != 0 {
            return Err(EncodeError::FileChanged {
                expected,
                got: expected.saturating_add(1),
            });
        }
        Ok(fragments)
    }

    fn encrypt(&self, segment: u32, fragments: &mut [Vec<u8>]) -> Result<(), EncodeError> {
        let Some(Protection { envelope, .. }) = &self.protection else {
            return Ok(());
        };
        let layout = &self.layout;
        let record_bytes = self.record_bytes();
        let tag_bytes = to_usize(layout.tag_bytes());
        let total = fragments.iter().map(Vec::len).sum();
        let numbered: Vec<_> = (0..)
            .step_by(to_usize(layout.records_per_fragment()))
            .zip(fragments)
            .collect();
        parallel::for_each(numbered, total, |(first, fragment): (u32, &mut Vec<u8>)| {
            for (record, bytes) in (first..).zip(fragment.chunks_mut(record_bytes)) {
                let payload = layout.record_len(segment, record);
                if payload == 0 {
                    break;
                }
                let at = RecordAt {
                    segment,
                    record,
                    last: layout.is_last_record(segment, record),
                };
                envelope
                    .seal(at, &mut bytes[..payload + tag_bytes])
                    .map_err(|_| EncodeError::Encrypt { segment, record })?;
            }
            Ok(())
        })
    }

    /// The fragments' ids; their bytes also go into the slots' trees.
    fn hash(&mut self, fragments: &[Vec<u8>]) -> Result<Vec<FragmentId>, EncodeError> {
        let mut ids = vec![FragmentId::default(); fragments.len()];
        let total = fragments.iter().map(Vec::len).sum();
        let work: Vec<_> = fragments
            .iter()
            .zip(&mut self.slots)
            .zip(&mut ids)
            .collect();
        parallel::for_each(work, total, |((fragment, slot), id)| {
            *id = fragment_id(fragment);
            if slot.push(fragment) {
                Ok(())
            } else {
                Err(ManifestError::Field {
                    field: "slot_roots",
                })
            }
        })?;
        Ok(ids)
    }

    fn close_group(&mut self) -> Result<(), EncodeError> {
        for slot in &mut self.slots {
            let tree = std::mem::take(slot).finish().ok_or(ManifestError::Field {
                field: "slot_roots",
            })?;
            self.slot_roots.push(tree.root().0);
        }
        Ok(())
    }

    fn record_bytes(&self) -> usize {
        to_usize(self.layout.record_bytes())
    }
}

fn protect(
    recipients: &[FilePublic],
    layout: &Layout,
    codec: CodecId,
    rng: &mut (impl RngCore + CryptoRng),
) -> Result<Protection, EncodeError> {
    if recipients.is_empty() || recipients.len() > RECIPIENTS_MAX {
        return Err(EncodeError::Recipients {
            got: recipients.len(),
        });
    }
    let key = FileKey::random(rng);
    let mut file_nonce = [0; FILE_NONCE_BYTES];
    rng.fill_bytes(&mut file_nonce);
    let keys = recipients
        .iter()
        .map(|recipient| WrappedKey::new(&key, recipient, &file_nonce, rng))
        .collect::<Result<_, _>>()?;
    let envelope = Envelope::new(&key, file_nonce, layout, codec);
    Ok(Protection {
        key,
        envelope,
        encryption: Encryption { file_nonce, keys },
    })
}

/// Upper bound of a manifest's bytes without its directory.
fn manifest_rows_bytes(layout: &Layout) -> u64 {
    const FIXED: u64 = 512;
    const RECIPIENT: u64 = 128;
    const RECIPIENTS: u64 = RECIPIENTS_MAX as u64;
    let row = u64::from(layout.erasure().total()) * 32 + 3;
    let segments = layout.segments_unbounded();
    let groups = segments.div_ceil(segments_per_group(layout.fragment_size()).into());
    segments
        .saturating_add(groups)
        .saturating_mul(row)
        .saturating_add(FIXED + RECIPIENT * RECIPIENTS)
}

/// Reads until `buf` is full or the reader ends; returns how much was read.
fn read_full(reader: &mut impl Read, buf: &mut [u8]) -> io::Result<usize> {
    let mut read = 0;
    while read < buf.len() {
        match reader.read(&mut buf[read..]) {
            Ok(0) => break,
            Ok(more) => read += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(read)
}
