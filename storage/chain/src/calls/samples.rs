//! One call of every kind: what the start-up check encodes.

use ips_engine::chain::{Call, Registration};
use ips_primitives::{
    consent::Consents,
    deal::{Ask, OrderParams},
    fragment::{ErasureParams, FragmentSize},
    id::{
        AccountKey, AgreementId, FileId, OrderId, PartitionIndex, ProviderId, SectorNumber,
        Signature, SlotId, SlotIndex,
    },
    node_class::NodeClass,
    proof_calls::PreCommit,
    sector::{CommD, CommR, ProofBytes},
};

const SLOT: SlotId = SlotId {
    order: OrderId(1),
    slot: SlotIndex(2),
};
const SECTOR: SectorNumber = SectorNumber(3);

/// One call of every kind.
pub(crate) fn samples() -> Vec<Call> {
    let parts = [of_accounts(), of_deals(), of_sectors(), of_retrievals()];
    parts.into_iter().flatten().collect()
}

fn of_accounts() -> Vec<Call> {
    vec![
        Call::Register(Registration {
            class: NodeClass::Personal,
            worker: AccountKey([6; 32]),
            operator: [7; 32],
            peer_id: vec![8; 38],
            addresses: vec![vec![9; 8]],
            capacity_bytes: 10,
            consents: Consents::default(),
        }),
        Call::UpdateAddresses {
            peer_id: vec![8; 38],
            addresses: vec![vec![9; 8]],
        },
        Call::Pledge(5),
        Call::Transfer {
            to: AccountKey([12; 32]),
            amount: 5,
        },
    ]
}

fn of_deals() -> Vec<Call> {
    vec![
        Call::SetAsk(Ask {
            price_per_mib_block: 5,
            duration_blocks_max: 11,
        }),
        Call::PlaceOrder(OrderParams {
            file: FileId([13; 32]),
            group: 0,
            erasure: ErasureParams { data: 3, parity: 3 },
            fragment_size: FragmentSize::K8,
            segments: 1,
            slot_roots: Vec::new()
                .try_into()
                .expect("an empty list is within every bound"),
            duration_blocks: 14,
            price_per_mib_block_max: 5,
            delivery_key: AccountKey([15; 32]),
        }),
        Call::CancelOrder(SLOT.order),
        Call::PruneOrder(SLOT.order),
        Call::ClaimSlot(SLOT),
        Call::ConfirmDeal {
            slot: SLOT,
            signature: Signature([16; 64]),
        },
        Call::Settle(SLOT),
    ]
}

fn of_sectors() -> Vec<Call> {
    vec![
        Call::PreCommit(PreCommit {
            sector: SECTOR,
            comm_d: CommD([17; 32]),
            comm_r: CommR([18; 32]),
            ticket_block: 19,
            replica_index: 0,
            pieces: Vec::new()
                .try_into()
                .expect("an empty list is within every bound"),
        }),
        Call::ProveCommit {
            sector: SECTOR,
            proofs: vec![ProofBytes([20; 192])],
            bindings: Vec::new(),
        },
        Call::SubmitPost {
            partition: PartitionIndex(21),
            period: 22,
            proof: ProofBytes([23; 192]),
        },
        Call::DeclareFault(SECTOR),
        Call::Terminate(SECTOR),
        Call::Recover(SECTOR),
        Call::ExpirePreCommit {
            provider: ProviderId([4; 32]),
            sector: SECTOR,
        },
    ]
}

fn of_retrievals() -> Vec<Call> {
    vec![
        Call::OpenRetrieval {
            order: SLOT.order,
            price_per_mib: 5,
            budget: 5,
        },
        Call::ClaimExtracts(Vec::new()),
        Call::CloseRetrieval(AgreementId(24)),
    ]
}
