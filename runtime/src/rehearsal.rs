//! The rehearsal of an upgrade: this runtime as the next version of itself, with a migration that writes
//! every sector's entry anew, as a change of its format would. Only `scripts/zombienet.sh` builds it.

use alloc::borrow::Cow;

use frame_support::{
    storage_alias,
    traits::{Get, OnRuntimeUpgrade},
    weights::Weight,
};
use pallet_porep::SectorInfo;
use sp_version::RuntimeVersion;

use crate::{apis, Runtime};

/// Version of the runtime that the rehearsal upgrades to.
#[sp_version::runtime_version]
pub const VERSION: RuntimeVersion = RuntimeVersion {
    spec_name: Cow::Borrowed("ips"),
    impl_name: Cow::Borrowed("ips"),
    authoring_version: 1,
    spec_version: 2,
    impl_version: 0,
    apis: apis::RUNTIME_API_VERSIONS,
    transaction_version: 1,
    system_version: 1,
};

/// Sectors that were written anew; nothing before the migration ran.
#[storage_alias(verbatim)]
type SectorsRewritten = StorageValue<IpsRehearsal, u32>;

/// Writes every sector's entry anew, once.
pub struct RewriteSectors;

impl OnRuntimeUpgrade for RewriteSectors {
    fn on_runtime_upgrade() -> Weight {
        let weight = <Runtime as frame_system::Config>::DbWeight::get();
        if SectorsRewritten::exists() {
            return weight.reads(1);
        }
        let mut count: u32 = 0;
        pallet_porep::Sectors::<Runtime>::translate::<SectorInfo, _>(|_, _, sector| {
            count += 1;
            Some(sector)
        });
        SectorsRewritten::put(count);
        let writes = u64::from(count) + 1;
        weight.reads_writes(writes, writes)
    }
}
