//! Framed files: magic, version, kind, profile, length, payload, BLAKE2b-256 of all before it.
//!
//! Goal: a file is whole and of the right kind, or a typed error says what is wrong; writes are
//! atomic (temporary name, fsync, rename, fsync of the folder). Non-goal: reading in parts.

mod atomic;

use std::{
    fs::{self, File},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use ips_primitives::{hash::blake2_256, sector::ProfileId};

pub(crate) use self::atomic::AtomicFile;

const MAGIC: [u8; 4] = *b"IPSF";
const VERSION: u8 = 1;
/// Magic, version, kind, profile, one reserved byte, payload length.
const HEAD_BYTES: usize = 16;
const SUM_BYTES: usize = 32;

/// BLAKE2b-256 of a file up to the checksum itself.
pub(crate) type Checksum = [u8; SUM_BYTES];

/// What a framed file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// A sealed sector with labels and all trees.
    SealedSector,
    /// What storage proofs need of a sector.
    PostSector,
    /// Groth16 parameters.
    Parameters,
}

impl FileKind {
    const fn byte(self) -> u8 {
        match self {
            Self::SealedSector => 0,
            Self::PostSector => 1,
            Self::Parameters => 2,
        }
    }
}

/// Why a framed file could not be used.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The file system refused.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Not a file of ours, or of another version.
    #[error("{0} is not a version-1 file of this program; remove it to have it made again")]
    Foreign(PathBuf),
    /// Of ours, but another kind or profile.
    #[error("{0} holds another kind of data or another profile; check the path")]
    Other(PathBuf),
    /// Shorter or longer than its head says, or longer than anything of its kind.
    #[error("{0} has the wrong length, as after an interrupted copy; remove it")]
    Length(PathBuf),
    /// The bytes changed since they were written.
    #[error("{0} does not match its checksum: the disk or a program changed it; remove it")]
    Checksum(PathBuf),
    /// The checksum matches, but the content makes no sense.
    #[error("{0} holds values that are out of range; remove it")]
    Content(PathBuf),
}

impl FileError {
    /// Wraps an error of the file system.
    pub(crate) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self + '_ {
        |source| Self::Io {
            path: path.to_owned(),
            source,
        }
    }

    /// Whether there simply is no file.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Io { source, .. } if source.kind() == io::ErrorKind::NotFound)
    }
}

/// The bytes before a payload of `length` bytes.
pub(crate) fn head(kind: FileKind, profile: ProfileId, length: u64) -> [u8; HEAD_BYTES] {
    let mut head = [0; HEAD_BYTES];
    head[..4].copy_from_slice(&MAGIC);
    head[4..8].copy_from_slice(&[VERSION, kind.byte(), profile_byte(profile), 0]);
    head[8..].copy_from_slice(&length.to_le_bytes());
    head
}

/// The profile's byte in files and keys.
pub(crate) const fn profile_byte(profile: ProfileId) -> u8 {
    profile as u8
}

/// Replaces `path` by a file with `payload`; readers see the old file or the new one, whole.
pub(crate) fn write(
    path: &Path,
    kind: FileKind,
    profile: ProfileId,
    payload: &[u8],
) -> Result<(), FileError> {
    let head = head(kind, profile, length_of(payload));
    let sum = checksum(kind, profile, payload);
    write_atomic(path, &[&head, payload, &sum])
}

/// The checksum of the file that [`write`] makes of `payload`.
pub(crate) fn checksum(kind: FileKind, profile: ProfileId, payload: &[u8]) -> Checksum {
    blake2_256(&[&head(kind, profile, length_of(payload)), payload])
}

/// A `usize` always fits a `u64` on the supported targets.
fn length_of(payload: &[u8]) -> u64 {
    u64::try_from(payload.len()).unwrap_or(u64::MAX)
}

/// Replaces `path` by a file with `parts`.
pub(crate) fn write_atomic(path: &Path, parts: &[&[u8]]) -> Result<(), FileError> {
    let written = (|| {
        let mut file = AtomicFile::create(path)?;
        for part in parts {
            file.write_all(part)?;
        }
        file.finish()
    })();
    written.map_err(FileError::io(path))
}

/// Removes what writers of `path` left behind that were killed. The caller excludes other writers.
pub(crate) fn remove_temporaries(path: &Path) -> io::Result<()> {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return Ok(());
    };
    let start = format!("{}.", name.to_string_lossy());
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with(&start) && name.ends_with(".tmp") {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// The payload of a file of `kind` and `profile`, at most `limit` bytes long.
pub(crate) fn read(
    path: &Path,
    kind: FileKind,
    profile: ProfileId,
    limit: usize,
) -> Result<Vec<u8>, FileError> {
    read_summed(path, kind, profile, limit).map(|(payload, _)| payload)
}

/// Like [`read`], with the checksum.
pub(crate) fn read_summed(
    path: &Path,
    kind: FileKind,
    profile: ProfileId,
    limit: usize,
) -> Result<(Vec<u8>, Checksum), FileError> {
    let mut file = File::open(path).map_err(FileError::io(path))?;
    let size = file.metadata().map_err(FileError::io(path))?.len();
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    if size < HEAD_BYTES + SUM_BYTES || size > limit.saturating_add(HEAD_BYTES + SUM_BYTES) {
        return Err(FileError::Length(path.to_owned()));
    }
    let mut bytes = Vec::with_capacity(size);
    file.read_to_end(&mut bytes).map_err(FileError::io(path))?;
    if bytes.len() != size {
        return Err(FileError::Length(path.to_owned()));
    }
    if bytes[..4] != MAGIC || bytes[4] != VERSION {
        return Err(FileError::Foreign(path.to_owned()));
    }
    let payload = size - HEAD_BYTES - SUM_BYTES;
    let expected = head(kind, profile, u64::try_from(payload).unwrap_or(u64::MAX));
    if bytes[5..8] != expected[5..8] {
        return Err(FileError::Other(path.to_owned()));
    }
    if bytes[8..HEAD_BYTES] != expected[8..] {
        return Err(FileError::Length(path.to_owned()));
    }
    let (content, found) = bytes.split_at(size - SUM_BYTES);
    let sum = blake2_256(&[content]);
    if sum != found {
        return Err(FileError::Checksum(path.to_owned()));
    }
    bytes.truncate(size - SUM_BYTES);
    bytes.drain(..HEAD_BYTES);
    Ok((bytes, sum))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KIND: FileKind = FileKind::PostSector;

    #[test]
    fn every_flipped_bit_and_every_cut_is_detected() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        write(&path, KIND, ProfileId::Test, b"payload").unwrap();
        let good = fs::read(&path).unwrap();
        assert_eq!(read(&path, KIND, ProfileId::Test, 7).unwrap(), b"payload");
        for bit in 0..good.len() * 8 {
            let mut bad = good.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            fs::write(&path, &bad).unwrap();
            assert!(
                read(&path, KIND, ProfileId::Test, 100).is_err(),
                "bit {bit}"
            );
        }
        for length in 0..good.len() {
            fs::write(&path, &good[..length]).unwrap();
            let error = read(&path, KIND, ProfileId::Test, 100).unwrap_err();
            assert!(matches!(error, FileError::Length(_)), "{error}");
        }
    }

    #[test]
    fn each_fault_has_its_own_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        assert!(read(&path, KIND, ProfileId::Test, 7)
            .unwrap_err()
            .is_not_found());
        write(&path, KIND, ProfileId::Test, b"payload").unwrap();
        let other = read(&path, FileKind::SealedSector, ProfileId::Test, 7).unwrap_err();
        assert!(matches!(other, FileError::Other(_)));
        let other = read(&path, KIND, ProfileId::Dev, 7).unwrap_err();
        assert!(matches!(other, FileError::Other(_)));
        let long = read(&path, KIND, ProfileId::Test, 6).unwrap_err();
        assert!(matches!(long, FileError::Length(_)));
        let mut bytes = fs::read(&path).unwrap();
        bytes[20] ^= 1;
        fs::write(&path, &bytes).unwrap();
        let changed = read(&path, KIND, ProfileId::Test, 7).unwrap_err();
        assert!(matches!(changed, FileError::Checksum(_)));
        fs::write(&path, [0; 100]).unwrap();
        let foreign = read(&path, KIND, ProfileId::Test, 100).unwrap_err();
        assert!(matches!(foreign, FileError::Foreign(_)));
        assert_eq!(
            fs::read_dir(folder.path()).unwrap().count(),
            1,
            "no temporary file is left"
        );
    }

    #[test]
    fn only_temporary_files_of_the_same_path_are_removed() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        write(&at("a.params"), KIND, ProfileId::Test, b"payload").unwrap();
        for name in ["a.params.12-0.tmp", "b.params.12-0.tmp", "a.params.12-0"] {
            fs::write(at(name), b"cut").unwrap();
        }
        remove_temporaries(&at("a.params")).unwrap();
        let mut names: Vec<_> = fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        assert_eq!(names, ["a.params", "a.params.12-0", "b.params.12-0.tmp"]);
    }

    #[test]
    fn a_write_that_fails_leaves_the_old_file() {
        let folder = tempfile::tempdir().unwrap();
        // The new file cannot take the place of a folder.
        let path = folder.path().join("file");
        fs::create_dir(&path).unwrap();
        let error = write(&path, KIND, ProfileId::Test, b"payload").unwrap_err();
        assert!(matches!(error, FileError::Io { .. }), "{error}");
        assert!(path.is_dir());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
