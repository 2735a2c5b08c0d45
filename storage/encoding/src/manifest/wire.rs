//! DAG-CBOR form of a manifest and of its directory.
//!
//! ```text
//! [1, { codec, data, parity, fragment_size, length,
//!       encryption: null | { file_nonce: 16 bytes, keys: [{ ephemeral: 32, key: 48 bytes }] },
//!       segments: [total · 32 bytes], slot_roots: [total · 32 bytes], directory: bytes }]
//! ```
//!
//! Rows of digests are flattened while they are read, so that hostile counts cost no memory beyond
//! the bytes that were sent.

use std::{borrow::Cow, fmt};

use chacha20poly1305::{
    aead::{Aead, KeyInit, Payload},
    XChaCha20Poly1305, XNonce,
};
use ips_primitives::fragment::{ErasureParams, FragmentSize};
use serde::{
    de::{Deserializer, Error as _, SeqAccess, Visitor},
    ser::Serializer,
    Deserialize, Serialize,
};
use serde_bytes::{ByteArray, Bytes};
use zeroize::Zeroizing;

use super::{Encryption, ManifestError, Parts, MANIFEST_VERSION};
use crate::{
    bundle::Directory,
    erasure::CodecId,
    keys::{FileKey, WrappedKey, FILE_NONCE_BYTES, WRAPPED_KEY_BYTES},
    segment::Layout,
};

/// First byte of a DAG-CBOR list of two.
const LIST_OF_TWO: u8 = 0x82;
/// Digests of a row: the narrowest and the widest group.
const ROW_WIDTH: std::ops::RangeInclusive<usize> = 6..=60;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire<'a> {
    codec: u8,
    data: u8,
    parity: u8,
    fragment_size: u32,
    length: u64,
    encryption: Option<WireEncryption>,
    #[serde(borrow)]
    segments: Rows<'a>,
    #[serde(borrow)]
    slot_roots: Rows<'a>,
    #[serde(borrow)]
    directory: Cow<'a, Bytes>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WireEncryption {
    file_nonce: ByteArray<FILE_NONCE_BYTES>,
    keys: Vec<WireKey>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WireKey {
    ephemeral: ByteArray<32>,
    key: ByteArray<WRAPPED_KEY_BYTES>,
}

/// Rows of `width` digests each.
struct Rows<'a> {
    width: usize,
    digests: Cow<'a, [[u8; 32]]>,
}

impl Serialize for Rows<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let rows = self.digests.chunks(self.width.max(1));
        serializer.collect_seq(rows.map(|row| Bytes::new(row.as_flattened())))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Rows<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(RowsVisitor)
    }
}

struct RowsVisitor;

impl<'de> Visitor<'de> for RowsVisitor {
    type Value = Rows<'static>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("byte strings of 32-byte digests, all of one length")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let (mut width, mut digests) = (0, Vec::new());
        while let Some(row) = seq.next_element::<&'de Bytes>()? {
            let (row_digests, rest) = row.as_chunks::<32>();
            if digests.is_empty() {
                width = row_digests.len();
            }
            let fits = ROW_WIDTH.contains(&width) && row_digests.len() == width;
            if !fits || !rest.is_empty() {
                return Err(A::Error::custom("row of another length"));
            }
            digests.extend_from_slice(row_digests);
        }
        Ok(Rows {
            width,
            digests: Cow::Owned(digests),
        })
    }
}

/// The canonical bytes of checked parts.
pub(super) fn encode(parts: &Parts) -> Result<Vec<u8>, ManifestError> {
    let erasure = parts.layout.erasure();
    let width = usize::from(erasure.total());
    let encryption = parts.encryption.as_ref().map(|encryption| WireEncryption {
        file_nonce: ByteArray::new(encryption.file_nonce),
        keys: encryption
            .keys
            .iter()
            .map(|wrapped| WireKey {
                ephemeral: ByteArray::new(wrapped.ephemeral),
                key: ByteArray::new(wrapped.key),
            })
            .collect(),
    });
    let wire = Wire {
        codec: parts.codec.number(),
        data: erasure.data,
        parity: erasure.parity,
        fragment_size: parts.layout.fragment_size().bytes(),
        length: parts.layout.length(),
        encryption,
        segments: Rows {
            width,
            digests: Cow::Borrowed(&parts.fragments),
        },
        slot_roots: Rows {
            width,
            digests: Cow::Borrowed(&parts.slot_roots),
        },
        directory: Cow::Borrowed(Bytes::new(&parts.directory)),
    };
    serde_ipld_dagcbor::to_vec(&(MANIFEST_VERSION, wire)).map_err(|_| ManifestError::Malformed)
}

/// Parts of a manifest, not yet checked against each other.
pub(super) fn decode(bytes: &[u8]) -> Result<Parts, ManifestError> {
    // The version is read first, so that a newer form is named and not called damaged.
    match bytes {
        [LIST_OF_TWO, MANIFEST_VERSION, ..] => {}
        [LIST_OF_TWO, got @ 0..=23, ..] => return Err(ManifestError::Version { got: *got }),
        _ => return Err(ManifestError::Malformed),
    }
    let (_, wire): (u8, Wire<'_>) =
        serde_ipld_dagcbor::from_slice(bytes).map_err(|_| ManifestError::Malformed)?;
    let erasure = ErasureParams {
        data: wire.data,
        parity: wire.parity,
    };
    let width = usize::from(erasure.total());
    for (rows, field) in [
        (&wire.segments, "segments"),
        (&wire.slot_roots, "slot_roots"),
    ] {
        if rows.width != width {
            return Err(ManifestError::Field { field });
        }
    }
    let fragment_size =
        FragmentSize::from_bytes(wire.fragment_size).ok_or(ManifestError::Field {
            field: "fragment_size",
        })?;
    let encryption = wire.encryption.map(|encryption| Encryption {
        file_nonce: encryption.file_nonce.into_array(),
        keys: encryption
            .keys
            .into_iter()
            .map(|wrapped| WrappedKey {
                ephemeral: wrapped.ephemeral.into_array(),
                key: wrapped.key.into_array(),
            })
            .collect(),
    });
    Ok(Parts {
        layout: Layout::new(erasure, fragment_size, wire.length, encryption.is_some()),
        codec: CodecId::from_number(wire.codec).ok_or(ManifestError::Field { field: "codec" })?,
        encryption,
        fragments: wire.segments.digests.into_owned(),
        slot_roots: wire.slot_roots.digests.into_owned(),
        directory: wire.directory.into_owned().into_vec(),
    })
}

/// The directory's bytes in a manifest: encrypted if there is a key.
pub(crate) fn seal_directory(
    directory: &Directory,
    key: Option<(&FileKey, &[u8; FILE_NONCE_BYTES])>,
) -> Result<Vec<u8>, ManifestError> {
    let plain = serde_ipld_dagcbor::to_vec(directory).map_err(|_| ManifestError::Malformed)?;
    let Some((key, file_nonce)) = key else {
        return Ok(plain);
    };
    let plain = Zeroizing::new(plain);
    // The key is derived for this one message, so its nonce is zero.
    XChaCha20Poly1305::new((&*key.directory_key()).into())
        .encrypt(
            &XNonce::default(),
            Payload {
                msg: &plain,
                aad: file_nonce,
            },
        )
        .map_err(|_| ManifestError::DirectoryKey)
}

/// The directory of a manifest, not yet validated.
pub(super) fn open_directory(
    bytes: &[u8],
    encryption: Option<&Encryption>,
    key: Option<&FileKey>,
) -> Result<Directory, ManifestError> {
    let parse =
        |plain: &[u8]| serde_ipld_dagcbor::from_slice(plain).map_err(|_| ManifestError::Malformed);
    let Some(encryption) = encryption else {
        return parse(bytes);
    };
    let key = key.ok_or(ManifestError::DirectoryKey)?;
    let plain = XChaCha20Poly1305::new((&*key.directory_key()).into())
        .decrypt(
            &XNonce::default(),
            Payload {
                msg: bytes,
                aad: &encryption.file_nonce,
            },
        )
        .map_err(|_| ManifestError::DirectoryKey)?;
    parse(&plain)
}
