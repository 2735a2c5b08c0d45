//! The messages of `/ips/frag/1`. Codes are part of the protocol and never change.

use codec::{Decode, Encode};
use ips_primitives::{
    deal::DeliveryNote,
    id::{FileId, FragmentId, Signature, SlotId},
    retrieval::{ExtractRequest, Voucher},
    sector::ProofBytes,
};

use crate::{error::Refusal, service::SlotProgress};

/// First frame of every stream, from the client.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub(crate) enum Request {
    /// Answer: `Header`, then `Data` frames.
    #[codec(index = 0)]
    Fetch {
        fragment: FragmentId,
        offset: u32,
        length: u32,
    },
    /// Answer: `Header`, then `Data` frames.
    #[codec(index = 1)]
    FetchManifest { file: FileId },
    /// Answer: `Accepted`; then [`Upload`] frames are taken.
    #[codec(index = 2)]
    StoreSlot {
        slot: SlotId,
        file: FileId,
        manifest_bytes: u32,
    },
    /// Answer: `KeepAlive` at once and while it takes; then `Extracted`; then a [`Payment`] is
    /// taken and answered by `Accepted`.
    #[codec(index = 3)]
    Extract {
        request: ExtractRequest,
        client_key: [u8; 32],
        signature: Signature,
    },
    /// Answer: `Status`.
    #[codec(index = 4)]
    Status,
}

/// Later frames of an upload, from the client.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub(crate) enum Upload {
    /// Next bytes of the manifest. After the last: `Progress`.
    #[codec(index = 0)]
    ManifestPart(Vec<u8>),
    /// One fragment. Answer: `Stored`.
    #[codec(index = 1)]
    Fragment { segment: u32, bytes: Vec<u8> },
    /// The end. Answer: `Accepted`.
    #[codec(index = 2)]
    Deliver {
        note: DeliveryNote,
        signature: Signature,
    },
}

/// Last frame of an extract, from the client.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub(crate) struct Payment {
    pub(crate) voucher: Voucher,
    pub(crate) signature: Signature,
}

/// Frames from the server.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub(crate) enum Answer {
    /// The end of the stream.
    #[codec(index = 0)]
    Refused(Refusal),
    /// Length of the whole, not of the range asked for.
    #[codec(index = 1)]
    Header {
        total_bytes: u32,
        load_permille: u16,
    },
    #[codec(index = 2)]
    Data(Vec<u8>),
    #[codec(index = 3)]
    Progress(SlotProgress),
    #[codec(index = 4)]
    Stored { segment: u32 },
    #[codec(index = 5)]
    Accepted,
    /// The service still works on it.
    #[codec(index = 6)]
    KeepAlive,
    #[codec(index = 7)]
    Extracted(Box<ProofBytes>),
    #[codec(index = 8)]
    Status {
        software: Vec<u8>,
        load_permille: u16,
        free_bytes: u64,
    },
}
