//! Parameters that a ceremony made: loaded if their checksum and key are the pinned ones, never generated.

use std::path::Path;

use bellperson::groth16::Parameters;
use blstrs::Bls12;
use ips_primitives::sector::Profile;
use ips_verifier::groth16::{parse_verifying_key, CircuitKind, KeyHeader};

use super::{verifying_key_bytes, ParamsError, ProverParams};
use crate::{
    file::{self, FileError, FileKind},
    memory::ensure_loading,
};

/// Largest parameter file that is read: a circuit of 2^21 rows has 1.2 GB.
const PARAMS_BYTES_MAX: usize = 4 << 30;

/// BLAKE2b-256 of a parameter file up to the checksum itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParamsChecksum(pub [u8; 32]);

/// What identifies the parameters of a ceremony.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pin {
    /// The checksum that the export printed.
    pub checksum: ParamsChecksum,
    /// The canonical verifying key, as on chain.
    pub verifying_key: Vec<u8>,
}

impl ProverParams {
    /// Loads exported parameters.
    ///
    /// # Errors
    /// [`ParamsError::File`] if the file is missing, foreign, cut or changed;
    /// [`ParamsError::OtherCircuit`] if it is whole but not the pinned one;
    /// [`ParamsError::OtherKey`] if the pinned key is of another circuit, profile or ceremony;
    /// [`ParamsError::Memory`] if it does not fit.
    pub fn load_pinned(
        path: &Path,
        kind: CircuitKind,
        profile: Profile,
        pin: &Pin,
    ) -> Result<Self, ParamsError> {
        let bytes = path.metadata().map_err(FileError::io(path))?.len();
        ensure_loading(bytes)?;
        let (payload, sum) =
            file::read_summed(path, FileKind::Parameters, profile.id, PARAMS_BYTES_MAX)?;
        if sum != pin.checksum.0 {
            return Err(ParamsError::OtherCircuit(path.to_owned()));
        }
        let other_key = || ParamsError::OtherKey(path.to_owned());
        let key = parse_verifying_key(&pin.verifying_key).map_err(|_| other_key())?;
        // The pinned checksum stands for the point checks that `checked` would repeat.
        let groth = Parameters::<Bls12>::read(&payload[..], false)
            .map_err(|_| FileError::Content(path.to_owned()))?;
        let own = verifying_key_bytes(
            KeyHeader {
                kind,
                profile: profile.id,
                insecure: key.is_insecure(),
            },
            &groth.vk,
        );
        if own != pin.verifying_key {
            return Err(other_key());
        }
        Ok(Self {
            kind,
            profile,
            insecure: key.is_insecure(),
            groth,
        })
    }
}
