//! Verifying keys: which are accepted, and how they are stored.

use frame_support::{dispatch::DispatchResult, ensure, traits::Get};
use ips_verifier::groth16::{parse_verifying_key, PreparedKey};

use crate::{
    pallet::{Config, Error, Event, Keys, Pallet},
    types::{KeyBytes, StoredKey},
};

impl<T: Config> Pallet<T> {
    pub(crate) fn do_set_verifying_key(bytes: &KeyBytes) -> DispatchResult {
        let (kind, key) = Self::ensure_key(bytes)?;
        let id = key.id;
        Keys::<T>::insert(kind, key);
        Self::deposit_event(Event::KeySet { kind, id });
        Ok(())
    }

    /// Sets a key of the chain spec.
    ///
    /// # Panics
    /// If the key is refused: a chain must not start with keys that it would not take.
    pub(crate) fn set_genesis_key(bytes: &[u8]) {
        let bounded = KeyBytes::truncate_from(bytes.to_vec());
        assert_eq!(
            bounded.len(),
            bytes.len(),
            "a verifying key of the chain spec is too long"
        );
        match Self::ensure_key(&bounded) {
            Ok((kind, key)) => Keys::<T>::insert(kind, key),
            Err(error) => panic!("a verifying key of the chain spec is refused: {error:?}"),
        }
    }

    /// Parses a key of this chain's profile; returns its kind and what is stored.
    fn ensure_key(bytes: &KeyBytes) -> Result<(u8, StoredKey), Error<T>> {
        let parameters = T::Parameters::get();
        let key = parse_verifying_key(bytes).map_err(|_| Error::<T>::MalformedKey)?;
        ensure!(
            key.profile() == parameters.profile.id,
            Error::<T>::KeyOfOtherProfile
        );
        ensure!(
            parameters.allow_insecure_keys || !key.is_insecure(),
            Error::<T>::InsecureKey
        );
        let prepared = PreparedKey::new(&key).map_err(|_| Error::<T>::MalformedKey)?;
        let prepared = prepared.to_bytes().0.to_vec();
        let stored = StoredKey {
            id: key.id(),
            bytes: bytes.clone(),
            prepared: prepared.try_into().map_err(|_| Error::<T>::MalformedKey)?,
        };
        Ok((key.kind() as u8, stored))
    }

    /// Whether a stored key is what [`Self::ensure_key`] makes of its bytes.
    #[cfg(any(test, feature = "try-runtime"))]
    pub(crate) fn is_consistent_key(kind: u8, key: &StoredKey) -> bool {
        let Ok(parsed) = parse_verifying_key(&key.bytes) else {
            return false;
        };
        let prepared = PreparedKey::from_trusted_bytes(&key.prepared);
        parsed.kind() as u8 == kind
            && parsed.id() == key.id
            && prepared.is_ok_and(|prepared| Ok(prepared) == PreparedKey::new(&parsed))
    }
}
