//! What a command talks to: the chain, the storage network, the state folder.

use std::{collections::HashMap, path::PathBuf};

use ips_chain::{keys, AccountSigner, SubmitterConfig, SubxtClient, SubxtReader};
use ips_engine::{chain::ChainReader, retrieval::Holder};
use ips_primitives::{
    id::{AccountKey, ProviderId},
    view::NodeView,
};
use ips_swarm::{spawn_on_own_runtime, Address, NodeKey, PeerId, Swarm, SwarmConfig};

use crate::{cli::Global, error::ClientError, state::State};

/// The key that the command line names.
pub(crate) fn signer(global: &Global) -> Result<AccountSigner, ClientError> {
    let text = global.key.as_deref().ok_or(ClientError::NoKey)?;
    Ok(AccountSigner::parse(text)?)
}

/// A chain that is only read.
pub(crate) async fn reader(global: &Global) -> Result<SubxtReader, ClientError> {
    Ok(SubxtReader::connect(&global.rpc).await?)
}

/// A chain on which the key's account acts.
pub(crate) async fn client(
    global: &Global,
    signer: AccountSigner,
    state: &State,
) -> Result<SubxtClient, ClientError> {
    let reader = reader(global).await?;
    let config = SubmitterConfig {
        folder: Some(state.journal_folder()),
    };
    Ok(SubxtClient::new(reader, signer, &config))
}

/// The state folder.
pub(crate) fn state(global: &Global) -> Result<State, ClientError> {
    let folder = match &global.state {
        Some(folder) => folder.clone(),
        None => default_folder().ok_or(ClientError::NoHome)?,
    };
    Ok(State::new(folder))
}

fn default_folder() -> Option<PathBuf> {
    let set = |name| {
        std::env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    let data = set("XDG_DATA_HOME").or_else(|| Some(set("HOME")?.join(".local/share")))?;
    Some(data.join("ips"))
}

/// The storage network, as a customer: only asks, under a name made for this run.
pub(crate) fn swarm(global: &Global, reader: &SubxtReader) -> Result<Swarm, ClientError> {
    let mut config = SwarmConfig::client(reader.genesis(), NodeKey::random());
    config.local_network = is_local(&global.rpc);
    // The thread ends with the last handle of the swarm.
    let (swarm, _thread) = spawn_on_own_runtime(config, None)?;
    Ok(swarm)
}

fn is_local(url: &str) -> bool {
    ["//127.", "//localhost", "//[::1]"]
        .iter()
        .any(|host| url.contains(host))
}

/// Nodes by owner, each asked of the chain once.
pub(crate) struct Nodes<'a> {
    chain: &'a dyn ChainReader,
    known: HashMap<ProviderId, Option<Holder>>,
}

impl<'a> Nodes<'a> {
    pub(crate) fn new(chain: &'a dyn ChainReader) -> Self {
        Self {
            chain,
            known: HashMap::new(),
        }
    }

    /// Asks the chain anew when a provider is next needed: it may have moved.
    pub(crate) fn forget(&mut self, provider: ProviderId) {
        self.known.remove(&provider);
    }

    /// How to reach a provider; `None` if it is not registered or its entry is unusable.
    pub(crate) async fn holder(
        &mut self,
        provider: ProviderId,
    ) -> Result<Option<Holder>, ClientError> {
        if let Some(known) = self.known.get(&provider) {
            return Ok(known.clone());
        }
        let holder = self
            .chain
            .node(provider)
            .await?
            .and_then(|view| holder_of(&view));
        self.known.insert(provider, holder.clone());
        Ok(holder)
    }
}

/// The network name and addresses in a node's registration; addresses that make no sense are left
/// out.
pub(crate) fn holder_of(view: &NodeView) -> Option<Holder> {
    let peer = PeerId::from_bytes(&view.peer_id).ok()?;
    let addresses = view
        .addresses
        .iter()
        .filter_map(|bytes| Address::from_bytes(bytes).ok())
        .collect();
    Some(Holder {
        provider: view.provider,
        peer,
        addresses,
    })
}

/// The address of a provider's owner.
pub(crate) fn address(provider: ProviderId) -> String {
    keys::address_of(AccountKey(provider.0))
}
