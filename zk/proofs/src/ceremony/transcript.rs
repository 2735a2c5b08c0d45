//! The file of a ceremony: head, parameters as they are now, contributions, checksum.
//!
//! Layout: head ([`super::record`]) ‖ length of the parameters (u64 LE) ‖ parameters (bellperson's
//! format) ‖ number of contributions (u32 LE) ‖ contributions ‖ BLAKE2b-256 of all before. The
//! contributions come last so that a contributor writes the file in one pass.

use std::{
    fs::File,
    io::{BufReader, ErrorKind, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
};

use blake2::{digest::consts::U32, Blake2b, Digest};

use super::{
    error::CeremonyError,
    payload::Payload,
    record::{
        CeremonyHash, Contribution, Header, HeaderFault, Origin, CONTRIBUTION_BYTES, HEADER_BYTES,
    },
};

/// Contributors, beside the beacon, without which a key stays insecure.
pub const CONTRIBUTORS_MIN: usize = 3;
/// Most contributions of a ceremony.
pub(super) const CONTRIBUTIONS_MAX: usize = 1024;
/// Largest parameters: a circuit of 2^23 rows.
const PAYLOAD_BYTES_MAX: u64 = 8 << 30;
/// Head and length of the parameters.
const PAYLOAD_AT: u64 = HEADER_BYTES as u64 + 8;

/// A ceremony file that is whole: lengths and checksum hold, the contributions can be read. Whether
/// they are honest says [`super::verify()`].
#[derive(Debug)]
pub struct Transcript {
    path: PathBuf,
    header: Header,
    payload_bytes: u64,
    contributions: Vec<Contribution>,
}

impl Transcript {
    /// Opens the file at `path`.
    ///
    /// # Errors
    /// [`CeremonyError`] if it is foreign, of another version, cut, damaged, or holds contributions
    /// that are none.
    pub fn open(path: &Path) -> Result<Self, CeremonyError> {
        let mut file = File::open(path).map_err(CeremonyError::io(path))?;
        let size = file.metadata().map_err(CeremonyError::io(path))?.len();
        let short = |error: std::io::Error| match error.kind() {
            ErrorKind::UnexpectedEof => CeremonyError::Length(path.to_owned()),
            _ => CeremonyError::io(path)(error),
        };
        let mut head = [0; HEADER_BYTES];
        let read = read_up_to(&mut file, &mut head).map_err(short)?;
        let header = Header::parse(&head).map_err(|fault| match fault {
            HeaderFault::Foreign if read >= 4 || read == 0 => header_error(path, fault),
            _ if read < HEADER_BYTES => CeremonyError::Length(path.to_owned()),
            _ => header_error(path, fault),
        })?;
        let mut length = [0; 8];
        file.read_exact(&mut length).map_err(short)?;
        let payload_bytes = u64::from_le_bytes(length);
        let count = contributions_in(size, payload_bytes)
            .ok_or_else(|| CeremonyError::Length(path.to_owned()))?;
        file.seek(SeekFrom::Start(PAYLOAD_AT + payload_bytes))
            .map_err(short)?;
        let mut stated = [0; 4];
        file.read_exact(&mut stated).map_err(short)?;
        if usize::try_from(u32::from_le_bytes(stated)).ok() != Some(count) {
            return Err(CeremonyError::Length(path.to_owned()));
        }
        check_sum(&mut file, size, path)?;

        file.seek(SeekFrom::Start(PAYLOAD_AT + payload_bytes + 4))
            .map_err(short)?;
        let mut contributions = Vec::with_capacity(count);
        for number in 1..=count {
            let mut bytes = [0; CONTRIBUTION_BYTES];
            file.read_exact(&mut bytes).map_err(short)?;
            let contribution = Contribution::parse(&bytes)
                .map_err(|fault| CeremonyError::Contribution { number, fault })?;
            contributions.push(contribution);
        }
        Ok(Self {
            path: path.to_owned(),
            header,
            payload_bytes,
            contributions,
        })
    }

    /// What the ceremony is for.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The contributions so far, in order.
    pub fn contributions(&self) -> &[Contribution] {
        &self.contributions
    }

    /// Hash of everything so far.
    pub fn hash(&self) -> CeremonyHash {
        let last = self.contributions.last();
        last.map_or_else(|| self.header.hash(), |last| last.hash)
    }

    /// Whether proofs for the key cannot be forged if one contributor was honest: a first phase,
    /// [`CONTRIBUTORS_MIN`] contributors, then a beacon.
    pub fn is_complete(&self) -> bool {
        let beacon = self
            .contributions
            .last()
            .is_some_and(|c| c.beacon.is_some());
        let contributors = self.contributions.iter().filter(|c| c.beacon.is_none());
        matches!(self.header.origin, Origin::PhaseOne(_))
            && beacon
            && contributors.count() >= CONTRIBUTORS_MIN
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn payload_bytes(&self) -> u64 {
        self.payload_bytes
    }

    /// The hash that the parameters should have now.
    pub(super) fn payload_hash(&self) -> CeremonyHash {
        let last = self.contributions.last();
        last.map_or(self.header.initial, |last| last.parameters)
    }

    /// The parameters, from their first byte.
    pub(super) fn payload(&self) -> Result<Payload<BufReader<File>>, CeremonyError> {
        let mut file = File::open(&self.path).map_err(CeremonyError::io(&self.path))?;
        file.seek(SeekFrom::Start(PAYLOAD_AT))
            .map_err(CeremonyError::io(&self.path))?;
        let reader = BufReader::with_capacity(1 << 18, file);
        Ok(Payload::new(&self.path, reader, self.payload_bytes))
    }
}

fn header_error(path: &Path, fault: HeaderFault) -> CeremonyError {
    CeremonyError::Header {
        path: path.to_owned(),
        fault,
    }
}

/// Bytes of `buffer` that the file could fill.
fn read_up_to(file: &mut File, buffer: &mut [u8]) -> std::io::Result<usize> {
    let mut read = 0;
    while read < buffer.len() {
        match file.read(&mut buffer[read..])? {
            0 => break,
            more => read += more,
        }
    }
    Ok(read)
}

/// Contributions that a file of `size` bytes has behind its parameters, if the length fits any.
fn contributions_in(size: u64, payload_bytes: u64) -> Option<usize> {
    if payload_bytes > PAYLOAD_BYTES_MAX {
        return None;
    }
    let rest = size.checked_sub(PAYLOAD_AT + payload_bytes + 4 + 32)?;
    let each = u64::try_from(CONTRIBUTION_BYTES).ok()?;
    let count = usize::try_from(rest / each).ok()?;
    (rest % each == 0 && count <= CONTRIBUTIONS_MAX).then_some(count)
}

/// Reads the whole file, and so finds what changed since it was written.
fn check_sum(file: &mut File, size: u64, path: &Path) -> Result<(), CeremonyError> {
    file.rewind().map_err(CeremonyError::io(path))?;
    let mut hash = Blake2b::<U32>::new();
    let mut buffer = vec![0; 1 << 18];
    let mut left = size.saturating_sub(32);
    while left > 0 {
        let step = buffer
            .len()
            .min(usize::try_from(left).unwrap_or(usize::MAX));
        file.read_exact(&mut buffer[..step])
            .map_err(CeremonyError::io(path))?;
        hash.update(&buffer[..step]);
        left -= u64::try_from(step).unwrap_or(left);
    }
    let mut sum = [0; 32];
    file.read_exact(&mut sum).map_err(CeremonyError::io(path))?;
    if hash.finalize()[..] == sum {
        Ok(())
    } else {
        Err(CeremonyError::Checksum(path.to_owned()))
    }
}
