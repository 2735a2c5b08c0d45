//! Who may take a slot: collateral and weight in the lottery (`docs/protocol.md` §3).
//!
//! The draw and its threshold are in [`crate::challenge`].

use crate::{deal::PRICE_UNIT_BYTES, id::Balance, node_class::NodeClass};

/// Collateral for a slot: each started MiB counts whole.
pub fn collateral_for(collateral_per_mib: Balance, slot_bytes: u64) -> Balance {
    collateral_per_mib.saturating_mul(Balance::from(slot_bytes.div_ceil(PRICE_UNIT_BYTES)))
}

/// What a provider's weight in the lottery of a slot comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Class of the node.
    pub class: NodeClass,
    /// Moving average of kept promises, in 1/1000.
    pub reliability_permille: u16,
}

impl Candidate {
    /// Weight for a data slot (`is_data`) or a parity slot: the class's, scaled by the reliability and
    /// rounded up; 0 if the provider is less reliable than `permille_min`.
    pub fn lottery_weight(&self, is_data: bool, permille_min: u16) -> u64 {
        if self.reliability_permille < permille_min {
            return 0;
        }
        self.class
            .lottery_weight(is_data)
            .saturating_mul(u64::from(self.reliability_permille))
            .div_ceil(1000)
    }
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
            (NodeClass::Super, 1000, 8),
            (NodeClass::Super, 500, 4),
            (NodeClass::Mobile, 999, 1),
            (NodeClass::Mobile, 200, 1),
            (NodeClass::Super, 200, 2),
            (NodeClass::Super, 199, 0),
            (NodeClass::Super, 0, 0),
        ] {
            let candidate = Candidate {
                class,
                reliability_permille: permille,
            };
            assert_eq!(candidate.lottery_weight(true, 200), expected);
        }
    }
}
