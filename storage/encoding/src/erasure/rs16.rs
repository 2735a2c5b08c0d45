//! Codec 2: GF(2^16), Leopard FFT (`reed-solomon-simd`).
//!
//! Bytes are grouped by 64 within a column, so columns of a multiple of 64 bytes give the same
//! parity as whole fragments.

use ips_primitives::fragment::ErasureParams;
use reed_solomon_simd::{Error, ReedSolomonDecoder, ReedSolomonEncoder};

use super::{check_encode, check_reconstruct, CodecId, ErasureCodec, ErasureError, COLUMN_BYTES};

/// Column bytes of a reconstruction: larger, since each one has a fixed cost.
const RECONSTRUCT_COLUMN_BYTES: usize = 4 * COLUMN_BYTES;

/// Reed–Solomon over GF(2^16).
#[derive(Clone, Copy, Debug)]
pub struct Rs16;

fn failed(_: Error) -> ErasureError {
    ErasureError::Codec
}

impl ErasureCodec for Rs16 {
    fn id(&self) -> CodecId {
        CodecId::Rs16
    }

    fn encode(&self, params: ErasureParams, data: &[&[u8]]) -> Result<Vec<Vec<u8>>, ErasureError> {
        let length = check_encode(params, data)?;
        let (originals, recoveries) = (usize::from(params.data), usize::from(params.parity));
        let mut width = length.min(COLUMN_BYTES);
        let mut encoder = ReedSolomonEncoder::new(originals, recoveries, width).map_err(failed)?;
        let mut parity: Vec<_> = (0..recoveries)
            .map(|_| Vec::with_capacity(length))
            .collect();
        let mut at = 0;
        while at < length {
            if length - at < width {
                width = length - at;
                encoder
                    .reset(originals, recoveries, width)
                    .map_err(failed)?;
            }
            for fragment in data {
                encoder
                    .add_original_shard(&fragment[at..at + width])
                    .map_err(failed)?;
            }
            let made = encoder.encode().map_err(failed)?;
            for (fragment, column) in parity.iter_mut().zip(made.recovery_iter()) {
                fragment.extend_from_slice(column);
            }
            at += width;
        }
        Ok(parity)
    }

    fn reconstruct_data(
        &self,
        params: ErasureParams,
        fragments: &mut [Option<Vec<u8>>],
    ) -> Result<(), ErasureError> {
        let Some(length) = check_reconstruct(params, fragments)? else {
            return Ok(());
        };
        let (originals, recoveries) = (usize::from(params.data), usize::from(params.parity));
        let mut width = length.min(RECONSTRUCT_COLUMN_BYTES);
        let mut decoder = ReedSolomonDecoder::new(originals, recoveries, width).map_err(failed)?;
        let missing: Vec<usize> = (0..originals)
            .filter(|index| fragments[*index].is_none())
            .collect();
        let mut restored: Vec<_> = missing.iter().map(|_| Vec::with_capacity(length)).collect();
        let mut at = 0;
        while at < length {
            if length - at < width {
                width = length - at;
                decoder
                    .reset(originals, recoveries, width)
                    .map_err(failed)?;
            }
            // More than `data` fragments would only cost time.
            let used = fragments
                .iter()
                .enumerate()
                .filter_map(|(i, f)| Some((i, f.as_ref()?)));
            for (index, fragment) in used.take(originals) {
                let column = &fragment[at..at + width];
                match index.checked_sub(originals) {
                    None => decoder.add_original_shard(index, column),
                    Some(recovery) => decoder.add_recovery_shard(recovery, column),
                }
                .map_err(failed)?;
            }
            let made = decoder.decode().map_err(failed)?;
            for (fragment, index) in restored.iter_mut().zip(&missing) {
                let column = made.restored_original(*index).ok_or(ErasureError::Codec)?;
                fragment.extend_from_slice(column);
            }
            at += width;
        }
        for (index, fragment) in missing.into_iter().zip(restored) {
            fragments[index] = Some(fragment);
        }
        Ok(())
    }
}
