//! Prices, collateral and lottery weight: pure formulas.

use ips_primitives::{
    deal::{storage_price, OrderParams, PRICE_UNIT_BYTES},
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

/// Collateral for a slot: each started MiB counts whole.
pub fn collateral_for(collateral_per_mib: Balance, slot_bytes: u64) -> Balance {
    collateral_per_mib.saturating_mul(Balance::from(slot_bytes.div_ceil(PRICE_UNIT_BYTES)))
}

/// Weight in the lottery: the class's, scaled by the reliability and rounded up; 0 if the provider is
/// less reliable than `permille_min`.
pub fn lottery_weight(class_weight: u64, permille: u16, permille_min: u16) -> u64 {
    if permille < permille_min {
        return 0;
    }
    class_weight
        .saturating_mul(u64::from(permille))
        .div_ceil(1000)
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
    fn collateral_counts_started_mebibytes() {
        for (per_mib, bytes, expected) in [
            (10, 1, 10),
            (10, 1 << 20, 10),
            (10, (1 << 20) + 1, 20),
            (0, 1 << 24, 0),
            (7, 0, 0),
        ] {
            assert_eq!(collateral_for(per_mib, bytes), expected);
        }
        assert_eq!(collateral_for(Balance::MAX, u64::MAX), Balance::MAX);
    }

    #[test]
    fn weight_follows_class_and_reliability() {
        for (class, permille, expected) in [
            (8, 1000, 8),
            (8, 500, 4),
            (1, 999, 1),
            (1, 200, 1),
            (8, 200, 2),
            (8, 199, 0),
            (8, 0, 0),
        ] {
            assert_eq!(
                lottery_weight(class, permille, 200),
                expected,
                "{class} {permille}"
            );
        }
    }

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
