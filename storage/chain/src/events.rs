//! What became of an extrinsic, from the events of its block.

use codec::{Compact, Decode};
use ips_engine::chain::{ChainError, Head, Included, Outcome};
use ips_primitives::id::{AgreementId, OrderId};
use subxt::{
    config::substrate::SubstrateConfig,
    error::{DispatchError, TokenError},
    events::{Event, Phase},
    ext::scale_decode::visitor::{decode_with_visitor, IgnoreVisitor},
};

use crate::{calls::CallName, keys, rpc::Rpc, runtime::Runtime};

/// Key of `System.Events`: `twox128("System") ‖ twox128("Events")`.
const EVENTS_KEY: [u8; 32] = [
    0x26, 0xaa, 0x39, 0x4e, 0xea, 0x56, 0x30, 0xe0, 0x7c, 0x48, 0xae, 0x0c, 0x95, 0x58, 0xce, 0xf7,
    0x80, 0xd4, 0x1e, 0x5e, 0x16, 0x05, 0x67, 0x65, 0xbc, 0x84, 0x61, 0x85, 0x10, 0x72, 0xc9, 0xd7,
];

/// An extrinsic's place in a block.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) block: Head,
    pub(crate) index: u32,
}

/// Who sent what, for error messages.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sender {
    pub(crate) call: CallName,
    pub(crate) account: ips_primitives::id::AccountKey,
}

impl Sender {
    pub(crate) fn no_funds(self) -> ChainError {
        ChainError::NoFunds {
            call: self.call.label,
            account: keys::address_of(self.account),
        }
    }

    pub(crate) fn refused(self, pallet: &str, error: &str, explanation: String) -> ChainError {
        ChainError::Refused {
            call: self.call.label,
            pallet: pallet.into(),
            error: error.into(),
            explanation,
        }
    }
}

/// Reads the events of an included extrinsic.
///
/// The outer error means that the node could not tell; the inner one that the runtime refused.
pub(crate) async fn outcome(
    rpc: &Rpc,
    runtime: &Runtime,
    place: Place,
    sender: Sender,
) -> Result<Result<Outcome, ChainError>, ChainError> {
    let bytes = rpc
        .storage(&EVENTS_KEY, Some(place.block.hash))
        .await?
        .unwrap_or_default();
    read(runtime, bytes, place, sender)
}

/// [`outcome`] of the raw events of the block.
pub(crate) fn read(
    runtime: &Runtime,
    bytes: Vec<u8>,
    place: Place,
    sender: Sender,
) -> Result<Result<Outcome, ChainError>, ChainError> {
    let mut outcome: Option<Outcome> = None;
    let (mut order, mut agreement) = (None, None);
    for event in runtime.at().events().from_bytes(bytes).iter() {
        let event = event.map_err(unreadable)?;
        if event.phase() != Phase::ApplyExtrinsic(place.index) {
            continue;
        }
        match (event.pallet_name(), event.event_name()) {
            ("System", "ExtrinsicFailed") => return Ok(Err(failure(runtime, &event, sender)?)),
            ("System", "ExtrinsicSuccess") => {
                let (ref_time, proof_size) =
                    <(Compact<u64>, Compact<u64>)>::decode(&mut event.field_bytes())
                        .map_err(unreadable)?;
                outcome = Some(Outcome {
                    included: Included {
                        block: place.block,
                        ref_time: ref_time.0,
                        proof_size: proof_size.0,
                    },
                    order: None,
                    agreement: None,
                });
            }
            ("StorageMarket", "OrderPlaced") => {
                order = field(runtime, &event, "order")?.map(OrderId);
            }
            ("Poe", "AgreementOpened") => {
                agreement = field(runtime, &event, "agreement")?.map(AgreementId);
            }
            _ => {}
        }
    }
    outcome
        .map(|outcome| {
            Ok(Outcome {
                order,
                agreement,
                ..outcome
            })
        })
        .ok_or_else(|| ChainError::Incompatible("an extrinsic left no result event".into()))
}

/// A field of an event that is an id of eight bytes.
fn field(
    runtime: &Runtime,
    event: &Event<'_, SubstrateConfig>,
    name: &str,
) -> Result<Option<u64>, ChainError> {
    let mut rest = event.field_bytes();
    for (found, ty) in field_types(runtime, event) {
        if found == Some(name) {
            return u64::decode(&mut rest).map(Some).map_err(unreadable);
        }
        skip(runtime, &mut rest, ty)?;
    }
    Err(ChainError::Incompatible(format!(
        "event {}.{} has no field {name}",
        event.pallet_name(),
        event.event_name()
    )))
}

fn field_types<'a>(
    runtime: &'a Runtime,
    event: &Event<'_, SubstrateConfig>,
) -> Vec<(Option<&'a str>, u32)> {
    let variant = runtime
        .metadata()
        .pallet_by_event_index(event.pallet_index())
        .and_then(|pallet| pallet.event_variant_by_index(event.event_index()));
    variant.map_or_else(Vec::new, |variant| {
        variant
            .fields
            .iter()
            .map(|field| (field.name.as_deref(), field.ty.id))
            .collect()
    })
}

fn skip(runtime: &Runtime, rest: &mut &[u8], ty: u32) -> Result<(), ChainError> {
    decode_with_visitor(rest, ty, runtime.metadata().types(), IgnoreVisitor::new())
        .map_err(unreadable)
}

/// The error in `System.ExtrinsicFailed`.
fn failure(
    runtime: &Runtime,
    event: &Event<'_, SubstrateConfig>,
    sender: Sender,
) -> Result<ChainError, ChainError> {
    let fields = event.field_bytes();
    let mut rest = fields;
    // The decoder takes all it is given for the error, so cut off the dispatch info behind it.
    if let Some((_, ty)) = field_types(runtime, event).first() {
        skip(runtime, &mut rest, *ty)?;
    }
    let error = &fields[..fields.len() - rest.len()];
    let error = DispatchError::decode_from(error, runtime.at().metadata()).map_err(unreadable)?;
    Ok(refusal(error, sender))
}

fn refusal(error: DispatchError, sender: Sender) -> ChainError {
    use TokenError::{CannotCreateHold, FundsUnavailable, NotExpendable};
    match &error {
        DispatchError::Token(FundsUnavailable | NotExpendable | CannotCreateHold) => {
            sender.no_funds()
        }
        DispatchError::Module(module) => match module.details() {
            Ok(details) => {
                let (pallet, name) = (details.pallet.name(), details.variant.name.as_str());
                if (pallet, name) == ("Balances", "InsufficientBalance") {
                    return sender.no_funds();
                }
                sender.refused(
                    pallet,
                    name,
                    details.variant.docs.join(" ").trim().to_owned(),
                )
            }
            Err(_) => sender.refused("unknown", "unknown", module.to_string()),
        },
        other => sender.refused("System", dispatch_name(other), other.to_string()),
    }
}

fn dispatch_name(error: &DispatchError) -> &'static str {
    match error {
        DispatchError::BadOrigin => "BadOrigin",
        DispatchError::RootNotAllowed => "RootNotAllowed",
        DispatchError::Token(_) => "Token",
        DispatchError::Arithmetic(_) => "Arithmetic",
        DispatchError::Exhausted => "Exhausted",
        _ => "Dispatch",
    }
}

fn unreadable(error: impl std::fmt::Display) -> ChainError {
    ChainError::Incompatible(format!("its events can not be read: {error}"))
}
