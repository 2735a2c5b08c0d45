//! Framed files: magic, version, kind, profile, length, payload, BLAKE2b-256 of all before it.
//!
//! Goal: a file is whole and of the right kind, or a typed error says what is wrong; writes are
//! atomic (temporary name, fsync, rename, fsync of the folder). Non-goal: streaming.

use std::{
    fs::{self, File},
    io::{self, Read, Write},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

use ips_primitives::{hash::blake2_256, sector::ProfileId};

const MAGIC: [u8; 4] = *b"IPSF";
const VERSION: u8 = 1;
/// Magic, version, kind, profile, one reserved byte, payload length.
const HEAD_BYTES: usize = 16;
const SUM_BYTES: usize = 32;

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

fn head(kind: FileKind, profile: ProfileId, length: u64) -> [u8; HEAD_BYTES] {
    let mut head = [0; HEAD_BYTES];
    head[..4].copy_from_slice(&MAGIC);
    head[4..8].copy_from_slice(&[VERSION, kind.byte(), profile_byte(profile), 0]);
    head[8..].copy_from_slice(&length.to_le_bytes());
    head
}

/// The profile's byte in files and keys.
pub(crate) const fn profile_byte(profile: ProfileId) -> u8 {
    match profile {
        ProfileId::Test => 0,
        ProfileId::Dev => 1,
    }
}

/// Replaces `path` by a file with `payload`; readers see the old file or the new one, whole.
pub(crate) fn write(
    path: &Path,
    kind: FileKind,
    profile: ProfileId,
    payload: &[u8],
) -> Result<(), FileError> {
    // A `usize` always fits a `u64` on the supported targets.
    let length = u64::try_from(payload.len()).unwrap_or(u64::MAX);
    let head = head(kind, profile, length);
    let sum = blake2_256(&[&head, payload]);
    write_atomic(path, &[&head, payload, &sum])
}

/// Replaces `path` by a file with `parts`.
pub(crate) fn write_atomic(path: &Path, parts: &[&[u8]]) -> Result<(), FileError> {
    // Unique per process and call: threads may write the same file at the same time.
    static CALLS: AtomicU64 = AtomicU64::new(0);
    let call = CALLS.fetch_add(1, Ordering::Relaxed);
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}-{call}.tmp", std::process::id()));
    let temporary = PathBuf::from(name);
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let written = (|| {
        let mut file = File::create(&temporary)?;
        for part in parts {
            file.write_all(part)?;
        }
        file.sync_all()?;
        fs::rename(&temporary, path)?;
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
    })();
    if written.is_err() {
        // The first error is the one to report; a leftover temporary file does no harm.
        let _ = fs::remove_file(&temporary);
    }
    written.map_err(FileError::io(path))
}

/// The payload of a file of `kind` and `profile`, at most `limit` bytes long.
pub(crate) fn read(
    path: &Path,
    kind: FileKind,
    profile: ProfileId,
    limit: usize,
) -> Result<Vec<u8>, FileError> {
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
    let (content, sum) = bytes.split_at(size - SUM_BYTES);
    if blake2_256(&[content]) != sum {
        return Err(FileError::Checksum(path.to_owned()));
    }
    bytes.truncate(size - SUM_BYTES);
    bytes.drain(..HEAD_BYTES);
    Ok(bytes)
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
}
