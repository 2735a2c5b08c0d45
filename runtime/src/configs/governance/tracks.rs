//! The tracks of referenda: what may be decided, how long it takes, how many must agree.

use alloc::borrow::Cow;

use pallet_referenda::{Curve, Track, TrackInfo, TracksInfo};
use sp_runtime::{str_array, FixedI64};

use super::{origins::Origin, DAY};
use crate::{constants::UNIT, *};

const fn percent(x: u128) -> FixedI64 {
    FixedI64::from_rational(x, 100)
}

/// Half of the votes, at last; all of them at first.
const APPROVAL: Curve = Curve::make_linear(28, 28, percent(50), percent(100));
/// Part of all tokens that must say aye: from a half down to a hundredth.
const SUPPORT: Curve = Curve::make_linear(28, 28, percent(1), percent(50));
/// The same for Root: never below a tenth.
const ROOT_SUPPORT: Curve = Curve::make_linear(28, 28, percent(10), percent(50));

type IpsTrack = Track<u16, Balance, BlockNumber>;

const TRACKS: [IpsTrack; 3] = [
    Track {
        id: 0,
        info: TrackInfo {
            name: str_array("root"),
            max_deciding: 1,
            decision_deposit: 1_000 * UNIT,
            prepare_period: DAY / 10,
            decision_period: 14 * DAY,
            confirm_period: DAY,
            min_enactment_period: DAY,
            min_approval: APPROVAL,
            min_support: ROOT_SUPPORT,
        },
    },
    Track {
        id: 1,
        info: TrackInfo {
            name: str_array("parameters"),
            max_deciding: 5,
            decision_deposit: 100 * UNIT,
            prepare_period: DAY / 10,
            decision_period: 7 * DAY,
            confirm_period: DAY / 2,
            min_enactment_period: DAY / 2,
            min_approval: APPROVAL,
            min_support: SUPPORT,
        },
    },
    Track {
        id: 2,
        info: TrackInfo {
            name: str_array("treasury"),
            max_deciding: 10,
            decision_deposit: 100 * UNIT,
            prepare_period: DAY / 10,
            decision_period: 7 * DAY,
            confirm_period: DAY / 2,
            min_enactment_period: DAY / 2,
            min_approval: APPROVAL,
            min_support: SUPPORT,
        },
    },
];

/// The tracks of this chain.
pub struct Tracks;

impl TracksInfo<Balance, BlockNumber> for Tracks {
    type Id = u16;
    type RuntimeOrigin = <RuntimeOrigin as frame_support::traits::OriginTrait>::PalletsOrigin;

    fn tracks() -> impl Iterator<Item = Cow<'static, IpsTrack>> {
        TRACKS.iter().map(Cow::Borrowed)
    }

    fn track_for(origin: &Self::RuntimeOrigin) -> Result<u16, ()> {
        match origin {
            OriginCaller::system(frame_system::RawOrigin::Root) => Ok(0),
            OriginCaller::Origins(Origin::Parameters) => Ok(1),
            OriginCaller::Origins(Origin::Treasurer) => Ok(2),
            _ => Err(()),
        }
    }
}
