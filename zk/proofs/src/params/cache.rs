//! The per-user folder of parameter files.
//!
//! A file's name carries a hash of format, circuit, profile and seed, so parameters of another
//! circuit are never found; its frame carries a checksum, so damaged ones are never used; the
//! checksum itself is pinned, so a file that somebody else made is never used either.

use std::{
    env,
    ffi::OsString,
    fs::{self, File},
    path::{Path, PathBuf},
};

use bellperson::groth16::Parameters;
use blstrs::Bls12;
use fs2::FileExt;
use ips_primitives::{
    hash::blake2_256,
    sector::{Profile, ProfileId},
};
use ips_verifier::groth16::CircuitKind;

use super::{
    digest::{file_checksum, r1cs_digest, CeremonyFile, CEREMONY_FILES},
    expected_seconds, seed, ParamsError, ProverParams,
};
use crate::{
    file::{self, profile_byte, FileError, FileKind},
    memory::ensure_loading,
};

/// Largest parameter file that is read: of circuits of 2^16, 2^20 and 2^21 rows.
const fn params_bytes_max(profile: ProfileId) -> usize {
    match profile {
        ProfileId::Test | ProfileId::Dev => 256 << 20,
        ProfileId::Testnet => 1 << 30,
        ProfileId::Production => 2 << 30,
    }
}

/// `IPS_PARAMS_DIR`, or `ips/params` in `XDG_CACHE_HOME` or `~/.cache`.
///
/// # Errors
/// [`ParamsError::NoFolder`] if none of these is set.
pub fn cache_folder() -> Result<PathBuf, ParamsError> {
    folder_from(|name| env::var_os(name)).ok_or(ParamsError::NoFolder)
}

fn folder_from(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let set = |name| {
        variable(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    if let Some(folder) = set("IPS_PARAMS_DIR") {
        return Some(folder);
    }
    let cache = set("XDG_CACHE_HOME").or_else(|| set("HOME").map(|home| home.join(".cache")))?;
    Some(cache.join("ips").join("params"))
}

/// A folder of parameter files.
#[derive(Clone, Debug)]
pub struct ParamsCache {
    folder: PathBuf,
    /// Whether to use parameters from a public seed where a ceremony is needed.
    insecure: bool,
    ceremony: &'static [CeremonyFile],
}

impl ParamsCache {
    /// The user's folder, see [`cache_folder`].
    ///
    /// # Errors
    /// [`ParamsError::NoFolder`] if the environment names none.
    pub fn of_user() -> Result<Self, ParamsError> {
        Ok(Self::at(cache_folder()?))
    }

    /// A given folder; made on first use.
    pub fn at(folder: PathBuf) -> Self {
        Self {
            folder,
            insecure: false,
            ceremony: CEREMONY_FILES,
        }
    }

    /// The same folder, but parameters of every profile come from its public seed: for measurements,
    /// never for a node. They have file names of their own, and their keys say that they are insecure.
    #[must_use]
    pub fn allowing_insecure(self) -> Self {
        Self {
            insecure: true,
            ..self
        }
    }

    /// Whether parameters of `profile` are made from its public seed.
    fn seeded(&self, profile: Profile) -> bool {
        self.insecure || !profile.id.needs_ceremony()
    }

    /// The checksum that parameters must have, if one is pinned.
    fn expected(
        &self,
        kind: CircuitKind,
        profile: Profile,
    ) -> Result<Option<&'static str>, ParamsError> {
        if self.seeded(profile) {
            return Ok(file_checksum(kind, profile.id));
        }
        let pinned = self
            .ceremony
            .iter()
            .find(|file| (file.kind, file.profile) == (kind, profile.id));
        pinned
            .map(|file| Some(file.checksum))
            .ok_or(ParamsError::NoCeremony {
                kind: kind.name(),
                profile: profile.id.name(),
            })
    }

    /// The file of a circuit.
    pub fn path(&self, kind: CircuitKind, profile: Profile) -> PathBuf {
        let key = blake2_256(&[
            b"ips/params/1",
            kind.name().as_bytes(),
            r1cs_digest(kind, profile.id).as_bytes(),
            &[kind as u8, profile_byte(profile.id)],
            &seed(kind, profile.id),
        ]);
        let insecure = profile.id.needs_ceremony() && self.insecure;
        let name = format!(
            "{}-{}-{}{}.params",
            kind.name(),
            profile.id.name(),
            if insecure { "insecure-" } else { "" },
            hex::encode(&key[..16])
        );
        self.folder.join(name)
    }

    /// Loads cached parameters; never generates.
    ///
    /// # Errors
    /// [`ParamsError::NoCeremony`] if the profile needs a ceremony and none was held;
    /// [`ParamsError::File`] if there are none, or the file is foreign, cut or changed;
    /// [`ParamsError::OtherCircuit`] if it holds other parameters than this circuit's.
    pub fn load(&self, kind: CircuitKind, profile: Profile) -> Result<ProverParams, ParamsError> {
        let expected = self.expected(kind, profile)?;
        let path = self.path(kind, profile);
        ensure_loading(path.metadata().map_err(FileError::io(&path))?.len())?;
        let limit = params_bytes_max(profile.id);
        let (payload, sum) = file::read_summed(&path, FileKind::Parameters, profile.id, limit)?;
        if expected.is_some_and(|expected| expected != hex::encode(sum)) {
            return Err(ParamsError::OtherCircuit(path));
        }
        // The pinned checksum stands for the point checks that `checked` would repeat.
        let groth =
            Parameters::<Bls12>::read(&payload[..], false).map_err(|_| FileError::Content(path))?;
        Ok(ProverParams {
            kind,
            profile,
            insecure: self.seeded(profile),
            groth,
        })
    }

    /// Loads cached parameters, or generates and caches them. Processes that ask at the same time
    /// wait for one of them to generate. Parameters of a ceremony are only loaded, like by [`Self::load`].
    ///
    /// # Errors
    /// [`ParamsError`] if the folder cannot be written or generation fails.
    pub fn load_or_generate(
        &self,
        kind: CircuitKind,
        profile: Profile,
    ) -> Result<ProverParams, ParamsError> {
        match self.load(kind, profile) {
            Ok(params) => return Ok(params),
            Err(error) if !self.seeded(profile) => return Err(error),
            Err(_) => {}
        }
        let path = self.path(kind, profile);
        let _lock = self.lock(&path)?;
        match self.load(kind, profile) {
            Ok(params) => return Ok(params),
            Err(ParamsError::File(error)) if error.is_not_found() => {}
            Err(error @ ParamsError::Memory(_)) => return Err(error),
            Err(error) => tracing::warn!(%error, "cached parameters are bad: making them again"),
        }
        file::remove_temporaries(&path).map_err(FileError::io(&self.folder))?;
        tracing::warn!(
            "generating {} parameters of profile {}: about {} s on two idle cores, once",
            kind.name(),
            profile.id.name(),
            expected_seconds(kind, profile.id)
        );
        let params = ProverParams::generate(kind, profile)?;
        self.save(&params)?;
        Ok(params)
    }

    /// Writes generated parameters, unless they are not the pinned ones.
    fn save(&self, params: &ProverParams) -> Result<(), ParamsError> {
        let (kind, profile) = (params.kind, params.profile);
        let path = self.path(kind, profile);
        let mut payload = Vec::new();
        params
            .groth
            .write(&mut payload)
            .map_err(FileError::io(&path))?;
        if let Some(expected) = file_checksum(kind, profile.id) {
            let sum = file::checksum(FileKind::Parameters, profile.id, &payload);
            let found = hex::encode(sum);
            if found != expected {
                let name = format!("{} {}", profile.id.name(), kind.name());
                return Err(ParamsError::Unpinned {
                    name,
                    found,
                    expected,
                });
            }
        }
        file::write(&path, FileKind::Parameters, profile.id, &payload)?;
        Ok(())
    }

    /// Holds the file's lock until dropped.
    fn lock(&self, path: &Path) -> Result<File, ParamsError> {
        fs::create_dir_all(&self.folder).map_err(FileError::io(&self.folder))?;
        let lock_path = path.with_extension("lock");
        let lock = File::create(&lock_path).map_err(FileError::io(&lock_path))?;
        FileExt::lock_exclusive(&lock).map_err(FileError::io(&lock_path))?;
        Ok(lock)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl ParamsCache {
        /// As if this release knew of a ceremony.
        pub(crate) fn after_ceremony(
            self,
            kind: CircuitKind,
            profile: ProfileId,
            checksum: &'static str,
        ) -> Self {
            let file = CeremonyFile {
                kind,
                profile,
                checksum,
            };
            Self {
                ceremony: Box::leak(Box::new([file])),
                ..self
            }
        }
    }

    fn folder(variables: &[(&str, &str)]) -> Option<PathBuf> {
        folder_from(|name| {
            variables
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| OsString::from(value))
        })
    }

    #[test]
    fn the_folder_follows_the_environment() {
        let home = ("HOME", "/h");
        let cache = ("XDG_CACHE_HOME", "/x");
        assert_eq!(folder(&[]), None);
        assert_eq!(folder(&[home]), Some("/h/.cache/ips/params".into()));
        assert_eq!(folder(&[home, cache]), Some("/x/ips/params".into()));
        assert_eq!(
            folder(&[home, cache, ("IPS_PARAMS_DIR", "/i")]),
            Some("/i".into())
        );
        assert_eq!(
            folder(&[home, ("IPS_PARAMS_DIR", "")]),
            Some("/h/.cache/ips/params".into())
        );
    }

    #[test]
    fn files_of_circuits_and_profiles_differ() {
        let cache = ParamsCache::at("/c".into());
        let mut paths: Vec<_> = CircuitKind::ALL
            .into_iter()
            .flat_map(|kind| Profile::ALL.map(|profile| cache.path(kind, profile)))
            .collect();
        paths.sort();
        paths.dedup();
        assert_eq!(paths.len(), 12);
        // Insecure parameters never lie where those of a ceremony are looked for.
        let insecure = cache.clone().allowing_insecure();
        for kind in CircuitKind::ALL {
            for profile in Profile::ALL {
                let same = insecure.path(kind, profile) == cache.path(kind, profile);
                assert_eq!(same, !profile.id.needs_ceremony());
            }
        }
    }
}
