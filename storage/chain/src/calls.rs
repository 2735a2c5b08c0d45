//! The engine's calls as bytes of the runtime's call type.
//!
//! Goal: names and arguments of every call in one table; indices come from the chain's metadata,
//! and the bytes are walked with its types before anything is signed.

use codec::{Compact, Encode};
use ips_engine::chain::{Call, ChainError, Registration};
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
use subxt::{
    ext::{
        scale_decode::visitor::{decode_with_visitor, IgnoreVisitor},
        scale_encode::{EncodeAsFields, Error as EncodeError, FieldIter, TypeResolver},
    },
    metadata::Metadata,
    transactions::Payload,
};

/// Index of `MultiAddress::Id`.
const ADDRESS_ID: u8 = 0;

/// Where a call lives in the runtime.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CallName {
    pub(crate) pallet: &'static str,
    pub(crate) call: &'static str,
    /// How errors name it.
    pub(crate) label: &'static str,
}

/// Arguments of a call and where it lives.
#[derive(Clone, Debug)]
pub(crate) struct CallBytes {
    pub(crate) name: CallName,
    arguments: Vec<u8>,
}

macro_rules! name {
    ($pallet:literal, $call:literal, $label:literal) => {
        CallName {
            pallet: $pallet,
            call: $call,
            label: $label,
        }
    };
}

impl CallBytes {
    /// Encodes the arguments in the order in which the pallet lists them.
    #[rustfmt::skip]
    pub(crate) fn of(call: &Call) -> Self {
        let (name, arguments) = match call {
            Call::Register(r) => (
                name!("NodeClasses", "register", "node_classes.register"),
                (
                    (r.class, r.worker, r.operator, &r.peer_id, &r.addresses, r.capacity_bytes),
                    r.consents,
                )
                    .encode(),
            ),
            Call::UpdateAddresses { peer_id, addresses } => (
                name!("NodeClasses", "update", "node_classes.update"),
                (addresses, peer_id).encode(),
            ),
            Call::Pledge(amount) => (
                name!("StakingCollateral", "pledge", "staking_collateral.pledge"),
                amount.encode(),
            ),
            Call::SetAsk(ask) => (
                name!("StorageMarket", "set_ask", "storage_market.set_ask"),
                ask.encode(),
            ),
            Call::Transfer { to, amount } => (
                name!("Balances", "transfer_keep_alive", "balances.transfer_keep_alive"),
                (ADDRESS_ID, to, Compact(*amount)).encode(),
            ),
            Call::PlaceOrder(params) => (
                name!("StorageMarket", "place_order", "storage_market.place_order"),
                params.encode(),
            ),
            Call::CancelOrder(order) => (
                name!("StorageMarket", "cancel_order", "storage_market.cancel_order"),
                order.encode(),
            ),
            Call::PruneOrder(order) => (
                name!("StorageMarket", "prune_order", "storage_market.prune_order"),
                order.encode(),
            ),
            Call::ClaimSlot(slot) => (
                name!("StorageMarket", "claim_slot", "storage_market.claim_slot"),
                slot.encode(),
            ),
            Call::ConfirmDeal { slot, signature } => (
                name!("StorageMarket", "confirm_deal", "storage_market.confirm_deal"),
                (slot, signature).encode(),
            ),
            Call::Settle(slot) => (
                name!("StorageMarket", "settle", "storage_market.settle"),
                slot.encode(),
            ),
            Call::PreCommit(args) => (
                name!("Porep", "pre_commit", "porep.pre_commit"),
                args.encode(),
            ),
            Call::ProveCommit { sector, proofs, bindings } => (
                name!("Porep", "prove_commit", "porep.prove_commit"),
                (sector, proofs, bindings).encode(),
            ),
            Call::SubmitPost { partition, period, proof } => (
                name!("Porep", "submit_post", "porep.submit_post"),
                (partition, period, proof).encode(),
            ),
            Call::DeclareFault(sector) => (
                name!("Porep", "declare_fault", "porep.declare_fault"),
                sector.encode(),
            ),
            Call::Terminate(sector) => (
                name!("Porep", "terminate", "porep.terminate"),
                sector.encode(),
            ),
            Call::Recover(sector) => (
                name!("Porep", "recover", "porep.recover"),
                sector.encode(),
            ),
            Call::ExpirePreCommit { provider, sector } => (
                name!("Porep", "expire_pre_commit", "porep.expire_pre_commit"),
                (provider, sector).encode(),
            ),
            Call::OpenRetrieval { order, price_per_mib, budget } => (
                name!("Poe", "open_retrieval", "poe.open_retrieval"),
                (order, price_per_mib, budget).encode(),
            ),
            Call::ClaimExtracts(claims) => (
                name!("Poe", "claim", "poe.claim"),
                claims.encode(),
            ),
            Call::CloseRetrieval(agreement) => (
                name!("Poe", "close", "poe.close"),
                agreement.encode(),
            ),
        };
        Self { name, arguments }
    }

    /// Pallet index, call index and arguments, walked with the runtime's types.
    ///
    /// # Errors
    /// [`ChainError::Incompatible`] if the runtime has no such call or other arguments.
    pub(crate) fn to_bytes(&self, metadata: &Metadata) -> Result<Vec<u8>, ChainError> {
        let CallName {
            pallet,
            call,
            label,
        } = self.name;
        let missing = || ChainError::Incompatible(format!("it has no call {label}"));
        let pallet = metadata.pallet_by_name(pallet).ok_or_else(missing)?;
        let variant = pallet.call_variant_by_name(call).ok_or_else(missing)?;
        let mut rest = self.arguments.as_slice();
        for field in &variant.fields {
            let walk = IgnoreVisitor::new();
            decode_with_visitor(&mut rest, field.ty.id, metadata.types(), walk).map_err(
                |error| {
                    let field = field.name.as_deref().unwrap_or("?");
                    ChainError::Incompatible(format!(
                        "argument {field} of {label} differs: {error}"
                    ))
                },
            )?;
        }
        if !rest.is_empty() {
            return Err(ChainError::Incompatible(format!(
                "{label} takes {} arguments, fewer bytes than this software sends",
                variant.fields.len()
            )));
        }
        let mut bytes = vec![pallet.call_index(), variant.index];
        bytes.extend_from_slice(&self.arguments);
        Ok(bytes)
    }
}

/// The name of a call by its label; restores what a journal names.
pub(crate) fn name_of(label: &str) -> Option<CallName> {
    samples()
        .into_iter()
        .map(|call| CallBytes::of(&call).name)
        .find(|name| name.label == label)
}

/// The call of already encoded bytes (indices and arguments), to sign it again.
pub(crate) fn from_bytes(name: CallName, bytes: &[u8]) -> CallBytes {
    CallBytes {
        name,
        arguments: bytes.get(2..).unwrap_or_default().to_vec(),
    }
}

impl EncodeAsFields for CallBytes {
    fn encode_as_fields_to<R: TypeResolver>(
        &self,
        _fields: &mut dyn FieldIter<'_, R::TypeId>,
        _types: &R,
        out: &mut Vec<u8>,
    ) -> Result<(), EncodeError> {
        // Already encoded, and walked by `to_bytes`.
        out.extend_from_slice(&self.arguments);
        Ok(())
    }
}

impl Payload for CallBytes {
    type CallData = Self;

    fn pallet_name(&self) -> &str {
        self.name.pallet
    }

    fn call_name(&self) -> &str {
        self.name.call
    }

    fn call_data(&self) -> &Self {
        self
    }
}

/// One call of every kind: what the start-up check encodes.
pub(crate) fn samples() -> Vec<Call> {
    let slot = SlotId {
        order: OrderId(1),
        slot: SlotIndex(2),
    };
    let (sector, provider) = (SectorNumber(3), ProviderId([4; 32]));
    let erasure = ErasureParams { data: 3, parity: 3 };
    let amount = 5;
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
        Call::Pledge(amount),
        Call::SetAsk(Ask {
            price_per_mib_block: amount,
            duration_blocks_max: 11,
        }),
        Call::Transfer {
            to: AccountKey([12; 32]),
            amount,
        },
        Call::PlaceOrder(OrderParams {
            file: FileId([13; 32]),
            group: 0,
            erasure,
            fragment_size: FragmentSize::K8,
            segments: 1,
            slot_roots: Vec::new()
                .try_into()
                .expect("an empty list is within every bound"),
            duration_blocks: 14,
            price_per_mib_block_max: amount,
            delivery_key: AccountKey([15; 32]),
        }),
        Call::CancelOrder(slot.order),
        Call::PruneOrder(slot.order),
        Call::ClaimSlot(slot),
        Call::ConfirmDeal {
            slot,
            signature: Signature([16; 64]),
        },
        Call::Settle(slot),
        Call::PreCommit(PreCommit {
            sector,
            comm_d: CommD([17; 32]),
            comm_r: CommR([18; 32]),
            ticket_block: 19,
            replica_index: 0,
            pieces: Vec::new()
                .try_into()
                .expect("an empty list is within every bound"),
        }),
        Call::ProveCommit {
            sector,
            proofs: vec![ProofBytes([20; 192])],
            bindings: Vec::new(),
        },
        Call::SubmitPost {
            partition: PartitionIndex(21),
            period: 22,
            proof: ProofBytes([23; 192]),
        },
        Call::DeclareFault(sector),
        Call::Terminate(sector),
        Call::Recover(sector),
        Call::ExpirePreCommit { provider, sector },
        Call::OpenRetrieval {
            order: slot.order,
            price_per_mib: amount,
            budget: amount,
        },
        Call::ClaimExtracts(Vec::new()),
        Call::CloseRetrieval(AgreementId(24)),
    ]
}
