//! The description of a stored file; its hash is the file's name.
//!
//! Goal: everything a reader, a provider or a repairer needs to check and decode the file, in one
//! canonical form. Non-goals: where fragments are; what the file costs.
//!
//! Form (version 1): DAG-CBOR `[1, {…}]`, see `wire`. The names of a private file are encrypted.

mod wire;

use cid::Cid;
use ips_primitives::{
    deal::{OrderParams, OrderParamsError},
    fragment::segments_per_group,
    hash::sha2_256,
    id::{AccountKey, Balance, BlockNumber, FileId, FragmentId},
    slot::SlotRoot,
};

use crate::{
    bundle::{BundleError, Directory},
    erasure::CodecId,
    fragment::{file_cid, fragment_id},
    keys::{FileKey, FileSecret, KeyError, WrappedKey, FILE_NONCE_BYTES},
    segment::{to_usize, Layout},
};

pub(crate) use wire::seal_directory;

/// Version of the manifest format.
pub const MANIFEST_VERSION: u8 = 1;
/// Most recipients of one file.
pub const RECIPIENTS_MAX: usize = 64;

/// What a reader of manifests accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Most bytes of a manifest.
    pub manifest_bytes: usize,
    /// Most bytes of its directory.
    pub directory_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            manifest_bytes: 64 << 20,
            directory_bytes: 2 << 20,
        }
    }
}

/// Why a manifest is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    /// Too many bytes.
    #[error("the manifest has {got} bytes, at most {max} are accepted; split the file")]
    TooLarge {
        /// Its bytes.
        got: usize,
        /// The limit.
        max: usize,
    },
    /// Another version.
    #[error("the manifest has version {got}, this program reads {MANIFEST_VERSION}; update it")]
    Version {
        /// Its version.
        got: u8,
    },
    /// Not canonical DAG-CBOR of the expected shape.
    #[error("the manifest is damaged; get it from another holder")]
    Malformed,
    /// A field breaks its bounds or contradicts another.
    #[error("field `{field}` of the manifest is out of bounds; the file cannot be read")]
    Field {
        /// The field.
        field: &'static str,
    },
    /// The hash is not the file's id.
    #[error("these bytes are not the manifest of the file asked for; ask another holder")]
    WrongId,
    /// The file has fewer groups.
    #[error("group {group} does not exist, the file has {groups}")]
    NoGroup {
        /// The group asked for.
        group: u16,
        /// Groups of the file.
        groups: u16,
    },
    /// The chain would refuse the order.
    #[error("the order would be refused ({0:?}); check its duration")]
    Order(OrderParamsError),
    /// The names of a private file need its key.
    #[error("the directory does not open with this key; use the key the file is shared with")]
    DirectoryKey,
    /// The directory breaks a rule.
    #[error(transparent)]
    Directory(#[from] BundleError),
}

/// How a private file is protected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encryption {
    /// Random, once per file.
    pub file_nonce: [u8; FILE_NONCE_BYTES],
    /// The file key, once for each recipient.
    pub keys: Vec<WrappedKey>,
}

/// What a manifest is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Parts {
    pub(crate) layout: Layout,
    pub(crate) codec: CodecId,
    pub(crate) encryption: Option<Encryption>,
    /// Fragment digests, segment by segment.
    pub(crate) fragments: Vec<[u8; 32]>,
    /// Slot roots, group by group.
    pub(crate) slot_roots: Vec<[u8; 32]>,
    pub(crate) directory: Vec<u8>,
}

/// A checked manifest with its bytes and name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    parts: Parts,
    bytes: Vec<u8>,
    file_id: FileId,
}

impl Manifest {
    /// Checks and encodes.
    pub(crate) fn from_parts(parts: Parts, limits: &Limits) -> Result<Self, ManifestError> {
        parts.check(limits)?;
        let bytes = wire::encode(&parts)?;
        check_size(&bytes, limits)?;
        let file_id = FileId(sha2_256(&[&bytes]));
        Ok(Self {
            parts,
            bytes,
            file_id,
        })
    }

    /// Decodes and checks bytes from anyone.
    ///
    /// # Errors
    /// The first limit or rule that is broken.
    pub fn decode(bytes: &[u8], limits: &Limits) -> Result<Self, ManifestError> {
        check_size(bytes, limits)?;
        let manifest = Self::from_parts(wire::decode(bytes)?, limits)?;
        // One file has one manifest: another spelling of the same content is refused.
        if manifest.bytes != bytes {
            return Err(ManifestError::Malformed);
        }
        Ok(manifest)
    }

    /// Decodes bytes that must be the manifest of `file`.
    ///
    /// # Errors
    /// [`ManifestError::WrongId`] if they are another's; else as [`Manifest::decode`].
    pub fn decode_of(file: &FileId, bytes: &[u8], limits: &Limits) -> Result<Self, ManifestError> {
        check_size(bytes, limits)?;
        if sha2_256(&[bytes]) != file.0 {
            return Err(ManifestError::WrongId);
        }
        Self::decode(bytes, limits)
    }

    /// Checks that this is the manifest of `file`.
    ///
    /// # Errors
    /// [`ManifestError::WrongId`] if it is another's.
    pub fn verify_id(&self, file: &FileId) -> Result<(), ManifestError> {
        if self.file_id == *file {
            Ok(())
        } else {
            Err(ManifestError::WrongId)
        }
    }

    /// The canonical bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The file's name: SHA2-256 of the bytes.
    pub const fn file_id(&self) -> FileId {
        self.file_id
    }

    /// The file's name as CIDv1 (dag-cbor, sha2-256).
    pub fn cid(&self) -> Cid {
        file_cid(self.file_id)
    }

    /// The geometry: sizes, segments, groups.
    pub const fn layout(&self) -> &Layout {
        &self.parts.layout
    }

    /// Bytes of the file.
    pub const fn length(&self) -> u64 {
        self.parts.layout.length()
    }

    /// The erasure codec.
    pub const fn codec(&self) -> CodecId {
        self.parts.codec
    }

    /// How the file is protected; `None` if it is public.
    pub const fn encryption(&self) -> Option<&Encryption> {
        self.parts.encryption.as_ref()
    }

    /// The ids of a segment's fragments; empty if there is no such segment.
    pub fn segment_fragments(&self, segment: u32) -> impl Iterator<Item = FragmentId> + '_ {
        self.row(&self.parts.fragments, segment)
            .iter()
            .copied()
            .map(FragmentId)
    }

    /// The id of one fragment.
    pub fn fragment_id(&self, segment: u32, index: u16) -> Option<FragmentId> {
        let row = self.row(&self.parts.fragments, segment);
        row.get(usize::from(index)).copied().map(FragmentId)
    }

    /// Whether `bytes` are this fragment. A fragment of another length is none, whatever its hash:
    /// the manifest's maker may have named one.
    pub fn is_fragment(&self, segment: u32, index: u16, bytes: &[u8]) -> bool {
        bytes.len() == to_usize(self.parts.layout.fragment_size().bytes())
            && self.fragment_id(segment, index) == Some(fragment_id(bytes))
    }

    /// The fragments of a slot in order: fragment `slot` of each segment of the group.
    pub fn slot_fragments(
        &self,
        group: u16,
        slot: u16,
    ) -> impl Iterator<Item = (u32, FragmentId)> + '_ {
        let segments = self.parts.layout.segments_of(group);
        segments.filter_map(move |segment| Some((segment, self.fragment_id(segment, slot)?)))
    }

    /// The slot roots of a group; empty if there is no such group.
    pub fn slot_roots(&self, group: u16) -> impl Iterator<Item = SlotRoot> + '_ {
        self.row(&self.parts.slot_roots, u32::from(group))
            .iter()
            .copied()
            .map(SlotRoot)
    }

    /// The root of one slot.
    pub fn slot_root(&self, group: u16, slot: u16) -> Option<SlotRoot> {
        self.slot_roots(group).nth(usize::from(slot))
    }

    /// Opens the file key with a reader's secret.
    ///
    /// # Errors
    /// If the file is public, or not shared with this reader.
    pub fn unwrap_key(&self, secret: &FileSecret) -> Result<FileKey, KeyError> {
        let encryption = self.encryption().ok_or(KeyError::PublicFile)?;
        encryption
            .keys
            .iter()
            .find_map(|wrapped| secret.unwrap_key(wrapped, &encryption.file_nonce).ok())
            .ok_or(KeyError::NotRecipient)
    }

    /// The file's names. A private file's need its key; a public file's ignore it.
    ///
    /// # Errors
    /// If the key is missing or wrong, or a name or extent is unsafe.
    pub fn directory(&self, key: Option<&FileKey>) -> Result<Directory, ManifestError> {
        let directory = wire::open_directory(&self.parts.directory, self.encryption(), key)?;
        directory.validate(self.length())?;
        Ok(directory)
    }

    /// The order for one group of the file.
    ///
    /// # Errors
    /// If there is no such group, or the chain would refuse the order.
    pub fn order_params(
        &self,
        group: u16,
        duration_blocks: BlockNumber,
        price_per_mib_block_max: Balance,
        delivery_key: AccountKey,
    ) -> Result<OrderParams, ManifestError> {
        let layout = &self.parts.layout;
        let segments = layout.segments_of(group);
        if segments.is_empty() {
            return Err(ManifestError::NoGroup {
                group,
                groups: layout.groups(),
            });
        }
        let slot_roots: Vec<SlotRoot> = self.slot_roots(group).collect();
        let order = OrderParams {
            file: self.file_id,
            group,
            erasure: layout.erasure(),
            fragment_size: layout.fragment_size(),
            segments: segments.end - segments.start,
            slot_roots: slot_roots
                .try_into()
                .map_err(|_| ManifestError::Order(OrderParamsError::SlotRoots))?,
            duration_blocks,
            price_per_mib_block_max,
            delivery_key,
        };
        order.validate().map_err(ManifestError::Order)?;
        Ok(order)
    }

    fn row<'a>(&self, rows: &'a [[u8; 32]], index: u32) -> &'a [[u8; 32]] {
        let width = usize::from(self.parts.layout.erasure().total());
        let start = usize::try_from(index)
            .ok()
            .and_then(|index| index.checked_mul(width));
        start
            .and_then(|start| rows.get(start..start.checked_add(width)?))
            .unwrap_or_default()
    }
}

impl Parts {
    fn check(&self, limits: &Limits) -> Result<(), ManifestError> {
        let field = |field| Err(ManifestError::Field { field });
        if self.layout.erasure().level().is_none() {
            return field("erasure");
        }
        if self.layout.length() == 0 {
            return field("length");
        }
        if self.layout.is_encrypted() != self.encryption.is_some() {
            return field("encryption");
        }
        let recipients = self
            .encryption
            .as_ref()
            .map(|encryption| encryption.keys.len());
        if recipients.is_some_and(|count| count == 0 || count > RECIPIENTS_MAX) {
            return field("keys");
        }
        let segments = self.layout.segments_unbounded();
        let groups = segments.div_ceil(segments_per_group(self.layout.fragment_size()).into());
        if groups > u64::from(u16::MAX) {
            return field("length");
        }
        let rows = |rows: &[[u8; 32]]| {
            let width = usize::from(self.layout.erasure().total());
            rows.len()
                .is_multiple_of(width)
                .then_some(rows.len() / width)
                .map(u64::try_from)
        };
        if rows(&self.fragments) != Some(Ok(segments)) {
            return field("segments");
        }
        if rows(&self.slot_roots) != Some(Ok(groups)) {
            return field("slot_roots");
        }
        if self.directory.len() > limits.directory_bytes {
            return field("directory");
        }
        Ok(())
    }
}

fn check_size(bytes: &[u8], limits: &Limits) -> Result<(), ManifestError> {
    let (got, max) = (bytes.len(), limits.manifest_bytes);
    if got > max {
        return Err(ManifestError::TooLarge { got, max });
    }
    Ok(())
}

#[cfg(test)]
mod tests;
