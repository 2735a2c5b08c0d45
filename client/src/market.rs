//! How wide a group can be and what it costs, from the nodes' asks.

use std::collections::BTreeMap;

use ips_encoding::Layout;
use ips_primitives::{
    deal::storage_price,
    fragment::{ErasureParams, GroupWidth, Level},
    id::{Balance, BlockNumber},
    node_class::NodeClass,
    placement::collateral_for,
    view::NodeView,
};

use crate::error::ClientError;

/// What an account keeps beyond the price: the existential deposit and fees, generously.
pub(crate) const RESERVE: Balance = 2_000_000_000;
/// Fees of one order, generously.
const ORDER_FEE: Balance = 1_000_000_000;

/// What a customer needs of nodes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Need {
    pub(crate) level: Level,
    pub(crate) duration: BlockNumber,
    pub(crate) length: u64,
    pub(crate) encrypted: bool,
    /// Collateral that the chain locks for 1 MiB of a slot.
    pub(crate) collateral_per_mib: Balance,
}

impl Need {
    fn slot_bytes(&self, erasure: ErasureParams) -> u64 {
        Layout::for_file(erasure, self.length, self.encrypted).slot_bytes(0)
    }
}

/// What an order will say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Terms {
    pub(crate) erasure: ErasureParams,
    pub(crate) price: Balance,
    pub(crate) duration: BlockNumber,
}

/// What one operator would take: its lowest ask, and the class of that node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Offer {
    price: Balance,
    class: NodeClass,
}

/// Picks width and price.
///
/// As on the chain: one operator holds at most one slot of a group, and no class more than `parity`; a
/// node has room and free collateral for the slot.
pub(crate) fn terms(
    nodes: &[NodeView],
    price: Option<Balance>,
    need: &Need,
) -> Result<Terms, ClientError> {
    let by_width = GroupWidth::ALL.map(|width| {
        let erasure = ErasureParams::new(need.level, width);
        (erasure, offers(nodes, need, erasure))
    });
    let fills = |(erasure, offers): &&(ErasureParams, Vec<Offer>)| {
        seats(offers, Balance::MAX, *erasure) >= usize::from(erasure.total())
    };
    let Some((erasure, offers)) = by_width.iter().rev().find(fills) else {
        let (narrowest, offers) = &by_width[0];
        let found = seats(offers, Balance::MAX, *narrowest);
        let duration = need.duration;
        return Err(ClientError::TooFewNodes { found, duration });
    };
    let needed = usize::from(erasure.total());
    let enough = offers
        .iter()
        .map(|offer| offer.price)
        .find(|price| seats(offers, *price, *erasure) >= needed)
        .expect("the dearest offer fills the group, as was checked for this width");
    let price = price.unwrap_or_else(|| enough.saturating_add(enough / 10).saturating_add(1));
    let willing = seats(offers, price, *erasure);
    if willing < needed {
        return Err(ClientError::PriceTooLow {
            price,
            willing,
            needed,
            enough,
        });
    }
    Ok(Terms {
        erasure: *erasure,
        price,
        duration: need.duration,
    })
}

/// Offers of nodes that can take a slot, one of each operator, cheapest first.
fn offers(nodes: &[NodeView], need: &Need, erasure: ErasureParams) -> Vec<Offer> {
    let bytes = need.slot_bytes(erasure);
    let collateral = collateral_for(need.collateral_per_mib, bytes);
    let can_take = |node: &&NodeView| {
        node.capacity_bytes.saturating_sub(node.used_bytes) >= bytes
            && node.pledged.saturating_sub(node.locked) >= collateral
    };
    let mut by_operator = BTreeMap::<[u8; 32], Offer>::new();
    for node in nodes.iter().filter(can_take) {
        let ask = node
            .ask
            .filter(|ask| ask.duration_blocks_max >= need.duration);
        let Some(ask) = ask else { continue };
        let offer = Offer {
            price: ask.price_per_mib_block,
            class: node.class,
        };
        let lowest = by_operator.entry(node.operator).or_insert(offer);
        *lowest = offer.min(*lowest);
    }
    let mut offers: Vec<Offer> = by_operator.into_values().collect();
    offers.sort_unstable();
    offers
}

/// Slots of a group that offers up to `price` can fill.
fn seats(offers: &[Offer], price: Balance, erasure: ErasureParams) -> usize {
    let of_class = |class| {
        let fits = |offer: &&Offer| offer.class == class && offer.price <= price;
        offers
            .iter()
            .filter(fits)
            .count()
            .min(usize::from(erasure.parity))
    };
    NodeClass::ALL.into_iter().map(of_class).sum()
}

impl Terms {
    /// What an account needs to order a file: all that its orders hold at most, fees, and what must stay.
    pub(crate) fn total(&self, layout: &Layout) -> Balance {
        let slots = Balance::from(self.erasure.total());
        (0..layout.groups()).fold(RESERVE, |sum: Balance, group| {
            let slot = storage_price(self.price, layout.slot_bytes(group), self.duration);
            sum.saturating_add(slot.saturating_mul(slots))
                .saturating_add(ORDER_FEE)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ips_primitives::{
        deal::Ask,
        id::{AccountKey, ProviderId},
    };

    /// Classes alternate, so that no class has more than half.
    fn node(operator: u8, price: Balance) -> NodeView {
        NodeView {
            provider: ProviderId([operator; 32]),
            worker: AccountKey([operator; 32]),
            class: NodeClass::ALL[usize::from(operator % 2)],
            operator: [operator; 32],
            peer_id: Vec::new(),
            addresses: Vec::new(),
            capacity_bytes: 1 << 20,
            used_bytes: 0,
            reliability_permille: 1000,
            registered_at: 0,
            ask: Some(Ask {
                price_per_mib_block: price,
                duration_blocks_max: 50,
            }),
            pledged: 10,
            locked: 0,
        }
    }

    /// A file of one slot of 8 KiB, which locks 10.
    fn need(duration: BlockNumber) -> Need {
        Need {
            level: Level::Half,
            duration,
            length: 100,
            encrypted: true,
            collateral_per_mib: 10,
        }
    }

    #[test]
    fn width_counts_operators_that_take_the_deal() {
        let mut nodes: Vec<_> = (0..6).map(|i| node(i, 100 + Balance::from(i))).collect();
        let terms_of = |nodes: &[NodeView], duration| terms(nodes, None, &need(duration));
        let found = terms_of(&nodes, 50).unwrap();
        assert_eq!(found.erasure, ErasureParams { data: 3, parity: 3 });
        assert_eq!(
            found.price, 116,
            "a tenth and one above the sixth ask of 105"
        );
        assert!(matches!(
            terms_of(&nodes, 51),
            Err(ClientError::TooFewNodes {
                found: 0,
                duration: 51
            })
        ));
        nodes[5].operator = [0; 32];
        assert!(matches!(
            terms_of(&nodes, 50),
            Err(ClientError::TooFewNodes { found: 5, .. })
        ));
        nodes[5].operator = [5; 32];
        nodes[5].class = nodes[0].class;
        assert!(matches!(
            terms_of(&nodes, 50),
            Err(ClientError::TooFewNodes { found: 5, .. })
        ));
        nodes[5].class = nodes[1].class;
        let free = nodes[5].capacity_bytes - 8192;
        for (used, locked, fits) in [
            (free, 0, true),
            (free + 1, 0, false),
            (0, 1, false),
            (u64::MAX, 0, false),
        ] {
            (nodes[5].used_bytes, nodes[5].locked) = (used, locked);
            assert_eq!(terms_of(&nodes, 50).is_ok(), fits, "{used} {locked}");
        }
    }

    #[test]
    fn low_price_is_refused_with_the_price_that_would_do() {
        let nodes: Vec<_> = (0..6).map(|i| node(i, 100 + Balance::from(i))).collect();
        let error = terms(&nodes, Some(102), &need(10)).unwrap_err();
        assert!(matches!(
            error,
            ClientError::PriceTooLow {
                price: 102,
                willing: 3,
                needed: 6,
                enough: 105
            }
        ));
        assert!(error.to_string().contains("--price 105"));
        assert_eq!(terms(&nodes, Some(105), &need(10)).unwrap().price, 105);
    }

    #[test]
    fn total_is_the_price_of_every_slot_of_every_group() {
        let erasure = ErasureParams { data: 3, parity: 3 };
        let terms = Terms {
            erasure,
            price: 1 << 20,
            duration: 2,
        };
        // One segment of 8 KiB fragments.
        let layout = Layout::for_file(erasure, 100, false);
        assert_eq!(terms.total(&layout), 6 * 2 * 8192 + RESERVE + ORDER_FEE);
    }
}
