//! Answers for the runtime's queries.

use alloc::vec::Vec;

use frame_system::pallet_prelude::BlockNumberFor;
use ips_primitives::{
    id::{AccountKey, AgreementId, BlockNumber, Genesis},
    view::AgreementView,
};
use sp_runtime::SaturatedConversion;

use crate::pallet::{Agreements, AgreementsOf, Claims, Config, Pallet};

impl<T: Config> Pallet<T> {
    pub(crate) fn now() -> BlockNumber {
        frame_system::Pallet::<T>::block_number().saturated_into()
    }

    /// Hash of block 0, which vouchers and statements are bound to.
    pub(crate) fn genesis() -> Genesis {
        let hash = frame_system::Pallet::<T>::block_hash(BlockNumberFor::<T>::default());
        let mut bytes = [0; 32];
        let source = hash.as_ref();
        let len = source.len().min(bytes.len());
        bytes[..len].copy_from_slice(&source[..len]);
        Genesis(bytes)
    }

    /// An agreement with all its claims.
    pub fn agreement_view(id: AgreementId) -> Option<AgreementView> {
        let agreement = Agreements::<T>::get(id)?;
        let mut claimed: Vec<_> = Claims::<T>::iter_prefix(id)
            .filter_map(|(provider, record)| {
                Some((provider, record.nonce?, record.cumulative_bytes))
            })
            .collect();
        claimed.sort();
        Some(AgreementView {
            id,
            client: agreement.client,
            order: agreement.order,
            price_per_mib: agreement.price_per_mib,
            budget: agreement.budget,
            claimed,
        })
    }

    /// Agreements of a client, in the order they were opened.
    pub fn agreements_of(client: AccountKey) -> Vec<AgreementId> {
        AgreementsOf::<T>::get(client).into_inner()
    }
}
