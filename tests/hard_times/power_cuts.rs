//! Processes that are killed at bad moments and started again.

use std::{collections::BTreeMap, future::Future, path::Path, pin::Pin};

use anyhow::{ensure, Context};
use ips_engine::chain::ChainReader;
use ips_primitives::{
    deal::SlotState,
    id::{FileId, ProviderId},
};
use ips_tests::{customer::file_id, watcher::Fact};

use crate::world::{fact, get_to, list, same, World};

pub(crate) fn scenario(
    world: &mut World,
) -> Pin<Box<dyn Future<Output = anyhow::Result<()>> + '_>> {
    Box::pin(async move {
        let path = world.file("precious", 2_000_000)?;
        let file = put_is_killed(world, &path).await?;
        chain_is_killed_while_put_goes_on(world, file).await?;
        nodes_and_chain_are_killed_while_sealing(world, file).await?;
        nobody_was_slashed(world)?;
        every_reading_is_paid(world, file, &path).await
    })
}

/// The customer's tool dies as soon as a node has claimed a slot of its order.
async fn put_is_killed(world: &mut World, path: &Path) -> anyhow::Result<FileId> {
    fact("a put that was killed can be resumed");
    let alice = world.customer("//Alice", "alice");
    let mut child = alice.start(&["put".as_ref(), path.as_os_str()])?;
    world
        .until("a slot is claimed", async |world| {
            let orders = world
                .chain
                .orders_of_client(ips_tests::account("//Alice")?)
                .await?;
            let mut slots = orders.iter().flat_map(|order| &order.slots);
            Ok(slots.any(|slot| slot.state == SlotState::Claimed))
        })
        .await?;
    child.kill().await?;
    let uploads = alice.run(&["uploads"]).await?.success()?;
    let unfinished = list(&uploads, "uploads")?;
    ensure!(unfinished.len() == 1, "{uploads}");
    file_id(&unfinished[0])
}

async fn chain_is_killed_while_put_goes_on(world: &mut World, file: FileId) -> anyhow::Result<()> {
    fact("a put survives the chain's death and return");
    let alice = world.customer("//Alice", "alice");
    let id = hex::encode(file.0);
    let child = alice.start(&["put", "--resume", &id])?;
    world.next_block().await?;
    world.network.kill_chain()?;
    world.network.start_chain()?;
    let output = child.wait_with_output().await?;
    let said = String::from_utf8_lossy(&output.stdout);
    ensure!(
        output.status.success(),
        "put ended with {}: {said}",
        output.status
    );
    let uploads = alice.run(&["uploads"]).await?.success()?;
    ensure!(list(&uploads, "uploads")?.is_empty(), "{uploads}");
    Ok(())
}

/// Each holder is killed at another moment of its sealing and started again, and the chain once.
async fn nodes_and_chain_are_killed_while_sealing(
    world: &mut World,
    file: FileId,
) -> anyhow::Result<()> {
    fact("storage nodes and the chain are killed while sealing; every slot is sealed all the same");
    let holders = world.holders(file).await?;
    let [first, second, third, ..] = holders[..] else {
        anyhow::bail!("{} holders", holders.len());
    };
    restart(world, first)?;
    world
        .until("a sector is pre-committed", async |world| {
            let pre_committed = |fact: &Fact| matches!(fact, Fact::PreCommitted(..));
            Ok(world.watcher.count(pre_committed) > 0)
        })
        .await?;
    restart(world, second)?;
    world.network.stop_chain()?;
    world.network.start_chain()?;
    world
        .until("a sector is proven", async |world| {
            Ok(world.watcher.count(|fact| matches!(fact, Fact::Sealed(..))) > 0)
        })
        .await?;
    restart(world, third)?;
    world.active(file).await?;
    let sectors = world.watcher.count(|fact| matches!(fact, Fact::Sealed(..)));
    ensure!(
        sectors == holders.len(),
        "{sectors} sectors for {} slots",
        holders.len()
    );
    Ok(())
}

fn restart(world: &mut World, index: u32) -> anyhow::Result<()> {
    world.network.kill_storage(index)?;
    world.network.start_storage(index)
}

fn nobody_was_slashed(world: &World) -> anyhow::Result<()> {
    fact("nobody lost collateral");
    let slashed: Vec<_> = world
        .watcher
        .seen
        .iter()
        .filter(|seen| matches!(seen.fact, Fact::Slashed(_, amount) if amount > 0))
        .collect();
    ensure!(slashed.is_empty(), "{slashed:?}");
    Ok(())
}

/// Two readings one after the other, both before the nodes claim: both are paid.
async fn every_reading_is_paid(world: &mut World, file: FileId, path: &Path) -> anyhow::Result<()> {
    fact("two readings in a row are both paid");
    let reader = world.customer("//Alice", "reader");
    let mut promised = BTreeMap::<String, u64>::new();
    for turn in 0..2 {
        let out = world.path(&format!("read-{turn}"));
        let answer = reader.run(&get_to(file, &out)).await?.success()?;
        same(path, &out)?;
        for provider in list(&answer, "providers")? {
            let name = provider["provider"].as_str().context("no provider")?;
            ensure!(provider["proof"] == "ok", "{provider}");
            *promised.entry(name.to_owned()).or_default() += 1;
        }
    }
    let expected: u64 = promised.values().sum();
    world
        .until("every voucher is claimed", async |world| {
            let claims: Vec<ProviderId> = world
                .watcher
                .seen
                .iter()
                .filter_map(|seen| match seen.fact {
                    Fact::Extract(provider, fee) if fee > 0 => Some(provider),
                    _ => None,
                })
                .collect();
            Ok(claims.len() as u64 >= expected)
        })
        .await
}
