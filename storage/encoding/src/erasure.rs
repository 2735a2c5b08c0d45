//! Reed–Solomon: any `data` of `data + parity` fragments give the others back.
//!
//! Goal: one trait, two codecs; the codec is part of the manifest since parity bytes differ.
//! Non-goal: checking what a fragment says; a wrong fragment gives wrong bytes, so callers verify
//! ids first.

mod rs16;
mod rs8;

use ips_primitives::fragment::ErasureParams;

pub use rs16::Rs16;
pub use rs8::Rs8;

/// Column bytes coded at a time: all fragments of a column stay in the processor's cache.
const COLUMN_BYTES: usize = 32 << 10;

/// Name of an erasure codec in a manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum CodecId {
    /// Vandermonde matrix over GF(2^8).
    Rs8,
    /// Leopard FFT over GF(2^16); the faster one (`benches/codecs.rs`).
    #[default]
    Rs16,
}

impl CodecId {
    /// All codecs.
    pub const ALL: [Self; 2] = [Self::Rs8, Self::Rs16];

    /// The number in a manifest.
    pub const fn number(self) -> u8 {
        match self {
            Self::Rs8 => 1,
            Self::Rs16 => 2,
        }
    }

    /// The codec of a number, if there is one.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|id| id.number() == number)
    }

    /// The implementation.
    pub fn codec(self) -> &'static dyn ErasureCodec {
        match self {
            Self::Rs8 => &Rs8,
            Self::Rs16 => &Rs16,
        }
    }
}

/// Why coding failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ErasureError {
    /// The parameters are not of the protocol's table.
    #[error("erasure parameters {data}+{parity} are not of the protocol's table")]
    Params {
        /// Data fragments.
        data: u8,
        /// Parity fragments.
        parity: u8,
    },
    /// The wrong number of fragments was given.
    #[error("{got} fragments were given, {expected} are needed")]
    Count {
        /// Expected.
        expected: usize,
        /// Given.
        got: usize,
    },
    /// Fragments are empty, of odd length, or differ in length.
    #[error("fragments must all have the same even length above zero")]
    Length,
    /// Fewer fragments than `data` are there.
    #[error("{have} fragments are there, {need} are needed")]
    NotEnough {
        /// Fragments there.
        have: usize,
        /// Fragments needed.
        need: usize,
    },
    /// The codec refused valid input, which its limits exclude.
    #[error("the erasure codec failed; report this with the parameters of the file")]
    Codec,
}

/// A systematic erasure code over fragments.
pub trait ErasureCodec: Send + Sync {
    /// Its name in a manifest.
    fn id(&self) -> CodecId;

    /// The parity fragments of `data` fragments of one length.
    ///
    /// # Errors
    /// If parameters, number or lengths are wrong.
    fn encode(&self, params: ErasureParams, data: &[&[u8]]) -> Result<Vec<Vec<u8>>, ErasureError>;

    /// Restores the missing data fragments (`None`, index below `data`) in place.
    ///
    /// # Errors
    /// If parameters, number or lengths are wrong, or too few fragments are there.
    fn reconstruct_data(
        &self,
        params: ErasureParams,
        fragments: &mut [Option<Vec<u8>>],
    ) -> Result<(), ErasureError>;

    /// Restores all missing fragments, parity too.
    ///
    /// # Errors
    /// As [`ErasureCodec::reconstruct_data`].
    fn reconstruct(
        &self,
        params: ErasureParams,
        fragments: &mut [Option<Vec<u8>>],
    ) -> Result<(), ErasureError> {
        self.reconstruct_data(params, fragments)?;
        let (data, parity) = fragments.split_at_mut(usize::from(params.data));
        if parity.iter().all(Option::is_some) {
            return Ok(());
        }
        let data: Vec<&[u8]> = data.iter().flatten().map(Vec::as_slice).collect();
        for (fragment, made) in parity.iter_mut().zip(self.encode(params, &data)?) {
            fragment.get_or_insert(made);
        }
        Ok(())
    }
}

/// Checks the input of `encode`; returns the fragment length.
fn check_encode(params: ErasureParams, data: &[&[u8]]) -> Result<usize, ErasureError> {
    check_params(params)?;
    let expected = usize::from(params.data);
    if data.len() != expected {
        return Err(ErasureError::Count {
            expected,
            got: data.len(),
        });
    }
    check_lengths(data.iter().map(|fragment| fragment.len()))
}

/// Checks the input of `reconstruct_data`; returns the fragment length, or `None` if no data
/// fragment is missing.
fn check_reconstruct(
    params: ErasureParams,
    fragments: &[Option<Vec<u8>>],
) -> Result<Option<usize>, ErasureError> {
    check_params(params)?;
    let (expected, need) = (usize::from(params.total()), usize::from(params.data));
    if fragments.len() != expected {
        return Err(ErasureError::Count {
            expected,
            got: fragments.len(),
        });
    }
    let have = fragments.iter().flatten().count();
    if have < need {
        return Err(ErasureError::NotEnough { have, need });
    }
    let length = check_lengths(fragments.iter().flatten().map(Vec::len))?;
    let missing = fragments[..need].iter().any(Option::is_none);
    Ok(missing.then_some(length))
}

fn check_params(params: ErasureParams) -> Result<(), ErasureError> {
    let ErasureParams { data, parity } = params;
    params
        .level()
        .map(|_| ())
        .ok_or(ErasureError::Params { data, parity })
}

fn check_lengths(mut lengths: impl Iterator<Item = usize>) -> Result<usize, ErasureError> {
    let length = lengths.next().unwrap_or(0);
    if length == 0 || !length.is_multiple_of(2) || lengths.any(|other| other != length) {
        return Err(ErasureError::Length);
    }
    Ok(length)
}

/// The columns of fragments of `length` bytes.
fn columns(length: usize) -> impl Iterator<Item = std::ops::Range<usize>> {
    (0..length)
        .step_by(COLUMN_BYTES)
        .map(move |at| at..length.min(at + COLUMN_BYTES))
}

#[cfg(test)]
mod tests;
