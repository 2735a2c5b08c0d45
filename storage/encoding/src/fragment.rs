//! Content addresses of fragments and files, as ids and as CIDs.
//!
//! Goal: the one mapping between 32-byte ids and CIDv1. Non-goal: other codecs or hashes; a CID of
//! another kind is no address of ours.

use cid::{multihash::Multihash, Cid};
use ips_primitives::{
    hash::sha2_256,
    id::{FileId, FragmentId},
};

/// Multicodec `raw`: the bytes themselves.
pub const CODEC_RAW: u64 = 0x55;
/// Multicodec `dag-cbor`.
pub const CODEC_DAG_CBOR: u64 = 0x71;
/// Multihash code of SHA2-256.
pub const HASH_SHA2_256: u64 = 0x12;

/// The id of a fragment's bytes.
pub fn fragment_id(bytes: &[u8]) -> FragmentId {
    FragmentId(sha2_256(&[bytes]))
}

/// CIDv1 (raw, sha2-256) of a fragment.
pub fn fragment_cid(id: FragmentId) -> Cid {
    cid_of(CODEC_RAW, &id.0)
}

/// CIDv1 (dag-cbor, sha2-256) of a file's manifest.
pub fn file_cid(id: FileId) -> Cid {
    cid_of(CODEC_DAG_CBOR, &id.0)
}

/// The fragment that a CID names, if it is a CIDv1 raw sha2-256.
pub fn fragment_of_cid(cid: &Cid) -> Option<FragmentId> {
    digest_of(cid, CODEC_RAW).map(FragmentId)
}

/// The file that a CID names, if it is a CIDv1 dag-cbor sha2-256.
pub fn file_of_cid(cid: &Cid) -> Option<FileId> {
    digest_of(cid, CODEC_DAG_CBOR).map(FileId)
}

fn cid_of(codec: u64, digest: &[u8; 32]) -> Cid {
    let hash = Multihash::wrap(HASH_SHA2_256, digest).expect("32 bytes fit a 64-byte multihash");
    Cid::new_v1(codec, hash)
}

fn digest_of(cid: &Cid, codec: u64) -> Option<[u8; 32]> {
    let known = cid.version() == cid::Version::V1
        && cid.codec() == codec
        && cid.hash().code() == HASH_SHA2_256;
    if !known {
        return None;
    }
    cid.hash().digest().try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn raw_cid_of_empty_bytes_is_the_published_one() {
        let cid = fragment_cid(fragment_id(b""));
        assert_eq!(
            cid.to_string(),
            "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"
        );
        assert_eq!(fragment_of_cid(&cid), Some(fragment_id(b"")));
    }

    #[test]
    fn cids_of_another_kind_are_no_ids() {
        let file = file_cid(FileId([7; 32]));
        assert_eq!(file_of_cid(&file), Some(FileId([7; 32])));
        assert_eq!(fragment_of_cid(&file), None);
        let other_hash = Multihash::wrap(0x13, &[7; 32]).unwrap();
        assert_eq!(fragment_of_cid(&Cid::new_v1(CODEC_RAW, other_hash)), None);
        let short = Multihash::wrap(HASH_SHA2_256, &[7; 20]).unwrap();
        assert_eq!(fragment_of_cid(&Cid::new_v1(CODEC_RAW, short)), None);
    }
}
