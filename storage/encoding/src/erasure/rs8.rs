//! Codec 1: GF(2^8), Vandermonde (`reed-solomon-erasure`).

use ips_primitives::fragment::ErasureParams;
use reed_solomon_erasure::galois_8::ReedSolomon;

use super::{check_encode, check_reconstruct, columns, CodecId, ErasureCodec, ErasureError};

/// Reed–Solomon over GF(2^8).
#[derive(Clone, Copy, Debug)]
pub struct Rs8;

fn code(params: ErasureParams) -> Result<ReedSolomon, ErasureError> {
    ReedSolomon::new(usize::from(params.data), usize::from(params.parity))
        .map_err(|_| ErasureError::Codec)
}

impl ErasureCodec for Rs8 {
    fn id(&self) -> CodecId {
        CodecId::Rs8
    }

    fn encode(&self, params: ErasureParams, data: &[&[u8]]) -> Result<Vec<Vec<u8>>, ErasureError> {
        let length = check_encode(params, data)?;
        let code = code(params)?;
        let mut parity = vec![vec![0; length]; usize::from(params.parity)];
        for column in columns(length) {
            let data: Vec<&[u8]> = data
                .iter()
                .map(|fragment| &fragment[column.clone()])
                .collect();
            let mut parity: Vec<&mut [u8]> = parity
                .iter_mut()
                .map(|fragment| &mut fragment[column.clone()])
                .collect();
            code.encode_sep(&data, &mut parity)
                .map_err(|_| ErasureError::Codec)?;
        }
        Ok(parity)
    }

    fn reconstruct_data(
        &self,
        params: ErasureParams,
        fragments: &mut [Option<Vec<u8>>],
    ) -> Result<(), ErasureError> {
        if check_reconstruct(params, fragments)?.is_none() {
            return Ok(());
        }
        code(params)?
            .reconstruct_data(fragments)
            .map_err(|_| ErasureError::Codec)
    }
}
