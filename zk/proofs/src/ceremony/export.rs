//! What a ceremony leaves behind: parameters for provers, a key for the chain.

use std::{
    fs,
    path::{Path, PathBuf},
};

use ips_primitives::id::VerifyingKeyId;
use ips_verifier::groth16::{parse_verifying_key, KeyHeader};

use super::{
    contribute::Output,
    error::{CeremonyError, Part},
    payload::QUERIES,
    verify::Verified,
};
use crate::{
    file::{head, FileKind},
    params::{verifying_key_bytes, ParamsChecksum, Pin},
};

/// The files of an export, and what to pin.
#[derive(Clone, Debug)]
pub struct Exported {
    /// Parameters, as [`crate::params::ProverParams::load_pinned`] reads them.
    pub parameters: PathBuf,
    /// The verifying key in canonical bytes.
    pub key: PathBuf,
    /// What identifies both.
    pub pin: Pin,
    /// The key's name on chain.
    pub key_id: VerifyingKeyId,
    /// Whether anybody may be able to forge proofs: the ceremony is not
    /// [complete](super::Transcript::is_complete). Sizes without security are the profile's matter.
    pub insecure: bool,
}

/// Writes parameters and key of a verified ceremony into `folder`, named by profile and circuit.
///
/// # Errors
/// [`CeremonyError`] if a file cannot be written or the ceremony changed since it was verified.
pub fn export(verified: &Verified, folder: &Path) -> Result<Exported, CeremonyError> {
    let transcript = verified.transcript();
    let header = transcript.header();
    let insecure = !transcript.is_complete();
    let bytes = verifying_key_bytes(
        KeyHeader {
            kind: header.kind,
            profile: header.profile,
            insecure,
        },
        verified.key(),
    );
    let key_id = parse_verifying_key(&bytes)?.id();
    fs::create_dir_all(folder).map_err(CeremonyError::io(folder))?;
    let name = format!("{}-{}", header.profile.name(), header.kind.name());

    let parameters = folder.join(format!("{name}.params"));
    let mut out = Output::create(&parameters)?;
    out.write(&head(
        FileKind::Parameters,
        header.profile,
        transcript.payload_bytes(),
    ))?;
    let mut payload = transcript.payload()?;
    let mut encoded = Vec::new();
    payload
        .key()?
        .write(&mut encoded)
        .map_err(CeremonyError::io(transcript.path()))?;
    out.write(&encoded)?;
    for (part, point_bytes) in QUERIES {
        let count = payload.count(part)?;
        out.write(&u32::try_from(count).unwrap_or(u32::MAX).to_be_bytes())?;
        payload.points((part, point_bytes), count, |batch| out.write(batch))?;
    }
    // The file may have changed since it was verified.
    if payload.finish()? != transcript.payload_hash() {
        return Err(CeremonyError::Parameters(Part::Hash));
    }
    let checksum = ParamsChecksum(out.finish()?);

    let key = folder.join(format!("{name}.vk"));
    crate::file::write_atomic(&key, &[&bytes]).map_err(|error| CeremonyError::Io {
        path: key.clone(),
        source: std::io::Error::other(error),
    })?;
    Ok(Exported {
        parameters,
        key,
        pin: Pin {
            checksum,
            verifying_key: bytes,
        },
        key_id,
        insecure,
    })
}
