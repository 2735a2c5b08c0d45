//! Who may take a slot, and when it may be taken away: collateral, lottery, deadlines
//! (`docs/protocol.md` §3).
//!
//! The draw and its threshold are in [`crate::challenge`].

use crate::{
    challenge::{lottery_draw, lottery_threshold, Beacon},
    deal::{SlotState, UndoneReason, PRICE_UNIT_BYTES},
    id::{Balance, BlockNumber, ProviderId, SlotId},
    node_class::NodeClass,
};

/// Collateral for a slot: each started MiB counts whole.
pub fn collateral_for(collateral_per_mib: Balance, slot_bytes: u64) -> Balance {
    collateral_per_mib.saturating_mul(Balance::from(slot_bytes.div_ceil(PRICE_UNIT_BYTES)))
}

/// What a provider's chances in a lottery come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Who.
    pub provider: ProviderId,
    /// Class of the node.
    pub class: NodeClass,
    /// Moving average of kept promises, in 1/1000.
    pub reliability_permille: u16,
    /// Block in which the node was registered.
    pub registered_at: BlockNumber,
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

/// The lottery of one slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlotLottery {
    /// The slot.
    pub slot: SlotId,
    /// Whether it is a data slot.
    pub is_data: bool,
    /// Block of the order.
    pub opened_at: BlockNumber,
    /// Beacon of block `opened_at + BEACON_DELAY_BLOCKS`; `None` if it is not known yet, or not any
    /// more.
    pub beacon: Option<Beacon>,
    /// Blocks in which the threshold grows to certainty for weight 1.
    pub lottery_blocks: BlockNumber,
    /// Providers less reliable than this, in 1/1000, have no weight.
    pub reliability_permille_min: u16,
}

/// Whether a candidate may claim a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// It may.
    Admitted,
    /// Its number is not below the threshold yet, or it is too new to the network: later.
    Later,
    /// The beacon is not known yet: later.
    NotOpen,
    /// It is not reliable enough, however long it waits.
    Never,
}

impl SlotLottery {
    /// Whether `candidate` may claim at `now`.
    ///
    /// Once `lottery_blocks` are over, anybody with a weight may. Before, only nodes that were
    /// registered before the order: whoever registers after the beacon is known could make accounts
    /// until one of them draws a low number.
    pub fn admit(&self, candidate: &Candidate, now: BlockNumber) -> Admission {
        let weight = candidate.lottery_weight(self.is_data, self.reliability_permille_min);
        if weight == 0 {
            return Admission::Never;
        }
        let elapsed = now.saturating_sub(self.opened_at);
        if elapsed > self.lottery_blocks {
            return Admission::Admitted;
        }
        let Some(beacon) = self.beacon else {
            return Admission::NotOpen;
        };
        let threshold = lottery_threshold(weight, elapsed, self.lottery_blocks);
        let is_drawn = lottery_draw(&beacon, self.slot, &candidate.provider) < threshold;
        if is_drawn && candidate.registered_at < self.opened_at {
            Admission::Admitted
        } else {
            Admission::Later
        }
    }
}

/// When a claim was made and confirmed, and how long its deal is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClaimTimes {
    /// Block of the claim.
    pub claimed_at: BlockNumber,
    /// Block of the confirmation.
    pub confirmed_at: Option<BlockNumber>,
    /// Length of the deal.
    pub duration_blocks: BlockNumber,
}

/// How long a provider may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClaimDeadlines {
    /// From the claim to the confirmation.
    pub delivery_blocks: BlockNumber,
    /// From the confirmation to the proof of the last piece; never longer than the deal.
    pub seal_blocks: BlockNumber,
}

impl ClaimDeadlines {
    /// Why a slot in that state may be taken from its provider at `now`, if it may.
    pub fn overdue(
        &self,
        state: SlotState,
        times: &ClaimTimes,
        now: BlockNumber,
    ) -> Option<UndoneReason> {
        let (since, waits, reason) = match state {
            SlotState::Claimed => {
                let waits = self.delivery_blocks;
                (times.claimed_at, waits, UndoneReason::NotDelivered)
            }
            SlotState::Confirmed => {
                let waits = self.seal_blocks.min(times.duration_blocks);
                (times.confirmed_at?, waits, UndoneReason::NotSealed)
            }
            _ => return None,
        };
        (now.saturating_sub(since) > waits).then_some(reason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{OrderId, SlotIndex};

    fn candidate(class: NodeClass, reliability_permille: u16) -> Candidate {
        Candidate {
            provider: ProviderId([1; 32]),
            class,
            reliability_permille,
            registered_at: 0,
        }
    }

    fn lottery() -> SlotLottery {
        SlotLottery {
            slot: SlotId {
                order: OrderId(0),
                slot: SlotIndex(0),
            },
            is_data: true,
            opened_at: 100,
            beacon: Some([7; 32]),
            lottery_blocks: 8,
            reliability_permille_min: 200,
        }
    }

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
            let weight = candidate(class, permille).lottery_weight(true, 200);
            assert_eq!(weight, expected);
        }
    }

    #[test]
    fn everybody_reliable_is_admitted_in_the_end_and_nobody_else() {
        let newcomer = Candidate {
            registered_at: 105,
            ..candidate(NodeClass::Mobile, 200)
        };
        for beacon in [None, Some([7; 32])] {
            let lottery = SlotLottery {
                beacon,
                ..lottery()
            };
            assert_eq!(lottery.admit(&newcomer, 109), Admission::Admitted);
            let unreliable = candidate(NodeClass::Super, 199);
            assert_eq!(lottery.admit(&unreliable, 10_000), Admission::Never);
        }
        let early = SlotLottery {
            beacon: None,
            ..lottery()
        };
        let reliable = candidate(NodeClass::Super, 1000);
        assert_eq!(early.admit(&reliable, 100), Admission::NotOpen);
        assert_eq!(early.admit(&reliable, 108), Admission::NotOpen);
    }

    #[test]
    fn a_low_number_is_worth_nothing_to_who_came_after_the_order() {
        let admitted_at = |registered_at| {
            let candidate = Candidate {
                registered_at,
                ..candidate(NodeClass::Super, 1000)
            };
            (101..=109).find(|now| lottery().admit(&candidate, *now) == Admission::Admitted)
        };
        assert!(
            admitted_at(99) < Some(109),
            "the usual node need not wait to the end"
        );
        for registered_at in [100, 101, 105] {
            assert_eq!(admitted_at(registered_at), Some(109));
        }
    }

    #[test]
    fn claims_and_deals_are_overdue_after_their_time_and_no_other_slot_is() {
        let deadlines = ClaimDeadlines {
            delivery_blocks: 20,
            seal_blocks: 60,
        };
        let times = |duration_blocks| ClaimTimes {
            claimed_at: 100,
            confirmed_at: Some(110),
            duration_blocks,
        };
        for (state, duration, last, reason) in [
            (SlotState::Claimed, 100, 120, UndoneReason::NotDelivered),
            (SlotState::Claimed, 1, 120, UndoneReason::NotDelivered),
            (SlotState::Confirmed, 100, 170, UndoneReason::NotSealed),
            (SlotState::Confirmed, 30, 140, UndoneReason::NotSealed),
        ] {
            let times = times(duration);
            assert_eq!(deadlines.overdue(state, &times, last), None);
            assert_eq!(deadlines.overdue(state, &times, last + 1), Some(reason));
        }
        for state in [
            SlotState::Open,
            SlotState::Active,
            SlotState::Faulty,
            SlotState::Lost,
            SlotState::Expired,
        ] {
            assert_eq!(deadlines.overdue(state, &times(1), u32::MAX), None);
        }
    }
}
