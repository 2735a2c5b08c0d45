//! The short commands: `keygen`, `ls`, `status`, `nodes`, `balance`.

use std::collections::BTreeMap;

use ips_chain::{keys, AccountSigner};
use ips_engine::chain::ChainReader;
use ips_primitives::{
    deal::SlotState,
    fragment::Level,
    id::{AccountKey, FileId},
    view::{NodeView, OrderView},
};
use serde::Serialize;
use serde_json::json;

use crate::{
    cli::{BalanceArgs, FileArgs, Global, KeygenArgs},
    connection::{self, address, holder_of},
    error::ClientError,
    terminal::Terminal,
};

/// Decimal places of the token.
const TOKEN: u128 = 1_000_000_000_000;
/// Most nodes that are listed.
const NODES_MAX: u32 = 1024;

pub(crate) fn keygen(args: &KeygenArgs, terminal: &Terminal) -> Result<(), ClientError> {
    let signer = AccountSigner::generate(&args.out)?;
    let account = keys::address_of(signer.account());
    let path = args.out.display().to_string();
    let object =
        json!({"account": account, "public": hex::encode(signer.account().0), "key": path});
    terminal.result(&object, || {
        format!("{account}\nkey written to {path}; whoever has it can read your files")
    });
    Ok(())
}

/// A file in a list.
#[derive(Debug, Serialize)]
struct FileLine {
    file: String,
    name: Option<String>,
    length: Option<u64>,
    level: Option<&'static str>,
    orders: Vec<u64>,
    slots: usize,
    /// Slots by state.
    states: BTreeMap<&'static str, usize>,
    held: String,
}

pub(crate) async fn ls(global: &Global, terminal: &Terminal) -> Result<(), ClientError> {
    let signer = connection::signer(global)?;
    let state = connection::state(global)?;
    let reader = connection::reader(global).await?;
    let orders = reader.orders_of_client(signer.account()).await?;
    let mut by_file = BTreeMap::<FileId, Vec<OrderView>>::new();
    for order in orders {
        by_file.entry(order.params.file).or_default().push(order);
    }
    let mut lines = Vec::with_capacity(by_file.len());
    for (file, orders) in &by_file {
        let record = state.record(file)?;
        lines.push(FileLine {
            file: hex::encode(file.0),
            name: record.as_ref().map(|record| record.name.clone()),
            length: record.as_ref().map(|record| record.length),
            level: orders[0].params.erasure.level().map(Level::name),
            orders: orders.iter().map(|order| order.id.0).collect(),
            slots: orders.iter().map(|order| order.slots.len()).sum(),
            states: states_of(orders),
            held: orders
                .iter()
                .map(|order| order.held)
                .sum::<u128>()
                .to_string(),
        });
    }
    terminal.result(&json!({"files": lines}), || {
        if lines.is_empty() {
            return "no files yet; store one with: ips put FILE".into();
        }
        lines.iter().map(file_text).collect::<Vec<_>>().join("\n")
    });
    Ok(())
}

fn file_text(line: &FileLine) -> String {
    let length = line
        .length
        .map_or_else(|| "?".into(), |length| length.to_string());
    format!(
        "{}  {}  {length} bytes  level {}  {}",
        line.file,
        line.name.as_deref().unwrap_or("(stored elsewhere)"),
        line.level.unwrap_or("?"),
        states_text(&line.states)
    )
}

/// A slot with all that the chain knows of it.
#[derive(Debug, Serialize)]
struct SlotLine {
    order: u64,
    group: u16,
    slot: u16,
    state: SlotState,
    provider: Option<String>,
    sectors: Vec<u64>,
    price_per_mib_block: String,
    paid: String,
}

pub(crate) async fn status(
    global: &Global,
    args: &FileArgs,
    terminal: &Terminal,
) -> Result<(), ClientError> {
    let state = connection::state(global)?;
    let file = args.file.0;
    let reader = connection::reader(global).await?;
    let orders = reader.orders_of_file(file).await?;
    let Some(first) = orders.first() else {
        return Err(ClientError::UnknownFile(hex::encode(file.0)));
    };
    let record = state.record(&file)?;
    let slots: Vec<SlotLine> = orders.iter().flat_map(slot_lines).collect();
    let erasure = first.params.erasure;
    let readable = orders.iter().all(|order| {
        let held = order.slots.iter().filter(|slot| {
            matches!(
                slot.state,
                SlotState::Confirmed | SlotState::Active | SlotState::Faulty
            )
        });
        held.count() >= usize::from(erasure.data)
    });
    let object = json!({
        "file": hex::encode(file.0),
        "name": record.as_ref().map(|record| &record.name),
        "length": record.as_ref().map(|record| record.length),
        "level": erasure.level().map(Level::name),
        "data": erasure.data,
        "parity": erasure.parity,
        "readable": readable,
        "states": states_of(&orders),
        "slots": slots,
    });
    terminal.result(&object, || {
        let mut text = format!(
            "{}\nany {} of {} slots give a group back; {}; {}",
            hex::encode(file.0),
            erasure.data,
            erasure.total(),
            states_text(&states_of(&orders)),
            if readable {
                "readable"
            } else {
                "NOT readable now"
            }
        );
        for slot in &slots {
            let provider = slot.provider.as_deref().unwrap_or("-");
            text += &format!(
                "\n  order {} slot {:2}  {:9}  {provider}  sectors {:?}  paid {}",
                slot.order,
                slot.slot,
                state_name(slot.state),
                slot.sectors,
                slot.paid
            );
        }
        text
    });
    Ok(())
}

fn slot_lines(order: &OrderView) -> impl Iterator<Item = SlotLine> + '_ {
    order.slots.iter().map(|slot| SlotLine {
        order: order.id.0,
        group: order.params.group,
        slot: slot.index.0,
        state: slot.state,
        provider: slot.provider.map(address),
        sectors: slot.sectors.iter().map(|(_, sector)| sector.0).collect(),
        price_per_mib_block: slot.price_per_mib_block.to_string(),
        paid: slot.paid.to_string(),
    })
}

pub(crate) async fn nodes(global: &Global, terminal: &Terminal) -> Result<(), ClientError> {
    let reader = connection::reader(global).await?;
    let nodes = reader.nodes(NODES_MAX).await?;
    let lines: Vec<_> = nodes.iter().map(node_object).collect();
    terminal.result(&json!({"nodes": lines}), || {
        if nodes.is_empty() {
            return "no storage node is registered on this chain".into();
        }
        nodes.iter().map(node_text).collect::<Vec<_>>().join("\n")
    });
    Ok(())
}

fn node_object(node: &NodeView) -> serde_json::Value {
    let holder = holder_of(node);
    json!({
        "provider": address(node.provider),
        "class": node.class.name(),
        "operator": hex::encode(node.operator),
        "peer": holder.as_ref().map(|holder| holder.peer.to_string()),
        "addresses": holder.map(|holder| {
            holder.addresses.iter().map(ToString::to_string).collect::<Vec<_>>()
        }),
        "capacity_bytes": node.capacity_bytes,
        "used_bytes": node.used_bytes,
        "reliability_permille": node.reliability_permille,
        "price_per_mib_block": node.ask.map(|ask| ask.price_per_mib_block.to_string()),
        "duration_blocks_max": node.ask.map(|ask| ask.duration_blocks_max),
        "pledged": node.pledged.to_string(),
        "locked": node.locked.to_string(),
    })
}

fn node_text(node: &NodeView) -> String {
    let ask = node.ask.map_or_else(
        || "takes no deals".into(),
        |ask| format!("asks {} per MiB and block", ask.price_per_mib_block),
    );
    format!(
        "{}  {:12}  {} of {} bytes used  {}/1000 reliable  {ask}",
        address(node.provider),
        node.class.name(),
        node.used_bytes,
        node.capacity_bytes,
        node.reliability_permille
    )
}

pub(crate) async fn balance(
    global: &Global,
    args: &BalanceArgs,
    terminal: &Terminal,
) -> Result<(), ClientError> {
    let account: AccountKey = match &args.account {
        Some(text) => keys::parse_account(text)?,
        None => connection::signer(global)?.account(),
    };
    let free = connection::reader(global).await?.balance(account).await?;
    let address = keys::address_of(account);
    terminal.result(
        &json!({"account": address, "free": free.to_string()}),
        || format!("{address}  {} IPS ({free})", in_tokens(free)),
    );
    Ok(())
}

/// An amount in whole tokens.
pub(crate) fn in_tokens(amount: u128) -> String {
    let fraction = format!("{:012}", amount % TOKEN);
    match fraction.trim_end_matches('0') {
        "" => (amount / TOKEN).to_string(),
        fraction => format!("{}.{fraction}", amount / TOKEN),
    }
}

fn state_name(state: SlotState) -> &'static str {
    match state {
        SlotState::Open => "open",
        SlotState::Claimed => "claimed",
        SlotState::Confirmed => "confirmed",
        SlotState::Active => "active",
        SlotState::Faulty => "faulty",
        SlotState::Lost => "lost",
        SlotState::Expired => "expired",
    }
}

fn states_of(orders: &[OrderView]) -> BTreeMap<&'static str, usize> {
    let mut states = BTreeMap::new();
    for slot in orders.iter().flat_map(|order| &order.slots) {
        *states.entry(state_name(slot.state)).or_default() += 1;
    }
    states
}

fn states_text(states: &BTreeMap<&'static str, usize>) -> String {
    let parts: Vec<String> = states
        .iter()
        .map(|(name, count)| format!("{count} {name}"))
        .collect();
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_shown_in_tokens_without_idle_zeros() {
        assert_eq!(in_tokens(0), "0");
        assert_eq!(in_tokens(TOKEN), "1");
        assert_eq!(in_tokens(TOKEN * 12 + TOKEN / 2), "12.5");
        assert_eq!(in_tokens(1), "0.000000000001");
    }

    #[test]
    fn lines_have_the_keys_that_scripts_read() {
        let line = SlotLine {
            order: 1,
            group: 0,
            slot: 2,
            state: SlotState::Active,
            provider: None,
            sectors: vec![7],
            price_per_mib_block: "3".into(),
            paid: "4".into(),
        };
        let value = serde_json::to_value(&line).unwrap();
        assert_eq!(value["state"], "Active");
        assert_eq!(value["sectors"], json!([7]));
        let line = FileLine {
            file: "ab".into(),
            name: None,
            length: None,
            level: Some("1/2"),
            orders: vec![1],
            slots: 6,
            states: [("open", 6)].into(),
            held: "9".into(),
        };
        assert!(file_text(&line).contains("6 open"));
        assert_eq!(serde_json::to_value(&line).unwrap()["states"]["open"], 6);
    }
}
