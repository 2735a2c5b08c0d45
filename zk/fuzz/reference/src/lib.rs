//! An independent opinion on proofs and keys, and the inputs that are worth asking about.
//!
//! | module | subject |
//! |---|---|
//! | [`verdict`] | what bellperson and blst say, in the verifier's words |
//! | [`corpus`] | recorded proofs, and everything that may stand in their place |

pub mod corpus;
pub mod verdict;
