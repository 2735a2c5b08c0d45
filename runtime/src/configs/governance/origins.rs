//! What a referendum may speak as, besides Root. Nothing else makes these origins.

#![allow(unreachable_pub)] // The pallet macros need public items.

pub use pallet::*;

#[frame_support::pallet]
#[allow(missing_docs)] // The macro's own items; ours are documented.
pub mod pallet {
    use core::marker::PhantomData;

    use frame_support::pallet_prelude::*;
    use sp_runtime::AccountId32;

    use crate::Balance;

    #[pallet::config]
    pub trait Config: frame_system::Config {}

    #[pallet::pallet]
    pub struct Pallet<T>(_);

    /// The origins, one per track.
    #[derive(
        Clone,
        Copy,
        PartialEq,
        Eq,
        Debug,
        Encode,
        Decode,
        DecodeWithMemTracking,
        MaxEncodedLen,
        TypeInfo,
    )]
    #[pallet::origin]
    pub enum Origin {
        /// Changes what is no matter of security.
        #[codec(index = 0)]
        Parameters,
        /// Spends from the treasury.
        #[codec(index = 1)]
        Treasurer,
    }

    /// [`Origin::Parameters`].
    pub struct EnsureParameters;

    impl<O: OriginTrait + From<Origin> + Into<Result<Origin, O>> + Clone> EnsureOrigin<O>
        for EnsureParameters
    {
        type Success = ();

        fn try_origin(origin: O) -> Result<(), O> {
            match origin.clone().into() {
                Ok(Origin::Parameters) => Ok(()),
                _ => Err(origin),
            }
        }

        #[cfg(feature = "runtime-benchmarks")]
        fn try_successful_origin() -> Result<O, ()> {
            Ok(Origin::Parameters.into())
        }
    }

    /// [`Origin::Treasurer`], which may spend at most `Most` at a time.
    pub struct EnsureTreasurer<Most>(PhantomData<Most>);

    impl<O, Most: Get<Balance>> EnsureOrigin<O> for EnsureTreasurer<Most>
    where
        O: OriginTrait<AccountId = AccountId32> + From<Origin> + Into<Result<Origin, O>> + Clone,
    {
        type Success = Balance;

        fn try_origin(origin: O) -> Result<Balance, O> {
            match origin.clone().into() {
                Ok(Origin::Treasurer) => Ok(Most::get()),
                _ => Err(origin),
            }
        }

        #[cfg(feature = "runtime-benchmarks")]
        fn try_successful_origin() -> Result<O, ()> {
            Ok(Origin::Treasurer.into())
        }
    }
}
