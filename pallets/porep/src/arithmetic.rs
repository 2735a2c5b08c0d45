//! Who does the arithmetic of the curve when proofs are verified: the runtime itself, or its host.
//!
//! The choice is one value that governance sets; the verdict is the same either way. Points are checked
//! by the runtime before a host sees them, because RFC-163's functions do not check what they decode.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{dispatch::DispatchResult, ensure, traits::Get, weights::Weight};
use ips_primitives::sector::{ProofBytes, Statement};
use ips_verifier::groth16::{verify_all, CircuitKind, PreparedKeyOver, VerifyError};
use scale_info::TypeInfo;

use crate::{
    pallet::{Arithmetic, Config, Error, Event, Keys, Pallet},
    weights::WeightInfo,
};

/// Arithmetic in the runtime's own WASM.
type InWasm = ark_bls12_381::Bls12_381;
/// Arithmetic by host calls.
#[cfg(feature = "host-ecc")]
type ByHost = sp_crypto_ec_utils::bls12_381::Bls12_381;

/// Who does the arithmetic of BLS12-381.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub enum CurveArithmetic {
    /// The runtime's WASM; works on every relay chain.
    #[default]
    #[codec(index = 0)]
    Wasm,
    /// RFC-163 host calls; only in a runtime that was built with the feature `host-ecc`, which a relay
    /// chain without these host functions cannot run.
    #[codec(index = 1)]
    HostCalls,
}

impl CurveArithmetic {
    /// Whether this runtime was built with it.
    pub const fn is_available(self) -> bool {
        match self {
            Self::Wasm => true,
            Self::HostCalls => cfg!(feature = "host-ecc"),
        }
    }

    /// Checks that every proof shows its statement. `prepared` are the bytes of a prepared key of this
    /// chain.
    ///
    /// # Errors
    /// The first proof that does not parse, or that the batch is refuted; with a runtime that lost its
    /// host calls in an upgrade, the same from WASM.
    pub(crate) fn verify(
        self,
        prepared: &[u8],
        batch: &[(Statement, ProofBytes)],
    ) -> Result<(), VerifyError> {
        match self {
            #[cfg(feature = "host-ecc")]
            Self::HostCalls => {
                let key = PreparedKeyOver::<ByHost>::from_trusted_bytes(prepared)
                    .map_err(|_| VerifyError::Refuted)?;
                verify_all(&key, batch)
            }
            _ => {
                let key = PreparedKeyOver::<InWasm>::from_trusted_bytes(prepared)
                    .map_err(|_| VerifyError::Refuted)?;
                verify_all(&key, batch)
            }
        }
    }
}

impl<T: Config> Pallet<T> {
    pub(crate) fn do_set_arithmetic(arithmetic: CurveArithmetic) -> DispatchResult {
        ensure!(arithmetic.is_available(), Error::<T>::NoHostCalls);
        ensure!(
            arithmetic == CurveArithmetic::Wasm || T::HostCalls::get(),
            Error::<T>::RelayWithoutHostCalls
        );
        Arithmetic::<T>::put(arithmetic);
        Self::deposit_event(Event::ArithmeticSet { arithmetic });
        Ok(())
    }

    /// Who does it now: what governance chose, but WASM while the relay chain does not have the host calls.
    /// A block that calls what its validators do not have is invalid, and the chain would stand still.
    fn arithmetic() -> CurveArithmetic {
        match Arithmetic::<T>::get() {
            chosen if chosen.is_available() && T::HostCalls::get() => chosen,
            _ => CurveArithmetic::Wasm,
        }
    }

    /// Verifies proofs of one circuit: one by itself, several as a batch.
    pub(crate) fn verify_proofs(
        kind: CircuitKind,
        batch: &[(Statement, ProofBytes)],
    ) -> Result<(), Error<T>> {
        let key = Keys::<T>::get(kind as u8).ok_or(Error::<T>::KeyNotSet)?;
        Self::arithmetic()
            .verify(&key.prepared, batch)
            .map_err(|_| Error::<T>::InvalidProof)
    }

    /// What host calls save of the weight of verifying `proofs` proofs, which calls are charged as WASM.
    pub(crate) fn saved_by_host(proofs: u32) -> Weight {
        match Self::arithmetic() {
            CurveArithmetic::HostCalls => {
                let wasm = T::WeightInfo::verify_in_wasm(proofs);
                wasm.saturating_sub(T::WeightInfo::verify_by_host(proofs))
            }
            CurveArithmetic::Wasm => Weight::zero(),
        }
    }
}
