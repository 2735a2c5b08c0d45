//! The flags of a storage node, shared by `ips-storage` and by a chain node with storage inside.

use std::{net::SocketAddr, num::NonZeroUsize, path::PathBuf, time::Duration};

use clap::Args;
use ips_primitives::{
    deal::Ask,
    id::{Balance, BlockNumber},
    node_class::NodeClass,
};
use ips_swarm::{Address, ThreadHook};

use crate::{onboarding::Offer, AccountSigner, ChainSource, StorageConfig};

/// Settings of a storage node that do not depend on where its chain and folder are.
#[derive(Clone, Debug, Args)]
pub struct StorageArguments {
    /// Owner's key: a development account such as //Node1, or a key file.
    #[arg(long, env = "IPS_OWNER")]
    owner: Option<String>,
    /// Class of this machine: mobile, personal or professional. Enterprise and super nodes are promoted
    /// by governance later.
    #[arg(long, default_value = "personal", value_parser = parse_class)]
    class: NodeClass,
    /// Key of who runs this machine, as for the owner; the owner by default. Signs once, at the
    /// registration. One operator holds at most one slot of a group of a file.
    #[arg(long)]
    operator: Option<String>,
    /// Space for slots, such as 10GiB; sealed copies need up to five times as much disk.
    #[arg(long, default_value = "10GiB", value_parser = parse_bytes)]
    capacity: u64,
    /// Price of holding 1 MiB for one block, in the smallest unit.
    #[arg(long, default_value_t = 1)]
    price: Balance,
    /// Longest deal accepted, in blocks.
    #[arg(long, default_value_t = 5_256_000)]
    duration_max: BlockNumber,
    /// Collateral pledged in all, in the smallest unit.
    #[arg(long, default_value_t = 0)]
    pledge: Balance,
    /// Balance of the worker key for fees, in the smallest unit; topped up by the owner at start.
    #[arg(long, default_value_t = 10_000_000_000_000)]
    worker_balance: Balance,
    /// Where to listen, such as /ip4/0.0.0.0/tcp/4001; may be repeated.
    #[arg(long)]
    listen: Vec<Address>,
    /// Address under which others reach this machine; may be repeated.
    #[arg(long)]
    external: Vec<Address>,
    /// A node to start from, with /p2p/<peer id> at its end; may be repeated.
    #[arg(long)]
    bootstrap: Vec<Address>,
    /// All nodes are on this machine or network: use loopback and private addresses.
    #[arg(long)]
    local: bool,
    /// Most connections with other nodes in each direction; 500 for class super, else 100.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    connections: Option<u32>,
    /// How many seconds a chain that does not answer is waited for at the start.
    #[arg(long, default_value_t = 60, value_name = "SECONDS")]
    chain_wait: u64,
    /// Folder of proof parameters; the user's cache by default.
    #[arg(long, env = "IPS_PARAMS")]
    params: Option<PathBuf>,
    /// Heavy proving steps at once.
    #[arg(long, default_value = "1")]
    cores: NonZeroUsize,
    /// Where to serve metrics for Prometheus, such as 127.0.0.1:9620; off by default. Open it to your own
    /// network only: it tells what the node holds.
    #[arg(long, value_name = "IP:PORT")]
    metrics: Option<SocketAddr>,
}

fn parse_class(text: &str) -> Result<NodeClass, String> {
    NodeClass::from_name(text).ok_or_else(|| {
        let names: Vec<_> = NodeClass::ALL.iter().map(|class| class.name()).collect();
        format!("choose one of {}", names.join(", "))
    })
}

fn parse_bytes(text: &str) -> Result<u64, String> {
    const UNITS: [(&str, u64); 9] = [
        ("KiB", 1 << 10),
        ("MiB", 1 << 20),
        ("GiB", 1 << 30),
        ("TiB", 1 << 40),
        ("KB", 1_000),
        ("MB", 1_000_000),
        ("GB", 1_000_000_000),
        ("TB", 1_000_000_000_000),
        ("B", 1),
    ];
    let unit = UNITS.iter().find(|(name, _)| text.ends_with(name));
    let (digits, factor) = match unit {
        Some((name, factor)) => (text.trim_end_matches(name), *factor),
        None => (text, 1),
    };
    let count: Option<u64> = digits.trim().parse().ok();
    count
        .and_then(|count| count.checked_mul(factor))
        .ok_or_else(|| "write a size like 10GiB, 500MB or 1048576".to_owned())
}

impl StorageArguments {
    /// The configuration of a node in `base_path` on `chain`.
    ///
    /// # Errors
    /// If the owner's key is no development name and no readable key file.
    pub fn into_config(
        self,
        base_path: PathBuf,
        chain: ChainSource,
        on_thread_start: Option<ThreadHook>,
    ) -> anyhow::Result<StorageConfig> {
        let key = |text: &Option<String>| text.as_deref().map(AccountSigner::parse).transpose();
        let (owner, operator) = (key(&self.owner)?, key(&self.operator)?);
        Ok(StorageConfig {
            base_path,
            chain,
            chain_wait: Duration::from_secs(self.chain_wait),
            owner,
            offer: Offer {
                class: self.class,
                operator,
                capacity_bytes: self.capacity,
                ask: Ask {
                    price_per_mib_block: self.price,
                    duration_blocks_max: self.duration_max,
                },
                pledge: self.pledge,
                worker_balance: self.worker_balance,
            },
            listen: self.listen,
            external: self.external,
            bootstrap: self.bootstrap,
            local_network: self.local,
            connections_max: self.connections,
            params: self.params,
            prover_cores: self.cores,
            metrics: self.metrics,
            on_thread_start,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units() {
        for (text, bytes) in [
            ("10GiB", 10 << 30),
            ("5 MB", 5_000_000),
            ("7", 7),
            ("7B", 7),
            ("2TiB", 2 << 40),
        ] {
            assert_eq!(parse_bytes(text), Ok(bytes), "{text}");
        }
        for text in ["", "GiB", "-1", "99999999999TiB", "1.5GiB"] {
            assert!(parse_bytes(text).is_err(), "{text}");
        }
    }
}
