//! Making the chain know the node: register, addresses, pledge, ask, fees. Each only if needed, so
//! that it may run at every start.

use anyhow::{bail, Context as _};
use ips_chain::{keys::address_of, AccountSigner, SubxtClient, SubxtReader};
use ips_engine::chain::{Call, ChainClient as _, ChainReader as _, Registration};
use ips_primitives::{
    consent::{Consent, ConsentNote, Consents, NodeRole},
    deal::Ask,
    id::{AccountKey, Balance, BlockNumber, ProviderId},
    node_class::NodeClass,
    view::NodeView,
};
use ips_swarm::{Address, PeerId};

/// Addresses that the chain keeps of a node.
const ADDRESSES_MAX: usize = 8;
/// Blocks in which a registration may be included; enough for a chain node that lags.
const CONSENT_BLOCKS: BlockNumber = 14_400;
/// Bytes of one address that the chain keeps.
const ADDRESS_BYTES_MAX: usize = 128;

/// What a node offers, and what its owner puts in.
#[derive(Clone, Debug)]
pub struct Offer {
    /// Class to register as.
    pub class: NodeClass,
    /// Who runs it; `None` = the owner. One operator holds at most one slot of a group.
    pub operator: Option<AccountSigner>,
    /// Bytes of slots that are taken at most.
    pub capacity_bytes: u64,
    /// Price and longest deal.
    pub ask: Ask,
    /// Collateral pledged in all; more is pledged if the chain shows less.
    pub pledge: Balance,
    /// The worker's balance for fees; topped up at the start if it is below half.
    pub worker_balance: Balance,
}

/// How others reach the node.
pub(crate) struct Reachable {
    pub(crate) peer: PeerId,
    pub(crate) addresses: Vec<Address>,
}

impl Reachable {
    fn peer_bytes(&self) -> Vec<u8> {
        self.peer.to_bytes()
    }

    /// As many as the chain takes; others find the rest through the directory of nodes.
    fn address_bytes(&self) -> Vec<Vec<u8>> {
        let all = self.addresses.iter().map(Address::to_bytes);
        all.filter(|bytes| bytes.len() <= ADDRESS_BYTES_MAX)
            .take(ADDRESSES_MAX)
            .collect()
    }
}

/// Does as the owner what is missing on the chain.
pub(crate) async fn as_owner(
    owner: &SubxtClient,
    signer: &AccountSigner,
    offer: &Offer,
    reach: &Reachable,
) -> anyhow::Result<()> {
    let worker = signer.account();
    let provider = ProviderId(owner.account().0);
    let known = owner.node(provider).await?;
    let (ask, pledged) = match &known {
        None => {
            register(owner, signer, offer, reach).await?;
            (None, 0)
        }
        Some(node) => {
            ensure_worker(node, worker)?;
            update_addresses(owner, node, reach).await?;
            (node.ask, node.pledged)
        }
    };
    let balance = owner.balance(worker).await?;
    if balance < offer.worker_balance / 2 {
        let amount = offer.worker_balance - balance;
        tracing::info!(
            worker = address_of(worker),
            amount,
            "topping up the worker's fees"
        );
        owner
            .submit(Call::Transfer { to: worker, amount })
            .await
            .context("top up the worker")?;
    }
    if pledged < offer.pledge {
        let amount = offer.pledge - pledged;
        tracing::info!(amount, "pledging collateral");
        owner
            .submit(Call::Pledge(amount))
            .await
            .context("pledge collateral")?;
    }
    if ask != Some(offer.ask) {
        let (price, blocks) = (offer.ask.price_per_mib_block, offer.ask.duration_blocks_max);
        tracing::info!(price, blocks, "setting the ask");
        owner
            .submit(Call::SetAsk(offer.ask))
            .await
            .context("set the ask")?;
    }
    Ok(())
}

async fn register(
    owner: &SubxtClient,
    signer: &AccountSigner,
    offer: &Offer,
    reach: &Reachable,
) -> anyhow::Result<()> {
    let worker = signer.account();
    let valid_until = owner.heads().borrow().number.saturating_add(CONSENT_BLOCKS);
    let consent = |signer: &AccountSigner, role| {
        let note = ConsentNote {
            genesis: owner.reader().genesis(),
            provider: ProviderId(owner.account().0),
            role,
            valid_until,
        };
        Consent {
            valid_until,
            signature: signer.sign(&note.signing_bytes()),
        }
    };
    let operator = offer.operator.as_ref();
    let registration = Registration {
        class: offer.class,
        worker,
        operator: operator.map_or(owner.account().0, |operator| operator.account().0),
        peer_id: reach.peer_bytes(),
        addresses: reach.address_bytes(),
        capacity_bytes: offer.capacity_bytes.min(offer.class.capacity_bytes_max()),
        consents: Consents {
            worker: Some(consent(signer, NodeRole::Worker)),
            operator: operator.map(|operator| consent(operator, NodeRole::Operator)),
        },
    };
    tracing::info!(
        owner = address_of(owner.account()),
        worker = address_of(worker),
        class = offer.class.name(),
        "registering the node"
    );
    owner
        .submit(Call::Register(registration))
        .await
        .context("register the node")?;
    Ok(())
}

async fn update_addresses(
    owner: &SubxtClient,
    node: &NodeView,
    reach: &Reachable,
) -> anyhow::Result<()> {
    let (peer_id, addresses) = (reach.peer_bytes(), reach.address_bytes());
    if node.peer_id == peer_id && node.addresses == addresses {
        return Ok(());
    }
    tracing::info!(peer = %reach.peer, ?reach.addresses, "telling the chain the new addresses");
    owner
        .submit(Call::UpdateAddresses { peer_id, addresses })
        .await
        .context("update the addresses")?;
    Ok(())
}

fn ensure_worker(node: &NodeView, worker: AccountKey) -> anyhow::Result<()> {
    if node.worker == worker {
        return Ok(());
    }
    bail!(
        "node {} is registered with worker {} but this base path has the key of {}; start with the \
         base path of that worker, or register with another owner",
        address_of(AccountKey(node.provider.0)),
        address_of(node.worker),
        address_of(worker)
    )
}

/// The provider that this worker serves, without an owner's key.
pub(crate) async fn as_worker(
    reader: &SubxtReader,
    worker: AccountKey,
) -> anyhow::Result<ProviderId> {
    let Some(provider) = reader.provider_of(worker).await? else {
        bail!(
            "no node is registered with worker {}; start once with --owner, or register this worker \
             by the owner's wallet",
            address_of(worker)
        );
    };
    Ok(provider)
}

/// Warns if the chain sends others to the wrong place and no owner is here to change that.
pub(crate) async fn check_addresses(
    reader: &SubxtReader,
    provider: ProviderId,
    reach: &Reachable,
) -> anyhow::Result<()> {
    let Some(node) = reader.node(provider).await? else {
        return Ok(());
    };
    if node.peer_id != reach.peer_bytes() || node.addresses != reach.address_bytes() {
        tracing::warn!(
            peer = %reach.peer,
            addresses = ?reach.addresses,
            "the chain lists other addresses; start once with --owner to update them"
        );
    }
    Ok(())
}
