//! What the demo does besides when customers of other chains store files: a liquidity provider brings their
//! tokens in and makes pools, each customer stores, reads back, and takes home what is left.

use std::path::Path;

use anyhow::{ensure, Context};
use ips_chain::elsewhere::OtherChain;
use ips_primitives::{
    fragment::{ErasureParams, GroupWidth},
    id::Balance,
};
use ips_runtime::{constants::UNIT, SIBLING_ID};
use ips_tests::{
    account,
    customer::{file_id, Customer},
    root::Root,
};
use xcm::latest::{Junction::Parachain, Location};

use crate::{
    parachain::{Scenario, PATIENCE},
    steps::{same_bytes, Demo},
    Args,
};

/// Who brings tokens in: the sudo key's account, which is rich on every chain.
const PROVIDER: &str = "//Alice";
/// Of each side of a pool: one token is worth two IPS.
const POOL: (Balance, Balance) = (2_000 * UNIT, 1_000 * UNIT);

/// A chain that customers pay from.
struct Elsewhere {
    name: String,
    url: String,
    token: Location,
    customer: &'static str,
}

impl Demo<'_> {
    /// What the scenario does before the main job.
    pub(crate) async fn pay_from_elsewhere(
        &mut self,
        file: &Path,
        args: &Args,
    ) -> anyhow::Result<()> {
        let Some(parachain) = &self.parachain else {
            return Ok(());
        };
        if parachain.scenario != Scenario::Xcm {
            return Ok(());
        }
        let root = Root::new(parachain.rpc.clone(), PATIENCE)?;
        let relay = self.network.relay().context("no relay chain")?;
        let sibling = relay.sibling_rpc_url().context("no sibling")?;
        let chains = [
            Elsewhere {
                name: "relay".into(),
                url: relay.rpc_url(),
                token: Location::parent(),
                customer: "//Charlie",
            },
            Elsewhere {
                name: format!("sibling:{SIBLING_ID}"),
                url: sibling,
                token: Location::new(1, [Parachain(SIBLING_ID.into())]),
                customer: "//Dave",
            },
        ];
        for chain in &chains {
            self.make_pool(&root, chain).await?;
        }
        for chain in &chains {
            let line = self.store_and_go_home(chain, file, args).await?;
            println!("      {line}");
            self.governed.push(line);
        }
        Ok(())
    }

    /// The provider moves tokens here, as any customer could, and makes a pool with them.
    async fn make_pool(&mut self, root: &Root, chain: &Elsewhere) -> anyhow::Result<()> {
        println!("      a pool for the token of {}", chain.name);
        let provider = Customer::new(self.network, PROVIDER, "provider");
        let (amount, fee) = ((POOL.1 + UNIT).to_string(), UNIT.to_string());
        let program = ["xcm", "deposit", &amount, "--remote-fee", &fee];
        let from = ["--from", &chain.name, "--via", &chain.url];
        provider
            .run(&[&program[..], &from[..]].concat())
            .await?
            .success()?;
        let token = location(&chain.name);
        loop {
            let there = self
                .chain
                .foreign_balance(&token, account(PROVIDER)?)
                .await?;
            if there >= POOL.1 {
                break;
            }
            self.next_block(std::time::Instant::now())
                .await
                .with_context(|| format!("the token of {} does not arrive", chain.name))?;
        }
        let pair = || (Box::new(Location::here()), Box::new(chain.token.clone()));
        let (asset1, asset2) = pair();
        root.submit(pallet_asset_conversion::Call::create_pool { asset1, asset2 })
            .await?;
        let (asset1, asset2) = pair();
        root.submit(pallet_asset_conversion::Call::add_liquidity {
            asset1,
            asset2,
            amount1_desired: POOL.0,
            amount2_desired: POOL.1,
            amount1_min: 1,
            amount2_min: 1,
            mint_to: account(PROVIDER)?.0.into(),
        })
        .await
    }

    /// A customer stores a file, reads it back, and withdraws what is left.
    async fn store_and_go_home(
        &mut self,
        chain: &Elsewhere,
        file: &Path,
        args: &Args,
    ) -> anyhow::Result<String> {
        let Elsewhere { name, url, .. } = chain;
        println!("      {} of {name} stores a file", chain.customer);
        let other = OtherChain::connect(url).await?;
        let key = account(chain.customer)?;
        let state = format!("customer-of-{}", name.replace(':', "-"));
        let customer = Customer::new(self.network, chain.customer, &state);
        let before = other.balance(key).await?;
        let from = [
            "--from".as_ref(),
            name.as_ref(),
            "--via".as_ref(),
            url.as_ref(),
        ];
        let level = ["--level".as_ref(), args.level.name().as_ref()];
        let put = ["put".as_ref(), file.as_os_str()];
        let answer = customer
            .run(&[&put[..], &level[..], &from[..]].concat())
            .await?
            .success()?;
        let id = file_id(&answer)?;
        let width = GroupWidth::for_network(args.nodes as usize).context("too few nodes")?;
        let sectors = self
            .wait_sealed(id, ErasureParams::new(args.level, width))
            .await?;
        let out = self.network.folder().join(&state).with_extension("out");
        let text = hex::encode(id.0);
        let get: [&std::ffi::OsStr; 5] = [
            "get".as_ref(),
            text.as_ref(),
            "--no-pay".as_ref(),
            "-o".as_ref(),
            out.as_os_str(),
        ];
        customer.run(&get).await?.success()?;
        ensure!(same_bytes(file, &out)?, "{name}: the file differs");
        let stored = other.balance(key).await?;
        let withdraw = ["xcm".as_ref(), "withdraw".as_ref()];
        let withdraw = [&withdraw[..], &from[..]].concat();
        customer.run(&withdraw).await?.success()?;
        let home = self.wait_home(&other, key, stored).await?;
        ensure!(home < before, "{name}: storing cost nothing");
        Ok(format!(
            "xcm: a customer of {name} stored and read a file, {sectors} sectors proven; {} of its token \
             spent, of {} sent over",
            tokens(before - home),
            tokens(before - stored)
        ))
    }

    /// Until the customer has more at home than before.
    async fn wait_home(
        &mut self,
        other: &OtherChain,
        key: ips_primitives::id::AccountKey,
        less: Balance,
    ) -> anyhow::Result<Balance> {
        let since = std::time::Instant::now();
        loop {
            let now = other.balance(key).await?;
            if now > less {
                return Ok(now);
            }
            self.next_block(since).await.context("nothing comes home")?;
        }
    }
}

/// The token of a chain, by the name that the command line has for it.
fn location(name: &str) -> ips_primitives::xcm::Location {
    use ips_primitives::xcm::Chain;
    match name {
        "relay" => Chain::Relay.location(),
        _ => Chain::Sibling(SIBLING_ID.into()).location(),
    }
}

fn tokens(amount: Balance) -> String {
    format!("{:.3}", amount as f64 / UNIT as f64)
}
