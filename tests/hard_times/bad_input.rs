//! What a customer can do wrong, and holders that answer wrongly or not at all.

use std::{
    collections::BTreeSet,
    ffi::OsStr,
    future::Future,
    path::Path,
    pin::Pin,
    time::{Duration, Instant},
};

use anyhow::{bail, ensure, Context};
use ips_chain::keys::address_of;
use ips_engine::chain::ChainReader;
use ips_primitives::id::{AccountKey, FileId};
use ips_tests::{
    customer::{file_id, Answer},
    process::Signal,
    provider,
};

use crate::world::{fact, get_to, list, same, World};

/// Longest time of reading a small file past a holder that hangs: its requests are hedged long before
/// the ten minutes that a hanging proof of extract may take.
const HEDGED: Duration = Duration::from_secs(60);

pub(crate) fn scenario(
    world: &mut World,
) -> Pin<Box<dyn Future<Output = anyhow::Result<()>> + '_>> {
    Box::pin(async move {
        too_few_nodes(world).await?;
        refused_before_anything_is_ordered(world).await?;
        let file = one_byte(world).await?;
        wrong_readers(world, file).await?;
        full_disk(world, file).await?;
        same_bytes_twice(world).await?;
        asked_to_stop(world).await?;
        let path = world.file("bigger", 2_000_000)?;
        let alice = world.customer("//Alice", "alice");
        let file = file_id(&alice.run(&put(&path, &[])).await?.success()?)?;
        damaged_fragment(world, file, &path).await?;
        hanging_holder(world, file, &path).await?;
        too_few_holders(world, file, &path).await
    })
}

fn put<'a>(path: &'a Path, more: &'a [&'a str]) -> Vec<&'a OsStr> {
    let more = more.iter().map(OsStr::new);
    [OsStr::new("put")]
        .into_iter()
        .chain(more)
        .chain([path.as_os_str()])
        .collect()
}

/// Fails unless a command ended with an error of this exit code whose message holds `words`.
fn expect(answer: &Answer, code: i32, words: &str) -> anyhow::Result<()> {
    ensure!(
        answer.code == Some(code) && answer.message().contains(words),
        "expected exit code {code} and {words:?}, got {:?}: {}",
        answer.code,
        answer.json
    );
    Ok(())
}

/// Five nodes can not fill a group of six slots; a sixth can.
async fn too_few_nodes(world: &mut World) -> anyhow::Result<()> {
    fact("five nodes are too few, and nothing is ordered");
    let path = world.file("lonely", 1_000)?;
    let answer = world
        .customer("//Alice", "alice")
        .run(&put(&path, &[]))
        .await?;
    expect(&answer, 6, "5 of 6 slots")?;
    ensure!(
        world.watcher.next_order().await?.0 == 0,
        "an order was placed"
    );
    world.network.start_storage(6)?;
    world.registered(6).await
}

async fn refused_before_anything_is_ordered(world: &mut World) -> anyhow::Result<()> {
    fact("what cannot be stored or paid is refused before anything is ordered");
    let alice = world.customer("//Alice", "alice");
    let empty = world.file("empty", 0)?;
    expect(&alice.run(&put(&empty, &[])).await?, 2, "is empty")?;
    let missing = world.path("missing");
    expect(&alice.run(&put(&missing, &[])).await?, 2, "cannot read")?;
    let folder = world.path("folder");
    std::fs::create_dir(&folder)?;
    expect(&alice.run(&put(&folder, &[])).await?, 2, "folder")?;
    let dangling = world.path("dangling");
    std::os::unix::fs::symlink(&missing, &dangling)?;
    expect(&alice.run(&put(&dangling, &[])).await?, 2, "cannot read")?;
    let pipe = world.path("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status()?;
    ensure!(made.success(), "mkfifo: {made}");
    expect(&alice.run(&put(&pipe, &[])).await?, 2, "regular file")?;

    let path = world.file("fine", 1_000)?;
    expect(
        &alice.run(&put(&path, &["--price", "1"])).await?,
        2,
        "too low",
    )?;
    let poor = world.customer("//Poor", "poor");
    let answer = poor.run(&put(&path, &[])).await?;
    expect(&answer, 4, "not enough funds")?;
    ensure!(answer.json["error"]["have"] == "0", "{}", answer.json);
    ensure!(
        world.watcher.next_order().await?.0 == 0,
        "an order was placed"
    );
    Ok(())
}

/// One byte is stored, and read before it is sealed.
async fn one_byte(world: &World) -> anyhow::Result<FileId> {
    fact("one byte is stored and read back, sealed or not");
    let path = world.file("byte", 1)?;
    let alice = world.customer("//Alice", "alice");
    let file = file_id(&alice.run(&put(&path, &[])).await?.success()?)?;
    read(world, "byte", file, &path).await?;
    Ok(file)
}

/// Reads as Alice on a machine that has nothing but the key, and compares.
async fn read(world: &World, machine: &str, file: FileId, original: &Path) -> anyhow::Result<()> {
    let out = world.path(&format!("{machine}-fetched"));
    let reader = world.customer("//Alice", &format!("{machine}-state"));
    reader.run(&get_to(file, &out)).await?.success()?;
    same(original, &out)
}

async fn wrong_readers(world: &World, file: FileId) -> anyhow::Result<()> {
    fact("an unknown file and a wrong key are told, and cost nothing");
    let out = world.path("stolen");
    let alice = world.customer("//Alice", "alice");
    let unknown = alice.run(&get_to(FileId([7; 32]), &out)).await?;
    expect(&unknown, 2, "no file")?;
    let bob = world.customer("//Bob", "bob");
    let before = world.chain.balance(ips_tests::account("//Bob")?).await?;
    expect(&bob.run(&get_to(file, &out)).await?, 2, "key")?;
    ensure!(!out.exists(), "a wrong key left a file");
    let after = world.chain.balance(ips_tests::account("//Bob")?).await?;
    ensure!(before == after, "a wrong key cost {}", before - after);
    Ok(())
}

async fn full_disk(world: &World, file: FileId) -> anyhow::Result<()> {
    fact("a disk that fills up is told");
    let alice = world.customer("//Alice", "alice");
    let answer = alice.run(&get_to(file, Path::new("/dev/full"))).await?;
    expect(&answer, 1, "No space left")
}

/// Public bytes have one name: a second put finds them. Two processes share one state folder.
async fn same_bytes_twice(world: &World) -> anyhow::Result<()> {
    fact("the same public bytes are ordered once, and two tools share one state folder");
    let path = world.file("public", 30_000)?;
    let alice = world.customer("//Alice", "alice");
    let first = alice.run(&put(&path, &["--public"])).await?.success()?;
    let second = alice.run(&put(&path, &["--public"])).await?.success()?;
    ensure!(first["placed"] == 1 && second["placed"] == 0, "{second}");
    ensure!(first["orders"] == second["orders"], "{first} {second}");
    let file = file_id(&first)?;
    ensure!(file_id(&second)? == file, "{second}");
    let out = ["left", "right"].map(|name| world.path(name));
    let arguments = [get_to(file, &out[0]), get_to(file, &out[1])];
    let (left, right) = tokio::join!(alice.run(&arguments[0]), alice.run(&arguments[1]));
    left?.success()?;
    right?.success()?;
    same(&path, &out[0])?;
    same(&path, &out[1])
}

async fn asked_to_stop(world: &mut World) -> anyhow::Result<()> {
    fact("a put that is asked to stop says how it goes on");
    let path = world.file("halted", 1_000)?;
    let eve = world.customer("//Eve", "eve");
    let mut child = eve.start(&put(&path, &["--wait", "sealed"]))?;
    world
        .until("every slot is confirmed", async |world| {
            if let Some(status) = child.try_wait()? {
                bail!("put ended by itself: {status}");
            }
            let orders = world
                .chain
                .orders_of_client(ips_tests::account("//Eve")?)
                .await?;
            let mut slots = orders.iter().flat_map(|order| &order.slots);
            Ok(!orders.is_empty() && slots.all(|slot| slot.confirmed_at.is_some()))
        })
        .await?;
    let answer = stop(child).await?;
    expect(&answer, 130, "ips put --resume")?;
    let uploads = eve.run(&["uploads"]).await?.success()?;
    let waiting = list(&uploads, "uploads")?;
    ensure!(waiting.len() == 1, "{uploads}");
    ensure!(
        waiting[0]["file"] == answer.json["error"]["file"],
        "{uploads}"
    );
    let id = hex::encode(file_id(&waiting[0])?.0);
    let resumed = eve.run(&["put", "--resume", &id]).await?.success()?;
    ensure!(resumed["placed"] == 0, "{resumed}");
    let uploads = eve.run(&["uploads"]).await?.success()?;
    ensure!(list(&uploads, "uploads")?.is_empty(), "{uploads}");
    Ok(())
}

/// Asks a running tool to end, and reads its answer.
async fn stop(child: tokio::process::Child) -> anyhow::Result<Answer> {
    let id = child.id().context("it has ended by itself")?.to_string();
    let sent = std::process::Command::new("kill")
        .args(["-TERM", &id])
        .status()?;
    ensure!(sent.success(), "kill: {sent}");
    let output = child.wait_with_output().await?;
    Ok(Answer {
        code: output.status.code(),
        json: serde_json::from_slice(&output.stdout)?,
    })
}

/// Flips a bit in every fragment that one holder of a data slot keeps.
async fn damaged_fragment(world: &World, file: FileId, path: &Path) -> anyhow::Result<()> {
    fact("damaged fragments are noticed and fetched elsewhere");
    let holder = *world.holders(file).await?.first().context("no holder")?;
    let fragments = world
        .network
        .storage_folder(holder)
        .join("store")
        .join("fragments");
    let mut damaged = 0;
    let mut folders = vec![fragments];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder)? {
            let entry = entry?.path();
            if entry.is_dir() {
                folders.push(entry);
            } else {
                let mut bytes = std::fs::read(&entry)?;
                if let Some(byte) = bytes.get_mut(100) {
                    *byte ^= 1;
                    std::fs::write(&entry, bytes)?;
                    damaged += 1;
                }
            }
        }
    }
    ensure!(damaged > 0, "node{holder} keeps no fragment");
    read(world, "damaged", file, path).await
}

async fn hanging_holder(world: &World, file: FileId, path: &Path) -> anyhow::Result<()> {
    fact("a holder that hangs is hedged");
    let holder = *world.holders(file).await?.get(1).context("no holder")?;
    world.network.signal_storage(holder, Signal::Stop)?;
    let since = Instant::now();
    let outcome = read(world, "hanging", file, path).await;
    let took = since.elapsed();
    world.network.signal_storage(holder, Signal::Continue)?;
    outcome?;
    if took > HEDGED {
        bail!("reading past a hanging holder took {} s", took.as_secs());
    }
    Ok(())
}

/// Four of six holders die: what is missing is told exactly. They come back: the file is there.
async fn too_few_holders(world: &mut World, file: FileId, path: &Path) -> anyhow::Result<()> {
    fact("with too few holders it is told exactly what is missing, and nothing is lost");
    let dead: Vec<u32> = world.holders(file).await?.into_iter().take(4).collect();
    for index in &dead {
        world.network.kill_storage(*index)?;
    }
    let reader = world.customer("//Alice", "late");
    let out = world.path("late-file");
    let answer = reader.run(&get_to(file, &out)).await?;
    expect(&answer, 3, "")?;
    ensure!(!out.exists(), "a file was left without its bytes");
    let mut named = BTreeSet::new();
    for segment in list(&answer.json["error"], "missing")? {
        for failure in list(segment, "failures")? {
            let provider = failure["provider"].as_str().context("no provider")?;
            named.insert(provider.to_owned());
        }
    }
    let expected: BTreeSet<String> = dead
        .iter()
        .map(|index| Ok(address_of(AccountKey(provider(*index)?.0))))
        .collect::<anyhow::Result<_>>()?;
    ensure!(named == expected, "named {named:?}, dead are {expected:?}");
    for index in &dead {
        world.network.start_storage(*index)?;
    }
    let deadline = Instant::now() + Duration::from_secs(120);
    loop {
        let answer = reader.run(&get_to(file, &out)).await?;
        match answer.code {
            Some(0) => return same(path, &out),
            Some(3) if Instant::now() < deadline => world.next_block().await?,
            _ => bail!("the holders are back: {}", answer.json),
        }
    }
}
