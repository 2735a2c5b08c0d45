//! Making the chain know the node: register, addresses, pledge, ask, fees. Each only if needed, so
//! that it may run at every start.
//!
//! Addresses that change while the node runs are told as well ([`Announcer`]).

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
struct Reachable {
    peer: PeerId,
    addresses: Vec<Address>,
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

/// Tells the chain where the node is, at the start and whenever that changes.
pub(crate) struct Announcer {
    pub(crate) reader: SubxtReader,
    /// The owner, if its key is here: nobody else can change the entry on the chain.
    pub(crate) owner: Option<SubxtClient>,
    pub(crate) provider: ProviderId,
    pub(crate) peer: PeerId,
    /// What the settings say instead of the addresses that are bound.
    pub(crate) external: Vec<Address>,
    pub(crate) local_network: bool,
    /// What was told or warned about last.
    pub(crate) announced: Vec<Address>,
}

impl Announcer {
    /// How others reach the node that is bound to these addresses.
    fn reach(&self, bound: Vec<Address>) -> Reachable {
        let mut addresses = if self.external.is_empty() {
            bound
        } else {
            self.external.clone()
        };
        if self.external.is_empty() {
            addresses.retain(|address| address.is_reachable(self.local_network));
        }
        Reachable {
            peer: self.peer,
            addresses,
        }
    }

    /// Compares with what was told last; tells the chain what is new.
    pub(crate) async fn follow(&mut self, bound: Vec<Address>) -> anyhow::Result<()> {
        let reach = self.reach(bound);
        // A network that is down for a moment leaves no address: the old ones are the better guess.
        if reach.addresses.is_empty() || reach.addresses == self.announced {
            return Ok(());
        }
        let node = self.reader.node(self.provider).await?;
        match (&self.owner, node) {
            (Some(owner), Some(node)) => update_addresses(owner, &node, &reach).await?,
            (None, Some(node)) => warn_of_old_addresses(&node, &reach),
            (_, None) => {}
        }
        self.announced = reach.addresses;
        Ok(())
    }
}

/// Makes the chain know the node, as far as the keys that are here allow.
pub(crate) async fn onboard(
    announcer: &mut Announcer,
    worker: &AccountSigner,
    offer: &Offer,
    bound: Vec<Address>,
) -> anyhow::Result<()> {
    let reach = announcer.reach(bound);
    if reach.addresses.is_empty() {
        tracing::warn!(
            "no address of this machine can be reached from elsewhere; give --external, or --local if \
             all nodes are on this machine or network"
        );
    }
    match &announcer.owner {
        Some(owner) => as_owner(owner, worker, offer, &reach).await?,
        None => {
            if let Some(node) = announcer.reader.node(announcer.provider).await? {
                warn_of_old_addresses(&node, &reach);
            }
        }
    }
    announcer.announced = reach.addresses;
    Ok(())
}

/// Does as the owner what is missing on the chain.
async fn as_owner(
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
            warn_of_other_offer(node, offer);
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

/// Class, operator and capacity are registered once; here they only limit what this node takes.
fn warn_of_other_offer(node: &NodeView, offer: &Offer) {
    let operator = offer.operator.as_ref();
    let operator = operator.map_or(node.provider.0, |operator| operator.account().0);
    let capacity_bytes = offer.capacity_bytes.min(offer.class.capacity_bytes_max());
    let is_same = node.class == offer.class
        && node.operator == operator
        && node.capacity_bytes == capacity_bytes;
    if !is_same {
        tracing::warn!(
            class = node.class.name(),
            capacity_bytes = node.capacity_bytes,
            "the chain lists another class, operator or capacity than the settings; the owner can call \
             node_classes.set_capacity, or retire and register again"
        );
    }
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
fn warn_of_old_addresses(node: &NodeView, reach: &Reachable) {
    if node.peer_id != reach.peer_bytes() || node.addresses != reach.address_bytes() {
        tracing::warn!(
            peer = %reach.peer,
            addresses = ?reach.addresses,
            "the chain lists other addresses; start once with --owner to update them"
        );
    }
}
