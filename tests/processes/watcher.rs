//! What happened on the chain, block by block, decoded with the runtime's own types.

use anyhow::Context;
use codec::Decode;
use frame_support::storage::storage_prefix;
use frame_system::{EventRecord, Phase};
use ips_chain::RpcClient;
use ips_primitives::{
    id::{AccountKey, Balance, OrderId, PartitionIndex, ProviderId, SectorNumber, SlotId},
    retrieval::FeeSplit,
};
use ips_runtime::{AccountId, Hash, Runtime, RuntimeEvent};
use subxt_rpcs::rpc_params;

/// Something the runtime accepted, or noticed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// A sector that is sealed but not proven yet.
    PreCommitted(ProviderId, SectorNumber),
    /// A seal proof.
    Sealed(ProviderId, SectorNumber),
    /// A storage proof.
    Post(ProviderId, PartitionIndex, u32),
    /// A storage proof that did not come.
    Missed(ProviderId, PartitionIndex, u32),
    /// A slot confirmed by both signatures.
    Confirmed(ProviderId, SlotId),
    /// A proof of extract, with the fee it earned.
    Extract(ProviderId, Balance),
    /// Fees of one agreement, split.
    Split(FeeSplit),
    /// Collateral that was taken from a provider.
    Slashed(ProviderId, Balance),
}

/// A fact with its place and what it weighed.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Block.
    pub block: u32,
    /// Reference time of its extrinsic, in picoseconds.
    pub ref_time: u64,
    /// Bytes of its extrinsic's proof of validity.
    pub proof_size: u64,
    /// What happened.
    pub fact: Fact,
}

/// Tokens of an account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tokens {
    /// Free to move.
    pub free: Balance,
    /// On hold: pledges, prices of orders, budgets, deposits.
    pub held: Balance,
}

/// Reads the chain forward, each block once.
pub struct Watcher {
    rpc: RpcClient,
    next: u32,
    /// All facts so far.
    pub seen: Vec<Seen>,
}

impl Watcher {
    /// A watcher that has seen nothing.
    pub fn new(rpc: RpcClient) -> Self {
        Self {
            rpc,
            next: 1,
            seen: Vec::new(),
        }
    }

    async fn storage(&self, key: &[u8], at: Option<String>) -> anyhow::Result<Option<Vec<u8>>> {
        let key = format!("0x{}", hex::encode(key));
        let value: Option<String> = self
            .rpc
            .request("state_getStorage", rpc_params![key, at])
            .await?;
        Ok(value
            .map(|value| hex::decode(value.trim_start_matches("0x")))
            .transpose()?)
    }

    /// Reads all blocks up to `head`.
    ///
    /// # Errors
    /// If the chain does not answer, or answers with what its runtime does not write.
    pub async fn advance(&mut self, head: u32) -> anyhow::Result<()> {
        let key = storage_prefix(b"System", b"Events");
        while self.next <= head {
            let hash: Option<String> = self
                .rpc
                .request("chain_getBlockHash", rpc_params![self.next])
                .await?;
            let hash = hash.context("a block that was announced is not there")?;
            if let Some(events) = self.storage(&key, Some(hash)).await? {
                self.read(&events)?;
            }
            self.next += 1;
        }
        Ok(())
    }

    /// An account's tokens at the best block.
    ///
    /// # Errors
    /// See [`Self::advance`].
    pub async fn tokens(&self, account: AccountKey) -> anyhow::Result<Tokens> {
        type Info = frame_system::AccountInfo<u32, pallet_balances::AccountData<Balance>>;
        let key = frame_system::Account::<Runtime>::hashed_key_for(AccountId::from(account.0));
        let Some(bytes) = self.storage(&key, None).await? else {
            return Ok(Tokens::default());
        };
        let data = Info::decode(&mut bytes.as_slice())?.data;
        Ok(Tokens {
            free: data.free,
            held: data.reserved,
        })
    }

    /// The id that the next order gets: 0 as long as none was placed.
    ///
    /// # Errors
    /// See [`Self::advance`].
    pub async fn next_order(&self) -> anyhow::Result<OrderId> {
        let key = pallet_storage_market::NextOrderId::<Runtime>::hashed_key();
        let bytes = self.storage(&key, None).await?.unwrap_or_default();
        // Nothing is stored before the first order.
        Ok(if bytes.is_empty() {
            OrderId::default()
        } else {
            OrderId::decode(&mut bytes.as_slice())?
        })
    }

    fn read(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        let records = Vec::<EventRecord<RuntimeEvent, Hash>>::decode(&mut &bytes[..])?;
        let weight_of =
            |phase: &Phase| {
                records.iter().find_map(|record| match &record.event {
                    RuntimeEvent::System(frame_system::Event::ExtrinsicSuccess {
                        dispatch_info,
                    }) if record.phase == *phase => Some(dispatch_info.weight),
                    _ => None,
                })
            };
        for record in &records {
            for fact in facts_of(&record.event) {
                let weight = weight_of(&record.phase).unwrap_or_default();
                self.seen.push(Seen {
                    block: self.next,
                    ref_time: weight.ref_time(),
                    proof_size: weight.proof_size(),
                    fact,
                });
            }
        }
        Ok(())
    }

    /// Facts of one kind.
    pub fn count(&self, kind: impl Fn(&Fact) -> bool) -> usize {
        self.seen.iter().filter(|seen| kind(&seen.fact)).count()
    }
}

fn facts_of(event: &RuntimeEvent) -> Vec<Fact> {
    match event {
        RuntimeEvent::Porep(event) => porep_facts(event),
        RuntimeEvent::StorageMarket(event) => market_facts(event),
        RuntimeEvent::Poe(event) => poe_facts(event),
        _ => Vec::new(),
    }
}

fn porep_facts(event: &pallet_porep::Event<Runtime>) -> Vec<Fact> {
    use pallet_porep::Event;
    match *event {
        Event::SectorPreCommitted {
            provider, sector, ..
        } => vec![Fact::PreCommitted(provider, sector)],
        Event::SectorActivated {
            provider, sector, ..
        } => vec![Fact::Sealed(provider, sector)],
        Event::PostAccepted {
            provider,
            partition,
            period,
            ..
        } => vec![Fact::Post(provider, partition, period)],
        Event::PostMissed {
            provider,
            partition,
            period,
            slashed,
            ..
        } => vec![
            Fact::Missed(provider, partition, period),
            Fact::Slashed(provider, slashed),
        ],
        Event::SectorTerminated {
            provider, slashed, ..
        } => vec![Fact::Slashed(provider, slashed)],
        _ => Vec::new(),
    }
}

fn market_facts(event: &pallet_storage_market::Event<Runtime>) -> Vec<Fact> {
    use pallet_storage_market::Event;
    match *event {
        Event::DealConfirmed { slot, provider, .. } => vec![Fact::Confirmed(provider, slot)],
        Event::ClaimUndone {
            provider, slashed, ..
        }
        | Event::SlotLost {
            provider, slashed, ..
        } => vec![Fact::Slashed(provider, slashed)],
        _ => Vec::new(),
    }
}

fn poe_facts(event: &pallet_poe::Event<Runtime>) -> Vec<Fact> {
    use pallet_poe::Event;
    match *event {
        Event::ExtractClaimed { provider, fee, .. } => vec![Fact::Extract(provider, fee)],
        Event::FeesPaid {
            servers,
            provers,
            burnt,
            ..
        } => vec![Fact::Split(FeeSplit {
            server: servers,
            provers,
            burnt,
        })],
        _ => Vec::new(),
    }
}
