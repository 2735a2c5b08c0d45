//! Proofs of extract and vouchers: who delivered is paid for what is proven.
//!
//! Each provider that delivered is asked once for its proof over the bytes it gave. The proof is
//! checked here against the chain's commitment of its sector before a voucher is signed: what a voucher
//! promises are bytes that were received, checked against the manifest, and proven. Every promise is on
//! the disk before it is told, so that none is forgotten or made twice.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use futures::{stream, StreamExt};
use ips_chain::{AccountSigner, SubxtClient};
use ips_engine::{
    chain::{Call, ChainClient, ChainError, ChainReader},
    retrieval::Holder,
};
use ips_primitives::{
    challenge::extract_piece,
    id::{AgreementId, Balance, OrderId, PieceIndex, ProviderId, SlotId},
    retrieval::{retrieval_fee, ExtractRequest, Voucher},
    sector::{CommD, Profile, ProofBytes, SectorState},
    statement::{Context, ExtractInputs},
    view::{ChainInfo, OrderView},
};
use ips_swarm::{extract_signing_bytes, Swarm};
use ips_verifier::{
    groth16::{verify, CircuitKind, PreparedKey},
    keys::builtin_key,
    poe::poe_statement,
};
use serde::Serialize;

use super::Delivered;
use crate::{
    cli::GetArgs,
    connection::address,
    error::ClientError,
    state::{AgreementRecord, Agreements, Promised, State},
    terminal::Terminal,
};

/// Smallest budget that the chain takes for an agreement.
const BUDGET_MIN: Balance = 1_000_000;
/// A budget is this many times what one reading costs, so that the agreement serves again.
const BUDGET_READINGS: Balance = 4;
/// Providers asked at once; each proves for seconds.
const EXTRACTS_IN_FLIGHT: usize = 16;

/// How a proof of extract ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ProofState {
    /// It verifies; the voucher was taken.
    Ok,
    /// It does not verify: nothing was paid.
    Invalid,
    /// The provider gave none.
    Refused,
    /// The slot is not sealed yet, so there is nothing to prove with.
    Unsealed,
    /// It verifies, but the voucher was not taken.
    Unpaid,
    /// It was not asked for.
    Skipped,
}

/// What one provider delivered and earned.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Paid {
    provider: String,
    order: u64,
    slot: u16,
    bytes: u64,
    proof: ProofState,
    /// Promised by voucher, as a decimal number.
    fee: String,
    /// Whether the claim was seen on the chain; only told with `--wait-claims`.
    claimed: Option<bool>,
}

impl Paid {
    /// What was delivered without asking for a proof.
    pub(crate) fn unpaid((provider, slot): (ProviderId, SlotId), bytes: u64) -> Self {
        Self {
            provider: address(provider),
            order: slot.order.0,
            slot: slot.slot.0,
            bytes,
            proof: ProofState::Skipped,
            fee: "0".into(),
            claimed: None,
        }
    }

    pub(crate) fn text(&self) -> String {
        let proof = match self.proof {
            ProofState::Ok => format!("proof ok, paid {}", self.fee),
            ProofState::Invalid => "proof WRONG, not paid".into(),
            ProofState::Refused => "no proof given, not paid".into(),
            ProofState::Unsealed => "not sealed yet, not paid".into(),
            ProofState::Unpaid => "proof ok, voucher not taken".into(),
            ProofState::Skipped => "no proof asked".into(),
        };
        let claimed = match self.claimed {
            Some(true) => ", claimed",
            Some(false) => ", not claimed yet",
            None => "",
        };
        format!(
            "{} slot {}: {} bytes, {proof}{claimed}",
            self.provider, self.slot, self.bytes
        )
    }
}

/// An account with open agreements.
pub(crate) struct Payer {
    client: SubxtClient,
    signer: AccountSigner,
    state: State,
    /// By order.
    open: BTreeMap<OrderId, AgreementId>,
    price: Balance,
    info: ChainInfo,
    key: Arc<PreparedKey>,
}

/// An extract that is about to be asked for.
struct Job {
    holder: Holder,
    request: ExtractRequest,
}

impl Payer {
    /// Opens an agreement for each order that has none with enough budget.
    pub(crate) async fn open(
        client: SubxtClient,
        signer: AccountSigner,
        state: State,
        wanted: &BTreeMap<OrderId, u64>,
        price: Balance,
    ) -> Result<Self, ClientError> {
        let info = client.info().await?;
        let key = Arc::new(poe_key(&info)?);
        let mut payer = Self {
            client,
            signer,
            state,
            open: BTreeMap::new(),
            price,
            info,
            key,
        };
        let known = payer.state.agreements()?;
        let opened = stream::iter(wanted)
            .map(|(order, bytes)| payer.agreement(&known, *order, *bytes))
            .buffer_unordered(8)
            .collect::<Vec<_>>()
            .await;
        for opened in opened {
            let (order, id) = opened?;
            payer.open.insert(order, id);
        }
        Ok(payer)
    }

    fn name(&self, order: OrderId) -> String {
        format!(
            "{}/{}/{}",
            hex::encode(self.info.genesis.0),
            hex::encode(self.account()),
            order.0
        )
    }

    fn account(&self) -> [u8; 32] {
        self.signer.account().0
    }

    /// The agreement of an order: a known one with enough budget at this price, else a new one.
    async fn agreement(
        &self,
        known: &Agreements,
        order: OrderId,
        bytes: u64,
    ) -> Result<(OrderId, AgreementId), ClientError> {
        let need = retrieval_fee(self.price, bytes.saturating_mul(2)).max(BUDGET_MIN);
        if let Some(known) = known.open.get(&self.name(order)) {
            let view = self.client.agreement(known.id).await?;
            let fits = view.is_some_and(|view| {
                view.client == self.signer.account()
                    && view.order == order
                    && view.price_per_mib == self.price
                    && view.budget
                        >= need.saturating_add(unclaimed(known, &view.claimed, self.price))
            });
            if fits {
                return Ok((order, known.id));
            }
        }
        let budget = need.saturating_mul(BUDGET_READINGS);
        let call = Call::OpenRetrieval {
            order,
            price_per_mib: self.price,
            budget,
        };
        let id = self.client.submit(call).await?.agreement.ok_or_else(|| {
            ChainError::Incompatible("poe.open_retrieval told no agreement".into())
        })?;
        // At once: an agreement that is not noted holds money that nothing is read for.
        self.state.change_agreements(|agreements| {
            let record = AgreementRecord {
                id,
                promised: BTreeMap::new(),
            };
            agreements.open.insert(self.name(order), record);
        })?;
        Ok((order, id))
    }

    /// Asks every provider for its proof and pays for what is proven.
    pub(crate) async fn pay(
        self,
        swarm: &Swarm,
        holders: &BTreeMap<ProviderId, (Holder, Vec<SlotId>)>,
        delivered: &Delivered,
        args: &GetArgs,
        terminal: &Terminal,
    ) -> Result<Vec<Paid>, ClientError> {
        // One block back: every provider's node knows it by now.
        let block = self.client.heads().borrow().number.saturating_sub(1);
        let (mut jobs, mut results) = (Vec::new(), Vec::new());
        for ((provider, slot), bytes) in delivered {
            let holder = holders.get(provider).map(|(holder, _)| holder.clone());
            match (holder, self.request(*slot, *provider, *bytes, block)?) {
                (Some(holder), Some(request)) => jobs.push(Job { holder, request }),
                _ => results.push(Paid::unpaid((*provider, *slot), *bytes)),
            }
        }
        let bar = terminal.count("proofs", jobs.len());
        let payer = &self;
        let mut ends = stream::iter(&jobs)
            .map(|job| async move { (job, payer.extract(swarm, job).await) })
            .buffer_unordered(EXTRACTS_IN_FLIGHT);
        let mut promised = Vec::new();
        while let Some((job, end)) = ends.next().await {
            bar.inc(1);
            let state = end?;
            let request = &job.request;
            let mut paid = Paid::unpaid((request.provider, request.slot), request.length);
            paid.proof = state;
            if state == ProofState::Ok {
                paid.fee = retrieval_fee(self.price, request.length).to_string();
                promised.push((results.len(), job.request));
            }
            results.push(paid);
        }
        bar.finish_and_clear();
        drop(ends);
        if args.wait_claims {
            self.wait_claims(&promised, &mut results, args.timeout, terminal)
                .await?;
        }
        Ok(results)
    }

    /// Changes what was promised to a provider under an order's agreement; `None` if there is none.
    fn promise<T>(
        &self,
        order: OrderId,
        provider: ProviderId,
        change: impl FnOnce(&mut Promised) -> T,
    ) -> Result<Option<T>, ClientError> {
        let Some(id) = self.open.get(&order).copied() else {
            return Ok(None);
        };
        self.state.change_agreements(|agreements| {
            let record = agreements.open.get_mut(&self.name(order))?;
            // Another process may have opened a new one meanwhile: then this one's book is closed.
            let is_same = record.id == id;
            let promised = record.promised.entry(hex::encode(provider.0));
            is_same.then(|| change(promised.or_default()))
        })
    }

    /// The request to a provider, with the next nonce.
    fn request(
        &self,
        slot: SlotId,
        provider: ProviderId,
        bytes: u64,
        block: u32,
    ) -> Result<Option<ExtractRequest>, ClientError> {
        let nonce = self.promise(slot.order, provider, |promised| {
            promised.nonce += 1;
            promised.nonce
        })?;
        let agreement = self.open.get(&slot.order).copied();
        Ok(agreement
            .zip(nonce)
            .map(|(agreement, nonce)| ExtractRequest {
                agreement,
                provider,
                slot,
                offset: 0,
                length: bytes,
                nonce,
                block,
            }))
    }

    /// The voucher for a request whose proof is checked.
    fn voucher(&self, request: ExtractRequest) -> Result<Option<Voucher>, ClientError> {
        let total = self.promise(request.slot.order, request.provider, |promised| {
            let total = &mut promised.cumulative_bytes;
            *total = total.saturating_add(request.length);
            *total
        })?;
        Ok(total.map(|cumulative_bytes| Voucher {
            genesis: self.info.genesis,
            request,
            cumulative_bytes,
        }))
    }

    async fn extract(&self, swarm: &Swarm, job: &Job) -> Result<ProofState, ClientError> {
        let Some(comm_d) = self.committed(&job.request).await? else {
            return Ok(ProofState::Unsealed);
        };
        let request = job.request;
        let digest = extract_signing_bytes(&self.info.genesis, &request);
        let signature = self.signer.sign(&digest);
        let account = self.account();
        let session = match swarm
            .extract(job.holder.peer, request, account, signature)
            .await
        {
            Ok(session) => session,
            Err(error) => {
                tracing::info!(provider = address(request.provider), %error, "no proof");
                return Ok(ProofState::Refused);
            }
        };
        let (comm_d, rho) = comm_d;
        if !is_valid(Arc::clone(&self.key), comm_d, rho, *session.proof()).await? {
            tracing::warn!(
                provider = address(request.provider),
                "wrong proof of extract"
            );
            return Ok(ProofState::Invalid);
        }
        let Some(voucher) = self.voucher(request)? else {
            return Ok(ProofState::Unpaid);
        };
        let signature = self.signer.sign(&voucher.signing_bytes());
        Ok(match session.send_voucher(voucher, signature).await {
            Ok(()) => ProofState::Ok,
            Err(error) => {
                tracing::info!(provider = address(request.provider), %error, "voucher");
                ProofState::Unpaid
            }
        })
    }

    /// What the proof for a request must be of: the data root of the sector with the asked piece.
    async fn committed(
        &self,
        request: &ExtractRequest,
    ) -> Result<Option<(CommD, [u8; 32])>, ClientError> {
        let order: Option<OrderView> = self.client.order(request.slot.order).await?;
        let beacon = self.client.beacon(request.block).await?;
        let (Some(order), Some(beacon), Some(key)) = (order, beacon, self.info.poe_key) else {
            return Ok(None);
        };
        let context = Context {
            genesis: self.info.genesis,
            profile: self.info.profile,
            key,
        };
        let rho = context.extract_randomness(&ExtractInputs {
            client_key: self.account(),
            agreement: request.agreement,
            nonce: request.nonce,
            provider: request.provider,
            slot: request.slot,
            range: (request.offset, request.length),
            beacon,
        });
        let pieces = Profile::of(self.info.profile).pieces_of(order.params.slot_bytes());
        let piece = extract_piece(&rho, request.slot.order, pieces);
        let Ok(piece) = u16::try_from(piece).map(PieceIndex) else {
            return Ok(None);
        };
        let sectors = self.client.sectors_of(request.provider).await?;
        let holds = |sector: &&ips_primitives::view::SectorView| {
            sector.state == SectorState::Active
                && sector
                    .pieces
                    .iter()
                    .any(|p| p.slot == request.slot && p.index == piece)
        };
        Ok(sectors
            .iter()
            .find(holds)
            .map(|sector| (sector.comm_d, rho)))
    }

    async fn wait_claims(
        &self,
        promised: &[(usize, ExtractRequest)],
        results: &mut [Paid],
        timeout: Duration,
        terminal: &Terminal,
    ) -> Result<(), ClientError> {
        let started = Instant::now();
        let bar = terminal.count("claims", promised.len());
        let mut heads = self.client.heads();
        loop {
            let mut done = 0;
            for (index, request) in promised {
                let view = self.client.agreement(request.agreement).await?;
                let is_claimed = view.is_some_and(|view| {
                    view.claimed.iter().any(|(provider, nonce, _)| {
                        *provider == request.provider && *nonce >= request.nonce
                    })
                });
                results[*index].claimed = Some(is_claimed);
                done += usize::from(is_claimed);
            }
            bar.set_position(u64::try_from(done).unwrap_or(0));
            if done == promised.len() || started.elapsed() > timeout {
                bar.finish_and_clear();
                return Ok(());
            }
            let _ = tokio::time::timeout(Duration::from_secs(6), heads.changed()).await;
        }
    }
}

/// What was promised and may still be claimed.
fn unclaimed(
    known: &AgreementRecord,
    claimed: &[(ProviderId, u64, u64)],
    price: Balance,
) -> Balance {
    known
        .promised
        .iter()
        .fold(0, |sum: Balance, (provider, promised)| {
            let so_far = claimed
                .iter()
                .find(|(id, _, _)| hex::encode(id.0) == *provider)
                .map_or(0, |(_, _, bytes)| *bytes);
            let open = promised.cumulative_bytes.saturating_sub(so_far);
            sum.saturating_add(retrieval_fee(price, open))
        })
}

/// The built-in key, if it is the chain's.
fn poe_key(info: &ChainInfo) -> Result<PreparedKey, ClientError> {
    let other = |why: &str| {
        ClientError::from(ChainError::Incompatible(format!(
            "{why}; read with --no-pay or use the release that fits the chain"
        )))
    };
    let key = builtin_key(info.profile, CircuitKind::Poe)
        .and_then(|bytes| PreparedKey::from_verifying_key(bytes).ok())
        .ok_or_else(|| other("its proof-of-extract key is not built in"))?;
    match info.poe_key {
        Some(id) if id == key.id() => Ok(key),
        Some(_) => Err(other("it has another proof-of-extract key")),
        None => Err(other("its proof-of-extract key is not set")),
    }
}

async fn is_valid(
    key: Arc<PreparedKey>,
    comm_d: CommD,
    rho: [u8; 32],
    proof: ProofBytes,
) -> Result<bool, ClientError> {
    let check = move || {
        poe_statement(&comm_d, &rho).is_ok_and(|statement| verify(&key, &statement, &proof).is_ok())
    };
    tokio::task::spawn_blocking(check)
        .await
        .map_err(|_| ClientError::Worker)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unclaimed_promises_count_against_the_budget() {
        let promised = |bytes| Promised {
            nonce: 1,
            cumulative_bytes: bytes,
        };
        let known = AgreementRecord {
            id: AgreementId(1),
            promised: [
                (hex::encode([1; 32]), promised(3 << 20)),
                (hex::encode([2; 32]), promised(1 << 20)),
            ]
            .into(),
        };
        assert_eq!(unclaimed(&known, &[], 10), 40);
        assert_eq!(
            unclaimed(&known, &[(ProviderId([1; 32]), 1, 2 << 20)], 10),
            20
        );
        assert_eq!(
            unclaimed(&known, &[(ProviderId([1; 32]), 1, 9 << 20)], 10),
            10
        );
    }
}
