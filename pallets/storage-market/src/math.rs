//! Prices: pure formulas.

use ips_primitives::{
    deal::{storage_price, OrderParams},
    id::Balance,
};

/// Highest price of one slot for its whole duration.
pub(crate) fn slot_price_max(params: &OrderParams) -> Balance {
    storage_price(
        params.price_per_mib_block_max,
        params.slot_bytes(),
        params.duration_blocks,
    )
}

/// Highest price of all slots; saturates at the largest amount, which no account can pay.
pub(crate) fn order_price(params: &OrderParams) -> Balance {
    slot_price_max(params).saturating_mul(Balance::from(params.erasure.total()))
}

/// `permille` thousandths of an amount, rounded down.
pub(crate) fn permille_of(amount: Balance, permille: u16) -> Balance {
    // Dividing first keeps it from overflowing; the remainder is below 1000.
    let (thousands, rest) = (amount / 1000, amount % 1000);
    let permille = Balance::from(permille);
    thousands
        .saturating_mul(permille)
        .saturating_add(rest * permille / 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn permille_rounds_down_and_does_not_overflow() {
        for (amount, permille, expected) in [
            (1000, 50, 50),
            (999, 50, 49),
            (1, 1000, 1),
            (12_345, 333, 4_110),
            (0, 500, 0),
        ] {
            assert_eq!(permille_of(amount, permille), expected);
        }
        assert_eq!(permille_of(Balance::MAX, 1000), Balance::MAX);
    }
}
