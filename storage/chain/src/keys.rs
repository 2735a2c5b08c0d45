//! The key of an account: from a development name or from a file that only its owner can read.
//!
//! Goal: sr25519 keys as the chain uses them. Non-goals: keystores, hardware, other curves.

use std::{
    fs, io,
    path::{Path, PathBuf},
    str::FromStr,
};

use ips_primitives::{
    hash::blake2_256,
    id::{AccountKey, Signature},
};
use rand::RngCore;
use subxt::utils::AccountId32;
use subxt_signer::{bip39::Mnemonic, sr25519::Keypair, DeriveJunction, SecretUri};

/// Accounts that every development chain knows.
const DEV_NAMES: [&str; 8] = [
    "Alice", "Bob", "Charlie", "Dave", "Eve", "Ferdie", "One", "Two",
];
/// Longest key file that is read.
const KEY_FILE_BYTES_MAX: u64 = 4096;

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file can not be read or written.
    #[error("key file {path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Others may read the file.
    #[error("key file {path} is readable by others; run: chmod 600 {path}")]
    Exposed {
        /// The file.
        path: PathBuf,
    },
    /// The file holds no key.
    #[error(
        "key file {path} holds neither 32 bytes in hex nor a phrase of 12 to 24 words; make one \
         with: ips keygen --out FILE"
    )]
    NoKey {
        /// The file.
        path: PathBuf,
    },
    /// The derivation path is not one.
    #[error("{0} is no development account; write it like //Alice or //Alice//stash")]
    NoUri(String),
    /// The text names no account.
    #[error("{0} is no account; write its SS58 address, 32 bytes in hex, or //Alice")]
    NoAccount(String),
}

/// Signs for one account.
#[derive(Clone)]
pub struct AccountSigner {
    pair: Keypair,
}

impl std::fmt::Debug for AccountSigner {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_tuple("AccountSigner")
            .field(&address_of(self.account()))
            .finish()
    }
}

impl AccountSigner {
    /// A development account (`Alice`, `//Alice`, `//Alice//stash`), else the key in a file.
    ///
    /// # Errors
    /// [`KeyError`]; a name that starts with `//` is never taken for a file.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        if text.starts_with("//") {
            return Self::from_uri(text);
        }
        if DEV_NAMES.contains(&text) {
            return Self::from_uri(&format!("//{text}"));
        }
        Self::from_file(Path::new(text))
    }

    /// The development account of a derivation path.
    ///
    /// # Errors
    /// [`KeyError::NoUri`].
    pub fn from_uri(uri: &str) -> Result<Self, KeyError> {
        let no_uri = || KeyError::NoUri(uri.to_owned());
        let parsed = SecretUri::from_str(uri).map_err(|_| no_uri())?;
        let pair = Keypair::from_uri(&parsed).map_err(|_| no_uri())?;
        Ok(Self { pair })
    }

    /// The key of a 32-byte seed.
    pub fn from_seed(seed: [u8; 32]) -> Self {
        let pair = Keypair::from_secret_key(seed).expect("every 32 bytes are an sr25519 seed");
        Self { pair }
    }

    /// The key in a file: 32 bytes in hex, or a phrase.
    ///
    /// # Errors
    /// [`KeyError`]; on unix also if the file is not readable by its owner alone.
    pub fn from_file(path: &Path) -> Result<Self, KeyError> {
        let file = |source| KeyError::File {
            path: path.into(),
            source,
        };
        let meta = fs::metadata(path).map_err(file)?;
        ensure_private(path, &meta)?;
        if meta.len() > KEY_FILE_BYTES_MAX {
            return Err(KeyError::NoKey { path: path.into() });
        }
        let text = fs::read_to_string(path).map_err(file)?;
        Self::from_text(text.trim()).ok_or_else(|| KeyError::NoKey { path: path.into() })
    }

    fn from_text(text: &str) -> Option<Self> {
        if let Some(seed) = hex_32(text) {
            return Some(Self::from_seed(seed));
        }
        let phrase = Mnemonic::parse(text).ok()?;
        Keypair::from_phrase(&phrase, None)
            .ok()
            .map(|pair| Self { pair })
    }

    /// Makes a key and writes its seed to a new file that only the owner can read.
    ///
    /// # Errors
    /// [`KeyError::File`], also if the file exists.
    pub fn generate(path: &Path) -> Result<Self, KeyError> {
        let mut seed = [0; 32];
        rand::rngs::OsRng.fill_bytes(&mut seed);
        write_new(path, hex::encode(seed).as_bytes()).map_err(|source| KeyError::File {
            path: path.into(),
            source,
        })?;
        Ok(Self::from_seed(seed))
    }

    /// The account.
    pub fn account(&self) -> AccountKey {
        AccountKey(self.pair.public_key().0)
    }

    /// Signs a digest as the chain verifies it (context `substrate`).
    pub fn sign(&self, message: &[u8; 32]) -> Signature {
        Signature(self.pair.sign(message).0)
    }

    /// A secret that only this key can reproduce, from which the keys of private files are derived.
    ///
    /// Signatures are randomised, so it is the public key of a hard-derived child: it follows from
    /// the secret alone and belongs to no account that is ever used.
    pub fn file_seed(&self) -> [u8; 32] {
        let path = [
            DeriveJunction::hard("ips"),
            DeriveJunction::hard("file-seed/1"),
        ];
        blake2_256(&[b"ips/file-seed/1", &self.pair.derive(path).public_key().0])
    }

    pub(crate) fn pair(&self) -> &Keypair {
        &self.pair
    }
}

/// An account by SS58 address, hex or development name.
///
/// # Errors
/// [`KeyError::NoAccount`].
pub fn parse_account(text: &str) -> Result<AccountKey, KeyError> {
    if text.starts_with("//") || DEV_NAMES.contains(&text) {
        return AccountSigner::parse(text).map(|signer| signer.account());
    }
    hex_32(text)
        .or_else(|| AccountId32::from_str(text).ok().map(|id| id.0))
        .map(AccountKey)
        .ok_or_else(|| KeyError::NoAccount(text.to_owned()))
}

/// The SS58 address of an account.
pub fn address_of(account: AccountKey) -> String {
    AccountId32(account.0).to_string()
}

fn hex_32(text: &str) -> Option<[u8; 32]> {
    hex::decode(text.strip_prefix("0x").unwrap_or(text))
        .ok()?
        .try_into()
        .ok()
}

#[cfg(unix)]
fn ensure_private(path: &Path, meta: &fs::Metadata) -> Result<(), KeyError> {
    use std::os::unix::fs::PermissionsExt;
    if meta.permissions().mode() & 0o077 != 0 {
        return Err(KeyError::Exposed { path: path.into() });
    }
    Ok(())
}

#[cfg(not(unix))]
fn ensure_private(_path: &Path, _meta: &fs::Metadata) -> Result<(), KeyError> {
    Ok(())
}

fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    use std::io::Write;
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.write_all(b"\n")?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use subxt_signer::sr25519;

    const ALICE: &str = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";

    #[test]
    fn development_names_give_the_well_known_accounts() {
        let alice = AccountSigner::parse("Alice").unwrap();
        assert_eq!(address_of(alice.account()), ALICE);
        assert_eq!(
            AccountSigner::parse("//Alice").unwrap().account(),
            alice.account()
        );
        assert_ne!(
            AccountSigner::parse("//Alice//stash").unwrap().account(),
            alice.account()
        );
        assert_eq!(parse_account(ALICE).unwrap(), alice.account());
        assert_eq!(
            parse_account(&hex::encode(alice.account().0)).unwrap(),
            alice.account()
        );
        assert!(matches!(
            parse_account("nobody"),
            Err(KeyError::NoAccount(_))
        ));
    }

    #[test]
    fn signatures_verify_in_the_chains_context() {
        let alice = AccountSigner::parse("//Alice").unwrap();
        let signature = sr25519::Signature(alice.sign(&[7; 32]).0);
        let public = sr25519::PublicKey(alice.account().0);
        assert!(sr25519::verify(&signature, [7; 32], &public));
        assert!(!sr25519::verify(&signature, [8; 32], &public));
    }

    #[test]
    fn generated_key_file_is_private_and_gives_the_key_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let made = AccountSigner::generate(&path).unwrap();
        let read = AccountSigner::parse(path.to_str().unwrap()).unwrap();
        assert_eq!(made.account(), read.account());
        assert!(matches!(
            AccountSigner::generate(&path),
            Err(KeyError::File { .. })
        ));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
            assert!(matches!(
                AccountSigner::from_file(&path),
                Err(KeyError::Exposed { .. })
            ));
        }
    }

    #[test]
    fn phrase_file_gives_the_account_of_the_phrase() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("phrase");
        write_new(&path, subxt_signer::DEV_PHRASE.as_bytes()).unwrap();
        let root = AccountSigner::from_file(&path).unwrap();
        assert_eq!(
            address_of(root.account()),
            "5DfhGyQdFobKM8NsWvEeAKk5EQQgYe9AydgJ7rMB6E1EqRzV"
        );
        let junk = folder.path().join("junk");
        write_new(&junk, b"not a key").unwrap();
        assert!(matches!(
            AccountSigner::from_file(&junk),
            Err(KeyError::NoKey { .. })
        ));
        assert!(matches!(
            AccountSigner::parse("/nowhere/key"),
            Err(KeyError::File { .. })
        ));
    }
}
