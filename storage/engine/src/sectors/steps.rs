//! One step after the other, as far as the chain lets.

use std::sync::Arc;

use ips_primitives::{
    id::BlockNumber,
    sector::{CommR, SectorState},
    statement::{Context, ReplicaInputs},
    view::{ChainInfo, SectorView},
};

use super::{bindings, has_replica, pieces};
use crate::{
    chain::{Call, ChainError},
    engine::{is_refused, Counters, Node},
    error::EngineError,
    permits::Urgency,
    sealer::{PieceData, SealerError},
    store::{SectorRecord, SectorStep, Ticket},
};

/// Blocks that a ticket must still be valid when the replica is sent.
const TICKET_MARGIN: BlockNumber = 2;
/// Refused proofs after which a sector is left to expire and is sealed anew.
const ATTEMPTS_MAX: u32 = 3;

/// Disk space that sealing takes per node of a sector: three trees, labels, what storage proofs need,
/// and some of it twice while a file is replaced.
const NODE_DISK_BYTES: u64 = 32 * 12;
/// Sectors that the chain lists at most.
const LIST_MAX: usize = 1024;

/// What to do after a step.
enum Next {
    /// Go on with this record.
    Go(SectorRecord),
    /// Nothing until the chain moves.
    Wait,
}

/// Whether there may be something to do, judged without any work.
pub(super) fn is_due(record: &SectorRecord, view: Option<&SectorView>) -> bool {
    match record.step {
        SectorStep::AddPiece
        | SectorStep::Sealing
        | SectorStep::PreCommit
        | SectorStep::WaitSeed
        | SectorStep::Commit => true,
        // A sector that the chain shows in an earlier state: the block of its proof was dropped.
        SectorStep::Proving => {
            let is_settled =
                |view: &SectorView| matches!(view.state, SectorState::Active | SectorState::Faulty);
            record.damaged || !view.is_some_and(is_settled)
        }
        SectorStep::Terminated => false,
    }
}

/// Goes as far as possible; every step is on disk before the next begins.
pub(super) async fn drive(
    node: &Arc<Node>,
    mut record: SectorRecord,
    view: Option<SectorView>,
) -> Result<(), EngineError> {
    // Only the first step may use what was read before: later ones read anew.
    let mut view = Some(view);
    loop {
        let seen = match view.take() {
            Some(view) => view,
            None => read_view(node, &record).await?,
        };
        if record.damaged && has_replica(record.step) && is_wanted(seen.as_ref()) {
            record = reseal(node, record).await?;
        }
        let step = match record.step {
            SectorStep::AddPiece => take_ticket(node, record).await?,
            SectorStep::Sealing => seal(node, record).await?,
            SectorStep::PreCommit => pre_commit(node, record, seen).await?,
            SectorStep::WaitSeed => wait_seed(node, record, seen).await?,
            SectorStep::Commit => commit(node, record, seen).await?,
            SectorStep::Proving => watch(node, record, seen).await?,
            SectorStep::Terminated => Next::Wait,
        };
        match step {
            Next::Go(next) => record = next,
            Next::Wait => return Ok(()),
        }
    }
}

fn is_wanted(view: Option<&SectorView>) -> bool {
    view.is_none_or(|view| view.state != SectorState::Terminated)
}

async fn read_view(
    node: &Arc<Node>,
    record: &SectorRecord,
) -> Result<Option<SectorView>, EngineError> {
    let views = node.chain.sectors_of(node.config.provider).await?;
    Ok(views.into_iter().find(|view| view.number == record.number))
}

/// Changes the record on disk; waits if it has vanished meanwhile.
async fn change(
    node: &Arc<Node>,
    record: &SectorRecord,
    change: impl FnOnce(&mut SectorRecord) + Send + 'static,
) -> Result<Next, EngineError> {
    let number = record.number;
    let changed = node
        .store
        .run(move |store| store.change_sector(number, change))
        .await?;
    if let Some(record) = &changed {
        tracing::debug!(sector = number.0, step = ?record.step, "sector");
    }
    Ok(changed.map_or(Next::Wait, Next::Go))
}

async fn take_ticket(node: &Arc<Node>, record: SectorRecord) -> Result<Next, EngineError> {
    let info = node.chain.info().await?;
    let key = info.seal_key.ok_or(EngineError::NoKey("seal"))?;
    let block = node.head().number.saturating_sub(1);
    let beacon = node
        .chain
        .beacon(block)
        .await?
        .ok_or(EngineError::BeaconGone(block))?;
    let data = pieces::load(node, &record).await?;
    let comm_d = {
        let _place = node.permits.acquire(Urgency::Seal).await;
        node.sealer.comm_d(data).await?
    };
    let context = Context {
        genesis: info.genesis,
        profile: info.profile,
        key,
    };
    let replica_id = context.replica_id(&ReplicaInputs {
        provider: node.config.provider,
        sector: record.number,
        replica_index: 0,
        comm_d,
        ticket: beacon,
    });
    change(node, &record, move |record| {
        record.step = SectorStep::Sealing;
        record.ticket = Some(Ticket {
            block,
            beacon,
            comm_d,
            replica_id,
        });
    })
    .await
}

/// Back to the ticket, with the same pieces and number.
async fn start_over(node: &Arc<Node>, record: &SectorRecord) -> Result<Next, EngineError> {
    change(node, record, |record| {
        record.step = SectorStep::AddPiece;
        record.ticket = None;
        record.comm_r = None;
        record.damaged = false;
        record.attempts = 0;
    })
    .await
}

fn is_ticket_stale(info: &ChainInfo, ticket: &Ticket, now: BlockNumber) -> bool {
    let margin = TICKET_MARGIN.min(info.ticket_blocks / 2);
    now.saturating_sub(ticket.block) > info.ticket_blocks.saturating_sub(margin)
}

async fn make_replica(
    node: &Arc<Node>,
    record: &SectorRecord,
    ticket: &Ticket,
    data: Vec<PieceData>,
) -> Result<CommR, EngineError> {
    let folder = node.store.sector_folder(record.number);
    let _place = node.permits.acquire(Urgency::Seal).await;
    let space = u64::from(node.sealer.profile().nodes()).saturating_mul(NODE_DISK_BYTES);
    node.store
        .run(move |store| store.ensure_disk(space))
        .await?;
    let sealed = node.sealer.seal(folder, data, ticket.replica_id).await?;
    if sealed.comm_d != ticket.comm_d {
        return Err(EngineError::Opening(record.number));
    }
    Ok(sealed.comm_r)
}

async fn seal(node: &Arc<Node>, record: SectorRecord) -> Result<Next, EngineError> {
    let info = node.chain.info().await?;
    let Some(ticket) = record
        .ticket
        .filter(|t| !is_ticket_stale(&info, t, node.head().number))
    else {
        return start_over(node, &record).await;
    };
    let data = pieces::load(node, &record).await?;
    let comm_r = make_replica(node, &record, &ticket, data).await?;
    change(node, &record, move |record| {
        record.step = SectorStep::PreCommit;
        record.comm_r = Some(comm_r);
    })
    .await
}

/// Makes a damaged replica again: the same inputs give the same replica.
async fn reseal(node: &Arc<Node>, record: SectorRecord) -> Result<SectorRecord, EngineError> {
    let failed = EngineError::Opening(record.number);
    let (Some(ticket), Some(comm_r)) = (record.ticket, record.comm_r) else {
        return Err(failed);
    };
    tracing::warn!(sector = record.number.0, "sealing a damaged sector again");
    let data = pieces::load(node, &record).await?;
    if make_replica(node, &record, &ticket, data).await? != comm_r {
        return Err(failed);
    }
    let number = record.number;
    let changed = node
        .store
        .run(move |s| s.change_sector(number, |record| record.damaged = false))
        .await?;
    node.wake();
    changed.ok_or(failed)
}

async fn pre_commit(
    node: &Arc<Node>,
    record: SectorRecord,
    view: Option<SectorView>,
) -> Result<Next, EngineError> {
    let to_wait_seed = |record: &mut SectorRecord| record.step = SectorStep::WaitSeed;
    match view {
        Some(view) if Some(view.comm_r) == record.comm_r => {
            return change(node, &record, to_wait_seed).await;
        }
        // The number belongs to something else, perhaps of an earlier disk.
        Some(_) => return replace(node, &record).await,
        None => {}
    }
    let info = node.chain.info().await?;
    let (Some(args), Some(ticket)) = (record.pre_commit(), record.ticket) else {
        return start_over(node, &record).await;
    };
    if is_ticket_stale(&info, &ticket, node.head().number) {
        return start_over(node, &record).await;
    }
    match node.chain.submit(Call::PreCommit(args)).await {
        Ok(_) => change(node, &record, to_wait_seed).await,
        Err(error) if is_refused(&error, &["BadTicket"]) => start_over(node, &record).await,
        Err(error) if is_refused(&error, &["SectorExists"]) => {
            match read_view(node, &record).await? {
                // Our own call got through unnoticed.
                Some(view) if Some(view.comm_r) == record.comm_r => {
                    change(node, &record, to_wait_seed).await
                }
                _ => replace(node, &record).await,
            }
        }
        Err(error) if is_refused(&error, &["NotYourSlot", "PieceTaken", "BadPieces"]) => {
            tracing::warn!(sector = record.number.0, %error, "pieces are packed anew");
            unpack(node, &record).await
        }
        Err(error) => Err(error.into()),
    }
}

async fn wait_seed(
    node: &Arc<Node>,
    record: SectorRecord,
    view: Option<SectorView>,
) -> Result<Next, EngineError> {
    let Some(view) = view else {
        if is_behind(node).await? {
            return Ok(Next::Wait);
        }
        // Its block was dropped from the chain, or it has expired: send again or seal anew.
        return change(node, &record, |record| record.step = SectorStep::PreCommit).await;
    };
    if Some(view.comm_r) != record.comm_r {
        return replace(node, &record).await;
    }
    match view.state {
        SectorState::PreCommitted if is_expired(node, &view).await? => expire(node, &record).await,
        SectorState::PreCommitted if view.seed.is_none() => Ok(Next::Wait),
        SectorState::PreCommitted => {
            change(node, &record, |record| {
                record.step = SectorStep::Commit;
                record.attempts = 0;
            })
            .await
        }
        SectorState::Active | SectorState::Faulty => {
            change(node, &record, |record| record.step = SectorStep::Proving).await
        }
        SectorState::Terminated => terminate(node, &record).await,
    }
}

async fn is_expired(node: &Arc<Node>, view: &SectorView) -> Result<bool, EngineError> {
    let info = node.chain.info().await?;
    let last = view
        .pre_committed_at
        .saturating_add(info.prove_commit_blocks);
    Ok(node.head().number > last)
}

async fn commit(
    node: &Arc<Node>,
    record: SectorRecord,
    view: Option<SectorView>,
) -> Result<Next, EngineError> {
    let known = view.filter(|view| view.state == SectorState::PreCommitted);
    let (Some(view), Some(ticket), Some(comm_r)) = (known, record.ticket, record.comm_r) else {
        return change(node, &record, |record| record.step = SectorStep::WaitSeed).await;
    };
    if is_expired(node, &view).await? {
        return expire(node, &record).await;
    }
    let Some(seed) = view.seed else {
        return Ok(Next::Wait);
    };
    if record.attempts >= ATTEMPTS_MAX {
        // It can only be replaced once the chain has let go of its pieces.
        return Ok(Next::Wait);
    }
    let folder = node.store.sector_folder(record.number);
    let proofs = {
        let _place = node.permits.acquire(Urgency::Seal).await;
        node.sealer
            .prove_seal(folder, ticket.replica_id, seed)
            .await
    };
    let bindings = bindings::open_all(node, &record, &ticket.replica_id, &comm_r, &seed).await;
    let (proofs, bindings) = match (proofs, bindings) {
        (Ok(proofs), Ok(bindings)) => (proofs, bindings),
        (Err(SealerError::Damaged { .. }), _)
        | (_, Err(EngineError::Sealer(SealerError::Damaged { .. }))) => {
            return change(node, &record, |record| record.damaged = true).await;
        }
        (Err(error), _) => return Err(error.into()),
        (_, Err(error)) => return Err(error),
    };
    let call = Call::ProveCommit {
        sector: record.number,
        proofs,
        bindings,
    };
    send_proofs(node, record, call).await
}

async fn send_proofs(
    node: &Arc<Node>,
    record: SectorRecord,
    call: Call,
) -> Result<Next, EngineError> {
    match node.chain.submit(call).await {
        Ok(_) => {
            Counters::add(&node.counters.seals_accepted, 1);
            tracing::info!(sector = record.number.0, "sector sealed");
            change(node, &record, |record| record.step = SectorStep::Proving).await?;
            node.wake();
            Ok(Next::Wait)
        }
        Err(error) if is_refused(&error, &["TooEarly"]) => Ok(Next::Wait),
        Err(error) if is_refused(&error, &["TooLate"]) => expire(node, &record).await,
        Err(error) if is_refused(&error, &["WrongState", "UnknownSector"]) => {
            change(node, &record, |record| record.step = SectorStep::WaitSeed).await
        }
        Err(error @ ChainError::Refused { .. }) => {
            change(node, &record, |record| record.attempts += 1).await?;
            Err(error.into())
        }
        Err(error) => Err(error.into()),
    }
}

/// Frees the pieces of an expired pre-commit on the chain and starts with a new number.
async fn expire(node: &Arc<Node>, record: &SectorRecord) -> Result<Next, EngineError> {
    let call = Call::ExpirePreCommit {
        provider: node.config.provider,
        sector: record.number,
    };
    match node.chain.submit(call).await {
        Ok(_) => replace(node, record).await,
        // Anybody may have done it before.
        Err(error) if is_refused(&error, &["UnknownSector"]) => replace(node, record).await,
        Err(error) if is_refused(&error, &["NotExpired", "WrongState"]) => Ok(Next::Wait),
        Err(error) => Err(error.into()),
    }
}

/// Gives the pieces to a new sector.
async fn replace(node: &Arc<Node>, record: &SectorRecord) -> Result<Next, EngineError> {
    let (old, pieces) = (record.number, record.pieces.clone());
    let views = node.chain.sectors_of(node.config.provider).await?;
    let least = views
        .iter()
        .map(|view| view.number.0.saturating_add(1))
        .max()
        .unwrap_or(0);
    let new = node
        .store
        .run(move |store| {
            let new = SectorRecord::new(store.next_sector(least)?, pieces);
            store.replace_sector(old, Some(&new))?;
            Ok(new)
        })
        .await?;
    tracing::warn!(
        sector = old.0,
        new = new.number.0,
        "sector is sealed under a new number"
    );
    // Driven as the sector it is now, by the loop.
    node.wake();
    Ok(Next::Wait)
}

/// Drops the sector; its pieces that are still ours are packed again.
async fn unpack(node: &Arc<Node>, record: &SectorRecord) -> Result<Next, EngineError> {
    let number = record.number;
    node.store
        .run(move |store| store.replace_sector(number, None))
        .await?;
    node.wake();
    Ok(Next::Wait)
}

/// Follows a sealed sector: it may end, and the blocks that it came in may be dropped.
async fn watch(
    node: &Arc<Node>,
    record: SectorRecord,
    view: Option<SectorView>,
) -> Result<Next, EngineError> {
    match view.map(|view| view.state) {
        Some(SectorState::Active | SectorState::Faulty) => Ok(Next::Wait),
        Some(SectorState::Terminated) => terminate(node, &record).await,
        Some(SectorState::PreCommitted) => {
            change(node, &record, |record| {
                record.step = SectorStep::Commit;
                record.attempts = 0;
            })
            .await
        }
        None if is_behind(node).await? => Ok(Next::Wait),
        None => change(node, &record, |record| record.step = SectorStep::PreCommit).await,
    }
}

/// Whether the chain node knows less than was seen before, or its list may be cut short.
async fn is_behind(node: &Arc<Node>) -> Result<bool, EngineError> {
    let now = node.head().number;
    let highest = node.store.run(move |store| store.note_head(now)).await?;
    let views = node.chain.sectors_of(node.config.provider).await?;
    Ok(now < highest || views.len() >= LIST_MAX)
}

async fn terminate(node: &Arc<Node>, record: &SectorRecord) -> Result<Next, EngineError> {
    let number = record.number;
    node.store
        .run(move |store| store.remove_sector_folder(number))
        .await?;
    tracing::info!(sector = number.0, "sector has ended");
    change(node, record, |record| record.step = SectorStep::Terminated).await?;
    node.wake();
    Ok(Next::Wait)
}
