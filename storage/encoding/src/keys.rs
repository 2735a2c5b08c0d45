//! Keys of files and of their readers.
//!
//! Goal: a random key per file, wrapped for each recipient; a reader's key pair derived from a seed
//! that the account key can reproduce. Non-goal: storing keys.
//!
//! Wrapping (version 1): ephemeral X25519, HKDF-SHA256 over the shared secret with both public keys
//! as salt, XChaCha20-Poly1305 with the file's nonce as associated data. The wrapping key is used
//! for one message, so its nonce is zero.

use chacha20poly1305::{
    aead::{Aead, KeyInit, Payload},
    XChaCha20Poly1305, XNonce,
};
use hkdf::Hkdf;
use rand::{CryptoRng, RngCore};
use sha2::Sha256;
use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// Bytes of a file's nonce.
pub const FILE_NONCE_BYTES: usize = 16;
/// Bytes of a wrapped key: the key and its tag.
pub const WRAPPED_KEY_BYTES: usize = 48;

const READER_CONTEXT: &[u8] = b"ips/file-key/1";
const WRAP_CONTEXT: &[u8] = b"ips/wrap-key/1";
const DIRECTORY_CONTEXT: &[u8] = b"ips/directory-key/1";

/// What is wrong with a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// No wrapped key of the file opens with this secret.
    #[error("this file is not shared with your key; ask its owner to share it")]
    NotRecipient,
    /// The recipient's public key is one of the few that give everyone the same secret.
    #[error("the recipient's public key is unsafe; ask the recipient for a proper one")]
    UnsafePublicKey,
    /// The file has no key.
    #[error("the file is public; read it without a key")]
    PublicFile,
    /// Encryption failed, which valid lengths exclude.
    #[error("could not wrap the file key; try again")]
    Wrap,
}

fn derive(salt: &[u8], secret: &[u8], context: &[u8]) -> Zeroizing<[u8; 32]> {
    let mut key = Zeroizing::new([0; 32]);
    Hkdf::<Sha256>::new(Some(salt), secret)
        .expand(context, key.as_mut())
        .expect("HKDF-SHA256 gives up to 8160 bytes, 32 are asked");
    key
}

/// The key of one file; wiped when dropped, never printed.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct FileKey([u8; 32]);

impl FileKey {
    /// A new random key.
    pub fn random(rng: &mut (impl RngCore + CryptoRng)) -> Self {
        let mut key = Self([0; 32]);
        rng.fill_bytes(&mut key.0);
        key
    }

    /// The key with these bytes (a share link, a key file).
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes. Whoever has them reads the file.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The key that protects the file's directory.
    pub(crate) fn directory_key(&self) -> Zeroizing<[u8; 32]> {
        derive(&[], &self.0, DIRECTORY_CONTEXT)
    }
}

impl core::fmt::Debug for FileKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("FileKey(..)")
    }
}

/// A reader's X25519 public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FilePublic(pub [u8; 32]);

/// A reader's X25519 secret; wiped when dropped, never printed.
#[derive(Clone)]
pub struct FileSecret(StaticSecret);

impl FileSecret {
    /// Derives the secret from a 32-byte seed, such as the account's.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        let key = derive(&[], seed, READER_CONTEXT);
        Self(StaticSecret::from(*key))
    }

    /// The public key to give to those who share files with this reader.
    pub fn public(&self) -> FilePublic {
        FilePublic(PublicKey::from(&self.0).to_bytes())
    }

    /// Opens a wrapped key.
    ///
    /// # Errors
    /// [`KeyError::NotRecipient`] if it was wrapped for another key, for another file, or altered.
    pub fn unwrap_key(
        &self,
        wrapped: &WrappedKey,
        file_nonce: &[u8; FILE_NONCE_BYTES],
    ) -> Result<FileKey, KeyError> {
        let shared = self.0.diffie_hellman(&PublicKey::from(wrapped.ephemeral));
        if !shared.was_contributory() {
            return Err(KeyError::NotRecipient);
        }
        let key = wrapping_key(shared.as_bytes(), &wrapped.ephemeral, &self.public());
        let payload = Payload {
            msg: &wrapped.key,
            aad: file_nonce,
        };
        let plain = XChaCha20Poly1305::new((&*key).into())
            .decrypt(&XNonce::default(), payload)
            .map(Zeroizing::new)
            .map_err(|_| KeyError::NotRecipient)?;
        let bytes = <[u8; 32]>::try_from(plain.as_slice()).map_err(|_| KeyError::NotRecipient)?;
        Ok(FileKey(bytes))
    }
}

impl core::fmt::Debug for FileSecret {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("FileSecret(..)")
    }
}

/// A file key for one recipient. It does not tell who that is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WrappedKey {
    /// The sender's one-time X25519 public key.
    pub ephemeral: [u8; 32],
    /// The encrypted file key and its tag.
    pub key: [u8; WRAPPED_KEY_BYTES],
}

impl WrappedKey {
    /// Wraps `key` for `recipient`.
    ///
    /// # Errors
    /// [`KeyError::UnsafePublicKey`] for a public key of low order.
    pub fn new(
        key: &FileKey,
        recipient: &FilePublic,
        file_nonce: &[u8; FILE_NONCE_BYTES],
        rng: &mut (impl RngCore + CryptoRng),
    ) -> Result<Self, KeyError> {
        let secret = StaticSecret::random_from_rng(rng);
        let ephemeral = PublicKey::from(&secret).to_bytes();
        let shared = secret.diffie_hellman(&PublicKey::from(recipient.0));
        if !shared.was_contributory() {
            return Err(KeyError::UnsafePublicKey);
        }
        let wrapping = wrapping_key(shared.as_bytes(), &ephemeral, recipient);
        let payload = Payload {
            msg: &key.0,
            aad: file_nonce,
        };
        let wrapped = XChaCha20Poly1305::new((&*wrapping).into())
            .encrypt(&XNonce::default(), payload)
            .map_err(|_| KeyError::Wrap)?;
        let key = wrapped.as_slice().try_into().map_err(|_| KeyError::Wrap)?;
        Ok(Self { ephemeral, key })
    }
}

fn wrapping_key(
    shared: &[u8; 32],
    ephemeral: &[u8; 32],
    recipient: &FilePublic,
) -> Zeroizing<[u8; 32]> {
    let mut salt = [0; 64];
    salt[..32].copy_from_slice(ephemeral);
    salt[32..].copy_from_slice(&recipient.0);
    derive(&salt, shared, WRAP_CONTEXT)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{rngs::StdRng, SeedableRng};

    #[test]
    fn only_the_recipient_unwraps_and_only_for_that_file() {
        let mut rng = StdRng::seed_from_u64(1);
        let (alice, bob) = (
            FileSecret::from_seed(&[1; 32]),
            FileSecret::from_seed(&[2; 32]),
        );
        let key = FileKey::random(&mut rng);
        let wrapped = WrappedKey::new(&key, &alice.public(), &[9; 16], &mut rng).unwrap();
        assert_eq!(alice.unwrap_key(&wrapped, &[9; 16]), Ok(key));
        assert_eq!(
            bob.unwrap_key(&wrapped, &[9; 16]),
            Err(KeyError::NotRecipient)
        );
        assert_eq!(
            alice.unwrap_key(&wrapped, &[8; 16]),
            Err(KeyError::NotRecipient)
        );
        for at in 0..WRAPPED_KEY_BYTES {
            let mut bad = wrapped;
            bad.key[at] ^= 1;
            assert_eq!(
                alice.unwrap_key(&bad, &[9; 16]),
                Err(KeyError::NotRecipient)
            );
        }
        let bad = WrappedKey {
            ephemeral: [0; 32],
            ..wrapped
        };
        assert_eq!(
            alice.unwrap_key(&bad, &[9; 16]),
            Err(KeyError::NotRecipient)
        );
    }

    #[test]
    fn low_order_recipients_are_refused() {
        let mut rng = StdRng::seed_from_u64(2);
        let key = FileKey::random(&mut rng);
        let unsafe_key = FilePublic([0; 32]);
        let wrapped = WrappedKey::new(&key, &unsafe_key, &[0; 16], &mut rng);
        assert_eq!(wrapped, Err(KeyError::UnsafePublicKey));
    }

    #[test]
    fn secrets_are_reproducible_and_not_printed() {
        let secret = FileSecret::from_seed(&[5; 32]);
        assert_eq!(secret.public(), FileSecret::from_seed(&[5; 32]).public());
        assert_ne!(secret.public(), FileSecret::from_seed(&[6; 32]).public());
        assert_eq!(
            format!("{secret:?}{:?}", FileKey([7; 32])),
            "FileSecret(..)FileKey(..)"
        );
    }
}
