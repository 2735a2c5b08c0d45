//! The engine's calls as bytes of the runtime's call type.
//!
//! Goal: names and arguments of every call in one table; indices come from the chain's metadata,
//! and the bytes are walked with its types before anything is signed.

mod samples;

use codec::{Compact, Encode};
use ips_engine::chain::{Call, ChainError};
use subxt::{
    ext::{
        scale_decode::visitor::{decode_with_visitor, IgnoreVisitor},
        scale_encode::{EncodeAsFields, Error as EncodeError, FieldIter, TypeResolver},
    },
    metadata::Metadata,
    transactions::Payload,
};

pub(crate) use samples::samples;

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

impl CallName {
    /// Where a call lives.
    #[rustfmt::skip]
    fn of(call: &Call) -> Self {
        match call {
            Call::Register(_) => name!("NodeClasses", "register", "node_classes.register"),
            Call::UpdateAddresses { .. } => name!("NodeClasses", "update", "node_classes.update"),
            Call::Pledge(_) => name!("StakingCollateral", "pledge", "staking_collateral.pledge"),
            Call::SetAsk(_) => name!("StorageMarket", "set_ask", "storage_market.set_ask"),
            Call::Transfer { .. } => name!("Balances", "transfer_keep_alive", "balances.transfer_keep_alive"),
            Call::PlaceOrder(_) => name!("StorageMarket", "place_order", "storage_market.place_order"),
            Call::CancelOrder(_) => name!("StorageMarket", "cancel_order", "storage_market.cancel_order"),
            Call::PruneOrder(_) => name!("StorageMarket", "prune_order", "storage_market.prune_order"),
            Call::ClaimSlot(_) => name!("StorageMarket", "claim_slot", "storage_market.claim_slot"),
            Call::ConfirmDeal { .. } => name!("StorageMarket", "confirm_deal", "storage_market.confirm_deal"),
            Call::Settle(_) => name!("StorageMarket", "settle", "storage_market.settle"),
            Call::PreCommit(_) => name!("Porep", "pre_commit", "porep.pre_commit"),
            Call::ProveCommit { .. } => name!("Porep", "prove_commit", "porep.prove_commit"),
            Call::SubmitPost { .. } => name!("Porep", "submit_post", "porep.submit_post"),
            Call::DeclareFault(_) => name!("Porep", "declare_fault", "porep.declare_fault"),
            Call::Terminate(_) => name!("Porep", "terminate", "porep.terminate"),
            Call::Recover(_) => name!("Porep", "recover", "porep.recover"),
            Call::ExpirePreCommit { .. } => name!("Porep", "expire_pre_commit", "porep.expire_pre_commit"),
            Call::OpenRetrieval { .. } => name!("Poe", "open_retrieval", "poe.open_retrieval"),
            Call::ClaimExtracts(_) => name!("Poe", "claim", "poe.claim"),
            Call::CloseRetrieval(_) => name!("Poe", "close", "poe.close"),
        }
    }
}

impl CallBytes {
    /// Encodes the arguments in the order in which the pallet lists them.
    pub(crate) fn of(call: &Call) -> Self {
        Self {
            name: CallName::of(call),
            arguments: arguments(call),
        }
    }

    /// A call that is not one of the port's, with its arguments encoded one after the other.
    pub(crate) const fn new(name: CallName, arguments: Vec<u8>) -> Self {
        Self { name, arguments }
    }

    /// A call that does nothing: it only uses a nonce.
    pub(crate) fn nothing() -> Self {
        Self {
            name: name!("System", "remark", "system.remark"),
            arguments: Vec::<u8>::new().encode(),
        }
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

/// The arguments of a call, one after the other.
#[rustfmt::skip]
fn arguments(call: &Call) -> Vec<u8> {
    match call {
        Call::Register(r) => (
            (r.class, r.worker, r.operator, &r.peer_id, &r.addresses, r.capacity_bytes),
            r.consents,
        ).encode(),
        Call::UpdateAddresses { peer_id, addresses } => (addresses, peer_id).encode(),
        Call::Pledge(amount) => amount.encode(),
        Call::SetAsk(ask) => ask.encode(),
        Call::Transfer { to, amount } => (ADDRESS_ID, to, Compact(*amount)).encode(),
        Call::PlaceOrder(params) => params.encode(),
        Call::CancelOrder(order) | Call::PruneOrder(order) => order.encode(),
        Call::ClaimSlot(slot) | Call::Settle(slot) => slot.encode(),
        Call::ConfirmDeal { slot, signature } => (slot, signature).encode(),
        Call::PreCommit(args) => args.encode(),
        Call::ProveCommit { sector, proofs, bindings } => (sector, proofs, bindings).encode(),
        Call::SubmitPost { partition, period, proof } => (partition, period, proof).encode(),
        Call::DeclareFault(sector) | Call::Terminate(sector) | Call::Recover(sector) => {
            sector.encode()
        }
        Call::ExpirePreCommit { provider, sector } => (provider, sector).encode(),
        Call::OpenRetrieval { order, price_per_mib, budget } => {
            (order, price_per_mib, budget).encode()
        }
        Call::ClaimExtracts(claims) => claims.encode(),
        Call::CloseRetrieval(agreement) => agreement.encode(),
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
