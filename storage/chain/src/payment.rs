//! What the IPS chain tells a customer of another chain: its account here, prices, what is there.

use blake2::{
    digest::{consts::U16, Digest},
    Blake2b,
};
use codec::{Decode, Encode};
use ips_engine::chain::{Call, ChainError};
use ips_primitives::{
    id::{AccountKey, Balance},
    xcm::Location,
};

use crate::{calls::CallBytes, client::SubxtReader};

/// Key prefix of `ForeignAssets.Account`: `twox128("ForeignAssets") ‖ twox128("Account")`.
const FOREIGN_PREFIX: [u8; 32] = [
    0x30, 0xe6, 0x4a, 0x56, 0x02, 0x6f, 0x4b, 0x5e, 0x3c, 0x2d, 0x19, 0x62, 0x83, 0xa9, 0xa1, 0x7d,
    0xb9, 0x9d, 0x88, 0x0e, 0xc6, 0x81, 0x79, 0x9c, 0x0c, 0xf3, 0x0e, 0x88, 0x86, 0x37, 0x1d, 0xa9,
];

/// A location with its version in front.
struct Versioned<'a>(&'a Location);

impl Encode for Versioned<'_> {
    fn encode_to<O: codec::Output + ?Sized>(&self, output: &mut O) {
        output.write(&self.0.versioned());
    }
}

impl SubxtReader {
    /// Parachain id of this chain.
    ///
    /// # Errors
    /// [`ChainError`].
    pub async fn parachain_id(&self) -> Result<u32, ChainError> {
        self.ask("GetParachainInfo_parachain_id", &()).await
    }

    /// The account that a location has on this chain.
    ///
    /// # Errors
    /// [`ChainError::Incompatible`] if the chain gives it none.
    pub async fn account_of(&self, location: &Location) -> Result<AccountKey, ChainError> {
        let answer: Result<[u8; 32], u8> = self
            .ask(
                "LocationToAccountApi_convert_location",
                &Versioned(location),
            )
            .await?;
        answer.map(AccountKey).map_err(|_| {
            ChainError::Incompatible("it gives customers of other chains no account".into())
        })
    }

    /// What `amount` of the IPS token costs in another token, fees of the exchange included; `None` if
    /// nobody sells that much for it.
    ///
    /// # Errors
    /// [`ChainError`].
    pub async fn price_in(
        &self,
        token: &Location,
        amount: Balance,
    ) -> Result<Option<Balance>, ChainError> {
        let arguments = (token, Location::here(), amount, true);
        let method = "AssetConversionApi_quote_price_tokens_for_exact_tokens";
        self.ask(method, &arguments).await
    }

    /// What `amount` of the IPS token brings in another token, fees of the exchange taken off.
    ///
    /// # Errors
    /// [`ChainError`].
    pub async fn worth_in(
        &self,
        token: &Location,
        amount: Balance,
    ) -> Result<Option<Balance>, ChainError> {
        let arguments = (Location::here(), token, amount, true);
        let method = "AssetConversionApi_quote_price_exact_tokens_for_tokens";
        self.ask(method, &arguments).await
    }

    /// What an account here has of another chain's token.
    ///
    /// # Errors
    /// [`ChainError`].
    pub async fn foreign_balance(
        &self,
        token: &Location,
        account: AccountKey,
    ) -> Result<Balance, ChainError> {
        let mut key = FOREIGN_PREFIX.to_vec();
        for part in [token.encode(), account.0.to_vec()] {
            key.extend_from_slice(&Blake2b::<U16>::digest(&part));
            key.extend_from_slice(&part);
        }
        let Some(bytes) = self.rpc().storage(&key, None).await? else {
            return Ok(0);
        };
        Balance::decode(&mut bytes.as_slice())
            .map_err(|error| ChainError::Incompatible(format!("its token accounts: {error}")))
    }

    /// A call as bytes for this chain.
    ///
    /// # Errors
    /// [`ChainError::Incompatible`] if the runtime takes other arguments.
    pub fn call_bytes(&self, call: &Call) -> Result<Vec<u8>, ChainError> {
        CallBytes::of(call).to_bytes(self.runtime().metadata())
    }
}
