//! An agreement over a slot of two pieces, and claims with real proofs under it.

use std::{
    collections::BTreeMap,
    sync::{Mutex, OnceLock},
};

use frame_support::assert_ok;
use ips_pallet_traits::SlotFacts;
use ips_primitives::{
    challenge::extract_piece,
    id::{AgreementId, Genesis, PieceIndex, ProviderId, SectorNumber, Signature},
    retrieval::{ExtractClaim, ExtractRequest, Voucher},
    sector::{Profile, ProofBytes, SectorState},
    slot::SlotRoot,
    statement::{Context, ExtractInputs},
};
use ips_proofs::{
    params::{ParamsCache, ProverParams},
    poe::prove_poe,
    seal::SectorData,
};
use ips_verifier::groth16::{CircuitKind, PreparedKey};
use sp_core::{sr25519, Pair};
use sp_runtime::AccountId32;

use crate::mock::*;

const PROFILE: Profile = Profile::TEST;
/// Bytes of the slot: two pieces.
pub(super) const SLOT_BYTES: u64 = 20_000;
/// Price of 1 MiB: one token per byte.
pub(super) const PRICE: u128 = 1 << 20;
/// Budget of the agreement.
pub(super) const BUDGET: u128 = 20_000;
/// The agreement.
pub(super) const AGREEMENT: AgreementId = AgreementId(0);

/// The cached parameters.
pub(crate) fn params() -> &'static ProverParams {
    static PARAMS: OnceLock<ProverParams> = OnceLock::new();
    let cache = ParamsCache::of_user().unwrap();
    PARAMS.get_or_init(|| cache.load_or_generate(CircuitKind::Poe, PROFILE).unwrap())
}

/// The client's key pair.
pub(super) fn client() -> sr25519::Pair {
    sr25519::Pair::from_seed(&[1; 32])
}

/// The client's account.
pub(super) fn client_account() -> AccountId32 {
    AccountId32::from(client().public().0)
}

/// The provider of the slot; 6 and 7 prove other slots of the order.
pub(super) const PROVIDER: ProviderId = ProviderId([5; 32]);

/// Accounts of providers.
pub(super) fn owner(provider: ProviderId) -> AccountId32 {
    AccountId32::from(provider.0)
}

/// Data of piece `index` of the slot, alone in its sector.
pub(super) fn data(index: u16) -> &'static SectorData {
    static DATA: [OnceLock<SectorData>; 2] = [const { OnceLock::new() }; 2];
    DATA[usize::from(index)].get_or_init(|| {
        let range = PROFILE.piece_range(SLOT_BYTES, PieceIndex(index)).unwrap();
        let bytes: Vec<u8> = (0..range.len)
            .map(|at| (u64::from(at) + range.start) as u8 ^ 0x5a)
            .collect();
        let mut data = SectorData::new(PROFILE);
        data.push_piece(0, &bytes).unwrap();
        data
    })
}

fn key() -> PreparedKey {
    PreparedKey::from_verifying_key(&params().verifying_key()).unwrap()
}

fn context() -> Context {
    Context {
        genesis: GENESIS,
        profile: PROFILE.id,
        key: key().id(),
    }
}

/// Runs a test at block 5 with the agreement open and both pieces sealed.
pub(super) fn with_agreement(test: impl FnOnce()) {
    let rich = [
        client_account(),
        owner(PROVIDER),
        owner(ProviderId([6; 32])),
    ];
    with_chain(&rich, || {
        let slot = slot_id(3);
        Key::set(Some((key().id(), key().to_bytes().0.to_vec())));
        Nodes::set(vec![PROVIDER]);
        Provers::set(vec![PROVIDER, ProviderId([6; 32])]);
        let facts = SlotFacts {
            provider: PROVIDER,
            root: SlotRoot([6; 32]),
            bytes: SLOT_BYTES,
        };
        Slots::mutate(|slots| slots.insert(slot, facts));
        Sealed::set(sealed(SectorState::Active));
        System::set_block_number(5);
        let signer = RuntimeOrigin::signed(client_account());
        assert_ok!(Poe::open_retrieval(signer, 3.into(), PRICE, BUDGET));
        test();
    });
}

/// Both pieces, in sectors of that state.
pub(super) fn sealed(
    state: SectorState,
) -> BTreeMap<
    (ips_primitives::id::SlotId, PieceIndex),
    (SectorNumber, ips_primitives::sector::CommD, SectorState),
> {
    (0u16..2)
        .map(|index| {
            let sector = (SectorNumber(index.into()), data(index).comm_d(), state);
            ((slot_id(3), PieceIndex(index)), sector)
        })
        .collect()
}

/// The request of nonce `nonce` for `length` bytes.
pub(super) fn request(nonce: u64, length: u64) -> ExtractRequest {
    ExtractRequest {
        agreement: AGREEMENT,
        provider: PROVIDER,
        slot: slot_id(3),
        offset: 100,
        length,
        nonce,
        block: 4,
    }
}

/// A voucher of this chain.
pub(super) fn voucher(request: ExtractRequest, cumulative_bytes: u64) -> Voucher {
    Voucher {
        genesis: GENESIS,
        request,
        cumulative_bytes,
    }
}

/// A signed claim with a real proof; proofs of equal requests are made once.
pub(super) fn claim(voucher: Voucher) -> ExtractClaim {
    ExtractClaim {
        voucher,
        signature: sign(&voucher),
        proof: proof(&voucher.request),
    }
}

/// The client's signature.
pub(super) fn sign(voucher: &Voucher) -> Signature {
    Signature(client().sign(&voucher.signing_bytes()).0)
}

/// The randomness of the request's proof.
pub(super) fn rho(request: &ExtractRequest) -> [u8; 32] {
    context().extract_randomness(&ExtractInputs {
        client_key: client().public().0,
        agreement: request.agreement,
        nonce: request.nonce,
        provider: request.provider,
        slot: request.slot,
        range: (request.offset, request.length),
        beacon: beacon(request.block),
    })
}

/// The piece that the request's proof is about.
pub(super) fn piece(request: &ExtractRequest) -> u16 {
    extract_piece(&rho(request), request.slot.order, 2) as u16
}

fn proof(request: &ExtractRequest) -> ProofBytes {
    static PROOFS: Mutex<BTreeMap<[u8; 32], ProofBytes>> = Mutex::new(BTreeMap::new());
    let rho = rho(request);
    let known = PROOFS.lock().unwrap().get(&rho).copied();
    known.unwrap_or_else(|| {
        let tree = data(piece(request)).tree();
        let proof = prove_poe(params(), PROFILE, tree, &rho).unwrap();
        PROOFS.lock().unwrap().insert(rho, proof);
        proof
    })
}

/// The mock's hash of block 0.
pub(super) const GENESIS: Genesis = Genesis([69; 32]);

/// A batch.
pub(super) fn submit(
    claims: &[ExtractClaim],
) -> frame_support::dispatch::DispatchResultWithPostInfo {
    let anyone = RuntimeOrigin::signed(AccountId32::from([77; 32]));
    Poe::claim(anyone, claims.to_vec().try_into().unwrap())
}
