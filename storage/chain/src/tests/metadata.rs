//! Metadata of a runtime with the shape that the crate expects, made by hand.

use codec::{Compact, Decode, Encode};
use ips_primitives::{
    consent::Consents,
    deal::{Ask, OrderParams},
    id::{
        AccountKey, AgreementId, Balance, OrderId, PartitionIndex, ProviderId, SectorNumber,
        Signature, SlotId,
    },
    node_class::NodeClass,
    proof_calls::{BindingOpening, PreCommit},
    retrieval::ExtractClaim,
    sector::ProofBytes,
};
use scale_info::{build::Variants, meta_type, MetaType, Path, Type, TypeInfo};
use subxt::{
    ext::frame_metadata::v15::{
        CustomMetadata, ExtrinsicMetadata, OuterEnums, PalletCallMetadata, PalletErrorMetadata,
        PalletEventMetadata, PalletMetadata, RuntimeApiMetadata, RuntimeApiMethodMetadata,
        RuntimeMetadataV15, SignedExtensionMetadata,
    },
    metadata::Metadata,
    utils::{AccountId32, MultiAddress, MultiSignature},
};

pub(super) const SPEC: u32 = 1;
pub(super) const SYSTEM: u8 = 0;
pub(super) const BALANCES: u8 = 10;
pub(super) const MARKET: u8 = 50;
pub(super) const NODES: u8 = 51;
pub(super) const COLLATERAL: u8 = 52;
pub(super) const POREP: u8 = 53;
pub(super) const POE: u8 = 54;

#[derive(Encode, TypeInfo)]
#[allow(
    non_camel_case_types,
    dead_code,
    reason = "names as the runtime's metadata has them"
)]
enum SystemCall {
    #[codec(index = 0)]
    remark { remark: Vec<u8> },
}

#[derive(Encode, TypeInfo)]
#[allow(
    non_camel_case_types,
    dead_code,
    reason = "names as the runtime's metadata has them"
)]
enum BalancesCall {
    #[codec(index = 3)]
    transfer_keep_alive {
        dest: MultiAddress<AccountId32, ()>,
        #[codec(compact)]
        value: Balance,
    },
}

#[derive(Encode, TypeInfo)]
#[allow(
    non_camel_case_types,
    dead_code,
    reason = "names as the runtime's metadata has them"
)]
enum MarketCall {
    #[codec(index = 0)]
    set_ask { ask: Ask },
    #[codec(index = 1)]
    place_order { params: OrderParams },
    #[codec(index = 2)]
    claim_slot { slot: SlotId },
    #[codec(index = 3)]
    confirm_deal { slot: SlotId, signature: Signature },
    #[codec(index = 4)]
    settle { slot: SlotId },
    #[codec(index = 5)]
    cancel_order { order: OrderId },
    #[codec(index = 7)]
    prune_order { order: OrderId },
}

#[derive(Encode, TypeInfo)]
#[allow(dead_code, reason = "only its type is used")]
struct NodeParams {
    class: NodeClass,
    worker: AccountKey,
    operator: [u8; 32],
    peer_id: Vec<u8>,
    addresses: Vec<Vec<u8>>,
    capacity_bytes: u64,
}

#[derive(Encode, TypeInfo)]
#[allow(
    non_camel_case_types,
    dead_code,
    reason = "names as the runtime's metadata has them"
)]
enum NodesCall {
    #[codec(index = 0)]
    register {
        params: NodeParams,
        consents: Consents,
    },
    #[codec(index = 1)]
    update {
        addresses: Vec<Vec<u8>>,
        peer_id: Vec<u8>,
    },
}

#[derive(Encode, TypeInfo)]
#[allow(
    non_camel_case_types,
    dead_code,
    reason = "names as the runtime's metadata has them"
)]
enum CollateralCall {
    #[codec(index = 0)]
    pledge { amount: Balance },
}

#[derive(Encode, TypeInfo)]
#[allow(
    non_camel_case_types,
    dead_code,
    reason = "names as the runtime's metadata has them"
)]
enum PorepCall {
    #[codec(index = 0)]
    pre_commit { args: PreCommit },
    #[codec(index = 1)]
    prove_commit {
        sector: SectorNumber,
        proofs: Vec<ProofBytes>,
        bindings: Vec<BindingOpening>,
    },
    #[codec(index = 2)]
    submit_post {
        partition: PartitionIndex,
        period: u32,
        proof: ProofBytes,
    },
    #[codec(index = 3)]
    declare_fault { sector: SectorNumber },
    #[codec(index = 4)]
    recover { sector: SectorNumber },
    #[codec(index = 5)]
    terminate { sector: SectorNumber },
    #[codec(index = 6)]
    expire_pre_commit {
        provider: ProviderId,
        sector: SectorNumber,
    },
}

#[derive(Encode, TypeInfo)]
#[allow(
    non_camel_case_types,
    dead_code,
    reason = "names as the runtime's metadata has them"
)]
enum PoeCall {
    #[codec(index = 0)]
    open_retrieval {
        order: OrderId,
        price_per_mib: Balance,
        budget: Balance,
    },
    #[codec(index = 2)]
    claim { batch: Vec<ExtractClaim> },
    #[codec(index = 3)]
    close { agreement: AgreementId },
}

/// Refusals by the market; FRAME keeps the docs of errors like this.
#[derive(Encode, TypeInfo)]
#[scale_info(capture_docs = "always")]
#[allow(dead_code, reason = "only its type is used")]
enum MarketError {
    /// The price is zero.
    #[codec(index = 0)]
    NoPrice,
    /// No such slot.
    #[codec(index = 1)]
    UnknownSlot,
}

#[derive(Encode, TypeInfo)]
pub(super) struct DispatchInfo {
    #[codec(compact)]
    pub(super) ref_time: u64,
    #[codec(compact)]
    pub(super) proof_size: u64,
    pub(super) class: u8,
    pub(super) pays_fee: u8,
}

#[derive(Encode, TypeInfo)]
pub(super) struct ModuleError {
    pub(super) index: u8,
    pub(super) error: [u8; 4],
}

#[derive(Encode, TypeInfo)]
pub(super) enum TokenError {
    #[codec(index = 0)]
    FundsUnavailable,
}

/// The two variants that are told apart; under the path by which the decoder finds the type.
#[derive(Encode)]
pub(super) enum DispatchError {
    #[codec(index = 3)]
    Module(ModuleError),
    #[codec(index = 7)]
    Token(TokenError),
}

impl TypeInfo for DispatchError {
    type Identity = Self;

    fn type_info() -> Type {
        let variants = Variants::new()
            .variant("Module", |v| {
                let fields = scale_info::build::Fields::unnamed();
                v.index(3).fields(fields.field(|f| f.ty::<ModuleError>()))
            })
            .variant("Token", |v| {
                let fields = scale_info::build::Fields::unnamed();
                v.index(7).fields(fields.field(|f| f.ty::<TokenError>()))
            });
        Type::builder()
            .path(Path::new("DispatchError", "sp_runtime"))
            .variant(variants)
    }
}

#[derive(Encode, TypeInfo)]
pub(super) enum SystemEvent {
    #[codec(index = 0)]
    ExtrinsicSuccess { dispatch_info: DispatchInfo },
    #[codec(index = 1)]
    ExtrinsicFailed {
        dispatch_error: DispatchError,
        dispatch_info: DispatchInfo,
    },
}

#[derive(Encode, TypeInfo)]
pub(super) enum MarketEvent {
    #[codec(index = 0)]
    OrderPlaced {
        client: AccountKey,
        order: OrderId,
        slots: u8,
    },
}

#[derive(Encode, TypeInfo)]
pub(super) enum PoeEvent {
    #[codec(index = 0)]
    AgreementOpened {
        agreement: AgreementId,
        client: AccountKey,
    },
}

#[derive(Encode, Decode, TypeInfo)]
struct Era(u8, u8);

#[derive(Encode, TypeInfo)]
#[allow(dead_code, reason = "only its type is used")]
enum HashMode {
    Disabled,
    Enabled,
}

/// Which parts of the runtime are left out.
#[derive(Clone, Copy, Default)]
pub(super) struct Without {
    pub(super) api: bool,
    pub(super) poe: bool,
}

/// The metadata, decoded.
pub(super) fn metadata(without: Without) -> Metadata {
    Metadata::from_v15(v15(without)).expect("metadata made by hand is valid")
}

/// The metadata as a node sends it.
pub(super) fn metadata_bytes(without: Without) -> Vec<u8> {
    use subxt::ext::frame_metadata::{RuntimeMetadata, RuntimeMetadataPrefixed, META_RESERVED};
    RuntimeMetadataPrefixed(META_RESERVED, RuntimeMetadata::V15(v15(without))).encode()
}

fn pallet(
    name: &'static str,
    index: u8,
    calls: Option<MetaType>,
    event: Option<MetaType>,
    error: Option<MetaType>,
) -> PalletMetadata {
    PalletMetadata {
        name,
        storage: None,
        calls: calls.map(|ty| PalletCallMetadata { ty }),
        event: event.map(|ty| PalletEventMetadata { ty }),
        constants: Vec::new(),
        error: error.map(|ty| PalletErrorMetadata { ty }),
        index,
        docs: Vec::new(),
    }
}

fn extension(
    identifier: &'static str,
    ty: MetaType,
    additional_signed: MetaType,
) -> SignedExtensionMetadata {
    SignedExtensionMetadata {
        identifier,
        ty,
        additional_signed,
    }
}

/// The extensions of the IPS runtime, in its order.
fn extensions() -> Vec<SignedExtensionMetadata> {
    let none = meta_type::<()>;
    vec![
        extension("AuthorizeCall", none(), none()),
        extension("CheckNonZeroSender", none(), none()),
        extension("CheckSpecVersion", none(), meta_type::<u32>()),
        extension("CheckTxVersion", none(), meta_type::<u32>()),
        extension("CheckGenesis", none(), meta_type::<[u8; 32]>()),
        extension(
            "CheckMortality",
            meta_type::<Era>(),
            meta_type::<[u8; 32]>(),
        ),
        extension("CheckNonce", meta_type::<Compact<u32>>(), none()),
        extension("CheckWeight", none(), none()),
        extension(
            "ChargeTransactionPayment",
            meta_type::<Compact<u128>>(),
            none(),
        ),
        extension(
            "CheckMetadataHash",
            meta_type::<HashMode>(),
            meta_type::<Option<[u8; 32]>>(),
        ),
        extension("StorageWeightReclaim", none(), none()),
    ]
}

fn v15(without: Without) -> RuntimeMetadataV15 {
    let mut pallets = vec![
        pallet(
            "System",
            SYSTEM,
            Some(meta_type::<SystemCall>()),
            Some(meta_type::<SystemEvent>()),
            None,
        ),
        pallet(
            "Balances",
            BALANCES,
            Some(meta_type::<BalancesCall>()),
            None,
            None,
        ),
        pallet(
            "StorageMarket",
            MARKET,
            Some(meta_type::<MarketCall>()),
            Some(meta_type::<MarketEvent>()),
            Some(meta_type::<MarketError>()),
        ),
        pallet(
            "NodeClasses",
            NODES,
            Some(meta_type::<NodesCall>()),
            None,
            None,
        ),
        pallet(
            "StakingCollateral",
            COLLATERAL,
            Some(meta_type::<CollateralCall>()),
            None,
            None,
        ),
        pallet("Porep", POREP, Some(meta_type::<PorepCall>()), None, None),
    ];
    if !without.poe {
        let calls = Some(meta_type::<PoeCall>());
        pallets.push(pallet(
            "Poe",
            POE,
            calls,
            Some(meta_type::<PoeEvent>()),
            None,
        ));
    }
    let methods = [
        "info",
        "beacon",
        "node",
        "nodes",
        "provider_of",
        "open_orders",
        "next_order",
        "order",
        "orders_of_file",
        "orders_of_client",
        "deals_of",
        "sectors_of",
        "partitions_of",
        "agreement",
    ];
    let methods = methods.map(|name| RuntimeApiMethodMetadata {
        name,
        inputs: Vec::new(),
        output: meta_type::<()>(),
        docs: Vec::new(),
    });
    let api = RuntimeApiMetadata {
        name: "IpsApi",
        methods: methods.into(),
        docs: Vec::new(),
    };
    let outer = meta_type::<()>();
    RuntimeMetadataV15::new(
        pallets,
        ExtrinsicMetadata {
            version: 4,
            address_ty: meta_type::<MultiAddress<AccountId32, ()>>(),
            call_ty: outer,
            signature_ty: meta_type::<MultiSignature>(),
            extra_ty: outer,
            signed_extensions: extensions(),
        },
        outer,
        if without.api { Vec::new() } else { vec![api] },
        OuterEnums {
            call_enum_ty: outer,
            event_enum_ty: outer,
            error_enum_ty: outer,
        },
        CustomMetadata {
            map: Default::default(),
        },
    )
}
