//! SCALE types that calls, state and the runtime's answers carry: one encoding each, memory bounded by
//! what was sent, and no panic in what is computed from them.
#![no_main]

use bounded_collections::{BoundedVec, ConstU32};
use codec::{DecodeAll, DecodeWithMemTracking, Encode, MaxEncodedLen};
use ips_fuzz::memory::bounded;
use ips_primitives::{
    consent::{Consent, ConsentNote, Consents},
    deal::{storage_price, Ask, DeliveryNote, OrderDeposit, OrderParams, SlotState},
    fragment::{ErasureParams, FragmentSize, Level},
    id::{PartitionIndex, ProviderId, SectorNumber, Signature, SlotId},
    node_class::NodeClass,
    proof_calls::{
        BindingOpening, FraudProof, PreCommit, TreePath, BINDING_OPENINGS_MAX, CLAIM_BATCH_MAX,
        SEAL_PROOFS_MAX,
    },
    retrieval::{payable_bytes, retrieval_fee, ExtractClaim, ExtractRequest, FeeSplit, Voucher},
    schedule::{ProvingSchedule, Window},
    sector::{Piece, Profile, ProofBytes, SectorState, Statement},
    slot::{slot_leaves, SlotOpening},
    view::{
        AgreementView, ChainInfo, DealView, NodeView, OrderView, PartitionView, SectorView,
        SlotView,
    },
};
use ips_verifier::{
    groth16::{CircuitKind, KeyHeader, PreparedKeyBytes},
    tree::NodePath,
};
use libfuzzer_sys::fuzz_target;

type ProveCommit = (
    SectorNumber,
    BoundedVec<ProofBytes, ConstU32<SEAL_PROOFS_MAX>>,
    BoundedVec<BindingOpening, ConstU32<BINDING_OPENINGS_MAX>>,
);
type SubmitPost = (PartitionIndex, u32, ProofBytes);
type Dispute = (ProviderId, SectorNumber, FraudProof);
type Claims = BoundedVec<ExtractClaim, ConstU32<CLAIM_BATCH_MAX>>;
type VerifyingKey = BoundedVec<u8, ConstU32<436>>;

/// A decoded value: its encoding is what was sent.
fn read<T: DecodeAll + Encode>(bytes: &[u8]) -> Option<T> {
    let value = bounded(bytes.len(), || T::decode_all(&mut &*bytes)).ok()?;
    assert_eq!(value.encode(), bytes);
    Some(value)
}

/// As [`read`], of a type that calls carry and whose length is bounded.
fn read_sized<T: DecodeAll + Encode + MaxEncodedLen + DecodeWithMemTracking>(
    bytes: &[u8],
) -> Option<T> {
    let value = read::<T>(bytes)?;
    assert!(bytes.len() <= T::max_encoded_len());
    Some(value)
}

fn accept<T: DecodeAll + Encode>(bytes: &[u8]) {
    read::<T>(bytes);
}

fn accept_sized<T: DecodeAll + Encode + MaxEncodedLen + DecodeWithMemTracking>(bytes: &[u8]) {
    read_sized::<T>(bytes);
}

fuzz_target!(|bytes: &[u8]| {
    let Some((kind, rest)) = bytes.split_first() else {
        return;
    };
    match kind % 40 {
        0..12 => proofs(*kind % 40, rest),
        12..24 => deals(*kind % 40, rest),
        kind => others(kind, rest),
    }
});

fn proofs(kind: u8, bytes: &[u8]) {
    match kind {
        0 => accept_sized::<PreCommit>(bytes),
        1 => accept::<ProveCommit>(bytes),
        2 => accept_sized::<SubmitPost>(bytes),
        3 => accept::<Dispute>(bytes),
        4 => accept_sized::<Claims>(bytes),
        5 => accept_sized::<VerifyingKey>(bytes),
        6 => accept_sized::<TreePath>(bytes),
        7 => accept_sized::<Statement>(bytes),
        8 => accept::<NodePath>(bytes),
        9 => accept_sized::<PreparedKeyBytes>(bytes),
        10 => accept_sized::<(KeyHeader, CircuitKind)>(bytes),
        _ => {
            let Some((piece, slot_bytes)) = read_sized::<(Piece, u64)>(bytes) else {
                return;
            };
            for profile in [Profile::TEST, Profile::DEV] {
                let range = profile.piece_range(slot_bytes, piece.index);
                let past = range.map(|range| range.node_bytes(range.nodes()));
                assert!(past.flatten().is_none());
                assert_eq!(
                    range.is_some(),
                    u64::from(piece.index.0) < profile.pieces_of(slot_bytes)
                );
            }
        }
    }
}

fn deals(kind: u8, bytes: &[u8]) {
    match kind {
        12 => {
            let Some(order) = read_sized::<OrderParams>(bytes) else {
                return;
            };
            if order.validate().is_ok() {
                assert!(slot_leaves(order.slot_bytes()) > 0);
                let data = (0..60).filter(|slot| order.erasure.is_data(*slot));
                assert_eq!(data.count(), usize::from(order.erasure.data));
            }
        }
        13 => {
            if let Some((note, _)) = read_sized::<(DeliveryNote, Signature)>(bytes) {
                note.signing_bytes();
            }
        }
        14 => {
            if let Some(note) = read_sized::<ConsentNote>(bytes) {
                note.signing_bytes();
            }
        }
        15 => accept_sized::<(Consent, Consents)>(bytes),
        16 => {
            if let Some((ask, deposit, erasure)) =
                read_sized::<(Ask, OrderDeposit, ErasureParams)>(bytes)
            {
                let price = storage_price(ask.price_per_mib_block, u64::MAX, u32::MAX);
                assert!(price >= ask.price_per_mib_block);
                assert!(deposit.of(erasure) >= deposit.base);
            }
        }
        17 => {
            if let Some((request, claimed, price)) =
                read_sized::<(ExtractRequest, u64, u128)>(bytes)
            {
                let paid = payable_bytes(claimed, request.nonce, request.length);
                assert!(paid.is_none_or(|bytes| bytes <= request.length && bytes > 0));
                let fee = retrieval_fee(price, paid.unwrap_or(0));
                let split = FeeSplit::of(fee);
                assert_eq!(split.server + split.provers + split.burnt, fee);
            }
        }
        18 => {
            if let Some(voucher) = read_sized::<Voucher>(bytes) {
                voucher.signing_bytes();
            }
        }
        19 => accept_sized::<(SlotId, SlotState)>(bytes),
        20 => accept_sized::<(FragmentSize, Level, NodeClass, SectorState)>(bytes),
        21 => accept::<BindingOpening>(bytes),
        22 => accept::<SlotOpening>(bytes),
        _ => accept_sized::<ExtractClaim>(bytes),
    }
}

fn others(kind: u8, bytes: &[u8]) {
    match kind {
        24 => accept::<ChainInfo>(bytes),
        25 => accept::<NodeView>(bytes),
        26 => accept::<Vec<OrderView>>(bytes),
        27 => accept::<Vec<SlotView>>(bytes),
        28 => accept::<Vec<DealView>>(bytes),
        29 => accept::<Vec<SectorView>>(bytes),
        30 => accept::<Vec<PartitionView>>(bytes),
        31 => accept::<Option<AgreementView>>(bytes),
        _ => accept_sized::<(ProvingSchedule, Window)>(bytes),
    }
}
